// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>

#include "base/time.h"
#include "engine/decision.h"
#include "engine/reference.h"

namespace pilotwatch::engine {

/// One decision as the evidence of limits with a budget sees it: twice, in decision order, each time once.
///
///   ordered   `lateness` after it was made: inputs, predictions, groups
///   matured   when its outcome horizon has passed: what was known of it by then; what comes later is never looked at
struct Observation {
  bool matured = false;
  Instant due;                   ///< when it became so, pilot's clock
  Decision decision;             ///< matured: an outcome later than the horizon is left out
  FeatureRow features;           ///< ordered only
  bool after_reference = false;  ///< ordered: the reference was frozen before this decision
  bool new_version = false;      ///< the first decision of its model version
};
using Observe = std::function<void(const Observation&)>;

}  // namespace pilotwatch::engine
