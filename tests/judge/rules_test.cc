// SPDX-License-Identifier: Apache-2.0
// The rules in words are those that are applied: of windows against Judge itself, of decisions by their numbers.
#include "judge/rules.h"

#include "support/budget_scenario.h"

using namespace pilotwatch;
using namespace pilotwatch::testing;
using Catch::Matchers::Contains;
using judge::breach_rule;
using judge::clearing_rule;
using judge::State;
using settings::Metric;

namespace {

struct Fixture {
  settings::Pilot pilot = watched({});
  judge::LimitStatus status;

  explicit Fixture(settings::Limit limit) {
    pilot.features = {{"age", settings::FeatureKind::numeric}, {"form", settings::FeatureKind::categorical}};
    pilot.limits = {std::move(limit)};
    status.pilot = &pilot;
    status.limit = &pilot.limits[0];
  }
  [[nodiscard]] std::string clears(State state) {
    status.state = state;
    return clearing_rule(status);
  }
};

settings::Limit of_windows(settings::Evidence evidence) {
  auto out = budget("errors", Metric::error_rate, .12);
  out.evidence = evidence;
  return out;
}

}  // namespace

TEST_CASE("rules: of a window, by interval and by point") {
  Fixture interval(of_windows(settings::Evidence::interval));
  CHECK(breach_rule(interval.status) ==
        "In breach with a day window of at least 30 cases whose whole 95 % interval is above 0.12.");
  CHECK(interval.clears(State::breach) ==
        "Ends with the first judged day window of at least 30 cases whose 95 % interval is not wholly above 0.12. "
        "Windows without data or with too few cases never end it.");
  CHECK(interval.clears(State::ok) == "Nothing to clear.");
  CHECK(interval.clears(State::collecting) == "Judged with the first day window that is mature.");
  CHECK(interval.clears(State::no_data) == "Judged again with the next day window that holds data.");
  Fixture point(of_windows(settings::Evidence::point));
  point.pilot.limits[0].max.reset();
  point.pilot.limits[0].min = .5;
  CHECK(breach_rule(point.status) == "In breach with a day window of at least 30 cases whose value is below 0.5.");
}

TEST_CASE("rules: several windows, waiting times and when they run") {
  auto limit = of_windows(settings::Evidence::point);
  limit.times = 2;
  limit.of = 3;
  limit.for_ = std::chrono::hours{24};
  limit.keep_firing_for = std::chrono::hours{48};
  Fixture f(limit);
  CHECK_THAT(breach_rule(f.status), Contains("2 of the last 3 judged day window") && Contains("so for 1d."));
  f.status.clear_since = at("2026-03-01T00:00:00Z");
  CHECK_THAT(f.clears(State::recovering), Contains("after which fewer than 2 of the last 3") &&
                                              Contains("2d or more") && Contains("it runs since 2026-03-01T00:00:00Z"));
  f.status.pending_since = at("2026-03-01T00:00:00Z");
  CHECK_THAT(f.clears(State::ok), Contains("a breach if it still is at 2026-03-02T00:00:00Z"));
}

TEST_CASE("rules: a breach of windows ends as the rule says") {
  auto limit = of_windows(settings::Evidence::point);
  limit.min_n = 10;
  auto pilot = binary_pilot();
  pilot.limits = {limit};
  Scenario scenario(settings_of({pilot}));
  const auto day = [&](int date, int n, int wrong) {
    for (int i = 0; i < n; ++i) {
      Case c{at("2026-01-01T00:00:00Z") + std::chrono::hours{24 * date + 10} + std::chrono::minutes{i},
             std::to_string(date) + "-" + std::to_string(i), true, i >= wrong, ""};
      scenario.send(prediction(c) + outcome(c, Millis{1}));
    }
  };
  const auto now = [&] { return scenario.fold.snapshot(Instant{})->limits.at(0).state; };
  day(0, 20, 10);
  day(1, 9, 0);  // the day before is judged now: a breach
  CHECK(now() == State::breach);
  day(2, 20, 0);  // fewer than 10 cases: does not end it
  CHECK(now() == State::breach);
  day(3, 1, 0);  // a window of at least 10 cases whose value is not above: ends it
  CHECK(now() == State::ok);
}

TEST_CASE("rules: of evidence, with the numbers that it is held against") {
  Fixture f(budget("errors", Metric::error_rate, .12));  // 1 % in 100,000 decisions: 10 million
  CHECK_THAT(breach_rule(f.status), Contains("reaches 1e+07; a warning from 2e+05 on"));
  CHECK_THAT(f.clears(State::breach),
             Contains("evidence that the mean loss is within the limit") && Contains("reaches 1e+05"));
  CHECK_THAT(f.clears(State::warning), Contains("below 2e+04"));
  CHECK_THAT(f.clears(State::collecting), Contains("Says something with the first"));
  f.status.reason = "cannot be computed: records with a weight above 1 are aggregated";
  CHECK_THAT(f.clears(State::insufficient), Contains("without records of a weight above 1"));
}

TEST_CASE("rules: what never ends by itself says so") {
  auto shares = budget("form", Metric::linf, .1);
  shares.feature = "form";
  CHECK_THAT(Fixture(shares).clears(State::breach), Contains("another reference only"));
  auto categories = budget("form", Metric::drift, 1);
  categories.feature = "form";
  CHECK_THAT(Fixture(categories).clears(State::breach), Contains("another reference only"));
  auto numbers = budget("age", Metric::drift, 1);
  numbers.feature = "age";
  CHECK_THAT(Fixture(numbers).clears(State::breach), Contains("within 0.1 of the reference's"));
  Fixture season(numbers);
  season.pilot.reference.strata = settings::Strata::hour_of_day;
  CHECK_THAT(season.clears(State::breach), Contains("another reference only"));
}
