// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace pilotwatch::sinks {

/// The `$id` of the schema, which the first line of `backtest` and the answers of the API carry. Members, metrics and
/// kinds of lines may be added under the same id; whatever changes the meaning of what is there gets a new one.
inline constexpr const char* backtest_schema_id = "urn:pilotwatch:schema:backtest:1";

/// daemon/sinks/schema/backtest.json, byte for byte: JSON Schema (draft 2020-12) of the lines of `backtest --format
/// ndjson` and of the window objects and transitions of the API. Embedded when the program is built.
[[nodiscard]] std::string_view backtest_schema();

}  // namespace pilotwatch::sinks
