// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "support/snapshot_fixture.h"

/// Five pilots over 30 days, as a screen shot wants them; made by formula, so every run draws the same page.
namespace pilotwatch::support {

/// A little noise without a generator: in [-1, 1], the same for the same i and seed.
inline double wobble(std::size_t i, double seed) {
  const double x = std::sin(static_cast<double>(i) * 12.9898 + seed * 78.233) * 43758.5453;
  return 2 * (x - std::floor(x)) - 1;
}

/// Share k of n with its Wilson interval.
inline engine::Figure share(settings::Metric metric, double p, double n) {
  const double z2 = 3.8415, centre = (p + z2 / (2 * n)) / (1 + z2 / n);
  const double half = std::sqrt(z2) / (1 + z2 / n) * std::sqrt(p * (1 - p) / n + z2 / (4 * n * n));
  return make_figure(metric, p, std::max(0.0, centre - half), centre + half, static_cast<std::uint64_t>(n));
}

/// How one pilot behaves from day to day.
struct DemoPilot {
  settings::Pilot settings;
  double decisions, error, error_rise, drift, drift_rise, complaints, complaint_rise;  ///< rises begin at day 18
  bool outcomes = true;
};

inline std::shared_ptr<engine::WindowResult> demo_day(const DemoPilot& demo, std::size_t i, Instant start) {
  using settings::Metric;
  auto day = std::make_shared<engine::WindowResult>();
  day->kind_name = "day";
  day->start = start;
  day->end = start + std::chrono::hours{24};
  day->mature = i < 26;
  const double after = i > 18 ? static_cast<double>(i - 18) / 11 : 0;
  const double n = std::round(demo.decisions * (1 + 0.12 * wobble(i, 1)));
  const bool regression = demo.settings.task == settings::Task::regression;
  if (demo.outcomes && day->mature) {
    const double error = demo.error * (1 + 0.18 * wobble(i, 2)) + demo.error_rise * after;
    auto figure = regression ? make_figure(Metric::mean_absolute_error, error, 0, 0, static_cast<std::uint64_t>(n))
                             : share(Metric::error_rate, error, n);
    if (regression) figure.lower = figure.upper = std::nullopt;
    day->figures.push_back(figure);
  }
  if (demo.drift > 0) {
    const double psi = demo.drift * (1 + 0.3 * wobble(i, 3)) + demo.drift_rise * after;
    day->figures.push_back(
        drift_figure(Metric::psi, demo.settings.features[0].name, psi, static_cast<std::uint64_t>(n)));
  }
  const double per_1000 = std::max(0.0, demo.complaints * (1 + 0.5 * wobble(i, 4)) + demo.complaint_rise * after);
  const double half = 1.96 * std::sqrt(per_1000 * 1000 / n);
  day->figures.push_back(make_figure(Metric::complaints_per_1000, per_1000, std::max(0.0, per_1000 - half),
                                     per_1000 + half * 1.2, static_cast<std::uint64_t>(n)));
  auto volume = make_figure(Metric::volume, n, 0, 0, static_cast<std::uint64_t>(n));
  volume.lower = volume.upper = std::nullopt;
  day->figures.push_back(volume);
  day->counts.push_back(make_counts("", "", static_cast<std::uint64_t>(n), 0, 0, 0, 0));
  return day;
}

inline void add_demo_groups(engine::WindowResult& window) {
  using settings::Metric;
  const auto add = [&](const char* group, double n, double error, double fpr, double fnr, double selection) {
    window.figures.push_back(of_group(share(Metric::error_rate, error, n), "district", group));
    window.figures.push_back(of_group(share(Metric::false_positive_rate, fpr, n * 0.9), "district", group));
    window.figures.push_back(of_group(share(Metric::false_negative_rate, fnr, n * 0.1), "district", group));
    window.figures.push_back(of_group(share(Metric::selection_rate, selection, n), "district", group));
    window.counts.push_back(make_counts("district", group, static_cast<std::uint64_t>(n * 1.04),
                                        static_cast<std::uint64_t>(n), static_cast<std::uint64_t>(n * error), 3,
                                        static_cast<std::uint64_t>(n * selection)));
  };
  add("Centrum", 3120, 0.064, 0.041, 0.28, 0.092);
  add("Noord", 2230, 0.078, 0.060, 0.24, 0.118);
  add("Zuid", 1650, 0.119, 0.103, 0.26, 0.171);
  for (const auto metric :
       {Metric::error_rate, Metric::false_positive_rate, Metric::false_negative_rate, Metric::selection_rate}) {
    window.figures.push_back(hide(of_group(make_figure(metric, 0, 0, 0, 0), "district", "Haven")));
  }
  window.counts.push_back(make_counts("district", "Haven", 0, 0, 0, 0, 0));
  window.counts.back().suppressed = true;
  window.suppressed_groups = {{"district", 1}};
}

inline DemoPilot demo_pilot(std::string name, settings::Task task, std::string description, std::string owner,
                            std::string model) {
  DemoPilot out{};
  out.settings.name = std::move(name);
  out.settings.task = task;
  out.settings.description = std::move(description);
  out.settings.owner = std::move(owner);
  out.settings.model = std::move(model);
  out.settings.windows = {settings::Window{}};
  return out;
}

inline std::vector<DemoPilot> demo_pilots() {
  using settings::Metric;
  using settings::Task;
  std::vector<DemoPilot> out;
  auto fraud = demo_pilot("benefit-fraud", Task::binary, "Picks benefit files for a second look by an investigator.",
                          "Income support", "fraud-gbm 4.2");
  fraud.settings.features = {{"household_income", settings::FeatureKind::numeric}};
  fraud.settings.segments.attributes = {"district"};
  fraud.settings.limits = {make_limit("error rate", Metric::error_rate, 0.10),
                           make_limit("income drift", Metric::psi, 0.2),
                           make_limit("false alarms by district", Metric::false_positive_rate, 0.12, "district")};
  fraud.settings.limits[0].severity = settings::Severity::critical;
  fraud.settings.limits[1].feature = "household_income";
  fraud.decisions = 412, fraud.error = 0.062, fraud.error_rise = 0.105, fraud.drift = 0.045, fraud.drift_rise = 0.31;
  fraud.complaints = 4.2, fraud.complaint_rise = 5;
  out.push_back(fraud);

  auto routing = demo_pilot("permit-routing", Task::multiclass, "Sends permit requests to the desk that decides them.",
                            "Spatial planning", "router-bert 1.9");
  routing.settings.features = {{"letter_length", settings::FeatureKind::numeric}};
  routing.settings.limits = {make_limit("wrong desk", Metric::error_rate, 0.08),
                             make_limit("complaints", Metric::complaints_per_1000, 6)};
  routing.decisions = 655, routing.error = 0.041, routing.drift = 0.03, routing.complaints = 1.8;
  out.push_back(routing);

  auto demand = demo_pilot("ambulance-demand", Task::regression, "Forecasts calls per district and shift.",
                           "Safety region", "demand-ets 2.0");
  demand.settings.features = {{"temperature", settings::FeatureKind::numeric}};
  demand.settings.limits = {make_limit("mean absolute error", Metric::mean_absolute_error, 4.0),
                            make_limit("drift", Metric::psi, 0.2)};
  demand.settings.limits[1].feature = "temperature";
  demand.decisions = 96, demand.error = 2.9, demand.error_rise = 0.9, demand.drift = 0.07, demand.drift_rise = 0.1;
  out.push_back(demand);

  auto chatbot = demo_pilot("citizen-chatbot", Task::generative,
                            "Answers questions about waste, parking and passports.", "Customer contact", "assistant-3");
  chatbot.settings.features = {{"question_length", settings::FeatureKind::numeric}};
  chatbot.settings.limits = {make_limit("complaints", Metric::complaints_per_1000, 8)};
  chatbot.outcomes = false;
  chatbot.decisions = 1240, chatbot.drift = 0.05, chatbot.complaints = 2.6, chatbot.complaint_rise = 9.5;
  out.push_back(chatbot);

  auto housing = demo_pilot("housing-allocation", Task::binary, "Ranks urgent requests for social housing.", "Housing",
                            "urgency-lr 0.3");
  housing.settings.limits = {make_limit("missed urgencies", Metric::false_negative_rate, 0.15)};
  housing.decisions = 31, housing.error = 0.09, housing.complaints = 3;
  out.push_back(housing);
  return out;
}

inline judge::LimitStatus demo_status(const settings::Pilot& pilot, std::size_t limit, judge::State state,
                                      std::optional<double> value, std::uint64_t n, const char* since,
                                      std::string reason) {
  judge::LimitStatus status;
  status.pilot = &pilot;
  status.limit = &pilot.limits[limit];
  status.state = state;
  status.value = value;
  status.n = n;
  status.reason = std::move(reason);
  status.last_transition = at(since);
  status.last_evaluation = at("2026-04-01T07:40:00Z");
  status.window_start = at("2026-03-27T00:00:00Z");
  status.window_end = at("2026-03-28T00:00:00Z");
  if (judge::firing(state))
    status.episode =
        judge::Episode{"ep-" + pilot.name + std::to_string(limit), at(since), at(since), {}, {}, value.value_or(0)};
  return status;
}

inline void add_demo_limits(SnapshotFixture& fixture) {
  using enum judge::State;
  const auto& pilots = fixture.settings.pilots;
  auto& limits = fixture.snapshot.limits;
  limits.push_back(
      demo_status(pilots[0], 0, breach, 0.1334, 443, "2026-03-27T06:00:12Z", "The whole interval lies above 10 %."));
  limits.back().lower = 0.1049;
  limits.back().upper = 0.1683;
  limits.push_back(demo_status(pilots[0], 1, breach, 0.3621, 398, "2026-03-25T06:00:09Z", "0.362 is above 0.200."));
  for (const auto& [group, state, value, n] :
       {std::tuple{"Centrum", ok, 0.041, 108U}, std::tuple{"Noord", ok, 0.060, 77U},
        std::tuple{"Zuid", warning, 0.133, 57U}}) {
    limits.push_back(demo_status(pilots[0], 2, state, value, n, "2026-03-21T06:00:00Z",
                                 state == warning ? "Above 12 %, but the interval is not wholly above it." : ""));
    limits.back().group = group;
    limits.back().lower = value * 0.5;
    limits.back().upper = value * 1.8;
  }
  limits.push_back(demo_status(pilots[0], 2, insufficient, std::nullopt, 0, "2026-03-03T06:00:00Z",
                               "Fewer cases than segments.min_n."));
  limits.back().group = "Haven";
  limits.push_back(demo_status(pilots[1], 0, ok, 0.0398, 671, "2026-03-03T06:00:00Z", ""));
  limits.back().lower = 0.0275;
  limits.back().upper = 0.0573;
  limits.push_back(demo_status(pilots[1], 1, ok, 1.6, 671, "2026-03-03T06:00:00Z", ""));
  limits.push_back(demo_status(pilots[2], 0, ok, 3.41, 101, "2026-03-03T06:00:00Z", ""));
  limits.push_back(demo_status(pilots[2], 1, no_data, std::nullopt, 0, "2026-03-31T06:00:00Z",
                               "No value of temperature in the window."));
  limits.push_back(
      demo_status(pilots[3], 0, recovering, 7.1, 1190, "2026-03-30T06:00:00Z", "Below 8 per 1,000 since one window."));
  limits.push_back(
      demo_status(pilots[4], 0, collecting, std::nullopt, 0, "2026-03-03T06:00:00Z", "No window is mature yet."));
}

inline void add_demo_records(SnapshotFixture& fixture) {
  auto& ingest = fixture.snapshot.ingest;
  const auto add = [&](const char* source, record::Stream stream, std::uint64_t accepted, std::uint64_t duplicate,
                       std::uint64_t rejected, record::Reason reason) {
    judge::IngestCounters::Row row{source, stream, accepted + duplicate + rejected, accepted, duplicate, accepted / 900,
                                   {},     {}};
    row.rejected.assign(record::reason_count, 0);
    row.rejected[static_cast<std::size_t>(reason)] = rejected;
    ingest.rows.push_back(row);
  };
  add("http", record::Stream::predictions, 58'214, 310, 12, record::Reason::schema);
  add("http", record::Stream::outcomes, 31'877, 45, 3, record::Reason::time);
  add("http", record::Stream::complaints, 341, 0, 0, record::Reason::schema);
  add("fraud-log", record::Stream::predictions, 12'360, 0, 1, record::Reason::json);
}

inline void add_demo_transitions(SnapshotFixture& fixture) {
  const auto add = [&](const judge::LimitStatus& status, judge::State from, judge::State to, const char* when,
                       const char* why) {
    judge::Transition transition;
    transition.pilot = status.pilot->name;
    transition.limit = status.limit->name;
    transition.group = status.group;
    transition.from = from;
    transition.to = to;
    transition.at = transition.at_wall = at(when);
    transition.reason = why;
    fixture.snapshot.recent.push_back(transition);
  };
  using enum judge::State;
  const auto& limits = fixture.snapshot.limits;
  add(limits[4], ok, warning, "2026-03-21T06:00:00Z", "Above 12 %, but the interval is not wholly above it.");
  add(limits[1], warning, breach, "2026-03-25T06:00:09Z", "0.362 is above 0.200.");
  add(limits[0], warning, breach, "2026-03-27T06:00:12Z", "The whole interval lies above 10 %.");
  add(limits[10], breach, recovering, "2026-03-30T06:00:00Z", "Below 8 per 1,000 since one window.");
}

inline std::unique_ptr<SnapshotFixture> demo() {
  auto fixture = std::make_unique<SnapshotFixture>();
  const auto pilots = demo_pilots();
  for (const auto& pilot : pilots) fixture->settings.pilots.push_back(pilot.settings);
  auto& snapshot = fixture->snapshot;
  snapshot.wall = at("2026-04-01T07:42:00Z");
  for (std::size_t p = 0; p < pilots.size(); ++p) {
    engine::PilotView view;
    view.settings = &fixture->settings.pilots[p];
    view.now = at("2026-04-01T07:40:00Z");
    const std::size_t days = p == 4 ? 0 : 30;
    for (std::size_t i = 0; i < days; ++i) {
      auto day = demo_day(pilots[p], i, at("2026-03-02T00:00:00Z") + std::chrono::days{i});
      if (p == 0 && i == 25) add_demo_groups(*day);
      view.windows.push_back(std::move(day));
    }
    const auto decisions = static_cast<std::uint64_t>(pilots[p].decisions * static_cast<double>(days) * 1.01);
    view.counters.versions = {{"v1", decisions == 0 ? 18 : decisions, decisions / 16}};
    view.counters.awaiting_outcome = pilots[p].outcomes ? decisions / 7 : 0;
    view.counters.complaints = decisions / 240;
    if (pilots[p].drift > 0)
      view.references = {{"00ff", 5000, at("2026-03-01T00:00:00Z"), settings::ReferenceKind::first, "", settings::Strata::none, 0, {}}};
    if (!view.references.empty()) view.reference = view.references.front();
    snapshot.pilots.push_back(std::move(view));
  }
  add_demo_limits(*fixture);
  add_demo_records(*fixture);
  add_demo_transitions(*fixture);
  fixture->self.ready = true;
  fixture->self.now = snapshot.wall;
  fixture->self.started = at("2026-02-27T09:00:00Z");
  return fixture;
}

}  // namespace pilotwatch::support
