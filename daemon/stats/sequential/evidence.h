// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>

#include "base/bytes.h"
#include "stats/detector.h"

namespace pilotwatch::stats {

inline constexpr const char* e_sr_formula = "e-sr/v1";

// The engine (Shiryaev-Roberts e-detector over a mixture of bets):
//
//   R_k <- (R_k + w) e_k(x),   S = sum_k omega_k R_k,   alarm iff S >= N/pi, and then every R_k <- 0
//
// e_k(x) >= 0 is an e-value: given the past, its expectation is <= 1 while nothing is wrong. w >= 0 is the start
// weight, known before x (1 an event, or the time that has passed, in the unit of N). pi is the monitor's share of the
// budget N.
//
// Guarantee  While nothing is wrong the expected number of alarms up to any time, and at any stopping time, is at most
//            pi (sum of w) / N, whatever the dependence between monitors, however often one looks. (Z = (N/pi) alarms +
//            S - sum w is a supermartingale: without an alarm E[S] grows by w at most, at an alarm S >= N/pi is traded
//            for one alarm.) Hence over all monitors together P(a false alarm by T) <= T/N and the mean time to the
//            first is >= N. Losing S is safe, skipping observations for reasons that do not depend on their outcome
//            is safe; counting one twice is not.
// Source     Shin, Ramdas, Rinaldo 2024, New England J. Stat. Data Sci. (e-detectors); Roberts 1966, Technometrics 8.

/// Where a detector speaks, in the unit of S. Made by sequential/budget.h.
struct Thresholds {
  double alarm = std::numeric_limits<double>::infinity();    ///< N/pi; the only one with a budget
  double warning = std::numeric_limits<double>::infinity();  ///< N_w/pi
  double clear = 0;                                          ///< a warning ends below it
};

/// How the R_k grow. sr is the detector; the others serve comparisons and tests.
enum class Growth : std::uint8_t {
  sr,      ///< (R + w) e
  cusum,   ///< max(R, w) e: the same bound, slower to see
  process  ///< R e from R = 1: a test since the start, no detector (an old calm hides a new change)
};

/// The R_k of one detector, and beside each a CUSUM twin that remembers when its present climb began.
///
/// State  24 bytes a bet (and 32). Cost: 2 multiplications and a comparison a bet and step. No allocation.
template <std::size_t K>
class Evidence {
 public:
  static constexpr std::size_t bets = K;
  using Values = std::array<double, K>;

  Evidence() : Evidence(Growth::sr) {}
  explicit Evidence(Growth growth) : growth_(growth) { reset(); }

  /// One observation's e-values, start weight w. An e-value beyond 1e100 counts as 1e100.
  void step(const Values& e, double w) {
    // Plain loops without branches on the data: the compiler takes several bets at once.
    Values capped;
    for (std::size_t k = 0; k < K; ++k) capped[k] = std::min(e[k], 1e100);
    if (growth_ == Growth::sr) {
      for (std::size_t k = 0; k < K; ++k) r_[k] = std::min((r_[k] + w) * capped[k], 1e200);
    } else {
      const double floor = growth_ == Growth::cusum ? w : 0;
      for (std::size_t k = 0; k < K; ++k) r_[k] = std::min(std::max(r_[k], floor) * capped[k], 1e200);
    }
    const auto now = static_cast<double>(steps_);
    for (std::size_t k = 0; k < K; ++k) {
      began_[k] = climb_[k] <= 1 ? now : began_[k];
      climb_[k] = std::min(std::max(climb_[k], 1.0) * capped[k], 1e200);
    }
    ++steps_;
  }

  /// S under uniform weights. Summed in a fixed order, so that replays agree to the bit.
  [[nodiscard]] double s() const {
    double sum = 0;
    for (const double r : r_) sum += r;
    return sum / static_cast<double>(K);
  }
  /// S under given weights that sum to 1.
  [[nodiscard]] double s(const Values& weights) const {
    double sum = 0;
    for (std::size_t k = 0; k < K; ++k) sum += weights[k] * r_[k];
    return sum;
  }
  [[nodiscard]] const Values& r() const { return r_; }
  /// Observations since the last reset.
  [[nodiscard]] std::uint64_t steps() const { return steps_; }
  /// When the change began, as the number of observations since the reset that came before it: the last restart of the
  /// CUSUM twin of the greatest R. An estimate without a guarantee; read it before reset().
  [[nodiscard]] std::uint64_t change_point() const {
    return static_cast<std::uint64_t>(
        began_[static_cast<std::size_t>(std::max_element(r_.begin(), r_.end()) - r_.begin())]);
  }

