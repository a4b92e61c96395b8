// SPDX-License-Identifier: Apache-2.0
#include "judge/simulation/null_pilot.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>

namespace pilotwatch::simulation {

using settings::Task;

namespace {

struct Hours {
  unsigned hour, weekday;  ///< 0 = Monday
  [[nodiscard]] bool night() const { return hour < 7 || hour >= 20; }
  [[nodiscard]] bool weekend() const { return weekday >= 5; }
};
Hours hours_of(Instant time) {
  const auto midnight = std::chrono::floor<std::chrono::days>(time);
  const auto hour = std::chrono::floor<std::chrono::hours>(time - midnight).count();
  return {static_cast<unsigned>(hour), std::chrono::weekday(midnight).iso_encoding() - 1};
}

Instant time_of(const record::Record& r) {
  return std::visit([](const auto& body) { return body.time; }, r.body);
}

}  // namespace

struct Stream::Case {
  record::Value predicted, actual;
  std::optional<double> score;
  std::vector<record::NamedNumber> quantiles;
};

Stream::Stream(const settings::Pilot& pilot, Course course, std::uint64_t seed, std::uint64_t index)
    : pilot_(pilot), course_(course), random_(seed, index) {
  for (const auto* word : {"p", "income", "age", "channel", "region", "web", "phone", "post", "north", "south", "east",
                           "slow", "0.05", "0.25", "0.5", "0.75", "0.95"})
    (void)ref(word);
  for (const auto& label : pilot.classes) (void)ref(label);
}

record::StringRef Stream::ref(std::string_view text) {
  const auto next = static_cast<record::StringRef>(words_.strings.size());
  const auto [at, fresh] = known_.emplace(std::string(text), next);
  if (fresh) words_.strings.emplace_back(text);
  return at->second;
}

record::Batch Stream::day(int day) {
  for (int i = 0; i < course_.a_day; ++i) {
    const Instant time = start + std::chrono::hours{24 * day} + std::chrono::minutes{1440 / course_.a_day * i};
    add(time, error_rate(time, day >= change_day ? course_.changed_error_rate : .04));
  }
  std::stable_sort(waiting_.begin(), waiting_.end(),
                   [](const auto& a, const auto& b) { return time_of(a) < time_of(b); });
  const auto next_day = start + std::chrono::hours{24 * (day + 1)};
  const auto later =
      std::find_if(waiting_.begin(), waiting_.end(), [&](const auto& r) { return time_of(r) >= next_day; });
  record::Batch batch = words_;
  batch.records.assign(std::make_move_iterator(waiting_.begin()), std::make_move_iterator(later));
  waiting_.erase(waiting_.begin(), later);
  return batch;
}

/// By night a little and at weekends much more goes wrong: 2 to 24 %, in the mean of a week 8.6 %.
double Stream::error_rate(Instant time, double base) const {
  if (!course_.seasonal) return base;
  const auto now = hours_of(time);
  return .02 + (now.night() ? .02 : 0) + (now.weekend() ? .2 : 0);
}

Stream::Case Stream::draw(double error_rate) {
  Case out;
  const double z = random_.normal(), around = random_.normal();
  const auto label = [&](std::size_t i) { return record::Value{ref(pilot_.classes[i])}; };
  switch (pilot_.task) {
    case Task::binary: {
      // Calibrated: whoever has the score s is positive with probability s, so error_rate are wrong on average.
      const double doubt = 2 * error_rate * random_.uniform();
      const bool selected = random_.bernoulli(.3), wrong = random_.bernoulli(doubt);
      out.score = selected ? 1 - doubt : doubt;
      out.predicted = label(selected ? 1 : 0);
      out.actual = label(selected != wrong ? 1 : 0);
      break;
    }
    case Task::multiclass: {
      const auto predicted = random_.bits() % pilot_.classes.size();
      const bool wrong = random_.bernoulli(error_rate);
      out.predicted = label(predicted);
      out.actual = label((predicted + (wrong ? 1 : 0)) % pilot_.classes.size());
      break;
    }
    case Task::generative:
      out.actual = label(random_.bernoulli(error_rate) ? pilot_.classes.size() - 1 : 0);
      break;
    case Task::regression:
    case Task::quantile:
      out.predicted = 100 + 20 * z;
      out.actual = 100 + 20 * z + 10 * around;
      if (pilot_.task == Task::regression) break;
      for (const auto& [level, at] : {std::pair{"0.05", -1.6449}, std::pair{"0.25", -.6745}, std::pair{"0.5", 0.},
                                      std::pair{"0.75", .6745}, std::pair{"0.95", 1.6449}})
        out.quantiles.push_back({ref(level), 100 + 20 * z + 10 * at});
      break;
  }
  return out;
}

void Stream::inputs(record::Prediction& p, Instant time) {
  const auto now = course_.seasonal ? hours_of(time) : Hours{12, 0};
  const double web = now.weekend() ? .98 : now.night() ? .7 : .6;
  p.features = {{ref("income"), (now.night()     ? 25'000
                                 : now.weekend() ? 27'000
                                                 : 30'000) +
                                    9'000 * random_.normal()},
                {ref("age"), 20 + 60 * random_.uniform()},
                {ref("channel"), ref(random_.bernoulli(web)  ? "web"
                                     : random_.bernoulli(.7) ? "phone"
                                                             : "post")}};
  p.segments = {{ref("region"), ref(random_.bernoulli(.5) ? "north" : random_.bernoulli(.6) ? "south" : "east")}};
}

void Stream::add(Instant time, double rate) {
  const Id128 id{++ids_, random_.bits()};
  const auto drawn = draw(rate);
  record::Prediction p;
  p.id = id;
  p.time = time;
  p.prediction = drawn.predicted;
  p.score = drawn.score;
  p.quantiles = drawn.quantiles;
  p.failed = random_.bernoulli(.01);
  inputs(p, time);
  waiting_.push_back({ref("p"), 0, std::move(p)});
  if (random_.bernoulli(.9)) {
    record::Outcome o;
    o.prediction_id = id;
    o.time = time + std::chrono::minutes{static_cast<int>(1 + random_.bits() % 600)};
    o.actual = drawn.actual;
    o.content = random_.bits();
    waiting_.push_back({ref("p"), 0, o});
  }
  if (random_.bernoulli(.01)) object(id, time);
}

/// A complaint; three in ten are found for the person a day later.
void Stream::object(const Id128& id, Instant time) {
  record::Complaint c;
  c.id = {id.hi, random_.bits()};
  c.time = time + std::chrono::minutes{5};
  c.prediction_id = id;
  c.category = ref("slow");
  record::ComplaintUpdate update;
  update.complaint_id = c.id;
  update.time = c.time + std::chrono::hours{24};
  update.step = record::Step::decided;
  update.found_for = random_.bernoulli(.3) ? record::FoundFor::person : record::FoundFor::body;
  waiting_.push_back({ref("p"), 0, std::move(c)});
  waiting_.push_back({ref("p"), 0, update});
}

Breaches run(const settings::Settings& settings, Course course, std::uint64_t seed, std::uint64_t index) {
  judge::Fold fold(settings);
  Breaches breaches;
  fold.on_transition = [&](const judge::Transition& t) {
    if (t.to != judge::State::breach) return;
    breaches.try_emplace(t.limit, std::chrono::duration<double, std::ratio<86'400>>(t.at - start).count());
  };
  Stream stream(settings.pilots.front(), course, seed, index);
  for (int day = 0; day < days; ++day) {
    record::Entry entry;
    entry.submissions.emplace_back();
    entry.submissions.back().batch = stream.day(day);
    fold.apply(entry, static_cast<std::uint64_t>(day) + 1);
  }
  return breaches;
}

}  // namespace pilotwatch::simulation
