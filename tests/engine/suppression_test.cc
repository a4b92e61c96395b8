// SPDX-License-Identifier: Apache-2.0
#include "engine/suppression.h"

#include <random>

#include "support/scenario.h"

using namespace pilotwatch;
using namespace pilotwatch::engine;
using namespace pilotwatch::testing;

namespace {

GroupScope scope(const char* group, std::uint64_t tp, std::uint64_t fp, std::uint64_t fn, std::uint64_t tn) {
  GroupScope out;
  out.attribute = "g";
  out.group = group;
  auto& t = out.tally;
  t.decisions = t.predicted = t.labelled = tp + fp + fn + tn;
  t.positives = tp + fp;
  t.errors = fp + fn;
  const std::uint64_t cells[] = {tn, fn, fp, tp};  // predicted * 2 + actual
  for (std::uint32_t i = 0; i < 4; ++i) {
    if (cells[i] > 0) t.confusion.add(i, static_cast<std::int64_t>(cells[i]));
  }
  return out;
}

settings::Pilot pilot_with(std::uint64_t min_n) {
  auto pilot = binary_pilot();
  pilot.segments.attributes = {"g"};
  pilot.segments.min_n = min_n;
  return pilot;
}

}  // namespace

TEST_CASE("suppression: a small cell hides its group, and one more where the rest would give it away") {
  std::vector<GroupScope> scopes{scope("large", 500, 100, 100, 500), scope("medium", 50, 20, 20, 50),
                                 scope("small", 6, 2, 3, 21)};
  suppress(scopes, pilot_with(10));
  CHECK_FALSE(scopes[0].outcomes_hidden);
  CHECK(scopes[1].outcomes_hidden);  // complement
  CHECK(scopes[2].outcomes_hidden);
  CHECK_FALSE(scopes[2].hidden);  // 32 cases: their number may be shown
}

TEST_CASE("suppression: groups below min_n are hidden whole; zero is not small; 1 hides nothing") {
  std::vector<GroupScope> scopes{scope("a", 100, 20, 0, 50), scope("b", 100, 20, 30, 50), scope("c", 1, 1, 1, 1),
                                 scope("d", 2, 2, 2, 2)};
  suppress(scopes, pilot_with(10));
  CHECK(scopes[2].hidden);
  CHECK(scopes[3].hidden);
  CHECK_FALSE(scopes[0].outcomes_hidden);
  CHECK_FALSE(scopes[1].hidden);
  for (auto& s : scopes) s.hidden = s.outcomes_hidden = s.complaints_hidden = false;
  suppress(scopes, pilot_with(1));
  for (const auto& s : scopes) CHECK_FALSE((s.hidden || s.outcomes_hidden || s.complaints_hidden));
}

TEST_CASE(
    "suppression: no published figure of a group shows a count between 1 and min_n - 1, nor does a margin with one "
    "gap") {
  const auto seed = GENERATE(take(300, random(0u, 1u << 30)));
  CAPTURE(seed);
  std::mt19937_64 rng{seed};
  std::vector<GroupScope> scopes;
  const auto groups = 2 + rng() % 5;
  for (std::uint64_t i = 0; i < groups; ++i) {
    scopes.push_back(scope(std::to_string(i).c_str(), rng() % 40, rng() % 40, rng() % 40, rng() % 40));
  }
  suppress(scopes, pilot_with(10));
  std::size_t hidden = 0, outcomes_hidden = 0;
  for (const auto& s : scopes) {
    hidden += s.hidden;
    outcomes_hidden += s.outcomes_hidden;
    if (s.outcomes_hidden) continue;
    for (const auto& [position, count] : s.tally.confusion.items()) CHECK(count >= 10);
  }
  CHECK(hidden != 1);
  CHECK(outcomes_hidden != 1);
}

