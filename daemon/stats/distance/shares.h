// SPDX-License-Identifier: Apache-2.0
#pragma once

// Inside distance/ only: totals, exact differences of shares, and the terms that the distances are sums of. The one
// pass of drift_summary and the functions for one distance use the same terms in the same order: their results are
// the same bits.

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <numbers>

#include "base/result.h"
#include "stats/answer.h"
#include "stats/distance/counts.h"
#include "stats/distance/log_lanes.h"

namespace pilotwatch::stats::detail {

struct Totals {
  std::uint64_t n = 0, m = 0;  // reference, live

  /// n m, what the differences below are to be divided by.
  [[nodiscard]] double product() const { return static_cast<double>(n) * static_cast<double>(m); }
};

inline Answer<Totals> totals(Counts reference, Counts live) {
  PW_ASSERT(reference.size() == live.size());
  Totals out;
  for (std::size_t i = 0; i < reference.size(); ++i) {
    out.n += reference[i];
    out.m += live[i];
  }
  if (out.n == 0) return Undefined::no_reference;
  if (out.m == 0) return Undefined::no_data;
  return out;
}

/// Two shares a/n and b/m over one denominator: a m against b n, whole numbers, so shares that agree differ by exactly
/// 0 and no digit is lost in a small difference of large shares. Everything here changes at most its sign when the two
/// change places, which keeps the distances symmetric to the last bit. No branches that depend on which is larger: that
/// is a coin toss in a window without drift.
struct Crossed {
  double x, y;               ///< a m and b n: the shares of reference and live, times n m
  double signed_difference;  ///< x - y, rounded once

  Crossed(std::uint64_t a, std::uint64_t b, const Totals& t) {
    const Wide left = static_cast<Wide>(a) * static_cast<Wide>(t.m),
               right = static_cast<Wide>(b) * static_cast<Wide>(t.n);
    x = to_double(left);
    y = to_double(right);
    signed_difference = to_double(left - right);
  }
  [[nodiscard]] double difference() const { return std::abs(signed_difference); }

 private:
  __extension__ typedef __int128 Wide;  // counts stay below 2^63, products below 2^126
  static double to_double(Wide value) {
    const auto low = static_cast<std::int64_t>(value);
    if (value == low) return static_cast<double>(low);  // one instruction, and nearly always
    return value < 0 ? -wide(-value) : wide(value);
  }
  /// In two halves of 62 bits: signed integers convert without a branch.
  static double wide(Wide value) {
    constexpr std::int64_t mask = (std::int64_t{1} << 62) - 1;
    return static_cast<double>(static_cast<std::int64_t>(value >> 62)) * 0x1p62 +
           static_cast<double>(static_cast<std::int64_t>(value) & mask);
  }
};

/// The same of one bin (double) or of two (Pair).
template <class Real>
struct Lanes {
  Real x, y, difference;
};
inline Lanes<double> lanes(const Crossed& c) { return {c.x, c.y, c.difference()}; }
inline Lanes<Pair> lanes(const Crossed& c, const Crossed& d) {
  return {Pair{c.x, d.x}, Pair{c.y, d.y}, Pair{c.difference(), d.difference()}};
}

/// |x - y| |ln(x / y)|, as ln(1 + |x - y| / least): near x = y the plain logarithm would lose the digits that large
/// counts have.
template <class Real>
Real psi_term(const Lanes<Real>& c) {
  const Real least = c.x < c.y ? c.x : c.y, zero = Real{}, infinite = zero + std::numeric_limits<double>::infinity();
  const Real term = c.difference * log1p_lanes<Real>(c.difference / least);
  return least > zero ? term : c.difference > zero ? infinite : zero;
}

/// x ln(2x / (x + y)) + y ln(2y / (x + y)). With r = |x - y| / (x + y) that is (x + y)/2 times
///
///   (1 + r) ln(1 + r) + (1 - r) ln(1 - r)  =  r ln((1 + r)/(1 - r)) + ln(1 - r^2),
///
/// of which the right side does not cancel near r = 0. 1 - r^2 = (2x/(x+y)) (2y/(x+y)): that product has all digits
/// near r = 1, -r^2 has them near r = 0.
template <class Real>
Real js_term(const Lanes<Real>& c) {
  const Real sum = c.x + c.y, least = c.x < c.y ? c.x : c.y, zero = Real{};
  const Real r = c.difference / sum, w = 4.0 * (c.x * c.y) / (sum * sum);
  const Real e = w < 0.5 ? zero : -(r * r) - (w - 1.0);
  const Real term = (c.difference * log1p_lanes<Real>(c.difference / least) + sum * log_of_sum<Real>(w, e)) / 2.0;
  return least > zero ? term : sum * std::numbers::ln2;
}

/// Counts with pseudo-counts s/2 (s = 0: raw): (c + s/2) / (t + k s/2) = (2c + s) / (2t + k s).
struct Smoothing {
  std::uint64_t s;
  Totals totals;

  Smoothing(std::uint64_t twice_pseudo, std::size_t bins, const Totals& t)
      : s(twice_pseudo), totals{2 * t.n + s * bins, 2 * t.m + s * bins} {}
  [[nodiscard]] Crossed operator()(std::uint64_t a, std::uint64_t b) const { return {2 * a + s, 2 * b + s, totals}; }
};

}  // namespace pilotwatch::stats::detail