  void reset() {
    r_.fill(growth_ == Growth::process ? 1.0 : 0.0);
    climb_.fill(0);
    began_.fill(0);
    steps_ = 0;
  }

  void write(ByteWriter& out) const {
    out.u64(steps_);
    for (std::size_t k = 0; k < K; ++k) {
      out.f64(r_[k]);
      out.f64(climb_[k]);
      out.u64(static_cast<std::uint64_t>(began_[k]));
    }
  }
  void read(ByteReader& in) {
    steps_ = in.u64();
    for (std::size_t k = 0; k < K; ++k) {
      r_[k] = in.f64();
      climb_[k] = in.f64();
      began_[k] = static_cast<double>(in.u64());
    }
  }

 private:
  Values r_{}, climb_{};
  Values began_{};  ///< whole numbers, as doubles: beside the others in one register
  std::uint64_t steps_ = 0;
  Growth growth_;
};

/// What an alarm took with it when it reset its evidence; kept until the next alarm.
struct Alarmed {
  double s = 0;                    ///< S at the alarm
  std::uint64_t observations = 0;  ///< since the reset before (blocks or periods, where the detector looks at those)
  std::uint64_t change_point = 0;  ///< of them before the estimated change

  void write(ByteWriter& out) const;
  void read(ByteReader& in);
  bool operator==(const Alarmed&) const = default;
};

/// S against its thresholds: alarm, warning (which holds until S falls below `clear`) or calm.
class Gate {
 public:
  explicit Gate(Thresholds at) : at_(at) {}
  Signal look(double s) {
    if (s >= at_.alarm) {
      warned_ = false;
      return Signal::alarm;
    }
    warned_ = s >= at_.warning || (warned_ && s >= at_.clear);
    return now();
  }
  [[nodiscard]] Signal now() const { return warned_ ? Signal::warning : Signal::none; }
  [[nodiscard]] const Thresholds& thresholds() const { return at_; }
  void reset() { warned_ = false; }
  void write(ByteWriter& out) const { out.flag(warned_); }
  void read(ByteReader& in) { warned_ = in.flag(); }

 private:
  Thresholds at_;
  bool warned_ = false;
};

/// Evidence that speaks: what every detector of this chapter with one mixture holds.
template <std::size_t K>
class Watch {
 public:
  explicit Watch(Thresholds at) : gate_(at) {}

  /// Evidence::step, then the verdict; at an alarm what was known is kept in alarmed() and the evidence starts anew.
  Signal step(const std::array<double, K>& e, double w) {
    return look(e, w, [this] { return evidence_.s(); });
  }
  Signal step(const std::array<double, K>& e, double w, const std::array<double, K>& weights) {
    return look(e, w, [&] { return evidence_.s(weights); });
  }

  [[nodiscard]] double s() const { return s_; }
  [[nodiscard]] Signal now() const { return gate_.now(); }
  [[nodiscard]] const Evidence<K>& evidence() const { return evidence_; }
  [[nodiscard]] const Thresholds& thresholds() const { return gate_.thresholds(); }
  [[nodiscard]] const Alarmed& alarmed() const { return alarmed_; }
  void reset() {
    evidence_.reset();
    gate_.reset();
    s_ = 0;
  }

  void write(ByteWriter& out) const {
    evidence_.write(out);
    gate_.write(out);
    alarmed_.write(out);
    out.f64(s_);
  }
  void read(ByteReader& in) {
    evidence_.read(in);
    gate_.read(in);
    alarmed_.read(in);
    s_ = in.f64();
  }

 private:
  template <class S>
  Signal look(const std::array<double, K>& e, double w, S s) {
    evidence_.step(e, w);
    s_ = s();
    const auto signal = gate_.look(s_);
    if (signal == Signal::alarm) {
      alarmed_ = {s_, evidence_.steps(), evidence_.change_point()};
      evidence_.reset();
      s_ = 0;
    }
    return signal;
  }

  Evidence<K> evidence_;
  Gate gate_;
  Alarmed alarmed_;
  double s_ = 0;
};

/// ln(1 + S) / ln(1 + N/pi) in [0, 1]: how far the evidence has come, for a gauge. 1 at the alarm.
[[nodiscard]] inline double evidence_ratio(double s, double alarm_at) {
  return std::clamp(std::log1p(s) / std::log1p(alarm_at), 0.0, 1.0);
}

}  // namespace pilotwatch::stats
