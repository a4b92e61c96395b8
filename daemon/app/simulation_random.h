// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <span>

namespace pilotwatch::app {

/// Random numbers that are the same on every machine: xoshiro256** (Blackman, Vigna 2018) seeded by splitmix64; exp and
/// log are our own series, because the standard library's distributions and libm's last bits differ between platforms.
class Dice {
 public:
  explicit Dice(std::uint64_t seed);

  std::uint64_t bits();
  double uniform();  ///< [0, 1), 53 bits
  double uniform(double from, double to) { return from + (to - from) * uniform(); }
  bool chance(double probability) { return uniform() < probability; }
  double normal();  ///< mean 0, standard deviation 1
  double lognormal(double median, double sigma);
  std::uint64_t poisson(double mean);
  std::size_t pick(std::span<const double> weights);  ///< index, with the chance of its weight

 private:
  std::array<std::uint64_t, 4> state_;
};

[[nodiscard]] std::uint64_t splitmix64(std::uint64_t& state);
[[nodiscard]] double portable_exp(double x);
[[nodiscard]] double portable_log(double x);  ///< x > 0
[[nodiscard]] double logistic(double x);

}  // namespace pilotwatch::app
