// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <random>

#include "support/scenario.h"

using namespace pilotwatch;
using namespace pilotwatch::testing;
using settings::Metric;

namespace {

constexpr const char* day1 = "2026-01-01T12:00:00Z";
constexpr const char* day2 = "2026-01-02T12:00:00Z";
constexpr const char* day3 = "2026-01-03T12:00:00Z";

std::string line(const std::string& type, const std::string& time, const std::string& rest) {
  return R"({"type":")" + type + R"(","pilot":"p","time":")" + time + "\"," + rest + "}\n";
}
std::string prediction(const std::string& id, const std::string& time, int label, const std::string& rest = "") {
  return line("prediction", time, R"("id":")" + id + R"(","prediction":)" + std::to_string(label) + rest);
}
std::string complaint(const std::string& id, const std::string& time, const std::string& rest = "") {
  return line("complaint", time, R"("id":")" + id + "\"" + rest);
}
std::string update(const std::string& id, const std::string& time, const std::string& step,
                   const std::string& found_for = "") {
  return line("complaint_update", time,
              R"("id":")" + id + R"(","step":")" + step + "\"" +
                  (found_for.empty() ? "" : R"(,"found_for":")" + found_for + "\""));
}
std::string review(const std::string& id, const std::string& time, int final, const std::string& rest = "") {
  return line("review", time, R"("prediction_id":")" + id + R"(","final":)" + std::to_string(final) + rest);
}
std::string feedback(const std::string& time, const std::string& audience, const std::string& rest = "") {
  return line("feedback", time, R"("audience":")" + audience + "\"" + rest);
}
std::string change(const std::string& time, const std::string& rest) { return line("change", time, rest); }

const engine::PilotView& view_of(Scenario& s, std::shared_ptr<const judge::Snapshot>& keep) {
  keep = s.fold.snapshot(Instant{});
  return keep->pilots.front();
}

std::vector<std::string> unannounced(Scenario& s) {
  std::shared_ptr<const judge::Snapshot> keep;
  std::vector<std::string> out;
  for (const auto& finding : view_of(s, keep).findings) out.push_back(finding.model_version);
  CHECK(keep->pilots[0].counters.unannounced_versions == out.size());
  return out;
}

bool has_figure(Scenario& s, Metric metric) {
  const auto snapshot = s.fold.snapshot(Instant{});
  for (const auto& window : snapshot->pilots.front().windows) {
    if (std::any_of(window->figures.begin(), window->figures.end(), [&](const auto& f) { return f.metric == metric; }))
      return true;
  }
  return false;
}

}  // namespace

TEST_CASE(
    "side: 8 of 40 decided complaints found for the person, Clopper and Pearson's interval, whatever came first") {
  for (const bool updates_first : {false, true}) {
    Scenario s(settings_of({binary_pilot()}));
    std::string complaints, updates;
    for (int i = 0; i < 50; ++i) {
      const auto id = std::to_string(i);
      complaints += complaint(id, day1);
      if (i < 40) {
        updates += update(id, day2, i % 2 == 0 ? "decided" : "settled",
                          i < 5    ? "person"
                          : i < 8  ? "partly_person"
                          : i < 39 ? "body"
                                   : "none");
      }
    }
    updates += update("40", day2, "acknowledged") + update("41", day2, "decided");  // no finding known
    s.send(prediction("a", day1, 1, R"(,"weight":1000)"));
    if (updates_first) {
      s.send(updates);
      CHECK(s.fold.snapshot(Instant{})->pilots[0].counters.complaint_updates_parked == 42);
    }
    s.send(complaints);
    if (!updates_first) s.send(updates);
    const auto f = s.figure("all", Metric::complaint_finding_rate);
    CHECK(f.formula == "clopper-pearson/v1");
    CHECK(f.value == 0.2);
    CHECK(f.n == 40);
    CHECK(f.lower == Approx(.0905224094));
    CHECK(f.upper == Approx(.3564780187));
    const auto counters = s.fold.snapshot(Instant{})->pilots[0].counters;
    CHECK(counters.complaint_updates == 42);
    CHECK(counters.complaint_updates_parked == 0);
  }
}

