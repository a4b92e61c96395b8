// SPDX-License-Identifier: Apache-2.0
#include "sim/setup.h"

#include <utility>

namespace pilotwatch::sim {
namespace {

using settings::Metric;
using settings::WindowKind;
using std::chrono::hours;
using std::chrono::minutes;

settings::Limit limit(std::string name, Metric metric, double max, settings::Window window) {
  settings::Limit out;
  out.name = std::move(name);
  out.metric = metric;
  out.max = max;
  out.window = window;
  out.evidence = settings::Evidence::point;
  out.min_n = 3;
  return out;
}

/// Of the wall clock, with groups, a reference of its first decisions, and complaints.
settings::Pilot letters() {
  settings::Pilot out;
  out.name = "letters";
  out.task = settings::Task::binary;
  out.classes = {"0", "1"};
  out.positive = "1";
  out.clock = settings::PilotClock::wall;
  out.windows = {{WindowKind::hour, 0}, {WindowKind::count, 12}, {WindowKind::all, 0}};
  out.outcome_horizon = minutes{10};
  out.accept_future = hours{24 * 365};
  out.segments.attributes = {"region"};
  out.segments.min_n = 1;
  out.features = {{"x", settings::FeatureKind::numeric}};
  out.reference.first = 20;
  out.guarantee.over_decisions = 500;
  auto errors = limit("errors", Metric::error_rate, .4, {WindowKind::hour, 0});
  auto by_region = limit("errors by region", Metric::error_rate, .5, {WindowKind::count, 12});
  by_region.segment = "region";
  by_region.keep_firing_for = minutes{30};
  auto complaints = limit("complaints", Metric::complaints_per_1000, 300, {WindowKind::hour, 0});
  auto psi = limit("x moved", Metric::psi, .5, {WindowKind::hour, 0});
  psi.feature = "x";
  auto budget = limit("errors in the end", Metric::error_rate, .3, {WindowKind::hour, 0});
  budget.evidence = settings::Evidence::budget;
  out.limits = {errors, by_region, complaints, psi, budget};
  return out;
}

/// Of event time: what is judged does not depend on the clock at all.
settings::Pilot demand() {
  settings::Pilot out;
  out.name = "demand";
  out.task = settings::Task::regression;
  out.clock = settings::PilotClock::event;
  out.windows = {{WindowKind::count, 8}, {WindowKind::hour, 0}, {WindowKind::all, 0}};
  out.outcome_horizon = minutes{5};
  out.accept_future = hours{24 * 365};
  out.segments.min_n = 1;
  auto errors = limit("error", Metric::mean_absolute_error, 4, {WindowKind::count, 8});
  errors.times = 2;
  errors.of = 3;
  out.limits = {errors, limit("error of the hour", Metric::mean_absolute_error, 4, {WindowKind::hour, 0})};
  return out;
}

}  // namespace

settings::Settings settings_for(Random& random, const std::filesystem::path& folder) {
  settings::Settings out;
  out.pilots = {letters(), demand()};
  out.checkpoint_interval = std::chrono::seconds{random.between(5, 90)};
  if (random.one_in(3)) out.retention = minutes{random.between(30, 240)};
  out.ingest.max_queue_requests = static_cast<std::uint64_t>(random.between(2, 6));
  out.ingest.max_line_bytes = 1024;
  out.ingest.dead_letters = 20;
  out.ingest.dead_letter_text = random.one_in(2);
  settings::Source log{.name = "log", .kind = settings::SourceKind::file};
  log.files = {folder / "log"};
  log.poll_interval = Millis{0};
  log.max_open_files = 8;
  out.sources = {log};
  out.notify.alertmanagers = {{"http://a", "a"}, {"http://b", "b"}};
  out.notify.batch_size = static_cast<std::uint64_t>(random.between(1, 4));
  out.notify.queue_capacity = random.one_in(3) ? 4 : 24;
  return out;
}

}  // namespace pilotwatch::sim
