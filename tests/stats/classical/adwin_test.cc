// SPDX-License-Identifier: Apache-2.0
#include "stats/classical/adwin.h"

#include <catch2/catch.hpp>
#include <numeric>

#include "stats/classical/zoo.h"
#include "stats/support.h"

namespace pilotwatch::stats {
namespace {

using namespace testing;
using pilotwatch::testing::alarms_of;
using pilotwatch::testing::Indices;

Stream zeros_then(std::size_t zeros, double value) {
  Stream out(zeros, 0.0);
  out.resize(32, value);
  return out;
}

TEST_CASE("adwin: worked by hand, 16 zeros and 16 times c, first look at 32") {
  // Buckets, oldest first: five of 4, four of 2, four of 1. Cut 16/16: difference c, variance c^2/4, m = 2/12,
  // d = ln(2 ln(32)/.002) = 8.1507; bound = c sqrt(2/6 * 8.1507/4) + 2/3 * 8.1507/6 = .82415 c + .90564: alarm
  // from 5.1501 on.
  for (const double c : {5.16, -5.16}) {
    CHECK(alarms_of(AdwinRiver(), zeros_then(16, c)) == Indices{31});
    CHECK(alarms_of(AdwinRiverPr1613(), zeros_then(16, c)) == Indices{31});
    CHECK(alarms_of(AdwinRiver07(), zeros_then(16, c)) == Indices{31});
    CHECK(alarms_of(AdwinScikitMultiflow(), zeros_then(16, c)) == Indices{31});
  }
  CHECK(alarms_of(AdwinRiver(), zeros_then(16, 5.14)).empty());
  CHECK(alarms_of(AdwinRiverPr1613(), zeros_then(16, 5.14)).empty());
}

TEST_CASE("adwin: worked by hand, the cut after the fifth bucket of 4 is looked at since PR 1613 only") {
  // Cut 20/12: difference c, variance 15/64 c^2, m = 1/16 + 1/8; bound = .84639 c + 1.01884: alarm from 6.633 on
  CHECK(alarms_of(AdwinRiverPr1613(), zeros_then(20, 6.64)) == Indices{31});
  CHECK(alarms_of(AdwinRiverPr1613(), zeros_then(20, 6.62)).empty());
  CHECK(alarms_of(AdwinRiver(), zeros_then(20, 6.64)).empty());
  CHECK(alarms_of(AdwinRiver(), zeros_then(20, 1e6)).empty());
}

TEST_CASE("adwin: worked by hand, a part of exactly min_window values is looked at") {
  // 23 zeros and c, min_window 1, first look at 24, cut 23/1: variance 23/576 c^2, m = 1/23 + 1, d = ln(2 ln(24)/.002)
  // = 8.0640; bound = .81976 c + 5.60985: alarm from 31.125 on; no other cut sees it (two newest: c/2 against .58 c)
  AdwinOptions options;
  options.min_window = 1;
  options.clock = 24;
  Stream stream(24, 0.0);
  for (const double c : {31.2, 31.0}) {
    CAPTURE(c);
    stream.back() = c;
    options.min_window = 1;
    CHECK(
        alarms_of(AdwinRiver(options), stream).empty());  // its "newer part" holds the newest buckets of 4, 2 and 1 too
    CHECK(alarms_of(AdwinRiverPr1613(options), stream).empty() == (c < 31.125));
    options.min_window = 2;
    CHECK(alarms_of(AdwinRiverPr1613(options), stream).empty());
  }
}

TEST_CASE("adwin: looks at every 32nd observation, never at a window within the grace, and starts anew or goes on") {
  AdwinOptions often;
  often.clock = 1;
  often.grace = 100;
  Stream stream(50, 0.0);
  stream.resize(200, 1000.0);
  CHECK(alarms_of(AdwinRiver(often), stream).front() == 100);

  AdwinRiver anew;
  AdwinRiver07 goes_on;
  for (const double x : zeros_then(16, 10)) {
    anew.step(x);
    goes_on.step(x);
  }
  CHECK(anew.width() == 0);
  CHECK(goes_on.width() >= 16);
  CHECK(goes_on.width() < 32);
}

/// ADWIN by its definition: all values of the window kept, figures taken from them at each look.
class PlainAdwin {
 public:
  PlainAdwin(AdwinVariant variant, std::size_t clock) : variant_(variant), clock_(clock) {}

