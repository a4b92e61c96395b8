// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <list>
#include <map>
#include <string>
#include <vector>

#include "sinks/alertmanager.h"

namespace pilotwatch::sinks {

/// Alerts in the order in which they came, each label set once: a newer version takes the place of the one that waits.
/// Full = the oldest goes. Not thread-safe.
class AlertQueue {
 public:
  explicit AlertQueue(std::uint64_t capacity) : capacity_(capacity) {}

  void push(Alert alert);
  /// Takes the oldest ones out, to be sent.
  [[nodiscard]] std::vector<Alert> take(std::uint64_t at_most);
  /// They could not be sent: in front again, except those of which a newer version waits.
  void put_back(std::vector<Alert> alerts);

  [[nodiscard]] std::uint64_t size() const { return index_.size(); }
  [[nodiscard]] std::uint64_t dropped() const { return dropped_; }

 private:
  void drop_oldest();

  std::uint64_t capacity_, dropped_ = 0;
  std::list<Alert> alerts_;
  std::map<std::map<std::string, std::string>, std::list<Alert>::iterator> index_;
};

}  // namespace pilotwatch::sinks
