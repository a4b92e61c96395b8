// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "base/time.h"
#include "settings/load.h"
#include "settings/settings.h"

/// The records of YAML `tests[]`, in the order in which they come.
namespace pilotwatch::app {

/// A record in the wire format, as one line without its end.
struct TestRecord {
  Instant time;
  std::string line;
};

/// All of them by time, those of one time in the order of the file; or everything that is wrong with them: a file that
/// cannot be read, a record that the wire format refuses, each where the settings name it. Cost: they are decoded once.
[[nodiscard]] std::variant<std::vector<TestRecord>, std::vector<settings::Problem>> test_records(
    const settings::Settings& settings, const settings::LimitTest& test);

/// That of all tests: what `check config` says of them beside what settings::load() does.
[[nodiscard]] std::vector<settings::Problem> test_problems(const settings::Settings& settings);

}  // namespace pilotwatch::app