TEST_CASE("side: the last update that decides, reopens or withdraws a complaint counts") {
  const auto rate = [](const std::string& updates) {
    Scenario s(settings_of({binary_pilot()}));
    s.send(prediction("a", day1, 1) + complaint("c", day1) + complaint("other", day1) +
           update("other", day1, "decided", "body") + updates);
    return s.figure("all", Metric::complaint_finding_rate).value;
  };
  const auto found = update("c", day1, "decided", "person");
  CHECK(rate("") == 0.0);
  CHECK(rate(found) == 0.5);
  CHECK(rate(found + update("c", day2, "reopened")) == 0.0);
  CHECK(rate(update("c", day2, "reopened") + found) == 0.0);  // by time, not by arrival
  CHECK(rate(found + update("c", day2, "reopened") + update("c", day3, "decided", "partly_person")) == 0.5);
  CHECK(rate(found + update("c", day2, "decided", "body")) == 0.0);
  CHECK(rate(found + update("c", day2, "restored")) == 0.5);
  CHECK(rate(found + update("c", day2, "withdrawn")) == 0.0);
  Scenario s(settings_of({binary_pilot()}));
  CHECK(
      s.send(found + found + update("c", day1, "decided", "body") + update("c", day1, "settled", "person")).duplicate ==
      1);
}

TEST_CASE("side: a finding counts in the window of the complaint's decision, an unlinked one in its own") {
  Scenario s(settings_of({binary_pilot()}));
  s.send(complaint("c", day2, R"(,"prediction_id":"a")") + complaint("u", day2) +
         update("c", day3, "decided", "person") + update("u", day3, "decided", "body") + prediction("b", day2, 1));
  s.send(prediction("a", day1, 1) + prediction("later", "2026-01-09T00:00:00Z", 1));
  CHECK(s.figure("day", Metric::complaint_finding_rate, "", "", "", 0).value == 1.0);
  CHECK(s.figure("day", Metric::complaint_finding_rate, "", "", "", 1).value == 0.0);
  CHECK(s.figure("day", Metric::complaint_finding_rate, "", "", "", 1).n == 1);
}

TEST_CASE("side: an incident counts once, in the window of its earliest complaint, whatever came first") {
  auto lines = std::vector<std::string>{prediction("a", day1, 1, R"(,"weight":1000)"),
                                        prediction("b", day2, 1, R"(,"weight":1000)"),
                                        complaint("c1", day2, R"(,"incident":"leak")"),
                                        complaint("c2", day1, R"(,"incident":"leak")"),
                                        complaint("c3", day2, R"(,"incident":"leak")"),
                                        complaint("c4", day1, R"(,"incident":"fire")"),
                                        complaint("c5", day1),
                                        complaint("c6", day2)};
  std::sort(lines.begin(), lines.end());
  std::mt19937_64 rng{7};
  for (int round = 0; round < 50; ++round) {
    auto pilot = binary_pilot();
    pilot.lateness = std::chrono::hours{24 * 7};
    Scenario s(settings_of({pilot}));
    std::string text;
    for (const auto& l : lines) text += l;
    s.send(text);
    s.fold.finish(Instant{});
    CHECK(s.figure("day", Metric::complaints_per_1000, "", "", "", 0).value == 3.0);
    const auto f = s.figure("day", Metric::incidents_per_1000, "", "", "", 0);
    CHECK(f.value == 3.0);  // leak, fire, and c5 by itself
    CHECK(f.lower == Approx(.6186721229));
    CHECK(f.upper == Approx(8.76727307));
    CHECK(s.figure("day", Metric::complaints_per_1000, "", "", "", 1).value == 3.0);
    CHECK(s.figure("day", Metric::incidents_per_1000, "", "", "", 1).value == 1.0);
    std::shuffle(lines.begin(), lines.end(), rng);
  }
}

