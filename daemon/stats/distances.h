// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <span>

namespace pilotwatch::stats {

inline constexpr const char* psi_jeffreys_formula = "psi-jeffreys/v1";

/// Population stability index of `live` against `reference` with Jeffreys' smoothing.
///
///   PSI = sum_i (q_i - p_i) ln(q_i / p_i),  share_i = (count_i + 1/2) / (total + B/2)
///
/// Shapes  B counts over the same bins on both sides, B >= 2.
/// Units   nats; >= 0, and 0 exactly when the shares agree.
/// Errors  nullopt when the sizes differ, B < 2 or a side is empty: undefined.
/// Cost    O(B), no allocation. Source: Jeffreys 1946; Siddiqi 2006, ch. 6.
[[nodiscard]] std::optional<double> psi_jeffreys(std::span<const std::uint64_t> reference, std::span<const std::uint64_t> live);

/// What psi_jeffreys shows on average when nothing has changed: (B - 1) (1/n + 1/m).
[[nodiscard]] double psi_noise_floor(std::size_t bins, std::uint64_t n_reference, std::uint64_t n_live);

}  // namespace pilotwatch::stats
