// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numbers>
#include <thread>
#include <vector>

namespace pilotwatch::stats::simulation {

/// SplitMix64: a nanosecond a number. Streams are seeded by (seed, index), so results do not depend on threads.
class Random {
 public:
  Random(std::uint64_t seed, std::uint64_t stream) : state_(seed * 0x9E37'79B9'7F4A'7C15U + stream) {
    for (int i = 0; i < 4; ++i) state_ = bits();
  }
  std::uint64_t bits() {
    std::uint64_t z = state_ += 0x9E37'79B9'7F4A'7C15U;
    z = (z ^ (z >> 30)) * 0xBF58'476D'1CE4'E5B9U;
    z = (z ^ (z >> 27)) * 0x94D0'49BB'1331'11EBU;
    return z ^ (z >> 31);
  }
  double uniform() { return (static_cast<double>(bits() >> 11) + .5) * 0x1p-53; }
  bool bernoulli(double p) { return uniform() < p; }
  double normal() {
    if (has_spare_) {
      has_spare_ = false;
      return spare_;
    }
    const double radius = std::sqrt(-2 * std::log(uniform())), angle = 2 * std::numbers::pi * uniform();
    spare_ = radius * std::sin(angle);
    has_spare_ = true;
    return radius * std::cos(angle);
  }
  std::uint64_t poisson(double mean) {  // by multiplication: small means only
    const double limit = std::exp(-mean);
    std::uint64_t count = 0;
    for (double product = uniform(); product > limit; product *= uniform()) ++count;
    return count;
  }

 private:
  std::uint64_t state_;
  double spare_ = 0;
  bool has_spare_ = false;
};

/// f(stream index) for `streams` streams on all cores; results by index.
template <class F>
auto each_stream(int streams, F f) {
  std::vector<decltype(f(0))> out(static_cast<std::size_t>(streams));
  const unsigned cores = std::max(1U, std::thread::hardware_concurrency());
  std::vector<std::thread> threads;
  for (unsigned core = 0; core < cores; ++core) {
    threads.emplace_back([&, core] {
      for (auto i = core; i < out.size(); i += cores) out[i] = f(static_cast<int>(i));
    });
  }
  for (auto& thread : threads) thread.join();
  return out;
}

/// Mean and the standard error of it.
struct Mean {
  double value = 0, error = 0;
};
inline Mean mean_of(const std::vector<double>& values) {
  const auto n = static_cast<double>(values.size());
  double sum = 0, square = 0;
  for (const double value : values) sum += value;
  for (const double value : values) square += (value - sum / n) * (value - sum / n);
  return {sum / n, n > 1 ? std::sqrt(square / (n - 1) / n) : 0};
}
inline double median_of(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const auto n = values.size();
  return n % 2 == 1 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
}

}  // namespace pilotwatch::stats::simulation
