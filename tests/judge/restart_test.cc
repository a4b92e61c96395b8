// SPDX-License-Identifier: Apache-2.0
// Stopped after any record, saved, loaded into a fresh fold and gone on: the same bytes as never having stopped.
#include <algorithm>
#include <random>

#include "support/random_stream.h"

using namespace pilotwatch;
using namespace pilotwatch::testing;
using settings::Evidence;
using settings::Metric;
using settings::WindowKind;

namespace {

using Parts = std::map<std::string, std::string>;

struct Arrival {
  Instant wall;
  std::string line;
  std::optional<record::Action> action{};  ///< instead of the line
};

void play(Scenario& scenario, const Arrival& arrival) {
  if (arrival.action) return scenario.act(*arrival.action, arrival.wall);
  scenario.send(arrival.line, arrival.wall);
}

/// `n` decisions, one every 20 minutes, that go wrong and look different from the middle on, under two versions; what
/// is said about them comes early, in time and too late, is repeated, and is corrected.
std::vector<Arrival> life(std::mt19937_64& rng, std::size_t n) {
  std::vector<Arrival> out;
  const auto minutes = [&rng](int from, int to) {
    return Millis{60'000 * (from + static_cast<std::int64_t>(rng() % static_cast<std::uint64_t>(to - from)))};
  };
  const auto one_in = [&rng](std::uint64_t k) { return rng() % k == 0; };
  for (std::size_t i = 0; i < n; ++i) {
    const Instant time = at("2026-01-01T00:00:00Z") + std::chrono::minutes{20 * static_cast<int>(i)};
    const bool changed = i > n / 2;
    const auto id = std::to_string(i), when = format_rfc3339(time);
    const int label = static_cast<int>(rng() % 2), actual = one_in(changed ? 2 : 20) ? 1 - label : label;
    std::string rest = R"(,"model_version":"v)" + std::to_string(i > n * 3 / 4) + R"(","score":0.)" +
                       std::to_string(rng() % 100) + R"(,"features":{"x":)" +
                       std::to_string(rng() % 50 + (changed ? 30 : 0)) + R"(,"c":")" +
                       std::string(1, static_cast<char>('a' + rng() % (changed ? 5 : 3))) + "\"}";
    if (!one_in(10)) rest += R"(,"segments":{"g":")" + std::string(one_in(3) ? "a" : "b") + (i % 3 == 0 ? "\"}" : R"(","h":"x"})");
    if (one_in(60)) rest += R"(,"weight":3)";
    if (one_in(40)) rest += R"(,"failed":true)";
    out.push_back({time + minutes(0, one_in(9) ? 60 : 5), prediction(id, when, label, rest)});
    const auto told = [&](int verdict, Millis after) {
      out.push_back({time + after, outcome(id, format_rfc3339(time + std::max(after, Millis{0})), verdict)});
    };
    if (!one_in(10)) told(actual, one_in(8) ? minutes(-30, 0) : one_in(10) ? minutes(500, 2500) : minutes(0, 350));
    if (one_in(8)) told(1 - actual, minutes(100, 600));
    if (one_in(20)) out.push_back(out.back());
    if (one_in(changed ? 4 : 15))
      out.push_back({time + minutes(0, 300), complaint("c" + id, when, R"(,"category":")" + std::string(i % 3 == 0 ? "slow" : "rude") +
                                                                     R"(","prediction_id":")" + id + "\"")});
    if (one_in(15)) out.push_back({time + minutes(0, 900), complaint("u" + id, when)});
    std::vector<std::string> side;
    side_lines(rng, id, when, side);
    for (auto& line : side) out.push_back({time + minutes(-30, 600), std::move(line)});
    if (one_in(120)) out.push_back({time, "", record::PausePilot{"p", {}, minutes(5, 120), "ann", "maintenance " + id}});
    if (one_in(60)) out.push_back({time, "", record::ResumePilot{"p", {}, "bob"}});
    if (one_in(60)) out.push_back({time, "", record::AcknowledgeEpisode{"e" + std::to_string(i / 100), "ann", "seen"}});
  }
  std::stable_sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return a.wall < b.wall; });
  return out;
}

