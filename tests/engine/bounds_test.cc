// SPDX-License-Identifier: Apache-2.0
// What of a pilot stays in memory whatever comes: pushed past each bound, and the same over every restart.
#include <algorithm>
#include <deque>
#include <random>

#include "engine/parked.h"
#include "support/random_stream.h"

using namespace pilotwatch;
using namespace pilotwatch::testing;
using settings::Metric;

namespace {

constexpr const char* day = "2026-01-01T12:00:00Z";

settings::Pilot bounded(settings::Bounds bounds) {
  auto pilot = binary_pilot();
  pilot.bounds = bounds;
  return pilot;
}

engine::PilotView view_of(Scenario& s) { return s.fold.snapshot(Instant{})->pilots.front(); }
engine::PilotCounters counters_of(Scenario& s) { return view_of(s).counters; }
std::uint64_t dropped(Scenario& s, engine::ParkedStream stream) {
  return counters_of(s).parked_dropped[static_cast<std::size_t>(stream)];
}
std::uint64_t used(Scenario& s, const std::string& name) {
  for (const auto& bound : view_of(s).bounds) {
    if (bound.name == name) return bound.used;
  }
  FAIL("no bound " << name);
  return 0;
}
engine::BoundUse label(Scenario& s, const std::string& name) {
  for (const auto& use : view_of(s).labels) {
    if (use.name == name) return use;
  }
  FAIL("no label " << name);
  return {};
}
std::uint64_t overflows(Scenario& s, const std::string& name) {
  for (const auto& [key, count] : counters_of(s).label_overflows) {
    if (key == name) return count;
  }
  return 0;
}

std::string review(const std::string& id, int final) {
  return R"({"type":"review","pilot":"p","time":")" + std::string(day) + R"(","prediction_id":")" + id +
         R"(","final":)" + std::to_string(final) + "}\n";
}
std::string update(const std::string& id, const std::string& step) {
  return R"({"type":"complaint_update","pilot":"p","time":")" + std::string(day) + R"(","id":")" + id +
         R"(","step":")" + step + R"(","found_for":"person"})" + "\n";
}
std::string feedback(const std::string& id) {
  return R"({"type":"feedback","pilot":"p","audience":"staff","time":")" + std::string(day) + R"(","id":")" + id +
         "\"}\n";
}
std::string change(const std::string& id) {
  return R"({"type":"change","pilot":"p","what":"model","time":")" + std::string(day) + R"(","id":")" + id + "\"}\n";
}
std::string part(const std::string& id, const std::string& which, const std::string& time = day) {
  return R"({"type":"prediction","pilot":"p","time":")" + time + R"(","id":")" + id + R"(","part":")" +
         which + R"("})" + "\n";
}

/// What a fresh fold makes of everything that `s` has saved.
std::unique_ptr<Scenario> restarted(Scenario& s) {
  std::map<std::string, std::string> parts;
  s.fold.save(true, [&](const std::string& name, std::string bytes) { parts[name] = std::move(bytes); });
  auto out = std::make_unique<Scenario>(*s.settings);
  out->fold.load(parts, s.sequence, Instant{});
  out->sequence = s.sequence;
  return out;
}

}  // namespace

TEST_CASE("bounds: outcomes that have waited longest are given up, the others join, and all are accounted for") {
  Scenario s(settings_of({bounded({.parked = 3})}));
  for (const char* id : {"a", "b", "c", "d", "e"}) CHECK(s.send(outcome(id, day, 1)).accepted == 1);
  CHECK(s.send(outcome("e", day, 1)).duplicate == 1);
  CHECK(counters_of(s).parked_outcomes == 3);
  CHECK(used(s, "parked_outcomes") == 3);
  CHECK(dropped(s, engine::ParkedStream::outcomes) == 2);
  for (const char* id : {"a", "b", "c", "d", "e"}) s.send(prediction(id, day, 1));
  const auto counters = counters_of(s);
  CHECK(counters.outcomes == 5);
  CHECK(counters.outcomes_matched == 3);
  CHECK(counters.parked_outcomes == 0);
  CHECK(counters.outcomes == counters.outcomes_matched + dropped(s, engine::ParkedStream::outcomes));
  CHECK(s.figure("all", Metric::coverage).value == Approx(.6));
  CHECK(s.send(outcome("a", day, 1)).accepted == 1);  // given up, so it is new when it comes again
}

