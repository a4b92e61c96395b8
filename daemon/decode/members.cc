// SPDX-License-Identifier: Apache-2.0
#include "decode/members.h"

#include <charconv>
#include <cmath>

#include "base/fixed_sum.h"
#include "decode/decode.h"

namespace pilotwatch::decode {

using record::Reason;
using simdjson::dom::element;
using simdjson::dom::element_type;
using simdjson::dom::object;

void refuse(Reason reason, const Path& path, std::string_view what) {
  std::string detail = std::string(path.object).append(path.member);
  if (!detail.empty()) detail += ": ";
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

void wrong_type(const Path& path, std::string_view expected, const element& got) {
  refuse(Reason::schema, path, "must be " + std::string(expected) + ", got " + type_name(got));
}

bool is_number(const element& e) {
  return e.type() == element_type::INT64 || e.type() == element_type::UINT64 || e.type() == element_type::DOUBLE;
}

double number(const element& e, const Path& path) {
  if (!is_number(e)) wrong_type(path, "a number", e);
  const double value = e.get_double().value_unsafe();
  if (!FixedSum::fits(value)) refuse(Reason::number, path, "beyond 3.6e16");
  return value;
}

std::string_view text(const element& e, const Path& path) {
  if (e.type() != element_type::STRING) wrong_type(path, "a string", e);
  const std::string_view value = e.get_string().value_unsafe();
  if (value.size() > max_text_bytes) refuse(Reason::schema, path, "longer than 256 bytes");
  return value;
}

bool boolean(const element& e, const Path& path) {
  if (e.type() != element_type::BOOL) wrong_type(path, "a boolean", e);
  return e.get_bool().value_unsafe();
}

object object_of(const element& e, const Path& path) {
  if (e.type() != element_type::OBJECT) wrong_type(path, "an object", e);
  return e.get_object().value_unsafe();
}

Label::Label(const element& e, const Path& path, bool truth_values) {
  const auto written = [this](const auto& value) {
    text_ = {buffer_, static_cast<std::size_t>(std::to_chars(buffer_, std::end(buffer_), value).ptr - buffer_)};
  };
  switch (e.type()) {
    case element_type::STRING:
      text_ = decode::text(e, path);
      return;
    case element_type::INT64:
      written(e.get_int64().value_unsafe());
      return;
    case element_type::UINT64:
      written(e.get_uint64().value_unsafe());
      return;
    case element_type::DOUBLE: {
      const double value = e.get_double().value_unsafe();
      if (value == std::floor(value) && std::abs(value) < 9e15) {
        written(static_cast<std::int64_t>(value));
      } else {
        long_ = format_number(value);
        text_ = long_;
      }
      return;
    }
    case element_type::BOOL: {
      const bool value = e.get_bool().value_unsafe();
      text_ = truth_values ? (value ? "1" : "0") : (value ? "true" : "false");
      return;
    }
    default:
      wrong_type(path, "a string, number or boolean", e);
  }
}

Instant read_time(const element& e, const Path& path) {
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

Id128 read_id(const element& e, const Path& path, IdKind kind, const PilotSchema& schema, const Reading& reading) {
  const Label raw(e, path, false);
  if (raw.text().empty()) refuse(Reason::schema, path, "is empty");
  return reading.hasher.hash(schema.id_domains[static_cast<std::size_t>(kind)], raw.text());
}

record::Value read_target(const element& e, const Path& path, const PilotSchema& schema, const Reading& reading) {
  if (schema.numeric_target()) return number(e, path);
  const Label label(e, path, schema.truth_values());
  if (!schema.classes.contains(label.text()))
    refuse(Reason::unknown_class, path, "'" + ellipsis(label.text(), 40) + "' is not one of the pilot's classes");
  return reading.intern(label.text());
}

}  // namespace pilotwatch::decode
