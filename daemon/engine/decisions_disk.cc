// SPDX-License-Identifier: Apache-2.0
// What of decisions is on disk: the log of those in memory, the blocks of old ones, and how both are read again.
#include <algorithm>
#include <cstring>

#include "base/result.h"
#include "engine/decisions.h"

namespace pilotwatch::engine {
namespace {

using Event = DecisionLog::Event;
const std::string late_name = "block/late/", maturing_name = "block/maturing/";

}  // namespace

/// The row as it is in memory, but for what changes.
void Decisions::write_decision(DecisionLog& log, Slot slot) const {
  const auto weight = weights_.find(slot);
  log.add(slot, Event::decision, slot, [&](ByteWriter& out) {
    out.u64(weight == weights_.end() ? 1 : weight->second);
    out.raw({reinterpret_cast<const char*>(row(slot)), layout_.bytes});
  });
}

/// All that is known of the decisions from `from` on, wherever they are.
void Decisions::write_all(DecisionLog& log, const Save& save, Slot from) const {
  std::vector<std::byte> packed(layout_.bytes);
  for (Slot slot = from; slot < size_; ++slot) {
    const auto d = (*this)[slot];
    log.add(slot, Event::decision, slot, [&](ByteWriter& out) {
      layout_.pack(d, packed.data());
      out.u64(d.weight);
      out.raw({reinterpret_cast<const char*>(packed.data()), packed.size()});
    });
    const std::size_t known = slot + std::size_t{1};
    if (d.has_outcome) {
      log.add(known, Event::outcome, slot, [&](ByteWriter& out) {
        write_outcome(out, {d.outcome_time, d.outcome_content, d.actual, d.outcome_in_time});
      });
    }
    if (d.rank != no_rank) log.add(known, Event::rank, slot, [&](ByteWriter& out) { out.u64(d.rank); });
    if (d.complaints > 0) {
      log.add(known, Event::complaints, slot, [&](ByteWriter& out) {
        out.u64(d.complaints);
        out.time(d.first_complaint);
      });
    }
    log.save_complete(save);
  }
}

void Decisions::save(Extent extent, const Save& save, const Relief& relief) {
  if (extent == Extent::everything) {
    auto maturing = maturing_.anew();
    maturing.save(true, maturing_name, save);
    DecisionLog all;
    all.begin(0);
    write_all(all, save, 0);
    all.save_tail(save);
    position_ = position(all, maturing, 0, 0, 0);
    if (old_.has_store()) return;  // what is there goes by what it knows of the disk
    log_ = std::move(all);
    maturing_ = std::move(maturing);
    return;
  }
  const bool all = extent == Extent::unconfirmed || !log_.on();
  maturing_.save(all, maturing_name, save);
  if (relief.wanted()) {
    freeze(relief.rows, save);
    old_.merge(relief.late, most_merged, save);
  }
  if (all) {
    log_.begin(log_.on() ? log_.sealed() + 1 : 0);
    write_all(log_, save, static_cast<Slot>(frozen_));
  }
  if (frozen_ > 0 && (all || relief.wanted())) {
    log_.seal();
    settled_ = log_.sealed();
    save_late(save);
    log_.save_complete(save);
    log_.drop_before(frozen_);
  }
  log_.save_complete(save);
  log_.save_dropped(save);
  log_.save_tail(save);
  position_ = position(log_, maturing_, frozen_, settled_, late_parts_);
}

/// Writes blocks of the oldest decisions in memory until so many bytes of it are theirs.
void Decisions::freeze(std::size_t bytes, const Save& save) {
  if (!old_.has_store()) return;
  const auto row_bytes = stride_ + index_bytes_ / std::max<std::size_t>(1, in_memory());
  for (std::size_t freed = 0; freed < bytes && frozen_ + chunk_rows < size_;) {  // never the one that grows
    save_run(static_cast<Slot>(frozen_), save);
    freed += chunk_rows * row_bytes + chunk(static_cast<Slot>(frozen_)).outcomes.capacity() * sizeof(OutcomeRow);
    frozen_ += chunk_rows;
  }
}

void Decisions::save_run(Slot first, const Save& save) const {
  std::vector<std::string> blocks;
  std::vector<Id128> ids;
  RowBlock::Builder block(layout_);
  for (auto slot = first; slot < first + chunk_rows; ++slot) {
    const auto* at = row(slot);
    const auto flags = static_cast<std::uint8_t>(at[RowLayout::flags_at]);
    const auto* outcome = outcome_of(slot);
    Complaints complaints;
    if ((flags & RowLayout::complained) != 0) complaints = complaints_.at(slot);
    block.add(at, (flags & RowLayout::weighted) != 0 ? weights_.at(slot) : 1, rank_of(slot), outcome, complaints.count,
              complaints.first);
    ids.push_back(id(slot));
    if (block.full()) blocks.push_back(block.take());
  }
  OldDecisions::save_run(first / chunk_rows, std::move(blocks), ids, save);
}

/// What has changed in decisions that are in blocks, as far as the blocks do not say it.
void Decisions::save_late(const Save& save) {
  late_parts_ = 0;
  ByteWriter out;
  const auto flush = [&] {
    if (!out.bytes().empty()) save(late_name + std::to_string(late_parts_++), out.take());
    out = {};
  };
  old_.write_late(out);
  flush();
  for (const auto slot : changed_) OldDecisions::write_late(out, slot, OldDecisions::late_of((*this)[slot]));
  flush();
  for (auto number = late_parts_; number < late_on_disk_; ++number) save(late_name + std::to_string(number), "");
  late_on_disk_ = std::max(late_on_disk_, late_parts_);
}

std::string Decisions::position(const DecisionLog& log, const SlotQueue& maturing, std::size_t blocks,
                                std::uint64_t settled, std::uint64_t late_parts) const {
  ByteWriter out;
  out.u64(blocks);
  out.u64(late_parts);
  out.u64(log.first());
  out.u64(log.sealed());
  out.u64(log.tail_size());
  out.u64(settled);
  out.u64(size_);
  maturing.write(out);
  return out.take();
}

void Decisions::confirm(bool written) {
  old_.confirm(written);
  if (written) {
    log_.confirm();
    maturing_.confirm();
    late_on_disk_ = late_parts_;
    confirmed_ = frozen_;
    return;
  }
  frozen_ = confirmed_;
  boost::unordered::erase_if(changed_, [this](Slot slot) { return slot >= confirmed_; });
}

void Decisions::load(ByteReader& in, const ReadBlock& read) {
  PW_ASSERT(size_ == 0 && !log_.on());
  position_ = in.text();
  ByteReader at(position_);
  const auto blocks = at.u64();
  late_parts_ = late_on_disk_ = at.u64();
  const auto first = at.u64(), sealed = at.u64(), tail_size = at.u64();
  settled_ = at.u64();
  const auto size = at.u64();
  if (sealed < first || size > ~Slot{0} || blocks > size) throw CorruptBytes("a log of decisions that cannot be");
  std::vector<std::string> late;
  for (std::uint64_t number = 0; number < late_parts_; ++number) late.push_back(read(late_name + std::to_string(number)));
  old_.load(blocks, late);
  size_ = confirmed_ = frozen_ = static_cast<std::size_t>(blocks);
  std::deque<Slot> starts;
  for (auto number = first; number < sealed; ++number) {
    starts.push_back(static_cast<Slot>(size_));
    replay(read(DecisionLog::part_name(number)), number < settled_);
  }
  std::string tail;
  if (tail_size > 0) {
    tail = read(DecisionLog::part_name(sealed));
    if (tail.size() < tail_size) throw CorruptBytes("a part of the decisions is too short");
    tail.resize(static_cast<std::size_t>(tail_size));
    starts.push_back(static_cast<Slot>(size_));
    replay(tail, sealed < settled_);
  }
  if (size_ != size) throw CorruptBytes("too few decisions");
  log_.resume(first, std::move(starts), std::move(tail));
  maturing_.read(at, static_cast<Slot>(size_),
                 [&](std::uint64_t number) { return read(maturing_name + std::to_string(number)); });
  if (!at.at_end()) throw CorruptBytes("bytes behind the position of decisions");
}

/// `settled`: what it says of decisions in blocks is in these.
void Decisions::replay(std::string_view log, bool settled) {
  ByteReader in(log);
  while (!in.at_end()) {
    const auto event = in.u64();
    if (static_cast<Event>(event) == Event::decision) {
      replay_decision(in);
      continue;
    }
    const auto slot = slot_of(in);
    const bool known = settled && slot < confirmed_;
    switch (static_cast<Event>(event)) {
      case Event::outcome: {
        const auto outcome = read_outcome(in);
        if (!known) set_outcome(slot, outcome);
        break;
      }
      case Event::rank: {
        const auto rank = in.u64();
        if (!known) set_rank(slot, rank);
        break;
      }
      case Event::complaints: {
        const auto count = static_cast<std::uint32_t>(in.u64());
        const Complaints complaints{count, in.time()};
        if (!known) set_complaints(slot, complaints);
        break;
      }
      default:
        throw CorruptBytes("unknown event in the log of decisions");
    }
  }
}

void Decisions::replay_decision(ByteReader& in) {
  const auto number = in.u64();
  const auto weight = in.u64();
  const auto bytes = in.raw(layout_.bytes);
  if (number < confirmed_) return;  // in its block
  if (number != size_) throw CorruptBytes("decisions out of order");
  const auto slot = static_cast<Slot>(number);
  auto* at = new_row();
  std::memset(at, 0, stride_);
  std::memcpy(at, bytes.data(), bytes.size());
  if (!take_in(slot, weight)) throw CorruptBytes("two decisions of one id");
}

Decisions::Slot Decisions::slot_of(ByteReader& in) const {
  const auto slot = in.u64();
  if (slot >= size_) throw CorruptBytes("a decision that does not exist");
  return static_cast<Slot>(slot);
}

}  // namespace pilotwatch::engine
