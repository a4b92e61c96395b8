// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/time.h"

namespace pilotwatch::judge {

/// A stretch of a pilot's time that no limit judges, as somebody announced before it began.
struct Pause {
  Instant from, until;                ///< [from, until) by the pilot's clock: decisions made in it are no evidence
  Instant from_wall;                  ///< wall clock, of when it was announced
  std::optional<Instant> ended_wall;  ///< somebody ended it before its time, then
  std::string author, reason;
  std::string ended_by;               ///< "" unless ended_wall
};

/// The pauses of one pilot, in the order of their begin; none overlaps another. A pause begins when it is announced, never
/// before: which decisions are left out is known before what they will show. That keeps the budgets of false alarms
/// (skipping by a rule that looks at the past alone leaves an e-process one).
class Pauses {
 public:
  static constexpr std::size_t most = 1000;  ///< that are remembered

  /// What is running ends there. Beyond `most` the oldest is forgotten, of those that came to nothing first.
  void begin(Pause pause);
  /// The one that is running then ends then; false: none is.
  bool end(Instant now, Instant wall, const std::string& by);
  /// Whether begin() would forget none that ended after `old`.
  [[nodiscard]] bool has_room(Instant old) const;

  /// The one in which that time lies; nullptr: none. Cost: logarithmic; nothing without pauses.
  [[nodiscard]] const Pause* at(Instant time) const;
  /// The last one that shares time with [start, end); nullptr: none.
  [[nodiscard]] const Pause* last_in(Instant start, Instant end) const;
  /// How much of [start, end) lies in pauses.
  [[nodiscard]] Millis within(Instant start, Instant end) const;
  /// Whether a window is left out: up to a day long where it shares any time with a pause, a longer one where more than a
  /// tenth of it does.
  [[nodiscard]] bool leaves_out(Instant start, Instant end) const;

  [[nodiscard]] const std::vector<Pause>& all() const { return all_; }
  std::uint64_t decisions = 0;  ///< left out of evidence
  std::uint64_t looks = 0;      ///< of limits at windows, left out

  void write(ByteWriter& out) const;
  void read(ByteReader& in);

 private:
  std::vector<Pause> all_;
};

}  // namespace pilotwatch::judge
