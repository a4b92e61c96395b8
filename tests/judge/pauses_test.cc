// SPDX-License-Identifier: Apache-2.0
// Pauses leave decisions and windows out of what is judged, and out of nothing else.
#include "judge/pauses.h"

#include "support/budget_scenario.h"

using namespace pilotwatch;
using namespace pilotwatch::testing;
using judge::Pause;
using judge::Pauses;
using judge::State;
using settings::Metric;
using std::chrono::hours;
using std::chrono::minutes;

namespace {

const Instant start = at("2026-01-01T00:00:00Z");

Pause pause(Millis from, Millis until) {
  Pause out;
  out.from = start + from;
  out.until = start + until;
  out.from_wall = out.from;
  out.author = "ann";
  out.reason = "why";
  return out;
}

Pauses pauses_of(std::initializer_list<Pause> all) {
  Pauses out;
  for (const auto& one : all) out.begin(one);
  return out;
}

settings::Limit point(std::string name, settings::Window window, double max) {
  auto limit = budget(std::move(name), Metric::error_rate, max);
  limit.evidence = settings::Evidence::point;
  limit.window = window;
  return limit;
}

const judge::LimitStatus& status_of(const std::vector<judge::LimitStatus>& all, std::string_view limit) {
  for (const auto& status : all) {
    if (status.limit->name == limit) return status;
  }
  FAIL("no limit " << limit);
  return all.front();
}

/// One decision a minute, paused by the pilot's own clock from `from` on for `lasts`.
std::unique_ptr<Scenario> played(settings::Pilot pilot, const std::vector<Case>& all, int from, Millis lasts) {
  auto made = std::make_unique<Scenario>(settings_of({std::move(pilot)}));
  auto& out = *made;
  for (int i = 0; i < static_cast<int>(all.size()); ++i) {
    if (i == from) out.act(record::PausePilot{"p", {}, lasts, "ann", "new scanners"});
    const auto& c = all[static_cast<std::size_t>(i)];
    out.send(prediction(c));
    out.send(outcome(c, Millis{1000}));
  }
  return made;
}

double evidence_of(Scenario& scenario, std::string_view limit) {
  return status_of(scenario.fold.statuses(), limit).evidence.value().s;
}

}  // namespace

TEST_CASE("pauses: which times lie in one, and how much of a window does") {
  const auto all = pauses_of({pause(hours{1}, hours{3}), pause(hours{5}, hours{6})});
  CHECK(all.at(start) == nullptr);
  CHECK(all.at(start + hours{1}) == &all.all()[0]);
  CHECK(all.at(start + hours{3} - Millis{1}) == &all.all()[0]);
  CHECK(all.at(start + hours{3}) == nullptr);
  CHECK(all.at(start + hours{5}) == &all.all()[1]);
  CHECK(all.at(start + hours{6}) == nullptr);
  CHECK(all.within(start, start + hours{24}) == Millis{hours{3}});
  CHECK(all.within(start + hours{2}, start + hours{5}) == Millis{hours{1}});
  CHECK(all.last_in(start, start + hours{24}) == &all.all()[1]);
  CHECK(all.last_in(start, start + hours{5}) == &all.all()[0]);
  CHECK(all.last_in(start + hours{3}, start + hours{5}) == nullptr);
  CHECK(Pauses().at(start) == nullptr);
}

TEST_CASE("pauses: windows up to a day are left out by any part, longer ones by more than a tenth") {
  const auto all = pauses_of({pause(hours{1}, hours{3})});
  CHECK(all.leaves_out(start, start + hours{24}));
  CHECK(all.leaves_out(start, start + hours{1} + Millis{1}));
  CHECK_FALSE(all.leaves_out(start, start + hours{1}));
  CHECK_FALSE(all.leaves_out(start, start + hours{26}));  // 2 of 26
  CHECK_FALSE(all.leaves_out(start, start + hours{24 * 7}));
  const auto long_one = pauses_of({pause(hours{1}, hours{24})});
  CHECK(long_one.leaves_out(start, start + hours{24 * 7}));
  CHECK_FALSE(long_one.leaves_out(start, start + hours{230}));  // exactly a tenth
  CHECK(long_one.leaves_out(start, start + hours{230} - Millis{1}));
  CHECK(all.leaves_out(start + hours{2}, start + hours{2}));  // decisions of one time
  CHECK_FALSE(all.leaves_out(start, start));
}

