// SPDX-License-Identifier: Apache-2.0
#include "judge/judge.h"

#include "support/scenario.h"

using namespace pilotwatch;
using namespace pilotwatch::testing;
using judge::Finding;
using judge::State;
using settings::Metric;

namespace {

settings::Pilot watched(Millis wait = Millis{0}, Millis keep = Millis{0}) {
  auto pilot = binary_pilot();
  pilot.windows = {{settings::WindowKind::day, 0}};
  settings::Limit limit;
  limit.name = "errors";
  limit.window = pilot.windows[0];
  limit.max = 0.1;
  limit.min_n = 10;
  limit.for_ = wait;
  limit.keep_firing_for = keep;
  pilot.limits = {limit};
  return pilot;
}

engine::WindowResult window_of(double value, std::uint64_t n, const char* state = "ok") {
  engine::WindowResult out;
  engine::Figure f;
  f.metric = Metric::error_rate;
  f.n = n;
  f.state = state;
  if (f.state == "ok") {
    f.value = value;
    f.lower = value - 0.05;
    f.upper = value + 0.05;
  } else {
    f.reason = "no outcome known";
  }
  out.figures.push_back(f);
  return out;
}

/// One letter a day: x beyond, o within, ? too few, - no data. One letter back: . collecting, o ok, B breach, R
/// recovering, n no_data, i insufficient.
std::string play(const std::string& days, settings::Pilot pilot) {
  const auto settings = settings_of({std::move(pilot)});
  judge::Judge judge(settings);
  std::string out;
  Instant due = at("2026-01-02T00:00:00Z");
  for (const char c : days) {
    auto result = std::make_shared<engine::WindowResult>(c == 'x'   ? window_of(0.3, 100)
                                                         : c == 'o' ? window_of(0.05, 100)
                                                         : c == '?' ? window_of(0.3, 5)
                                                                    : engine::WindowResult{});
    std::vector<judge::Transition> changed;
    judge.look(settings.pilots[0], {&settings.pilots[0].windows[0], due, true, result}, due, changed);
    out += ".owBRni"[static_cast<std::size_t>(judge.statuses().front().state)];
    due += std::chrono::hours{24};
  }
  return out;
}

std::string play(const std::string& days, Millis wait = Millis{0}, Millis keep = Millis{0}) {
  return play(days, watched(wait, keep));
}

std::string play_of(std::uint64_t times, std::uint64_t of, const std::string& days, Millis wait = Millis{0},
                    Millis keep = Millis{0}) {
  auto pilot = watched(wait, keep);
  pilot.limits[0].times = times;
  pilot.limits[0].of = of;
  return play(days, std::move(pilot));
}

constexpr std::chrono::hours one_day{24};

}  // namespace

TEST_CASE("judge: breach, recovery, and what missing data may not do") {
  CHECK(play("oxo") == "oBo");
  CHECK(play("?x-?o") == "iBBBo");  // neither silence nor few cases end a breach
  CHECK(play("-o-") == "non");
}

TEST_CASE("judge: `for` makes a breach wait, and a gap starts the wait again") {
  CHECK(play("xxx", one_day) == "oBB");
  CHECK(play("xoxx", one_day) == "oooB");
  CHECK(play("x-xx", one_day) == "onoB");
}

TEST_CASE("judge: `keep_firing_for` makes the end wait; a relapse is the same episode, a gap starts the wait again") {
  CHECK(play("xooo", Millis{0}, 2 * one_day) == "BRRo");
  CHECK(play("xoxoo", Millis{0}, one_day) == "BRBRo");
  CHECK(play("xo-oo", Millis{0}, one_day) == "BRRRo");
}

TEST_CASE("judge: 2 of 3 windows: by hand") {
  // beyond of the last 3:   1 2 2 1 0                one alone, and two too far apart, are nothing
  CHECK(play_of(2, 3, "xxooo") == "oBBoo");
  CHECK(play_of(2, 3, "xooxoo") == "oooooo");
  CHECK(play_of(2, 3, "xoxoxo") == "ooBoBo");  // 1 1 2 1 2 1
  CHECK(play_of(3, 3, "xxoxxx") == "oooooB");
  CHECK(play_of(1, 3, "oxooo") == "oBBBo");  // it stays in sight for three windows
  CHECK(play_of(64, 64, std::string(65, 'x')) == std::string(63, 'o') + "BB");
}

TEST_CASE("judge: windows without data or with too few cases are none of the 3, and end nothing") {
  CHECK(play_of(2, 3, "x-?x") == "oniB");
  CHECK(play_of(2, 3, "xx-o?oo") == "oBBBBoo");
}

