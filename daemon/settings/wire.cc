// SPDX-License-Identifier: Apache-2.0
#include "settings/wire.h"

#include <algorithm>

namespace pilotwatch::settings {
namespace {

/// As JSON has numbers: no leading zeros or +, no infinity.
bool is_json_number(std::string_view text) {
  const auto number = parse_all<double>(text);
  if (!number || text.find_first_not_of("0123456789+-.eE") != std::string_view::npos) return false;
  const auto digits = text.substr(text.front() == '-' ? 1 : 0);
  const auto point = digits.find('.');
  const bool open = point != std::string_view::npos && digits.find_first_of("0123456789", point + 1) != point + 1;
  if (digits.empty() || digits.front() == '.' || open) return false;
  return !(digits.size() > 1 && digits.front() == '0' && digits[1] >= '0' && digits[1] <= '9');
}

}  // namespace

const std::vector<WireType>& wire_types() {
  static const std::vector<WireType> all = {
      {"prediction",
       {"id"},
       {"part", "model_version", "prediction", "score", "features", "segments", "latency_ms", "weight", "failed"}},
      {"outcome", {"id", "actual"}, {"source"}},
      {"complaint", {"id"}, {"prediction_id", "category", "severity", "channel", "incident", "segments"}},
      {"complaint_update", {"id", "step"}, {"found_for"}},
      {"review", {"prediction_id", "final"}, {"id", "opened_at", "ai_shown", "seeded", "reason"}},
      {"feedback", {"audience"}, {"id", "prediction_id", "theme", "stance", "value"}},
      {"change", {"what"}, {"id", "from", "to", "announced"}},
  };
  return all;
}

std::span<const char* const> wire_type_names() {
  static const std::vector<const char*> names = [] {
    std::vector<const char*> out;
    for (const auto& type : wire_types()) out.push_back(type.name);
    return out;
  }();
  return names;
}

bool is_wire_object(std::string_view member) {
  constexpr std::string_view objects[] = {"features", "segments", "score", "prediction"};
  return std::ranges::find(objects, member) != std::end(objects);
}

bool is_wire_time(std::string_view member) { return member == "time" || member == "opened_at"; }

Scalar scalar_of(const std::string& text, bool quoted) {
  if (!quoted && (text == "true" || text == "false")) return {Scalar::Kind::boolean, text};
  if (!quoted && is_json_number(text)) return {Scalar::Kind::number, text};
  return {Scalar::Kind::text, text};
}

bool is_quoted(const Value& value) { return value.node().Tag() == "!"; }

std::optional<Scalar> read_scalar(const Value& value) {
  const auto text = value.text();
  return text ? std::optional(scalar_of(*text, is_quoted(value))) : std::nullopt;
}

}  // namespace pilotwatch::settings