TEST_CASE("pauses: another one ends the one that is running, and none overlaps another") {
  auto all = pauses_of({pause(hours{1}, hours{9}), pause(hours{2}, hours{4})});
  REQUIRE(all.all().size() == 2);
  CHECK(all.all()[0].until == start + hours{2});
  CHECK(all.all()[0].ended_wall == start + hours{2});
  CHECK(all.end(start + hours{3}, start + hours{30}, "bob"));
  CHECK(all.all()[1].until == start + hours{3});
  CHECK(all.all()[1].ended_by == "bob");
  CHECK(all.all()[1].ended_wall == start + hours{30});
  CHECK_FALSE(all.end(start + hours{3}, start, "bob"));
  CHECK_FALSE(Pauses().end(start, start, "bob"));
}

TEST_CASE("pauses: one of another clock gives way, and one that came to nothing stands for itself") {
  auto all = pauses_of({pause(hours{100}, hours{200}), pause(hours{1}, hours{2})});
  REQUIRE(all.all().size() == 1);
  CHECK(all.at(start + hours{1}) == &all.all()[0]);
  CHECK(all.end(start + hours{1}, start, "bob"));
  CHECK(all.at(start + hours{1}) == nullptr);
  CHECK(all.last_in(start, start + hours{24}) == nullptr);
  CHECK_FALSE(all.leaves_out(start, start + hours{24}));
}

TEST_CASE("pauses: so many are remembered; who asks is told while the oldest may still be asked about") {
  Pauses all;
  for (std::size_t i = 0; i < Pauses::most; ++i) {
    CHECK(all.has_room(Instant::min()));
    const Millis from = hours{2 * static_cast<int>(i)};
    all.begin(pause(from, from + hours{1}));
  }
  const Millis next = hours{2 * static_cast<int>(Pauses::most)};
  CHECK_FALSE(all.has_room(start + hours{1}));
  CHECK(all.has_room(start + hours{1} + Millis{1}));
  all.begin(pause(next, next + hours{1}));
  CHECK(all.all().size() == Pauses::most);
  CHECK(all.all().front().from == start + hours{2});
  all.end(start + next, start, "bob");  // it came to nothing, and goes first
  CHECK(all.has_room(Instant::min()));
  all.begin(pause(next + hours{1}, next + hours{2}));
  CHECK(all.all().size() == Pauses::most);
  CHECK(all.all().front().from == start + hours{2});
}

TEST_CASE("pause: decisions made in it are no evidence, also when they mature behind it") {
  // Wrong in the pause and in nothing else. The outcomes of the pause mature two hours later, when it is over.
  const auto all = cases(1, 4000, [](int i) { return i >= 2000 && i < 2100 ? .9 : .05; });
  const auto pilot = watched({budget("errors", Metric::error_rate, .1)});
  const auto paused = played(pilot, all, 2000, minutes{100});
  CHECK(states(*paused, "errors") == std::vector{State::ok});
  const auto seen = played(pilot, all, -1, {});
  CHECK(std::ranges::count(states(*seen, "errors"), State::breach) > 0);

  // As if they had never been made.
  auto without = all;
  without.erase(without.begin() + 2000, without.begin() + 2100);
  const auto never = played(pilot, without, -1, {});
  CHECK(evidence_of(*paused, "errors") == evidence_of(*never, "errors"));
  const auto pauses = paused->fold.snapshot(Instant{})->pauses.at("p");
  CHECK(pauses.decisions == 100);
  REQUIRE(pauses.all().size() == 1);
  CHECK(pauses.all()[0].from == all[1999].time + Millis{1001});  // behind the newest event, an outcome
}

TEST_CASE("pause: every figure counts what was made in it") {
  const auto all = cases(1, 3000, [](int i) { return i >= 2000 && i < 2100 ? .9 : .05; });
  const auto pilot = watched({budget("errors", Metric::error_rate, .1)});
  const auto paused = played(pilot, all, 2000, minutes{100}), seen = played(pilot, all, -1, {});
  CHECK(paused->figure("day", Metric::error_rate, "", "", "", 1).value ==
        seen->figure("day", Metric::error_rate, "", "", "", 1).value);
  CHECK(paused->figure("all", Metric::volume).value == seen->figure("all", Metric::volume).value);
}

TEST_CASE("pause: a change that goes on behind it is found") {
  const auto all = cases(1, 5000, [](int i) { return i >= 2000 ? .5 : .05; });
  const auto paused = played(watched({budget("errors", Metric::error_rate, .1)}), all, 2000, minutes{300});
  const auto& breach = first_to(*paused, State::breach);
  CHECK(breach.at > all[2300].time);
  CHECK(breach.at < all[2600].time);
}

