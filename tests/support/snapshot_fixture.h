// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "judge/status.h"
#include "record/record.h"
#include "sinks/self_stats.h"

/// Snapshots made by hand, for what only reads them.
namespace pilotwatch::support {

/// A snapshot points into its settings, so both live here and do not move.
struct SnapshotFixture {
  settings::Settings settings;
  judge::Snapshot snapshot;
  sinks::SelfStats self;

  SnapshotFixture() = default;
  SnapshotFixture(const SnapshotFixture&) = delete;
  SnapshotFixture& operator=(const SnapshotFixture&) = delete;
};

inline Instant at(const char* rfc3339) { return parse_rfc3339(rfc3339).value(); }

inline settings::Limit make_limit(std::string name, settings::Metric metric, double max, std::string segment = "") {
  settings::Limit limit;
  limit.name = std::move(name);
  limit.metric = metric;
  limit.max = max;
  limit.segment = std::move(segment);
  limit.alertname = "PilotLimit";
  return limit;
}

inline engine::Figure make_figure(settings::Metric metric, double value, double lower, double upper, std::uint64_t n) {
  engine::Figure figure;
  figure.metric = metric;
  figure.formula = "wilson/v1";
  figure.value = value;
  figure.lower = lower;
  figure.upper = upper;
  figure.n = n;
  figure.coverage = 0.5;
  figure.state = "ok";
  return figure;
}

inline engine::Figure of_group(engine::Figure figure, std::string attribute, std::string group) {
  figure.attribute = std::move(attribute);
  figure.group = std::move(group);
  return figure;
}

inline engine::Figure hide(engine::Figure figure) {
  figure.value = figure.lower = figure.upper = figure.coverage = std::nullopt;
  figure.n = 0;
  figure.state = "suppressed";
  figure.reason = "fewer cases than segments.min_n";
  return figure;
}

inline engine::Figure drift_figure(settings::Metric metric, std::string feature, double value, std::uint64_t n) {
  engine::Figure figure;
  figure.metric = metric;
  figure.feature = std::move(feature);
  figure.formula = metric == settings::Metric::psi ? "psi-jeffreys/v1" : "ks-exact/v1";
  figure.value = value;
  figure.n = n;
  figure.state = "ok";
  return figure;
}

inline engine::Confusion make_confusion(std::string attribute, std::string group, std::uint64_t tp, std::uint64_t fp,
                                        std::uint64_t fn, std::uint64_t tn) {
  engine::Confusion confusion;
  confusion.attribute = std::move(attribute);
  confusion.group = std::move(group);
  confusion.label = "1";
  confusion.tp = tp;
  confusion.fp = fp;
  confusion.fn = fn;
  confusion.tn = tn;
  return confusion;
}

inline engine::Counts make_counts(std::string attribute, std::string group, std::uint64_t predictions,
                                  std::uint64_t outcomes, std::uint64_t errors, std::uint64_t complaints,
                                  std::uint64_t positives) {
  engine::Counts counts;
  counts.attribute = std::move(attribute);
  counts.group = std::move(group);
  counts.predictions = predictions;
  counts.outcomes = outcomes;
  counts.errors = errors;
  counts.complaints = complaints;
  counts.positives = positives;
  return counts;
}

/// 100 decisions, 50 outcomes, 5 errors, 2 complaints; groups f (40 decisions) and m (suppressed).
inline std::shared_ptr<engine::WindowResult> triage_day(Instant start) {
  using settings::Metric;
  auto window = std::make_shared<engine::WindowResult>();
  window->kind_name = "day";
  window->start = start;
  window->end = start + std::chrono::hours{24};
  window->place = start.time_since_epoch() / std::chrono::hours{24};
  window->mature = true;
  window->figures = {make_figure(Metric::error_rate, 0.1, 0.0435, 0.2136, 50),
                     make_figure(Metric::coverage, 0.5, 0.4038, 0.5962, 100),
                     make_figure(Metric::complaints_per_1000, 20, 2.422, 72.25, 100),
                     drift_figure(Metric::psi, "age", 0.25, 100),
                     drift_figure(Metric::ks, "age", 0.125, 100),
                     of_group(make_figure(Metric::false_negative_rate, 0.25, 0.1, 0.5, 8), "sex", "f"),
                     hide(of_group(make_figure(Metric::false_negative_rate, 0, 0, 0, 0), "sex", "m"))};
  window->confusions = {make_confusion("", "", 10, 2, 3, 35), make_confusion("sex", "f", 6, 1, 2, 11),
                        make_confusion("sex", "m", 0, 0, 0, 0)};
  window->confusions[2].suppressed = true;
  window->counts = {make_counts("", "", 100, 50, 5, 2, 24), make_counts("sex", "f", 40, 20, 3, 1, 14),
                    make_counts("sex", "m", 0, 0, 0, 0, 0)};
  window->counts[2].suppressed = true;
  window->suppressed_groups = {{"sex", 1}};
  return window;
}

inline settings::Pilot triage_pilot() {
  settings::Pilot pilot;
  pilot.name = "triage";
  pilot.description = "Sorts incoming letters.";
  pilot.owner = "team-a";
  pilot.model = "triage-xgb";
  pilot.classes = {"0", "1"};
  pilot.positive = "1";
  pilot.segments.attributes = {"sex"};
  pilot.windows = {settings::Window{}};
  pilot.limits = {make_limit("errors", settings::Metric::error_rate, 0.08),
                  make_limit("missed", settings::Metric::false_negative_rate, 0.2, "sex")};
  pilot.limits[0].severity = settings::Severity::critical;
  pilot.limits[0].owner = "team-a";
  pilot.limits[0].for_ = std::chrono::hours{1};
  return pilot;
}

inline void add_triage_state(SnapshotFixture& fixture) {
  const auto& pilot = fixture.settings.pilots[0];
  judge::LimitStatus errors;
  errors.pilot = &pilot;
  errors.limit = &pilot.limits[0];
  errors.state = judge::State::breach;
  errors.reason = "10 % is above 8 %";
  errors.value = 0.1;
  errors.lower = 0.0435;
  errors.upper = 0.2136;
  errors.n = 50;
  errors.window_start = at("2026-03-01T00:00:00Z");
  errors.window_end = at("2026-03-02T00:00:00Z");
  errors.last_transition = at("2026-03-02T06:00:00Z");
  errors.last_evaluation = at("2026-03-03T00:00:00Z");
  errors.transitions = 3;
  errors.episode = judge::Episode{"e1b2", at("2026-03-02T05:00:00Z"), at("2026-03-02T06:00:00Z"), {}, {}, 0.1};
  judge::LimitStatus missed = errors;
  missed.limit = &pilot.limits[1];
  missed.group = "m";
  missed.state = judge::State::insufficient;
  missed.value = missed.lower = missed.upper = std::nullopt;
  missed.n = 0;
  missed.reason = "suppressed";
  missed.last_transition = std::nullopt;
  missed.transitions = 0;
  missed.episode.reset();
  fixture.snapshot.limits = {errors, missed};

  judge::Transition transition;
  transition.pilot = "triage";
  transition.limit = "errors";
  transition.from = judge::State::ok;
  transition.to = judge::State::breach;
  transition.at = at("2026-03-02T05:00:00Z");
  transition.at_wall = at("2026-03-02T06:00:00Z");
  transition.value = 0.1;
  transition.lower = 0.0435;
  transition.upper = 0.2136;
  transition.threshold = 0.08;
  transition.n = 50;
  transition.window_start = errors.window_start;
  transition.window_end = errors.window_end;
  transition.episode = "e1b2";
  transition.reason = "10 % is above 8 %";
  fixture.snapshot.recent = {transition};
}

inline void add_triage_counters(engine::PilotCounters& counters) {
  counters.versions = {{"v3", 200, 9}};
  counters.outcomes = 101;
  counters.outcomes_matched = 100;
  counters.complaints = 4;
  counters.complaints_unlinked = 1;
  counters.complaints_by = {{{"wrong result", "2"}, 3}, {{"", ""}, 1}};
  counters.awaiting_outcome = 100;
  counters.parked_outcomes = 1;
  counters.last_prediction = at("2026-03-02T23:59:00Z");
  counters.latency_buckets = {0, 0, 1, 2, 0, 0, 0, 0, 0, 0, 0, 1};
  counters.latency_sum_s = 12.5;
}

/// One binary pilot "triage" with two closed days, one limit in breach, one over groups with a suppressed group.
inline std::unique_ptr<SnapshotFixture> triage() {
  auto fixture = std::make_unique<SnapshotFixture>();
  fixture->settings.pilots = {triage_pilot()};
  auto& snapshot = fixture->snapshot;
  snapshot.wall = at("2026-03-03T00:00:10Z");
  snapshot.last_evaluation = at("2026-03-03T00:00:00Z");
  engine::PilotView view;
  view.settings = &fixture->settings.pilots[0];
  view.now = at("2026-03-03T00:00:00Z");
  view.references = {{"0123456789abcdef0123456789abcdef",
                      5000,
                      at("2026-02-01T00:00:00Z"),
                      settings::ReferenceKind::first,
                      "",
                      settings::Strata::none,
                      0,
                      {}}};
  view.reference = view.references.front();
  view.windows = {triage_day(at("2026-02-28T00:00:00Z")), triage_day(at("2026-03-01T00:00:00Z"))};
  add_triage_counters(view.counters);
  snapshot.pilots = {view};
  add_triage_state(*fixture);

  judge::IngestCounters::Row row{"http", record::Stream::predictions, 210, 200, 3, 1, {}, at("2026-03-02T23:59:01Z")};
  row.rejected.assign(record::reason_count, 0);
  row.rejected[static_cast<std::size_t>(record::Reason::schema)] = 7;
  snapshot.ingest.rows = {row};
  snapshot.ingest.bytes = {{"http", 71'000}};

  auto& self = fixture->self;
  self.now = snapshot.wall;
  self.started = at("2026-02-20T12:00:00Z");
  self.reloads.last_success = self.started;
  self.config_hash = "0000000000ff0000";
  self.ready = true;
  self.queue_capacity = 256;
  self.evaluations = 4;
  self.evaluation_seconds = 0.5;
  self.log_messages = {{{"debug", 0}, {"info", 12}, {"warn", 1}, {"error", 0}}};
  self.http.requests[{"/metrics", 200}] = 5;
  self.http.durations["/metrics"] = {5, 0.25};
  self.targets.emplace_back();
  self.targets[0].target = "am:9093";
  self.targets[0].sent = 2;
  self.targets[0].queue_capacity = 10'000;
  return fixture;
}

}  // namespace pilotwatch::support