TEST_CASE("side: overrides among shown and unseeded reviews, their direction, seeded errors, short reviews") {
  Scenario s(settings_of({binary_pilot()}));
  std::string text;
  const auto id = [](int i) { return std::to_string(i); };
  for (int i = 0; i < 60; ++i) text += prediction(id(i), day1, i % 2);
  text += review(id(1), day2, 0);                                   // relieving: 1 is the burden
  for (int i = 2; i < 21; ++i) text += review(id(i), day2, i % 2);  // 19 that agree
  text += review(id(30), day2, 1, R"(,"ai_shown":"never")");        // never saw it
  for (int i = 31; i < 50; ++i) text += review(id(i), day2, 1 - i % 2, R"(,"seeded":true)");  // 19 caught
  text += review(id(50), day2, 0, R"(,"seeded":true)");                                       // and one not
  text += review(id(51), "2026-01-02T12:00:09.999Z", 1, R"(,"ai_shown":"never","opened_at":"2026-01-02T12:00:00Z")");
  text += review(id(52), "2026-01-02T12:00:10Z", 0, R"(,"ai_shown":"never","opened_at":"2026-01-02T12:00:00Z")");
  s.send(text);
  const auto f = s.figure("all", Metric::override_rate);
  CHECK(f.value == 0.05);
  CHECK(f.n == 20);
  CHECK(f.lower == Approx(.0012650895));
  CHECK(f.upper == Approx(.2487327628));
  CHECK(s.figure("all", Metric::override_relieving_rate).value == 0.05);
  CHECK(s.figure("all", Metric::override_aggravating_rate).value == 0.0);
  const auto caught = s.figure("all", Metric::seeded_catch_rate);
  CHECK(caught.value == 0.95);
  CHECK(caught.lower == Approx(.7512672372));
  CHECK(caught.upper == Approx(.9987349105));
  CHECK(s.figure("all", Metric::short_review_rate).value == 0.5);
  CHECK(s.figure("all", Metric::short_review_rate).n == 2);
}

TEST_CASE("side: which way an override goes depends on what the classes are to the person") {
  const auto relieving = [](const settings::Pilot& pilot) {
    Scenario s(settings_of({pilot}));
    s.send(prediction("a", day1, 1) + review("a", day2, 0));
    return s.figure("all", Metric::override_relieving_rate).value;
  };
  auto pilot = binary_pilot();
  CHECK(relieving(pilot) == 1.0);
  pilot.output = settings::Orientation::benefit;
  CHECK(relieving(pilot) == 0.0);
  pilot.burden = "1";
  CHECK(relieving(pilot) == 1.0);
}

TEST_CASE("side: a review before its decision waits; the greatest (time, content) is in force; a repeat is none") {
  Scenario s(settings_of({binary_pilot()}));
  CHECK(s.send(review("a", day1, 0)).accepted == 1);
  CHECK(s.fold.snapshot(Instant{})->pilots[0].counters.reviews_parked == 1);
  s.send(prediction("a", day1, 1));
  CHECK(s.fold.snapshot(Instant{})->pilots[0].counters.reviews_parked == 0);
  CHECK(s.figure("all", Metric::override_rate).value == 1.0);
  CHECK(s.send(review("a", day1, 0)).duplicate == 1);
  s.send(review("a", day3, 1));
  CHECK(s.figure("all", Metric::override_rate).value == 0.0);
  s.send(review("a", day2, 0));  // older: known, but not in force
  CHECK(s.figure("all", Metric::override_rate).value == 0.0);
  CHECK(s.figure("all", Metric::override_rate).n == 1);
  CHECK(s.fold.snapshot(Instant{})->pilots[0].counters.reviews_corrected == 2);
}

TEST_CASE("side: a regression is overridden beyond its tolerance, a generated answer by a bad grade") {
  auto demand = binary_pilot();
  demand.task = settings::Task::regression;
  demand.classes.clear();
  demand.tolerance = {2, 0};
  Scenario s(settings_of({demand}));
  s.send(prediction("a", day1, 100) + review("a", day2, 102) + prediction("b", day1, 100) + review("b", day2, 103));
  CHECK(s.figure("all", Metric::override_rate).value == 0.5);
  CHECK_FALSE(has_figure(s, Metric::override_relieving_rate));
  auto chatbot = binary_pilot();
  chatbot.task = settings::Task::generative;
  chatbot.classes = {"ok", "bad"};
  Scenario g(settings_of({chatbot}));
  g.send(line("prediction", day1, R"("id":"a")") + line("review", day2, R"("prediction_id":"a","final":"bad")"));
  CHECK(g.figure("all", Metric::override_rate).value == 1.0);
}

