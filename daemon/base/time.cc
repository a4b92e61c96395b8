// SPDX-License-Identifier: Apache-2.0
#include "base/time.h"

#include <array>
#include <cstdio>
#include <limits>

namespace pilotwatch {
namespace {

using std::chrono::sys_days;

/// Reads exactly `digits` decimal digits off the front of `text`.
std::optional<int> take_digits(std::string_view& text, std::size_t digits) {
  if (text.size() < digits) return std::nullopt;
  int value = 0;
  for (std::size_t i = 0; i < digits; ++i) {
    if (text[i] < '0' || text[i] > '9') return std::nullopt;
    value = value * 10 + (text[i] - '0');
  }
  text.remove_prefix(digits);
  return value;
}

bool take_char(std::string_view& text, std::string_view any_of) {
  if (text.empty() || any_of.find(text.front()) == std::string_view::npos) return false;
  text.remove_prefix(1);
  return true;
}

/// ".5" -> 500; more digits than three are cut, not rounded, so that a time never moves into the next second.
std::optional<int> take_fraction_ms(std::string_view& text) {
  if (!take_char(text, ".,")) return 0;
  int ms = 0, scale = 100;
  std::size_t digits = 0;
  for (; !text.empty() && text.front() >= '0' && text.front() <= '9'; text.remove_prefix(1), ++digits, scale /= 10) {
    ms += (text.front() - '0') * scale;
  }
  return digits == 0 ? std::nullopt : std::optional(ms);
}

/// "Z", "+01:00", "-0530"; minutes east of Greenwich.
std::optional<int> take_offset_minutes(std::string_view& text) {
  if (take_char(text, "Zz")) return 0;
  if (text.empty()) return std::nullopt;
  const char sign = text.front();
  if (!take_char(text, "+-")) return std::nullopt;
  const auto hours = take_digits(text, 2);
  take_char(text, ":");
  const auto minutes = take_digits(text, 2);
  if (!hours || !minutes || *hours > 23 || *minutes > 59) return std::nullopt;
  return (sign == '-' ? -1 : 1) * (*hours * 60 + *minutes);
}

struct Unit {
  std::string_view name;
  std::int64_t ms;
};
constexpr std::array<Unit, 7> units{{{"y", 365LL * 86'400'000},
                                     {"w", 7LL * 86'400'000},
                                     {"d", 86'400'000},
                                     {"h", 3'600'000},
                                     {"m", 60'000},
                                     {"s", 1'000},
                                     {"ms", 1}}};

}  // namespace

std::optional<Instant> parse_rfc3339(std::string_view text) {
  const auto year = take_digits(text, 4);
  if (!year || !take_char(text, "-")) return std::nullopt;
  const auto month = take_digits(text, 2);
  if (!month || !take_char(text, "-")) return std::nullopt;
  const auto day = take_digits(text, 2);
  if (!day || !take_char(text, "Tt ")) return std::nullopt;
  const auto hour = take_digits(text, 2);
  if (!hour || !take_char(text, ":")) return std::nullopt;
  const auto minute = take_digits(text, 2);
  if (!minute || !take_char(text, ":")) return std::nullopt;
  const auto second = take_digits(text, 2);
  if (!second) return std::nullopt;
  const auto fraction = take_fraction_ms(text);
  const auto offset = take_offset_minutes(text);
  if (!fraction || !offset || !text.empty()) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year{*year}, std::chrono::month{static_cast<unsigned>(*month)},
                                         std::chrono::day{static_cast<unsigned>(*day)}};
  if (!date.ok() || *year < 1 || *hour > 23 || *minute > 59 || *second > 60) return std::nullopt;
  return Instant{sys_days{date}} + std::chrono::hours{*hour} + std::chrono::minutes{*minute - *offset} +
         std::chrono::seconds{*second} + Millis{*second == 60 ? 0 : *fraction};
}

std::string format_rfc3339(Instant time) {
  const auto days = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date{days};
  const std::chrono::hh_mm_ss clock{time - days};
  const auto ms = static_cast<int>(clock.subseconds().count());
  std::array<char, 48> out{};
  const int size = std::snprintf(out.data(), out.size(), "%04d-%02u-%02uT%02d:%02d:%02d", static_cast<int>(date.year()),
                                 static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                                 static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
                                 static_cast<int>(clock.seconds().count()));
  std::string text(out.data(), static_cast<std::size_t>(size));
  if (ms != 0) {
    std::snprintf(out.data(), out.size(), ".%03d", ms);
    text += out.data();
  }
  return text + "Z";
}

Result<Millis> parse_duration(std::string_view text) {
  if (text == "0") return Millis{0};
  const Error wrong{"not a duration: '" + std::string(text) + "' (write for example 30s, 1h30m, 7d)"};
  if (text.empty()) return wrong;
  std::int64_t total = 0;
  std::size_t next_unit = 0;
  while (!text.empty()) {
    std::int64_t number = 0;
    std::size_t digits = 0;
    for (; digits < text.size() && text[digits] >= '0' && text[digits] <= '9'; ++digits) {
      if (number > 1'000'000'000'000) return wrong;
      number = number * 10 + (text[digits] - '0');
    }
    if (digits == 0) return wrong;
    text.remove_prefix(digits);
    std::size_t letters = 0;
    while (letters < text.size() && text[letters] >= 'a' && text[letters] <= 'z') ++letters;
    const auto name = text.substr(0, letters);
    while (next_unit < units.size() && units[next_unit].name != name) ++next_unit;
    if (next_unit == units.size()) return wrong;
    if (number > std::numeric_limits<std::int64_t>::max() / 4 / units[next_unit].ms) return wrong;
    total += number * units[next_unit++].ms;
    if (total > std::numeric_limits<std::int64_t>::max() / 2) return wrong;
    text.remove_prefix(letters);
  }
  return Millis{total};
}

std::string format_duration(Millis duration) {
  auto rest = duration.count();
  if (rest == 0) return "0s";
  std::string out = rest < 0 ? "-" : "";
  if (rest < 0) rest = -rest;
  for (const auto& unit : units) {
    if (rest < unit.ms) continue;
    if ((unit.name == "y" || unit.name == "w") && rest % unit.ms != 0) continue;  // "400d", not "1y5w"
    out += std::to_string(rest / unit.ms);
    out += unit.name;
    rest %= unit.ms;
  }
  return out;
}

}  // namespace pilotwatch
