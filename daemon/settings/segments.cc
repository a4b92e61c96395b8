// SPDX-License-Identifier: Apache-2.0
// Groups: attributes, pairs of them, and which of their values count.
#include <algorithm>

#include "settings/sections.h"

namespace pilotwatch::settings {
namespace {

constexpr std::uint64_t most = 1'000'000'000;
constexpr std::size_t max_listed_values = 10'000;
constexpr char separator = '*';  // no character of a name; in values it has a backslash before it

std::string escaped(std::string_view value) {
  std::string out;
  for (const char c : value) {
    if (c == separator || c == '\\') out += '\\';
    out += c;
  }
  return out;
}

class SegmentsReader {
 public:
  SegmentsReader(const Value& value, Segments& out) : map_(value), out_(out) {}

  void read() {
    if (const auto list = map_.take("attributes")) attributes(*list);
    if (const auto list = map_.take("pairs")) pairs(*list);
    map_.read("min_n", out_.min_n, &Value::whole, Whole{1, most});
    map_.read("max_values", out_.max_values, &Value::whole, Whole{1, 10'000});
    if (const auto groups = map_.take("reference_groups")) reference_groups(*groups);
    if (const auto values = map_.take("values")) segment_values(*values);
    map_.finish();
  }

 private:
  void attributes(const Value& list) {
    UniqueNames names;
    for (const auto& item : list.items()) {
      const auto name = item.name();
      if (!name) continue;
      names.add(item, *name);
      out_.attributes.push_back(*name);
    }
    if (out_.attributes.size() > max_attributes) list.problem("must be at most 8 attributes");
  }

  void pairs(const Value& list) {
    for (const auto& item : list.items()) {
      if (auto pair = read_pair(item)) out_.pairs.push_back(std::move(*pair));
    }
    if (out_.pairs.size() > max_pairs) list.problem("must be at most 4 pairs");
  }

  std::optional<AttributePair> read_pair(const Value& item) {
    if (!item.node().IsSequence() || item.node().size() != 2) {
      item.problem("must be a list of two attributes, such as [district, sex]");
      return std::nullopt;
    }
    const std::vector<std::string_view> known(out_.attributes.begin(), out_.attributes.end());
    std::vector<std::string> names;
    for (const auto& part : item.items()) {
      const auto name = part.text();
      if (name && part.must_be_known(*name, "an attribute of segments", known)) names.push_back(*name);
    }
    if (names.size() != 2) return std::nullopt;
    if (names[0] == names[1]) {
      item.problem("needs two different attributes");
      return std::nullopt;
    }
    const bool twice = std::any_of(out_.pairs.begin(), out_.pairs.end(), [&](const AttributePair& pair) {
      return std::minmax(pair.first, pair.second) == std::minmax(names[0], names[1]);
    });
    if (twice) item.problem("this pair is given twice");
    return AttributePair{names[0], names[1]};
  }

  /// By attribute: the values that count.
  void segment_values(const Value& value) {
    MapReader map(value);
    for (const auto& [attribute, list] : map.take_all()) {
      must_be(attribute, list, out_.attributes);
      auto& values = out_.values[attribute];
      UniqueNames names;
      for (const auto& item : list.items()) {
        const auto name = item.filled_text();
        if (!name) continue;
        names.add(item, *name);
        values.push_back(*name);
      }
      if (values.empty() || values.size() > max_listed_values) list.problem("needs 1 to 10000 values");
    }
  }

  /// By attribute or pair: the group that the others are compared with.
  void reference_groups(const Value& value) {
    MapReader map(value);
    for (const auto& [attribute, group] : map.take_all()) {
      must_be(attribute, group, out_.groupings());
      if (const auto name = group.filled_text()) out_.reference_groups[attribute] = *name;
    }
  }

  static void must_be(const std::string& attribute, const Value& value, const std::vector<std::string>& names) {
    const std::vector<std::string_view> known(names.begin(), names.end());
    if (std::find(known.begin(), known.end(), attribute) == known.end())
      value.key_problem(in_quotes(attribute) + " is not an attribute of segments" + instead(attribute, "known", known));
  }

  MapReader map_;
  Segments& out_;
};

}  // namespace

std::string AttributePair::name() const { return first + separator + second; }

std::string pair_value(std::string_view first, std::string_view second) {
  return escaped(first) + separator + escaped(second);
}

std::optional<std::pair<std::string, std::string>> split_pair_value(std::string_view value) {
  std::string parts[2];
  std::size_t part = 0;
  for (std::size_t i = 0; i < value.size(); ++i) {
    if (value[i] == separator) {
      if (++part > 1) return std::nullopt;
    } else {
      if (value[i] == '\\' && ++i == value.size()) return std::nullopt;
      parts[part] += value[i];
    }
  }
  if (part != 1) return std::nullopt;
  return std::pair(std::move(parts[0]), std::move(parts[1]));
}

std::vector<std::string> Segments::groupings() const {
  auto out = attributes;
  for (const auto& pair : pairs) out.push_back(pair.name());
  return out;
}

void read_segments(const Value& value, Segments& segments) { SegmentsReader(value, segments).read(); }

}  // namespace pilotwatch::settings