/// Limits of every kind of evidence on every kind of window.
std::vector<settings::Limit> limits() {
  std::vector<settings::Limit> out;
  const auto add = [&](Evidence evidence, Metric metric, settings::Window window, std::optional<double> max,
                       const std::string& feature = "", const std::string& segment = "") -> settings::Limit& {
    settings::Limit limit;
    limit.name = std::to_string(out.size()) + "-" + settings::metric_names[static_cast<std::size_t>(metric)];
    limit.metric = metric;
    limit.window = window;
    limit.max = max;
    limit.evidence = evidence;
    limit.feature = feature;
    limit.segment = segment;
    limit.min_n = 5;
    out.push_back(limit);
    return out.back();
  };
  const settings::Window hour{WindowKind::hour, 0}, day{WindowKind::day, 0}, week{WindowKind::week, 0},
      days{WindowKind::days, 2}, count{WindowKind::count, 25}, all{WindowKind::all, 0};
  add(Evidence::budget, Metric::error_rate, day, .1);
  add(Evidence::budget, Metric::error_rate, day, .1, "", "g");
  add(Evidence::budget, Metric::error_rate, day, .1, "", "g*h");
  add(Evidence::interval, Metric::error_rate, day, .3, "", "g*h").compare = settings::Compare::difference;
  add(Evidence::budget, Metric::false_negative_rate, week, .2);
  add(Evidence::budget, Metric::complaints_per_1000, day, 50);
  add(Evidence::budget, Metric::complaints_per_1000, day, 20, "rude");
  add(Evidence::confidence_sequence, Metric::complaints_per_1000, day, 40, "slow");
  add(Evidence::budget, Metric::failure_rate, hour, .1);
  add(Evidence::budget, Metric::ks, day, .2, "x");
  add(Evidence::budget, Metric::drift, day, std::nullopt, "x");
  add(Evidence::budget, Metric::drift, day, std::nullopt, "c");
  add(Evidence::budget, Metric::linf, day, .3, "c");
  add(Evidence::budget, Metric::brier, day, .4);
  add(Evidence::budget, Metric::roc_auc, day, std::nullopt).min = .6;
  add(Evidence::budget, Metric::max_calibration_error, week, .3);
  add(Evidence::budget, Metric::complaint_finding_rate, day, .3);
  add(Evidence::budget, Metric::error_rate, day, .1, "", "g").compare = settings::Compare::difference;
  add(Evidence::budget, Metric::error_rate, day, .15).period = settings::BlockPeriod::day;
  add(Evidence::confidence_sequence, Metric::error_rate, day, .15);
  auto& slow = add(Evidence::interval, Metric::error_rate, days, .15);
  slow.for_ = std::chrono::hours{24};
  slow.keep_firing_for = std::chrono::hours{48};
  add(Evidence::interval, Metric::override_rate, day, .2, "", "g");
  add(Evidence::interval, Metric::roc_auc, week, std::nullopt).min = .7;
  add(Evidence::point, Metric::psi, day, .3, "c");
  add(Evidence::point, Metric::brier, count, .35);
  add(Evidence::point, Metric::public_stance, all, 1);
  add(Evidence::point, Metric::volume, hour, std::nullopt).min = 2;
  auto& several = add(Evidence::point, Metric::error_rate, count, .2);
  several.of = 3;
  several.times = 2;
  return out;
}

settings::Pilot pilot_with(settings::PilotClock clock, std::uint64_t reference) {
  auto pilot = binary_pilot();
  pilot.clock = clock;
  pilot.lateness = std::chrono::minutes{10};
  pilot.outcome_horizon = std::chrono::hours{6};
  pilot.windows = {{WindowKind::hour, 0}, {WindowKind::day, 0},    {WindowKind::week, 0},
                   {WindowKind::days, 2}, {WindowKind::count, 25}, {WindowKind::all, 0}};
  pilot.segments.attributes = {"g", "h"};
  pilot.segments.pairs = {{"g", "h"}};
  pilot.segments.min_n = 5;
  pilot.features = {{"x", settings::FeatureKind::numeric}, {"c", settings::FeatureKind::categorical}};
  pilot.reference.first = reference;
  pilot.reference.bins = 10;
  pilot.guarantee.over_decisions = 2000;
  pilot.guarantee.false_alarm_probability = .5;
  pilot.limits = limits();
  return pilot;
}

