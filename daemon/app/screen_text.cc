// SPDX-License-Identifier: Apache-2.0
#include "app/screen_text.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

#include "base/text.h"

namespace pilotwatch::app {
namespace {

constexpr std::size_t least_width = 60, usual_width = 80;

struct Character {
  std::uint32_t code = 0;
  std::size_t bytes = 1;
};

/// The first character of valid UTF-8.
Character first_of(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<std::uint32_t>(static_cast<unsigned char>(text[i])); };
  const auto lead = byte(0);
  const std::size_t bytes = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  if (bytes == 1 || bytes > text.size()) return {lead, 1};
  std::uint32_t code = lead & (0xFFU >> (bytes + 1));
  for (std::size_t i = 1; i < bytes; ++i) code = code << 6 | (byte(i) & 0x3FU);
  return {code, bytes};
}

struct Range {
  std::uint32_t first, last;
};
template <std::size_t N>
bool is_in(const Range (&ranges)[N], std::uint32_t code) {
  return std::ranges::any_of(ranges, [&](const Range& r) { return r.first <= code && code <= r.last; });
}
/// Controls, line separators, marks that turn the direction of text.
constexpr Range dangerous[] = {{0, 0x1F},        {0x7F, 0x9F},     {0x061C, 0x061C}, {0x200E, 0x200F},
                               {0x2028, 0x202E}, {0x2066, 0x2069}, {0xFEFF, 0xFEFF}};
constexpr Range wide[] = {{0x1100, 0x115F}, {0x2E80, 0xA4CF}, {0xAC00, 0xD7A3},   {0xF900, 0xFAFF},  {0xFE30, 0xFE6F},
                          {0xFF00, 0xFF60}, {0xFFE0, 0xFFE6}, {0x1F300, 0x1FAFF}, {0x20000, 0x3FFFD}};
constexpr Range without_width[] = {{0x0300, 0x036F}, {0x200B, 0x200D}, {0x20D0, 0x20FF}, {0xFE00, 0xFE0F}};

std::size_t columns_of(std::uint32_t code) {
  if (is_in(without_width, code)) return 0;
  return is_in(wide, code) ? 2 : 1;
}

/// The longest beginning of printable text in so many columns, in bytes.
std::size_t fitting(std::string_view text, std::size_t width) {
  std::size_t bytes = 0, taken = 0;
  while (bytes < text.size()) {
    const auto next = first_of(text.substr(bytes));
    taken += columns_of(next.code);
    if (taken > width) break;
    bytes += next.bytes;
  }
  return bytes;
}

std::string cut(std::string text, std::size_t width) {
  if (columns(text) <= width) return text;
  if (width <= 2) return text.substr(0, fitting(text, width));
  text.resize(fitting(text, width - 2));
  return text + "..";
}

std::string with_unit(double value, double step, const char* const (&units)[5]) {
  std::size_t unit = 0;
  for (; std::abs(value) >= 999.5 && unit + 1 < std::size(units); ++unit) value /= step;
  char text[32];
  std::snprintf(text, sizeof text, unit == 0 && value == std::floor(value) ? "%.0f%s" : "%.3g%s", value, units[unit]);
  return text;
}

}  // namespace

std::string printable(std::string_view text) {
  const auto valid = to_valid_utf8(text);
  std::string out;
  for (std::size_t at = 0; at < valid.size();) {
    const auto next = first_of(std::string_view(valid).substr(at));
    if (is_in(dangerous, next.code)) {
      out += '?';
    } else {
      out.append(valid, at, next.bytes);
    }
    at += next.bytes;
  }
  return out;
}

std::size_t columns(std::string_view text) {
  std::size_t out = 0;
  for (std::size_t at = 0; at < text.size();) {
    const auto next = first_of(text.substr(at));
    out += columns_of(next.code);
    at += next.bytes;
  }
  return out;
}

std::string left(std::string_view text, std::size_t width) {
  auto out = cut(printable(text), width);
  const auto taken = columns(out);
  return out.append(width - std::min(width, taken), ' ');
}

std::string right(std::string_view text, std::size_t width) {
  auto out = cut(printable(text), width);
  const auto taken = columns(out);
  return out.insert(0, width - std::min(width, taken), ' ');
}

std::vector<std::string> wrapped(std::string_view text, std::size_t width) {
  std::vector<std::string> out;
  const auto all = printable(text);
  std::string_view rest = all;
  while (columns(rest) > width) {
    const auto most = std::max(fitting(rest, width), first_of(rest).bytes);
    auto end = most < rest.size() && rest[most] == ' ' ? most : rest.substr(0, most).rfind(' ');
    if (end == std::string_view::npos || end == 0) end = most;
    out.emplace_back(rest.substr(0, end));
    rest.remove_prefix(end);
    while (!rest.empty() && rest.front() == ' ') rest.remove_prefix(1);
  }
  if (!rest.empty() || out.empty()) out.emplace_back(rest);
  return out;
}

std::string bar(double share, std::size_t width) {
  const double bounded = std::isfinite(share) ? std::clamp(share, 0.0, 1.0) : 0.0;
  auto full = static_cast<std::size_t>(std::floor(bounded * static_cast<double>(width)));
  if (bounded > 0 && full == 0) full = std::min<std::size_t>(width, 1);
  return std::string(full, '#') + std::string(width - full, '.');
}

std::string short_number(double value) {
  if (!std::isfinite(value)) return "-";
  char text[32];
  std::snprintf(text, sizeof text, "%.4g", value);
  return text;
}

std::string short_count(double value) {
  if (!std::isfinite(value)) return "-";
  return with_unit(value, 1000, {"", "k", "M", "G", "T"});
}

std::string short_bytes(double value) {
  if (!std::isfinite(value)) return "-";
  return with_unit(value, 1024, {" B", " kB", " MB", " GB", " TB"});
}

std::size_t screen_width() {
  winsize size{};
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
    return std::max<std::size_t>(size.ws_col, least_width);
  const char* given = std::getenv("COLUMNS");
  const std::string_view text = given == nullptr ? "" : given;
  std::size_t width = usual_width;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), width);
  if (read.ec != std::errc{} || read.ptr != text.data() + text.size()) width = usual_width;
  return std::clamp<std::size_t>(width, least_width, 1000);
}

}  // namespace pilotwatch::app
