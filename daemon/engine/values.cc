// SPDX-License-Identifier: Apache-2.0
#include "engine/values.h"

#include <algorithm>

namespace pilotwatch::engine {
namespace {

constexpr std::uint32_t not_looked_up = 0xFFFF'FFFE;

}  // namespace

std::uint32_t CategoryNames::number_of(std::string_view name) {
  if (const auto known = numbers_.find(name); known != numbers_.end()) return known->second;
  std::uint32_t number = 0;
  if (free_.empty()) {
    number = static_cast<std::uint32_t>(names_.size());
    names_.emplace_back(name);
  } else {
    number = free_.back();
    free_.pop_back();
    names_[number] = name;
  }
  numbers_.emplace(names_[number], number);
  return number;
}

void CategoryNames::keep_only(const std::vector<bool>& used) {
  for (std::uint32_t number = 0; number < names_.size(); ++number) {
    if (used[number]) continue;
    const auto known = numbers_.find(names_[number]);
    if (known == numbers_.end() || known->second != number) continue;  // free already
    numbers_.erase(known);
    names_[number].clear();
    free_.push_back(number);
  }
}

void write_values(ByteWriter& out, std::span<const Value> row, const ColumnNames& names) {
  out.u64(row.size());
  for (std::size_t i = 0; i < row.size(); ++i) {
    out.u64(static_cast<std::uint64_t>(row[i].kind()));
    if (row[i].kind() == Value::Kind::number) out.f64(row[i].number());
    if (row[i].kind() == Value::Kind::category) out.text(names[i].name(row[i].category()));
  }
}

bool read_values(ByteReader& in, std::span<Value> row, ColumnNames& names) {
  const auto size = in.count(1);
  if (size == 0) return false;
  if (size != row.size()) throw CorruptBytes("a decision with other features");
  for (std::size_t i = 0; i < size; ++i) {
    const auto kind = in.u64();
    row[i] = {};
    if (kind == 1) row[i] = Value::of_number(in.f64());
    if (kind == 2) row[i] = Value::of_category(names[i].number_of(in.text()));
  }
  return true;
}

FeatureRow with_text(std::span<const Value> row, const ColumnNames& names) {
  FeatureRow out(row.size());
  for (std::size_t i = 0; i < row.size(); ++i) {
    if (row[i].kind() == Value::Kind::number) out[i].number = row[i].number();
    if (row[i].kind() == Value::Kind::category) out[i].category = names[i].name(row[i].category());
  }
  return out;
}

std::uint32_t ValueRows::take() {
  if (free_.empty()) {
    const auto first = static_cast<std::uint32_t>(chunks_.size() * chunk_rows);
    chunks_.push_back(std::make_unique<Value[]>(chunk_rows * width_));
    for (std::uint32_t i = chunk_rows; i > 0; --i) free_.push_back(first + i - 1);
  }
  const auto row = free_.back();
  free_.pop_back();
  return row;
}

Placer::Known& Placer::known(const Reference& reference) {
  for (auto& known : known_) {
    if (known.reference == &reference) return known;
  }
  auto& made = known_.emplace_back();
  made.reference = &reference;
  made.by_column.resize(reference.features.size());
  for (const auto& feature : reference.features) made.finders.emplace_back(feature.sample);
  return made;
}

void Placer::place(std::span<Value> row, const Reference& reference, const ColumnNames& names) {
  auto& [same, by_column, finders] = known(reference);
  for (std::size_t i = 0; i < row.size(); ++i) {
    const auto& frozen = reference.features[i];
    auto& value = row[i];
    if (value.kind() == Value::Kind::missing || frozen.n == 0) continue;  // nothing to compare, or with nothing
    if (value.kind() == Value::Kind::number) {
      value.position = static_cast<std::uint32_t>(finders[i].position(value.number()));
      continue;
    }
    auto& positions = by_column[i];
    const auto category = value.category();
    if (positions.size() <= category) positions.resize(names[i].size(), not_looked_up);
    if (positions[category] == not_looked_up) positions[category] = frozen.position_of(names[i].name(category));
    value.position = positions[category];
  }
}

void add_values(Cell& cell, const Reference& reference, std::span<const Value> row, std::int64_t times) {
  if (cell.features.size() < row.size()) cell.features.resize(row.size());
  for (std::size_t i = 0; i < row.size(); ++i) {
    if (reference.features[i].n == 0) continue;  // nothing to compare with
    auto& histogram = cell.features[i];
    if (row[i].kind() == Value::Kind::missing) {
      histogram.missing += static_cast<std::uint64_t>(times);
    } else {
      histogram.positions.add(row[i].position, times);
    }
  }
}

}  // namespace pilotwatch::engine