TEST_CASE("suppression: nothing shown of complaints and reviews has a small count, and no margin has one gap") {
  const auto seed = GENERATE(take(300, random(0u, 1u << 30)));
  CAPTURE(seed);
  std::mt19937_64 rng{seed};
  std::vector<GroupScope> scopes;
  for (std::uint64_t i = 2 + rng() % 5; i > 0; --i) {
    scopes.push_back(scope(std::to_string(i).c_str(), 50, 50, 50, 50));
    auto& t = scopes.back().tally;
    const auto up_to = [&](std::uint64_t n) { return static_cast<std::int64_t>(rng() % (n + 1)); };
    t.complaints = rng() % 60;
    t.side.add(Side::incidents, up_to(t.complaints));
    t.side.add(Side::decided, up_to(t.complaints));
    t.side.add(Side::found_for_person, up_to(t.side[Side::decided]));
    t.side.add(Side::reviews, up_to(90));
    t.side.add(Side::overrides, up_to(t.side[Side::reviews]));
    t.side.add(Side::relieving, up_to(t.side[Side::overrides]));
    t.side.add(Side::aggravating, t.side.sum(Side::overrides) - t.side.sum(Side::relieving));
  }
  suppress(scopes, pilot_with(10));
  const auto small = [](std::uint64_t n) { return n > 0 && n < 10; };
  std::size_t complaints = 0, incidents = 0, findings = 0, reviews = 0;
  for (const auto& s : scopes) {
    complaints += s.complaints_hidden;
    incidents += s.incidents_hidden;
    findings += s.findings_hidden;
    reviews += s.reviews_hidden;
    const auto& side = s.tally.side;
    if (!s.incidents_hidden) CHECK_FALSE((small(side[Side::incidents]) || s.complaints_hidden));
    if (!s.findings_hidden) {
      CHECK_FALSE((small(side[Side::found_for_person]) || s.complaints_hidden));
      CHECK_FALSE(small(side[Side::decided] - side[Side::found_for_person]));
    }
    if (s.reviews_hidden) continue;
    for (const auto part : {Side::overrides, Side::relieving, Side::aggravating}) {
      CHECK_FALSE(small(side[part]));
      CHECK_FALSE(small(side[Side::reviews] - side[part]));
    }
  }
  for (const auto hidden : {complaints, incidents, findings, reviews}) CHECK(hidden != 1);
}

TEST_CASE("suppression: complaints in no group cover for no group, but groups must cover for them") {
  const auto with_rest = [](std::uint64_t complaints) {
    std::vector<GroupScope> scopes{scope("a", 100, 20, 20, 50), scope("b", 100, 20, 30, 50), scope("c", 1, 1, 1, 1)};
    for (auto& s : scopes) s.tally.complaints = 40;
    scopes.push_back(scope("", 0, 0, 0, 0));
    scopes.back().rest = true;
    scopes.back().tally.complaints = complaints;
    suppress(scopes, pilot_with(10));
    return scopes;
  };
  for (const auto complaints : {20, 3}) {  // without decisions it would be the smallest of the margin
    const auto scopes = with_rest(static_cast<std::uint64_t>(complaints));
    CHECK(scopes[0].hidden);
    CHECK_FALSE(scopes[1].hidden);
    CHECK(scopes[2].hidden);
  }
  std::vector<GroupScope> shown{scope("a", 100, 20, 20, 50), scope("b", 100, 20, 30, 50), scope("", 0, 0, 0, 0)};
  shown[0].tally.complaints = shown[1].tally.complaints = 40;
  shown[2].tally.complaints = 3;  // the total less both groups
  shown[2].rest = true;
  suppress(shown, pilot_with(10));
  CHECK(shown[0].complaints_hidden);
  CHECK(shown[1].complaints_hidden);
  CHECK_FALSE(shown[0].hidden);
  CHECK_FALSE(shown[0].outcomes_hidden);
}

TEST_CASE("suppression: figures of hidden groups carry a reason and no number") {
  Scenario s(settings_of({pilot_with(10)}));
  std::string text;
  for (int i = 0; i < 60; ++i) {
    const auto id = std::to_string(i);
    text += R"({"type":"prediction","pilot":"p","id":")" + id + R"(","time":0,"prediction":)" + std::to_string(i % 2) +
            R"(,"segments":{"g":")" + (i < 5 ? "few" : "many") + "\"}}\n";
    text +=
        R"({"type":"outcome","pilot":"p","id":")" + id + R"(","time":0,"actual":)" + std::to_string(i % 3 == 0) + "}\n";
  }
  s.send(text);
  s.fold.finish(Instant{});
  for (const auto metric : {settings::Metric::error_rate, settings::Metric::false_positive_rate}) {
    const auto f = s.figure("day", metric, "few");
    CHECK(f.state == "suppressed");
    CHECK_FALSE(f.value);
    CHECK(f.n == 0);
    CHECK_FALSE(f.coverage);
  }
  const auto snapshot = s.fold.snapshot(Instant{});
  for (const auto& window : snapshot->pilots[0].windows) {
    for (const auto& c : window->confusions) {
      if (c.group == "few") CHECK(c.suppressed);
    }
    CHECK(window->suppressed_groups.at(0) == std::pair<std::string, std::uint64_t>{"g", 2});
  }
}
