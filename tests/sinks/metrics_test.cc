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
