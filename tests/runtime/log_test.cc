// SPDX-License-Identifier: Apache-2.0
#include "runtime/log.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstdlib>
#include <sstream>
#include <thread>
#include <vector>

using namespace pilotwatch;
using namespace pilotwatch::runtime;

namespace {

struct FixedClock final : Clock {
  [[nodiscard]] Instant now() const override { return *parse_rfc3339("2026-01-05T00:00:00Z"); }
};

struct Written {
  explicit Written(LogLevel level = LogLevel::debug, LogFormat format = LogFormat::logfmt, bool journal = false)
      : log({level, format, journal, &out, &clock}) {}
  /// The one line so far, with the place in this file cut out.
  std::string line() {
    std::string text = out.str();
    out.str("");
    const auto at = text.find("log_test.cc:");
    const auto end = text.find_first_not_of("0123456789", at + 12);
    return text.replace(at + 12, end - at - 12, "N");
  }
  std::ostringstream out;
  FixedClock clock;
  Log log;
};

}  // namespace

TEST_CASE("log: a line is spelled as Prometheus spells it") {
  Written w;
  w.log.component("journal").info("opened the store", {{"entries", 17}, {"path", "data/x.db"}});
  CHECK(w.line() ==
        "time=2026-01-05T00:00:00.000Z level=INFO source=log_test.cc:N component=journal msg=\"opened the store\" "
        "entries=17 path=data/x.db\n");
}

TEST_CASE("log: source is the line that logs") {
  Written w;
  w.log.warn("here");
  const std::string expected = "source=log_test.cc:" + std::to_string(__LINE__ - 1) + " ";
  CHECK(w.out.str().find(expected) != std::string::npos);
}

TEST_CASE("log: values are escaped, so that a line stays one line and a value one value") {
  const std::string nasty = "a=\"b\"\nc\\\td\x01\x7F";
  Written logfmt;
  logfmt.log.error("m", {{"err", nasty}, {"empty", ""}, {"del", "\x7F"}, {"bad", "\xFF"}});
  CHECK(logfmt.line() ==
        "time=2026-01-05T00:00:00.000Z level=ERROR source=log_test.cc:N msg=m "
        R"(err="a=\"b\"\nc\\\td\x01\x7f" empty="" del="\x7f" bad=)"
        "\xEF\xBF\xBD\n");
  Written json(LogLevel::debug, LogFormat::json);
  json.log.error("m", {{"err", nasty}, {"bad", "\xFF"}});
  CHECK(json.line() == R"({"time":"2026-01-05T00:00:00.000Z","level":"ERROR","source":"log_test.cc:N","msg":"m",)"
                       R"("err":"a=\"b\"\nc\\\td\u0001\u007f","bad":")"
                       "\xEF\xBF\xBD\"}\n");
}

TEST_CASE("log: numbers and truth values are bare in JSON, what is not finite is a text") {
  Written w(LogLevel::debug, LogFormat::json);
  w.log.component("core").debug("m",
                                {{"n", -3}, {"x", 0.5}, {"on", true}, {"nan", std::nan("")}, {"for", Millis{90'000}}});
  CHECK(w.line() ==
        R"({"time":"2026-01-05T00:00:00.000Z","level":"DEBUG","source":"log_test.cc:N","component":"core","msg":"m",)"
        R"("n":-3,"x":0.5,"on":true,"nan":"NaN","for":"1m30s"})"
        "\n");
}

TEST_CASE("log: under systemd lines carry their priority") {
  Written w(LogLevel::debug, LogFormat::logfmt, true);
  w.log.debug("m");
  CHECK(w.line().starts_with("<7>time="));
  w.log.info("m");
  CHECK(w.line().starts_with("<6>time="));
  w.log.warn("m");
  CHECK(w.line().starts_with("<4>time="));
  w.log.error("m");
  CHECK(w.line().starts_with("<3>time="));

  ::setenv("JOURNAL_STREAM", "8:1234", 1);
  CHECK(default_log_options().journal);
  ::unsetenv("JOURNAL_STREAM");
  CHECK_FALSE(default_log_options().journal);
}

TEST_CASE("log: below the level nothing is written or counted") {
  Written w(LogLevel::warn);
  w.log.debug("no");
  w.log.info("no");
  w.log.warn("yes");
  w.log.error("yes");
  w.log.component("x").error("yes");
  const auto counts = w.log.counts();
  CHECK(std::string(counts[0].first) == "debug");
  CHECK(counts[0].second == 0);
  CHECK(counts[1].second == 0);
  CHECK(counts[2].second == 1);
  CHECK(counts[3].second == 2);
  const std::string text = w.out.str();
  CHECK(std::count(text.begin(), text.end(), '\n') == 3);
}

TEST_CASE("log: lines from several threads are written whole") {
  Written w;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 100; ++i) w.log.info("message", {{"i", "x y"}});
    });
  }
  for (auto& thread : threads) thread.join();
  std::istringstream lines(w.out.str());
  int whole = 0;
  for (std::string line; std::getline(lines, line);) {
    whole += line.starts_with("time=") && line.ends_with(" msg=message i=\"x y\"");
  }
  CHECK(whole == 400);
  CHECK(w.log.counts()[1].second == 400);
}