std::string text_of(const std::vector<judge::Transition>& transitions, std::size_t from = 0) {
  std::string out;
  for (auto t = transitions.begin() + static_cast<std::ptrdiff_t>(from); t != transitions.end(); ++t) {
    out += t->limit + " " + t->group + " " + judge::state_names[static_cast<std::size_t>(t->to)] + " " +
           format_rfc3339(t->at) + " " + format_rfc3339(t->at_wall) + " " + t->episode + " " + t->reason + "\n";
  }
  return out;
}

}  // namespace

TEST_CASE("restart: after every record of a small stream, everything that follows is the same to the byte") {
  const auto seed = GENERATE(take(3, random(0u, 1u << 30)));
  const auto clock = GENERATE(settings::PilotClock::event, settings::PilotClock::wall);
  CAPTURE(seed, static_cast<int>(clock));
  std::mt19937_64 rng{seed};
  const auto settings = settings_of({pilot_with(clock, 15)});
  const auto arrivals = life(rng, 30);

  Scenario whole(settings);
  std::vector<Parts> saved;
  std::vector<std::size_t> said;
  for (const auto& arrival : arrivals) {
    auto& parts = saved.emplace_back();
    whole.fold.save(true, [&](const std::string& name, const std::string& bytes) { parts[name] = bytes; });
    said.push_back(whole.transitions.size());
    play(whole, arrival);
  }
  const auto bytes = whole.saved(), figures = figures_text(whole);
  CHECK(whole.transitions.size() > 5);

  for (std::size_t stop = 0; stop < arrivals.size(); ++stop) {
    CAPTURE(stop, arrivals[stop].line);
    Scenario again(settings);
    again.fold.load(saved[stop], stop, arrivals[stop].wall);
    again.sequence = stop;
    for (std::size_t i = stop; i < arrivals.size(); ++i) play(again, arrivals[i]);
    REQUIRE((again.saved() == bytes));
    REQUIRE((figures_text(again) == figures));
    REQUIRE(text_of(again.transitions) == text_of(whole.transitions, said[stop]));
  }
}

TEST_CASE("restart: again and again in a long stream with breaches of every kind of evidence") {
  const auto seed = GENERATE(take(2, random(0u, 1u << 30)));
  const auto clock = GENERATE(settings::PilotClock::event, settings::PilotClock::wall);
  CAPTURE(seed, static_cast<int>(clock));
  std::mt19937_64 rng{seed};
  const auto settings = settings_of({pilot_with(clock, 320)});
  const auto arrivals = life(rng, 1500);

  Scenario whole(settings);
  for (const auto& arrival : arrivals) play(whole, arrival);

  auto now = std::make_unique<Scenario>(settings);
  Parts parts;  // as the journal keeps them: each save has only what has changed
  std::string said;
  int stops = 0;
  for (std::size_t i = 0; i < arrivals.size(); ++i) {
    if (rng() % 200 == 0) {
      now->fold.save(false, [&](const std::string& name, const std::string& bytes) { parts[name] = bytes; });
      said += text_of(now->transitions);
      now = std::make_unique<Scenario>(settings);
      now->fold.load(parts, i, arrivals[i].wall);
      now->sequence = i;
      ++stops;
    }
    play(*now, arrivals[i]);
  }
  said += text_of(now->transitions);
  CHECK(stops > 10);
  const auto pauses = whole.fold.snapshot(Instant{})->pauses.at("p");
  CHECK(pauses.all().size() > 4);
  CHECK(pauses.decisions > 10);
  CHECK(pauses.looks > 10);
  CHECK((now->saved() == whole.saved()));
  CHECK((figures_text(*now) == figures_text(whole)));
  CHECK(said == text_of(whole.transitions));

  for (const auto evidence : {Evidence::budget, Evidence::confidence_sequence, Evidence::interval, Evidence::point}) {
    CHECK(std::any_of(whole.transitions.begin(), whole.transitions.end(), [&](const auto& t) {
      const auto& all = settings.pilots.front().limits;
      const auto limit = std::find_if(all.begin(), all.end(), [&](const auto& l) { return l.name == t.limit; });
      return t.to == judge::State::breach && limit->evidence == evidence;
    }));
  }
}
