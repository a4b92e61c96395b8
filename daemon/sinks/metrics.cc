// SPDX-License-Identifier: Apache-2.0
#include "sinks/metrics.h"

#include <algorithm>
#include <limits>

#include "sinks/families.h"
#include "sinks/views.h"
#include "stats/sequential/evidence.h"

namespace pilotwatch::sinks {
namespace {

using judge::LimitStatus;

Labels limit_labels(const LimitStatus& status) {
  return {{"pilot", status.pilot->name},
          {"limit", status.limit->name},
          {"severity", name_of(status.limit->severity)},
          {"attribute", status.limit->segment},
          {"group", status.group}};
}

Labels with(Labels labels, const char* name, std::string value) {
  labels.push_back({name, std::move(value)});
  return labels;
}

/// The value of the last look, if the state still rests on it.
std::optional<double> live_value(const LimitStatus& status) {
  const bool stands = status.state != judge::State::no_data && status.state != judge::State::insufficient;
  return stands ? status.value : std::nullopt;
}

/// How much of the limit is used, 1 = at the limit; only where both are amounts (a signed error has no share).
std::optional<double> usage(const LimitStatus& status) {
  const auto value = live_value(status);
  const auto threshold = judge::threshold_of(status);
  if (!value || *value < 0 || !threshold || *threshold <= 0) return std::nullopt;
  if (judge::bad_above(status)) return *value / *threshold;
  return *value == 0 ? std::numeric_limits<double>::infinity() : *threshold / *value;
}

/// A limit with evidence reference_chunks has one on each side that it looks at, once they are known.
std::vector<std::pair<const char*, double>> bounds_of(const LimitStatus& status) {
  const auto& limit = *status.limit;
  const bool chunks = limit.evidence == settings::Evidence::reference_chunks;
  const auto own = status.chunks.value_or(judge::ChunkBound{});
  std::vector<std::pair<const char*, double>> out;
  if (const auto upper = chunks ? own.upper : limit.max) out.emplace_back("above", *upper);
  if (const auto lower = chunks ? own.lower : limit.min) out.emplace_back("below", *lower);
  return out;
}

void add_state(Families& out, const LimitStatus& status) {
  for (std::size_t i = 0; i < judge::state_count; ++i) {
    out.add_gauge("pilotwatch_limit_state", "1 for the current state of the limit, 0 for the others.",
                  with(limit_labels(status), "state", judge::state_names[i]),
                  static_cast<std::size_t>(status.state) == i ? 1.0 : 0.0);
  }
}

void add_limit(Families& out, const LimitStatus& status) {
  const Labels labels = limit_labels(status);
  out.add_gauge("pilotwatch_limit_value", "Last evaluated value, in the unit of the limit's metric.", labels,
                live_value(status));
  out.add_gauge("pilotwatch_limit_samples", "Cases behind the last evaluation.", labels, status.n);
  for (const auto& [direction, bound] : bounds_of(status)) {
    out.add_gauge("pilotwatch_limit_threshold", "Threshold, in the unit of the limit's metric.",
                  with(labels, "direction", direction), bound);
  }
  out.add_gauge("pilotwatch_limit_threshold_usage_ratio", "How much of the threshold is used, 1 is at the threshold.",
                labels, usage(status));
  add_state(out, status);
  if (status.evidence) {
    const auto& e = *status.evidence;
    out.add_gauge("pilotwatch_limit_evidence_ratio",
                  "How far the evidence of a limit with a budget has come, on a logarithmic scale; 1 is a breach.",
                  labels, stats::evidence_ratio(e.s, e.threshold));
    out.add_gauge("pilotwatch_limit_budget_share_ratio", "The limit's part of its pilot's budget of false alarms.",
                  labels, e.share);
  }
  out.add_gauge("pilotwatch_limit_firing", "1 while an alert of the limit is out, whatever the last look could see.",
                labels, alert_out(status) ? 1.0 : 0.0);
  out.add_counter("pilotwatch_limit_transitions_total", "State transitions of the limit.", labels, status.transitions);
  out.add_time("pilotwatch_limit_last_transition_timestamp_seconds", "Unix time of the last state transition.", labels,
               status.last_transition);
  out.add_time("pilotwatch_limit_last_evaluation_timestamp_seconds", "Unix time of the last evaluation of the limit.",
               labels, status.last_evaluation);
}

}  // namespace

void add_limits(Families& out, const judge::Snapshot& snapshot) {
  for (const auto& status : snapshot.limits) add_limit(out, status);
}

Scrape scrape(const judge::Snapshot& snapshot, const SelfStats& self) {
  Families out;
  add_pilots(out, snapshot);
  add_references(out, snapshot);
  add_limits(out, snapshot);
  add_ingest(out, snapshot, self);
  add_self(out, snapshot, self);
  add_notifications(out, self);
  add_lookups(out, self);
  add_webhooks(out, self);
  add_process(out);
  add_bounds(out, snapshot, self);
  constexpr std::uint64_t about_series = 4;  // what is said below
  const auto most = self.max_series - std::min(self.max_series, about_series);
  add_windows(out, snapshot, most);
  const auto windows_left_out = out.left_out();
  add_groups(out, snapshot, windows_left_out > 0 ? 0 : most);
  const char* help = "Series left out of this answer, since there would be more than bounds.series.";
  out.add_gauge("pilotwatch_series_left_out", help, {{"of", "windows"}}, windows_left_out);
  out.add_gauge("pilotwatch_series_left_out", help, {{"of", "groups"}}, out.left_out() - windows_left_out);
  const auto series = out.series() + 2;
  out.add_gauge("pilotwatch_bound_used", bound_used_help, {{"bound", "series"}}, series);
  out.add_gauge("pilotwatch_series", "Series exposed on this endpoint.", {}, series);
  const auto left_out = out.left_out();
  return {out.take(), series, left_out};
}

}  // namespace pilotwatch::sinks
