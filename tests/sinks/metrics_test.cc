// SPDX-License-Identifier: Apache-2.0
#include "sinks/metrics.h"

#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdio>
#include <set>
#include <sstream>

#include "support/demo_fixture.h"
#include "support/snapshot_fixture.h"

using namespace pilotwatch;
using Catch::Matchers::Contains;

namespace {

std::string scrape(const support::SnapshotFixture& fixture, sinks::Exposition format = sinks::Exposition::text) {
  return sinks::expose(sinks::metric_families(fixture.snapshot, fixture.self), format);
}

/// The samples whose name begins with `prefix`, in order.
std::string samples(const std::string& text, const std::string& prefix) {
  std::istringstream lines(text);
  std::string out;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with(prefix)) out += line + "\n";
  }
  return out;
}

std::size_t sample_count(const std::string& text) {
  std::istringstream lines(text);
  std::size_t count = 0;
  for (std::string line; std::getline(lines, line);) count += line.starts_with("#") ? 0 : 1;
  return count;
}

/// Exit status and output of `promtool check metrics` over `text`.
std::pair<int, std::string> promtool(const std::string& text) {
  std::string file = "/tmp/pilotwatch-metrics-XXXXXX";
  const int descriptor = mkstemp(file.data());
  REQUIRE(descriptor >= 0);
  REQUIRE(write(descriptor, text.data(), text.size()) == static_cast<ssize_t>(text.size()));
  close(descriptor);
  std::FILE* pipe = popen(("/usr/bin/promtool check metrics < " + file + " 2>&1").c_str(), "r");
  REQUIRE(pipe != nullptr);
  std::string output;
  for (int c = 0; (c = std::fgetc(pipe)) != EOF;) output += static_cast<char>(c);
  const int status = pclose(pipe);
  std::remove(file.c_str());
  return {status, output};
}

}  // namespace

TEST_CASE("promtool finds nothing to complain about") {
  if (access("/usr/bin/promtool", X_OK) != 0) {
    WARN("skipped: no /usr/bin/promtool");
    return;
  }
  for (const auto& fixture : {support::triage(), support::demo(), std::make_unique<support::SnapshotFixture>()}) {
    const auto [status, output] = promtool(scrape(*fixture));
    CHECK(output == "");
    CHECK(status == 0);
  }
}

TEST_CASE("Counters of a pilot") {
  const auto text = scrape(*support::triage());
  CHECK(samples(text, "pilotwatch_pilot_info") ==
        "pilotwatch_pilot_info{pilot=\"triage\",model=\"triage-xgb\",owner=\"team-a\",task=\"binary\"} 1\n");
  CHECK(samples(text, "pilotwatch_predictions_total") ==
        "pilotwatch_predictions_total{pilot=\"triage\",model_version=\"v3\"} 200\n");
  CHECK(samples(text, "pilotwatch_complaints_total") ==
        "pilotwatch_complaints_total{pilot=\"triage\",category=\"wrong result\",severity=\"2\"} 3\n"
        "pilotwatch_complaints_total{pilot=\"triage\"} 1\n");
  CHECK_THAT(text, Contains("pilotwatch_prediction_latency_seconds_bucket{pilot=\"triage\",le=\"0.025\"} 1\n"
                            "pilotwatch_prediction_latency_seconds_bucket{pilot=\"triage\",le=\"0.05\"} 3\n"));
  CHECK_THAT(text, Contains("pilotwatch_prediction_latency_seconds_bucket{pilot=\"triage\",le=\"+Inf\"} 4\n"
                            "pilotwatch_prediction_latency_seconds_sum{pilot=\"triage\"} 12.5\n"
                            "pilotwatch_prediction_latency_seconds_count{pilot=\"triage\"} 4\n"));
  CHECK(samples(text, "pilotwatch_label_values_overflowed_total") ==
        "pilotwatch_label_values_overflowed_total{pilot=\"triage\",label=\"category\"} 0\n"
        "pilotwatch_label_values_overflowed_total{pilot=\"triage\",label=\"model_version\"} 0\n"
        "pilotwatch_label_values_overflowed_total{pilot=\"triage\",label=\"sex\"} 0\n");
}

