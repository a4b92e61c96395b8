// SPDX-License-Identifier: Apache-2.0
#include "decode/members.h"

#include <cmath>

#include "base/fixed_sum.h"
#include "decode/decode.h"

namespace pilotwatch::decode {

using record::Reason;
using simdjson::dom::element;
using simdjson::dom::element_type;
using simdjson::dom::object;

void refuse(Reason reason, std::string_view path, std::string_view what) {
  std::string detail(path);
  if (!path.empty()) detail += ": ";
  throw Refusal{reason, detail.append(what)};
}

const char* type_name(const element& e) {
  switch (e.type()) {
    case element_type::ARRAY:
      return "an array";
    case element_type::OBJECT:
      return "an object";
    case element_type::STRING:
      return "a string";
    case element_type::BOOL:
      return "a boolean";
    case element_type::NULL_VALUE:
      return "null";
    default:
      return "a number";
  }
}

void wrong_type(std::string_view path, std::string_view expected, const element& got) {
  refuse(Reason::schema, path, "must be " + std::string(expected) + ", got " + type_name(got));
}

bool is_number(const element& e) {
  return e.type() == element_type::INT64 || e.type() == element_type::UINT64 || e.type() == element_type::DOUBLE;
}

double number(const element& e, std::string_view path) {
  if (!is_number(e)) wrong_type(path, "a number", e);
  const double value = e.get_double().value_unsafe();
  if (!FixedSum::fits(value)) refuse(Reason::number, path, "beyond 3.6e16");
  return value;
}

std::string text(const element& e, std::string_view path) {
  if (e.type() != element_type::STRING) wrong_type(path, "a string", e);
  const std::string_view value = e.get_string().value_unsafe();
  if (value.size() > max_text_bytes) refuse(Reason::schema, path, "longer than 256 bytes");
  return std::string(value);
}

bool boolean(const element& e, std::string_view path) {
  if (e.type() != element_type::BOOL) wrong_type(path, "a boolean", e);
  return e.get_bool().value_unsafe();
}

object object_of(const element& e, std::string_view path) {
  if (e.type() != element_type::OBJECT) wrong_type(path, "an object", e);
  return e.get_object().value_unsafe();
}

Instant read_time(const element& e, std::string_view path) {
  if (e.type() == element_type::STRING) {
    if (const auto time = parse_rfc3339(e.get_string().value_unsafe())) return *time;
    refuse(Reason::time, path, "not an RFC 3339 time with offset (2026-03-01T08:00:00Z)");
  }
  if (!is_number(e)) wrong_type(path, "an RFC 3339 string or Unix time", e);
  const double raw = e.get_double().value_unsafe();
  const double ms = std::floor(raw < 1e11 ? raw * 1e3 : raw);
  if (!(ms >= -62'135'596'800'000.0 && ms <= 253'402'300'799'999.0))
    refuse(Reason::time, path, "outside the years 1 to 9999");
  return Instant{Millis{static_cast<std::int64_t>(ms)}};
}

void check_range(Instant time, const settings::Pilot& pilot, const Reading& reading) {
  if (reading.any_time) return;
  if (time > reading.wall + pilot.accept_future) {
    refuse(Reason::time, "time",
           "in the future by more than accept.future (" + format_duration(pilot.accept_future) + ")");
  }
  if (pilot.clock == settings::PilotClock::wall && time < reading.wall - pilot.accept_past) {
    refuse(Reason::time, "time", "older than accept.past (" + format_duration(pilot.accept_past) + ")");
  }
}

Id128 read_id(const element& e, std::string_view path, std::string_view kind, const PilotSchema& schema,
              const Reading& reading) {
  const std::string raw = label_text(e, path, false);
  if (raw.empty()) refuse(Reason::schema, path, "is empty");
  std::string domain = schema.settings->name;
  domain += '\0';
  domain += kind;
  return reading.hasher.hash(domain, raw);
}

record::Value read_target(const element& e, std::string_view path, const PilotSchema& schema, const Reading& reading) {
  if (schema.numeric_target()) return number(e, path);
  const std::string label = label_text(e, path, schema.truth_values());
  if (!schema.classes.contains(label))
    refuse(Reason::unknown_class, path, "'" + ellipsis(label, 40) + "' is not one of the pilot's classes");
  return reading.intern(label);
}

}  // namespace pilotwatch::decode
