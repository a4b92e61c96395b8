// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cmath>
#include <cstdint>

#include "base/bytes.h"

namespace pilotwatch {

/// A sum of doubles that can be merged and taken back in any order with the same bits as result: each addend is rounded
/// to a multiple of 2^-80 (8e-25), taken `times` and summed as a 256-bit integer. An addend of size 4e-9 or more is
/// kept to its last bit.
///
/// Range  |addend| <= max_addend, so the square of every value that `fits` can be summed, and of every difference of
///        two; the absolute `times` of one sum add up to less than 2^62, so that nothing can overflow.
class FixedSum {
 public:
  static constexpr double max_value = 0x1p55;    ///< 3.6e16
  static constexpr double max_addend = 0x1p112;  ///< (2 max_value)^2
  /// Whether a value of a record is small enough that all sums of its powers stay exact.
  [[nodiscard]] static bool fits(double value) { return std::abs(value) <= max_value; }

  /// value: finite, |value| <= max_addend; `times` < 0 takes back.
  void add(double value, std::int64_t times = 1);
  /// Adds value^2 without rounding it first (except below 2^-80): variances do not lose what an offset hides.
  void add_square(double value, std::int64_t times = 1) { add_product(value, value, times); }
  /// Adds x y, likewise.
  void add_product(double x, double y, std::int64_t times = 1) {
    const double product = x * y;
    add(product, times);
    add(std::fma(x, y, -product), times);
  }
  FixedSum& operator+=(const FixedSum& other);
  FixedSum& operator-=(const FixedSum& other);

  /// The sum rounded to the nearest double (to within one last bit).
  [[nodiscard]] double value() const { return split().high; }
  /// high + low is the sum to 106 bits: for differences of large sums.
  struct Split {
    double high, low;
  };
  [[nodiscard]] Split split() const;
  bool operator==(const FixedSum&) const = default;

  void write(ByteWriter& out) const;
  void read(ByteReader& in);

 private:
  using Words = std::array<std::uint64_t, 4>;  ///< least significant first, two's complement
  void add(const Words& words);
  Words words_{};
};

}  // namespace pilotwatch
