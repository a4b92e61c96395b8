// SPDX-License-Identifier: Apache-2.0
#include "app/simulation_random.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace pilotwatch::app {
namespace {

constexpr double ln2 = 0.693147180559945309417;

}  // namespace

std::uint64_t splitmix64(std::uint64_t& state) {
  std::uint64_t z = (state += 0x9E3779B97F4A7C15U);
  z = (z ^ (z >> 30U)) * 0xBF58476D1CE4E5B9U;
  z = (z ^ (z >> 27U)) * 0x94D049BB133111EBU;
  return z ^ (z >> 31U);
}

double portable_exp(double x) {
  x = std::clamp(x, -700.0, 700.0);
  const double halvings = std::floor(x / ln2 + 0.5);
  const double rest = x - halvings * ln2;  // |rest| <= 0.35: 18 terms reach the last bit
  double sum = 1, term = 1;
  for (int i = 1; i <= 18; ++i) {
    term *= rest / i;
    sum += term;
  }
  return std::ldexp(sum, static_cast<int>(halvings));
}

double portable_log(double x) {
  int exponent = 0;
  double mantissa = std::frexp(x, &exponent);
  if (mantissa < 0.70710678118654752) {
    mantissa *= 2;
    --exponent;
  }
  const double s = (mantissa - 1) / (mantissa + 1);  // log m = 2 artanh s, |s| <= 0.172
  double sum = 0, power = s;
  for (int i = 1; i <= 21; i += 2) {
    sum += power / i;
    power *= s * s;
  }
  return exponent * ln2 + 2 * sum;
}

double logistic(double x) { return 1 / (1 + portable_exp(-x)); }

Dice::Dice(std::uint64_t seed) : state_() {
  for (auto& word : state_) word = splitmix64(seed);
}

std::uint64_t Dice::bits() {
  const std::uint64_t result = std::rotl(state_[1] * 5, 7) * 9;
  const std::uint64_t shifted = state_[1] << 17U;
  state_[2] ^= state_[0];
  state_[3] ^= state_[1];
  state_[1] ^= state_[2];
  state_[0] ^= state_[3];
  state_[2] ^= shifted;
  state_[3] = std::rotl(state_[3], 45);
  return result;
}

double Dice::uniform() { return static_cast<double>(bits() >> 11U) * 0x1.0p-53; }

double Dice::normal() {
  // Marsaglia's polar method. Its second value is thrown away: then every draw depends on the state alone.
  while (true) {
    const double a = uniform(-1, 1), b = uniform(-1, 1);
    const double square = a * a + b * b;
    if (square > 0 && square < 1) return a * std::sqrt(-2 * portable_log(square) / square);
  }
}

double Dice::lognormal(double median, double sigma) { return median * portable_exp(sigma * normal()); }

std::uint64_t Dice::poisson(double mean) {
  std::uint64_t count = 0;
  while (mean > 0) {
    const double part = std::min(mean, 16.0);  // sums of Poisson counts are Poisson; exp(-mean) stays far from 0
    const double least = portable_exp(-part);
    for (double product = uniform(); product > least; product *= uniform()) ++count;
    mean -= part;
  }
  return count;
}

std::size_t Dice::pick(std::span<const double> weights) {
  double total = 0;
  for (const double weight : weights) total += weight;
  double point = uniform() * total;
  for (std::size_t i = 0; i + 1 < weights.size(); ++i) {
    if (point < weights[i]) return i;
    point -= weights[i];
  }
  return weights.size() - 1;
}

}  // namespace pilotwatch::app
