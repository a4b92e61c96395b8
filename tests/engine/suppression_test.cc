// SPDX-License-Identifier: Apache-2.0
#include "engine/suppression.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <random>
#include <set>

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
  const auto seed = GENERATE(take(1, random(0u, 1u << 30))) + GENERATE(range(0u, 300u));
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
  const auto seed = GENERATE(take(1, random(0u, 1u << 30))) + GENERATE(range(0u, 300u));
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

TEST_CASE("suppression: where failures are hidden, decisions less predictions do not show them") {
  std::vector<GroupScope> scopes{scope("a", 10, 10, 10, 10), scope("b", 20, 20, 20, 20), scope("c", 30, 30, 30, 30)};
  for (auto& s : scopes) s.tally.decisions += 20;  // no outcome yet, with a prediction
  for (auto& s : scopes) s.tally.predicted += 20;
  scopes[0].tally.failures = 2;
  scopes[0].tally.predicted -= 2;
  suppress(scopes, pilot_with(5));
  for (const auto i : {0, 1}) {  // b covers for a
    CHECK(scopes[static_cast<std::size_t>(i)].failures_hidden);
    CHECK(scopes[static_cast<std::size_t>(i)].predicted_hidden);
    CHECK_FALSE(scopes[static_cast<std::size_t>(i)].outcomes_hidden);  // many are without an outcome for other reasons
  }
  CHECK_FALSE(scopes[2].predicted_hidden);
}

TEST_CASE(
    "suppression: few decisions without a prediction, or with one, are hidden though none is said to have failed") {
  for (const std::uint64_t predicted : {58, 3}) {
    std::vector<GroupScope> scopes{scope("a", 0, 0, 0, 0), scope("b", 20, 20, 20, 20), scope("c", 30, 30, 30, 30)};
    scopes[0].tally.decisions = 60;
    scopes[0].tally.predicted = predicted;
    suppress(scopes, pilot_with(5));
    CHECK(scopes[0].predicted_hidden);
    CHECK_FALSE(scopes[0].failures_hidden);
    CHECK(scopes[1].predicted_hidden);
    CHECK_FALSE(scopes[2].predicted_hidden);
  }
}

TEST_CASE("suppression: outcomes and reviews of all predictions show as little of failures as these") {
  const auto three = [](auto&& change) {
    std::vector<GroupScope> scopes{scope("a", 10, 10, 10, 10), scope("b", 20, 20, 20, 20), scope("c", 30, 30, 30, 30)};
    for (auto& s : scopes) {
      s.tally.failures = 10;
      s.tally.decisions += 10;
      s.tally.side.add(Side::reviews, 20);
    }
    scopes[0].tally.failures = 2;
    scopes[0].tally.decisions -= 8;
    change(scopes);
    suppress(scopes, pilot_with(5));
    return scopes;
  };
  const auto outcomes = three([](auto&) {});
  CHECK(outcomes[0].outcomes_hidden);
  CHECK(outcomes[1].outcomes_hidden);
  CHECK_FALSE(outcomes[2].outcomes_hidden);
  CHECK_FALSE(outcomes[0].reviews_hidden);
  const auto reviews = three([](auto& scopes) {
    for (auto& s : scopes) s.tally.side.add(Side::reviews, static_cast<std::int64_t>(s.tally.predicted) - 20);
  });
  CHECK(reviews[0].reviews_hidden);
  CHECK(reviews[1].reviews_hidden);
  CHECK_FALSE(reviews[2].reviews_hidden);
}

TEST_CASE("suppression: scores of all but few outcomes are hidden, and those of one more group") {
  const auto pilot = pilot_with(5);
  std::vector<GroupScope> scopes{scope("a", 10, 10, 10, 10), scope("b", 20, 20, 20, 20), scope("c", 30, 30, 30, 30)};
  for (auto& s : scopes) {
    Decision d;
    d.has_predicted = d.has_outcome = d.has_score = true;
    for (const auto actual : {0, 1}) {
      d.score = 0.3;
      d.actual = actual;
      s.tally.scored.add(d, pilot, true, static_cast<std::int64_t>(s.tally.labelled / 2) - (s.group == "a" ? 1 : 0));
    }
  }
  suppress(scopes, pilot);
  CHECK(scopes[0].scored_hidden);
  CHECK(scopes[1].scored_hidden);
  CHECK_FALSE(scopes[2].scored_hidden);
  for (const auto& s : scopes) CHECK_FALSE(s.outcomes_hidden);
}

