// SPDX-License-Identifier: Apache-2.0
// Who is told of breaches, and how that goes.
#include "sinks/api_parts.h"

namespace pilotwatch::sinks {
namespace {

Json refused_json(const RefusedAlert& refused) {
  return {{"labels", refused.labels},
          {"first", format_rfc3339(refused.first)},
          {"last", format_rfc3339(refused.last)},
          {"times", refused.times},
          {"status", refused.status},
          {"answer", refused.answer}};
}

Json target_json(const TargetStats& stats) {
  Json refused = Json::array();
  for (const auto& one : stats.refused) refused.push_back(refused_json(one));
  return {{"target", stats.target},
          {"url", stats.url},
          {"lookups", stats.lookups},
          {"state", target_state_names[static_cast<std::size_t>(stats.state)]},
          {"failing_since", time_or_null(stats.failing_since)},
          {"waiting", stats.queue_length},
          {"capacity", stats.queue_capacity},
          {"sent", stats.sent},
          {"failed", stats.failed},
          {"dropped", {{"queue_full", stats.dropped_overflow}, {"rejected", stats.dropped_rejected}}},
          {"last_success", time_or_null(stats.last_success)},
          {"last_error", text_or_null(stats.last_error)},
          {"last_error_time", time_or_null(stats.last_error_at)},
          {"clock_skew_seconds", number_or_null(stats.skew_seconds)},
          {"refused", std::move(refused)}};
}

Json lookup_json(const LookupStats& stats) {
  Json failures = Json::object();
  for (std::size_t i = 0; i < dns_failure_count; ++i) {
    if (stats.failures[i] > 0) failures[dns_failure_names[i]] = stats.failures[i];
  }
  return {{"lookup", stats.lookup},          {"type", stats.type},
          {"targets", stats.targets},        {"lookups", stats.lookups},
          {"failures", std::move(failures)}, {"last_success", time_or_null(stats.last_success)}};
}

}  // namespace

runtime::HttpResponse notifiers_answer(const SelfStats& self) {
  Json targets = Json::array(), lookups = Json::array();
  for (const auto& stats : self.targets) targets.push_back(target_json(stats));
  for (const auto& stats : self.lookups) lookups.push_back(lookup_json(stats));
  return success({{"alertmanagers", std::move(targets)}, {"lookups", std::move(lookups)}});
}

}  // namespace pilotwatch::sinks
