// SPDX-License-Identifier: Apache-2.0
#include "stats/performance/calibration.h"

#include <algorithm>
#include <cmath>

#include "base/result.h"

namespace pilotwatch::stats {
namespace {

double real(std::int64_t count) { return static_cast<double>(count); }

bool probabilities(const ScoreTable& scores) {
  return scores.groups.empty() || (scores.groups.front().high >= 0 && scores.groups.back().low <= 1);
}

double probability(const ScoreGroup& group) { return std::clamp(group.score, 0.0, 1.0); }

std::int64_t size_of_part(std::int64_t n, std::int64_t parts, std::int64_t i) {
  return n / parts + (i < n % parts ? 1 : 0);
}

/// Part by part: cases, sum of p, positives.
class Errors {
 public:
  explicit Errors(std::int64_t n) : n_(real(n)) {}
  void part(double cases, double scores, double positives) {
    if (cases == 0) return;
    const double gap = std::abs(positives - scores);
    out_.ece += gap / n_;
    out_.mce = std::max(out_.mce, gap / cases);
  }
  [[nodiscard]] CalibrationError answer() const { return out_; }

 private:
  double n_;
  CalibrationError out_{0, 0};
};

/// A group with the clipped logit of its score.
struct Point {
  double x, p, m;  ///< positives, all cases
};

std::vector<Point> points_of(const ScoreTable& scores) {
  std::vector<Point> out;
  out.reserve(scores.groups.size());
  for (const auto& g : scores.groups) {
    const double q = std::clamp(probability(g), recalibration_clip, 1 - recalibration_clip);
    out.push_back({std::log(q) - std::log1p(-q), real(g.p), real(g.p + g.n)});
  }
  return out;
}

Answer<std::vector<Point>> checked_points(const ScoreTable& scores) {
  if (scores.groups.empty()) return Undefined::no_data;
  if (scores.positives == 0) return Undefined::no_positives;
  if (scores.negatives == 0) return Undefined::no_negatives;
  if (!probabilities(scores)) return Undefined::out_of_domain;
  return points_of(scores);
}

/// With one regressor and an intercept the maximum exists iff the classes overlap by more than one point.
bool separated(const std::vector<Point>& points) {
  const auto first = [&](auto has) { return std::find_if(points.begin(), points.end(), has)->x; };
  const auto last = [&](auto has) { return std::find_if(points.rbegin(), points.rend(), has)->x; };
  const auto positive = [](const Point& point) { return point.p > 0; };
  const auto negative = [](const Point& point) { return point.p < point.m; };
  return first(positive) >= last(negative) || first(negative) >= last(positive);
}

double log_likelihood(const std::vector<Point>& points, double a, double b) {
  double sum = 0;
  for (const auto& point : points) {
    const double t = a + b * point.x;
    const double softplus = std::max(t, 0.0) + std::log1p(std::exp(-std::abs(t)));
    sum += point.p * t - point.m * softplus;
  }
  return sum;
}

/// Newton step and Fisher information, the logits centred at their weighted mean so that nothing cancels.
struct Newton {
  double da, db, intercept_variance, slope_variance;
};

Newton newton(const std::vector<Point>& points, double a, double b) {
  double g0 = 0, g1 = 0, w0 = 0, w1 = 0, w2 = 0;
  const auto fitted = [&](const Point& point) { return 1 / (1 + std::exp(-(a + b * point.x))); };
  for (const auto& point : points) {
    const double q = fitted(point), weight = point.m * q * (1 - q);
    g0 += point.p - point.m * q;
    w0 += weight;
    w1 += weight * point.x;
  }
  const double centre = w1 / w0;
  for (const auto& point : points) {
    const double q = fitted(point), x = point.x - centre;
    g1 += (point.p - point.m * q) * x;
    w2 += point.m * q * (1 - q) * x * x;
  }
  const double db = g1 / w2;
  return {g0 / w0 - centre * db, db, 1 / w0 + centre * centre / w2, 1 / w2};
}

}  // namespace

Answer<CalibrationError> equal_mass_error_of_rows(std::span<const ScoredCase> rows, std::size_t bins) {
  PW_ASSERT(bins >= 1);
  if (rows.empty()) return Undefined::no_data;
  const auto is_probability = [](const ScoredCase& row) { return row.score >= 0 && row.score <= 1; };
  if (!std::all_of(rows.begin(), rows.end(), is_probability)) return Undefined::out_of_domain;
  std::vector<ScoredCase> sorted(rows.begin(), rows.end());
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const ScoredCase& a, const ScoredCase& b) { return a.score < b.score; });
  const auto n = static_cast<std::int64_t>(rows.size()), parts = static_cast<std::int64_t>(bins);
  Errors errors(n);
  auto next = sorted.begin();
  for (std::int64_t part = 0; part < std::min(parts, n); ++part) {
    const auto size = size_of_part(n, parts, part);
    double scores = 0, positives = 0;
    for (std::int64_t i = 0; i < size; ++i, ++next) {
      scores += next->score;
      positives += next->positive ? 1 : 0;
    }
    errors.part(real(size), scores, positives);
  }
  return errors.answer();
}

