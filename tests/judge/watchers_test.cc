// SPDX-License-Identifier: Apache-2.0
// The forms of limits on decisions (judge/watch_*.cc), through the whole fold.
#include <algorithm>
#include <cmath>
#include <random>

#include "stats/interval/sequence.h"
#include "support/budget_scenario.h"

using namespace pilotwatch;
using namespace pilotwatch::testing;
using judge::State;
using settings::Compare;
using settings::Metric;

namespace {

constexpr Millis minute = std::chrono::minutes{1};

bool breached(const Scenario& scenario, const std::string& limit, const std::string& group = "") {
  return std::any_of(scenario.transitions.begin(), scenario.transitions.end(), [&](const auto& t) {
    return t.limit == limit && t.group == group && t.to == State::breach;
  });
}

const judge::Transition& breach_of(const Scenario& scenario, const std::string& limit) {
  const auto found =
      std::find_if(scenario.transitions.begin(), scenario.transitions.end(),
                   [&](const auto& t) { return t.limit == limit && t.to == State::breach; });
  REQUIRE(found != scenario.transitions.end());
  return *found;
}

/// Decisions of groups `a` (four of five) and `b`; `wrong(i, is_b)` is the chance of an error.
template <class Wrong>
void send_groups(Scenario& scenario, std::uint64_t seed, int n, Wrong wrong, int from = 0) {
  std::mt19937_64 rng{seed};
  for (int i = from; i < from + n; ++i) {
    const bool b = rng() % 5 == 0;
    Case c{at("2026-01-01T00:00:00Z") + minute * i, std::to_string(i), rng() % 2 == 0, false,
           std::string(R"(,"segments":{"g":")") + (b ? "b" : "a") + R"("})"};
    c.actual = (static_cast<double>(rng() % 10'000) < 10'000 * wrong(i, b)) != c.predicted;
    scenario.send(prediction(c) + outcome(c, minute));
  }
}

settings::Pilot compared(settings::Limit limit) {
  limit.compare = limit.compare == Compare::none ? Compare::difference : limit.compare;
  limit.segment = "g";
  auto pilot = watched({limit});
  pilot.segments.attributes = {"g"};
  return pilot;
}

TEST_CASE("watchers: a gap between groups beyond the limit is found for the group that has it, and its end too") {
  Scenario scenario(settings_of({compared(budget("gap", Metric::error_rate, .05))}));
  const auto gap = [](int i, bool b) { return b && i >= 4000 && i < 9000 ? .4 : .1; };
  send_groups(scenario, 1, 30'000, gap);
  CHECK(breached(scenario, "gap", "b"));
  CHECK_FALSE(breached(scenario, "gap", "a"));
  const auto& breach = breach_of(scenario, "gap");
  CHECK(breach.at > at("2026-01-01T00:00:00Z") + minute * 4000);
  REQUIRE(breach.evidence);
  CHECK(breach.evidence->formula == "e-sr-gap/v1");
  CHECK(breach.evidence->block == 100);
  CHECK(breach.reason.find("error_rate (difference): beyond its limit") == 0);
  CHECK(scenario.transitions.back().group == "b");
  CHECK(scenario.transitions.back().to == State::ok);
}

TEST_CASE("watchers: a rise of all groups together is no gap") {
  Scenario scenario(settings_of({compared(budget("gap", Metric::error_rate, .05))}));
  send_groups(scenario, 2, 20'000, [](int i, bool) { return i < 10'000 ? .1 : .5; });
  CHECK_FALSE(breached(scenario, "gap", "a"));
  CHECK_FALSE(breached(scenario, "gap", "b"));
}

TEST_CASE("watchers: ratios, lower bounds and a group that the others are compared with") {
  auto ratio = budget("twice", Metric::error_rate, 2);
  ratio.compare = Compare::ratio;
  auto pilot = compared(ratio);
  auto below = pilot.limits[0];
  below.name = "half";
  below.max.reset();
  below.min = .5;
  pilot.limits.push_back(below);
  pilot.segments.reference_groups["g"] = "a";
  Scenario scenario(settings_of({pilot}));
  send_groups(scenario, 3, 12'000, [](int, bool b) { return b ? .45 : .1; });
  CHECK(breached(scenario, "twice", "b"));
  CHECK_FALSE(breached(scenario, "half", "b"));
  for (const auto& status : scenario.fold.statuses()) CHECK(status.group != "a");  // it is what others are compared with
  Scenario mirrored(settings_of({pilot}));
  send_groups(mirrored, 4, 12'000, [](int, bool b) { return b ? .05 : .4; });
  CHECK(breached(mirrored, "half", "b"));
  CHECK_FALSE(breached(mirrored, "twice", "b"));
}

TEST_CASE("watchers: a block of a comparison holds at least segments.min_n decisions of either side") {
  auto pilot = compared(budget("gap", Metric::error_rate, .05));
  pilot.segments.min_n = 30;
  Scenario scenario(settings_of({pilot}));
  // 1 in 50 is of group b: a block closes when it has 30 of them, after about 1,500 decisions.
  std::mt19937_64 rng{5};
  for (int i = 0; i < 20'000; ++i) {
    Case c{at("2026-01-01T00:00:00Z") + minute * i, std::to_string(i), false, rng() % 4 == 0,
           std::string(R"(,"segments":{"g":")") + (i % 50 == 0 ? "b" : "a") + R"("})"};
    scenario.send(prediction(c) + outcome(c, minute));
    for (const auto& status : scenario.fold.statuses()) {
      if (status.group == "b" && status.evidence) REQUIRE(status.evidence->observations % 30 == 0);
    }
  }
}

/// One scored decision a minute: the score, and the chance that it comes true.
template <class Truth>
void send_scored(Scenario& scenario, std::uint64_t seed, int n, Truth truth) {
  std::mt19937_64 rng{seed};
  for (int i = 0; i < n; ++i) {
    const double score = static_cast<double>(rng() % 1000) / 1000;
    Case c{at("2026-01-01T00:00:00Z") + minute * i, std::to_string(i), score >= .5, false,
           R"(,"score":)" + std::to_string(score)};
    c.actual = static_cast<double>(rng() % 10'000) < 10'000 * truth(i, score);
    scenario.send(prediction(c) + outcome(c, minute));
  }
}

TEST_CASE("watchers: scores that stop ranking, lose their calibration or get worse are found; sound ones are not") {
  auto auc = budget("auc", Metric::roc_auc, 0);
  auc.max.reset();
  auc.min = .75;
  const auto limits = std::vector{auc, budget("calibration", Metric::max_calibration_error, .1),
                                  budget("brier", Metric::brier, .2)};
  Scenario sound(settings_of({watched(limits)}));
  send_scored(sound, 6, 15'000, [](int, double score) { return score; });
  for (const char* name : {"auc", "calibration", "brier"}) {
    CAPTURE(name);
    CHECK_FALSE(breached(sound, name));
    CHECK(states(sound, name).back() == State::ok);
  }
  Scenario broken(settings_of({watched(limits)}));
  send_scored(broken, 7, 15'000, [](int i, double score) { return i < 3000 || i >= 9000 ? score : .5; });
  for (const char* name : {"auc", "calibration", "brier"}) {
    CAPTURE(name);
    CHECK(breach_of(broken, name).at > at("2026-01-01T00:00:00Z") + minute * 3000);
    CHECK(states(broken, name).back() == State::ok);  // and that it is over
  }
  const auto& calibration = breach_of(broken, "calibration").evidence;
  REQUIRE(calibration);
  CHECK(calibration->formula == "e-sr-calibration/v1");
  CHECK((calibration->moved == "scores from 0.9 to 1.0 are too high" ||
         calibration->moved == "scores from 0.0 to 0.1 are too low"));
}

TEST_CASE("watchers: errors of numbers by their squares, within a stated range") {
  auto rmse = budget("rmse", Metric::rmse, 5);
  rmse.range = 50;
  auto pilot = watched({rmse});
  pilot.task = settings::Task::regression;
  pilot.classes.clear();
  Scenario scenario(settings_of({pilot}));
  std::mt19937_64 rng{8};
  for (int i = 0; i < 6000; ++i) {
    const double off = static_cast<double>(rng() % 1000) / 1000 * (i < 3000 ? 6 : 20);
    const auto time = format_rfc3339(at("2026-01-01T00:00:00Z") + minute * i);
    scenario.send(R"({"type":"prediction","pilot":"p","id":")" + std::to_string(i) + R"(","time":")" + time +
                  R"(","prediction":100})" "\n" R"({"type":"outcome","pilot":"p","id":")" + std::to_string(i) +
                  R"(","time":")" + time + R"(","actual":)" + std::to_string(100 + off) + "}\n");
  }
  CHECK(breach_of(scenario, "rmse").at > at("2026-01-01T00:00:00Z") + minute * 3000);
}

TEST_CASE("watchers: with whole days as blocks a swing within the day is no breach, a higher mean is") {
  auto limit = budget("errors", Metric::error_rate, .1);
  limit.period = settings::BlockPeriod::day;
  auto by_number = budget("by-number", Metric::error_rate, .1);
  const auto swing = [](double mean) {
    return [mean](int i) { return i % 1440 < 360 ? 3.4 * mean : .2 * mean; };  // bad nights
  };
  Scenario calm(settings_of({watched({limit, by_number})}));
  for (const auto& c : cases(9, 60'000, swing(.09))) calm.send(prediction(c) + outcome(c, minute));
  CHECK_FALSE(breached(calm, "errors"));
  CHECK(breached(calm, "by-number"));  // each night is far above the limit
  Scenario worse(settings_of({watched({limit, by_number})}));
  for (const auto& c : cases(10, 60'000, swing(.2))) worse.send(prediction(c) + outcome(c, minute));
  const auto& breach = breach_of(worse, "errors");
  REQUIRE(breach.evidence);
  CHECK(breach.evidence->block == 0);
  CHECK(breach.evidence->observations % 1440 == 0);  // whole days
}

TEST_CASE("watchers: records with a weight are observations of a day as so many single ones would be") {
  auto limit = budget("errors", Metric::error_rate, .1);
  limit.period = settings::BlockPeriod::day;
  const auto run = [&](bool weighted) {
    Scenario scenario(settings_of({watched({limit})}));
    int id = 0;
    for (int day = 0; day < 20; ++day) {
      for (const bool wrong : {false, true}) {
        const int times = wrong ? 30 : 70;
        Case c{at("2026-01-01T08:00:00Z") + minute * (1440 * day), "", true, !wrong, ""};
        for (int i = 0; i < (weighted ? 1 : times); ++i) {
          c.id = std::to_string(id++);
          c.rest = weighted ? R"(,"weight":)" + std::to_string(times) : "";
          scenario.send(prediction(c) + outcome(c, minute));
        }
      }
    }
    return breach_of(scenario, "errors").evidence.value();
  };
  const auto one = run(true), many = run(false);
  CHECK(one.observations == many.observations);
  CHECK(one.s == Approx(many.s));
  CHECK(one.change_point == many.change_point);
}

TEST_CASE("watchers: findings for the person among complaints that were decided") {
  auto limit = budget("findings", Metric::complaint_finding_rate, .3);
  auto sequence = limit;
  sequence.name = "sequence";
  sequence.evidence = settings::Evidence::confidence_sequence;
  auto pilot = watched({limit, sequence});
  pilot.segments.attributes = {"g"};
  Scenario scenario(settings_of({pilot}));
  std::mt19937_64 rng{11};
  for (int i = 0; i < 400; ++i) {
    const auto time = at("2026-01-01T00:00:00Z") + minute * (60 * i);
    const bool person = rng() % 100 < (i < 200 ? 20U : 90U);
    const std::string id = std::to_string(i);
    scenario.send(R"({"type":"complaint","pilot":"p","id":"c)" + id + R"(","time":")" + format_rfc3339(time) + "\"}\n" +
                  R"({"type":"complaint_update","pilot":"p","id":"c)" + id + R"(","time":")" +
                  format_rfc3339(time + minute * 30) + R"(","step":"decided","found_for":")" +
                  (person ? "person" : "body") + "\"}\n");
  }
  for (const char* name : {"findings", "sequence"}) {
    CAPTURE(name);
    CHECK(breach_of(scenario, name).at > at("2026-01-01T00:00:00Z") + minute * (60 * 200));
  }
  CHECK(breach_of(scenario, "sequence").reason.find("chance that it is ever said wrongly") != std::string::npos);
}

TEST_CASE("watchers: a complaint is one observation, of what was found first; told too late it is none and is counted") {
  auto pilot = watched({budget("findings", Metric::complaint_finding_rate, .3)});
  Scenario scenario(settings_of({pilot}));
  const auto update = [](int id, Instant time, const char* who) {
    return R"({"type":"complaint_update","pilot":"p","id":"c)" + std::to_string(id) + R"(","time":")" +
           format_rfc3339(time) + R"(","step":"decided","found_for":")" + who + "\"}\n";
  };
  const auto start = at("2026-01-01T00:00:00Z");
  for (int i = 0; i < 40; ++i) {
    scenario.send(R"({"type":"complaint","pilot":"p","id":"c)" + std::to_string(i) + R"(","time":")" +
                  format_rfc3339(start) + "\"}\n");
  }
  for (int i = 0; i < 20; ++i) scenario.send(update(i, start + minute * i, "body"));
  const auto later = start + std::chrono::hours{48};
  scenario.send(update(20, later, "body"));  // two hours of horizon are over for those before
  for (int i = 0; i < 20; ++i) scenario.send(update(i, later + minute * i, "person"));  // a second finding: no evidence
  for (int i = 21; i < 40; ++i) scenario.send(update(i, start + minute * i, "person"));  // told two days late
  const auto end = later + std::chrono::hours{48};
  scenario.send(update(20, end, "body"));
  const auto view = scenario.fold.snapshot(Instant{});
  CHECK(view->pilots.front().counters.findings_too_late == 19);
  CHECK(scenario.fold.statuses().front().evidence->observations == 20);
  CHECK_FALSE(breached(scenario, "findings"));
}

TEST_CASE("watchers: a confidence sequence is what the formula says, since the beginning, and breaches when all of it is beyond") {
  auto limit = budget("errors", Metric::error_rate, .1);
  limit.evidence = settings::Evidence::confidence_sequence;
  limit.alpha = .01;
  Scenario scenario(settings_of({watched({limit})}));
  std::uint64_t n = 0, wrong = 0;
  std::optional<std::uint64_t> first;
  const auto all = cases(12, 400, [](int) { return .3; });
  for (const auto& c : all) {
    ++n;
    wrong += c.predicted != c.actual ? 1U : 0U;
    const auto interval = stats::beta_binomial_sequence(wrong, n, .01);
    if (!first && interval->lower > .1) first = n;
    scenario.send(prediction(c) + outcome(c, minute));
  }
  REQUIRE(first);
  const auto& breach = breach_of(scenario, "errors");
  REQUIRE(breach.evidence);
  CHECK(breach.evidence->observations == *first);
  CHECK(breach.at == all[*first - 1].time + std::chrono::hours{2});
  CHECK(breach.evidence->threshold == Approx(100));
  CHECK(*breach.lower > .1);
  CHECK(*breach.value == Approx(*breach.evidence->mean));
}

TEST_CASE("watchers: a confidence sequence is told in the metric's own unit, and ends when all of it is within") {
  auto accuracy = budget("accuracy", Metric::accuracy, 0);
  accuracy.max.reset();
  accuracy.min = .8;
  auto complaints = budget("complaints", Metric::complaints_per_1000, 900);
  auto f1 = budget("f1", Metric::f1, 0);
  f1.max.reset();
  f1.min = .5;
  auto limits = std::vector{accuracy, complaints, f1};
  for (auto& limit : limits) limit.evidence = settings::Evidence::confidence_sequence;
  Scenario scenario(settings_of({watched(limits)}));
  for (const auto& c : cases(14, 6000, [](int i) { return i < 300 ? .5 : .02; })) {
    scenario.send(prediction(c) + outcome(c, minute));
  }
  const auto& breach = breach_of(scenario, "accuracy");
  CHECK(*breach.upper < .8);
  CHECK(*breach.lower < *breach.value);
  CHECK(*breach.value < *breach.upper);
  CHECK(states(scenario, "accuracy").back() == State::ok);  // 6,000 cases outweigh the first 300
  for (const auto& status : scenario.fold.statuses()) {
    CAPTURE(status.limit->name);
    CHECK(*status.lower <= *status.value);
    CHECK(*status.value <= *status.upper);
    if (status.limit->name == "complaints") CHECK(*status.upper < 10);
    if (status.limit->name == "f1") CHECK(*status.value == Approx(.95).margin(.02));
  }
}

TEST_CASE("watchers: all of them go on after a restart at any record as if there had been none") {
  auto gap = budget("gap", Metric::error_rate, .05);
  gap.compare = Compare::difference;
  gap.segment = "g";
  auto auc = budget("auc", Metric::roc_auc, 0);
  auc.max.reset();
  auc.min = .7;
  auto daily = budget("daily", Metric::error_rate, .2);
  daily.period = settings::BlockPeriod::day;
  auto sequence = budget("sequence", Metric::error_rate, .2);
  sequence.evidence = settings::Evidence::confidence_sequence;
  auto shares = budget("shares", Metric::linf, .1);
  shares.feature = "k";
  auto pilot = watched({gap, auc, daily, sequence, shares, budget("calibration", Metric::max_calibration_error, .1),
                        budget("findings", Metric::complaint_finding_rate, .3)});
  pilot.features = {{"k", settings::FeatureKind::categorical}};
  pilot.segments.attributes = {"g"};
  pilot.reference.first = 400;
  std::mt19937_64 rng{13};
  std::vector<std::string> lines;
  for (int i = 0; i < 5000; ++i) {
    const bool b = rng() % 5 == 0, bad = i > 1200;
    const double score = static_cast<double>(rng() % 1000) / 1000;
    Case c{at("2026-01-01T00:00:00Z") + minute * (40 * i), std::to_string(i), score >= .5, false, ""};
    c.rest = R"(,"score":)" + std::to_string(score) + R"(,"features":{"k":"k)" + std::to_string(rng() % (bad ? 1 : 5)) +
             R"("},"segments":{"g":")" + (b ? "b" : "a") + "\"}";
    c.actual = static_cast<double>(rng() % 1000) < 1000 * (bad ? 1 - score : score);
    if (bad && b) c.actual = !c.predicted;
    std::string line = prediction(c) + outcome(c, minute);
    if (i % 10 == 0) {
      line += R"({"type":"complaint","pilot":"p","id":"c)" + c.id + R"(","prediction_id":")" + c.id + R"(","time":")" +
              format_rfc3339(c.time) + "\"}\n" + R"({"type":"complaint_update","pilot":"p","id":"c)" + c.id +
              R"(","time":")" + format_rfc3339(c.time + minute) + R"(","step":"decided","found_for":")" +
              (bad ? "person" : "body") + "\"}\n";
    }
    lines.push_back(std::move(line));
  }
  Scenario whole(settings_of({pilot}));
  for (const auto& line : lines) whole.send(line);
  for (const auto& limit : pilot.limits) {
    CAPTURE(limit.name);
    CHECK(breach_of(whole, limit.name).evidence);  // there is something to lose
  }
  for (int round = 0; round < 8; ++round) {
    const std::size_t cut = 1 + rng() % (lines.size() - 1);
    CAPTURE(cut);
    Scenario before(settings_of({pilot})), after(settings_of({pilot}));
    for (std::size_t i = 0; i < cut; ++i) before.send(lines[i]);
    std::map<std::string, std::string> parts;
    before.fold.save(true, [&](const std::string& name, const std::string& bytes) { parts[name] = bytes; });
    after.fold.load(parts, before.fold.sequence(), Instant{});
    after.sequence = before.sequence;
    for (std::size_t i = cut; i < lines.size(); ++i) after.send(lines[i]);
    REQUIRE(after.saved() == whole.saved());
  }
}

}  // namespace
