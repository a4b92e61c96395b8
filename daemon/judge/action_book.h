// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/time.h"
#include "judge/pauses.h"

namespace pilotwatch::judge {

/// Somebody has seen an episode.
struct Acknowledgement {
  std::string episode;
  Instant wall;  ///< wall clock
  std::string author, note;
};

/// What people have decided, of all pilots (record/action.h). Part of the fold.
class ActionBook {
 public:
  static constexpr std::size_t most_acknowledgements = 1000;  ///< that are remembered, the newest
  static constexpr std::size_t most_of_episode = 50;          ///< more are refused

  /// None of a pilot that was never paused.
  [[nodiscard]] const Pauses* pauses(std::string_view pilot) const;
  /// Made where there are none; stays where it is.
  Pauses& pauses_of(const std::string& pilot);
  [[nodiscard]] const std::map<std::string, Pauses, std::less<>>& all_pauses() const { return pauses_; }

  void acknowledge(Acknowledgement acknowledgement);
  /// Whether it is there already, whatever its time.
  [[nodiscard]] bool knows(const Acknowledgement& acknowledgement) const;
  /// Of one episode, oldest first. Cost: a look at all.
  [[nodiscard]] std::vector<Acknowledgement> acknowledgements(std::string_view episode) const;
  [[nodiscard]] const std::deque<Acknowledgement>& all_acknowledgements() const { return acknowledgements_; }

  void write(ByteWriter& out) const;
  void read(ByteReader& in);

 private:
  std::map<std::string, Pauses, std::less<>> pauses_;  ///< by pilot, also of those that the settings no longer name
  std::deque<Acknowledgement> acknowledgements_;       ///< in the order of their entries
};

}  // namespace pilotwatch::judge
