// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "app/simulation_random.h"
#include "base/time.h"

/// What the five invented pilots decide about one case (the names are in simulation.h), and the words for it.
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
  std::uint64_t number = 0;  ///< of the case, from 0; shuffled where the model has a fixed number of cases
};

/// A complaint about a decision that is no matter of the model's rates, and what was found about it.
struct SimulatedComplaint {
  std::string_view category, channel;
  unsigned severity = 2;
  Millis delay{0};              ///< after the decision
  std::string_view step = {};   ///< of the update that ends it, or "" = there is none
  std::string_view found = {};  ///< its found_for
  Millis update_delay{0};       ///< after the decision
};

struct SimulatedDecision {
  std::string version;
  Members members;       ///< of the prediction, without what all pilots share
  std::string segments;  ///< JSON object, or ""
  std::string actual;    ///< JSON value, or "" = will never be known
  Millis outcome_delay{0};
  bool wrong = false;
  std::string_view outcome_source = {};  ///< "" = the outcome does not say
  std::optional<SimulatedComplaint> complaint = {};
};

struct PilotModel {
  std::string_view name;
  std::array<double, 24> hours;                 ///< relative volume by hour of the day
  double saturday, sunday;                      ///< relative to a working day
  double complaint_rate, complaint_rate_wrong;  ///< complaints a decision, a wrong decision
  std::span<const std::string_view> complaint_categories;
  SimulatedDecision (*decide)(Dice& dice, const Moment& moment);
  std::span<const std::string_view> announced =
      {};                   ///< versions that run side by side from the start, as was announced
  std::uint64_t cases = 0;  ///< the stream ends after so many, numbered in random order; 0 = with the last day
};

/// In the order of `simulated_pilots`.
[[nodiscard]] std::span<const PilotModel> pilot_models();

/// Lognormal with this median, at most a year.
[[nodiscard]] Millis random_delay(Dice& dice, double median_days, double sigma);

/// Relative volume by hour of the day: offices, and what people use at all hours.
inline constexpr std::array<double, 24> office_hours = {0.1, 0.1, 0.1, 0.1, 0.1, 0.2, 0.6, 2, 4,   5,   5,   4.5,
                                                        3,   4,   4,   3.5, 2.5, 1.5, 1,   1, 0.8, 0.6, 0.4, 0.2};
inline constexpr std::array<double, 24> all_day = {0.6, 0.4, 0.3, 0.3, 0.4, 0.6, 1,   1.4, 1.7, 1.8, 1.8, 1.7,
                                                   1.7, 1.7, 1.6, 1.6, 1.6, 1.7, 1.8, 1.9, 1.9, 1.7, 1.3, 0.9};

}  // namespace pilotwatch::app
