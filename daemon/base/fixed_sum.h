// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <cstdint>

#include "base/bytes.h"

namespace pilotwatch {

/// A sum of doubles that can be merged and subtracted in any order with the same bits as result: each addend is rounded
/// to a multiple of 2^-40 (9e-13), taken `times` (at most 2^30) and summed as a 192-bit integer. Addends are at most
/// twice what `fits` (a difference of two); no number of them can overflow.
class FixedSum {
 public:
  static constexpr double max_addend = 0x1p55;
  [[nodiscard]] static bool fits(double value) { return std::abs(value) <= max_addend; }

  void add(double value, std::int64_t times) {
    const Int128 product = to_fixed(value) * times;  // < 2^96 * 2^30
    add(static_cast<Uint128>(product), product < 0 ? -1 : 0);
  }
  FixedSum& operator+=(const FixedSum& other) {
    add(other.low_, other.high_);
    return *this;
  }
  [[nodiscard]] double value() const {
    const bool negative = high_ < 0;
    const Uint128 low = negative ? ~low_ + 1 : low_;
    const auto high =
        negative ? ~static_cast<std::uint64_t>(high_) + (low == 0 ? 1 : 0) : static_cast<std::uint64_t>(high_);
    const double size = static_cast<double>(low) * 0x1p-40 + static_cast<double>(high) * 0x1p88;
    return negative ? -size : size;
  }
  bool operator==(const FixedSum&) const = default;

  void write(ByteWriter& out) const {
    out.u64(static_cast<std::uint64_t>(low_));
    out.u64(static_cast<std::uint64_t>(low_ >> 64));
    out.i64(high_);
  }
  void read(ByteReader& in) {
    const auto low = in.u64();
    low_ = static_cast<Uint128>(in.u64()) << 64 | low;
    high_ = in.i64();
  }

 private:
  __extension__ using Int128 = __int128;
  __extension__ using Uint128 = unsigned __int128;
  static Int128 to_fixed(double value) { return static_cast<Int128>(std::ldexp(value, 40) + (value < 0 ? -0.5 : 0.5)); }
  void add(Uint128 low, std::int64_t high) {
    low_ += low;
    high_ += high + (low_ < low ? 1 : 0);
  }
  Uint128 low_ = 0;  ///< two's complement with high_
  std::int64_t high_ = 0;
};

}  // namespace pilotwatch