TEST_CASE("Window gauges are those of the newest closed window") {
  const auto text = scrape(*support::triage());
  CHECK(samples(text, "pilotwatch_window_start") ==
        "pilotwatch_window_start_timestamp_seconds{pilot=\"triage\",window=\"day\"} 1772323200\n");
  CHECK(samples(text, "pilotwatch_window_outcomes") ==
        "pilotwatch_window_outcomes{pilot=\"triage\",window=\"day\"} 50\n");
  CHECK(samples(text, "pilotwatch_error_ratio") ==
        "pilotwatch_error_ratio{pilot=\"triage\",window=\"day\"} 0.1\n"
        "pilotwatch_error_ratio_lower{pilot=\"triage\",window=\"day\"} 0.0435\n"
        "pilotwatch_error_ratio_upper{pilot=\"triage\",window=\"day\"} 0.2136\n");
  CHECK(samples(text, "pilotwatch_complaints_per_prediction{") ==
        "pilotwatch_complaints_per_prediction{pilot=\"triage\",window=\"day\"} 0.02\n");
  CHECK(samples(text, "pilotwatch_window_confusion") ==
        "pilotwatch_window_confusion{pilot=\"triage\",window=\"day\",cell=\"tp\"} 10\n"
        "pilotwatch_window_confusion{pilot=\"triage\",window=\"day\",cell=\"fp\"} 2\n"
        "pilotwatch_window_confusion{pilot=\"triage\",window=\"day\",cell=\"fn\"} 3\n"
        "pilotwatch_window_confusion{pilot=\"triage\",window=\"day\",cell=\"tn\"} 35\n");
  CHECK(samples(text, "pilotwatch_drift_score") ==
        "pilotwatch_drift_score{pilot=\"triage\",window=\"day\",feature=\"age\",method=\"psi\"} 0.25\n"
        "pilotwatch_drift_score{pilot=\"triage\",window=\"day\",feature=\"age\",method=\"ks\"} 0.125\n");
  CHECK(samples(text, "pilotwatch_drift_window_samples") ==
        "pilotwatch_drift_window_samples{pilot=\"triage\",window=\"day\",feature=\"age\"} 100\n");
}

TEST_CASE("A suppressed group emits nothing but that it is there") {
  const auto text = scrape(*support::triage());
  CHECK_THAT(samples(text, "pilotwatch_group_"), !Contains("group=\"m\""));
  CHECK(samples(text, "pilotwatch_group_suppressed") ==
        "pilotwatch_group_suppressed{pilot=\"triage\",attribute=\"sex\",window=\"day\"} 1\n");
  CHECK(samples(text, "pilotwatch_group_rate") ==
        "pilotwatch_group_rate{pilot=\"triage\",attribute=\"sex\",group=\"f\",window=\"day\",criterion=\"false_"
        "negative_rate\"} "
        "0.25\n"
        "pilotwatch_group_rate{pilot=\"triage\",attribute=\"sex\",group=\"f\",window=\"day\",criterion=\"true_positive_"
        "rate\"} "
        "0.75\n");
  CHECK_THAT(text,
             Contains("pilotwatch_group_window_confusion{pilot=\"triage\",attribute=\"sex\",group=\"f\",window=\"day\","
                      "cell=\"fn\"} 2\n"));
}

TEST_CASE("The same rate by a second formula does not become a second series") {
  auto fixture = support::triage();
  auto window = support::triage_day(support::at("2026-03-02T00:00:00Z"));
  auto exact = window->figures[0];
  exact.formula = "clopper-pearson/v1";
  exact.lower = 0.03;
  window->figures.push_back(exact);
  fixture->snapshot.pilots[0].windows.push_back(window);
  const auto text = scrape(*fixture);
  CHECK(samples(text, "pilotwatch_error_ratio_lower") ==
        "pilotwatch_error_ratio_lower{pilot=\"triage\",window=\"day\"} 0.0435\n");
  std::istringstream lines(text);
  std::set<std::string> seen;
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with("#")) CHECK(seen.insert(line.substr(0, line.rfind(' '))).second);
  }
}

