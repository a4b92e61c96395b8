// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "base/time.h"
#include "engine/decision.h"
#include "engine/reference.h"
#include "engine/values.h"

namespace pilotwatch::engine {

/// When a limit on decisions looks at one.
enum class Stage : std::uint8_t {
  ordered,  ///< `lateness` after it was made: inputs, predictions, groups
  matured,  ///< when its outcome horizon has passed: what was known by then; what comes later is never looked at
  finding,  ///< an outcome horizon after the first finding on a complaint: what had been found by then
};
inline constexpr std::size_t stage_count = 3;

/// One decision as the evidence of limits on decisions sees it: at each stage once, in the order of `time`.
struct Observation {
  Stage stage = Stage::ordered;
  Instant time;       ///< of the decision; finding: when it was first found
  Instant due;        ///< when it became so, pilot's clock
  Decision decision;  ///< matured: an outcome later than the horizon is left out; finding: of an unlinked complaint
                      ///< only time and groups
  /// Ordered: a value a feature, and where after_reference is true their positions in it. Null at other stages; gone
  /// once the decision has been looked at.
  const Value* values = nullptr;
  std::uint32_t stratum = 0;  ///< ordered: stratum_of() its time
  /// Ordered: what the newest version is compared with, which evidence is gathered against; null = nothing (yet).
  const Reference* reference = nullptr;
  bool after_reference = false;  ///< ordered: so is this decision's own version, and it was frozen before this decision
  bool new_version = false;      ///< ordered: the first decision of its model version
  bool for_person = false;       ///< finding: for the person, wholly or partly
  /// Matured: the categories of complaints about it that were made by `due`, by the names that they came with, each
  /// once.
  std::vector<std::string> complained_about;
};
/// Is told some in a row, between which nothing else is told.
using Observe = std::function<void(std::span<const Observation>)>;

}  // namespace pilotwatch::engine
