// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>

namespace pilotwatch::stats {

/// Counts over bins or categories; `reference` and `live` of one call are aligned: same length, same bins, same order.
/// Number of bins and counts of one side add up to less than 2^62.
using Counts = std::span<const std::uint64_t>;

}  // namespace pilotwatch::stats
