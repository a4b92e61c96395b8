// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "app/limit_test_records.h"
#include "judge/status.h"
#include "settings/settings.h"

/// One of YAML `tests`, played.
namespace pilotwatch::app {

/// An expectation that does not hold.
struct TestFailure {
  settings::Position place;
  std::string expected, got;  ///< a clause each, with the limit's name in front of the first
};

struct TestResult {
  std::vector<TestFailure> failures;           ///< in the order of the file
  std::vector<judge::Transition> transitions;  ///< of all limits of the pilot, as they happened
  Instant end;                                 ///< until then it was played
  std::uint64_t repeats = 0;                   ///< records of an identity that had been there
  std::uint64_t refused = 0;                   ///< records that the pilot's bounds did not let in
};

/// Plays the daemon's own fold as if each record came at its time: what falls due before is looked at before, and time
/// goes on to the last of what the test speaks of. The pilot's clock is `wall` for that; nothing else differs from its
/// settings. `records`: those of test_records(). Throws ReferenceError.
[[nodiscard]] TestResult run_limit_test(const settings::Settings& settings, const settings::LimitTest& test,
                                        const std::vector<TestRecord>& records);

}  // namespace pilotwatch::app