namespace {

/// What an observer has of one window of random decisions, and what is true.
struct Shown {
  struct Group {
    std::uint64_t failures = 0, missing = 0, predicted = 0;
    std::map<settings::Metric, std::uint64_t> n;  ///< that are published, 0 left out
  };
  std::map<std::string, Group> groups;
  std::map<settings::Metric, std::uint64_t> whole;
  std::shared_ptr<const engine::WindowResult> window;
};

constexpr settings::Metric of_decisions[] = {settings::Metric::volume,   settings::Metric::failure_rate,
                                             settings::Metric::coverage, settings::Metric::error_rate,
                                             settings::Metric::accuracy, settings::Metric::selection_rate,
                                             settings::Metric::f1,       settings::Metric::roc_auc,
                                             settings::Metric::brier,    settings::Metric::override_rate};

Shown random_window(std::uint64_t seed, std::uint64_t min_n) {
  std::mt19937_64 rng{seed};
  Scenario s(settings_of({pilot_with(min_n)}));
  Shown out;
  std::string text;
  const auto outcomes = rng() % 3, reviews = rng() % 3;  // 0: of all, 1: of most, 2: of half
  const auto has = [&](std::uint64_t which) { return which == 0 || (which == 1 ? rng() % 12 > 0 : rng() % 2 > 0); };
  for (std::uint64_t g = 0, groups = 2 + rng() % 4; g < groups; ++g) {
    const auto name = "g" + std::to_string(g);
    auto& group = out.groups[name];
    const auto failing = rng() % 3 == 0 ? 0 : rng() % 9, silent = rng() % 4 == 0 ? rng() % 7 : 0;
    for (std::uint64_t i = 0, all = 20 + rng() % 80; i < all; ++i) {
      const auto id = name + "-" + std::to_string(i);
      const bool failed = i < failing, predicted = !failed && i >= failing + silent;
      group.failures += failed;
      group.missing += !predicted;
      group.predicted += predicted;
      text += R"({"type":"prediction","pilot":"p","time":0,"id":")" + id + R"(","segments":{"g":")" + name + "\"}";
      if (failed) text += R"(,"failed":true)";
      if (predicted) text += R"(,"prediction":)" + std::to_string(rng() % 2);
      if (predicted && rng() % 8 > 0) text += R"(,"score":0.)" + std::to_string(1 + rng() % 9);
      text += "}\n";
      if (predicted && has(outcomes))
        text += R"({"type":"outcome","pilot":"p","time":0,"id":")" + id + R"(","actual":)" + std::to_string(rng() % 2) +
                "}\n";
      if (predicted && has(reviews))
        text += R"({"type":"review","pilot":"p","time":0,"id":"r)" + id + R"(","prediction_id":")" + id +
                R"(","final":)" + std::to_string(rng() % 2) + "}\n";
    }
  }
  const auto applied = s.send(text);
  REQUIRE(applied.rejected == 0);
  s.fold.finish(Instant{});
  out.window = s.fold.snapshot(Instant{})->pilots[0].windows.front();
  for (const auto& f : out.window->figures) {
    if (!f.compare.empty() || !f.model_version.empty() || f.n == 0) continue;
    if (std::ranges::find(of_decisions, f.metric) == std::end(of_decisions)) continue;
    auto& n = f.attribute.empty() ? out.whole : out.groups.at(f.group).n;
    // Coverage shows the known outcomes by its value.
    n[f.metric] = f.metric == settings::Metric::coverage
                      ? static_cast<std::uint64_t>(std::llround(*f.value * static_cast<double>(f.n)))
                      : f.n;
  }
  return out;
}

/// What the whole less all other groups shows of the one that is hidden.
void work_out_gaps(Shown& shown) {
  for (const auto& [metric, whole] : shown.whole) {
    Shown::Group* gap = nullptr;
    std::uint64_t gaps = 0, sum = 0;
    for (auto& [name, group] : shown.groups) {
      const auto found = group.n.find(metric);
      if (found == group.n.end()) {
        gap = &group;
        ++gaps;
      } else {
        sum += found->second;
      }
    }
    if (gaps == 1 && whole > sum) gap->n[metric] = whole - sum;
  }
}

}  // namespace

TEST_CASE("suppression: no small number of failures or of cases without a prediction is a difference of two shown n") {
  constexpr std::uint64_t min_n = 5;
  const auto seed = GENERATE(take(1, random(0u, 1u << 30))) + GENERATE(range(0u, 250u));
  CAPTURE(seed);
  auto shown = random_window(seed, min_n);
  work_out_gaps(shown);
  const auto small = [](std::uint64_t count) { return count > 0 && count < min_n; };
  std::size_t untold = 0;  // groups whose failures do not follow where all outcomes or predictions are counted
  bool any_small = false;
  for (const auto& [name, group] : shown.groups) {
    CAPTURE(name, group.failures, group.missing);
    const bool small_failures = small(group.failures), small_missing = small(group.missing),
               few = small(group.predicted);
    any_small = any_small || small_missing;
    std::set<std::uint64_t> differences;
    for (const auto& [a, most] : group.n) {
      for (const auto& [b, less] : group.n) {
        if (a != settings::Metric::override_rate && b != settings::Metric::override_rate && most > less)
          differences.insert(most - less);
      }
    }
    const auto decisions = group.n.find(settings::Metric::volume);
    const auto reviewed = group.n.find(settings::Metric::override_rate);
    if (decisions != group.n.end() && reviewed != group.n.end())
      differences.insert(decisions->second - reviewed->second);
    if (small_failures) CHECK(differences.count(group.failures) == 0);
    if (small_missing) CHECK(differences.count(group.missing) == 0);
    if (few) CHECK(group.n.count(settings::Metric::selection_rate) == 0);
    const auto tells = [&](const auto& n) {
      return n.first != settings::Metric::volume && n.first != settings::Metric::failure_rate &&
             decisions->second - n.second == group.missing;
    };
    untold += decisions == group.n.end() || std::none_of(group.n.begin(), group.n.end(), tells) ? 1 : 0;
  }
  if (any_small) CHECK(untold != 1);
}

TEST_CASE("suppression: comparisons of selection rates are hidden where the predictions of a side are") {
  const auto seed = GENERATE(take(1, random(0u, 1u << 30))) + GENERATE(range(0u, 40u));
  CAPTURE(seed);
  const auto shown = random_window(seed, 5);
  std::set<std::string> hidden;
  for (const auto& f : shown.window->figures) {
    if (f.compare.empty() && f.metric == settings::Metric::selection_rate && f.state == "suppressed")
      hidden.insert(f.group);
  }
  for (const auto& f : shown.window->figures) {
    if (!f.compare.empty() && f.metric == settings::Metric::selection_rate && hidden.count(f.group) > 0) {
      CHECK(f.state == "suppressed");
      CHECK(f.n == 0);
    }
  }
}
