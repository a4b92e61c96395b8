// SPDX-License-Identifier: Apache-2.0
#include "mapping/times.h"

#include <charconv>
#include <cmath>

#include "base/time.h"

namespace pilotwatch::mapping {
namespace {

using record::Reason;
using settings::FieldRule;
using settings::TimeForm;

constexpr double first_ms = -62'135'596'800'000.0, last_ms = 253'402'300'799'999.0;  // the years 1 to 9999

[[noreturn]] void refuse(const FieldRule& rule, const char* what) {
  throw Refusal{Reason::time, rule.member + ": " + what};
}

/// Whole units to milliseconds, rounded down.
std::optional<std::int64_t> to_ms(TimeForm form, std::int64_t whole) {
  const auto floored = [whole](std::int64_t unit) { return whole / unit - (whole % unit < 0 ? 1 : 0); };
  if (form == TimeForm::unix_ns) return floored(1'000'000);
  if (form == TimeForm::unix_us) return floored(1'000);
  if (form == TimeForm::unix_ms) return whole;
  if (whole < -62'135'596'800 || whole > 253'402'300'799) return std::nullopt;
  return whole * 1'000;
}

std::optional<std::int64_t> to_ms(TimeForm form, double value) {
  constexpr double in_ms[] = {0, 0, 1e3, 1, 1e-3, 1e-6};
  const double ms = std::floor(value * in_ms[static_cast<std::size_t>(form)]);
  if (!(ms >= first_ms && ms <= last_ms)) return std::nullopt;
  return static_cast<std::int64_t>(ms);
}

/// Nanoseconds do not fit into a double: whole numbers, and texts of them, stay whole.
std::optional<std::int64_t> unix_ms(TimeForm form, const Json& value) {
  if (value.is_number_unsigned() && value.get<std::uint64_t>() > INT64_MAX) return std::nullopt;
  if (value.is_number_integer()) return to_ms(form, value.get<std::int64_t>());
  if (value.is_number_float()) return to_ms(form, value.get<double>());
  if (!value.is_string()) return std::nullopt;
  const auto& text = value.get_ref<const std::string&>();
  const auto end = text.data() + text.size();
  std::int64_t whole = 0;
  if (const auto parsed = std::from_chars(text.data(), end, whole); parsed.ec == std::errc{} && parsed.ptr == end)
    return to_ms(form, whole);
  double real = 0;
  if (const auto parsed = std::from_chars(text.data(), end, real); parsed.ec != std::errc{} || parsed.ptr != end)
    return std::nullopt;
  return to_ms(form, real);
}

Json rfc3339(const FieldRule& rule, const std::optional<Instant>& time) {
  if (!time) refuse(rule, "is not of the form that the rule says");
  const auto ms = static_cast<double>(time->time_since_epoch().count());
  if (!(ms >= first_ms && ms <= last_ms)) refuse(rule, "outside the years 1 to 9999");
  return format_rfc3339(*time);
}

}  // namespace

Json as_time(const FieldRule& rule, const Json& value, bool cells_are_text) {
  if (!is_scalar(value) || value.is_boolean()) refuse(rule, "must be a text or a number");
  switch (rule.time) {
    case TimeForm::any:
      if (!cells_are_text || !value.is_string()) return value;
      return typed(value.get_ref<const std::string&>());
    case TimeForm::rfc3339:
      return rfc3339(rule, parse_rfc3339(text_of(value)));
    case TimeForm::pattern:
      return rfc3339(rule, rule.pattern.parse(text_of(value), rule.zone));
    default: {
      const auto ms = unix_ms(rule.time, value);
      return rfc3339(rule, ms ? std::optional(Instant{Millis{*ms}}) : std::nullopt);
    }
  }
}

}  // namespace pilotwatch::mapping
