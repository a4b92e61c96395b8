// SPDX-License-Identifier: Apache-2.0
#include "engine/row_block.h"

#include <algorithm>
#include <cstring>

#include "base/result.h"

namespace pilotwatch::engine {
namespace {

constexpr std::uint64_t form = 1;

template <class Some>
auto value_of(const Some& some, std::size_t row) -> decltype(&some.front().second) {
  const auto at = std::lower_bound(some.begin(), some.end(), row, [](const auto& a, std::size_t b) { return a.first < b; });
  return at != some.end() && at->first == row ? &at->second : nullptr;
}

}  // namespace

void write_outcome(ByteWriter& out, const OutcomeRow& row) {
  out.time(row.time);
  out.u64(row.content);
  out.f64(row.actual);
  // The commonest, an outcome in time that nobody repeated, takes one byte.
  out.u64(row.in_time == row.time ? 0 : row.in_time == Instant::min() ? 1 : 2);
  if (row.in_time != row.time && row.in_time != Instant::min()) out.time(row.in_time);
}

OutcomeRow read_outcome(ByteReader& in) {
  OutcomeRow row;
  row.time = in.time();
  row.content = in.u64();
  row.actual = in.f64();
  const auto in_time = in.u64();
  row.in_time = in_time == 0 ? row.time : in_time == 1 ? Instant::min() : in.time();
  return row;
}

ByteWriter& RowBlock::Builder::Part::next(std::uint64_t at) {
  bytes.u64(at - std::exchange(row, at));
  ++count;
  return bytes;
}

void RowBlock::Builder::add(const std::byte* packed, std::uint64_t weight, std::uint64_t rank, const OutcomeRow* outcome,
                            std::uint32_t complaints, Instant first_complaint) {
  PW_ASSERT(row_ < rows);
  for (std::size_t i = 0; i < layout_->bytes; ++i) columns_[i * rows + row_] = static_cast<char>(packed[i]);
  auto& flags = columns_[RowLayout::flags_at * rows + row_];
  flags = static_cast<char>(flags & ~(RowLayout::weighted | RowLayout::complained));
  if (weight != 1) weights_.next(row_).u64(weight);
  if (rank != no_rank) ranks_.next(row_).u64(rank);
  if (outcome != nullptr) write_outcome(outcomes_.next(row_), *outcome);
  if (complaints > 0) {
    auto& out = complaints_.next(row_);
    out.u64(complaints);
    out.time(first_complaint);
  }
  ++row_;
}

void RowBlock::Builder::add(const Decision& d) {
  std::vector<std::byte> packed(layout_->bytes);
  layout_->pack(d, packed.data());
  const OutcomeRow outcome{d.outcome_time, d.outcome_content, d.actual, d.outcome_in_time};
  add(packed.data(), d.weight, d.rank, d.has_outcome ? &outcome : nullptr, d.complaints, d.first_complaint);
}

std::string RowBlock::Builder::take() {
  PW_ASSERT(full());
  ByteWriter out;
  out.u64(form);
  out.raw(columns_);
  for (auto* part : {&weights_, &ranks_, &outcomes_, &complaints_}) {
    out.u64(part->count);
    out.raw(part->bytes.bytes());
    *part = {};
  }
  row_ = 0;
  return out.take();
}

template <class T, class Read>
void RowBlock::read_some(ByteReader& in, Some<T>& out, Read&& read) const {
  std::uint64_t row = 0;
  for (auto left = in.count(2); left > 0; --left) {
    const auto step = in.u64();
    if (step >= rows || (step == 0 && !out.empty())) throw CorruptBytes("rows of a block out of order");
    row += step;
    if (row >= rows) throw CorruptBytes("a row that is not in its block");
    out.emplace_back(static_cast<std::uint16_t>(row), read());
  }
}

RowBlock::RowBlock(const RowLayout& layout, std::string bytes) : layout_(&layout), bytes_(std::move(bytes)) {
  ByteReader in(bytes_);
  if (in.u64() != form) throw CorruptBytes("a block of another form");
  columns_ = in.raw(rows * layout.bytes).data();
  read_some(in, weights_, [&] { return in.u64(); });
  read_some(in, ranks_, [&] { return in.u64(); });
  read_some(in, outcomes_, [&] { return read_outcome(in); });
  read_some(in, complaints_, [&] {
    const auto count = static_cast<std::uint32_t>(in.u64());
    return Complaints{count, in.time()};
  });
  if (!in.at_end()) throw CorruptBytes("bytes behind a block");
}

std::optional<std::size_t> RowBlock::find(const Id128& id) const {
  char wanted[sizeof id];
  std::memcpy(wanted, &id, sizeof id);
  for (std::size_t row = 0; row < rows; ++row) {
    std::size_t i = 0;
    while (i < sizeof wanted && columns_[i * rows + row] == wanted[i]) ++i;
    if (i == sizeof wanted) return row;
  }
  return std::nullopt;
}

Decision RowBlock::operator[](std::size_t row) const {
  PW_ASSERT(row < rows);
  std::vector<std::byte> packed(layout_->bytes);
  for (std::size_t i = 0; i < layout_->bytes; ++i) packed[i] = static_cast<std::byte>(columns_[i * rows + row]);
  auto d = layout_->unpack(packed.data());
  if (const auto* weight = value_of(weights_, row)) d.weight = *weight;
  if (const auto* rank = value_of(ranks_, row)) d.rank = *rank;
  if (const auto* outcome = value_of(outcomes_, row)) {
    d.has_outcome = true;
    d.actual = outcome->actual;
    d.outcome_time = outcome->time;
    d.outcome_content = outcome->content;
    d.outcome_in_time = outcome->in_time;
  }
  if (const auto* complaints = value_of(complaints_, row)) {
    d.complaints = complaints->count;
    d.first_complaint = complaints->first;
  }
  return d;
}

std::size_t RowBlock::bytes() const {
  return sizeof *this + bytes_.capacity() + 16 * (weights_.capacity() + ranks_.capacity()) +
         40 * outcomes_.capacity() + 24 * complaints_.capacity();
}

}  // namespace pilotwatch::engine