TEST_CASE("bounds: several outcomes of one prediction count one by one, and go together") {
  auto pilot = bounded({.parked = 3});
  pilot.task = settings::Task::multiclass;
  pilot.classes = {"0", "1", "2"};
  Scenario s(settings_of({pilot}));
  s.send(outcome("a", day, 0) + outcome("a", day, 1) + outcome("b", day, 0) + outcome("b", day, 1));
  CHECK(counters_of(s).parked_outcomes == 2);
  CHECK(dropped(s, engine::ParkedStream::outcomes) == 2);
  s.send(prediction("a", day, 1) + prediction("b", day, 1));
  CHECK(counters_of(s).outcomes_matched == 1);
  CHECK(counters_of(s).outcomes_corrected == 1);
}

TEST_CASE("bounds: reviews and updates that have waited longest are given up") {
  Scenario s(settings_of({bounded({.parked = 2})}));
  s.send(review("a", 0) + review("b", 0) + review("c", 0) + update("x", "decided") + update("y", "decided") +
         update("z", "decided"));
  CHECK(counters_of(s).reviews_parked == 2);
  CHECK(counters_of(s).complaint_updates_parked == 2);
  CHECK(dropped(s, engine::ParkedStream::reviews) == 1);
  CHECK(dropped(s, engine::ParkedStream::complaint_updates) == 1);
  CHECK(s.send(review("b", 0) + update("y", "decided")).duplicate == 2);
  s.send(prediction("a", day, 1) + prediction("b", day, 1) + prediction("c", day, 1) + complaint("x", day) +
         complaint("y", day) + complaint("z", day));
  CHECK(counters_of(s).reviews_parked == 0);
  CHECK(counters_of(s).complaint_updates_parked == 0);
  CHECK(s.figure("all", Metric::override_rate).n == 2);
  CHECK(s.figure("all", Metric::complaint_finding_rate).n == 2);
}

TEST_CASE("bounds: a part that has waited longest becomes a decision without its other part") {
  Scenario s(settings_of({bounded({.parked = 2})}));
  s.send(part("a", "request") + part("b", "request", "2026-01-01T12:00:01Z") +
         part("c", "request", "2026-01-01T12:00:02Z"));
  CHECK(counters_of(s).parts_waiting == 2);
  CHECK(counters_of(s).parts_alone == 1);
  CHECK(dropped(s, engine::ParkedStream::prediction_parts) == 1);
  CHECK(used(s, "decisions") == 3);
  s.send(part("a", "response") + part("b", "response"));
  CHECK(counters_of(s).parts_too_late == 1);
  CHECK(counters_of(s).failures == 1);
}

TEST_CASE("bounds: what is kept for ever is rejected beyond the bound, and counted") {
  Scenario s(settings_of({bounded({.kept = 5})}));
  CHECK(s.send(prediction("a", day, 1) + outcome("a", day, 1) + complaint("c", day) + update("c", "decided") +
               review("a", 1) + feedback("f") + change("m"))
            .accepted == 7);
  CHECK(used(s, "kept") == 5);
  const auto known = s.send(complaint("c", day) + update("c", "decided") + review("a", 1) + feedback("f") + change("m"));
  CHECK(known.duplicate == 5);  // a repeat is one, whether there is room or not
  const auto more = s.send(complaint("d", day) + update("c", "reopened") + update("other", "decided") + review("a", 0) +
                           review("other", 0) + feedback("g") + change("n") + outcome("a", day, 0));
  CHECK(more.rejected == 8);
  CHECK(more.accepted == 0);
  REQUIRE(more.errors.size() == 8);
  CHECK(more.errors[0].reason == record::Reason::full);
  CHECK(more.errors[0].line == 1);
  CHECK(more.errors[7].stream == record::Stream::outcomes);
  CHECK(used(s, "kept") == 5);
  CHECK(s.send(prediction("b", day, 1) + outcome("b", day, 1)).accepted == 2);  // decisions have a bound of their own
  const auto snapshot = s.fold.snapshot(Instant{});
  for (const auto& row : snapshot->ingest.rows) {
    std::uint64_t rejected = 0;
    for (const auto count : row.rejected) rejected += count;
    CHECK(row.received == row.accepted + row.duplicate + rejected);
  }
}

TEST_CASE("bounds: outcomes that lose are kept, also those that had waited") {
  Scenario s(settings_of({bounded({.kept = 1})}));
  s.send(outcome("a", day, 0) + outcome("a", day, 1) + prediction("a", day, 1));
  CHECK(used(s, "kept") == 1);
  s.send(outcome("b", day, 0) + outcome("b", day, 1) + prediction("b", day, 1));
  CHECK(used(s, "kept") == 1);
  CHECK(dropped(s, engine::ParkedStream::outcomes) == 1);
  CHECK(counters_of(s).outcomes == counters_of(s).outcomes_matched + counters_of(s).outcomes_corrected +
                                       dropped(s, engine::ParkedStream::outcomes));
}

