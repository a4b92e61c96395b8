// SPDX-License-Identifier: Apache-2.0
// What moved in a feature, and that no part of it shows a few people.
#include "engine/feature_shift.h"

#include <cmath>
#include <numeric>
#include <random>

#include "support/scenario.h"

using namespace pilotwatch;
using namespace pilotwatch::testing;
using engine::category_shift;
using engine::FeatureShift;
using engine::numeric_shift;

namespace {

engine::FrozenFeature categories(const std::vector<std::pair<std::string, std::uint64_t>>& counts) {
  engine::FrozenFeature out;
  for (const auto& [name, count] : counts) {
    out.categories.push_back(name);
    out.category_counts.push_back(count);
    out.n += count;
  }
  return out;
}

engine::Histogram live(const std::vector<std::int64_t>& counts, std::uint64_t missing = 0) {
  engine::Histogram out;
  for (std::uint32_t i = 0; i < counts.size(); ++i) {
    if (counts[i] > 0) out.positions.add(i, counts[i]);
  }
  out.missing = missing;
  return out;
}

const FeatureShift::Part* part(const FeatureShift& shift, const std::string& name) {
  for (const auto& each : shift.parts) {
    if (each.name == name) return &each;
  }
  return nullptr;
}

/// No count of a part, nor of all that is not shown, lies between 1 and least - 1.
void check_protected(const FeatureShift& shift, std::uint64_t least) {
  if (shift.parts.empty()) return;  // of all decisions together everybody is told how many there are
  double live_left = static_cast<double>(shift.n), before_left = static_cast<double>(shift.reference_n);
  const auto sound = [&](double count) {
    return std::round(count) == 0 || std::round(count) >= static_cast<double>(least);
  };
  for (const auto& each : shift.parts) {
    INFO(each.name);
    CHECK(sound(each.live * static_cast<double>(shift.n)));
    CHECK(sound(each.before * static_cast<double>(shift.reference_n)));
    live_left -= each.live * static_cast<double>(shift.n);
    before_left -= each.before * static_cast<double>(shift.reference_n);
  }
  CHECK(sound(live_left));
  CHECK(sound(before_left));
}

}  // namespace

TEST_CASE("feature shift: categories by their shares, the most moved first") {
  const auto frozen = categories({{"a", 500}, {"b", 300}, {"c", 200}});
  const auto shift = category_shift("form", frozen, live({100, 300, 100}), 10);
  CHECK(shift.n == 500);
  CHECK(shift.reference_n == 1000);
  REQUIRE(shift.parts.size() == 3);
  CHECK(shift.parts[0].live == .2);
  CHECK(shift.parts[0].before == .5);
  CHECK(part(shift, "b")->live == .6);
}

TEST_CASE("feature shift: a category of few people is told together with others, of which it does not follow") {
  const auto frozen = categories({{"a", 500}, {"b", 300}, {"c", 200}});
  const auto shift = category_shift("district", frozen, live({400, 300, 4}), 10);
  CHECK(part(shift, "c") == nullptr);
  CHECK(part(shift, "b") == nullptr);  // a and the whole would tell c
  CHECK(part(shift, "a") != nullptr);
  CHECK(part(shift, "2 others") != nullptr);
  check_protected(shift, 10);
  const auto few = category_shift("district", categories({{"a", 500}, {"b", 500}}), live({500, 3}), 10);
  CHECK(few.parts.empty());  // nothing is left to tell apart
  const auto open = category_shift("district", frozen, live({400, 300, 4}), 1);
  CHECK(part(open, "c") != nullptr);
}

TEST_CASE("feature shift: small counts of the reference and missing values are protected alike") {
  const auto frozen = categories({{"a", 500}, {"b", 300}, {"c", 3}});
  const auto shift = category_shift("district", frozen, live({400, 300, 200}, 2), 10);
  CHECK(part(shift, "c") == nullptr);
  CHECK(part(shift, "missing") == nullptr);
  check_protected(shift, 10);
}

TEST_CASE("feature shift: whatever the counts, no part is small") {
  std::mt19937_64 rng{7};
  for (int round = 0; round < 500; ++round) {
    std::vector<std::pair<std::string, std::uint64_t>> reference;
    std::vector<std::int64_t> now;
    const auto n = 1 + rng() % 8;
    for (std::uint64_t i = 0; i < n; ++i) {
      reference.emplace_back("c" + std::to_string(i), rng() % 40);
      now.push_back(static_cast<std::int64_t>(rng() % 40));
    }
    check_protected(category_shift("x", categories(reference), live(now, rng() % 15), 10), 10);
  }
}

TEST_CASE("feature shift: numbers in the windows of a pilot that has a limit on them") {
  auto pilot = binary_pilot();
  pilot.features = {{"age", settings::FeatureKind::numeric}, {"pages", settings::FeatureKind::numeric}};
  pilot.segments.min_n = 10;
  pilot.reference.first = 500;
  settings::Limit limit;
  limit.name = "age";
  limit.metric = settings::Metric::psi;
  limit.feature = "age";
  limit.max = .2;
  pilot.limits = {limit};
  Scenario scenario(settings_of({pilot}));
  std::mt19937_64 rng{1};
  std::string lines;
  for (int i = 0; i < 1200; ++i) {
    const int age = 20 + static_cast<int>(rng() % 40) + (i >= 600 ? 15 : 0);
    const auto time = at("2026-01-01T00:00:00Z") + std::chrono::minutes{i * 2};
    lines += R"({"type":"prediction","pilot":"p","id":")" + std::to_string(i) + R"(","time":")" + format_rfc3339(time) +
             R"(","prediction":1,"features":{"age":)" + std::to_string(age) + R"(,"pages":1}})" + "\n";
  }
  scenario.send(lines);
  const auto snapshot = scenario.fold.snapshot(Instant{});
  const auto& windows = snapshot->pilots.front().windows;
  const engine::WindowResult* day = nullptr;
  for (const auto& window : windows) {
    if (window->kind_name == "day") day = window.get();
  }
  REQUIRE(day != nullptr);
  REQUIRE(day->shifts.size() == 1);  // of pages nobody asks
  const auto& shift = day->shifts[0];
  CHECK(shift.feature == "age");
  REQUIRE(shift.parts.size() > 2);
  CHECK(shift.parts.size() <= engine::shift_parts);
  CHECK(std::abs(shift.parts[0].live - shift.parts[0].before) >= std::abs(shift.parts[1].live - shift.parts[1].before));
  check_protected(shift, 10);
}
