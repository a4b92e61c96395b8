// SPDX-License-Identifier: Apache-2.0
#include "base/fixed_sum.h"

#include "base/result.h"

namespace pilotwatch {
namespace {

__extension__ using Uint128 = unsigned __int128;
using Words = std::array<std::uint64_t, 4>;
constexpr int fraction_bits = 80;

void negate(Words& words) {
  std::uint64_t carry = 1;
  for (auto& word : words) {
    word = ~word + carry;
    carry = carry != 0 && word == 0 ? 1U : 0U;
  }
}

}  // namespace

void FixedSum::add(double value, std::int64_t times) {
  PW_ASSERT(std::abs(value) <= max_addend);  // NaN fails it too
  if (value == 0 || times == 0) return;
  int exponent = 0;
  const double mantissa = std::frexp(std::abs(value), &exponent);  // [1/2, 1)
  auto whole = static_cast<std::uint64_t>(std::ldexp(mantissa, 53));
  int shift = exponent - 53 + fraction_bits;
  if (shift < 0) {
    if (shift < -54) return;  // less than half of the last place
    whole = (whole + (std::uint64_t{1} << (-shift - 1))) >> -shift;
    shift = 0;
  }
  const bool negative = (value < 0) != (times < 0);
  const auto size = times < 0 ? ~static_cast<std::uint64_t>(times) + 1 : static_cast<std::uint64_t>(times);
  const Uint128 product = static_cast<Uint128>(whole) * size;  // < 2^53 * 2^63
  Words words{};
  const auto first = static_cast<std::size_t>(shift / 64);
  const int bits = shift % 64;
  const auto low = static_cast<std::uint64_t>(product), high = static_cast<std::uint64_t>(product >> 64);
  const std::uint64_t parts[] = {low << bits, bits == 0 ? high : (high << bits) | (low >> (64 - bits)),
                                 bits == 0 ? 0 : high >> (64 - bits)};
  for (std::size_t i = 0; i < 3 && first + i < words.size(); ++i) words[first + i] = parts[i];
  if (negative) negate(words);
  add(words);
}

void FixedSum::add(const Words& words) {
  Uint128 carry = 0;
  for (std::size_t i = 0; i < words_.size(); ++i) {
    carry += static_cast<Uint128>(words_[i]) + words[i];
    words_[i] = static_cast<std::uint64_t>(carry);
    carry >>= 64;
  }
}

FixedSum& FixedSum::operator+=(const FixedSum& other) {
  add(other.words_);
  return *this;
}

FixedSum& FixedSum::operator-=(const FixedSum& other) {
  auto words = other.words_;
  negate(words);
  add(words);
  return *this;
}

FixedSum::Split FixedSum::split() const {
  auto words = words_;
  const bool negative = words[3] >> 63 != 0;
  if (negative) negate(words);
  // Word by word from the top, each step exact but for what falls below 106 bits (Dekker's two-sum).
  double high = 0, low = 0;
  for (std::size_t i = words.size(); i-- > 0;) {
    for (const int half : {32, 0}) {
      const double part = std::ldexp(static_cast<double>(words[i] >> half & 0xFFFF'FFFFU),
                                     static_cast<int>(i) * 64 + half - fraction_bits);
      const double sum = high + part;
      const double rest = part - (sum - high);  // |high| >= |part| wherever high != 0
      high = sum;
      low += rest;
    }
  }
  const double sum = high + low;
  low -= sum - high;
  return negative ? Split{-sum, -low} : Split{sum, low};
}

void FixedSum::write(ByteWriter& out) const {
  for (const auto word : words_) out.u64(word);
}

void FixedSum::read(ByteReader& in) {
  for (auto& word : words_) word = in.u64();
}

}  // namespace pilotwatch
