// SPDX-License-Identifier: Apache-2.0
// A confidence sequence since the epoch began: the limit's own promise, beside the pilot's budget.
#include <cmath>

#include "judge/watcher.h"
#include "stats/interval/sequence.h"

namespace pilotwatch::judge {
namespace {

/// An event that happens or not. Beyond its limit once the whole confidence sequence is; back once the whole of it is
/// within. P(it is ever found beyond while it is not) <= alpha. An old calm hides a new change: for evaluation more than
/// for alarms.
class Sequence : public Watcher {
 public:
  Sequence(const WatcherNeeds& needs, MeanQuestion question, std::uint64_t block)
      : alpha_(needs.allotment.share / needs.allotment.n), m_(question.m), above_(question.wrong == stats::Side::above), block_(block) {}

  Look step(const Sight& seen) override {
    ++n_;
    if (seen.x > 0) ++events_;
    Look out;
    out.sum = seen.x;
    out.time = seen.time;
    if (n_ % block_ != 0) return out;
    log_e_ = stats::optional(stats::beta_binomial_log_e(events_, n_, m_)).value_or(0);
    const bool proven = log_e_ >= -std::log(alpha_);
    beyond_ = proven && towards();
    within_ = proven && !towards();
    if (beyond_ && !said_) {
      out.signal = stats::Signal::alarm;
      said_ = true;
    } else if (towards() && log_e_ >= std::max(-std::log(50 * alpha_), -std::log(alpha_) / 2)) {
      out.signal = stats::Signal::warning;
    }
    // It looks at each; what it saw is told now and then, and when it matters.
    out.looked = n_ % (block_ * told_every) == 0 || n_ == block_ || out.signal != last_ || (within_ && said_);
    last_ = out.signal;
    return out;
  }
  [[nodiscard]] Standing now() const override {
    // Evidence that it is within its limit is none against it.
    return {towards() ? std::exp(std::min(log_e_, 600.0)) : 0, std::nullopt};
  }
  [[nodiscard]] Standing at_alarm() const override { return now(); }
  [[nodiscard]] const char* formula() const override { return stats::beta_binomial_sequence_formula; }
  [[nodiscard]] std::uint64_t block() const override { return block_; }

  End step_end(const Sight& /*seen*/) override {
    End out;
    out.recovered = within_;
    if (within_) said_ = false;
    return out;
  }

  void write(ByteWriter& out) const override {
    for (const auto value : {n_, events_}) out.u64(value);
    out.f64(log_e_);
    for (const bool value : {beyond_, within_, said_}) out.flag(value);
    out.u64(static_cast<std::uint64_t>(last_));
  }
  void read(ByteReader& in) override {
    for (auto* value : {&n_, &events_}) *value = in.u64();
    log_e_ = in.f64();
    for (bool* value : {&beyond_, &within_, &said_}) *value = in.flag();
    last_ = static_cast<stats::Signal>(in.u64());
  }

 private:
  static constexpr std::uint64_t told_every = 20;
  /// The share seen lies on the wrong side of the limit.
  [[nodiscard]] bool towards() const {
    const double share = n_ == 0 ? m_ : static_cast<double>(events_) / static_cast<double>(n_);
    return above_ ? share > m_ : share < m_;
  }

  double alpha_, m_;
  bool above_;
  std::uint64_t block_, n_ = 0, events_ = 0;
  double log_e_ = 0;
  bool beyond_ = false, within_ = false;
  bool said_ = false;  ///< the alarm of this breach
  stats::Signal last_ = stats::Signal::none;
};

}  // namespace

std::unique_ptr<Watcher> watch_sequence(const WatcherNeeds& needs) {
  const std::uint64_t block = needs.limit.segment.empty() ? 1 : std::max<std::uint64_t>(1, needs.pilot.segments.min_n);
  return std::make_unique<Sequence>(needs, mean_question(needs.limit), block);
}

}  // namespace pilotwatch::judge
