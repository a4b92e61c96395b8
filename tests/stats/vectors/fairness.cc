// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "stats/vectors/vectors.h"

namespace pilotwatch::stats::testing {

Ran run_fairness(const nlohmann::json&) {
  FAIL("not written yet");
  return {};
}

}  // namespace pilotwatch::stats::testing