TEST_CASE("log: names of levels and formats") {
  CHECK(parse_log_level("debug") == LogLevel::debug);
  CHECK(parse_log_level("error") == LogLevel::error);
  CHECK(parse_log_level("INFO") == std::nullopt);
  CHECK(parse_log_format("json") == LogFormat::json);
  CHECK(parse_log_format("logfmt") == LogFormat::logfmt);
  CHECK(parse_log_format("") == std::nullopt);
}

namespace {

struct Hand final : SteadyClock {
  [[nodiscard]] SteadyTime now() const override { return time; }
  SteadyTime time{};
};

std::size_t lines(const std::string& text) { return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n')); }

}  // namespace

TEST_CASE("log: what is said again within ten seconds is counted, and told later with how often it was") {
  const auto format = GENERATE(LogFormat::logfmt, LogFormat::json);
  const std::string twice = format == LogFormat::json ? "\"repeated\":2}" : "repeated=2\n";
  std::ostringstream out;
  FixedClock clock;
  Hand hand;
  const auto fail = [](const Log& log, int number) { log.error("the disk is full", {{"file", number}}); };
  {
    const Log log({LogLevel::debug, format, false, &out, &clock, &hand});
    for (int i = 0; i < 3; ++i) fail(log, 1);
    fail(log, 2);  // other words
    CHECK(lines(out.str()) == 2);
    CHECK(log.counts()[3].second == 2);
    CHECK(log.left_out()[3].second == 2);
    hand.time += std::chrono::seconds{10};
    fail(log, 1);
    CHECK(lines(out.str()) == 3);
    CHECK(out.str().find(twice) != std::string::npos);

    out.str("");
    for (int i = 0; i < 2; ++i) fail(log, 1);
    hand.time += std::chrono::seconds{10};
    log.settle();  // it has not come again, and must be told all the same
    CHECK(lines(out.str()) == 1);
    CHECK(out.str().find(twice) != std::string::npos);
    for (int i = 0; i < 3; ++i) fail(log, 1);
    hand.time += std::chrono::seconds{10};
    log.info("something else");  // or whoever logs next does
    CHECK(out.str().find(twice, out.str().find(twice) + 1) < out.str().find("something else"));
    out.str("");
    for (int i = 0; i < 3; ++i) log.info("the same, and no trouble");
    CHECK(lines(out.str()) == 3);
    out.str("");
    for (int i = 0; i < 3; ++i) fail(log, 3);
    CHECK(lines(out.str()) == 1);
    out.str("");
  }
  CHECK(out.str().find(twice) != std::string::npos);  // the end tells what is owed
}

TEST_CASE("log: of many different lines none is left out, and none that made room is forgotten") {
  std::ostringstream out;
  FixedClock clock;
  Hand hand;
  const Log log({LogLevel::debug, LogFormat::logfmt, false, &out, &clock, &hand});
  for (int i = 0; i < 2; ++i) log.warn("again", {{"number", -1}});
  for (int i = 0; i < 200; ++i) log.warn("other", {{"number", i}});
  CHECK(lines(out.str()) == 202);
  CHECK(out.str().find("number=-1 repeated=1\n") != std::string::npos);
}
