// SPDX-License-Identifier: Apache-2.0
#include "engine/old_decisions.h"

#include <algorithm>
#include <cstring>

#include "base/result.h"

namespace pilotwatch::engine {
namespace {

constexpr std::size_t cached_blocks = 8;
constexpr std::size_t most_thawed = 100'000;  // beyond it rows are read when they are asked for
constexpr std::size_t most_skipped = 16;      // of what was prepared, by who asks in that order
constexpr std::size_t prefix_bytes = IdIndex::prefix_bits / 8;

static_assert(OldDecisions::run_rows % RowBlock::rows == 0);

std::string block_name(std::uint32_t number) { return "block/rows/" + std::to_string(number); }
std::string ids_name(std::size_t run) { return "block/ids/" + std::to_string(run); }

}  // namespace

void OldDecisions::set_store(ReadBlock read, std::function<bool(const Decision&)> sound) {
  read_ = std::move(read);
  sound_ = std::move(sound);
}

void OldDecisions::take_in(std::span<const Id128> ids, std::span<const std::pair<Slot, Decision>> changed) {
  PW_ASSERT(ids.size() == run_rows);
  prepared_.clear();
  for (const auto& id : ids) index_.insert(IdIndex::prefix(id), static_cast<std::uint32_t>(size_++ / RowBlock::rows));
  for (const auto& [slot, d] : changed) {
    auto& late = change(slot);
    late = late_of(d);
    late.version = 1;
  }
}

/// All that can change.
LateChange OldDecisions::late_of(const Decision& d) {
  LateChange out;
  out.has_outcome = d.has_outcome;
  out.outcome = {d.outcome_time, d.outcome_content, d.actual, d.outcome_in_time};
  out.rank = d.rank;
  out.complaints = d.complaints;
  out.first_complaint = d.first_complaint;
  return out;
}

std::shared_ptr<const RowBlock> OldDecisions::block(std::uint32_t number) const {
  ++uses_;
  for (auto& cached : cache_) {
    if (cached.number != number) continue;
    cached.used = uses_;
    return cached.block;
  }
  ++blocks_read_;
  auto read = std::make_shared<const RowBlock>(*layout_, read_(block_name(number)));
  if (cache_.size() < cached_blocks) cache_.emplace_back();
  auto& oldest = *std::min_element(cache_.begin(), cache_.end(), [](const auto& a, const auto& b) { return a.used < b.used; });
  oldest = {number, uses_, read};
  return read;
}

/// Nothing on disk is trusted: rows are used as indexes.
Decision OldDecisions::row(const RowBlock& block, std::size_t row) const {
  auto d = block[row];
  if (!sound_(d)) throw CorruptBytes("a decision of a version, group or class that does not exist");
  return d;
}

void OldDecisions::apply(Slot slot, Decision& d) const {
  const auto found = late_.find(slot);
  if (found == late_.end()) return;
  const auto& late = found->second;
  if (late.has_outcome) {
    d.has_outcome = true;
    std::tie(d.outcome_time, d.outcome_content, d.actual, d.outcome_in_time) =
        std::tie(late.outcome.time, late.outcome.content, late.outcome.actual, late.outcome.in_time);
  }
  if (late.rank != no_rank) d.rank = late.rank;
  if (late.complaints > 0) std::tie(d.complaints, d.first_complaint) = std::tie(late.complaints, late.first_complaint);
}

Decision OldDecisions::operator[](Slot slot) const {
  PW_ASSERT(slot < size_);
  const auto known = thawed_.find(slot);
  const auto number = static_cast<std::uint32_t>(slot / RowBlock::rows);
  auto d = known != thawed_.end() ? known->second : row(*block(number), slot % RowBlock::rows);
  apply(slot, d);
  return d;
}

LateChange& OldDecisions::change(Slot slot) {
  auto& out = late_[slot];
  ++out.version;
  return out;
}

std::optional<OldDecisions::Slot> OldDecisions::find(const Id128& id) const {
  std::optional<Slot> out;
  index_.find(IdIndex::prefix(id), [&](std::uint32_t number) {
    if (out) return;
    if (const auto found = block(number)->find(id)) {
      out = static_cast<Slot>(number * RowBlock::rows + *found);
    } else {
      ++false_hits_;
    }
  });
  return out;
}

const OldDecisions::Slot* OldDecisions::prepared(const Id128& id) const {
  const auto end = std::min(asked_ + most_skipped, prepared_.size());
  for (auto at = asked_; at < end; ++at) {
    if (prepared_[at].first != id) continue;
    asked_ = at;
    return &prepared_[at].second;
  }
  return nullptr;
}

void OldDecisions::prepare(std::span<const Id128> ids) {
  auto prepared = std::exchange(prepared_, {});  // none, where this throws
  prepared.clear();
  thawed_.clear();
  asked_ = 0;
  if (size_ == 0) return;
  struct Wanted {
    std::uint32_t block;
    std::uint32_t at;
  };
  std::vector<Wanted> wanted;
  constexpr std::size_t ahead = 8;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    if (i + ahead < ids.size()) index_.prefetch(IdIndex::prefix(ids[i + ahead]));
    prepared.emplace_back(ids[i], none);
    index_.find(IdIndex::prefix(ids[i]),
                [&](std::uint32_t block) { wanted.push_back({block, static_cast<std::uint32_t>(i)}); });
  }
  std::sort(wanted.begin(), wanted.end(),
            [](const auto& a, const auto& b) { return std::tie(a.block, a.at) < std::tie(b.block, b.at); });
  for (const auto& [number, at] : wanted) {
    const auto in = block(number);
    const auto found = in->find(ids[at]);
    if (!found) {
      ++false_hits_;
      continue;
    }
    const auto slot = static_cast<Slot>(number * RowBlock::rows + *found);
    prepared[at].second = slot;
    if (thawed_.size() < most_thawed) thawed_.try_emplace(slot, row(*in, *found));
  }
  prepared_ = std::move(prepared);
}

