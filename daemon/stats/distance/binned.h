// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <span>

namespace pilotwatch::stats {

/// Counts over bins or categories; `reference` and `live` of one call are aligned: same length, same bins, same order.
using Counts = std::span<const std::uint64_t>;

/// Formula id, printed beside the figure: "PSI" alone is no definition (the same data give 9.0, 17.0 or 44.7).
inline constexpr const char* psi_jeffreys_formula = "psi-jeffreys/v1";

// Notation: k bins, n and m the totals of `reference` and `live`; q_i and p_i their shares (q reference, p live), raw
// unless said otherwise; 0 ln 0 = 0; a bin that is empty on both sides adds nothing.
// All functions
//   Errors  nullopt: a total is 0, so that side has no shares. Different lengths are a bug (PW_ASSERT).
//   Range   >= 0, and exactly 0 where the shares agree.
//   Bias    with no drift at all sampling noise alone makes them > 0; psi_noise_floor says by how much for PSI.
//   Cost    O(k), no allocation, pure, any thread. Totals must stay below 2^64.

/// Population Stability Index with Jeffreys' shares, the default of pilotwatch:
///
///   PSI = sum_i (p_i - q_i) ln(p_i / q_i),   share_i = (count_i + 1/2) / (total + k/2) on either side,
///
/// so that an empty bin stays finite and the same bins always give the same smoothing. Symmetric, bit for bit.
///
/// Units   nats, [0, inf). The smoothing pulls small samples towards 0; an empty bin on BOTH sides still counts in k,
///         and makes a small difference when n and m differ.
/// Source  PSI = Jeffreys' symmetrised KL divergence; Yurdakul 2018 (diss., Western Michigan). 1/2: Jeffreys' prior.
[[nodiscard]] std::optional<double> psi_jeffreys(Counts reference, Counts live);

/// PSI over raw shares; +inf when a bin is empty on one side only. Symmetric. Nats.
[[nodiscard]] std::optional<double> psi_unsmoothed(Counts reference, Counts live);

/// PSI over shares of which zeros are replaced by 1e-4, not renormalised: the rule of thumb of several other monitors,
/// for comparison with them. Symmetric. Nats.
[[nodiscard]] std::optional<double> psi_floor1e4(Counts reference, Counts live);

/// Expected PSI when nothing has drifted: (k - 1)(1/n + 1/m), nats. First order in 1/n and 1/m: good where every bin
/// expects 5 or more on either side. A limit below it alarms on noise.
/// nullopt: bins, n_reference or n_live is 0. Cost O(1).
/// Source Yurdakul 2018: PSI ~ (1/n + 1/m) chi-squared(k - 1).
[[nodiscard]] std::optional<double> psi_noise_floor(std::uint64_t bins, std::uint64_t n_reference,
                                                    std::uint64_t n_live);

/// Kullback-Leibler divergence of `live` from `reference`: sum_i p_i ln(p_i / q_i), nats, [0, inf].
/// +inf when live has mass in a bin in which the reference has none. Not symmetric. Source: Kullback, Leibler 1951.
[[nodiscard]] std::optional<double> kl(Counts reference, Counts live);

enum class LogBase { e, two };

/// Jensen-Shannon divergence: half KL(p || m) plus half KL(q || m), m = (p + q)/2. Symmetric, always finite.
/// Range [0, ln 2] nats for LogBase::e, [0, 1] bits for LogBase::two; the maximum for disjoint supports.
/// Source: Lin 1991, IEEE Trans. Inf. Theory 37(1).
[[nodiscard]] std::optional<double> js_divergence(Counts reference, Counts live, LogBase base = LogBase::e);

/// Square root of js_divergence: a metric, what most libraries print as "JS". [0, 0.8326] for LogBase::e, [0, 1] for
/// two.
/// Source: Endres, Schindelin 2003, IEEE Trans. Inf. Theory 49(7).
[[nodiscard]] std::optional<double> js_distance(Counts reference, Counts live, LogBase base = LogBase::two);

/// Hellinger distance: sqrt( sum_i (sqrt p_i - sqrt q_i)^2 / 2 ). [0, 1], a metric; 1 for disjoint supports.
[[nodiscard]] std::optional<double> hellinger(Counts reference, Counts live);

/// Largest change of one share: max_i |p_i - q_i|. [0, 1].
[[nodiscard]] std::optional<double> linf(Counts reference, Counts live);

/// Total variation distance: sum_i |p_i - q_i| / 2, the share that has to move to make both equal. [0, 1].
[[nodiscard]] std::optional<double> tvd(Counts reference, Counts live);

/// Kolmogorov-Smirnov distance of ordered bins: max_j |sum_{i<=j} p_i - sum_{i<=j} q_i|. [0, 1].
/// Bias: never above the D of the raw values; below it by what happens inside a bin. `ks` of stats/distance/ks.h loses nothing.
[[nodiscard]] std::optional<double> ks_binned(Counts reference, Counts live);

}  // namespace pilotwatch::stats
