// SPDX-License-Identifier: Apache-2.0
// Means of losses: by blocks of so many decisions, by civil days or weeks, and of pairs of cases (ROC AUC).
#include <cmath>

#include "judge/watcher.h"
#include "stats/sequential/mean.h"
#include "stats/sequential/plan.h"
#include "stats/sequential/reductions.h"

namespace pilotwatch::judge {
namespace {

using settings::BlockPeriod;

/// The watch over a mean and the search for its end, whatever the blocks are.
class Mean : public Watcher {
 public:
  Mean(const WatcherNeeds& needs, MeanQuestion question, std::uint32_t block)
      : mean_(question.m, block, needs.allotment.thresholds(), question.wrong),
        end_(question.m, needs.allotment.recovered_at(), needs.limit.design_effect, question.wrong),
        recovering_at_(needs.allotment.recovering_at()) {}

  Look step(const Sight& seen) override {
    Look out;
    out.sum = seen.x;
    out.signal = mean_.step(seen.x, seen.start);
    out.looked = mean_.open_block().n == 0;
    return out;
  }
  [[nodiscard]] Standing now() const override {
    const auto& watch = mean_.watch();
    return {watch.s(), watch.evidence().steps() > 0 ? std::optional(watch.evidence().change_point()) : std::nullopt};
  }
  [[nodiscard]] Standing at_alarm() const override {
    return {mean_.watch().alarmed().s, mean_.watch().alarmed().change_point};
  }
  [[nodiscard]] const char* formula() const override { return stats::BlockMean::formula; }
  [[nodiscard]] std::uint64_t block() const override { return mean_.block_size(); }

  void begin_end() override { end_.reset(); }
  End step_end(const Sight& seen) override {
    const bool proven = end_.step(seen.x, seen.start) == stats::Signal::alarm;
    return {end_.watch().s() >= recovering_at_, proven};
  }

  void write(ByteWriter& out) const override {
    mean_.write(out);
    end_.write(out);
  }
  void read(ByteReader& in) override {
    mean_.read(in);
    end_.read(in);
  }

 protected:
  stats::BlockMean mean_;
  stats::Recovery end_;
  double recovering_at_;
};

/// One observation is a whole civil day or week: the mean over its cases, by their weights. So a rate that swings within
/// the period is judged by its mean over it, records that stand for many cases are no different from many records, and
/// anything may depend on anything within the period. A period closes when the next one begins.
class PeriodMean : public Mean {
 public:
  PeriodMean(const WatcherNeeds& needs, MeanQuestion question) : Mean(needs, question, 1) {}

  Look step(const Sight& seen) override {
    Look out;
    out.cases = static_cast<std::uint64_t>(seen.weight);
    out.sum = seen.x * seen.weight;
    if (cases_ > 0 && seen.period != period_) {
      const double mean = sum_ / cases_;
      out.signal = mean_.step(mean, start_);
      out.looked = out.of_before = true;
      last_mean_ = mean;
      last_start_ = start_;
      sum_ = cases_ = start_ = 0;
    }
    period_ = seen.period;
    sum_ += seen.x * seen.weight;
    cases_ += seen.weight;
    start_ += seen.start;
    return out;
  }
  [[nodiscard]] std::uint64_t block() const override { return 0; }
  [[nodiscard]] bool takes_weights() const override { return true; }

  void begin_end() override {
    Mean::begin_end();
    last_start_ = -1;  // the period that has just alarmed is no evidence that it is over
  }
  /// The period that step() has just closed, if it did.
  End step_end(const Sight& /*seen*/) override {
    End out;
    if (last_start_ >= 0) out.recovered = end_.step(last_mean_, last_start_) == stats::Signal::alarm;
    last_start_ = -1;
    out.recovering = end_.watch().s() >= recovering_at_;
    return out;
  }

  void write(ByteWriter& out) const override {
    Mean::write(out);
    out.i64(period_);
    for (const double value : {sum_, cases_, start_, last_mean_, last_start_}) out.f64(value);
  }
  void read(ByteReader& in) override {
    Mean::read(in);
    period_ = in.i64();
    for (double* value : {&sum_, &cases_, &start_, &last_mean_, &last_start_}) *value = in.f64();
  }

 private:
  std::int64_t period_ = 0;
  double sum_ = 0, cases_ = 0, start_ = 0;   ///< of the open period
  double last_mean_ = 0, last_start_ = -1;   ///< of the one that step() has just closed; -1 = none
};

/// ROC AUC: cases in pairs of a positive and a negative, and the mean over pairs of "the negative has the higher score".
class Ranking : public Mean {
 public:
  using Mean::Mean;
  Look step(const Sight& seen) override {
    waiting_start_ += seen.start;
    pair_ = pairs_.pair(seen.x, seen.positive);
    if (!pair_) {
      Look out;
      out.cases = 0;
      out.signal = mean_.watch().now();
      return out;
    }
    pair_start_ = waiting_start_;
    waiting_start_ = 0;
    Sight pair = seen;
    pair.x = *pair_;
    pair.start = pair_start_;
    return Mean::step(pair);
  }
  End step_end(const Sight& seen) override {
    if (!pair_) return {end_.watch().s() >= recovering_at_, false};
    Sight pair = seen;
    pair.x = *pair_;
    pair.start = pair_start_;
    return Mean::step_end(pair);
  }
  void write(ByteWriter& out) const override {
    Mean::write(out);
    pairs_.write(out);
    out.f64(waiting_start_);
  }
  void read(ByteReader& in) override {
    Mean::read(in);
    pairs_.read(in);
    waiting_start_ = in.f64();
  }

 private:
  stats::AucPairs pairs_;
  double waiting_start_ = 0;
  std::optional<double> pair_;  ///< of the last step(); no state
  double pair_start_ = 0;
};

}  // namespace

std::unique_ptr<Watcher> watch_mean(const WatcherNeeds& needs) {
  const auto question = mean_question(needs.limit);
  if (needs.limit.period != BlockPeriod::none) return std::make_unique<PeriodMean>(needs, question);
  const double m = question.wrong == stats::Side::above ? question.m : 1 - question.m;
  const auto block = block_of(needs, stats::block_size(m, needs.limit.design_effect));
  if (form_of(needs.limit) == Form::ranking) return std::make_unique<Ranking>(needs, question, block);
  return std::make_unique<Mean>(needs, question, block);
}

}  // namespace pilotwatch::judge