void OldDecisions::save_run(std::size_t run, std::vector<std::string> blocks, std::span<const Id128> ids, const Save& save) {
  PW_ASSERT(ids.size() == run_rows && blocks.size() == run_rows / RowBlock::rows);
  auto number = static_cast<std::uint32_t>(run * blocks.size());
  for (auto& block : blocks) save(block_name(number++), std::move(block));
  std::string prefixes(ids.size() * prefix_bytes, '\0');
  for (std::size_t i = 0; i < ids.size(); ++i) {
    const auto prefix = IdIndex::prefix(ids[i]);
    std::memcpy(prefixes.data() + i * prefix_bytes, &prefix, prefix_bytes);
  }
  save(ids_name(run), std::move(prefixes));
}

void OldDecisions::merge(std::size_t late_bytes, std::size_t most, const Save& save) {
  if (late_.empty() || this->late_bytes() <= late_bytes || !merged_.empty()) return;
  const auto keep = late_bytes / (this->late_bytes() / late_.size() + 1) / 2;  // room for a while
  std::vector<Slot> slots;
  slots.reserve(late_.size());
  for (const auto& [slot, late] : late_) slots.push_back(slot);
  std::sort(slots.begin(), slots.end());
  std::rotate(slots.begin(), std::lower_bound(slots.begin(), slots.end(), merge_next_), slots.end());
  for (std::size_t begin = 0, end = 0, written = 0; begin < slots.size() && slots.size() - begin > keep; begin = end) {
    const auto number = slots[begin] / static_cast<Slot>(RowBlock::rows);
    if (++written > most) break;
    merge_next_ = static_cast<Slot>((number + 1) * RowBlock::rows);
    while (end < slots.size() && slots[end] / RowBlock::rows == number) ++end;
    const auto old = block(number);
    RowBlock::Builder fresh(*layout_);
    for (std::size_t i = 0; i < RowBlock::rows; ++i) {
      auto d = row(*old, i);
      apply(static_cast<Slot>(number * RowBlock::rows + i), d);
      fresh.add(d);
    }
    for (auto at = begin; at < end; ++at) merged_.emplace_back(slots[at], late_.at(slots[at]).version);
    save(block_name(number), fresh.take());
  }
}