TEST_CASE("A limit has one series for each of its seven states") {
  const auto text = scrape(*support::triage());
  const std::string labels = "pilot=\"triage\",limit=\"errors\",severity=\"critical\"";
  CHECK(samples(text, "pilotwatch_limit_state{" + labels) ==
        "pilotwatch_limit_state{" + labels + ",state=\"collecting\"} 0\n" + "pilotwatch_limit_state{" + labels +
            ",state=\"ok\"} 0\n" + "pilotwatch_limit_state{" + labels + ",state=\"warning\"} 0\n" +
            "pilotwatch_limit_state{" + labels + ",state=\"breach\"} 1\n" + "pilotwatch_limit_state{" + labels +
            ",state=\"recovering\"} 0\n" + "pilotwatch_limit_state{" + labels + ",state=\"no_data\"} 0\n" +
            "pilotwatch_limit_state{" + labels + ",state=\"insufficient\"} 0\n");
  CHECK_THAT(text, Contains("pilotwatch_limit_threshold{" + labels + ",direction=\"above\"} 0.08\n"));
  CHECK_THAT(text, Contains("pilotwatch_limit_threshold_usage_ratio{" + labels + "} 1.25\n"));
  CHECK_THAT(text, Contains("pilotwatch_limit_firing{" + labels + "} 1\n"));
  CHECK_THAT(text, Contains("pilotwatch_limit_transitions_total{" + labels + "} 3\n"));
}

TEST_CASE("A limit that cannot be judged has a state and no value") {
  auto fixture = support::triage();
  fixture->snapshot.limits[0].state = judge::State::no_data;
  const auto text = scrape(*fixture);
  CHECK(samples(text, "pilotwatch_limit_value") == "");
  CHECK(samples(text, "pilotwatch_limit_threshold_usage_ratio") == "");
  CHECK_THAT(text, Contains("severity=\"critical\",state=\"no_data\"} 1\n"));
  CHECK_THAT(text, Contains("pilotwatch_limit_firing{pilot=\"triage\",limit=\"errors\",severity=\"critical\"} 1\n"));
  CHECK_THAT(text,
             Contains("pilotwatch_limit_state{pilot=\"triage\",limit=\"missed\",severity=\"warning\",attribute=\"sex\","
                      "group=\"m\",state=\"insufficient\"} 1\n"));
}

TEST_CASE("A minimum is used up as the value falls") {
  auto fixture = support::triage();
  auto& limit = fixture->settings.pilots[0].limits[0];
  limit.max.reset();
  limit.min = 50;
  fixture->snapshot.limits[0].value = 200;
  CHECK_THAT(scrape(*fixture),
             Contains("pilotwatch_limit_threshold_usage_ratio{pilot=\"triage\",limit=\"errors\",severity="
                      "\"critical\"} 0.25\n"));
  fixture->snapshot.limits[0].value = 0;
  CHECK_THAT(scrape(*fixture), Contains("severity=\"critical\"} +Inf\n"));
  CHECK_THAT(scrape(*fixture), Contains(",direction=\"below\"} 50\n"));
}

TEST_CASE("What a source will surely send starts at zero, reasons included") {
  const auto text = scrape(*support::triage());
  CHECK(samples(text, "pilotwatch_ingest_records_total") ==
        "pilotwatch_ingest_records_total{source=\"http\",stream=\"predictions\"} 210\n"
        "pilotwatch_ingest_records_total{source=\"http\",stream=\"outcomes\"} 0\n"
        "pilotwatch_ingest_records_total{source=\"http\",stream=\"complaints\"} 0\n"
        "pilotwatch_ingest_records_total{source=\"http\",stream=\"complaint_updates\"} 0\n"
        "pilotwatch_ingest_records_total{source=\"http\",stream=\"reviews\"} 0\n"
        "pilotwatch_ingest_records_total{source=\"http\",stream=\"feedback\"} 0\n"
        "pilotwatch_ingest_records_total{source=\"http\",stream=\"changes\"} 0\n"
        "pilotwatch_ingest_records_total{source=\"http\",stream=\"unknown\"} 0\n");
  CHECK_THAT(text, Contains("{source=\"http\",stream=\"predictions\",reason=\"schema\"} 7\n"));
  CHECK_THAT(text, Contains("{source=\"http\",stream=\"unknown\",reason=\"json\"} 0\n"));
}

