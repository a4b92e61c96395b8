// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <cstdint>

#include "base/bytes.h"

namespace pilotwatch {

/// A sum of doubles that can be merged and subtracted in any order with the same bits as result: each addend is rounded
/// to a multiple of 2^-40 (9e-13) and summed as a 128-bit integer. Addends must satisfy `fits`; 2^31 of them cannot overflow.
class FixedSum {
 public:
  static constexpr double max_addend = 0x1p55;
  [[nodiscard]] static bool fits(double value) { return std::abs(value) <= max_addend; }

  void add(double value, std::int64_t times) { sum_ += to_fixed(value) * times; }
  FixedSum& operator+=(const FixedSum& other) {
    sum_ += other.sum_;
    return *this;
  }
  [[nodiscard]] double value() const { return static_cast<double>(sum_) * 0x1p-40; }
  bool operator==(const FixedSum&) const = default;

  void write(ByteWriter& out) const {
    out.u64(static_cast<std::uint64_t>(sum_));
    out.i64(static_cast<std::int64_t>(sum_ >> 64));
  }
  void read(ByteReader& in) {
    const auto low = in.u64();
    sum_ = static_cast<Int128>((static_cast<Uint128>(in.i64()) << 64) | low);
  }

 private:
  __extension__ using Int128 = __int128;
  __extension__ using Uint128 = unsigned __int128;
  static Int128 to_fixed(double value) {
    return static_cast<Int128>(std::ldexp(value, 40) + (value < 0 ? -0.5 : 0.5));
  }
  Int128 sum_ = 0;
};

}  // namespace pilotwatch