void OldDecisions::forget_blocks() {
  cache_.clear();
  thawed_ = {};
  prepared_ = {};
}

void OldDecisions::confirm(bool written) {
  forget_blocks();
  if (merged_.empty()) return;
  for (const auto& [slot, version] : merged_) {
    const auto late = written ? late_.find(slot) : late_.end();
    if (late != late_.end() && late->second.version == version) late_.erase(late);
  }
  merged_ = decltype(merged_)();  // and its memory, which counts as that of late changes
  if (late_.size() < late_.bucket_count() / 2) late_.rehash(0);
}

void OldDecisions::write_late(ByteWriter& out) const {
  std::vector<Slot> slots;
  for (const auto& [slot, late] : late_) slots.push_back(slot);
  std::sort(slots.begin(), slots.end());
  for (const auto slot : slots) write_late(out, slot, late_.at(slot));
}

void OldDecisions::write_late(ByteWriter& out, Slot slot, const LateChange& late) {
  out.u64(slot);
  out.flag(late.has_outcome);
  if (late.has_outcome) write_outcome(out, late.outcome);
  out.flag(late.rank != no_rank);
  if (late.rank != no_rank) out.u64(late.rank);
  out.u64(late.complaints);
  if (late.complaints > 0) out.time(late.first_complaint);
}

void OldDecisions::read_late(ByteReader& in) {
  while (!in.at_end()) {
    const auto slot = in.u64();
    if (slot >= size_) throw CorruptBytes("a decision that does not exist");
    auto& late = change(static_cast<Slot>(slot));
    late.has_outcome = in.flag();
    if (late.has_outcome) late.outcome = read_outcome(in);
    if (in.flag()) late.rank = in.u64();
    late.complaints = static_cast<std::uint32_t>(in.u64());
    if (late.complaints > 0) late.first_complaint = in.time();
  }
}

void OldDecisions::load(std::size_t size, const std::vector<std::string>& late) {
  PW_ASSERT(size_ == 0);
  if (size % run_rows != 0 || size / RowBlock::rows > IdIndex::max_block) throw CorruptBytes("so many old decisions cannot be");
  if (size > 0 && !has_store()) throw CorruptBytes("old decisions without a store");
  index_.reserve(size);
  for (std::size_t run = 0; run < size / run_rows; ++run) {
    const auto ids = read_(ids_name(run));
    if (ids.size() != run_rows * prefix_bytes) throw CorruptBytes("ids of another number of decisions");
    for (std::size_t i = 0; i < run_rows; ++i) {
      std::uint64_t prefix = 0;
      std::memcpy(&prefix, ids.data() + i * prefix_bytes, prefix_bytes);
      index_.append(prefix, static_cast<std::uint32_t>(size_++ / RowBlock::rows));
    }
  }
  index_.sort();
  for (const auto& part : late) {
    ByteReader in(part);
    read_late(in);
  }
}

std::size_t OldDecisions::late_bytes() const {
  return late_.bucket_count() * (sizeof(std::pair<const Slot, LateChange>) + 1) + merged_.capacity() * 8;
}

std::size_t OldDecisions::bytes() const {
  std::size_t out = index_.bytes() + late_bytes();
  for (const auto& cached : cache_) out += cached.block->bytes();
  out += thawed_.bucket_count() * sizeof(std::pair<const Slot, Decision>);
  return out + prepared_.capacity() * sizeof prepared_.front();
}

}  // namespace pilotwatch::engine
