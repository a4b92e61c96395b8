// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/guarded.h"

namespace pilotwatch::sources {

/// What becomes of the lines of a source, for somebody who looks on: a ring of the newest 1,000, of at most 4 MB, kept
/// only while somebody does. Any thread.
class Tap {
 public:
  /// Whether somebody has asked within the last seconds: then what comes is worth showing.
  [[nodiscard]] bool open(std::string_view source);
  /// JSON objects, one a line or record.
  void add(std::string_view source, std::vector<std::string> events);

  struct Seen {
    std::uint64_t next = 0;    ///< to be asked for the next time
    std::uint64_t missed = 0;  ///< events that the ring has lost since `after`
    std::vector<std::string> events;
  };
  /// The events after number `after`; opens the tap for some seconds. `after` = none: from now on.
  [[nodiscard]] Seen look(std::string_view source, std::optional<std::uint64_t> after);

 private:
  struct Ring {
    std::deque<std::string> events;
    std::uint64_t first = 0;  ///< number of events.front()
    std::size_t bytes = 0;
    bool open = false;
    std::chrono::steady_clock::time_point open_until{};
  };
  using Rings = std::map<std::string, Ring, std::less<>>;
  static void close_expired(Rings& rings);

  Guarded<Rings> rings_;
};

}  // namespace pilotwatch::sources
