// SPDX-License-Identifier: Apache-2.0
#include "base/time_pattern.h"

#include <algorithm>
#include <array>
#include <cctype>

namespace pilotwatch {
namespace {

constexpr std::string_view months[] = {"january", "february", "march",     "april",   "may",      "june",
                                       "july",    "august",   "september", "october", "november", "december"};

bool blank(char c) { return c == ' ' || c == '\t'; }
bool digit(char c) { return c >= '0' && c <= '9'; }

/// Takes what the conversions ask for off the front of a text.
class Reading {
 public:
  explicit Reading(std::string_view text) : rest_(text) {}

  bool take(char conversion) {
    switch (conversion) {
      case 'Y':
        return number(4, 1, 9999, year_);
      case 'y':
        if (!number(2, 0, 99, year_)) return false;
        year_ += year_ < 69 ? 2000 : 1900;
        return true;
      case 'm':
        return number(2, 1, 12, month_);
      case 'd':
      case 'e':
        blanks();
        return number(2, 1, 31, day_);
      case 'H':
        return number(2, 0, 23, hour_);
      case 'I':
        return number(2, 1, 12, hour_);
      case 'M':
        return number(2, 0, 59, minute_);
      case 'S':
        return number(2, 0, 60, second_);
      default:
        return take_words(conversion);
    }
  }

  bool literal(char c) {
    if (rest_.empty() || rest_.front() != c) return false;
    rest_.remove_prefix(1);
    return true;
  }
  void blanks() {
    while (!rest_.empty() && blank(rest_.front())) rest_.remove_prefix(1);
  }
  [[nodiscard]] bool done() const { return rest_.empty(); }

  std::optional<Instant> result(const Zone& zone) const {
    const std::chrono::year_month_day date{std::chrono::year{year_}, std::chrono::month{static_cast<unsigned>(month_)},
                                           std::chrono::day{static_cast<unsigned>(day_)}};
    if (!date.ok()) return std::nullopt;
    int hour = hour_;
    if (half_ >= 0) hour = hour % 12 + 12 * half_;
    const auto local = std::chrono::local_days{date} + std::chrono::hours{hour} + std::chrono::minutes{minute_} +
                       std::chrono::seconds{second_} + Millis{second_ == 60 ? 0 : fraction_};
    if (offset_) return Instant{local.time_since_epoch() - std::chrono::minutes{*offset_}};
    return zone.instant_of(local);
  }

 private:
  bool take_words(char conversion) {
    switch (conversion) {
      case 'b':
      case 'B':
        return month_name();
      case 'p':
        return half_of_day();
      case 'f':
        return fraction();
      case 'z':
        return offset();
      default:
        return literal('%');
    }
  }

  bool number(int digits, int from, int to, int& out) {
    int value = 0, taken = 0;
    while (taken < digits && !rest_.empty() && digit(rest_.front())) {
      value = value * 10 + (rest_.front() - '0');
      rest_.remove_prefix(1);
      ++taken;
    }
    out = value;
    return taken > 0 && value >= from && value <= to;
  }

  bool starts_with(std::string_view word) const {
    return rest_.size() >= word.size() && std::equal(word.begin(), word.end(), rest_.begin(), [](char a, char b) {
             return a == static_cast<char>(std::tolower(static_cast<unsigned char>(b)));
           });
  }

  bool month_name() {
    for (int i = 0; i < 12; ++i) {
      const auto whole = months[i];
      for (const auto word : {whole, whole.substr(0, 3)}) {
        if (!starts_with(word)) continue;
        rest_.remove_prefix(word.size());
        month_ = i + 1;
        return true;
      }
    }
    return false;
  }

  bool half_of_day() {
    if (!starts_with("am") && !starts_with("pm")) return false;
    half_ = starts_with("pm") ? 1 : 0;
    rest_.remove_prefix(2);
    return true;
  }

  bool fraction() {
    int scale = 100, taken = 0;
    for (; !rest_.empty() && digit(rest_.front()); rest_.remove_prefix(1), ++taken, scale /= 10)
      fraction_ += scale * (rest_.front() - '0');
    return taken > 0;
  }

  bool offset() {
    if (literal('Z') || literal('z')) {
      offset_ = 0;
      return true;
    }
    const bool west = !rest_.empty() && rest_.front() == '-';
    if (!west && (rest_.empty() || rest_.front() != '+')) return false;
    rest_.remove_prefix(1);
    int hours = 0, minutes = 0;
    if (rest_.size() < 2 || !number(2, 0, 23, hours)) return false;
    static_cast<void>(literal(':'));
    if (rest_.size() < 2 || !number(2, 0, 59, minutes)) return false;
    offset_ = (west ? -1 : 1) * (hours * 60 + minutes);
    return true;
  }

  std::string_view rest_;
  int year_ = 0, month_ = 0, day_ = 0, hour_ = 0, minute_ = 0, second_ = 0, fraction_ = 0;
  int half_ = -1;  ///< 0 before noon, 1 after it, -1 = hours of 24
  std::optional<int> offset_;
};

std::string expand(std::string_view pattern) {
  std::string out;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] != '%' || i + 1 == pattern.size()) {
      out += pattern[i];
      continue;
    }
    const char conversion = pattern[++i];
    if (conversion == 'F') {
      out += "%Y-%m-%d";
    } else if (conversion == 'T') {
      out += "%H:%M:%S";
    } else if (conversion == 'D') {
      out += "%m/%d/%y";
    } else if (conversion == 'R') {
      out += "%H:%M";
    } else {
      (out += '%') += conversion;
    }
  }
  return out;
}

}  // namespace

Result<TimePattern> TimePattern::compile(std::string_view pattern) {
  TimePattern out;
  out.text_ = std::string(pattern);
  out.expanded_ = expand(pattern);
  std::array<bool, 128> has{};
  const auto& p = out.expanded_;
  for (std::size_t i = 0; i < p.size(); ++i) {
    if (p[i] != '%') continue;
    const char c = ++i < p.size() ? p[i] : '\0';
    if (c == '\0' || std::string_view("YymdeHIMSpbBfz%").find(c) == std::string_view::npos)
      return Error{"%" + std::string(c == '\0' ? "" : std::string(1, c)) +
                   " is not one of %Y %y %m %b %B %d %e %H %I %p %M %S %f %z %F %T %D %R %%"};
    if (c != '%' && has[static_cast<std::size_t>(c)]) return Error{"%" + std::string(1, c) + " stands there twice"};
    has[static_cast<std::size_t>(c)] = true;
  }
  if (!has['Y'] && !has['y']) return Error{"has no year (%Y)"};
  if (!has['m'] && !has['b'] && !has['B']) return Error{"has no month (%m)"};
  if (!has['d'] && !has['e']) return Error{"has no day (%d)"};
  if (has['I'] != has['p']) return Error{"%I and %p (AM, PM) belong together"};
  return out;
}

std::optional<Instant> TimePattern::parse(std::string_view text, const Zone& zone) const {
  if (expanded_.empty()) return std::nullopt;
  Reading reading(text);
  for (std::size_t i = 0; i < expanded_.size(); ++i) {
    const char c = expanded_[i];
    if (blank(c)) {
      reading.blanks();
    } else if (c == '%' ? !reading.take(expanded_[++i]) : !reading.literal(c)) {
      return std::nullopt;
    }
  }
  return reading.done() ? reading.result(zone) : std::nullopt;
}

}  // namespace pilotwatch
