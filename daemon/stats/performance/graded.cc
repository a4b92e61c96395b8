// SPDX-License-Identifier: Apache-2.0
#include "stats/performance/graded.h"

#include "base/result.h"

namespace pilotwatch::stats {
namespace {

template <class Counts>
void plus(Counts& into, const Counts& other) {
  for (std::size_t i = 0; i < into.size(); ++i) into[i] += other[i];
}

template <class Counts>
void minus(Counts& into, const Counts& other) {
  for (std::size_t i = 0; i < into.size(); ++i) into[i] -= other[i];
}

template <class Counts>
std::uint64_t total(const Counts& counts) {
  std::uint64_t sum = 0;
  for (const auto count : counts) sum += count;
  return sum;
}

template <class Counts>
void read_counts(ByteReader& in, Counts& counts) {
  for (auto& count : counts) {
    count = in.u64();
    if (count >> 61 != 0) throw CorruptBytes("count too large");
  }
}

Counted share(std::uint64_t part, std::uint64_t n) { return {static_cast<double>(part) / static_cast<double>(n), n}; }

}  // namespace

VerdictCounts& VerdictCounts::operator+=(const VerdictCounts& other) {
  plus(counts_, other.counts_);
  return *this;
}

VerdictCounts& VerdictCounts::operator-=(const VerdictCounts& other) {
  minus(counts_, other.counts_);
  return *this;
}

std::uint64_t VerdictCounts::n() const { return total(counts_); }

Answer<Counted> VerdictCounts::rate(Verdict verdict) const {
  if (n() == 0) return Undefined::no_data;
  return share(count(verdict), n());
}

Answer<Counted> VerdictCounts::right_of_answered() const {
  if (n() == 0) return Undefined::no_data;
  const auto answered = n() - count(Verdict::refused);
  if (answered == 0) return Undefined::zero_denominator;
  return share(count(Verdict::right), answered);
}

void VerdictCounts::write(ByteWriter& out) const {
  for (const auto count : counts_) out.u64(count);
}

void VerdictCounts::read(ByteReader& in) { read_counts(in, counts_); }

void StanceCounts::add(int stance, std::int64_t times) {
  PW_ASSERT(stance >= -2 && stance <= 2);
  counts_[static_cast<std::size_t>(stance + 2)] += static_cast<std::uint64_t>(times);
}

StanceCounts& StanceCounts::operator+=(const StanceCounts& other) {
  plus(counts_, other.counts_);
  return *this;
}

StanceCounts& StanceCounts::operator-=(const StanceCounts& other) {
  minus(counts_, other.counts_);
  return *this;
}

std::uint64_t StanceCounts::count(int stance) const {
  PW_ASSERT(stance >= -2 && stance <= 2);
  return counts_[static_cast<std::size_t>(stance + 2)];
}

std::uint64_t StanceCounts::n() const { return total(counts_); }

Answer<Counted> StanceCounts::mean() const {
  if (n() == 0) return Undefined::no_data;
  const auto of = [&](int stance) { return static_cast<double>(count(stance)); };
  return Counted{(2 * (of(2) - of(-2)) + of(1) - of(-1)) / static_cast<double>(n()), n()};
}

Answer<Counted> StanceCounts::negative_share() const {
  if (n() == 0) return Undefined::no_data;
  return share(count(-2) + count(-1), n());
}

void StanceCounts::write(ByteWriter& out) const {
  for (const auto count : counts_) out.u64(count);
}

void StanceCounts::read(ByteReader& in) { read_counts(in, counts_); }

}  // namespace pilotwatch::stats
