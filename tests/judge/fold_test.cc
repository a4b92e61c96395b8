// SPDX-License-Identifier: Apache-2.0
#include "judge/fold.h"

#include <algorithm>
#include <random>

#include "support/random_stream.h"

using namespace pilotwatch;
using namespace pilotwatch::testing;
using settings::Metric;

namespace {

constexpr const char* day1 = "2026-01-01T12:00:00Z";
constexpr const char* day2 = "2026-01-02T12:00:00Z";
constexpr const char* day3 = "2026-01-03T12:00:00Z";

settings::Pilot rich_pilot() {
  auto pilot = binary_pilot();
  pilot.windows = {{settings::WindowKind::day, 0}, {settings::WindowKind::count, 20}, {settings::WindowKind::all, 0}};
  pilot.segments.attributes = {"g"};
  pilot.features = {{"x", settings::FeatureKind::numeric}};
  pilot.reference.first = 30;
  pilot.lateness = std::chrono::hours{24 * 30};  // everything below comes within it
  settings::Limit limit;
  limit.name = "errors";
  limit.window = pilot.windows[0];
  limit.max = 0.3;
  limit.evidence = settings::Evidence::point;
  limit.min_n = 5;
  pilot.limits = {limit};
  return pilot;
}

}  // namespace

TEST_CASE("fold: outcomes join by id, before or after their prediction") {
  Scenario s(settings_of({binary_pilot()}));
  const auto applied =
      s.send(outcome("b", day1, 1) + prediction("a", day1, 1) + prediction("b", day1, 1) + outcome("a", day1, 0));
  CHECK(applied.accepted == 4);
  const auto f = s.figure("all", Metric::error_rate);
  CHECK(f.value == 0.5);
  CHECK(f.n == 2);
  CHECK(f.coverage == 1.0);
  CHECK(f.lower == Approx(0.09453120573423074));  // Wilson 1 of 2
}

TEST_CASE("fold: a repeat changes nothing and is counted as duplicate") {
  Scenario s(settings_of({binary_pilot()}));
  const std::string lines = prediction("a", day1, 1) + outcome("a", day1, 0) + complaint("c", day1);
  CHECK(s.send(lines).accepted == 3);
  const auto before = figures_text(s);
  const auto again = s.send(lines + lines);
  CHECK(again.accepted == 0);
  CHECK(again.duplicate == 6);
  CHECK(figures_text(s) == before);
}

TEST_CASE("fold: of different outcomes the latest wins, whatever came first") {
  for (const bool turned : {false, true}) {
    Scenario s(settings_of({binary_pilot()}));
    const auto early = outcome("a", "2026-01-01T13:00:00Z", 0), late = outcome("a", "2026-01-01T14:00:00Z", 1);
    s.send(prediction("a", day1, 1) + (turned ? late + early : early + late));
    CHECK(s.figure("all", Metric::error_rate).value == 0.0);
    CHECK(s.send(early + late).duplicate == 2);  // both are known now
  }
}

TEST_CASE("fold: the same records in any order within lateness give the same figures and transitions") {
  const auto seed = GENERATE(take(25, random(0u, 1u << 30)));
  CAPTURE(seed);
  std::mt19937_64 rng{seed};
  auto lines = random_lines(rng, 120);
  std::string figures, transitions;
  for (int round = 0; round < 3; ++round) {
    Scenario s(settings_of({rich_pilot()}));
    std::string text;
    for (const auto& line : lines) text += line;
    s.send(text);
    s.fold.finish(Instant{});
    std::string changes;
    for (const auto& t : s.transitions)
      changes += format_rfc3339(t.at) + " " + judge::state_names[static_cast<std::size_t>(t.to)] + "\n";
    const auto end = s.fold.snapshot(Instant{});
    for (const auto& finding : end->pilots.front().findings)
      changes += finding.model_version + " " + format_rfc3339(finding.time) + "\n";
    if (round == 0) {
      figures = figures_text(s);
      transitions = changes;
      CHECK_FALSE(transitions.empty());
    } else {
      CHECK(figures_text(s) == figures);
      CHECK(changes == transitions);
    }
    std::shuffle(lines.begin(), lines.end(), rng);
  }
}

TEST_CASE("fold: a checkpoint and the tail give the same bytes as everything from the first entry") {
  const auto seed = GENERATE(take(25, random(0u, 1u << 30)));
  CAPTURE(seed);
  std::mt19937_64 rng{seed};
  auto pilot = rich_pilot();
  pilot.lateness = std::chrono::hours{1};
  pilot.segments.min_n = seed % 2 == 0 ? 1 : 5;
  const auto lines = random_lines(rng, 150);
  std::vector<std::string> batches(10);
  for (std::size_t i = 0; i < lines.size(); ++i) batches[i * 10 / lines.size()] += lines[i];

  Scenario whole(settings_of({pilot})), first(settings_of({pilot})), second(settings_of({pilot}));
  for (const auto& batch : batches) whole.send(batch);
  const std::size_t crash = rng() % batches.size();
  for (std::size_t i = 0; i < crash; ++i) first.send(batches[i]);
  std::map<std::string, std::string> parts;
  first.fold.save(true, [&](const std::string& name, const std::string& bytes) { parts[name] = bytes; });
  second.fold.load(parts, crash, Instant{});
  second.sequence = crash;
  for (std::size_t i = crash; i < batches.size(); ++i) second.send(batches[i]);
  CHECK(second.saved() == whole.saved());
  CHECK(figures_text(second) == figures_text(whole));
}

