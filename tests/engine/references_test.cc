// SPDX-License-Identifier: Apache-2.0
// What is compared with what: references of a period and of the version before, and that neither restarts nor the order
// of arrival change them.
#include "engine/references.h"

#include <algorithm>
#include <random>

#include "support/scenario.h"

using namespace pilotwatch;
using namespace pilotwatch::testing;
using settings::Metric;
using settings::WindowKind;

namespace {

const Instant start = at("2026-01-01T00:00:00Z");
constexpr std::chrono::hours day{24};

std::string prediction(int id, Millis after, int x, const std::string& version = "") {
  return R"({"type":"prediction","pilot":"p","id":)" + std::to_string(id) + R"(,"time":")" +
         format_rfc3339(start + after) + R"(","prediction":1,"features":{"x":)" + std::to_string(x) + "}" +
         (version.empty() ? "" : R"(,"model_version":")" + version + "\"") + "}\n";
}

settings::Pilot pilot_with(settings::Reference reference) {
  auto pilot = binary_pilot();
  pilot.windows = {{WindowKind::day, 0}};
  pilot.lateness = std::chrono::hours{1};
  pilot.features = {{"x", settings::FeatureKind::numeric}};
  pilot.reference = std::move(reference);
  return pilot;
}
settings::Reference of_period(int from_day, int to_day) {
  settings::Reference out;
  out.from = start + from_day * day;
  out.to = start + to_day * day;
  return out;
}
settings::Reference of_previous(std::uint64_t n) {
  settings::Reference out;
  out.previous_version = n;
  return out;
}

/// `n` decisions of one day, x counting up from `x`.
std::string a_day(int number, int n, int x, const std::string& version = "") {
  std::string out;
  for (int i = 0; i < n; ++i) {
    out += prediction(number * 10'000 + i, number * day + Millis{i * 20'000}, x + i % 100, version);
  }
  return out;
}

/// The ks of x on a day; nullopt where there is no such figure.
std::optional<engine::Figure> ks(Scenario& s, int number, const std::string& version = "") {
  const auto snapshot = s.fold.snapshot(Instant{});
  for (const auto& window : snapshot->pilots.front().windows) {
    if (window->start != start + number * day) continue;
    for (const auto& f : window->figures) {
      if (f.metric == Metric::ks && f.feature == "x" && f.model_version == version) return f;
    }
  }
  return std::nullopt;
}

std::vector<engine::ReferenceInfo> references(Scenario& s) {
  return s.fold.snapshot(Instant{})->pilots.front().references;
}

}  // namespace

