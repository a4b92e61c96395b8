// SPDX-License-Identifier: Apache-2.0
#include "mapping/field.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/text.h"
#include "mapping/times.h"

namespace pilotwatch::mapping {
namespace {

using record::Reason;
using settings::FieldRule;
using settings::Scalar;

constexpr std::string_view numbers[] = {"latency_ms", "weight", "severity", "stance", "value"};
constexpr std::string_view booleans[] = {"failed", "seeded", "announced"};
constexpr std::size_t max_text = 1024;

constexpr std::string_view targets[] = {"prediction", "actual", "final"};

template <std::size_t N>
bool is_one_of(std::string_view name, const std::string_view (&names)[N]) {
  return std::ranges::find(names, name) != std::end(names);
}

std::string_view head(std::string_view member) { return member.substr(0, member.find('.')); }
bool is_time(std::string_view member) { return member == "time" || member == "opened_at"; }
/// The member as a whole is an object of names.
bool is_map(std::string_view member) { return member == "features" || member == "segments"; }

[[noreturn]] void refuse(std::string_view member, const std::string& what) {
  // features.x: the part behind the dot can be the sender's.
  const auto dot = member.find('.');
  std::string name(member.substr(0, dot));
  if (dot != std::string_view::npos) name += ".'" + ellipsis(member.substr(dot + 1), 64) + "'";
  throw Refusal{Reason::mapping, name + ": " + what};
}

std::string places(const FieldRule& rule) {
  std::string out;
  for (const auto& joined : rule.from) {
    for (const auto& pointer : joined) (out += out.empty() ? "" : ", ") += pointer.text;
  }
  return ellipsis(out, 120);
}

Json json_of(const Scalar& scalar) {
  if (scalar.kind == Scalar::Kind::text) return scalar.text;
  if (scalar.kind == Scalar::Kind::boolean) return scalar.text == "true";
  return Json::parse(scalar.text);
}

std::optional<Json> joined_value(const settings::Joined& pointers, const FieldRule& rule, const Scope& scope) {
  Json scratch;
  if (pointers.size() == 1) {
    const auto* found = find(pointers.front(), scope, scratch);
    if (found == nullptr) return std::nullopt;
    // No member but the objects may be so long; and what comes from around the rows is looked at for each of them.
    if (found->is_string() && found->get_ref<const std::string&>().size() > max_text && !is_map(rule.member))
      refuse(rule.member, places(rule) + " is longer than 1024 bytes");
    return *found;
  }
  std::string out;
  bool first = true;
  for (const auto& pointer : pointers) {
    const auto* found = find(pointer, scope, scratch);
    if (found == nullptr && pointer.root == settings::Pointer::Root::index) continue;
    if (found == nullptr) return std::nullopt;
    if (!is_scalar(*found)) refuse(rule.member, pointer.text + " is " + kind_of(*found) + " and cannot be joined");
    if (!std::exchange(first, false)) out += rule.with;
    out += text_of(*found);
  }
  return out;
}

/// The first alternative that is there; of several only those that the member can take.
std::optional<Json> found_value(const FieldRule& rule, const Scope& scope) {
  for (const auto& pointers : rule.from) {
    auto found = joined_value(pointers, rule, scope);
    if (!found) continue;
    if (rule.from.size() > 1 && is_scalar(*found) == is_map(rule.member)) continue;
    return found;
  }
  return std::nullopt;
}

Json by_values(const FieldRule& rule, const Json& value) {
  if (!is_scalar(value)) refuse(rule.member, places(rule) + " is " + kind_of(value) + " and cannot be looked up");
  const auto text = text_of(value);
  for (const auto& [foreign, ours] : rule.values) {
    if (foreign == text) return json_of(ours);
  }
  if (!rule.otherwise) refuse(rule.member, "the value at " + places(rule) + " is not one of `values`");
  return json_of(*rule.otherwise);
}

/// Nested values under dotted names: {"a": {"b": 1}, "c": [2, 3]} is a.b, c.0, c.1.
void flatten(const std::string& prefix, const Json& value, std::string_view rule, Json::object_t& out) {
  if (!value.is_structured()) {
    if (out.size() >= max_members) refuse(rule, "more than 1024 members");
    out.Container::emplace_back(prefix, value);
    return;
  }
  const auto dot = prefix.empty() ? prefix : prefix + ".";
  std::size_t index = 0;
  if (value.is_array()) {
    for (const auto& item : value) flatten(dot + std::to_string(index++), item, rule, out);
    return;
  }
  for (const auto& [key, item] : value.get_ref<const Json::object_t&>()) flatten(dot + key, item, rule, out);
}

/// An array by `names` as an object of them.
Json named(const FieldRule& rule, const Json& value) {
  if (!value.is_array()) {
    if (rule.names.size() != 1 || !is_scalar(value)) return value;
    return Json::object({{rule.names.front(), value}});
  }
  if (value.size() != rule.names.size())
    refuse(rule.member, places(rule) + " has not as many elements as there are `names`");
  Json out = Json::object();
  for (std::size_t i = 0; i < value.size(); ++i) out[rule.names[i]] = value[i];
  return out;
}

Json as_map(const FieldRule& rule, const Json& value, bool cells_are_text) {
  Json::object_t out;
  flatten(is_scalar(value) ? "0" : "", value, rule.member, out);
  for (auto& [name, item] : out) item = as_member(rule.member + ".", item, cells_are_text);
  return out;
}

Json as_number(std::string_view member, const Json& value) {
  if (value.is_number()) return value;
  if (value.is_boolean()) return value.get<bool>() ? 1 : 0;
  const auto number = value.is_string() ? typed(value.get_ref<const std::string&>()) : Json();
  if (!number.is_number()) refuse(member, std::string("must be a number, got ") + kind_of(value));
  return number;
}

/// 1E5, 12e3: a name rather than a number, as programs that write numbers give the exponent a sign or the number a
/// point.
bool is_code(std::string_view text) {
  const bool exponent = text.find_first_of("eE") != std::string_view::npos;
  return exponent && text.front() >= '0' && text.front() <= '9' && text.find_first_of("+-.") == std::string_view::npos;
}

Json as_boolean(std::string_view member, const Json& value) {
  const auto text = is_scalar(value) ? text_of(value) : "";
  if (text == "true" || text == "True" || text == "1") return true;
  if (text == "false" || text == "False" || text == "0") return false;
  refuse(member, "must be true or false");
}

Json latency(const FieldRule& rule, const Json& value) {
  constexpr double in_ms[] = {1e-6, 1e-3, 1, 1e3};
  const auto number = as_number(rule.member, value);
  if (rule.unit == settings::LatencyUnit::ms) return number;
  return number.get<double>() * in_ms[static_cast<std::size_t>(rule.unit)];
}

Json converted(const FieldRule& rule, Json value, bool cells_are_text) {
  if (!rule.names.empty()) value = named(rule, value);
  if (is_time(rule.member)) return as_time(rule, value, cells_are_text);
  if (rule.member == "latency_ms") return latency(rule, value);
  if (is_map(rule.member)) return as_map(rule, value, cells_are_text);
  return as_member(rule.member, value, cells_are_text);
}

}  // namespace

Json as_member(std::string_view member, const Json& value, bool cells_are_text) {
  const auto name = head(member);
  const bool whole = name == member;
  if (is_one_of(name, numbers)) return as_number(member, value);
  if (is_one_of(name, booleans)) return as_boolean(member, value);
  const bool may_be_object = whole && (name == "score" || name == "prediction");
  if (may_be_object && value.is_object()) return value;
  if (value.is_null() && (name == "features" || name == "segments")) return value;
  if (!is_scalar(value)) refuse(member, std::string("cannot be ") + kind_of(value));
  if (name == "score" || (name == "prediction" && !whole)) return as_number(member, value);
  const bool typed_cell = is_one_of(name, targets) || name == "features";
  if (cells_are_text && typed_cell && value.is_string() && !is_code(value.get_ref<const std::string&>()))
    return typed(value.get_ref<const std::string&>());
  return value;
}

void set_member(Json& record, std::string_view name, Json value) {
  const auto dot = name.find('.');
  const std::string first(name.substr(0, dot));
  if (dot == std::string_view::npos) {
    // Single members of an object that were set before stay where the whole does not have them.
    if (record.contains(first) && record[first].is_object() && value.is_object()) {
      record[first].update(value);
    } else {
      record[first] = std::move(value);
    }
    return;
  }
  if (!record.contains(first)) record[first] = Json::object();
  auto& object = record[first];
  if (!object.is_object()) refuse(name, "the whole is " + std::string(kind_of(object)) + ", not an object");
  object[std::string(name.substr(dot + 1))] = std::move(value);
}

void apply_field(const FieldRule& rule, const Scope& scope, Json& record) {
  if (rule.value) return set_member(record, rule.member, json_of(*rule.value));
  auto found = found_value(rule, scope);
  if (!found) {
    if (rule.absent) set_member(record, rule.member, json_of(*rule.absent));
    return;
  }
  if (!rule.values.empty() || rule.otherwise) *found = by_values(rule, *found);
  set_member(record, rule.member, converted(rule, *std::move(found), scope.cells_are_text));
}

}  // namespace pilotwatch::mapping