TEST_CASE("bounds: decisions, parts that wait among them, are rejected beyond the bound") {
  Scenario s(settings_of({bounded({.decisions = 3})}));
  CHECK(s.send(prediction("a", day, 1) + part("b", "request") + prediction("c", day, 1)).accepted == 3);
  const auto more = s.send(prediction("d", day, 1) + part("e", "request") + prediction("a", day, 1));
  CHECK(more.rejected == 2);
  CHECK(more.duplicate == 1);
  CHECK(s.send(part("b", "response") + outcome("a", day, 1)).accepted == 2);
  CHECK(used(s, "decisions") == 3);
  CHECK(s.figure("all", Metric::volume).value == 3.0);
}

TEST_CASE("bounds: model versions beyond the bound are one") {
  Scenario s(settings_of({bounded({.versions = 2})}));
  for (int i = 0; i < 4; ++i)
    s.send(prediction(std::to_string(i), day, 1, R"(,"model_version":"v)" + std::to_string(i) + "\""));
  CHECK(label(s, "model_version").used == 2);
  CHECK(label(s, "model_version").most == 2);
  CHECK(overflows(s, "model_version") == 2);
  CHECK(s.figure("all", Metric::volume, "", "", "__other__").value == 2.0);
}

TEST_CASE("bounds: categories of complaints are told apart up to the bound, and those that are named always are") {
  auto pilot = bounded({.categories = 2});
  pilot.complaints.categories = {"appeal"};
  Scenario s(settings_of({pilot}));
  s.send(prediction("a", day, 1));
  for (const char* category : {"x", "y", "z", "appeal", "w"})
    s.send(complaint(category, day, R"(,"category":")" + std::string(category) + "\""));
  CHECK(overflows(s, "category") == 2);
  CHECK(label(s, "category").most == 2);
  CHECK(s.figure("all", Metric::complaints_per_1000, "", "appeal").value == 1000.0);
  CHECK(s.figure("all", Metric::complaints_per_1000, "", "__other__").value == 4000.0);
  using By = std::vector<std::pair<std::pair<std::string, std::string>, std::uint64_t>>;
  CHECK(counters_of(s).complaints_by == By{{{"__other__", ""}, 4}, {{"appeal", ""}, 1}});
}

TEST_CASE("bounds: counters of complaints have no more categories than have figures, and never fall") {
  auto pilot = binary_pilot();
  pilot.complaints.max_categories = 2;
  Scenario s(settings_of({pilot}));
  std::map<std::pair<std::string, std::string>, std::uint64_t> before;
  std::mt19937 rng(5);
  for (int i = 0; i < 60; ++i) {  // later ones are earlier by time, which decides which have figures
    const std::string time = "2026-01-01T" + std::to_string(23 - i / 6) + ":00:00Z";
    s.send(complaint(std::to_string(i), time, R"(,"category":"k)" + std::to_string(rng() % 8) + R"(","severity":1)"));
    std::map<std::pair<std::string, std::string>, std::uint64_t> now;
    std::uint64_t sum = 0;
    for (const auto& [kind, count] : counters_of(s).complaints_by) {
      now[kind] = count;
      sum += count;
    }
    for (const auto& [kind, count] : before) CHECK(now[kind] >= count);
    CHECK(now.size() <= 3);
    CHECK(sum == static_cast<std::uint64_t>(i) + 1);
    before = now;
  }
}

TEST_CASE("bounds: groups in use are those that count as themselves") {
  auto pilot = binary_pilot();
  pilot.segments.attributes = {"g"};
  pilot.segments.max_values = 2;
  Scenario s(settings_of({pilot}));
  for (const char* group : {"a", "b", "c", "unknown"})
    s.send(prediction(group, day, 1, R"(,"segments":{"g":")" + std::string(group) + "\"}"));
  CHECK(label(s, "g").used == 2);
  CHECK(label(s, "g").most == 2);
  CHECK(overflows(s, "g") == 1);
}

