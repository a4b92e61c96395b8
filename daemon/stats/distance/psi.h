// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "stats/answer.h"
#include "stats/distance/counts.h"

namespace pilotwatch::stats {

// Formula ids, printed beside the figure: "PSI" alone is no definition. Two categories of 100 that give way to two
// others of 100 have a PSI of 9.0, 17.0 or 44.7, depending on what is done with zeros.
inline constexpr const char* psi_jeffreys_formula = "psi-jeffreys/v1";
inline constexpr const char* psi_unsmoothed_formula = "psi-unsmoothed/v1";
inline constexpr const char* psi_floor1e4_formula = "psi-floor1e4/v1";
inline constexpr const char* psi_floor_evidently_formula = "psi-floor-evidently/v1";
inline constexpr const char* psi_laplace1_formula = "psi-laplace1/v1";
inline constexpr const char* psi_add1e10_formula = "psi-add1e10/v1";

// Population Stability Index, of k bins with shares p_i (live) and q_i (reference):
//
//   PSI = sum_i (p_i - q_i) ln(p_i / q_i),
//
// Jeffreys' symmetrised Kullback-Leibler divergence (Jeffreys 1946, Proc. R. Soc. A 186; as PSI: Yurdakul 2018,
// diss., Western Michigan). The variants differ only in how a share is made of a count c out of a total t.
//   Units   nats, [0, inf]; exactly 0 where all shares agree; symmetric in its arguments, bit for bit.
//   Errors  no_reference, no_data: that side's total is 0. Different lengths are a bug (PW_ASSERT).
//   Bias    with no drift at all sampling noise alone makes it > 0: psi_noise_floor of noise_floor.h says by how much.
//   Cost    O(k), one logarithm a bin, no allocation, pure, any thread.

/// share = (c + 1/2) / (t + k/2), the default of pilotwatch: an empty bin stays finite, and the same bins always give
/// the same smoothing. It pulls small samples towards 0; a bin that is empty on BOTH sides still counts in k, and makes
/// a small difference when the totals differ. 1/2: Jeffreys' prior.
[[nodiscard]] Answer<double> psi_jeffreys(Counts reference, Counts live);

/// share = c / t; +inf when a bin is empty on one side only.
[[nodiscard]] Answer<double> psi_unsmoothed(Counts reference, Counts live);

/// share = c / t, zeros replaced by 1e-4, not renormalised: the rule of thumb of several other monitors, for
/// comparison with them (as are the next three).
[[nodiscard]] Answer<double> psi_floor1e4(Counts reference, Counts live);

/// The same, but where the smallest share > 0 of a side is 1e-4 or less, zeros of that side are replaced by 1e-6 of it.
/// A jump in its definition: a smallest share just above and just below 1e-4 gives quite different figures.
[[nodiscard]] Answer<double> psi_floor_evidently(Counts reference, Counts live);

/// share = (c + 1) / (t + k): Laplace's rule.
[[nodiscard]] Answer<double> psi_laplace1(Counts reference, Counts live);

/// share = c / t + 1e-10, not renormalised: an emptied bin of share s adds about s (ln s + 23), so one case more or
/// less decides about the figure.
[[nodiscard]] Answer<double> psi_add1e10(Counts reference, Counts live);

/// A variant and its id, for settings and reports that name one.
struct PsiRule {
  const char* formula;
  Answer<double> (*distance)(Counts reference, Counts live);
};
inline constexpr PsiRule psi_rules[] = {
    {psi_jeffreys_formula, psi_jeffreys}, {psi_unsmoothed_formula, psi_unsmoothed},
    {psi_floor1e4_formula, psi_floor1e4}, {psi_floor_evidently_formula, psi_floor_evidently},
    {psi_laplace1_formula, psi_laplace1}, {psi_add1e10_formula, psi_add1e10},
};
/// The variant of exactly this id, or nullptr.
[[nodiscard]] const PsiRule* psi_rule(std::string_view formula);

}  // namespace pilotwatch::stats
