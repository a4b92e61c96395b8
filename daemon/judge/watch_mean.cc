// SPDX-License-Identifier: Apache-2.0
// Means of losses: by blocks of so many decisions, by civil days or weeks, and of pairs of cases (ROC AUC).
#include <algorithm>

#include "judge/watcher.h"
#include "stats/sequential/mean.h"
#include "stats/sequential/plan.h"
#include "stats/sequential/reductions.h"

namespace pilotwatch::judge {
namespace {

using settings::BlockPeriod;

/// The watch over a mean and the search for its end. What an observation is, take() says: a decision, unless a class
/// below makes one of several.
class Mean : public Watcher {
 public:
  Mean(const WatcherNeeds& needs, MeanQuestion question, std::uint32_t block)
      : allotment_(needs.allotment),
        mean_(question.m, block, needs.allotment.thresholds(), question.wrong),
        end_(question.m, needs.allotment.recovered_at(), needs.limit.design_effect, question.wrong) {}

  Look step(const Sight& seen) override {
    taken_ = take(seen);
    Look out;
    if (!taken_) {
      out.signal = mean_.watch().now();
      out.cases = 0;
      return out;
    }
    out.cases = static_cast<std::uint64_t>(taken_->weight);
    out.sum = taken_->x * taken_->weight;
    out.time = taken_->time;
    out.signal = mean_.step(taken_->x, taken_->start);
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
  End step_end(const Sight& /*seen*/) override {
    End out;
    if (taken_) out.recovered = end_.step(taken_->x, allotment_.end_start(taken_->start)) == stats::Signal::alarm;
    out.recovering = end_.watch().s() >= allotment_.recovering_at();
    return out;
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
  /// The observation that this sight completes, if any.
  virtual std::optional<Sight> take(const Sight& seen) { return seen; }

 private:
  Allotment allotment_;
  stats::BlockMean mean_;
  stats::Recovery end_;
  std::optional<Sight> taken_;  ///< by the last step(), for step_end(); no state
};

/// One observation is a whole civil day or week: the mean over its cases, by their weights. So a rate that swings within
/// the period is judged by its mean over it, records that stand for many cases are no different from many records, and
/// anything may depend on anything within the period. A period is complete when the next one begins; what comes for one
/// that has been looked at is no evidence, since its day would be counted twice.
class PeriodMean : public Mean {
 public:
  PeriodMean(const WatcherNeeds& needs, MeanQuestion question) : Mean(needs, question, 1) {}
  [[nodiscard]] std::uint64_t block() const override { return 0; }
  [[nodiscard]] bool takes_weights() const override { return true; }

  void write(ByteWriter& out) const override {
    Mean::write(out);
    out.i64(period_);
    for (const double value : {sum_, cases_, start_}) out.f64(value);
    out.time(last_);
  }
  void read(ByteReader& in) override {
    Mean::read(in);
    period_ = in.i64();
    for (double* value : {&sum_, &cases_, &start_}) *value = in.f64();
    last_ = in.time();
  }

 protected:
  std::optional<Sight> take(const Sight& seen) override {
    std::optional<Sight> complete;
    if (seen.period < period_) return complete;
    if (cases_ > 0 && seen.period > period_) {
      complete.emplace();
      complete->x = std::clamp(sum_ / cases_, 0.0, 1.0);  // of rounding
      complete->weight = cases_;
      complete->start = start_;
      complete->time = last_;
      sum_ = cases_ = start_ = 0;
    }
    period_ = seen.period;
    if (seen.spoiled) {  // with what had come of it before
      sum_ = cases_ = start_ = 0;
      return complete;
    }
    last_ = seen.time;
    sum_ += seen.x * seen.weight;
    cases_ += seen.weight;
    start_ += seen.start;
    return complete;
  }

 private:
  std::int64_t period_ = 0;
  double sum_ = 0, cases_ = 0, start_ = 0;  ///< of the open period
  Instant last_;                            ///< its last decision
};

/// ROC AUC: cases in pairs of a positive and a negative, and the mean over pairs of "the negative has the higher score".
class Ranking : public Mean {
 public:
  using Mean::Mean;
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

 protected:
  std::optional<Sight> take(const Sight& seen) override {
    waiting_start_ += seen.start;
    const auto loss = pairs_.pair(seen.x, seen.positive);
    if (!loss) return std::nullopt;
    Sight pair = seen;
    pair.x = *loss;
    pair.start = waiting_start_;
    waiting_start_ = 0;
    return pair;
  }

 private:
  stats::AucPairs pairs_;
  double waiting_start_ = 0;  ///< of cases without a partner so far
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
