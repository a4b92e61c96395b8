// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "mapping/translator.h"
#include "record/record.h"

/// Foreign JSON within bounds. Private to mapping/.
namespace pilotwatch::mapping {

/// Members stay in the order in which they came.
using Json = nlohmann::ordered_json;

/// Thrown and caught within mapping/: this foreign record cannot be used. `detail` never repeats values.
struct Refusal {
  record::Reason reason = record::Reason::mapping;
  std::string detail;
};

struct JsonBounds {
  std::size_t depth = max_depth;
  std::size_t values = 2'000'000;  ///< memory: less than 100 bytes each
};

/// Throws Refusal: not JSON, not UTF-8, too deep, a member twice, numbers that cannot be held exactly enough.
[[nodiscard]] Json parse_json(std::string_view text, const JsonBounds& bounds = {});

/// One line, valid UTF-8.
[[nodiscard]] std::string to_line(const Json& value);

/// "a string", "null", ...
[[nodiscard]] const char* kind_of(const Json& value);
/// Neither null, array nor object.
[[nodiscard]] bool is_scalar(const Json& value);
/// Of a scalar: a string as it is, a number or boolean as JSON writes it.
[[nodiscard]] std::string text_of(const Json& scalar);
/// The member, or nullptr where it is absent or null, or `value` is no object.
[[nodiscard]] const Json* member(const Json& value, std::string_view name);
/// The number or boolean that the text is by JSON's spelling ("True" and "False" too); else the text. Whole numbers of
/// more than 15 digits stay texts: they are names.
[[nodiscard]] Json typed(const std::string& text);

}  // namespace pilotwatch::mapping
