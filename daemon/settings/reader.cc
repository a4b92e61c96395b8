// SPDX-License-Identifier: Apache-2.0
#include "settings/reader.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <set>

#include "base/text.h"

namespace pilotwatch::settings {
namespace {

std::optional<double> to_number(const std::string& text) {
  double value = 0;
  const auto end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, value);
  if (parsed.ec != std::errc{} || parsed.ptr != end || !std::isfinite(value)) return std::nullopt;
  return value;
}

std::string quoted(const std::string& text) { return "'" + ellipsis(text, 60) + "'"; }

}  // namespace

void Problems::add(const YAML::Mark& mark, std::string path, std::string message) {
  // yaml-cpp counts from 0, and has no mark (-1) for nodes that are not there.
  found_.push_back({file_, std::max(mark.line, 0) + 1, std::max(mark.column, 0) + 1, std::move(path), std::move(message)});
}

std::vector<Problem> Problems::sorted() const {
  auto out = found_;
  std::stable_sort(out.begin(), out.end(), [](const Problem& a, const Problem& b) { return std::tie(a.line, a.column) < std::tie(b.line, b.column); });
  return out;
}

std::optional<std::string> Value::text() const {
  if (node_.IsScalar()) return node_.Scalar();
  problem("must be a text");
  return std::nullopt;
}

std::optional<std::string> Value::name() const {
  const auto value = text();
  if (!value) return std::nullopt;
  const auto allowed = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || std::string_view("_.:-").find(c) != std::string_view::npos; };
  if (!value->empty() && value->size() <= 64 && std::all_of(value->begin(), value->end(), allowed)) return value;
  problem("must be 1 to 64 letters, digits or _ . : - (it becomes a label and part of URLs), got " + quoted(*value));
  return std::nullopt;
}

std::optional<std::string> Value::label() const {
  auto value = text();
  if (!value) return std::nullopt;
  if (value->empty() || value->size() > 256) {
    problem("must be 1 to 256 bytes");
    return std::nullopt;
  }
  if (node_.Tag() != "!") {   // "!" = quoted: then it is a text whatever it looks like
    if (*value == "true") return "1";
    if (*value == "false") return "0";
  }
  const auto number = to_number(*value);
  if (number && *number == std::floor(*number) && std::abs(*number) < 9e15) return std::to_string(static_cast<std::int64_t>(*number));
  return value;
}

std::optional<double> Value::number(double least, double greatest) const {
  const auto raw = text();
  if (!raw) return std::nullopt;
  const auto value = to_number(*raw);
  if (value && *value >= least && *value <= greatest) return value;
  std::string range = "a number";
  if (greatest < 1e300) range += " from " + format_number(least) + " to " + format_number(greatest);
  else if (least > -1e300) range += " of at least " + format_number(least);
  problem("must be " + range + ", got " + quoted(*raw));
  return std::nullopt;
}

std::optional<std::uint64_t> Value::whole(std::uint64_t least, std::uint64_t greatest) const {
  const auto raw = text();
  if (!raw) return std::nullopt;
  std::uint64_t value = 0;
  const auto end = raw->data() + raw->size();
  const auto parsed = std::from_chars(raw->data(), end, value);
  if (parsed.ec == std::errc{} && parsed.ptr == end && value >= least && value <= greatest) return value;
  problem("must be a whole number from " + std::to_string(least) + " to " + std::to_string(greatest) + ", got " + quoted(*raw));
  return std::nullopt;
}

std::optional<std::uint64_t> Value::size() const {
  const auto raw = text();
  if (!raw) return std::nullopt;
  std::uint64_t value = 0;
  const auto end = raw->data() + raw->size();
  const auto parsed = std::from_chars(raw->data(), end, value);
  const std::string_view unit(parsed.ptr, static_cast<std::size_t>(end - parsed.ptr));
  constexpr std::string_view units[] = {"B", "KB", "MB", "GB", "TB"};
  const auto found = unit.empty() ? std::begin(units) : std::find(std::begin(units), std::end(units), unit);
  const auto shift = 10 * static_cast<unsigned>(found - std::begin(units));
  if (parsed.ec == std::errc{} && found != std::end(units) && value > 0 && value < (1ULL << (60 - shift))) return value << shift;
  problem("must be a size such as 512KB, 64MB or 1GB, got " + quoted(*raw));
  return std::nullopt;
}

