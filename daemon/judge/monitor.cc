// SPDX-License-Identifier: Apache-2.0
#include "judge/monitor.h"

#include <algorithm>
#include <cmath>

#include "base/id.h"
#include "base/result.h"
#include "base/text.h"
#include "stats/sequential/bets.h"
#include "stats/sequential/budget.h"
#include "stats/sequential/plan.h"
#include "stats/sequential/reductions.h"

namespace pilotwatch::judge {
namespace {

using settings::Metric;

constexpr double recovery_part = 100;    ///< N_rec = N/100
constexpr double reference_risk = 1e-3;  ///< delta: that the reference itself misleads a tolerance, over all features

/// Compares a feature with the reference, instead of a mean with a limit.
bool compares(Metric metric) { return metric == Metric::drift || metric == Metric::ks; }

std::optional<stats::BinaryMetric> binary_metric(Metric metric) {
  switch (metric) {
    case Metric::error_rate:
      return stats::BinaryMetric::error_rate;
    case Metric::false_positive_rate:
      return stats::BinaryMetric::false_positive_rate;
    case Metric::false_negative_rate:
      return stats::BinaryMetric::false_negative_rate;
    case Metric::false_discovery_rate:
      return stats::BinaryMetric::false_discovery_rate;
    case Metric::false_omission_rate:
      return stats::BinaryMetric::false_omission_rate;
    case Metric::accuracy:
      return stats::BinaryMetric::accuracy;
    case Metric::precision:
      return stats::BinaryMetric::precision;
    case Metric::recall:
      return stats::BinaryMetric::recall;
    case Metric::specificity:
      return stats::BinaryMetric::specificity;
    case Metric::f1:
      return stats::BinaryMetric::f1;
    default:
      return std::nullopt;
  }
}

/// The limit as the mean of a loss in [0, 1] and the side on which it is wrong.
struct MeanQuestion {
  double m;
  stats::Side wrong;
};
MeanQuestion mean_question(const settings::Limit& limit) {
  switch (limit.metric) {
    case Metric::coverage:
      return {1 - *limit.min, stats::Side::above};  // of cases without an outcome
    case Metric::complaints_per_1000:
      return {*limit.max / 1000, stats::Side::above};
    case Metric::mean_absolute_error:
      return {*limit.max / *limit.range, stats::Side::above};
    default:
      break;
  }
  if (const auto metric = binary_metric(limit.metric)) {
    return {stats::mean_limit(*metric, limit.max ? *limit.max : *limit.min)->m, stats::Side::above};
  }
  return limit.max ? MeanQuestion{*limit.max, stats::Side::above} : MeanQuestion{*limit.min, stats::Side::below};
}

std::uint16_t positive_index(const settings::Pilot& pilot) {
  return static_cast<std::uint16_t>(std::find(pilot.classes.begin(), pilot.classes.end(), pilot.positive) -
                                    pilot.classes.begin());
}

}  // namespace

Monitor::Monitor(const settings::Pilot& pilot, const settings::Limit& limit, Allotment allotment, const DriftBins* bins)
    : pilot_(&pilot), limit_(&limit), allotment_(allotment), bins_(bins) {
  key_ = content_hash(pilot.name + '\n' + limit.name).lo;
  const auto columns = engine::feature_list(pilot);
  column_ = static_cast<std::size_t>(
      std::find_if(columns.begin(), columns.end(), [&](const auto& c) { return c.name == limit.feature; }) -
      columns.begin());
  make();
}

void Monitor::make() {
  detector_ = std::monostate{};
  end_ = std::monostate{};
  const auto at = stats::thresholds(allotment_.n, allotment_.share);
  const double recovered_at = at.alarm / recovery_part;
  if (!compares(limit_->metric)) {
    const auto question = mean_question(*limit_);
    const double m = question.wrong == stats::Side::above ? question.m : 1 - question.m;
    block_ =
        limit_->block > 0 ? static_cast<std::uint32_t>(limit_->block) : stats::block_size(m, limit_->design_effect);
    of_a_group();
    detector_.emplace<stats::BlockMean>(question.m, block_, at, question.wrong);
    end_.emplace<stats::Recovery>(question.m, recovered_at, limit_->design_effect, question.wrong);
    return;
  }
  if (bins_ == nullptr) return;
  if (bins_->n < stats::RankDrift::min_reference) {
    mute_ = "the reference has " + std::to_string(bins_->n) + " values of it to compare with" +
            (bins_->numeric() ? "" : " (a quarter of its rows chose the categories)") + ", fewer than " +
            std::to_string(stats::RankDrift::min_reference);
    return;
  }
  const double delta = reference_risk / static_cast<double>(engine::feature_list(*pilot_).size());
  const bool of_cdf = limit_->metric == Metric::ks;
  block_ = limit_->block > 0 ? static_cast<std::uint32_t>(limit_->block) : of_cdf ? stats::CdfDrift::default_block : 20;
  of_a_group();
  if (limit_->metric == Metric::drift && !bins_->numeric()) {
    detector_.emplace<stats::CategoryDrift>(bins_->categories, block_, at);
    return;  // ends with a new reference only
  }
  const double tolerance = of_cdf ? *limit_->max : stats::CdfReference::default_tolerance;
  if (!check_points_) {
    check_points_ = std::make_unique<stats::CdfReference>(stats::CdfReference::of(bins_->ranks, tolerance, delta));
  }
  if (limit_->metric == Metric::drift) {
    detector_.emplace<stats::RankDrift>(bins_->ranks, block_, at);
  } else if (check_points_->limits.sides.empty()) {
    mute_ = "no distribution could differ from the reference's by more than " + format_number(tolerance) +
            " at a point where they are compared";
    return;
  } else {
    detector_.emplace<stats::CdfDrift>(*check_points_, block_, at);
  }
  end_.emplace<stats::CdfRecovery>(*check_points_, recovered_at);
}

/// What is told of a group is told of `segments.min_n` of its decisions at least.
void Monitor::of_a_group() {
  if (!limit_->segment.empty()) block_ = std::max(block_, static_cast<std::uint32_t>(pilot_->segments.min_n));
}

void Monitor::reset() {
  make();
  last_.reset();
  n_ = steps_ = 0;
  sum_ = 0;
  last_look_ = {};
  trail_.clear();
  alarm_is_last_ = false;
}

void Monitor::begin_breach() {
  if (auto* mean = std::get_if<stats::Recovery>(&end_)) mean->reset();
  if (auto* cdf = std::get_if<stats::CdfRecovery>(&end_)) cdf->reset();
}

bool of_matured(Metric metric) {
  switch (metric) {
    case Metric::failure_rate:
    case Metric::selection_rate:
    case Metric::ks:
    case Metric::drift:
      return false;
    default:
      return true;
  }
}

std::optional<double> Monitor::loss(const engine::Observation& seen) const {
  const auto& d = seen.decision;
  if (const auto metric = binary_metric(limit_->metric)) {
    if (!d.labelled()) return std::nullopt;  // known by the horizon or never: coverage shows how many
    if (*metric == stats::BinaryMetric::error_rate || *metric == stats::BinaryMetric::accuracy)
      return engine::is_error(*pilot_, d) ? 1.0 : 0.0;
    const double positive = positive_index(*pilot_);
    return stats::loss(*metric, {d.predicted == positive, d.actual == positive});
  }
  switch (limit_->metric) {
    case Metric::failure_rate:
      return d.failed ? 1.0 : 0.0;
    case Metric::coverage:
      return d.labelled() ? 0.0 : 1.0;
    case Metric::selection_rate:
      if (!d.has_predicted) return std::nullopt;
      return d.predicted == positive_index(*pilot_) ? 1.0 : 0.0;
    case Metric::complaints_per_1000:
      return d.complaints > 0 && d.first_complaint <= seen.due ? 1.0 : 0.0;
    case Metric::mean_absolute_error:
      if (!d.labelled()) return std::nullopt;
      return stats::clipped_loss(std::abs(d.predicted - d.actual), *limit_->range).x;
    default:
      return std::nullopt;
  }
}

const engine::FeatureValue* Monitor::value(const engine::Observation& seen) const {
  if (bins_ == nullptr || !seen.after_reference || column_ >= seen.features.size()) return nullptr;
  const auto& value = seen.features[column_];
  return bins_->numeric() ? (value.number ? &value : nullptr) : (value.category ? &value : nullptr);
}

/// Days since its last observation, or 1 decision.
double Monitor::start_weight(Instant time) {
  if (!allotment_.days) return 1;
  const double days =
      last_ ? std::max(0.0, std::chrono::duration<double, std::ratio<86'400>>(time - *last_).count()) : 0;
  if (!last_ || *last_ < time) last_ = time;
  return days;
}

std::optional<Monitor::Said> Monitor::step(const engine::Observation& seen, bool breached) {
  if (seen.matured != of_matured(limit_->metric) || std::holds_alternative<std::monostate>(detector_))
    return std::nullopt;
  double x = 0;
  std::size_t bin = 0;
  if (compares(limit_->metric)) {
    const auto* present = value(seen);
    if (present == nullptr) return std::nullopt;
    bin = bins_->index_of(*present);
  } else {
    const auto measured = loss(seen);
    if (!measured) return std::nullopt;
    x = *measured;
  }
  if (seen.decision.weight > 1) return Said{.aggregated = true};
  ++n_;
  sum_ += x;
  alarm_is_last_ = false;
  const double w = start_weight(seen.decision.time);
  auto most = n_ % block_ == 0 ? moved() : "";  // before an alarm forgets it
  Said said;
  said.signal = step_detector(seen, x, bin, w);
  said.looked = n_ % block_ == 0;
  if (said.looked) {
    ++steps_;
    last_look_ = {steps_, seen.decision.time, n_, sum_};
    trail_.add(last_look_);
  }
  if (said.signal == stats::Signal::alarm) remember_alarm(std::move(most));
  if (breached) {
    const double nearly = allotment_.n / allotment_.share / recovery_part / 50;
    auto end = stats::Signal::none;
    double s = 0;
    if (auto* mean = std::get_if<stats::Recovery>(&end_)) {
      end = mean->step(x, w);
      s = mean->watch().s();
    }
    if (auto* cdf = std::get_if<stats::CdfRecovery>(&end_)) {
      end = cdf->step(bin, w);
      s = cdf->s();
    }
    said.recovering = s >= nearly;
    said.recovered = end == stats::Signal::alarm && said.signal != stats::Signal::alarm;
  }
  return said;
}

stats::Signal Monitor::step_detector(const engine::Observation& seen, double x, std::size_t bin, double w) {
  const double tie = stats::tie_breaker(key_, seen.decision.id.lo);
  if (auto* mean = std::get_if<stats::BlockMean>(&detector_)) return mean->step(x, w);
  if (auto* ranks = std::get_if<stats::RankDrift>(&detector_)) return ranks->step(bin, tie, w);
  if (auto* cdf = std::get_if<stats::CdfDrift>(&detector_)) return cdf->step(bin, w);
  if (auto* category = std::get_if<stats::CategoryDrift>(&detector_)) return category->step(bin, tie, w);
  return stats::Signal::none;
}

/// S, the block before the estimated change, and the formula: as they stand, or as the alarm took them.
Monitor::Standing Monitor::standing(bool at_alarm) const {
  const auto of_watch = [&](const auto& watch, const char* formula) {
    if (at_alarm) return Standing{watch.alarmed().s, watch.alarmed().change_point, formula};
    return Standing{watch.s(), steps_ > 0 ? std::optional(watch.evidence().change_point()) : std::nullopt, formula};
  };
  if (const auto* mean = std::get_if<stats::BlockMean>(&detector_)) {
    return of_watch(mean->watch(), stats::BlockMean::formula);
  }
  if (const auto* ranks = std::get_if<stats::RankDrift>(&detector_)) {
    return of_watch(ranks->watch(), stats::RankDrift::formula);
  }
  if (const auto* cdf = std::get_if<stats::CdfDrift>(&detector_)) {
    const auto& bets = cdf->watch();
    return {at_alarm ? bets.alarmed().s : bets.s(), std::nullopt, stats::CdfDrift::formula};
  }
  if (const auto* category = std::get_if<stats::CategoryDrift>(&detector_)) {
    if (at_alarm) {
      return {category->alarmed().s, category->alarmed().change_point, stats::CategoryDrift::formula};
    }
    return {category->s(), std::nullopt, stats::CategoryDrift::formula};
  }
  return {0, std::nullopt, ""};
}

BudgetEvidence Monitor::describe(const Standing& now) const {
  BudgetEvidence out;
  out.s = now.s;
  out.formula = now.formula;
  out.budget_n = allotment_.n;
  out.share = allotment_.share;
  out.days = allotment_.days;
  out.threshold = allotment_.n / allotment_.share;
  out.block = block_;
  out.observations = last_look_.n;
  if (!now.change) return out;
  const auto mark = trail_.at(*now.change);
  if (mark) out.change_point = mark->time;
  if (compares(limit_->metric)) return out;
  out.n_since = last_look_.n - (mark ? mark->n : 0);
  if (out.n_since > 0) out.value_since = (last_look_.sum - (mark ? mark->sum : 0)) / static_cast<double>(out.n_since);
  return out;
}

BudgetEvidence Monitor::evidence() const {
  if (alarm_is_last_) return at_alarm_;
  auto out = describe(standing(false));
  out.moved = moved();
  return out;
}

/// The detector has reset itself: what it knew is in its alarmed(), what we knew is still here.
void Monitor::remember_alarm(std::string moved) {
  at_alarm_ = describe(standing(true));
  at_alarm_.moved = std::move(moved);
  alarm_is_last_ = true;
  n_ = steps_ = 0;
  sum_ = 0;
  last_look_ = {};
  trail_.clear();
}

std::string Monitor::moved() const {
  const auto* category = std::get_if<stats::CategoryDrift>(&detector_);
  if (category == nullptr || steps_ == 0) return "";
  const auto s = category->by_category();
  return bins_->name_of(static_cast<std::size_t>(std::max_element(s.begin(), s.end()) - s.begin()));
}

void Monitor::write(ByteWriter& out) const {
  std::visit(
      [&](const auto& detector) {
        if constexpr (!std::is_same_v<std::decay_t<decltype(detector)>, std::monostate>) detector.write(out);
      },
      detector_);
  std::visit(
      [&](const auto& end) {
        if constexpr (!std::is_same_v<std::decay_t<decltype(end)>, std::monostate>) end.write(out);
      },
      end_);
  out.flag(last_.has_value());
  if (last_) out.time(*last_);
  out.u64(n_);
  out.u64(steps_);
  out.f64(sum_);
  out.u64(last_look_.step);
  out.time(last_look_.time);
  out.u64(last_look_.n);
  out.f64(last_look_.sum);
  trail_.write(out);
  out.flag(alarm_is_last_);
  at_alarm_.write(out);
}

void Monitor::read(ByteReader& in) {
  std::visit(
      [&](auto& detector) {
        if constexpr (!std::is_same_v<std::decay_t<decltype(detector)>, std::monostate>) detector.read(in);
      },
      detector_);
  std::visit(
      [&](auto& end) {
        if constexpr (!std::is_same_v<std::decay_t<decltype(end)>, std::monostate>) end.read(in);
      },
      end_);
  last_.reset();
  if (in.flag()) last_ = in.time();
  n_ = in.u64();
  steps_ = in.u64();
  sum_ = in.f64();
  last_look_.step = in.u64();
  last_look_.time = in.time();
  last_look_.n = in.u64();
  last_look_.sum = in.f64();
  trail_.read(in);
  alarm_is_last_ = in.flag();
  at_alarm_.read(in);
}

}  // namespace pilotwatch::judge