TEST_CASE("Webhooks: every counter and gauge, with zeros for what has not happened") {
  const auto fixture = support::triage();
  auto& hook = fixture->self.webhooks.emplace_back();
  hook.webhook = "ops";
  hook.sent = 1;
  hook.attempts = 9;
  hook.seconds = 2.5;
  for (std::size_t i = 0; i < sinks::webhook_failure_count; ++i) hook.failures[i] = 10 + i;
  hook.exhausted = 3;
  hook.gave_way = {4, 41};
  hook.queue_bytes = 61;
  hook.queue_capacity_bytes = 71;
  hook.dropped_disabled = 5;
  hook.queue_length = 6;
  hook.queue_capacity = 7;
  hook.oldest = fixture->self.now - Millis{1500};
  hook.disabled_since = hook.last_success = Instant{Millis{8000}};
  fixture->self.webhooks.emplace_back().webhook = "idle";
  fixture->self.outbox = {{{"disk_full", 21}, {"io", 0}}, 22, true, {{"gone", 31}}, {{"ops", 32}, {"lost", 33}}};
  const auto text = scrape(*fixture);
  for (const char* line :
       {"events_sent_total{webhook=\"ops\"} 1", "attempts_total{webhook=\"ops\"} 9",
        "attempt_seconds_total{webhook=\"ops\"} 2.5", "events_dropped_total{webhook=\"ops\",reason=\"exhausted\"} 3",
        "events_dropped_total{webhook=\"ops\",reason=\"queue_full\"} 4",
        "events_dropped_total{webhook=\"ops\",reason=\"queue_bytes\"} 41", "queue_bytes{webhook=\"ops\"} 61",
        "queue_capacity_bytes{webhook=\"ops\"} 71",
        "events_dropped_total{webhook=\"gone\",reason=\"removed\"} 31",
        "events_dropped_total{webhook=\"ops\",reason=\"damaged\"} 32",
        "events_dropped_total{webhook=\"lost\",reason=\"damaged\"} 33",
        "events_dropped_total{webhook=\"idle\",reason=\"damaged\"} 0",
        "outbox_write_failures_total{reason=\"disk_full\"} 21", "outbox_write_failures_total{reason=\"io\"} 0",
        "outbox_unwritten_events 22", "outbox_degraded 1",
        "events_dropped_total{webhook=\"ops\",reason=\"disabled\"} 5", "queue_length{webhook=\"ops\"} 6",
        "queue_capacity{webhook=\"ops\"} 7", "oldest_age_seconds{webhook=\"ops\"} 1.5", "disabled{webhook=\"ops\"} 1",
        "last_success_timestamp_seconds{webhook=\"ops\"} 8", "oldest_age_seconds{webhook=\"idle\"} 0",
        "disabled{webhook=\"idle\"} 0", "failures_total{webhook=\"ops\",reason=\"http_3xx\"} 10",
        "failures_total{webhook=\"ops\",reason=\"store\"} 20", "failures_total{webhook=\"idle\",reason=\"tls\"} 0"}) {
    CHECK_THAT(text, Contains(std::string("\npilotwatch_webhook_") + line + "\n"));
  }
  CHECK_THAT(text, !Contains("last_success_timestamp_seconds{webhook=\"idle\"}"));
}

TEST_CASE("The daemon about itself") {
  const auto text = scrape(*support::triage());
  CHECK_THAT(text, Contains("pilotwatch_config_hash 255\n"));
  CHECK_THAT(text, Contains("pilotwatch_evaluation_seconds_total 0.5\n"));
  CHECK_THAT(text, Contains("pilotwatch_http_requests_total{handler=\"/metrics\",code=\"200\"} 5\n"));
  CHECK_THAT(text, Contains("pilotwatch_notifications_dropped_total{target=\"am:9093\",reason=\"queue_full\"} 0\n"));
  CHECK_THAT(text, Contains("pilotwatch_log_messages_total{level=\"warn\"} 1\n"));
  CHECK_THAT(text, Contains("\npilotwatch_series " + std::to_string(sample_count(text)) + "\n"));
  for (const char* name : {"cpu_seconds_total", "open_fds", "max_fds", "virtual_memory_bytes", "resident_memory_bytes",
                           "start_time_seconds"}) {
    CHECK_THAT(text, Contains(std::string("\nprocess_") + name + " "));
  }
}

