// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <bit>
#include <boost/unordered/unordered_flat_map.hpp>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "engine/reference.h"
#include "record/record.h"
#include "stats/distance/position_finder.h"

namespace pilotwatch::engine {

/// A feature's value in one decision, as it waits and is counted: 16 bytes and no text. FeatureValue is the same with
/// its text.
class Value {
 public:
  enum class Kind : std::uint8_t { missing, number, category };

  Value() = default;
  static Value of_number(double x) { return {Kind::number, std::bit_cast<std::uint64_t>(x)}; }
  static Value of_category(std::uint32_t name) { return {Kind::category, name}; }

  [[nodiscard]] Kind kind() const { return kind_; }
  [[nodiscard]] double number() const { return std::bit_cast<double>(bits_); }
  [[nodiscard]] std::uint32_t category() const { return static_cast<std::uint32_t>(bits_); }  ///< in CategoryNames

  /// FrozenFeature::position in the reference that the row was placed in last; a value that is present.
  std::uint32_t position = 0;

 private:
  Value(Kind kind, std::uint64_t bits) : kind_(kind), bits_(bits) {}
  Kind kind_ = Kind::missing;
  std::uint64_t bits_ = 0;
};

/// The categories of one feature that wait somewhere, by number. Numbers are no part of the state: they are given anew
/// after a load, and again once nothing that waits has them.
class CategoryNames {
 public:
  std::uint32_t number_of(std::string_view name);
  [[nodiscard]] const std::string& name(std::uint32_t number) const { return names_[number]; }
  /// One above the greatest number.
  [[nodiscard]] std::size_t size() const { return names_.size(); }
  [[nodiscard]] std::size_t in_use() const { return numbers_.size(); }
  /// Forgets all but those; their numbers stay.
  void keep_only(const std::vector<bool>& used);

 private:
  std::deque<std::string> names_;  ///< stay where they are: numbers_ has views of them
  boost::unordered_flat_map<std::string_view, std::uint32_t> numbers_;
  std::vector<std::uint32_t> free_;
};
/// By column.
using ColumnNames = std::vector<CategoryNames>;

void write_values(ByteWriter& out, std::span<const Value> row, const ColumnNames& names);
/// Of `names.size()` values, or of none (`row` is left as it is; false).
bool read_values(ByteReader& in, std::span<Value> row, ColumnNames& names);
[[nodiscard]] FeatureRow with_text(std::span<const Value> row, const ColumnNames& names);

/// Rows of equal width that come and go with decisions that wait. A row stays where it is until it is given back.
class ValueRows {
 public:
  explicit ValueRows(std::size_t width) : width_(width) {}
  std::uint32_t take();
  void give_back(std::uint32_t row) { free_.push_back(row); }
  [[nodiscard]] std::span<Value> operator[](std::uint32_t row) {
    return {chunks_[row / chunk_rows].get() + row % chunk_rows * width_, width_};
  }
  [[nodiscard]] std::span<const Value> operator[](std::uint32_t row) const {
    return {chunks_[row / chunk_rows].get() + row % chunk_rows * width_, width_};
  }

 private:
  static constexpr std::uint32_t chunk_rows = 64;
  std::size_t width_;
  std::vector<std::unique_ptr<Value[]>> chunks_;
  std::vector<std::uint32_t> free_;
};

/// Finds the positions of rows in references; a category's is looked up by name once.
class Placer {
 public:
  void place(std::span<Value> row, const Reference& reference, const ColumnNames& names);
  /// Numbers of categories mean something else from here on, or references are gone.
  void forget() { known_.clear(); }

 private:
  struct Known {
    const Reference* reference;
    std::vector<std::vector<std::uint32_t>> by_column;  ///< then by number
    std::vector<stats::PositionFinder> finders;         ///< by column
  };
  Known& known(const Reference& reference);
  std::vector<Known> known_;
};

/// Adds one row, placed in that reference, to a cell's histograms.
void add_values(Cell& cell, const Reference& reference, std::span<const Value> row, std::int64_t times);

}  // namespace pilotwatch::engine