TEST_CASE("judge: with several windows `for` and `keep_firing_for` wait as they do with one") {
  CHECK(play_of(2, 3, "xxxx", one_day) == "ooBB");
  CHECK(play_of(2, 3, "xxo", one_day) == "ooB");  // two of three still: the condition holds, whatever the last one says
  CHECK(play_of(2, 3, "xxoooo", Millis{0}, one_day) == "oBBRoo");
  CHECK(play_of(2, 3, "xxooxx", Millis{0}, 3 * one_day) == "oBBRRB");  // a relapse takes two again
}

TEST_CASE("judge: which windows were beyond survives a restart, and the sentence counts them") {
  auto pilot = watched();
  pilot.limits[0].times = 2;
  pilot.limits[0].of = 3;
  const auto settings = settings_of({pilot});
  const auto look = [&](judge::Judge& judge, int day, double value) {
    const auto due = at("2026-01-02T00:00:00Z") + day * one_day;
    std::vector<judge::Transition> changed;
    judge.look(
        settings.pilots[0],
        {&settings.pilots[0].windows[0], due, true, std::make_shared<engine::WindowResult>(window_of(value, 100))}, due,
        changed);
    return judge.statuses().front();
  };
  judge::Judge before(settings), after(settings);
  look(before, 0, 0.3);
  look(before, 1, 0.05);
  ByteWriter out;
  before.write(out);
  const auto bytes = out.take();
  ByteReader in(bytes);
  after.read(in, Instant{});
  CHECK(after.statuses().front().windows_judged == 2);
  CHECK(after.statuses().front().windows_beyond == 1);
  const auto status = look(after, 2, 0.3);
  CHECK(status.state == State::breach);
  CHECK(status.reason ==
        "error_rate is 0.3 (95 % interval 0.25 to 0.35) in 100 cases, above the limit 0.1; 2 of the last 3 judged "
        "windows beyond it, a breach takes 2 of 3");
}

TEST_CASE("judge: another number of windows is another limit, the number 1 the one it was") {
  auto pilot = watched();
  const auto one = judge::fingerprint(pilot, pilot.limits[0]);
  pilot.limits[0].of = 3;
  const auto three = judge::fingerprint(pilot, pilot.limits[0]);
  pilot.limits[0].times = 2;
  CHECK(one != three);
  CHECK(three != judge::fingerprint(pilot, pilot.limits[0]));
  CHECK(one.find(" of ") == std::string::npos);  // as it was before there were any
}

TEST_CASE("judge: evidence `interval` waits until the whole interval is beyond, `point` does not") {
  auto limit = watched().limits[0];
  const auto kind = [&](double value) { return judge::examine(limit, "", window_of(value, 100)).kind; };
  CHECK(kind(0.14) == Finding::Kind::within);
  CHECK(kind(0.16) == Finding::Kind::beyond);
  limit.evidence = settings::Evidence::point;
  CHECK(kind(0.11) == Finding::Kind::beyond);
  limit.max.reset();
  limit.min = 0.2;
  CHECK(kind(0.19) == Finding::Kind::beyond);
  limit.evidence = settings::Evidence::interval;
  CHECK(kind(0.19) == Finding::Kind::within);
}

TEST_CASE("judge: the sentence says value, interval, cases and limit") {
  const auto limit = watched().limits[0];
  CHECK(judge::examine(limit, "", window_of(0.3, 100)).reason ==
        "error_rate is 0.3 (95 % interval 0.25 to 0.35) in 100 cases, above the limit 0.1");
  CHECK(judge::examine(limit, "", window_of(0.12, 100)).reason ==
        "error_rate is 0.12 (95 % interval 0.07 to 0.17) in 100 cases, above the limit 0.1, but the interval still "
        "allows for it");
  CHECK(judge::examine(limit, "", window_of(0.3, 3)).reason == "3 cases, fewer than min_n 10");
  CHECK(judge::examine(limit, "", window_of(0, 0, "insufficient")).kind == Finding::Kind::no_data);
}

TEST_CASE("judge: silence is no data for rates, but a volume of 0 is a value") {
  auto limit = watched().limits[0];
  CHECK(judge::examine(limit, "", {}).kind == Finding::Kind::no_data);
  limit.metric = Metric::volume;
  limit.max.reset();
  limit.min = 10;
  limit.evidence = settings::Evidence::point;
  CHECK(judge::examine(limit, "", {}).kind == Finding::Kind::beyond);
}