TEST_CASE("No family is without series, and families are sorted") {
  const support::SnapshotFixture empty;
  const auto families = sinks::metric_families(empty.snapshot, empty.self);
  for (const auto& family : families) CHECK(!family.metric.empty());
  CHECK(std::ranges::is_sorted(families, {}, &prometheus::MetricFamily::name));
}

TEST_CASE("A reference shows which versions are compared with it") {
  auto fixture = support::triage();
  auto& view = fixture->snapshot.pilots.front();
  auto second = view.references.front();
  second.id = "00ff";
  second.kind = settings::ReferenceKind::previous_version;
  second.name = "last month";
  second.versions = {"7", "8"};
  view.references.push_back(second);
  CHECK(samples(scrape(*fixture), "pilotwatch_drift_reference_info") ==
        R"(pilotwatch_drift_reference_info{pilot="triage",reference="0123456789abcdef0123456789abcdef",kind="first"} 1
pilotwatch_drift_reference_info{pilot="triage",reference="00ff",kind="previous_version",name="last month",)"
        R"(model_version="7"} 1
pilotwatch_drift_reference_info{pilot="triage",reference="00ff",kind="previous_version",name="last month",)"
        R"(model_version="8"} 1
)");
}

TEST_CASE("Bounds of a pilot: what is taken, what may be, and what was given up") {
  auto fixture = support::triage();
  auto& view = fixture->snapshot.pilots[0];
  view.bounds = {{"kept", 7, 10}};
  view.labels = {{"sex", 2, 50}};
  view.counters.parked_dropped = {1, 2, 3, 4};
  view.reference.categories = {{"form", 5, 6}};
  fixture->self.max_pilots = 1000;
  fixture->self.max_series = 123'456;
  fixture->self.decision_index_bytes = 12;
  const auto text = scrape(*fixture);
  CHECK_THAT(text, Contains("pilotwatch_bound_used{pilot=\"triage\",bound=\"kept\"} 7\n"
                            "pilotwatch_bound_used{bound=\"pilots\"} 1\n"
                            "pilotwatch_bound_used{bound=\"series\"} "));
  CHECK(samples(text, "pilotwatch_bound_limit") ==
        "pilotwatch_bound_limit{pilot=\"triage\",bound=\"kept\"} 10\npilotwatch_bound_limit{bound=\"pilots\"} 1000\n"
        "pilotwatch_bound_limit{bound=\"series\"} 123456\n");
  CHECK(samples(text, "pilotwatch_parked_dropped_total") ==
        "pilotwatch_parked_dropped_total{pilot=\"triage\",stream=\"outcomes\"} 1\n"
        "pilotwatch_parked_dropped_total{pilot=\"triage\",stream=\"reviews\"} 2\n"
        "pilotwatch_parked_dropped_total{pilot=\"triage\",stream=\"complaint_updates\"} 3\n"
        "pilotwatch_parked_dropped_total{pilot=\"triage\",stream=\"prediction_parts\"} 4\n");
  CHECK_THAT(text, Contains("\npilotwatch_label_values{pilot=\"triage\",label=\"sex\"} 2\n"));
  CHECK_THAT(text, Contains("\npilotwatch_label_values_limit{pilot=\"triage\",label=\"sex\"} 50\n"));
  CHECK(samples(text, "pilotwatch_drift_reference_categories") ==
        "pilotwatch_drift_reference_categories{pilot=\"triage\",feature=\"form\",of=\"own\"} 5\n"
        "pilotwatch_drift_reference_categories{pilot=\"triage\",feature=\"form\",of=\"other\"} 6\n");
  CHECK_THAT(text, Contains("\npilotwatch_decisions_index_bytes 12\n"));
}

namespace {

/// The names and labels of all samples but those that say how many there are.
std::set<std::string> series_of(const std::string& text) {
  std::istringstream lines(text);
  std::set<std::string> out;
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with("#")) out.insert(line.substr(0, line.rfind(' ')));
  }
  return out;
}