TEST_CASE("bounds: rare categories of a reference are one, and so is what it does not know") {
  auto pilot = binary_pilot();
  pilot.features = {{"c", settings::FeatureKind::categorical}};
  pilot.reference.first = 8;
  pilot.reference.max_categories = 2;
  Scenario s(settings_of({pilot}));
  int number = 0;
  const auto send = [&](const std::string& category, const std::string& time) {
    s.send(prediction(std::to_string(number++), time, 1, R"(,"features":{"c":")" + category + "\"}"));
  };
  for (const char* category : {"a", "a", "a", "b", "b", "x", "y", "z"}) send(category, day);
  send("new", "2026-01-02T12:00:00Z");
  send("x", "2026-01-02T12:00:01Z");
  s.fold.finish(at("2026-01-10T00:00:00Z"));
  const auto view = view_of(s);
  REQUIRE(view.reference.categories.size() == 1);
  CHECK(view.reference.categories[0].own == 2);
  CHECK(view.reference.categories[0].others == 3);
  const auto reference = s.fold.engine().pilots()[0]->reference();
  REQUIRE(reference);
  const auto& frozen = reference->features[0];
  CHECK(frozen.categories == std::vector<std::string>{"__other__", "a", "b"});
  CHECK(frozen.category_counts == std::vector<std::uint64_t>{3, 3, 2});
  CHECK(frozen.position_of("new") == 0);
  CHECK(frozen.position_of("__other__") == 0);
  // Of the second day both are others: 3 of 8 before, 2 of 2 now.
  CHECK(s.figure("day", Metric::tvd, "", "c", "", 1).value == Approx(.625));
  const auto again = restarted(s);
  CHECK(again->fold.engine().pilots()[0]->reference()->features[0].position_of("new") == 0);
  CHECK(view_of(*again).reference.categories[0].others == 3);
}

TEST_CASE("bounds: what is given up is the same after a restart at any record, and when all is replayed") {
  settings::Bounds bounds;
  bounds.parked = 4;
  bounds.kept = 60;
  bounds.decisions = 90;
  bounds.versions = 2;
  bounds.categories = 3;
  auto pilot = bounded(bounds);
  pilot.lateness = std::chrono::hours{2};
  const auto line_of = [](std::mt19937& rng) {
    const auto id = std::to_string(rng() % 60);
    switch (rng() % 10) {
      case 0:
      case 1:
        return prediction(id, day, 1, R"(,"model_version":"v)" + std::to_string(rng() % 4) + "\"");
      case 2:
        return part(id, rng() % 2 == 0 ? "request" : "response");
      case 3:
        return review(id, static_cast<int>(rng() % 2));
      case 4:
        return update("c" + id, rng() % 2 == 0 ? "decided" : "reopened");
      case 5:
        return complaint("c" + id, day, R"(,"category":"k)" + std::to_string(rng() % 6) + "\"");
      case 6:
        return feedback(id);
      default:
        return outcome(id, day, static_cast<int>(rng() % 2));
    }
  };
  std::mt19937 rng(11);
  std::vector<std::string> lines(600);
  for (auto& line : lines) line = line_of(rng);
  Scenario never(settings_of({pilot}));
  auto often = std::make_unique<Scenario>(settings_of({pilot}));
  for (const auto& line : lines) {
    never.send(line);
    often->send(line);
    often = restarted(*often);
    REQUIRE(often->saved() == never.saved());
  }
  const auto counters = counters_of(never);
  for (const auto count : counters.parked_dropped) CHECK(count > 0);  // each of them was pushed past its bound
  CHECK(used(never, "kept") >= 60);
  CHECK(overflows(never, "category") > 0);
}

TEST_CASE("bounds: what waits goes in the order in which it came to wait") {
  std::mt19937 rng(3);
  engine::Parked<int> parked;
  struct Model {
    Id128 id;
    std::vector<int> rows;
  };
  std::deque<Model> model;
  const auto find = [&](const Id128& id) {
    return std::find_if(model.begin(), model.end(), [&](const auto& m) { return m.id == id; });
  };
  for (int i = 0; i < 5000; ++i) {
    const Id128 id{0, rng() % 40};
    if (rng() % 3 == 0) {
      const auto known = find(id);
      CHECK(parked.take(id) == (known == model.end() ? std::vector<int>() : known->rows));
      if (known != model.end()) model.erase(known);
    } else {
      parked.add(id, i);
      if (find(id) == model.end()) model.push_back({id, {}});
      find(id)->rows.push_back(i);
    }
    const std::size_t most = rng() % 20 + 5;
    std::size_t rows = 0, gone = 0;
    for (const auto& m : model) rows += m.rows.size();
    for (; rows - gone > most; model.pop_front()) gone += model.front().rows.size();
    CHECK(parked.keep(most) == gone);
    CHECK(parked.size() == rows - gone);
  }
}
