// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/reference.h"
#include "engine/tally.h"
#include "engine/window.h"

namespace pilotwatch::engine {

/// Where a feature's live values have moved to, beside the reference. Numbers: about ten ranges of equal reference mass
/// and what lies above all of it; categories: themselves, those of few people together. `least`: segments.min_n; every
/// part holds none or at least so many, of the reference too, since the feature may be an attribute of people as well.
/// No parts where there is nothing to tell apart. O(values + categories).
[[nodiscard]] FeatureShift numeric_shift(const std::string& feature, const FrozenFeature& frozen,
                                         const std::vector<std::uint64_t>& live, std::uint64_t missing,
                                         std::uint64_t least);
[[nodiscard]] FeatureShift category_shift(const std::string& feature, const FrozenFeature& frozen,
                                          const Histogram& live, std::uint64_t least);

}  // namespace pilotwatch::engine
