// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/bytes.h"
#include "base/fixed_sum.h"
#include "stats/answer.h"

namespace pilotwatch::stats {

inline constexpr const char* wis_formula = "wis/v1";
inline constexpr const char* quantile_bias_formula = "quantile-bias/v1";
inline constexpr const char* interval_coverage_formula = "interval-coverage/v1";
inline constexpr const char* quantile_coverage_formula = "quantile-coverage/v1";
inline constexpr const char* quantile_pinball_formula = "quantile-pinball/v1";
inline constexpr const char* ae_median_formula = "ae-median/v1";

// Notation: a forecast is quantiles q_a at levels a, `levels` and `values` aligned; y is what came out.

/// Whether levels can be scored: strictly ascending in (0, 1), symmetric (with a also 1 - a, to 1e-9) and with 1/2.
[[nodiscard]] bool scorable_levels(std::span<const double> levels);

/// Scores of one forecast.
struct QuantileScore {
  double wis;              ///< dispersion + overprediction + underprediction, units of y, >= 0, lower is better
  double dispersion;       ///< how wide: sum_{a<1/2} a (q_{1-a} - q_a) / K
  double overprediction;   ///< y below: ( sum_{a<1/2} max(q_a - y, 0) + max(q_.5 - y, 0)/2 ) / K
  double underprediction;  ///< y above: ( sum_{a<1/2} max(y - q_{1-a}, 0) + max(y - q_.5, 0)/2 ) / K
  double bias;             ///< [-1, 1], > 0 where the forecast is too high
  double ae_median;        ///< |q_.5 - y|
};

/// Weighted interval score, its parts and the quantile bias:
///
///   K    = (number of levels below 1/2) + 1/2
///   WIS  = mean over the levels of 2 (1{y <= q_a} - a)(q_a - y), which is the sum of the three parts
///   bias = 0 at y = q_.5; 1 - 2 max{a : q_a <= y} below it (1 if there is none); 1 - 2 min{a : q_a >= y} above it
///          (-1 if there is none)
///
/// Errors  out_of_domain: levels are not scorable, or the values descend somewhere, are no numbers or exceed 2^55.
/// Assumes nothing of the distribution; a proper score, whose parts are not. Scores of different units or sizes do not
/// add. Cost    O(levels). Different lengths are a bug. Source  Bracher, Ray, Gneiting, Reich 2021, PLoS Computational
/// Biology 17(2); bias: Funk et al. 2019, ibid. 15(2).
[[nodiscard]] Answer<QuantileScore> score_quantiles(std::span<const double> levels, std::span<const double> values,
                                                    double y);

/// Sums of scores of forecasts at the same levels: mergeable, taken back exactly. 48 bytes a level and 0.2 kB.
class QuantileForecastState {
 public:
  static constexpr std::size_t max_levels = 1000;

  /// `levels`: scorable, at most max_levels (PW_ASSERT).
  explicit QuantileForecastState(std::vector<double> levels);
  /// False, and nothing changes, where `score_quantiles` has no answer. O(levels), no allocation.
  [[nodiscard]] bool add(std::span<const double> values, double y, std::int64_t times = 1);
  QuantileForecastState& operator+=(const QuantileForecastState& other);  ///< the same levels
  QuantileForecastState& operator-=(const QuantileForecastState& other);

  [[nodiscard]] std::span<const double> levels() const { return levels_; }
  [[nodiscard]] std::int64_t n() const { return n_; }

  /// Mean over forecasts of each score. no_data.
  [[nodiscard]] Answer<QuantileScore> mean() const;

  /// Share of forecasts with q_lower <= y <= q_upper, both ends included. [0, 1]; should be upper - lower.
  /// Errors  no_data; out_of_domain: there is no such level (to 1e-9). lower < upper (PW_ASSERT).
  [[nodiscard]] Answer<double> interval_coverage(double lower, double upper) const;
  /// The central interval of that share: coverage(0.5) takes the levels 0.25 and 0.75.
  [[nodiscard]] Answer<double> coverage(double share) const {
    return interval_coverage((1 - share) / 2, (1 + share) / 2);
  }
  /// Share of forecasts with y <= q_level. [0, 1]; should be the level. Errors as interval_coverage.
  [[nodiscard]] Answer<double> quantile_coverage(double level) const;
  /// Mean of (1{y <= q_a} - a)(q_a - y) at that level, units of y, >= 0. Errors as interval_coverage.
  [[nodiscard]] Answer<double> pinball(double level) const;

  bool operator==(const QuantileForecastState&) const = default;
  void write(ByteWriter& out) const;
  void read(ByteReader& in);  ///< levels as written

 private:
  struct Level {
    std::int64_t below = 0;  ///< y < q
    std::int64_t above = 0;  ///< y > q
    FixedSum pinball;
    bool operator==(const Level&) const = default;
  };
  [[nodiscard]] const Level* find(double level) const;

  std::vector<double> levels_;
  std::vector<Level> by_level_;
  std::int64_t n_ = 0;
  FixedSum dispersion_, over_, under_, bias_, ae_median_;
};

}  // namespace pilotwatch::stats