Answer<CalibrationError> equal_mass_error(const ScoreTable& scores, std::size_t bins) {
  PW_ASSERT(bins >= 1);
  if (scores.groups.empty()) return Undefined::no_data;
  if (!probabilities(scores)) return Undefined::out_of_domain;
  const auto n = scores.positives + scores.negatives, parts = static_cast<std::int64_t>(bins);
  Errors errors(n);
  auto group = scores.groups.begin();
  std::int64_t left = group->p + group->n;  // cases of *group that no part has taken
  for (std::int64_t part = 0; part < std::min(parts, n); ++part) {
    const auto size = size_of_part(n, parts, part);
    double sum = 0, positives = 0;
    for (std::int64_t wanted = size; wanted > 0;) {
      if (left == 0) {
        ++group;
        left = group->p + group->n;
      }
      const auto taken = std::min(wanted, left);
      sum += real(taken) * probability(*group);
      positives += real(taken) * real(group->p) / real(group->p + group->n);
      left -= taken;
      wanted -= taken;
    }
    errors.part(real(size), sum, positives);
  }
  return errors.answer();
}

Answer<Recalibration> recalibration(const ScoreTable& scores) {
  const auto checked = checked_points(scores);
  if (!checked) return checked.error();
  const auto& points = *checked;
  if (points.front().x == points.back().x) return Undefined::constant;
  if (separated(points)) return Undefined::one_class;
  double a = std::log(real(scores.positives) / real(scores.negatives)), b = 0;  // flat: information is at its greatest
  double now = log_likelihood(points, a, b);
  for (int step = 0; step < 100; ++step) {
    auto [da, db, va, vb] = newton(points, a, b);
    double next = log_likelihood(points, a + da, b + db);
    for (int half = 0; half < 60 && !(next >= now); ++half) {
      da /= 2;
      db /= 2;
      next = log_likelihood(points, a + da, b + db);
    }
    if (!(next >= now)) break;  // no double is higher
    a += da;
    b += db;
    now = next;
    if (std::abs(da) <= 1e-13 * (1 + std::abs(a)) && std::abs(db) <= 1e-13 * (1 + std::abs(b))) break;
  }
  const auto at = newton(points, a, b);
  return Recalibration{a, b, std::sqrt(at.intercept_variance), std::sqrt(at.slope_variance)};
}

Answer<double> calibration_in_the_large(const ScoreTable& scores) {
  const auto checked = checked_points(scores);
  if (!checked) return checked.error();
  // Expected minus observed positives grows in the intercept; +-64 is beyond any data: |logit p| <= 13.9 and n < 2^62.
  double low = -64, high = 64;
  while (true) {
    const double middle = low + (high - low) / 2;
    if (middle <= low || middle >= high) return middle;
    double missing = 0;
    for (const auto& point : *checked) missing += point.p - point.m / (1 + std::exp(-(middle + point.x)));
    (missing > 0 ? low : high) = middle;
  }
}

}  // namespace pilotwatch::stats