TEST_CASE("pause: a day in which there was one is shown and not judged; most of them are") {
  const settings::Window day{settings::WindowKind::day, 0}, all_time{settings::WindowKind::all, 0};
  const auto all = cases(3, 1440 * 4 + 300, [](int i) { return i >= 1440 ? .6 : .0; });
  // Paused on the second day, from noon on for two hours.
  const auto paused =
      played(watched({point("daily", day, .2), point("ever", all_time, .2)}), all, 1440 + 720, hours{2});
  const auto daily = states(*paused, "daily");
  CHECK(daily == std::vector{State::ok, State::insufficient, State::breach});
  const auto told = std::ranges::find(paused->transitions, State::insufficient, &judge::Transition::to);
  REQUIRE(told != paused->transitions.end());
  CHECK(told->reason.find("not judged: paused from 2026-01-02T11:59:01.001Z") == 0);
  CHECK(told->reason.find("by ann (new scanners)") != std::string::npos);
  CHECK(told->value == Approx(.6).margin(.05));
  CHECK(states(*paused, "ever") == std::vector{State::ok, State::breach});  // 2 of 48 hours
  CHECK(paused->fold.snapshot(Instant{})->pauses.at("p").looks == 1);
  const auto without = played(watched({point("daily", day, .2)}), all, -1, {});
  CHECK(states(*without, "daily") == std::vector{State::ok, State::breach});
}

TEST_CASE("pause: a breach that is running stays, whatever is left out") {
  const settings::Window day{settings::WindowKind::day, 0};
  const auto all = cases(3, 1440 * 3 + 300, [](int i) { return i < 1440 ? .6 : .0; });
  const auto paused = played(watched({point("daily", day, .2)}), all, 1440 + 60, hours{22});
  CHECK(states(*paused, "daily") == std::vector{State::breach, State::ok});
  const auto ended = std::ranges::find(paused->transitions, State::ok, &judge::Transition::to);
  REQUIRE(ended != paused->transitions.end());
  CHECK(ended->at > at("2026-01-04T00:00:00Z"));  // by the third day, not by the second
}

TEST_CASE("pause: on the wall clock it begins with its entry, and ends early by hand") {
  auto pilot = watched({budget("errors", Metric::error_rate, .1)});
  pilot.clock = settings::PilotClock::wall;
  Scenario scenario(settings_of({pilot}));
  const auto noon = at("2026-01-01T12:00:00Z");
  const auto objection = [&](record::Action action, Instant wall) { return scenario.fold.settle(action, wall); };
  CHECK(objection(record::ResumePilot{"p", {}, "bob"}, noon).value().kind == judge::Objection::Kind::conflict);
  CHECK(objection(record::PausePilot{"q", {}, hours{1}, "ann", "why"}, noon).value().kind ==
        judge::Objection::Kind::unknown);
  CHECK_FALSE(objection(record::PausePilot{"p", {}, hours{1}, "ann", "why"}, noon));
  scenario.act(record::PausePilot{"p", {}, hours{4}, "ann", "why"}, noon);
  CHECK_FALSE(objection(record::ResumePilot{"p", {}, "bob"}, noon + hours{1}));
  scenario.act(record::ResumePilot{"p", {}, "bob"}, noon + hours{1});
  const auto pauses = scenario.fold.snapshot(noon)->pauses.at("p");
  REQUIRE(pauses.all().size() == 1);
  CHECK(pauses.all()[0].from == noon);
  CHECK(pauses.all()[0].until == noon + hours{1});
  CHECK(pauses.all()[0].ended_by == "bob");
}

TEST_CASE("pause: what has been seen already, with times ahead of the clock, is evidence") {
  auto pilot = watched({budget("errors", Metric::error_rate, .1)});
  pilot.clock = settings::PilotClock::wall;
  Scenario scenario(settings_of({pilot}));
  const auto all = cases(1, 200, [](int) { return .9; });  // the last of them three hours ahead of the clock
  for (const auto& c : all) scenario.send(prediction(c) + outcome(c, Millis{0}), start);
  scenario.act(record::PausePilot{"p", {}, hours{4}, "ann", "I have seen enough"}, start);
  const auto pauses = scenario.fold.snapshot(start)->pauses.at("p");
  CHECK(pauses.all().at(0).from == all.back().time + Millis{1});
  scenario.send(prediction({all.back().time + hours{9}, "later", true, true, ""}), start + hours{9});
  CHECK(scenario.fold.snapshot(start)->pauses.at("p").decisions == 0);
}