std::optional<Millis> Value::duration(Millis least) const {
  const auto raw = text();
  if (!raw) return std::nullopt;
  const auto value = parse_duration(*raw);
  if (value.has_error()) {
    problem(value.error().what);
    return std::nullopt;
  }
  if (*value >= least) return *value;
  problem("must be at least " + format_duration(least) + ", got " + quoted(*raw));
  return std::nullopt;
}

std::optional<std::size_t> Value::one_of(std::span<const char* const> names) const {
  const auto raw = text();
  if (!raw) return std::nullopt;
  const auto found = std::find(names.begin(), names.end(), *raw);
  if (found != names.end()) return static_cast<std::size_t>(found - names.begin());
  const std::vector<std::string_view> known(names.begin(), names.end());
  std::string message = "must be one of " + join(known) + ", got " + quoted(*raw);
  if (const auto meant = closest(*raw, known)) message += "; did you mean '" + *meant + "'?";
  problem(message);
  return std::nullopt;
}

std::vector<Value> Value::list() const {
  std::vector<Value> out;
  if (!node_.IsSequence()) {
    problem("must be a list");
    return out;
  }
  for (std::size_t i = 0; i < node_.size(); ++i) out.emplace_back(node_[i], path_ + "[" + std::to_string(i) + "]", *problems_);
  return out;
}

Map::Map(const Value& value) : self_(value) {
  if (!value.node().IsMap()) value.problem("must be a mapping (key: value)");
}

std::string Map::path_of(std::string_view key) const {
  return self_.path().empty() ? std::string(key) : self_.path() + "." + std::string(key);
}

std::optional<Value> Map::get(std::string_view key) {
  asked_.push_back(key);
  if (!self_.node().IsMap()) return std::nullopt;
  // Not operator[]: on a const node it throws for absent keys of odd kinds, and yaml-cpp takes the first of repeated ones.
  for (const auto& item : self_.node()) {
    if (item.first.IsScalar() && item.first.Scalar() == key) {
      if (item.second.IsNull()) return std::nullopt;
      return Value(item.second, path_of(key), self_.problems());
    }
  }
  return std::nullopt;
}

std::optional<Value> Map::require(std::string_view key) {
  auto value = get(key);
  if (!value && self_.node().IsMap()) self_.problems().add(self_.node().Mark(), path_of(key), "is required");
  return value;
}

void Map::finish() {
  if (!self_.node().IsMap()) return;
  std::set<std::string> seen;
  for (const auto& item : self_.node()) {
    if (!item.first.IsScalar()) {
      self_.problems().add(item.first.Mark(), self_.path(), "a key must be a plain word");
      continue;
    }
    const std::string key = item.first.Scalar();
    if (!seen.insert(key).second) self_.problems().add(item.first.Mark(), path_of(key), "given twice");
    if (std::find(asked_.begin(), asked_.end(), key) != asked_.end()) continue;
    std::string message = "unknown key";
    if (const auto meant = closest(key, asked_)) message += "; did you mean '" + *meant + "'?";
    self_.problems().add(item.first.Mark(), path_of(key), message + " (known: " + join(asked_) + ")");
  }
}

void Map::read(std::string_view key, std::string& out) {
  if (const auto value = get(key)) out = value->text().value_or(out);
}
void Map::read(std::string_view key, Millis& out, Millis least) {
  if (const auto value = get(key)) out = value->duration(least).value_or(out);
}
void Map::read(std::string_view key, std::uint64_t& out, std::uint64_t least, std::uint64_t greatest) {
  if (const auto value = get(key)) out = value->whole(least, greatest).value_or(out);
}
void Map::read_size(std::string_view key, std::uint64_t& out) {
  if (const auto value = get(key)) out = value->size().value_or(out);
}
void Map::read(std::string_view key, double& out, double least, double greatest) {
  if (const auto value = get(key)) out = value->number(least, greatest).value_or(out);
}

}  // namespace pilotwatch::settings
