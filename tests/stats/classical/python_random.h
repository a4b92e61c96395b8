// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cmath>
#include <cstdint>
#include <optional>
#include <vector>

namespace pilotwatch::stats::testing {

/// The numbers of Python's random.Random(seed), 0 <= seed < 2^32: streams whose detections are published with a seed
/// only. Mersenne Twister (Matsumoto, Nishimura 1998) with init_by_array, 53-bit doubles, gauss by Box and Muller.
class PythonRandom {
 public:
  explicit PythonRandom(std::uint32_t seed) {
    state_[0] = 19650218;
    for (std::uint32_t i = 1; i < size; ++i) state_[i] = 1812433253U * mixed(i) + i;
    std::size_t i = 1;
    const auto turn = [&] {
      if (++i < size) return;
      state_[0] = state_[size - 1];
      i = 1;
    };
    for (std::size_t k = 0; k < size; ++k, turn()) state_[i] = (state_[i] ^ mixed(i) * 1664525U) + seed;
    for (std::size_t k = 1; k < size; ++k, turn()) {
      state_[i] = (state_[i] ^ mixed(i) * 1566083941U) - static_cast<std::uint32_t>(i);
    }
    state_[0] = 0x80000000;
  }

  double random() {
    const std::uint32_t high = next() >> 5, low = next() >> 6;
    return (high * 67108864.0 + low) / 9007199254740992.0;
  }
  double gauss(double mean, double sd) {
    if (spare_) {
      const double z = *spare_;
      spare_.reset();
      return mean + z * sd;
    }
    const double angle = random() * 2 * 3.14159265358979323846;
    const double radius = std::sqrt(-2 * std::log(1 - random()));
    spare_ = std::sin(angle) * radius;
    return mean + std::cos(angle) * radius * sd;
  }
  /// Appends `n` choices from first, first + 1, ..., first + kinds - 1.
  void choices(std::vector<double>& out, int first, int kinds, int n) {
    for (int i = 0; i < n; ++i) out.push_back(first + std::floor(random() * kinds));
  }

 private:
  static constexpr std::size_t size = 624, far = 397;
  [[nodiscard]] std::uint32_t mixed(std::size_t i) const { return state_[i - 1] ^ state_[i - 1] >> 30; }

  std::uint32_t next() {
    if (at_ == size) {
      for (std::size_t i = 0; i < size; ++i) {
        const std::uint32_t y = (state_[i] & 0x80000000U) | (state_[(i + 1) % size] & 0x7FFFFFFFU);
        state_[i] = state_[(i + far) % size] ^ y >> 1 ^ (y % 2 == 0 ? 0U : 0x9908B0DFU);
      }
      at_ = 0;
    }
    std::uint32_t y = state_[at_++];
    y ^= y >> 11;
    y ^= y << 7 & 0x9D2C5680U;
    y ^= y << 15 & 0xEFC60000U;
    return y ^ y >> 18;
  }

  std::array<std::uint32_t, size> state_{};
  std::size_t at_ = size;
  std::optional<double> spare_;
};

}  // namespace pilotwatch::stats::testing
