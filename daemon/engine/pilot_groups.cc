// SPDX-License-Identifier: Apache-2.0
// The groups that a record is in, by index.
#include <algorithm>

#include "engine/counting.h"
#include "engine/pilot.h"

namespace pilotwatch::engine {

/// Of a value as it was given. `unknown` takes no place from other values, and is never one of the others.
std::uint16_t PilotState::group_index(std::size_t attribute, const std::string& name) {
  const auto& segments = settings_->segments;
  auto& values = values_[attribute];
  const auto find = [&values](const std::string& wanted) {
    return static_cast<std::size_t>(std::find(values.begin(), values.end(), wanted) - values.begin());
  };
  auto index = find(name);
  const auto taken = values.size() - (find(unknown_value) < values.size() ? 1 : 0);
  const auto given = segments.values.find(groupings_[attribute]);
  const bool counts = name == unknown_value ||
                      (given == segments.values.end()
                           ? index < values.size() || taken < segments.max_values
                           : std::find(given->second.begin(), given->second.end(), name) != given->second.end());
  if (!counts) {
    bump(counters_.label_overflows, groupings_[attribute]);
    index = find(other_value);
  }
  if (index == values.size()) values.push_back(counts ? name : other_value);
  return static_cast<std::uint16_t>(index);
}

/// The same, of a text of the batch.
std::uint16_t PilotState::group_index(std::size_t attribute, const record::Batch& batch, record::StringRef text) {
  const std::size_t kind = memo_values() + attribute;
  if (const auto known = memo_.find(batch, kind, text)) return static_cast<std::uint16_t>(*known);
  const auto& name = batch.text(text);
  const auto index = group_index(attribute, name);
  // One of the others is counted as such each time; and where all others are, their name is one of them.
  if (values_[attribute][index] == name && name != other_value) memo_.keep(batch, kind, text, index);
  return index;
}

std::uint16_t PilotState::pair_index(std::size_t pair, std::uint16_t first, std::uint16_t second) {
  const auto key = std::uint32_t{first} << 16 | second;
  if (const auto known = pair_values_[pair].find(key); known != pair_values_[pair].end()) return known->second;
  const auto [a, b] = pairs_[pair];
  const auto name = settings::pair_value(group_name(a, first), group_name(b, second));
  const auto grouping = settings_->segments.attributes.size() + pair;
  const auto index = group_index(grouping, name);
  if (values_[grouping][index] == name && name != other_value) pair_values_[pair].emplace(key, index);
  return index;
}

/// Those that are given; no_group elsewhere, but for `missing` where that is not empty.
Groups PilotState::group_indexes(const record::Batch& batch, const std::vector<record::NamedText>& segments,
                                 const std::string& missing) {
  auto groups = no_groups;
  const auto& attributes = settings_->segments.attributes;
  for (const auto& segment : segments) {
    const std::size_t attribute = memo_.at(batch, Memo::attribute, segment.name, [&] {
      const auto found = std::find(attributes.begin(), attributes.end(), batch.text(segment.name));
      return static_cast<std::uint32_t>(found - attributes.begin());
    });
    if (attribute < attributes.size()) groups[attribute] = group_index(attribute, batch, segment.value);
  }
  for (std::size_t i = 0; i < attributes.size() && !missing.empty(); ++i) {
    if (groups[i] == no_group) groups[i] = group_index(i, missing);
  }
  for (std::size_t i = 0; i < pairs_.size(); ++i) {
    const auto [first, second] = pairs_[i];
    if (groups[first] == no_group || groups[second] == no_group) continue;
    groups[attributes.size() + i] = pair_index(i, groups[first], groups[second]);
  }
  return groups;
}

}  // namespace pilotwatch::engine
