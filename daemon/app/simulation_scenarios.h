// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "app/simulation_pilots.h"

/// Known failures, and two courses in which nothing is wrong. What is known of them stands in config/scenarios/; the
/// single cases are invented, and only the rates named there are those of the sources. The names are in simulation.h.
namespace pilotwatch::app {

struct Scenario {
  PilotModel model;  ///< its name is the scenario's
  double days, decisions_per_day;
  double changes_at_day;  ///< from then on Moment::drift is 1; most are wrong from the first day on
};

/// Throws std::invalid_argument, with a sentence for the user, on an unknown name.
[[nodiscard]] const Scenario& find_scenario(std::string_view name);

}  // namespace pilotwatch::app
