// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <catch2/catch.hpp>
#include <deque>
#include <map>
#include <random>

#include "engine/decisions.h"
#include "support/scenario.h"

namespace pilotwatch::testing {

using namespace pilotwatch::engine;

using Parts = std::map<std::string, std::string>;

inline settings::Pilot pilot_of(settings::Task task, bool counts) {
  auto out = binary_pilot();
  out.task = task;
  out.classes = {"a", "b", "c"};
  out.segments.attributes = {"region", "sex"};
  out.scores.by_class = settings::ByClass::keep;
  if (task == settings::Task::quantile) out.quantiles = {0.1, 0.5, 0.9};
  if (counts) out.windows.push_back({settings::WindowKind::count, 100});
  return out;
}

inline Decision random_decision(std::mt19937_64& rng, settings::Task task) {
  Decision d;
  d.id = {rng(), rng()};
  d.time = Instant{Millis{static_cast<std::int64_t>(rng() % 1'000'000'000'000) - 1'000}};
  d.version = static_cast<std::uint16_t>(rng() % 22);
  d.groups = no_groups;
  d.groups[0] = static_cast<std::uint16_t>(rng() % 10'001);
  d.groups[1] = rng() % 5 == 0 ? no_group : static_cast<std::uint16_t>(rng() % 3);
  d.failed = rng() % 20 == 0;
  d.has_predicted = !d.failed;
  const auto real = [&rng] { return std::ldexp(static_cast<double>(rng() % 1'000'003), -7) - 100; };
  if (d.has_predicted) d.predicted = settings::predicts_numbers(task) ? real() : static_cast<double>(rng() % 3);
  if (task == settings::Task::binary && rng() % 3 > 0) {
    d.has_score = true;
    d.score = static_cast<double>(rng() % 1000) / 1000;
  }
  const bool lists = task == settings::Task::quantile || task == settings::Task::multiclass;
  if (lists && rng() % 2 == 0) d.values = {real(), real(), real()};
  if (rng() % 7 == 0) d.weight = 2 + rng() % 1'000'000;
  return d;
}

inline void check_same(const Decision& a, const Decision& b) {
  CHECK(a.id == b.id);
  CHECK(a.time == b.time);
  CHECK(a.predicted == b.predicted);
  CHECK(a.score == b.score);
  CHECK(a.weight == b.weight);
  CHECK(a.version == b.version);
  CHECK(a.groups == b.groups);
  CHECK(a.values == b.values);
  CHECK(a.rank == b.rank);
  CHECK(std::tie(a.has_predicted, a.failed, a.has_score, a.has_outcome) ==
        std::tie(b.has_predicted, b.failed, b.has_score, b.has_outcome));
  CHECK(std::tie(a.actual, a.outcome_time, a.outcome_content, a.outcome_in_time) ==
        std::tie(b.actual, b.outcome_time, b.outcome_content, b.outcome_in_time));
  CHECK(a.complaints == b.complaints);
  CHECK(a.first_complaint == b.first_complaint);
}

/// The table beside the plain structs that it stands for.
struct Model {
  explicit Model(settings::Pilot of, std::uint64_t seed) : pilot(std::move(of)), rng(seed) { restart(); }

  void restart() { table = std::make_unique<Decisions>(pilot); }

  void step() {
    const auto what = rng() % 10;
    if (plain.empty() || what < 5) return add();
    const auto slot = static_cast<Decisions::Slot>(rng() % plain.size());
    auto& d = plain[slot];
    if (what < 7) {
      OutcomeRow row{Instant{Millis{static_cast<std::int64_t>(rng() % 1'000'000)}}, rng(), static_cast<double>(rng() % 3)};
      if (rng() % 2 == 0) row.in_time = rng() % 3 == 0 ? row.time - Millis{5} : row.time;
      table->set_outcome(slot, row);
      d.has_outcome = true;
      std::tie(d.outcome_time, d.outcome_content, d.actual, d.outcome_in_time) =
          std::tie(row.time, row.content, row.actual, row.in_time);
    } else if (what < 8) {
      const auto rank = rng() % 1'000'000'000;
      table->set_rank(slot, rank);
      const bool counts = pilot.windows.back().kind == settings::WindowKind::count;
      if (counts) d.rank = rank;
    } else if (what < 9) {
      const Instant time{Millis{static_cast<std::int64_t>(rng() % 1'000'000)}};
      table->add_complaint(slot, time);
      ++d.complaints;
      d.first_complaint = std::min(d.first_complaint, time);
    } else if (rng() % 3 > 0) {
      table->await_maturity(slot);
      maturing.push_back(slot);
    } else if (!maturing.empty()) {
      table->matured();
      maturing.pop_front();
    }
  }

  void add() {
    const auto d = random_decision(rng, pilot.task);
    CHECK(table->add(d) == static_cast<Decisions::Slot>(plain.size()));
    plain.push_back(d);
    CHECK_FALSE(table->add(d));
  }

  void check() {
    REQUIRE(table->size() == plain.size());
    for (Decisions::Slot slot = 0; slot < plain.size(); ++slot) {
      CAPTURE(slot);
      check_same((*table)[slot], plain[slot]);
      CHECK(table->find(plain[slot].id) == slot);
      CHECK(table->time(slot) == plain[slot].time);
    }
    CHECK_FALSE(table->find({1, 2}));
    CHECK(table->next_maturing() == (maturing.empty() ? std::nullopt : std::optional(maturing.front())));
  }

  settings::Pilot pilot;
  std::mt19937_64 rng;
  std::unique_ptr<Decisions> table;
  std::vector<Decision> plain;
  std::deque<Decisions::Slot> maturing;
};

/// Reads from what save() gave out.
inline ReadBlock from(const Parts& parts) {
  return [&parts](const std::string& name) {
    const auto part = parts.find(name);
    if (part == parts.end() || part->second.empty()) throw CorruptBytes("there is no " + name);
    return part->second;
  };
}

inline constexpr auto tasks = {settings::Task::binary, settings::Task::multiclass, settings::Task::regression,
                        settings::Task::quantile, settings::Task::generative};

}  // namespace pilotwatch::testing
