// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstring>

namespace pilotwatch::stats {

/// Four numbers of single precision in one register (an extension that GCC and Clang share). Operations are lane by
/// lane and rounded as the plain ones are, so results are the same bits on every machine.
using Lanes = float __attribute__((vector_size(16)));
inline constexpr std::size_t lanes = 4;

/// Unaligned load of four numbers.
[[nodiscard]] inline Lanes load_lanes(const float* from) {
  Lanes out;
  std::memcpy(&out, from, sizeof out);
  return out;
}
inline void store_lanes(const Lanes& from, float* to) { std::memcpy(to, &from, sizeof from); }

}  // namespace pilotwatch::stats
