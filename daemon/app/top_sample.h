// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "judge/status.h"

/// What `top` shows, read from the answers of a running daemon. Pure.
namespace pilotwatch::app {

struct TopLimit {
  std::string pilot, limit, group, state,
      since;  ///< since: RFC 3339 wall clock, of the last change of state; "" = none
  std::optional<double> value, threshold;
  /// Of a budget: how far its evidence has come, 0 to 1. Else the value as a part of the limit (of a minimum the other
  /// way round); nullopt where there is nothing to compare.
  std::optional<double> ratio;
  bool alert_out = false;
};

struct TopPilot {
  std::string name;
  std::array<std::uint64_t, judge::state_count> states{};  ///< limits by judge::State, groups one by one
  std::uint64_t limits = 0, alerts = 0;
  double predictions = 0, outcomes = 0;  ///< counters
  std::string last_prediction;           ///< RFC 3339, event time; "" = none
  std::optional<TopLimit> worst;         ///< with the greatest ratio
  std::string paused_until;              ///< RFC 3339; "" = it is not paused
};

struct TopTarget {
  std::string name;
  double queue = 0, failed = 0;
};

/// One look at the daemon.
struct TopSample {
  double at_s = 0;  ///< any clock that runs evenly
  std::vector<TopPilot> pilots;
  std::vector<TopLimit> limits;  ///< breach, recovering and warning, and whatever has an alert out; the worst first
  double accepted = 0, duplicate = 0, rejected = 0;  ///< records, counters
  double queue = 0, queue_capacity = 0, queue_bytes = 0, queue_capacity_bytes = 0;
  double unread_bytes = 0;  ///< of files that are followed
  double db_bytes = 0, wal_bytes = 0, free_bytes = 0, memory_bytes = 0, started_s = 0;
  double commits = 0;  ///< counter
  bool ready = true, degraded = false;
  std::vector<TopTarget> targets;  ///< Alertmanagers
};

/// `pilots`: the data of /api/v1/pilots; `metrics`: the text of /metrics. Samples that it does not know are passed
/// over.
[[nodiscard]] TopSample read_top(const nlohmann::ordered_json& pilots, std::string_view metrics, double at_s);

}  // namespace pilotwatch::app
