// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <string>

#include "base/time.h"
#include "sim/random.h"

namespace pilotwatch::sim {

/// What happens at the pilots, as lines of the wire format in the order in which somebody tells of it: late, turned
/// round, sometimes damaged. What is told of one case never contradicts itself before it has been acknowledged.
class Story {
 public:
  explicit Story(Random& random) : random_(random) {}

  /// The next line, with its newline. `now`: the wall clock.
  std::string line(Instant now);
  /// Good and bad times: how often decisions are wrong.
  void turn() { bad_ = !bad_; }

 private:
  void decide(Instant now);
  void decide_letter(const std::string& id, Instant time);
  void decide_demand(const std::string& id, Instant time);
  void react(const std::string& id, Instant time);
  void tell(std::string line) { later_.push_back(std::move(line)); }
  std::string damaged();
  std::string pick(std::initializer_list<const char*> words);

  Random& random_;
  std::deque<std::string> later_;  ///< has happened, and is told by and by
  std::uint64_t cases_ = 0;
  bool bad_ = false;
};

}  // namespace pilotwatch::sim
