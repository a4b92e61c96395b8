// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "mapping/json.h"

/// Bodies of inference requests and answers, as model servers know them. Private to mapping/.
namespace pilotwatch::mapping {

/// The rows of a body, an array: of instances, inputs, predictions, outputs, dataframe_split, dataframe_records, an
/// array, or else the one value. Throws Refusal.
[[nodiscard]] Json payload_rows(const Json& body);
/// The rows of lines of CSV, each an array of its cells.
[[nodiscard]] Json csv_rows(std::string_view text);
/// [{input, output}] of two arrays of rows, either of which may be empty. Throws Refusal where both have rows and not
/// equally many.
[[nodiscard]] Json zipped(const Json& inputs, const Json& outputs);

}  // namespace pilotwatch::mapping
