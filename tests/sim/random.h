// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <random>

namespace pilotwatch::sim {

/// Everything that happens by chance in a world, from its one seed; the same on every machine.
class Random {
 public:
  explicit Random(std::uint64_t seed) : bits_(seed) {}

  std::uint64_t bits() { return bits_(); }
  /// 0 .. n - 1; 0 where n is 0.
  std::uint64_t below(std::uint64_t n) { return n == 0 ? 0 : bits_() % n; }
  std::int64_t between(std::int64_t least, std::int64_t most) {
    return least + static_cast<std::int64_t>(below(static_cast<std::uint64_t>(most - least) + 1));
  }
  /// Once in so many times.
  bool one_in(std::uint64_t n) { return below(n) == 0; }
  bool percent(std::uint64_t of_hundred) { return below(100) < of_hundred; }

 private:
  std::mt19937_64 bits_;
};

}  // namespace pilotwatch::sim
