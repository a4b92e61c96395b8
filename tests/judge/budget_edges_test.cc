// SPDX-License-Identifier: Apache-2.0
// What a limit with a budget must not do: count a decision twice, speak of another version's or another reference's
// decisions, call silence well, or tell of single persons.
#include "support/budget_scenario.h"

using namespace pilotwatch;
using namespace pilotwatch::testing;
using judge::State;
using settings::Metric;

namespace {

void send_all(Scenario& scenario, const std::vector<Case>& all) {
  for (const auto& c : all) scenario.send(prediction(c) + outcome(c, std::chrono::minutes{1}));
}

std::string with_x(double x) { return R"(,"features":{"x":)" + std::to_string(x) + "}"; }

settings::Pilot with_feature(std::vector<settings::Limit> limits, std::uint64_t reference) {
  for (auto& limit : limits) limit.feature = "x";
  auto pilot = watched(std::move(limits));
  pilot.features = {{"x", settings::FeatureKind::numeric}};
  pilot.reference.first = reference;
  return pilot;
}

/// The fold after a restart under settings of another shape: every entry is counted again, what was judged stays so.
std::unique_ptr<Scenario> rebuilt(
    Scenario& before, const std::vector<std::string>& entries, settings::Pilot pilot,
    const std::function<void(judge::Fold&)>& prepare = [](auto&) {}) {
  std::map<std::string, std::string> parts;
  before.fold.save(true, [&](const std::string& name, const std::string& bytes) { parts[name] = bytes; });
  auto after = std::make_unique<Scenario>(settings_of({std::move(pilot)}));
  prepare(after->fold);
  after->fold.set_judging(false);
  for (const auto& entry : entries) after->send(entry);
  after->fold.set_judging(true);
  after->fold.load_judge(parts["judge"], Instant{});
  return after;
}

const judge::LimitStatus& status(const std::vector<judge::LimitStatus>& all, const std::string& limit) {
  return *std::find_if(all.begin(), all.end(), [&](const auto& s) { return s.limit->name == limit; });
}

TEST_CASE("budget: a limit that is left no share has an infinite threshold, not a negative one") {
  auto limits = std::vector{budget("a", Metric::error_rate, .1), budget("b", Metric::failure_rate, .1),
                            budget("c", Metric::false_positive_rate, .1), budget("d", Metric::error_rate, .1)};
  limits[0].share = .8;
  limits[1].share = .1;
  limits[2].share = .1;  // 1 - .8 - .1 - .1 < 0
  Scenario scenario(settings_of({watched(limits)}));
  send_all(scenario, cases(21, 1000, [](int) { return .01; }));
  CHECK(states(scenario, "d") == std::vector{State::ok});
}

TEST_CASE("budget: what a decision is, when it is looked at and what its loss is belong to the epoch") {
  const auto pilot = watched({budget("errors", Metric::false_positive_rate, .1)});
  const auto was = judge::fingerprint(pilot, pilot.limits[0]);
  const auto differs = [&](auto change) {
    auto other = pilot;
    change(other);
    return judge::fingerprint(other, other.limits[0]) != was;
  };
  CHECK_FALSE(differs([](auto& p) { p.description = "another"; }));
  CHECK(differs([](auto& p) { p.outcome_horizon = std::chrono::hours{72}; }));
  CHECK(differs([](auto& p) { p.lateness = std::chrono::hours{1}; }));
  CHECK(differs([](auto& p) { p.clock = settings::PilotClock::wall; }));
  CHECK(differs([](auto& p) { p.positive = "0"; }));
  CHECK(differs([](auto& p) { p.threshold = .7; }));
  CHECK(differs([](auto& p) { p.tolerance.relative = .7; }));
  CHECK(differs([](auto& p) { p.classes = {"no", "yes"}; }));
  CHECK(differs([](auto& p) { p.segments.min_n = 20; }));
  CHECK(differs([](auto& p) {
    p.guarantee.over_decisions = 0;  // the same N, in days
    p.guarantee.over = std::chrono::hours{24} * 100'000;
  }));
}

TEST_CASE("budget: a longer horizon does not bring a decision into the evidence a second time") {
  auto pilot = watched({budget("errors", Metric::error_rate, .1)});
  const auto all = cases(22, 4000, [](int i) { return i >= 1000 && i < 1100 ? .8 : .02; });
  Scenario before(settings_of({pilot}));
  std::vector<std::string> entries;
  for (std::size_t i = 0; i < 3000; ++i)
    entries.push_back(prediction(all[i]) + outcome(all[i], std::chrono::minutes{1}));
  for (const auto& entry : entries) before.send(entry);
  REQUIRE(std::count_if(before.transitions.begin(), before.transitions.end(),
                        [](const auto& t) { return t.to == State::breach; }) >= 1);
  pilot.outcome_horizon = std::chrono::hours{4};
  const auto after = rebuilt(before, entries, pilot);
  send_all(*after, {all.begin() + 3000, all.end()});
  CHECK(after->fold.statuses().front().evidence->observations <= 1000 + 4 * 60);
  CHECK(states(*after, "errors") == std::vector{State::ok});
}

TEST_CASE("budget: the old version's decisions that mature under the new one are not its evidence") {
  auto pilot = watched({budget("errors", Metric::error_rate, .1)});
  pilot.outcome_horizon = std::chrono::hours{24};
  Scenario scenario(settings_of({pilot}));
  int i = 0;
  for (auto c : cases(23, 4000, [](int n) { return n >= 1600 && n < 2000 ? .9 : .01; })) {
    c.rest = R"(,"model_version":"v)" + std::to_string(i++ < 2000 ? 1 : 2) + R"(")";
    scenario.send(prediction(c) + outcome(c, std::chrono::minutes{1}));
  }
  // The new version has said nothing yet where it begins.
  CHECK(states(scenario, "errors") == std::vector{State::ok, State::collecting, State::ok});
  CHECK(scenario.fold.statuses().front().evidence->observations <= 2000 - 24 * 60 + 10);
}

TEST_CASE("budget: drift of a feature that has gone missing is no data, and comes back with it") {
  Scenario scenario(settings_of({with_feature({budget("drift", Metric::drift, 1)}, 300)}));
  std::mt19937_64 rng{24};
  int i = 0;
  for (auto c : cases(24, 8 * 1440, [](int) { return .05; })) {
    const bool there = i < 2 * 1440 || i >= 5 * 1440;
    ++i;
    if (there) c.rest = with_x(static_cast<double>(rng() % 1000));
    scenario.send(prediction(c));
  }
  CHECK(states(scenario, "drift") == std::vector{State::ok, State::no_data, State::ok});
}

TEST_CASE("budget: what the reference cannot answer is insufficient, with the reason") {
  const auto said = [](Metric metric, double max, std::uint64_t rows, auto x) {
    Scenario scenario(settings_of({with_feature({budget("it", metric, max)}, rows)}));
    int i = 0;
    for (auto c : cases(25, 3000, [](int) { return .05; })) {
      if (const std::optional<double> value = x(i++)) c.rest = with_x(*value);
      scenario.send(prediction(c));
    }
    CHECK(states(scenario, "it") == std::vector{State::insufficient});
    return scenario.fold.statuses().front().reason;
  };
  const auto spread = [](int i) { return std::optional<double>(i % 97); };
  const auto constant = [](int i) { return std::optional<double>(i < 400 ? 5 : 3); };
  const auto never = [](int i) { return i < 400 ? std::nullopt : std::optional<double>(1); };
  CHECK(said(Metric::drift, 1, 150, spread).find("150 values") != std::string::npos);
  CHECK(said(Metric::ks, .1, 150, spread).find("150 values") != std::string::npos);
  CHECK(said(Metric::ks, .9, 300, spread).find("by more than 0.9") != std::string::npos);
  CHECK(said(Metric::ks, .1, 300, constant).find("by more than 0.1") != std::string::npos);
  CHECK(said(Metric::drift, 1, 300, never).find("no value of it") != std::string::npos);
}

TEST_CASE("budget: records that stand for many make the limit insufficient, once, until their window is over") {
  Scenario scenario(settings_of({watched({budget("errors", Metric::error_rate, .1)})}));
  int i = 0;
  for (auto c : cases(26, 5 * 1440, [](int) { return .05; })) {
    if (i == 1000 || i == 1100) c.rest = R"(,"weight":2)";  // both on the first day
    ++i;
    scenario.send(prediction(c) + outcome(c, std::chrono::minutes{1}));
  }
  CHECK(states(scenario, "errors") == std::vector{State::ok, State::insufficient, State::ok});
}

TEST_CASE("budget: a breach against one reference ends with another, and is not called well by that") {
  auto limit = budget("kinds", Metric::drift, 1);
  limit.feature = "k";
  auto pilot = watched({limit});
  pilot.features = {{"k", settings::FeatureKind::categorical}};
  pilot.reference.first = 600;
  std::vector<Case> all = cases(27, 4000, [](int) { return .05; });
  std::mt19937_64 rng{27};
  for (std::size_t i = 0; i < all.size(); ++i) {
    all[i].rest = R"(,"features":{"k":"k)" + std::to_string(rng() % 4 + (i < 800 ? 0 : 3)) + R"("})";
  }
  Scenario before(settings_of({pilot}));
  std::vector<std::string> entries;
  for (std::size_t i = 0; i < 2000; ++i) entries.push_back(prediction(all[i]));
  for (const auto& entry : entries) before.send(entry);
  REQUIRE(status(before.fold.statuses(), "kinds").state == State::breach);
  // The daemon comes back with a reference from a file, in which what was a change is usual.
  std::vector<engine::ReferenceRow> rows;
  for (std::uint64_t i = 0; i < 600; ++i) {
    engine::FeatureRow row(2);  // the feature and the score
    row[0].category = "k" + std::to_string(rng() % 4 + 3);
    rows.push_back({all[2000].time, row});
  }
  pilot.reference.first = 0;
  pilot.reference.file = "usual.ndjson";
  const auto after = rebuilt(before, entries, pilot, [&](judge::Fold& fold) {
    fold.engine().pilots()[0]->set_reference(engine::freeze(pilot, rows, all[2000].time));
  });
  for (std::size_t i = 2000; i < all.size(); ++i) after->send(prediction(all[i]));
  const auto seen = states(*after, "kinds");
  REQUIRE(!seen.empty());
  CHECK(seen == std::vector{State::insufficient, State::ok});
  CHECK(after->transitions.front().reason.find("another reference") != std::string::npos);
}

TEST_CASE("budget: nothing is told of fewer decisions of a group than may be shown") {
  auto limit = budget("errors", Metric::error_rate, .1);
  limit.segment = "g";
  limit.block = 1;
  auto pilot = watched({limit});
  pilot.segments.attributes = {"g"};
  pilot.segments.min_n = 30;
  Scenario scenario(settings_of({pilot}));
  for (auto c : cases(28, 900, [](int n) { return n > 100 ? .9 : .02; })) {
    c.rest = R"(,"segments":{"g":"a"})";
    scenario.send(prediction(c) + outcome(c, std::chrono::minutes{1}));
    for (const auto& status : scenario.fold.statuses()) {
      if (!status.evidence) continue;
      REQUIRE(status.evidence->block == 30);
      REQUIRE(status.evidence->observations % 30 == 0);
      REQUIRE_FALSE(status.evidence->value_since);  // it would tell how many of the 30
    }
  }
  CHECK(status(scenario.fold.statuses(), "errors").evidence->observations > 0);
  CHECK(first_to(scenario, State::breach).evidence->observations >= 30);
}

}  // namespace