TEST_CASE("references: a period is frozen when it is over, and compared with all decisions since it began") {
  Scenario s(settings_of({pilot_with(of_period(1, 3))}));
  std::vector<engine::ReferenceInfo> told;
  s.fold.on_reference = [&](const settings::Pilot&, const engine::ReferenceInfo& r) { told.push_back(r); };
  s.send(a_day(0, 100, 500) + a_day(1, 100, 0) + a_day(2, 100, 0) +
         prediction(90'001, 3 * day + std::chrono::minutes{59}, 0));
  CHECK(told.empty());
  CHECK_FALSE(ks(s, 1));  // closed, and nothing to compare with yet
  s.send(prediction(90'002, 3 * day + std::chrono::hours{1}, 0));
  REQUIRE(told.size() == 1);
  CHECK(told[0].kind == settings::ReferenceKind::period);
  CHECK(told[0].n == 200);
  CHECK(told[0].frozen_at == start + 3 * day + std::chrono::hours{1});
  CHECK(told[0].versions.empty());
  s.send(a_day(3, 100, 50) + a_day(5, 1, 0));
  CHECK_FALSE(ks(s, 0));  // before the period
  CHECK(ks(s, 1)->value == 0.0);
  CHECK(ks(s, 2)->value == 0.0);
  CHECK(ks(s, 3)->n == 102);
  CHECK(*ks(s, 3)->value > .4);
  // What comes late is compared, and no part of the reference; before the period it is not compared.
  s.send(prediction(90'003, 2 * day, 1000) + prediction(90'004, 0 * day, 1000));
  CHECK(ks(s, 2)->n == 101);
  CHECK(*ks(s, 2)->value > 0);
  CHECK_FALSE(ks(s, 0));
  CHECK(references(s).size() == 1);
  CHECK(references(s)[0].id == told[0].id);
}

TEST_CASE("references: a period ends where records end, but not before") {
  Scenario over(settings_of({pilot_with(of_period(1, 2))})), runs(settings_of({pilot_with(of_period(1, 3))}));
  for (auto* s : {&over, &runs}) {
    s->send(a_day(0, 10, 0) + a_day(1, 100, 0));
    s->fold.finish(Instant{});
  }
  CHECK(references(over).size() == 1);
  CHECK(references(runs).empty());
}

TEST_CASE("references: a period in which nothing came in time stays without") {
  Scenario s(settings_of({pilot_with(of_period(1, 2))}));
  s.send(a_day(0, 10, 0) + a_day(3, 10, 0) + a_day(1, 10, 0) + a_day(4, 10, 0));
  CHECK(references(s).empty());
  CHECK_FALSE(ks(s, 3));
}

TEST_CASE("references: of a long period max_rows are taken by lot, the same in any order of arrival") {
  auto reference = of_period(0, 1);
  reference.max_rows = 1000;
  std::vector<std::string> ids(2);
  for (const bool turned : {false, true}) {
    auto pilot = pilot_with(reference);
    pilot.lateness = day;
    Scenario s(settings_of({pilot}));
    for (int i = 0; i < 4000; ++i) {
      const int id = turned ? 3999 - i : i;
      s.send(prediction(id, Millis{id * 20'000}, id));
    }
    s.send(prediction(5000, 2 * day, 0) + prediction(5001, 4 * day, 0));
    REQUIRE(references(s).size() == 1);
    CHECK(references(s)[0].n == 1000);
    ids[turned ? 1 : 0] = references(s)[0].id;
    // Not the first thousand, nor the last: their distribution is that of all.
    const auto sample = s.fold.engine().pilots()[0]->reference()->features[0].sample.values;
    CHECK(sample[500] == Approx(2000).margin(300));
    CHECK(ks(s, 0)->n == 1000);
  }
  CHECK(ids[0] == ids[1]);
}

TEST_CASE("references: a version is compared with the last N of the version before it") {
  Scenario s(settings_of({pilot_with(of_previous(300))}));
  std::vector<engine::ReferenceInfo> told;
  s.fold.on_reference = [&](const settings::Pilot&, const engine::ReferenceInfo& r) { told.push_back(r); };
  s.send(a_day(0, 400, 0, "a") + a_day(1, 300, 50, "a") + a_day(2, 300, 50, "b") + a_day(3, 300, 50, "b") +
         prediction(90'001, 4 * day + std::chrono::hours{2}, 50, "b"));
  REQUIRE(told.size() == 2);
  CHECK(told[0].versions == std::vector<std::string>{"a"});
  CHECK(told[0].n == 300);
  CHECK(told[1].versions == std::vector<std::string>{"b"});
  CHECK(told[1].n == 300);
  CHECK(told[1].frozen_at == start + 2 * day + std::chrono::hours{1});
  CHECK(ks(s, 0, "a")->value == 0.0);
  CHECK(*ks(s, 1, "a")->value == Approx(.5));  // its own first 300
  CHECK(ks(s, 2, "b")->value == 0.0);          // the last 300 of `a`
  CHECK(ks(s, 2)->value == 0.0);               // all of the day are of `b`
  CHECK(ks(s, 1)->value == ks(s, 1, "a")->value);

  // Too few of `c` to be a reference for `d`, which is compared with what `c` is.
  s.send(a_day(4, 199, 0, "c") + a_day(5, 100, 50, "d") + a_day(7, 1, 50, "d"));
  REQUIRE(told.size() == 3);
  CHECK(told[2].versions == std::vector<std::string>{"c"});
  CHECK(ks(s, 5, "d")->value == 0.0);
  REQUIRE(references(s).size() == 3);
  CHECK(references(s)[2].versions == std::vector<std::string>{"c", "d"});
  CHECK(references(s)[0].versions == std::vector<std::string>{"a"});
  CHECK(s.fold.engine().pilots()[0]->reference()->id == told[2].id);
}

TEST_CASE("references: versions that are compared with different ones have no distance together") {
  Scenario s(settings_of({pilot_with(of_previous(200))}));
  std::string side_by_side = a_day(0, 200, 0, "a");
  for (int i = 0; i < 200; ++i) {
    side_by_side += prediction(90'000 + i, 1 * day + Millis{i * 20'000}, 77 + i % 100, i % 2 == 0 ? "a" : "b");
  }
  s.send(side_by_side + a_day(2, 100, 0, "b") + a_day(4, 1, 0, "b"));
  CHECK(ks(s, 1, "a")->state == "ok");
  CHECK(ks(s, 1, "b")->state == "ok");
  const auto together = ks(s, 1);
  REQUIRE(together);
  CHECK(together->state == "undefined");
  CHECK(together->reason == "references_differ");
  CHECK_FALSE(together->value);
  CHECK_FALSE(together->noise_floor);
  CHECK(together->n == 200);
  CHECK(ks(s, 0)->state == "ok");
  CHECK(ks(s, 2)->state == "ok");
}

TEST_CASE("references: the first versions collect together until one has its first N") {
  Scenario s(settings_of({pilot_with(of_previous(400))}));
  s.send(a_day(0, 150, 0, "a") + a_day(1, 150, 0, "b") + a_day(2, 99, 0, "b"));
  s.send(prediction(90'001, 3 * day, 0, "b"));
  CHECK(references(s).empty());
  s.send(prediction(90'002, 3 * day + std::chrono::hours{2}, 0, "b"));
  REQUIRE(references(s).size() == 1);
  CHECK(references(s)[0].n == 400);
  CHECK(references(s)[0].versions == std::vector<std::string>{"a", "b"});
  CHECK(ks(s, 0)->n == 150);
  CHECK(ks(s, 1)->n == 150);
}

namespace {

/// Three versions, one after the other with some overlap, and a drift of each; three weeks.
std::vector<std::string> life(std::mt19937_64& rng) {
  std::vector<std::string> out;
  for (int i = 0; i < 1500; ++i) {
    const int version = std::min(2, (i + static_cast<int>(rng() % 60)) / 500);
    out.push_back(prediction(i, Millis{i * 1'200'000LL}, static_cast<int>(rng() % 80) + 10 * version,
                             std::string(1, static_cast<char>('a' + version))));
  }
  return out;
}

settings::Pilot watched(settings::Reference reference) {
  auto pilot = pilot_with(std::move(reference));
  pilot.windows = {{WindowKind::day, 0}, {WindowKind::count, 100}, {WindowKind::all, 0}};
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

std::vector<settings::Reference> all_kinds() {
  settings::Reference first;
  first.first = 300;
  auto thinned = of_period(2, 9);
  thinned.max_rows = 250;
  auto by_weekday = of_period(2, 9);
  by_weekday.strata = settings::Strata::day_of_week;
  return {first, of_period(2, 9), thinned, by_weekday, of_previous(250)};
}

std::string told(Scenario& s) {
  std::string out;
  for (const auto& t : s.transitions) {
    out += format_rfc3339(t.at) + " " + judge::state_names[static_cast<std::size_t>(t.to)] + " " + t.reason + " " +
           (t.evidence ? t.evidence->reference : "") + "\n";
  }
  for (const auto& r : references(s)) {
    out += r.id + " " + format_rfc3339(*r.frozen_at);
    for (const auto& version : r.versions) out += " " + version;
    out += "\n";
  }
  const auto snapshot = s.fold.snapshot(Instant{});
  for (const auto& window : snapshot->pilots.front().windows) {
    for (const auto& f : window->figures) {
      if (f.feature.empty()) continue;
      out += window->kind_name + " " + format_rfc3339(window->start) + " " + f.model_version + " " +
             settings::metric_names[static_cast<std::size_t>(f.metric)] + " " +
             (f.value ? std::to_string(*f.value) : f.reason) + " " + std::to_string(f.n) + "\n";
    }
  }
  return out;
}

}  // namespace

TEST_CASE(
    "references: a checkpoint and the tail give the same bytes as everything from the first entry, of all kinds") {
  const auto seed = GENERATE(take(6, random(0u, 1u << 30)));
  CAPTURE(seed);
  std::mt19937_64 rng{seed};
  const auto lines = life(rng);
  for (const auto& reference : all_kinds()) {
    const auto pilot = watched(reference);
    Scenario whole(settings_of({pilot})), first(settings_of({pilot})), second(settings_of({pilot}));
    for (const auto& line : lines) whole.send(line);
    const std::size_t crash = rng() % lines.size();
    CAPTURE(crash);
    for (std::size_t i = 0; i < crash; ++i) first.send(lines[i]);
    std::map<std::string, std::string> parts;
    first.fold.save(true, [&](const std::string& name, const std::string& bytes) { parts[name] = bytes; });
    second.fold.load(parts, crash, Instant{});
    second.sequence = crash;
    second.transitions = first.transitions;
    for (std::size_t i = crash; i < lines.size(); ++i) second.send(lines[i]);
    CHECK(second.saved() == whole.saved());
    CHECK(told(second) == told(whole));
    CHECK_FALSE(references(whole).empty());
  }
}

TEST_CASE("references: records in any order within lateness, in any number of entries, give the same") {
  const auto seed = GENERATE(take(4, random(0u, 1u << 30)));
  CAPTURE(seed);
  std::mt19937_64 rng{seed};
  const auto lines = life(rng);
  for (const auto& reference : all_kinds()) {
    auto pilot = watched(reference);
    pilot.lateness = std::chrono::hours{8};  // 24 decisions
    Scenario orderly(settings_of({pilot})), shuffled(settings_of({pilot}));
    for (const auto& line : lines) orderly.send(line);
    auto mixed = lines;
    for (std::size_t i = 0; i < mixed.size(); i += 20) {
      std::shuffle(mixed.begin() + static_cast<std::ptrdiff_t>(i),
                   mixed.begin() + static_cast<std::ptrdiff_t>(std::min(i + 20, mixed.size())), rng);
    }
    for (std::size_t i = 0; i < mixed.size();) {
      std::string entry;
      for (auto left = 1 + rng() % 50; left > 0 && i < mixed.size(); --left) entry += mixed[i++];
      shuffled.send(entry);
    }
    for (auto* s : {&orderly, &shuffled}) s->fold.finish(Instant{});
    CHECK(told(shuffled) == told(orderly));
  }
}

TEST_CASE("references: each version's evidence is gathered against its own reference") {
  std::mt19937_64 rng{5};
  auto pilot = watched(of_previous(400));
  pilot.lateness = Millis{0};
  Scenario s(settings_of({pilot}));
  const auto send = [&](int from, int n, int shift, const std::string& version) {
    for (int i = 0; i < n; ++i) {
      s.send(prediction(from + i, Millis{(from + i) * 1'200'000LL}, static_cast<int>(rng() % 80) + shift, version));
    }
  };
  send(0, 1500, 0, "a");
  CHECK(s.fold.statuses().front().state == judge::State::ok);
  const auto before = s.fold.statuses().front().evidence->reference;
  send(1500, 300, 60, "a");  // a real change of what `a` sees
  CHECK(s.fold.statuses().front().state == judge::State::breach);
  send(1800, 400, 60, "a");
  s.transitions.clear();
  send(2200, 1000, 60, "b");  // to which `b` was made: it sees what the version before saw last
  REQUIRE_FALSE(s.transitions.empty());
  CHECK(s.transitions.front().to == judge::State::insufficient);
  CHECK(s.transitions.front().reason.find("another reference") != std::string::npos);
  CHECK(s.transitions.back().to == judge::State::ok);
  const auto after = s.fold.statuses().front().evidence->reference;
  CHECK(after != before);
  CHECK(after == references(s)[1].id);
  // Stragglers of `a` are no evidence about `b`.
  const auto observations = s.fold.statuses().front().evidence->observations;
  send(3200, 100, 0, "a");
  CHECK(s.fold.statuses().front().evidence->observations == observations);
}
