// SPDX-License-Identifier: Apache-2.0
#include "engine/decisions.h"

#include <algorithm>
#include <cstring>

#include "base/result.h"

namespace pilotwatch::engine {
namespace {

constexpr std::size_t shards = 256;
constexpr std::size_t outcome_index = 2;  // bytes at the end of a row: one more than its outcome's place in the chunk
constexpr std::size_t outcome_step = 64;  // outcomes for which a chunk makes room at once

using Event = DecisionLog::Event;

}  // namespace

Decisions::Decisions(const settings::Pilot& settings) : layout_(settings), old_(layout_) {
  stride_ = layout_.bytes + (layout_.ranks ? 8 : 0) + outcome_index;
  index_.assign(shards, Shard(0, Hash{this}, Equal{this}));
}

std::optional<Decisions::Slot> Decisions::find(const Id128& id) const {
  if (any_old()) {
    const auto* prepared = old_.prepared(id);
    if (prepared != nullptr && *prepared != OldDecisions::none) return *prepared;
    const auto& in = shard(id);
    if (const auto found = in.find(id); found != in.end()) return *found;
    return prepared != nullptr ? std::nullopt : old_.find(id);
  }
  const auto& in = shard(id);
  const auto found = in.find(id);
  return found == in.end() ? std::nullopt : std::optional(*found);
}

std::optional<Decisions::Slot> Decisions::add(const Decision& d) {
  return find(d.id) ? std::nullopt : std::optional(add_new(d));
}

Decisions::Slot Decisions::add_new(const Decision& d) {
  const auto slot = static_cast<Slot>(size_);
  auto* at = new_row();
  layout_.pack(d, at);
  std::memset(at + layout_.bytes, 0, stride_ - layout_.bytes);
  const bool taken = take_in(slot, d.weight);
  PW_ASSERT(taken);
  if (log_.on()) write_decision(log_, slot);
  return slot;
}

/// False: there is one of that id. The row is there already.
bool Decisions::take_in(Slot slot, std::uint64_t weight) {
  const auto given = id(slot);
  if (!shard(given).insert(slot).second) return false;
  auto& flags = row(slot)[RowLayout::flags_at];
  flags &= ~std::byte{RowLayout::weighted | RowLayout::complained};
  if (weight == 1) return true;
  weights_[slot] = weight;
  flags |= std::byte{RowLayout::weighted};
  return true;
}

std::byte* Decisions::new_row() {
  PW_ASSERT(size_ < ~Slot{0});
  if (size_ % chunk_rows == 0) {
    chunks_.push_back({std::make_unique_for_overwrite<std::byte[]>(chunk_rows * stride_), {}});
    index_bytes_ = 0;
    for (const auto& shard : index_) index_bytes_ += shard.bucket_count() * (sizeof(Slot) + 1) + sizeof shard;
  }
  return row(static_cast<Slot>(size_++));
}

Id128 Decisions::id(Slot slot) const {
  Id128 out;
  std::memcpy(&out, row(slot), sizeof out);
  return out;
}

Instant Decisions::time(Slot slot) const {
  if (is_old(slot)) return old_[slot].time;
  Instant out;
  std::memcpy(&out, row(slot) + RowLayout::time_at, sizeof out);
  return out;
}

std::uint64_t Decisions::rank_of(Slot slot) const {
  if (!layout_.ranks) return no_rank;
  std::uint64_t rank = 0;
  std::memcpy(&rank, row(slot) + layout_.bytes, sizeof rank);
  return rank - 1;
}

const OutcomeRow* Decisions::outcome_of(Slot slot) const {
  std::uint16_t index = 0;
  std::memcpy(&index, row(slot) + stride_ - outcome_index, sizeof index);
  return index == 0 ? nullptr : &chunk(slot).outcomes[index - 1U];
}

Decision Decisions::operator[](Slot slot) const {
  PW_ASSERT(slot < size_);
  if (is_old(slot)) return old_[slot];
  const auto* at = row(slot);
  auto d = layout_.unpack(at);
  const auto flags = static_cast<std::uint8_t>(at[RowLayout::flags_at]);
  d.rank = rank_of(slot);
  if (const auto* outcome = outcome_of(slot)) {
    d.has_outcome = true;
    d.actual = outcome->actual;
    d.outcome_time = outcome->time;
    d.outcome_content = outcome->content;
    d.outcome_in_time = outcome->in_time;
  }
  if ((flags & RowLayout::weighted) != 0) d.weight = weights_.at(slot);
  if ((flags & RowLayout::complained) != 0) {
    const auto& complaints = complaints_.at(slot);
    d.complaints = complaints.count;
    d.first_complaint = complaints.first;
  }
  return d;
}

void Decisions::set_outcome(Slot slot, const OutcomeRow& outcome) {
  if (is_old(slot)) {
    auto& late = old_.change(slot);
    late.has_outcome = true;
    late.outcome = outcome;
  } else {
    auto& in = chunk(slot).outcomes;
    auto* at = row(slot) + stride_ - outcome_index;
    std::uint16_t index = 0;
    std::memcpy(&index, at, sizeof index);
    if (index == 0) {
      if (in.size() == in.capacity()) {
        outcome_bytes_ += outcome_step * sizeof(OutcomeRow);
        in.reserve(in.capacity() + outcome_step);
      }
      in.push_back(outcome);
      index = static_cast<std::uint16_t>(in.size());
      std::memcpy(at, &index, sizeof index);
    } else {
      in[index - 1U] = outcome;
    }
    changed(slot);
  }
  if (log_.on()) log_.add(size_, Event::outcome, slot, [&](ByteWriter& out) { write_outcome(out, outcome); });
}

void Decisions::set_rank(Slot slot, std::uint64_t rank) {
  if (!layout_.ranks) return;
  if (is_old(slot)) {
    old_.change(slot).rank = rank;
  } else {
    const std::uint64_t kept = rank + 1;
    std::memcpy(row(slot) + layout_.bytes, &kept, sizeof kept);
    changed(slot);
  }
  if (log_.on()) log_.add(size_, Event::rank, slot, [&](ByteWriter& out) { out.u64(rank); });
}

void Decisions::add_complaint(Slot slot, Instant time) {
  Complaints known;
  if (is_old(slot)) {
    const auto d = old_[slot];
    known = {d.complaints, d.first_complaint};
  } else if (const auto found = complaints_.find(slot); found != complaints_.end()) {
    known = found->second;
  }
  set_complaints(slot, {known.count + 1, std::min(known.first, time)});
}

void Decisions::set_complaints(Slot slot, const Complaints& complaints) {
  if (is_old(slot)) {
    auto& late = old_.change(slot);
    late.complaints = complaints.count;
    late.first_complaint = complaints.first;
  } else {
    complaints_[slot] = complaints;
    row(slot)[RowLayout::flags_at] |= std::byte{RowLayout::complained};
    changed(slot);
  }
  if (!log_.on()) return;
  log_.add(size_, Event::complaints, slot, [&](ByteWriter& out) {
    out.u64(complaints.count);
    out.time(complaints.first);
  });
}

void Decisions::await_maturity(Slot slot) { maturing_.push(slot); }

Instant Decisions::next_maturing_time() const {
  if (!maturing_time_) maturing_time_ = time(*maturing_.front());
  return *maturing_time_;
}

void Decisions::matured() {
  maturing_.pop();
  maturing_time_.reset();
}

/// Decisions that are in blocks for good, from memory into the index of old ones.
bool Decisions::evict() {
  if (confirmed_ == old_.size()) return false;
  const auto first = static_cast<Slot>(old_.size());
  std::vector<Id128> ids;
  std::vector<std::pair<Slot, Decision>> late;
  for (Slot slot = first; slot < first + chunk_rows; ++slot) {
    ids.push_back(id(slot));
    if (!changed_.empty() && changed_.erase(slot) > 0) late.emplace_back(slot, (*this)[slot]);
    const auto flags = static_cast<std::uint8_t>(row(slot)[RowLayout::flags_at]);
    shard(ids.back()).erase(slot);
    if ((flags & RowLayout::weighted) != 0) weights_.erase(slot);
    if ((flags & RowLayout::complained) != 0) complaints_.erase(slot);
  }
  outcome_bytes_ -= chunks_.front().outcomes.capacity() * sizeof(OutcomeRow);
  chunks_.erase(chunks_.begin());
  old_.take_in(ids, late);
  return true;
}

std::size_t Decisions::bytes() const {
  return chunks_.size() * (chunk_rows * stride_ + sizeof(Chunk)) + outcome_bytes_ + index_bytes_ +
         (weights_.bucket_count() + complaints_.bucket_count() + changed_.bucket_count()) * 24 + maturing_.bytes() +
         old_.bytes() + log_.bytes();
}

std::size_t Decisions::leaving() const { return (frozen_ - old_.size()) * stride_; }

std::size_t Decisions::movable() const {
  const auto whole = (size_ == 0 ? 0 : size_ - 1) / chunk_rows * chunk_rows;  // not the chunk that grows
  return old_.has_store() && whole > frozen_ ? (whole - frozen_) * stride_ : 0;
}

}  // namespace pilotwatch::engine