TEST_CASE("fold: a checkpoint writes what is new of the decisions, whichever of them has changed") {
  Scenario s(settings_of({binary_pilot()}));
  std::string text;
  for (int i = 0; i < 10'000; ++i) text += prediction(std::to_string(i), day1, i % 2);
  s.send(text);
  const auto decisions = [&](bool all) {
    std::map<std::string, std::size_t> out;
    s.fold.save(all, [&](const std::string& name, const std::string& bytes) {
      if (name.starts_with("block/p/log/")) out[name] = bytes.size();
    });
    return out;
  };
  CHECK(decisions(false).size() == 2);  // 10,000 rows of some 40 bytes, in parts of 256 KiB
  s.send(outcome("3", day1, 1) + outcome("9000", day1, 1));
  const auto changed = decisions(false);
  REQUIRE(changed.size() == 1);
  CHECK(changed.begin()->first == "block/p/log/1");
  CHECK(changed.begin()->second < 256 << 10);
}

TEST_CASE("fold: received = accepted + duplicate + rejected, by stream") {
  Scenario s(settings_of({binary_pilot()}));
  s.send(prediction("a", day1, 1) + prediction("a", day1, 1) + outcome("a", day1, 0) + "nonsense\n" +
         complaint("", day1));
  std::uint64_t total = 0;
  const auto snapshot = s.fold.snapshot(Instant{});
  for (const auto& row : snapshot->ingest.rows) {
    std::uint64_t rejected = 0;
    for (const auto count : row.rejected) rejected += count;
    CHECK(row.received == row.accepted + row.duplicate + rejected);
    total += row.received;
  }
  CHECK(total == 5);
}

TEST_CASE("fold: a complaint counts in the cohort of the decision it names, as soon as that is known") {
  Scenario s(settings_of({binary_pilot()}));
  s.send(prediction("x", day1, 1) + complaint("c", day2, R"(,"prediction_id":"late")"));
  s.send(prediction("late", day1, 0) + prediction("y", day3, 1));
  CHECK(s.figure("day", Metric::complaints_per_1000).value == 500.0);
  CHECK(s.fold.snapshot(Instant{})->pilots.front().counters.complaints_unlinked == 0);
}

TEST_CASE("fold: a window is judged once; what comes later changes what is shown, not what was judged") {
  auto pilot = binary_pilot();
  settings::Limit limit;
  limit.name = "errors";
  limit.window = pilot.windows[0];
  limit.max = 0.4;
  limit.evidence = settings::Evidence::point;
  limit.min_n = 1;
  pilot.limits = {limit};
  Scenario s(settings_of({pilot}));
  s.send(prediction("a", day1, 1) + outcome("a", day1, 1) + prediction("b", day2, 1));
  REQUIRE(s.transitions.size() == 1);
  CHECK(s.transitions[0].to == judge::State::ok);
  s.send(prediction("late", day1, 1) + outcome("late", day1, 0));
  CHECK(s.figure("day", Metric::error_rate).value == 0.5);
  CHECK(s.transitions.size() == 1);
  CHECK(s.fold.snapshot(Instant{})->ingest.rows[0].late == 1);
}

TEST_CASE("fold: changed limits keep the figures, lose their state and end a running episode") {
  auto pilot = rich_pilot();
  pilot.lateness = Millis{0};
  pilot.limits[0].min_n = 1;
  Scenario s(settings_of({pilot}));
  s.send(prediction("a", day1, 1) + outcome("a", day1, 0) + prediction("b", day2, 1));
  REQUIRE(s.fold.statuses().front().state == judge::State::breach);
  std::map<std::string, std::string> parts;
  s.fold.save(true, [&](const std::string& name, const std::string& bytes) { parts[name] = bytes; });

  Scenario same(settings_of({pilot}));
  same.fold.load(parts, 1, at(day3));
  CHECK(same.fold.statuses().front().state == judge::State::breach);
  CHECK(same.fold.statuses().front().episode->id == s.fold.statuses().front().episode->id);

  pilot.limits[0].max = 0.5;
  Scenario changed(settings_of({pilot}));
  changed.fold.load(parts, 1, at(day3));
  CHECK(changed.fold.statuses().front().state == judge::State::collecting);
  CHECK(changed.fold.statuses().front().episode->ended_wall == at(day3));
}

TEST_CASE("fold: damaged checkpoints are refused, never believed and never a crash") {
  const auto seed = GENERATE(take(50, random(0u, 1u << 30)));
  CAPTURE(seed);
  std::mt19937_64 rng{seed};
  Scenario s(settings_of({rich_pilot()}));
  std::string text;
  for (const auto& line : random_lines(rng, 40)) text += line;
  s.send(text);
  std::map<std::string, std::string> parts;
  s.fold.save(true, [&](const std::string& name, const std::string& bytes) { parts[name] = bytes; });
  for (auto& [name, bytes] : parts) {
    if (rng() % 2 == 0 || bytes.empty()) continue;
    if (rng() % 2 == 0)
      bytes.resize(rng() % bytes.size());
    else
      bytes[rng() % bytes.size()] = static_cast<char>(rng());
  }
  Scenario damaged(settings_of({rich_pilot()}));
  const auto before = damaged.saved();
  try {
    damaged.fold.load(parts, 1, Instant{});
  } catch (const CorruptBytes&) {
    CHECK(damaged.saved() == before);  // refused as a whole
  }
}
