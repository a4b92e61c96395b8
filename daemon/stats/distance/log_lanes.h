// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bit>
#include <cstdint>
#include <limits>
#include <numbers>

namespace pilotwatch::stats::detail {

// Inside distance/ only: a logarithm without jumps, for one number or for two side by side.
//
// Why not std::log1p: its cases by the size of the argument are jumps, and the shares of a window fall on either side
// of them like a coin. Three logarithms a bin are most of what a drift summary costs: 17 to 31 ns a bin, depending on
// the counts, with std::log1p, 16 ns with this. Both forms do the same operations in the same order, so they give the
// same bits.

/// Two doubles that are added, multiplied, compared and chosen from in one go.
__extension__ typedef double Pair __attribute__((vector_size(16)));
__extension__ typedef std::uint64_t PairBits __attribute__((vector_size(16)));

template <class Real>
struct BitsOf;
template <>
struct BitsOf<double> {
  using Type = std::uint64_t;
};
template <>
struct BitsOf<Pair> {
  using Type = PairBits;
};

/// ln(w + e), |e| at most a few units in the last place of w, for finite normal w > 0, to 3 units in the last place of
/// the result. Other w give some number.
///
///   w = 2^k m with m in [sqrt 1/2, sqrt 2),   f = m - 1 + e 2^-k,   s = f / (2 + f), |s| < 0.1716,
///   ln(w + e) = k ln 2 + 2 atanh(s).
///
/// atanh(s)/s = 1 + z P(z), z = s^2, P interpolates sum_i z^i / (2i + 3) at the Chebyshev nodes of [0, 0.0294]: within
/// 5e-18 of it times z.
template <class Real>
Real log_of_sum(Real w, Real e) {
  using Bits = typename BitsOf<Real>::Type;
  constexpr std::uint64_t one = std::bit_cast<std::uint64_t>(1.0), two52 = std::bit_cast<std::uint64_t>(0x1p52);
  constexpr std::uint64_t root_half = std::bit_cast<std::uint64_t>(std::numbers::sqrt2 / 2);
  const Bits bits = std::bit_cast<Bits>(w);
  const Bits k = (bits + (one - root_half)) >> 52;                      // with the bias of an exponent, 1023
  const Real m = std::bit_cast<Real>(bits - (k << 52) + one);           // w 2^-k
  const Real scale = std::bit_cast<Real>(2 * one - (k << 52));          // 2^-k
  const Real whole = std::bit_cast<Real>(k | two52) - (0x1p52 + 1023);  // k as a number: the low bits of 2^52 + k
  const Real f = (m - 1.0) + e * scale;
  const Real s = f / (2.0 + f), z = s * s, z2 = z * z;
  // Pairs first, so that the steps do not wait for each other.
  const Real low =
      (0.3333333333333335 + z * 0.19999999999949722) + z2 * (0.14285714313001635 + z * 0.11111105565129939);
  const Real high = (0.09091444727837474 + z * 0.07665855309105386) + z2 * 0.07308292712444311;
  const Real twice = s + s;
  return whole * std::numbers::ln2 + (twice + twice * (z * (low + z2 * z2 * high)));
}

/// ln(1 + u), u >= 0 and finite; no digits are lost where u is small.
template <class Real>
Real log1p_lanes(Real u) {
  const Real w = 1.0 + u;
  return log_of_sum<Real>(w, u - (w - 1.0));
}

}  // namespace pilotwatch::stats::detail
