// SPDX-License-Identifier: Apache-2.0
// A limit on drift whose reference has strata: a season is no drift, and what cannot be compared is counted.
#include <random>

#include "support/scenario.h"

using namespace pilotwatch;
using namespace pilotwatch::testing;
using settings::Metric;
using settings::WindowKind;

namespace {

const Instant start = at("2026-01-01T00:00:00Z");
constexpr std::chrono::hours day{24};

std::string prediction(int id, Millis after, int x) {
  return R"({"type":"prediction","pilot":"p","id":)" + std::to_string(id) + R"(,"time":")" +
         format_rfc3339(start + after) + R"(","prediction":1,"features":{"x":)" + std::to_string(x) + "}}\n";
}

settings::Pilot watched(int days, settings::Strata strata) {
  auto pilot = binary_pilot();
  pilot.windows = {{WindowKind::day, 0}};
  pilot.lateness = Millis{0};
  pilot.features = {{"x", settings::FeatureKind::numeric}};
  pilot.reference.from = start;
  pilot.reference.to = start + days * day;
  pilot.reference.strata = strata;
  settings::Limit limit;
  limit.name = "drift";
  limit.metric = Metric::drift;
  limit.feature = "x";
  limit.window = pilot.windows[0];
  limit.max = 1;
  limit.evidence = settings::Evidence::budget;
  pilot.limits = {limit};
  pilot.guarantee.over_decisions = 1000;
  return pilot;
}

/// One decision every ten minutes from `from` on: x is higher on three days of the week, and everywhere by `shift`.
std::string seasonal(std::mt19937_64& rng, int from, int n, int shift) {
  std::string out;
  for (int i = from; i < from + n; ++i) {
    const int weekday = i / 144 % 7;
    out += prediction(i, Millis{i * 600'000LL}, static_cast<int>(rng() % 50) + (weekday < 4 ? 0 : 40) + shift);
  }
  return out;
}

}  // namespace

TEST_CASE("strata: with strata a season is no drift, without them it is; a shift is one with both") {
  for (const bool strata : {true, false}) {
    CAPTURE(strata);
    std::mt19937_64 rng{3};
    Scenario s(settings_of({watched(14, strata ? settings::Strata::day_of_week : settings::Strata::none)}));
    s.send(seasonal(rng, 0, 144 * 44, 0));
    const auto calm = s.fold.statuses().front();
    const auto breached = [&] {
      return std::any_of(s.transitions.begin(), s.transitions.end(),
                         [](const judge::Transition& t) { return t.to == judge::State::breach; });
    };
    CHECK(breached() == !strata);
    s.send(seasonal(rng, 144 * 44, 144 * 7, 25));
    CHECK(breached());
    if (!strata) continue;
    REQUIRE(calm.evidence);
    CHECK(calm.evidence->observations > 4000);
    CHECK(calm.evidence->left_out == 0);
    CHECK(s.fold.statuses().front().evidence->formula == "e-sr-conformal-block/v1");
    CHECK(s.fold.snapshot(Instant{})->pilots.front().references.at(0).strata == settings::Strata::day_of_week);
  }
}

TEST_CASE("strata: decisions of a stratum that the reference hardly knows are left out and counted") {
  Scenario s(settings_of({watched(10, settings::Strata::hour_of_day)}));
  std::mt19937_64 rng{4};
  int id = 0;
  for (int date = 0; date < 30; ++date) {
    for (int i = 0; i < 64; ++i, ++id) {  // at night four a day, 40 in the reference
      const auto time =
          date * day + (i < 60 ? std::chrono::minutes{8 * 60 + i * 5} : std::chrono::minutes{22 * 60 + i});
      s.send(prediction(id, time, static_cast<int>(rng() % 50) + (i < 60 ? 0 : 500)));
    }
  }
  const auto status = s.fold.statuses().front();
  CHECK(status.state == judge::State::ok);
  REQUIRE(status.evidence);
  CHECK(status.evidence->observations == 20 * 60);
  CHECK(status.evidence->left_out >= 19 * 4);
  CHECK(status.evidence->left_out <= 20 * 4);
  CHECK(status.reason.find("left out: the reference has too few of their stratum") != std::string::npos);
}
