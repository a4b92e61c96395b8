// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "settings/mapping.h"
#include "settings/reader.h"

/// What records of the wire format have, for whoever writes them in the settings: rules of sources, tests of limits.
/// Private to settings/.
namespace pilotwatch::settings {

/// README "Records"; `time` is needed everywhere, `pilot` may come from elsewhere.
struct WireType {
  const char* name;
  std::vector<std::string_view> needed, others;
};
[[nodiscard]] const std::vector<WireType>& wire_types();
/// Their names, in the same order.
[[nodiscard]] std::span<const char* const> wire_type_names();

/// Members of which single ones can be given: features, segments, score, prediction.
[[nodiscard]] bool is_wire_object(std::string_view member);
[[nodiscard]] bool is_wire_time(std::string_view member);

/// A single value, as YAML means it: what is in quotes is a text, else true, false and what JSON has as a number are
/// none.
[[nodiscard]] Scalar scalar_of(const std::string& text, bool quoted);
/// The same of a node; a complaint where it is no single value.
[[nodiscard]] std::optional<Scalar> read_scalar(const Value& value);
[[nodiscard]] bool is_quoted(const Value& value);

}  // namespace pilotwatch::settings
