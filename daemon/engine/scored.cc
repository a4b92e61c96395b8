// SPDX-License-Identifier: Apache-2.0
#include "engine/scored.h"

#include <algorithm>

#include "base/result.h"

namespace pilotwatch::engine {
namespace {

using settings::Task;

std::size_t cap_of(const settings::Pilot& pilot, bool group) {
  return static_cast<std::size_t>(group ? pilot.scores.max_distinct_by_group : pilot.scores.max_distinct);
}

std::int64_t cases(const BinaryScores& s) { return s.probabilities.n(); }
std::int64_t cases(const NumberErrors& s) { return s.sums.n(); }
std::int64_t cases(const stats::QuantileForecastState& s) { return s.n(); }
std::int64_t cases(const stats::MulticlassScores& s) {
  std::int64_t sum = 0;
  for (std::size_t k = 0; k < s.classes(); ++k) sum += s.count(k);
  return sum;
}

void merge(BinaryScores& into, const BinaryScores& from) {
  into.by_score += from.by_score;
  into.probabilities += from.probabilities;
}
void merge(NumberErrors& into, const NumberErrors& from) {
  into.sums += from.sums;
  into.absolute += from.absolute;
}

void merge(stats::MulticlassScores& into, const stats::MulticlassScores& from) { into += from; }
void merge(stats::QuantileForecastState& into, const stats::QuantileForecastState& from) { into += from; }

void write_state(ByteWriter& out, const BinaryScores& s) {
  s.by_score.write(out);
  s.probabilities.write(out);
}
void write_state(ByteWriter& out, const NumberErrors& s) {
  s.sums.write(out);
  s.absolute.write(out);
}

void write_state(ByteWriter& out, const stats::MulticlassScores& s) {
  out.u64(s.classes());
  s.write(out);
}
void write_state(ByteWriter& out, const stats::QuantileForecastState& s) {
  out.u64(s.levels().size());
  for (const double level : s.levels()) out.f64(level);
  s.write(out);
}

BinaryScores read_binary(ByteReader& in) {
  BinaryScores out;
  out.by_score.read(in);
  out.probabilities.read(in);
  return out;
}
NumberErrors read_numbers(ByteReader& in) {
  NumberErrors out;
  out.sums.read(in);
  out.absolute.read(in);
  return out;
}

stats::MulticlassScores read_classes(ByteReader& in) {
  const auto classes = in.count(1);
  if (classes < 2 || classes > settings::max_scored_classes) throw CorruptBytes("scores of too many classes");
  stats::MulticlassScores out(classes);
  out.read(in);
  return out;
}

stats::QuantileForecastState read_forecasts(ByteReader& in) {
  std::vector<double> levels(in.count(8));
  for (double& level : levels) level = in.f64();
  if (levels.size() > stats::QuantileForecastState::max_levels || !stats::scorable_levels(levels))
    throw CorruptBytes("quantile levels");
  stats::QuantileForecastState out(std::move(levels));
  out.read(in);
  return out;
}

bool is_positive(const Decision& d, const settings::Pilot& pilot) {
  return pilot.classes[static_cast<std::size_t>(d.actual)] == pilot.positive;
}

}  // namespace

void Scored::add(const Decision& d, const settings::Pilot& pilot, bool group, std::int64_t times) {
  if (!d.has_outcome || times == 0) return;
  const auto cap = cap_of(pilot, group);
  if (pilot.task == Task::binary && d.has_score) {
    auto& s = state<BinaryScores>([cap] { return BinaryScores{stats::ScoreState(cap), {}}; });
    const bool positive = is_positive(d, pilot);
    s.by_score.add(d.score, positive, times);
    s.probabilities.add(d.score, positive, times);
  } else if (pilot.task == Task::regression && d.has_predicted) {
    auto& s = state<NumberErrors>([cap] { return NumberErrors{{}, stats::AbsoluteErrors(cap)}; });
    s.sums.add(d.actual, d.predicted, times);
    s.absolute.add(d.actual, d.predicted, times);
  } else if (pilot.task == Task::multiclass && d.values.size() == pilot.classes.size()) {
    const auto make = [&] { return stats::MulticlassScores(pilot.classes.size(), cap); };
    state<stats::MulticlassScores>(make).add(d.values, static_cast<std::size_t>(d.actual), times);
  } else if (pilot.task == Task::quantile && d.values.size() == pilot.quantiles.size()) {
    const auto make = [&] { return stats::QuantileForecastState(pilot.quantiles); };
    const bool added = state<stats::QuantileForecastState>(make).add(d.values, d.actual, times);
    PW_ASSERT(added);  // PilotState::forecast takes only what can be scored
  }
}

Scored& Scored::operator+=(const Scored& other) {
  if (!other.state_) return *this;
  if (!state_) return *this = other;
  std::visit(
      [this](const auto& from) {
        auto* into = std::get_if<std::decay_t<decltype(from)>>(state_.get());
        PW_ASSERT(into != nullptr);
        merge(*into, from);
      },
      *other.state_);
  return *this;
}

/// A state all of whose cases were taken back is none: equal states have equal bytes.
void Scored::write(ByteWriter& out) const {
  const bool any = state_ && std::visit([](const auto& s) { return cases(s) != 0; }, *state_);
  out.u64(any ? state_->index() + 1 : 0);
  if (any) std::visit([&out](const auto& s) { write_state(out, s); }, *state_);
}

void Scored::read(ByteReader& in) {
  switch (in.u64()) {
    case 0:
      state_.reset();
      break;
    case 1:
      state_ = std::make_unique<State>(read_binary(in));
      break;
    case 2:
      state_ = std::make_unique<State>(read_numbers(in));
      break;
    case 3:
      state_ = std::make_unique<State>(read_classes(in));
      break;
    case 4:
      state_ = std::make_unique<State>(read_forecasts(in));
      break;
    default:
      throw CorruptBytes("scores of an unknown task");
  }
}

}  // namespace pilotwatch::engine