  bool step(double x) {
    window_.push_back(x);
    rows_[0].push_back(1);
    for (std::size_t i = 0; rows_[i].size() == 6; ++i) {
      rows_[i].erase(rows_[i].begin(), rows_[i].begin() + 2);
      if (i + 1 == rows_.size()) rows_.emplace_back();
      rows_[i + 1].push_back(std::size_t{2} << i);
    }
    if (++ticks_ % clock_ != 0 || window_.size() <= 10) return false;
    bool changed = false;
    while (has_cut()) {
      changed = true;
      const std::size_t oldest = rows_.back().front();
      if (variant_ == AdwinVariant::scikit_multiflow) left_behind_ += squares({0, oldest}) - remembered({0, oldest});
      window_.erase(window_.begin(), window_.begin() + static_cast<std::ptrdiff_t>(oldest));
      rows_.back().erase(rows_.back().begin());
      if (rows_.back().empty()) rows_.pop_back();
    }
    const bool anew = variant_ == AdwinVariant::river || variant_ == AdwinVariant::river_pr1613;
    if (changed && anew) *this = PlainAdwin(variant_, clock_);
    return changed;
  }

 private:
  using Range = std::pair<std::size_t, std::size_t>;
  double sum(Range range) const {
    return std::accumulate(window_.begin() + static_cast<std::ptrdiff_t>(range.first),
                           window_.begin() + static_cast<std::ptrdiff_t>(range.second), 0.0);
  }
  double mean(Range range) const { return sum(range) / static_cast<double>(range.second - range.first); }
  double squares(Range range) const {
    const double middle = mean(range);
    double out = 0;
    for (std::size_t i = range.first; i < range.second; ++i) out += std::pow(window_[i] - middle, 2);
    return out;
  }
  /// What a bucket of scikit-multiflow knows of its squares: the younger half's, and those between the halves.
  double remembered(Range range) const {
    const std::size_t half = (range.second - range.first) / 2, middle = range.first + half;
    if (half == 0) return 0;
    const Range young{middle, range.second};
    return remembered(young) + static_cast<double>(half) / 2 * std::pow(mean({range.first, middle}) - mean(young), 2);
  }
  bool has_cut() const {
    const auto all = static_cast<double>(window_.size());
    const Range whole{0, window_.size()};
    const double total = sum(whole), variance = (squares(whole) + left_behind_) / all;
    std::size_t at = 0;
    double n0 = 0, sum0 = 0;
    for (auto row = rows_.rbegin(); row != rows_.rend(); ++row) {
      for (std::size_t k = 0; k < row->size(); at += (*row)[k++]) {
        if (variant_ != AdwinVariant::river_pr1613 && k + 1 == row->size()) continue;
        n0 += static_cast<double>((*row)[k]);
        sum0 += sum({at, at + (*row)[k]});
        const double n1 = all - n0;
        if (n0 < 5 || n1 < 5) continue;
        const double m = 1 / (n0 - 4) + 1 / (n1 - 4), d = std::log(2 * std::log(all) / 0.002);
        if (std::abs(sum0 / n0 - (total - sum0) / n1) > std::sqrt(2 * m * variance * d) + m * d * 2 / 3) return true;
      }
    }
    return false;
  }

  AdwinVariant variant_;
  std::size_t clock_, ticks_ = 0;
  double left_behind_ = 0;  ///< squares that leave the window with no bucket
  Stream window_;
  std::vector<std::vector<std::size_t>> rows_{{}};
};

template <AdwinVariant variant>
void agrees(const std::string& name) {
  const auto seed = seed_of(name);
  CAPTURE(name, seed);
  std::mt19937_64 rng{seed};
  int alarms = 0;
  for (int round = 0; round < 10'000; ++round) {
    CAPTURE(round);
    AdwinOptions options;
    options.clock = 1 + rng() % 16;
    Adwin<variant> detector(options);
    PlainAdwin plain(variant, options.clock);
    for (const double x : random_stream(rng, 200, round % 2 == 0)) {
      const bool alarm = detector.step(x) == Signal::alarm;
      REQUIRE(alarm == plain.step(x));
      alarms += alarm;
    }
  }
  CHECK(alarms > 100);
}

TEST_CASE("adwin: buckets say the same as the whole window kept (4,000 cases)") {
  agrees<AdwinVariant::river_pr1613>("adwin pr1613 against the definition");
  agrees<AdwinVariant::river>("adwin river against the definition");
  agrees<AdwinVariant::river_0_7>("adwin 0.7 against the definition");
  agrees<AdwinVariant::scikit_multiflow>("adwin scikit-multiflow against the definition");
}

TEST_CASE("adwin: a long stream stays within its buckets") {
  AdwinRiver detector;
  for (int i = 0; i < 300'000; ++i) REQUIRE(detector.step(i % 2) == Signal::none);
  CHECK(detector.width() == 300'000);
  CHECK(state_of(detector).size() < 17 * 16 * 5 + 50);  // at most 5 buckets of 16 bytes of each size up to 2^16
}

}  // namespace
}  // namespace pilotwatch::stats
