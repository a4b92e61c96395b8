// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "settings/mapping.h"

/// YAML `tests`: what limits make of given records; run by `pilotwatch test config`, by the daemon never.
namespace pilotwatch::settings {

/// Where something stands in the file, from 1; 0 = it is not from a file.
struct Position {
  std::uint32_t line = 0, column = 0;
};

/// One element of a member's values: `1*95` is 1 in 95 records, `10..20*50` are 50 numbers from 10 to 20 in equal steps.
struct TestRun {
  Scalar value;
  std::optional<double> last;  ///< of numbers in steps; `value` is the first
  std::uint64_t times = 1;
};

/// What a member is in each record of a series.
struct TestMember {
  std::string name;           ///< in the wire format; of an object its member: "features.pages"
  std::vector<TestRun> runs;  ///< in turn, and from the first again; never empty
  bool listed = false;        ///< written as a list; else one value for all records
};

/// One or more records of a type.
struct TestSeries {
  std::string type;
  Instant first;                     ///< time of the first record
  Millis every{0};                   ///< from one to the next
  std::uint64_t times = 1;           ///< so many
  std::optional<Instant> opened_at;  ///< of the first; moves with the time
  std::vector<TestMember> members;
  Position place;
};

/// A state that a limit comes to: when, as far as it matters.
struct TestStep {
  std::string to;
  std::optional<Instant> at, after, by;  ///< exactly then; not before; not later
};

/// One statement about a limit; exactly one of `state`, `transitions` and `never`.
struct TestExpectation {
  std::string limit, group;  ///< group: only of limits with a segment, and there always
  std::string state;         ///< as of `at`
  std::optional<Instant> at;
  std::optional<std::vector<TestStep>> transitions;  ///< all of the test, in order
  std::vector<std::string> never;                    ///< states that it never has
  Position place;
};

struct LimitTest {
  std::string name, pilot;
  Instant start;               ///< what times without a date count from
  std::optional<Instant> end;  ///< it goes on at least until then
  std::vector<TestSeries> records;
  std::filesystem::path file;  ///< more records, NDJSON of the wire format; "" = none
  std::vector<TestExpectation> expect;
  Position place;
};

/// States of limits by name, as judge::state_names.
inline constexpr const char* limit_state_names[] = {"collecting", "ok",      "warning",     "breach",
                                                    "recovering", "no_data", "insufficient"};

/// What one test may have of records: more is a benchmark.
inline constexpr std::uint64_t max_test_records = 1'000'000;

}  // namespace pilotwatch::settings
