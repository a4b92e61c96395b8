// SPDX-License-Identifier: Apache-2.0
// What `top` reads and draws, against golden/top.80.txt and .120.txt (see explain_text_test.cc).
#include <catch2/catch.hpp>

#include "app/golden.h"
#include "app/top_frame.h"

using namespace pilotwatch;
using namespace pilotwatch::app;
using Json = nlohmann::ordered_json;

namespace {

Json limit(const char* name, const char* state, double value, double threshold, const char* group = nullptr) {
  return {{"limit", name},     {"group", group == nullptr ? Json() : Json(group)},
          {"state", state},    {"direction", "above"},
          {"value", value},    {"threshold", threshold},
          {"budget", nullptr}, {"last_transition", "2026-03-01T09:30:00Z"}};
}

Json pilot(const char* name, double predictions, Json limits) {
  return {{"pilot", name},
          {"counters",
           {{"predictions", predictions}, {"outcomes", predictions / 2}, {"last_prediction", "2026-03-01T10:00:00Z"}}},
          {"limits", std::move(limits)}};
}

Json pilots(double more) {
  auto evidence = limit("drift-of-age", "warning", .6, 1);
  evidence["budget"] = {{"ratio", .75}};
  auto few = limit("silence", "ok", 40, 20);
  few["direction"] = "below";
  return Json::array({pilot("routing", 12'000 + more,
                            Json::array({limit("error-rate", "breach", .18, .12), evidence, few,
                                         limit("errors-by-district", "recovering", .1, .15, "north-\x1b[31mwest"),
                                         limit("complaints", "ok", 2, 12)})),
                      pilot("fraud", 50, Json::array({limit("missed", "collecting", 0, .4)})),
                      pilot("a-pilot-with-quite-a-long-name-of-its-own", 0, Json::array())});
}

std::string metrics(int accepted) {
  return "# HELP pilotwatch_ready x\n# TYPE pilotwatch_ready gauge\npilotwatch_ready 1\n"
         "pilotwatch_ingest_accepted_records_total{source=\"http\",stream=\"predictions\"} " +
         std::to_string(accepted) +
         "\n"
         "pilotwatch_ingest_accepted_records_total{source=\"log\",stream=\"outcomes\"} 1000\n"
         "pilotwatch_ingest_rejected_records_total{source=\"a \\\"b\",reason=\"json\"} 3\n"
         "pilotwatch_ingest_queue_length 2\npilotwatch_ingest_queue_capacity 256\n"
         "pilotwatch_ingest_queue_bytes 2048\npilotwatch_ingest_queue_capacity_bytes 2.68435456e+08\n"
         "pilotwatch_store_size_bytes{file=\"db\"} 1048576\npilotwatch_store_size_bytes{file=\"wal\"} 4096\n"
         "pilotwatch_store_free_disk_bytes 1e+10\npilotwatch_store_commits_total 10\npilotwatch_store_degraded 0\n"
         "process_resident_memory_bytes 5e+07\nprocess_start_time_seconds 1772340000\n"
         "pilotwatch_notifications_queue_length{target=\"main\"} "
         "1\npilotwatch_notifications_failed_total{target=\"main\"} 7\n"
         "nonsense\n";
}

TopView view() {
  TopView out;
  out.url = "http://127.0.0.1:9464";
  out.before = read_top(pilots(0), metrics(5000), 100);
  out.now = read_top(pilots(500), metrics(5050), 102);
  out.clock_s = 1772360000;
  return out;
}

std::string text_of(const std::vector<TopLine>& lines) {
  std::string out;
  for (const auto& line : lines) out += line.text + "\n";
  return out;
}

}  // namespace

TEST_CASE("top: what it reads of the daemon's answers") {
  const auto sample = read_top(pilots(0), metrics(5000), 1);
  CHECK(sample.accepted == 6000);
  CHECK(sample.rejected == 3);
  CHECK(sample.wal_bytes == 4096);
  CHECK(sample.queue_capacity_bytes == 268435456);
  REQUIRE(sample.targets.size() == 1);
  CHECK(sample.targets[0].failed == 7);
  REQUIRE(sample.pilots.size() == 3);
  CHECK(sample.pilots[0].alerts == 2);
  CHECK(sample.pilots[0].worst->limit == "error-rate");
  CHECK(*sample.pilots[0].worst->ratio == Approx(1.5));
  REQUIRE(sample.limits.size() == 3);  // the most urgent first
  CHECK(sample.limits[0].state == "breach");
  CHECK(sample.limits[1].state == "recovering");
  CHECK(*sample.limits[2].ratio == .75);  // of a budget its evidence
}

TEST_CASE("top: the screen in 80 and in 120 columns") {
  for (const std::size_t width : {80U, 120U}) {
    CAPTURE(width);
    const auto text = text_of(top_frame(view(), width, 0));
    testing::check_golden("top." + std::to_string(width) + ".txt", text);
    testing::check_lines(text, width);
  }
}

TEST_CASE("top: fits any terminal, and its last line tells the keys") {
  auto shown = view();
  shown.keys = true;
  shown.trouble = "http://127.0.0.1:9464: connection refused";
  for (const std::size_t width : {1U, 20U, 60U, 80U, 200U}) {
    for (const std::size_t height : {1U, 2U, 5U, 10U, 14U, 40U}) {
      CAPTURE(width, height);
      const auto lines = top_frame(shown, width, height);
      CHECK(lines.size() <= height);
      testing::check_lines(text_of(lines), width);
      if (height > 2 && width > 20) CHECK(lines.back().text.starts_with("q quits"));
    }
  }
}

TEST_CASE("top: scrolls what is below the totals, and not beyond its end") {
  auto shown = view();
  shown.keys = true;
  const auto top = top_frame(shown, 80, 12);
  shown.scroll = 3;
  const auto scrolled = top_frame(shown, 80, 12);
  CHECK(top[0].text == scrolled[0].text);
  CHECK(top[4].text == scrolled[4].text);
  CHECK(top[8].text == scrolled[5].text);
  shown.scroll = 1000;
  const auto end = top_frame(shown, 80, 12);
  CHECK(end[10].text.starts_with("warning"));
}

TEST_CASE("top: while nobody answers it says so, with what was seen last") {
  TopView nothing;
  nothing.url = "http://x";
  CHECK(top_frame(nothing, 80, 24).at(1).text == "waiting for an answer");
  nothing.trouble = "refused";
  CHECK(top_frame(nothing, 80, 24).at(1).text == "unreachable, trying again: refused");
  auto old = view();
  old.trouble = "refused";
  const auto lines = top_frame(old, 80, 24);
  CHECK(lines.at(1).paint == Paint::bad);
  CHECK(lines.size() > 10);
}

TEST_CASE("top: a counter that fell, as the daemon began anew, is no negative rate") {
  auto shown = view();
  std::swap(shown.now, shown.before);
  shown.now->at_s = 104;
  CHECK_THAT(text_of(top_frame(shown, 80, 0)), Catch::Matchers::Contains("0/s accepted"));
}
