// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "settings/limit_test.h"
#include "settings/reader.h"
#include "settings/settings.h"

/// Reading of YAML `tests`. Private to settings/.
namespace pilotwatch::settings {

/// What the parts of a test are read against.
struct TestFrame {
  const Pilot* pilot = nullptr;  ///< null: the test names none that there is
  Instant start;
};

[[nodiscard]] Position position_of(const Value& value);

/// `7d` from the start on, a day (its begin in the pilot's zone), or a time.
[[nodiscard]] std::optional<Instant> read_test_time(const Value& value, const TestFrame& frame);

/// One entry of `records`.
[[nodiscard]] TestSeries read_series(const Value& value, const TestFrame& frame);

/// Fills `tests` of settings whose pilots have been read. `pilots_are_sound`: their names are all there.
void read_tests(const Value& list, bool pilots_are_sound, Settings& out);

}  // namespace pilotwatch::settings
