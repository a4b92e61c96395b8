// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "stats/answer.h"

namespace pilotwatch::stats {

inline constexpr const char* ks_p_exact_formula = "ks-p-exact/v1";
inline constexpr const char* ks_p_limit_formula = "ks-p-limit/v1";

// p of the two-sample Kolmogorov-Smirnov test, two-sided: the probability that D is at least `d` when both samples come
// from one continuous distribution. [0, 1].
//   Assumes  independent cases. With ties p is too large, never too small.
//   Errors   no_reference, no_data: n_reference or n_live is 0;  out_of_domain: d is not in [0, 1].
//   Says     whether, not how much: with large samples every real difference has a small p. For ONE look at a fixed
//            window; a p below 0.05 every day is no alarm with a budget.

/// Largest n and m of ks_p_exact.
inline constexpr std::uint64_t ks_p_exact_most = 10'000;

/// Exact: the share of the ways to interleave the two samples that reach |i/n - j/m| >= d somewhere.
///
/// A(i, j), the share of the ways to (i, j) that have reached it, is 1 where |i/n - j/m| >= d, elsewhere
///
///   A(i, j) = ( i A(i-1, j) + j A(i, j-1) ) / (i + j),   A(0, 0) = 0,   p = A(n, m):
///
/// the last step to (i, j) came from the first sample in i of i + j ways. All terms are positive, so the smallest p
/// keeps its digits (relative error below 1e-11; below 1e-300 it may become 0). `d` is rounded to the nearest value D
/// can have. n, m <= ks_p_exact_most; more is a bug (PW_ASSERT).
///
/// Cost    O(n m) at worst, only the cells that have not reached it: about 4 ns each; memory for n + m numbers.
/// Source  the recursion: Hodges 1958, Ark. Mat. 3; in this conditional form every cell stays in [0, 1].
[[nodiscard]] Answer<double> ks_p_exact(double d, std::uint64_t n_reference, std::uint64_t n_live);

/// Limiting law at z = d / sqrt(1/n + 1/m): kolmogorov_survival(z). Too large for small samples (0.27 where 0.24 is
/// exact, n = 40 and m = 30). Cost O(1).
[[nodiscard]] Answer<double> ks_p_limit(double d, std::uint64_t n_reference, std::uint64_t n_live);

/// P(K > z) of Kolmogorov's law: 2 sum_{j>=1} (-1)^(j-1) exp(-2 j^2 z^2), and for z < 1 its theta transform
/// 1 - sqrt(2 pi)/z sum_{j>=1} exp(-(2j-1)^2 pi^2 / (8 z^2)), so that four terms are enough everywhere. z >= 0; 1 at 0.
/// Source: Kolmogorov 1933, G. Ist. Ital. Attuari 4; Smirnov 1948, Ann. Math. Stat. 19.
[[nodiscard]] double kolmogorov_survival(double z);

struct KsP {
  double p;
  const char* formula;  ///< ks_p_exact_formula or ks_p_limit_formula
};
/// Exact where n m <= 4e6 and both are at most ks_p_exact_most (20 ms at worst), else the limiting law, which is then
/// within some per cent of it where p is above 1e-6.
[[nodiscard]] Answer<KsP> ks_p(double d, std::uint64_t n_reference, std::uint64_t n_live);

}  // namespace pilotwatch::stats