TEST_CASE("pause: a pilot by events has no time before its first record") {
  Scenario scenario(settings_of({watched({})}));
  record::Action action = record::PausePilot{"p", {}, hours{1}, "ann", "why"};
  CHECK(scenario.fold.settle(action, start).value().kind == judge::Objection::Kind::conflict);
}

TEST_CASE("pause: is kept of a pilot that the settings do not name when its entry is replayed") {
  const auto pilot = watched({});
  record::Entry entry;
  entry.wall = start;
  entry.actions = {record::PausePilot{"p", start, hours{1}, "ann", "why"}};
  auto other = pilot;
  other.name = "other";
  Scenario without(settings_of({other})), with(settings_of({pilot, other}));
  for (auto* scenario : {&without, &with}) scenario->fold.apply(entry, 1);
  std::map<std::string, std::string> parts;
  without.fold.save(true, [&](const std::string& name, const std::string& bytes) { parts[name] = bytes; });
  Scenario again(settings_of({other}));
  again.fold.load(parts, 1, start);
  CHECK(again.fold.snapshot(start)->pauses.at("p").all().size() == 1);
  CHECK(with.fold.snapshot(start)->pauses.at("p").all().size() == 1);
}

TEST_CASE("pause: of whole days as observations a day goes whole, before and behind the pause") {
  // Wrong by night only: a tenth of a day, and a fifth of what a pause of each day from eight to eight would leave.
  std::vector<Case> all;
  for (int i = 0; i < 24 * 120; ++i) {
    const int hour = i % 24;
    const bool wrong = (hour < 8 || hour >= 20) && i % 5 == 0;
    all.push_back({start + hours{i}, std::to_string(i), true, !wrong, ""});
  }
  auto limit = budget("errors", Metric::error_rate, .15);
  limit.period = settings::BlockPeriod::day;
  auto pilot = watched({limit});
  pilot.guarantee.over_decisions = 0;
  pilot.guarantee.over = hours{24 * 30};
  pilot.guarantee.false_alarm_probability = .5;
  const auto observations = [&](bool paused_daily, int days) {
    Scenario scenario(settings_of({pilot}));
    for (int i = 0; i < 24 * days; ++i) {
      const auto& c = all[static_cast<std::size_t>(i)];
      if (paused_daily && i % 24 == 8) scenario.act(record::PausePilot{"p", {}, hours{12}, "ann", "each day"});
      scenario.send(prediction(c));
      scenario.send(outcome(c, Millis{1000}));
    }
    const auto status = status_of(scenario.fold.statuses(), "errors");
    CHECK_FALSE(judge::firing(status.state));
    return status.evidence ? status.evidence->observations : 0;
  };
  CHECK(observations(false, 120) == 24 * 119);
  CHECK(observations(true, 120) == 0);
}

TEST_CASE("pause: what comes late for a day that has been looked at is no second look at it, behind a pause either") {
  auto limit = budget("errors", Metric::error_rate, .5);
  limit.period = settings::BlockPeriod::day;
  auto pilot = watched({limit});
  pilot.clock = settings::PilotClock::wall;
  pilot.lateness = Millis{0};
  Scenario scenario(settings_of({pilot}));
  int id = 0;
  const auto decide = [&](Millis time, Millis wall) {
    const Case c{start + time, std::to_string(++id), true, true, ""};
    scenario.send(prediction(c) + outcome(c, Millis{0}), start + wall);
    scenario.send(prediction({start + wall, "tick" + std::to_string(id), true, true, ""}), start + wall + hours{3});
  };
  const auto observations = [&] {
    const auto status = status_of(scenario.fold.statuses(), "errors");
    return status.evidence ? status.evidence->observations : 0;
  };
  for (int i = 0; i < 5; ++i) decide(hours{i}, hours{i});  // day 1
  scenario.act(record::PausePilot{"p", {}, hours{2}, "ann", "why"}, start + hours{26});
  decide(hours{30}, hours{30});  // day 2 is spoiled, and completes day 1
  const auto before = observations();
  CHECK(before == 5);
  for (int i = 0; i < 5; ++i) decide(hours{10}, hours{34});  // day 1 again, late
  decide(hours{54}, hours{54});                              // day 3
  decide(hours{80}, hours{80});                              // day 4 completes it
  CHECK(observations() == before + 1);
}