TEST_CASE("side: feedback per 1,000 decisions and its mean, in the window of its own time; not below 10 answers") {
  Scenario s(settings_of({binary_pilot()}));
  std::string text = prediction("a", day1, 1, R"(,"weight":1000)") + prediction("b", day2, 1);
  const auto answer = [](int i, const char* audience, int stance) {
    return feedback(day1, audience, R"(,"id":")" + std::to_string(i) + R"(","stance":)" + std::to_string(stance));
  };
  for (int i = 0; i < 9; ++i) text += answer(i, "staff", -2);
  for (int i = 20; i < 30; ++i) text += answer(i, "public", i % 2 == 0 ? 2 : -1);
  text += feedback(day1, "staff", R"(,"theme":"workaround")");
  s.send(text);
  const auto few = s.figure("day", Metric::staff_stance);
  CHECK(few.state == "insufficient");
  CHECK_FALSE(few.value);
  CHECK(few.n == 9);
  CHECK(few.reason == "fewer than 10 answers: a mean of few shows what single people said");
  CHECK(s.figure("day", Metric::public_stance).value == 0.5);
  s.send(answer(10, "staff", 1));
  CHECK(s.figure("day", Metric::staff_stance).value == -1.7);
  CHECK(s.figure("day", Metric::feedback_per_1000).value == 21.0);
  CHECK(s.figure("day", Metric::feedback_per_1000).lower == Approx(12.9993).epsilon(1e-4));
  CHECK(s.send(answer(10, "staff", 1) + feedback(day1, "staff", R"(,"theme":"workaround")")).duplicate == 2);
}

TEST_CASE("side: a version that no change announced is found once, the first is no change") {
  const auto decided = [](const char* version, const char* time) {
    return prediction(std::string(version) + time, time, 1, R"(,"model_version":")" + std::string(version) + "\"");
  };
  const auto found = [&](const std::string& changes) {
    Scenario s(settings_of({binary_pilot()}));
    s.send(changes + decided("1", day1) + decided("2", day2) + decided("2", day3));
    s.fold.finish(Instant{});
    return unannounced(s);
  };
  using Names = std::vector<std::string>;
  CHECK(found("") == Names{"2"});
  CHECK(found(change(day1, R"("what":"model","to":"2")")) == Names{});
  CHECK(found(change(day1, R"("what":"prompt","to":2)")) == Names{});
  CHECK(found(change(day1, R"("what":"model","to":"3","announced":true)")) == Names{"2"});
  CHECK(found(change("2026-01-02T00:00:00Z", R"("what":"model","announced":true)")) == Names{});
  CHECK(found(change("2025-12-01T00:00:00Z", R"("what":"model","announced":true)")) == Names{"2"});  // of version 1
  CHECK(found(change("2026-01-02T00:00:00Z", R"("what":"ui","announced":true)")) == Names{"2"});
  CHECK(found(change("2026-01-02T00:00:00Z", R"("what":"model")")) == Names{"2"});
  CHECK(found(change(day1, R"("what":"model","to":"2","announced":false)")) == Names{"2"});
  CHECK(found(change("2026-01-02T12:01:00Z", R"("what":"model","to":"2")")) == Names{});     // within lateness
  CHECK(found(change("2026-01-02T12:01:01Z", R"("what":"model","to":"2")")) == Names{"2"});  // too late

  Scenario s(settings_of({binary_pilot()}));
  s.send(prediction("nameless", day1, 1) + decided("1", day2));
  s.fold.finish(Instant{});
  CHECK(unannounced(s) == Names{});
  std::shared_ptr<const judge::Snapshot> keep;
  CHECK(s.send(change(day1, R"("what":"policy","id":"x")") + change(day1, R"("what":"policy","id":"x")")).duplicate ==
        1);
  CHECK(view_of(s, keep).changes.size() == 1);
  CHECK(s.fold.engine().pilots()[0]->event_time() == at(day2));
}

TEST_CASE("side: a change dated ahead does not move the clock") {
  Scenario s(settings_of({binary_pilot()}));
  s.send(prediction("a", day1, 1) + change("2027-01-01T00:00:00Z", R"("what":"model","to":"2")"));
  CHECK(s.fold.engine().pilots()[0]->event_time() == at(day1));
}

