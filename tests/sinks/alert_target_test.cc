// SPDX-License-Identifier: Apache-2.0
// What an operator sees of an Alertmanager: its state, its clock, what it refuses; by clocks of the test's own.
#include "sinks/alert_target.h"

#include <catch2/catch.hpp>
#include <functional>
#include <nlohmann/json.hpp>
#include <sstream>

using namespace pilotwatch;
using namespace pilotwatch::sinks;
using namespace std::chrono_literals;

namespace {

const Instant t0 = parse_rfc3339("2026-03-01T10:00:00Z").value();

struct WallClock final : Clock {
  [[nodiscard]] Instant now() const override { return time; }
  Instant time = t0;
};

struct ManualClock final : SteadyClock {
  [[nodiscard]] SteadyTime now() const override { return time; }
  SteadyTime time{std::chrono::hours{1}};
};

Alert alert_named(const std::string& name) {
  return {{{"alertname", name}, {"pilot", "p"}}, {}, t0, {}, "http://pilotwatch/"};
}

PostResult answer(long status, const std::string& body = "") {
  PostResult out;
  out.status = status;
  out.body = body;
  return out;
}

/// One target; each request is answered by `will`.
struct Fixture {
  Fixture() {
    to.url = "http://am:9093";
    to.name = "am";
    target.emplace(
        notify, to, clock, steady,
        [this](const std::string& json, Millis, Instant, const auto&) { return will(nlohmann::json::parse(json)); },
        &log);
  }
  void send(const std::string& name) {
    target->push({alert_named(name)});
    while (target->step() == 0ms) {
    }
  }
  void pass(Millis time) {
    clock.time += time;
    steady.time += time;
  }
  [[nodiscard]] std::size_t logged(const std::string& text) const {
    std::size_t count = 0;
    for (auto at = lines.str().find(text); at != std::string::npos; at = lines.str().find(text, at + 1)) ++count;
    return count;
  }

  settings::Notify notify;
  settings::Alertmanager to;
  WallClock clock;
  ManualClock steady;
  std::ostringstream lines;
  runtime::Log log{{.out = &lines, .steady = &steady}};
  std::function<PostResult(const nlohmann::json& alerts)> will = [](const auto&) { return answer(200); };
  std::optional<AlertTarget> target;
};

/// Answers of an Alertmanager whose clock is ahead by so much.
auto ahead(const Fixture& f, Millis by) {
  return [&f, by](const auto&) {
    auto out = answer(200);
    out.date = f.clock.now() + by;
    return out;
  };
}

}  // namespace

TEST_CASE("alert target: a clock that differs is told when that begins, every ten minutes, and when it is over") {
  Fixture f;
  f.will = ahead(f, 30s);
  f.send("a");
  CHECK(f.target->stats().skew_seconds == 30);
  CHECK(f.lines.str().empty());
  f.will = ahead(f, -31s);
  for (int minute = 0; minute < 25; ++minute) {
    f.send("a");
    f.pass(1min);
  }
  CHECK(f.logged("clocks of this host and of an Alertmanager differ") == 3);  // after 0, 10 and 20 minutes
  CHECK(f.logged("target=am skew_seconds=-31") == 3);
  f.will = ahead(f, 0s);
  f.send("a");
  f.send("a");
  CHECK(f.logged("agree again") == 1);
  CHECK(f.target->stats().skew_seconds == 0);
}

TEST_CASE("alert target: a clock that differs on and off is not told each time") {
  Fixture f;
  for (int minute = 0; minute < 25; ++minute) {
    f.will = ahead(f, 1h);
    f.send("a");
    f.will = ahead(f, 0s);
    f.send("a");
    f.pass(1min);
  }
  CHECK(f.logged("Alertmanager differ") == 3);
  CHECK(f.logged("agree again") == 3);
}

TEST_CASE("alert target: an answer that took long says nothing of clocks, and one without a date changes nothing") {
  Fixture f;
  CHECK(f.target->stats().skew_seconds == std::nullopt);
  f.will = [&](const auto&) {
    auto out = answer(200);
    out.date = f.clock.now() + 20s;  // it looked at its clock in between
    f.pass(60s);
    return out;
  };
  f.send("a");
  CHECK(f.target->stats().skew_seconds == 0);
  f.will = [&](const auto&) {
    auto out = answer(200);
    out.date = f.clock.now() + 100s;
    f.pass(60s);
    return out;
  };
  f.send("a");
  CHECK(f.target->stats().skew_seconds == 40);
  f.will = [](const auto&) { return answer(200); };
  f.send("a");
  CHECK(f.target->stats().skew_seconds == 40);
  CHECK(f.logged("differ") == 1);
}