TEST_CASE("judge: a limit on a segment stands for each group, and a group that falls silent keeps its breach") {
  auto pilot = watched();
  pilot.segments.attributes = {"g"};
  pilot.limits[0].segment = "g";
  const auto settings = settings_of({pilot});
  judge::Judge judge(settings);
  auto both = std::make_shared<engine::WindowResult>();
  for (const auto* group : {"a", "b"}) {
    auto f = window_of(group[0] == 'a' ? 0.3 : 0.01, 100).figures[0];
    f.attribute = "g";
    f.group = group;
    both->figures.push_back(f);
  }
  std::vector<judge::Transition> changed;
  judge.look(settings.pilots[0], {&settings.pilots[0].windows[0], Instant{}, true, both}, Instant{}, changed);
  auto statuses = judge.statuses();
  REQUIRE(statuses.size() == 2);
  CHECK(statuses[0].group == "a");
  CHECK(statuses[0].state == State::breach);
  CHECK(statuses[1].state == State::ok);
  judge.look(settings.pilots[0],
             {&settings.pilots[0].windows[0], Instant{} + one_day, true, std::make_shared<engine::WindowResult>()},
             Instant{}, changed);
  statuses = judge.statuses();
  CHECK(statuses[0].state == State::breach);
  CHECK(statuses[1].state == State::no_data);
}

TEST_CASE("judge: a limit on a comparison looks at that comparison only, and by its interval never without one") {
  auto pilot = watched();
  pilot.segments.attributes = {"g"};
  auto& limit = pilot.limits[0];
  limit.segment = "g";
  limit.compare = settings::Compare::ratio;
  limit.max = 1.25;
  const auto window = [](std::optional<double> value, std::optional<double> lower, std::optional<double> upper) {
    engine::WindowResult out;
    engine::Figure plain;
    plain.metric = Metric::error_rate;
    plain.attribute = "g";
    plain.group = "a";
    plain.value = 0.9;
    plain.lower = 0.8;
    plain.upper = 1;
    plain.n = 100;
    plain.state = "ok";
    auto ratio = plain;
    ratio.compare = "ratio";
    ratio.against = "rest";
    ratio.value = value;
    ratio.lower = lower;
    ratio.upper = upper;
    out.figures = {plain, ratio};
    return out;
  };
  using Kind = Finding::Kind;
  CHECK(judge::examine(limit, "a", window(1.2, 1.1, 1.3)).kind == Kind::within);
  const auto beyond = judge::examine(limit, "a", window(2.0, 1.5, 2.6));
  CHECK(beyond.kind == Kind::beyond);
  CHECK(beyond.reason ==
        "error_rate, ratio to rest, is 2 (95 % interval 1.5 to 2.6) in 100 cases, above the limit 1.25");
  CHECK(judge::examine(limit, "a", window(9.0, std::nullopt, std::nullopt)).kind == Kind::insufficient);
  CHECK(judge::examine(limit, "a", window(std::nullopt, std::nullopt, std::nullopt)).kind == Kind::no_data);
  // Nobody complains in the other group: there is no ratio, but it is above the limit for certain, or not.
  CHECK(judge::examine(limit, "a", window(std::nullopt, 4.0, std::nullopt)).kind == Kind::beyond);
  CHECK(judge::examine(limit, "a", window(std::nullopt, 0.5, std::nullopt)).kind == Kind::within);
  limit.evidence = settings::Evidence::point;
  CHECK(judge::examine(limit, "a", window(9.0, std::nullopt, std::nullopt)).kind == Kind::beyond);
  CHECK(judge::examine(limit, "a", window(std::nullopt, 4.0, std::nullopt)).kind == Kind::no_data);
  CHECK(judge::examine(limit, "b", window(9.0, 8.0, 10.0)).kind == Kind::no_data);
}

TEST_CASE("judge: what a comparison is and whom it is with belong to the limit's epoch") {
  auto pilot = watched();
  auto& limit = pilot.limits[0];
  limit.segment = "g";
  const auto plain = judge::fingerprint(pilot, limit);
  limit.compare = settings::Compare::difference;
  const auto difference = judge::fingerprint(pilot, limit);
  limit.compare = settings::Compare::ratio;
  const auto ratio = judge::fingerprint(pilot, limit);
  pilot.segments.reference_groups["g"] = "a";
  const auto named = judge::fingerprint(pilot, limit);
  CHECK(plain != difference);
  CHECK(difference != ratio);
  CHECK(ratio != named);
}