TEST_CASE("acknowledgement: stands beside its episode, once however often it is sent") {
  const settings::Window day{settings::WindowKind::day, 0};
  const auto all = cases(3, 1440 * 2 + 300, [](int) { return .6; });
  const auto scenario = played(watched({point("daily", day, .2)}), all, -1, {});
  const auto episode = status_of(scenario->fold.statuses(), "daily").episode.value().id;
  const record::AcknowledgeEpisode seen{episode, "ann", "the mail room looks into it"};
  record::Action asked = seen;
  CHECK_FALSE(scenario->fold.settle(asked, start));
  CHECK_FALSE(scenario->fold.knows(seen));
  asked = record::AcknowledgeEpisode{"0000", "ann", "x"};
  CHECK(scenario->fold.settle(asked, start).value().kind == judge::Objection::Kind::unknown);
  const auto before = scenario->transitions.size();
  for (int i = 0; i < 2; ++i) scenario->act(seen, start + hours{i});
  CHECK(scenario->fold.knows(seen));
  scenario->act(record::AcknowledgeEpisode{episode, "bob", "mended"}, start + hours{5});
  const auto acknowledged = status_of(scenario->fold.statuses(), "daily").acknowledged;
  REQUIRE(acknowledged.size() == 2);
  CHECK(acknowledged[0].author == "ann");
  CHECK(acknowledged[0].wall == start);
  CHECK(acknowledged[1].note == "mended");
  CHECK(scenario->transitions.size() == before);
  for (std::size_t i = 2; i < judge::ActionBook::most_of_episode; ++i)
    scenario->act(record::AcknowledgeEpisode{episode, "eve", std::to_string(i)}, start);
  CHECK(scenario->fold.snapshot(start)->acknowledgements.size() == judge::ActionBook::most_of_episode);
  asked = record::AcknowledgeEpisode{episode, "eve", "once more"};
  CHECK(scenario->fold.settle(asked, start).value().kind == judge::Objection::Kind::conflict);
  asked = seen;  // again, for want of an answer
  CHECK_FALSE(scenario->fold.settle(asked, start));
}

TEST_CASE("acknowledgements: beyond the bound the oldest go") {
  judge::ActionBook book;
  for (std::size_t i = 0; i < judge::ActionBook::most_acknowledgements + 2; ++i)
    book.acknowledge({"e" + std::to_string(i), start, "eve", "seen"});
  CHECK(book.all_acknowledgements().size() == judge::ActionBook::most_acknowledgements);
  CHECK(book.all_acknowledgements().front().episode == "e2");
}

TEST_CASE("changes of breaches are remembered longer than others, over a checkpoint, too") {
  const settings::Window hour{settings::WindowKind::hour, 0};
  // Hours are bad and good by turns.
  const auto all = cases(130, 60 * 130, [](int i) { return (i / 60) % 2 == 0 ? .6 : .0; });
  auto pilot = watched({point("hourly", hour, .2)});
  pilot.windows = {hour};
  const auto scenario = played(pilot, all, -1, {});
  const auto snapshot = scenario->fold.snapshot(start);
  REQUIRE(snapshot->breaches);
  CHECK(snapshot->recent.size() == 100);
  CHECK(snapshot->breaches->size() > 100);
  for (const auto& change : *snapshot->breaches) {
    CHECK_FALSE(change.episode.empty());
    REQUIRE(change.started_wall.has_value());
    CHECK(*change.started_wall <= change.at_wall);
  }
  CHECK(scenario->fold.snapshot(start)->breaches == snapshot->breaches);  // shared
  std::map<std::string, std::string> parts;
  scenario->fold.save(true, [&](const std::string& name, std::string bytes) { parts[name] = std::move(bytes); });
  Scenario loaded(settings_of({pilot}));
  loaded.fold.load(parts, 1, start);
  const auto again = loaded.fold.snapshot(start)->breaches;
  REQUIRE(again->size() == snapshot->breaches->size());
  CHECK(again->front().episode == snapshot->breaches->front().episode);
  CHECK(again->front().started_wall == snapshot->breaches->front().started_wall);
  auto asked = record::Action{record::AcknowledgeEpisode{snapshot->breaches->front().episode, "ann", "late, but seen"}};
  CHECK_FALSE(scenario->fold.settle(asked, start));
}
