// SPDX-License-Identifier: Apache-2.0
#include "judge/monitor.h"

#include <algorithm>
#include <cmath>

#include "base/id.h"
#include "engine/calendar.h"
#include "stats/interval/sequence.h"
#include "stats/sequential/bets.h"

namespace pilotwatch::judge {
namespace {

using settings::BlockPeriod;
using settings::Evidence;

std::int64_t period_of(const settings::Pilot& pilot, BlockPeriod period, Instant time) {
  if (period == BlockPeriod::none) return 0;
  const auto day = engine::day_of(pilot.time_zone, time);
  return period == BlockPeriod::day ? day : engine::window_start(settings::WindowKind::week, day);
}

}  // namespace

Monitor::Monitor(const settings::Pilot& pilot, const settings::Limit& limit, Allotment allotment,
                 std::shared_ptr<const DriftBins> bins)
    : pilot_(&pilot), limit_(&limit), allotment_(allotment), bins_(std::move(bins)), form_(form_of(limit)), stage_(stage_of(limit)) {
  key_ = content_hash(pilot.name + '\n' + limit.name).lo;
  positive_ = positive_index(pilot);
  const auto columns = engine::feature_list(pilot);
  column_ = static_cast<std::size_t>(
      std::find_if(columns.begin(), columns.end(), [&](const auto& c) { return c.name == limit.feature; }) -
      columns.begin());
  make();
}

void Monitor::make() {
  auto made = make_watcher({*pilot_, *limit_, allotment_, bins_.get()});
  watcher_ = std::move(made.watcher);
  mute_ = std::move(made.mute);
}

void Monitor::reset() {
  const auto before = std::move(watcher_);
  make();
  if (before && watcher_) watcher_->inherit_end(*before);
  last_.reset();
  n_ = steps_ = left_out_ = 0;
  sum_ = 0;
  last_look_ = {};
  trail_.clear();
  course_.clear();
  alarm_is_last_ = end_proven_ = false;
  noted_ = {};
}

void Monitor::begin_breach() {
  end_proven_ = false;
  if (watcher_) watcher_->begin_end();
  if (const auto looks = course_.points(); !looks.empty()) course_.add_alarm(looks.back());  // the one that began it
}

const engine::Value* Monitor::value(const engine::Observation& seen) const {
  if (bins_ == nullptr || !seen.after_reference || column_ >= bins_->reference->features.size()) return nullptr;
  const auto& value = seen.values[column_];
  const auto wanted = bins_->numeric() ? engine::Value::Kind::number : engine::Value::Kind::category;
  return value.kind() == wanted ? &value : nullptr;
}

/// Without its start weight and what belongs to the group.
std::optional<Sight> Monitor::sight(const engine::Observation& seen) const {
  Sight out;
  const auto& d = seen.decision;
  out.weight = static_cast<double>(d.weight);
  if (of_reference(form_)) {
    const auto* present = value(seen);
    if (present == nullptr) return std::nullopt;
    out.bin = bins_->index_of(present->position);
    if (form_ == Form::changed && bins_->stratified()) {
      out.stratum = bins_->place_of_stratum[seen.stratum];
    }
    out.tie = stats::tie_breaker(key_, d.id.lo);
    return out;
  }
  if (form_ == Form::ranking || form_ == Form::calibration) {
    if (!d.has_outcome || !d.has_score) return std::nullopt;
    out.x = d.score;
    out.positive = d.actual == positive_;
    return out;
  }
  const auto loss = loss_of(*pilot_, *limit_, seen);
  if (!loss) return std::nullopt;
  out.x = *loss;
  out.period = period_of(*pilot_, limit_->period, seen.time);
  return out;
}

/// Days since its last observation, or 1 decision (for each case that it stands for).
double Monitor::start_weight(Instant time) {
  const double days =
      last_ ? std::max(0.0, std::chrono::duration<double, std::ratio<86'400>>(time - *last_).count()) : 0;
  if (!last_ || *last_ < time) last_ = time;
  return days;
}

std::optional<Monitor::Said> Monitor::step(const engine::Observation& seen, bool breached, bool member, bool spoiled) {
  looked_ = false;
  if (seen.stage != stage_ || !watcher_) return std::nullopt;
  auto saw = sight(seen);
  if (!saw) return std::nullopt;
  if (saw->stratum == DriftBins::no_place) {
    if (member) ++left_out_;
    return std::nullopt;
  }
  if (seen.decision.weight > 1 && !watcher_->takes_weights()) return Said{.aggregated = true};
  saw->member = member;
  saw->spoiled = spoiled;
  saw->time = seen.time;
  saw->start = allotment_.days ? start_weight(seen.time) : saw->weight;
  alarm_is_last_ = false;
  const auto look = watcher_->step(*saw);
  n_ += look.cases;
  sum_ += look.sum;
  if (look.looked) {
    ++steps_;
    last_look_ = {steps_, look.time, n_, sum_};
    trail_.add(last_look_);
  }
  looked_ = look.looked;
  if (look.signal == stats::Signal::alarm) remember_alarm(look.time);
  Said said;
  said.looked = look.looked;
  said.signal = look.signal;
  if (!breached) return said;
  const auto end = watcher_->step_end(*saw);
  end_proven_ = (end_proven_ || end.recovered) && said.signal != stats::Signal::alarm;
  said.recovering = end.recovering;
  // Of a group it is said at a look, which is of `segments.min_n` decisions, and not at the one that settled it.
  said.recovered = end_proven_ && (said.looked || !of_few());
  if (said.recovered) end_proven_ = false;
  return said;
}

/// Whether what is told could be of few people.
bool Monitor::of_few() const { return !limit_->segment.empty() && pilot_->segments.min_n > 1; }

Monitor::Note Monitor::note_of(const Watcher::Standing& now) const {
  Note out;
  out.s = now.s;
  out.change = now.change.has_value();
  if (now.change) out.before = trail_.at(*now.change);
  out.last_look = last_look_;
  out.left_out = left_out_;
  return out;
}

void Monitor::note() {
  if (alarm_is_last_) {
    noted_.alarm = true;
    return;
  }
  noted_ = note_of(watcher_ ? watcher_->now() : Watcher::Standing{});
  if (looked_ && !of_few()) course_.add({noted_.last_look.time, noted_.s});
  if (watcher_) watcher_->note();
}

BudgetEvidence Monitor::noted() const {
  if (noted_.alarm) return at_alarm_;
  auto out = describe(noted_);
  if (watcher_) out.moved = watcher_->moved();
  return out;
}

BudgetEvidence Monitor::describe(const Note& note) const {
  BudgetEvidence out;
  out.s = note.s;
  out.formula = watcher_ ? watcher_->formula() : "";
  out.budget_n = allotment_.n;
  out.share = allotment_.share;
  out.days = allotment_.days;
  out.threshold = allotment_.n / allotment_.share;
  out.block = watcher_ ? watcher_->block() : 0;
  out.observations = note.last_look.n;
  if (of_few()) return coarse(out);
  out.left_out = note.left_out;  // of groups it could be one person
  interval_since(note.last_look, out);
  if (!note.change) return out;
  if (note.before) out.change_point = note.before->time;
  if (of_reference(form_)) return out;
  out.n_since = note.last_look.n - (note.before ? note.before->n : 0);
  if (out.n_since > 0) {
    out.value_since = (note.last_look.sum - (note.before ? note.before->sum : 0)) / static_cast<double>(out.n_since);
  }
  return out;
}

/// Of a group no figure is told from which the few whom it was about could be counted: how far the evidence has come in
/// tenths, and no mean.
BudgetEvidence Monitor::coarse(BudgetEvidence out) const {
  const double ratio = stats::evidence_ratio(out.s, out.threshold);
  if (ratio < 1) out.s = std::expm1(std::floor(10 * ratio) / 10 * std::log1p(out.threshold));
  return out;
}

/// A confidence sequence has its interval since the evidence began; where the limit is on a rate its ends are of that
/// rate.
void Monitor::interval_since(const Trail::Mark& last_look, BudgetEvidence& out) const {
  if (limit_->evidence != Evidence::confidence_sequence || last_look.n == 0) return;
  const auto events = static_cast<std::uint64_t>(std::llround(last_look.sum));
  out.mean = last_look.sum / static_cast<double>(last_look.n);
  const auto interval = stats::beta_binomial_sequence(events, last_look.n, allotment_.share / allotment_.n);
  if (!interval) return;
  out.mean_lower = interval->lower;
  out.mean_upper = interval->upper;
}

/// The watcher has reset itself, but for a confidence sequence, which goes on: what it knew is in its at_alarm(), what
/// we knew is still here.
void Monitor::remember_alarm(Instant time) {
  at_alarm_ = describe(note_of(watcher_->at_alarm()));
  at_alarm_.moved = watcher_->moved_at_alarm();
  alarm_is_last_ = true;
  if (!of_few()) course_.add({time, at_alarm_.s});
  if (limit_->evidence == Evidence::confidence_sequence) return;
  n_ = steps_ = left_out_ = 0;
  sum_ = 0;
  last_look_ = {};
  trail_.clear();
}

void Monitor::write(ByteWriter& out) const {
  if (watcher_) watcher_->write(out);
  out.flag(last_.has_value());
  if (last_) out.time(*last_);
  out.u64(n_);
  out.u64(steps_);
  out.u64(left_out_);
  out.f64(sum_);
  out.u64(last_look_.step);
  out.time(last_look_.time);
  out.u64(last_look_.n);
  out.f64(last_look_.sum);
  trail_.write(out);
  out.flag(alarm_is_last_);
  out.flag(end_proven_);
  at_alarm_.write(out);
  course_.write(out);
}

void Monitor::read(ByteReader& in) {
  if (watcher_) watcher_->read(in);
  last_.reset();
  if (in.flag()) last_ = in.time();
  n_ = in.u64();
  steps_ = in.u64();
  left_out_ = in.u64();
  sum_ = in.f64();
  last_look_.step = in.u64();
  last_look_.time = in.time();
  last_look_.n = in.u64();
  last_look_.sum = in.f64();
  trail_.read(in);
  alarm_is_last_ = in.flag();
  end_proven_ = in.flag();
  at_alarm_.read(in);
  course_.clear();
  if (!in.at_end()) course_.read(in);  // checkpoints of before there was one end here
}

}  // namespace pilotwatch::judge