TEST_CASE(
    "alert target: what goes wrong has a time and a state, is told when it begins, every ten minutes, and when it is "
    "over") {
  Fixture f;
  CHECK(f.target->stats().state == TargetState::idle);
  CHECK(f.target->stats().url == "http://am:9093");
  f.send("a");
  CHECK(f.target->stats().state == TargetState::ok);
  CHECK(f.target->stats().last_error_at == std::nullopt);
  f.will = [](const auto&) { return answer(503, "out\nof order\n"); };
  f.pass(1min);
  f.target->push({alert_named("b"), alert_named("c")});
  for (int minute = 1; minute < 25; ++minute) {
    CHECK(f.target->step() > 0ms);
    f.pass(1min);
  }
  auto stats = f.target->stats();
  CHECK(stats.state == TargetState::failing);
  CHECK(stats.failing_since == t0 + 1min);
  CHECK(stats.last_error == "HTTP 503: out of order");
  CHECK(stats.last_error_at == t0 + 24min);
  CHECK(f.logged("alerts cannot be sent to an Alertmanager; they wait") == 3);
  CHECK(f.logged(R"(target=am waiting=2 err="HTTP 503: out of order")") == 3);
  f.will = [](const auto&) { return answer(200); };
  CHECK(f.target->step() == 0ms);
  stats = f.target->stats();
  CHECK(stats.state == TargetState::ok);
  CHECK(stats.failing_since == std::nullopt);
  CHECK(stats.last_success == t0 + 25min);
  CHECK(f.logged("alerts can be sent to an Alertmanager again") == 1);
  f.target->begin_stop(1min);
  CHECK(f.target->stats().state == TargetState::draining);
}

TEST_CASE("alert target: an alert that is refused is kept with the answer, once, however often") {
  Fixture f;
  f.will = [](const auto& alerts) {
    for (const auto& alert : alerts) {
      if (alert.at("labels").at("alertname") == "bad") return answer(400, "bad \xFF label\n" + std::string(300, 'x'));
    }
    return answer(200);
  };
  f.target->push({alert_named("a"), alert_named("bad"), alert_named("b")});
  while (f.target->step() == 0ms) {
  }
  f.pass(1min);
  f.send("bad");
  auto stats = f.target->stats();
  CHECK(stats.sent == 2);
  CHECK(stats.dropped_rejected == 2);
  CHECK(stats.state == TargetState::ok);
  REQUIRE(stats.refused.size() == 1);
  const auto& refused = stats.refused[0];
  CHECK(refused.labels == alert_named("bad").labels);
  CHECK(refused.first == t0);
  CHECK(refused.last == t0 + 1min);
  CHECK(refused.times == 2);
  CHECK(refused.status == 400);
  CHECK(refused.answer.starts_with("bad \ufffd label xxx"));
  CHECK(refused.answer.size() < 210);
  CHECK(f.logged("an Alertmanager refuses an alert") == 1);
  CHECK(f.logged(R"(alert="{alertname=\"bad\", pilot=\"p\"}" status=400 answer="bad)") == 1);
  f.pass(9min);
  f.send("bad");
  CHECK(f.logged("an Alertmanager refuses an alert") == 2);
}

TEST_CASE("alert target: of alerts that are refused the last twenty are kept, and each is told") {
  Fixture f;
  f.will = [](const auto&) { return answer(422, "no"); };
  for (int i = 0; i < 25; ++i) f.send("a" + std::to_string(i));
  f.send("a10");
  const auto refused = f.target->stats().refused;
  REQUIRE(refused.size() == 20);
  CHECK(refused[0].labels.at("alertname") == "a10");
  CHECK(refused[0].times == 2);
  CHECK(refused[1].labels.at("alertname") == "a24");
  CHECK(refused[19].labels.at("alertname") == "a5");
  CHECK(f.logged("an Alertmanager refuses an alert") == 25);
  CHECK(f.target->stats().dropped_rejected == 26);
}

TEST_CASE("alert target: one that takes nothing is not ok") {
  Fixture f;
  f.will = [](const auto&) { return answer(400, "bad label"); };
  f.send("a");
  CHECK(f.target->stats().state == TargetState::refusing);  // it has never taken any
  f.will = [](const auto&) { return answer(200); };
  f.send("a");
  CHECK(f.target->stats().state == TargetState::ok);
  f.will = [](const auto&) { return answer(422, "bad URL"); };
  f.send("a");
  f.send("b");
  CHECK(f.target->stats().state == TargetState::ok);  // bad ones among others, perhaps
  f.send("c");
  CHECK(f.target->stats().state == TargetState::refusing);
  CHECK(f.logged("can be sent to an Alertmanager again") == 0);
}

TEST_CASE("alert target: refusals by turns are each told once in ten minutes, with how often") {
  Fixture f;
  f.will = [](const auto&) { return answer(400, "bad label"); };
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 30; ++i) f.send("bad" + std::to_string(i));
    f.pass(1min);
  }
  CHECK(f.logged("refuses an alert") == 30);
  const auto refused = f.target->stats().refused;
  REQUIRE(refused.size() == 20);
  CHECK(refused[0].labels == alert_named("bad29").labels);
  CHECK(refused[0].times == 3);
  CHECK(refused[0].first == t0);
}
