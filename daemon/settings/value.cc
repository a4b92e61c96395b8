// SPDX-License-Identifier: Apache-2.0
// Scalars of the file: what they may be, and what is said when they are not.
#include <algorithm>
#include <array>
#include <cmath>

#include "base/text.h"
#include "settings/reader.h"

namespace pilotwatch::settings {
namespace {

/// Longer waits are typing errors, and sums of times must stay far from overflow.
constexpr Millis longest{std::chrono::hours{24 * 365 * 1000}};

std::string describe(const YAML::Node& node) {
  if (node.IsMap()) return "a map";
  if (node.IsSequence()) return "a list";
  if (node.IsNull()) return "nothing";
  return in_quotes(node.Scalar());
}

/// "64MB" -> 67108864, as Prometheus reads its storage sizes: powers of 1024.
std::optional<std::uint64_t> parse_size(std::string_view text) {
  constexpr std::array<std::string_view, 7> units{"B", "KB", "MB", "GB", "TB", "PB", "EB"};
  const auto digits = std::min(text.find_first_not_of("0123456789"), text.size());
  const auto number = parse_all<std::uint64_t>(text.substr(0, digits));
  if (!number || digits == text.size()) return number;
  const auto unit = std::find(units.begin(), units.end(), text.substr(digits));
  if (unit == units.end()) return std::nullopt;
  const auto shift = static_cast<unsigned>(10 * (unit - units.begin()));
  if (*number > (std::numeric_limits<std::uint64_t>::max() >> shift)) return std::nullopt;
  return *number << shift;
}

std::string range_words(const Whole& range) {
  if (range.to == std::numeric_limits<std::uint64_t>::max()) return " >= " + std::to_string(range.from);
  return " from " + std::to_string(range.from) + " to " + std::to_string(range.to);
}

std::string range_words(const Real& range) {
  if (std::isinf(range.from)) return "";
  if (std::isinf(range.to)) return " >= " + format_number(range.from);
  return " from " + format_number(range.from) + " to " + format_number(range.to);
}

template <class T, class Range>
bool within(const std::optional<T>& value, const Range& range) {
  return value && *value >= range.from && *value <= range.to;
}

}  // namespace

void Value::wrong(std::string_view expected, const std::string& hint) const {
  problem("must be " + std::string(expected) + ", got " + describe(node_) + hint);
}

std::optional<std::string> Value::text() const {
  if (node_.IsScalar()) return node_.Scalar();
  wrong("text");
  return std::nullopt;
}

std::optional<std::string> Value::filled_text() const {
  auto out = text();
  if (!out || !out->empty()) return out;
  problem("must not be empty");
  return std::nullopt;
}

std::optional<std::string> Value::name() const {
  constexpr std::string_view allowed = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.:-";
  if (node_.IsScalar()) {
    const std::string& name = node_.Scalar();
    if (!name.empty() && name.size() <= 64 && name.find_first_not_of(allowed) == std::string::npos && name != "." && name != "..")
      return name;  // those two stand for folders in paths, where names have a place
  }
  wrong("a name of 1 to 64 letters (a-z, A-Z), digits and _ . : -");
  return std::nullopt;
}

std::optional<double> Value::number(const Real& range) const {
  const auto value = node_.IsScalar() ? parse_all<double>(node_.Scalar()) : std::nullopt;
  if (within(value, range) && std::isfinite(*value)) return value;
  wrong("a number" + range_words(range));
  return std::nullopt;
}

std::optional<std::uint64_t> Value::whole(const Whole& range) const {
  const auto value = node_.IsScalar() ? parse_all<std::uint64_t>(node_.Scalar()) : std::nullopt;
  if (within(value, range)) return value;
  wrong("a whole number" + range_words(range));
  return std::nullopt;
}

std::optional<std::uint64_t> Value::size(const Whole& range) const {
  const auto value = node_.IsScalar() ? parse_size(node_.Scalar()) : std::nullopt;
  if (within(value, range)) return value;
  wrong("a number of bytes" + range_words(range) + ", or a size such as 64MB");
  return std::nullopt;
}

std::optional<Millis> Value::duration(Zero zero) const {
  const auto value = parse_duration(node_.IsScalar() && node_.Scalar().size() <= 40 ? node_.Scalar() : "");
  if (!value) {
    wrong("a duration such as 30s, 1h30m or 7d");
    return std::nullopt;
  }
  if (*value >= Millis{0} && *value <= longest && (zero == Zero::allowed || *value > Millis{0})) return *value;
  wrong(zero == Zero::allowed ? "a duration of at most 1000y" : "a duration longer than 0s and of at most 1000y");
  return std::nullopt;
}

std::vector<Value> Value::items() const {
  std::vector<Value> out;
  if (!node_.IsSequence()) {
    wrong("a list");
    return out;
  }
  for (const auto& item : node_) {
    out.emplace_back(item, item.Mark(), path_ + "[" + std::to_string(out.size()) + "]", *problems_, place_);
  }
  return out;
}

std::optional<std::size_t> Value::choice_index(std::span<const char* const> names) const {
  const std::vector<std::string_view> known(names.begin(), names.end());
  const auto found = node_.IsScalar() ? std::find(known.begin(), known.end(), node_.Scalar()) : known.end();
  if (found != known.end()) return static_cast<std::size_t>(found - known.begin());
  wrong("one of " + join(known), node_.IsScalar() ? suggestion(node_.Scalar(), known) : "");
  return std::nullopt;
}

std::optional<bool> Value::flag() const {
  if (node_.IsScalar() && (node_.Scalar() == "true" || node_.Scalar() == "false")) return node_.Scalar() == "true";
  wrong("true or false");
  return std::nullopt;
}

bool Value::must_be_known(std::string_view name, std::string_view what, std::span<const std::string_view> known) const {
  if (std::find(known.begin(), known.end(), name) != known.end()) return true;
  problem(in_quotes(name) + " is not " + std::string(what) + instead(name, "configured", known));
  return false;
}

}  // namespace pilotwatch::settings