TEST_CASE("side: figures of streams that a window has nothing of are left out, unless a limit asks for them") {
  Scenario s(settings_of({binary_pilot()}));
  s.send(prediction("a", day1, 1));
  for (const auto metric : {Metric::complaint_finding_rate, Metric::override_rate, Metric::staff_stance,
                            Metric::feedback_per_1000, Metric::seeded_catch_rate})
    CHECK_FALSE(has_figure(s, metric));
  auto pilot = binary_pilot();
  settings::Limit limit;
  limit.name = "overrides";
  limit.metric = Metric::override_rate;
  limit.window = pilot.windows[0];
  limit.max = 0.25;
  pilot.limits = {limit};
  Scenario asked(settings_of({pilot}));
  asked.send(prediction("a", day1, 1) + prediction("b", day2, 1));
  CHECK(asked.figure("day", Metric::override_rate).state == "insufficient");
  CHECK(asked.fold.statuses().front().state == judge::State::no_data);
  CHECK(asked.fold.statuses().front().reason == "no review");
}

TEST_CASE("side: feedback, which is of no group, is no cover for a small group") {
  auto pilot = binary_pilot();
  pilot.segments.attributes = {"g"};
  pilot.segments.min_n = 10;
  Scenario s(settings_of({pilot}));
  std::string text;
  for (int i = 0; i < 55; ++i) {
    text += prediction(std::to_string(i), day1, i % 2,
                       R"(,"segments":{"g":")" + std::string(i < 5 ? "few" : "many") + "\"}");
  }
  for (int i = 0; i < 20; ++i) text += feedback(day1, "public", R"(,"stance":1,"id":)" + std::to_string(i));
  s.send(text);
  s.fold.finish(Instant{});
  CHECK(s.figure("day", Metric::volume, "few").state == "suppressed");
  CHECK(s.figure("day", Metric::volume, "many").state == "suppressed");  // else few = whole - many
}

TEST_CASE("side: what people said about a small group is hidden by the rule for small cells") {
  auto pilot = binary_pilot();
  pilot.segments.attributes = {"g"};
  pilot.segments.min_n = 10;
  Scenario s(settings_of({pilot}));
  std::string text;
  for (int i = 0; i < 300; ++i) {
    const auto id = std::to_string(i);
    const std::string group = i < 100 ? "a" : i < 200 ? "b" : "c";
    text += prediction(id, day1, i % 2, R"(,"segments":{"g":")" + group + "\"}");
    // a: 3 of 50 overridden; b: 20 of 50; c: 25 of 50
    const int nth = i % 100;
    const int overridden = group == "a" ? 3 : group == "b" ? 20 : 25;
    if (nth < 50) text += review(id, day2, nth < overridden ? 1 - i % 2 : i % 2);
    // complaints with a finding: a none, b 30, c 30; found for the person: b 15, c 4
    if (group != "a" && nth < 30) {
      text += complaint("c" + id, day2, R"(,"prediction_id":")" + id + "\"") +
              update("c" + id, day3, "decided", nth < (group == "b" ? 15 : 4) ? "person" : "body");
    }
  }
  s.send(text);
  s.fold.finish(Instant{});
  const auto state = [&](Metric metric, const char* group) { return s.figure("day", metric, group).state; };
  CHECK(state(Metric::override_rate, "a") == "suppressed");
  CHECK(s.figure("day", Metric::override_rate, "a").n == 0);
  CHECK((state(Metric::override_rate, "b") == "suppressed") != (state(Metric::override_rate, "c") == "suppressed"));
  CHECK(state(Metric::complaint_finding_rate, "c") == "suppressed");
  CHECK(state(Metric::complaint_finding_rate, "a") != "ok");  // it has none, which must not be seen
  CHECK(state(Metric::complaints_per_1000, "b") == "ok");
  CHECK_FALSE(std::any_of(s.fold.snapshot(Instant{})->pilots[0].windows[0]->figures.begin(),
                          s.fold.snapshot(Instant{})->pilots[0].windows[0]->figures.end(),
                          [](const auto& f) { return f.metric == Metric::feedback_per_1000 && !f.group.empty(); }));
}