/// Two pilots with two windows of 30 groups each.
std::unique_ptr<support::SnapshotFixture> with_many_groups() {
  auto fixture = support::triage();
  fixture->settings.pilots.reserve(2);
  fixture->settings.pilots.push_back(fixture->settings.pilots[0]);
  fixture->settings.pilots[1].name = "other";
  for (auto& status : fixture->snapshot.limits) {
    status.limit = &fixture->settings.pilots[0].limits[status.limit->segment.empty() ? 0 : 1];
    status.pilot = &fixture->settings.pilots[0];
  }
  auto& views = fixture->snapshot.pilots;
  views.push_back(views[0]);
  for (std::size_t i = 0; i < 2; ++i) {
    auto& view = views[i];
    view.settings = &fixture->settings.pilots[i];
    view.windows.clear();
    for (const char* kind : {"day", "week"}) {
      auto window = support::triage_day(support::at("2026-03-01T00:00:00Z"));
      window->kind_name = kind;
      window->kind = {kind[0] == 'd' ? settings::WindowKind::day : settings::WindowKind::week, 0};
      for (int group = 0; group < 30; ++group)
        window->counts.push_back(support::make_counts("sex", std::to_string(group), 10, 5, 1, 0, 3));
      view.windows.push_back(window);
    }
    fixture->settings.pilots[i].windows = {{settings::WindowKind::day, 0}, {settings::WindowKind::week, 0}};
  }
  return fixture;
}

}  // namespace

TEST_CASE("Beyond bounds.series figures of groups give way, then those of windows, and nothing else") {
  auto fixture = with_many_groups();
  const auto whole = series_of(scrape(*fixture));
  const auto is_figure = [](const std::string& series, bool groups) {
    const bool group = series.starts_with("pilotwatch_group_");
    const bool window = series.find(",window=") != std::string::npos && !series.starts_with("pilotwatch_limit_");
    return groups ? group : group || window;
  };
  std::size_t groups = 0, figures = 0;
  for (const auto& series : whole) {
    groups += is_figure(series, true) ? 1 : 0;
    figures += is_figure(series, false) ? 1 : 0;
  }
  REQUIRE(groups > 50);
  REQUIRE(figures > groups + 50);
  for (const std::size_t least : {whole.size(), whole.size() - 1, whole.size() - groups, whole.size() - groups - 1,
                                  whole.size() - figures, std::size_t{1}}) {
    CAPTURE(least, whole.size());
    fixture->self.max_series = least;
    const auto all = sinks::scrape(fixture->snapshot, fixture->self);
    const auto text = sinks::expose(all.families, sinks::Exposition::text);
    const auto now = series_of(text);
    CHECK(now.size() == all.series);
    CHECK(all.series + all.left_out == whole.size());
    CHECK((all.left_out > 0) == (least < whole.size()));
    CHECK(all.series <= std::max(least, whole.size() - figures));
    for (const auto& family : all.families) CHECK(!family.metric.empty());
    for (const auto& series : whole) {
      if (now.contains(series)) continue;
      CAPTURE(series);
      CHECK(is_figure(series, least >= whole.size() - groups));
    }
    if (least < whole.size() - groups) CHECK(samples(text, "pilotwatch_group_").empty());
    double told = 0;
    std::istringstream lines(samples(text, "pilotwatch_series_left_out"));
    for (std::string line; std::getline(lines, line);) told += std::stod(line.substr(line.rfind(' ')));
    CHECK(told == static_cast<double>(all.left_out));
  }
}

TEST_CASE("The figures of one window and pilot are left out together") {
  auto fixture = with_many_groups();
  const auto whole = series_of(scrape(*fixture));
  const auto unit = [](const std::string& series) {
    const auto value = [&](const std::string& name) {
      const auto at = series.find(name + "=\"");
      return at == std::string::npos ? "" : series.substr(at, series.find('"', at + name.size() + 2) - at);
    };
    return value("{pilot") + value(",window");
  };
  for (std::size_t most = 100; most < whole.size(); most += 97) {
    fixture->self.max_series = most;
    const auto now = series_of(scrape(*fixture));
    std::set<std::string> gone, here;
    for (const auto& series : whole) {
      if (series.starts_with("pilotwatch_group_")) (now.contains(series) ? here : gone).insert(unit(series));
    }
    for (const auto& name : gone) CHECK(!here.contains(name));
  }
}
