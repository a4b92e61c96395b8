// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "engine/pilot.h"
#include "judge/status.h"

namespace pilotwatch::judge {

/// What one look at a window says about a limit.
struct Finding {
  enum class Kind : std::uint8_t { no_data, insufficient, within, beyond };
  Kind kind = Kind::no_data;
  std::optional<double> value, lower, upper;
  std::uint64_t n = 0;
  std::string reason;  ///< one plain sentence
};

/// Pure: the limit against the published figures of a window. `group` = "" unless the limit names a segment.
[[nodiscard]] Finding examine(const settings::Limit& limit, const std::string& group,
                              const engine::WindowResult& window);

/// The states of all limits. One instance per limit and group; deterministic, no clock.
///
///   look(pilot, closing, wall): for each limit on that window
///     finding = examine(...)
///     beyond       -> pending since; breach once `for` has passed: an episode starts
///     within       -> recovering until `keep_firing_for` has passed: the episode ends
///     insufficient,
///     no_data      -> shown as such, unless an episode runs: missing data never ends one
class Judge {
 public:
  explicit Judge(const settings::Settings& settings);

  /// Appends what changed to `out`.
  void look(const settings::Pilot& pilot, const engine::Closing& closing, Instant wall, std::vector<Transition>& out);

  [[nodiscard]] std::vector<LimitStatus> statuses() const;
  /// States by limit; a limit whose definition has changed since starts anew, and its running episode ends at `wall`.
  void write(ByteWriter& out) const;
  void read(ByteReader& in, Instant wall);

 private:
  struct Instance {
    LimitStatus status;
    std::optional<Instant> clear_since;  ///< recovering since; pilot's clock
  };
  using Key = std::tuple<std::string, std::string, std::string>;  ///< pilot, limit, group

  Instance& instance(const settings::Pilot& pilot, const settings::Limit& limit, const std::string& group);
  void step(Instance& instance, const Finding& finding, const engine::Closing& closing, Instant wall,
            std::vector<Transition>& out);
  void move(Instance& instance, State to, Instant at, Instant wall, std::vector<Transition>& out);

  std::map<Key, Instance> instances_;
  const settings::Settings* settings_;
};

/// Everything of a limit that its judgement depends on, as text; its hash is the limit's epoch.
[[nodiscard]] std::string fingerprint(const settings::Pilot& pilot, const settings::Limit& limit);

}  // namespace pilotwatch::judge
