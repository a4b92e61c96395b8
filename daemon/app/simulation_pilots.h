// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <span>
#include <string>
#include <string_view>

#include "app/simulation_random.h"
#include "base/time.h"

/// What the five invented pilots decide about one case. The names are in simulation.h.
namespace pilotwatch::app {

/// Members of a JSON object, in the order of calls. Keys and texts are ours and need no escaping.
class Members {
 public:
  Members& text(std::string_view key, std::string_view value);
  Members& number(std::string_view key, double value, int decimals);
  Members& raw(std::string_view key, std::string_view json);
  [[nodiscard]] const std::string& list() const { return list_; }  ///< `"a":1,"b":"x"`
  [[nodiscard]] std::string object() const { return "{" + list_ + "}"; }

 private:
  std::string list_;
};

/// When a case is decided, and how far things have drifted by then.
struct Moment {
  Instant time;
  unsigned hour = 0;     ///< 0 .. 23, UTC
  unsigned weekday = 0;  ///< 0 = Monday
  double drift = 0;
};

struct SimulatedDecision {
  std::string version;
  Members members;       ///< of the prediction, without what all pilots share
  std::string segments;  ///< JSON object, or ""
  std::string actual;    ///< JSON value, or "" = will never be known
  Millis outcome_delay{0};
  bool wrong = false;
};

struct PilotModel {
  std::string_view name;
  std::array<double, 24> hours;                 ///< relative volume by hour of the day
  double saturday, sunday;                      ///< relative to a working day
  double complaint_rate, complaint_rate_wrong;  ///< complaints a decision, a wrong decision
  std::span<const std::string_view> complaint_categories;
  SimulatedDecision (*decide)(Dice& dice, const Moment& moment);
  std::span<const std::string_view> announced =
      {};  ///< versions that run side by side from the start, as was announced
};

/// In the order of `simulated_pilots`.
[[nodiscard]] std::span<const PilotModel> pilot_models();

}  // namespace pilotwatch::app
