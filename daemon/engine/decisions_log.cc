// SPDX-License-Identifier: Apache-2.0
// The log of what has happened to decisions. A part is a sequence of events; what they say last holds.
#include <cstring>

#include "engine/decisions.h"

namespace pilotwatch::engine {
namespace {

enum class Event : std::uint8_t { decision, outcome, rank, complaints, maturing };

void write_event(ByteWriter& out, Event event, Decisions::Slot slot) {
  out.u64(static_cast<std::uint64_t>(event));
  out.u64(slot);
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

std::string part_name(std::uint64_t number) { return "decisions/" + std::to_string(number); }

}  // namespace

/// The row as it is in memory, but for what changes.
void Decisions::write_decision(ByteWriter& out, Slot slot) const {
  write_event(out, Event::decision, slot);
  const auto weight = weights_.find(slot);
  out.u64(weight == weights_.end() ? 1 : weight->second);
  out.raw({reinterpret_cast<const char*>(row(slot)), fixed_});
}

void Decisions::write_outcome(ByteWriter& out, Slot slot, const OutcomeRow& row) {
  write_event(out, Event::outcome, slot);
  out.time(row.time);
  out.u64(row.content);
  out.f64(row.actual);
  // The commonest, an outcome in time that nobody repeated, takes one byte.
  out.u64(row.in_time == row.time ? 0 : row.in_time == Instant::min() ? 1 : 2);
  if (row.in_time != row.time && row.in_time != Instant::min()) out.time(row.in_time);
}

void Decisions::write_rank(ByteWriter& out, Slot slot, std::uint64_t rank) {
  write_event(out, Event::rank, slot);
  out.u64(rank);
}

void Decisions::write_complaints(ByteWriter& out, Slot slot, const Complaints& complaints) {
  write_event(out, Event::complaints, slot);
  out.u64(complaints.count);
  out.time(complaints.first);
}

void Decisions::write_maturing(ByteWriter& out, Slot slot) { write_event(out, Event::maturing, slot); }

void Decisions::seal() {
  unsaved_.push_back(tail_.take());
  tail_ = {};
  ++sealed_;
}

void Decisions::save_complete(const Save& save) {
  for (auto number = sealed_ - unsaved_.size(); !unsaved_.empty(); unsaved_.pop_front())
    save(part_name(number++), std::move(unsaved_.front()));
}

void Decisions::save(bool all, const Save& save) {
  if (all || !logging_) {
    tail_ = {};
    unsaved_.clear();
    sealed_ = matured_ = 0;
    logging_ = true;
    for (Slot slot = 0; slot < size_; ++slot) {
      log([&] { write_all(slot); });
      save_complete(save);
    }
    for (const auto slot : maturing_) log([&] { write_maturing(tail_, slot); });
  }
  save_complete(save);
  if (!tail_.bytes().empty()) save(part_name(sealed_), tail_.bytes());
}

/// All that is known of a decision.
void Decisions::write_all(Slot slot) {
  const auto d = (*this)[slot];
  write_decision(tail_, slot);
  if (d.has_outcome)
    write_outcome(tail_, slot, {d.outcome_time, d.outcome_content, d.actual, d.outcome_in_time});
  if (d.rank != no_rank) write_rank(tail_, slot, d.rank);
  if (d.complaints > 0) write_complaints(tail_, slot, {d.complaints, d.first_complaint});
}

void Decisions::write_position(ByteWriter& out) const {
  out.u64(sealed_);
  out.u64(tail_.bytes().size());
  out.u64(matured_);
}

void Decisions::load(ByteReader& position, const std::map<std::string, std::string>& parts) {
  PW_ASSERT(size_ == 0 && !logging_);
  sealed_ = position.u64();
  const auto size = position.u64();
  matured_ = position.u64();
  const auto part = [&](std::uint64_t number) -> std::string_view {
    const auto found = parts.find(part_name(number));
    if (found == parts.end()) throw CorruptBytes("a part of the decisions is missing");
    return found->second;
  };
  for (std::uint64_t number = 0; number < sealed_; ++number) replay(part(number));
  if (size > 0) {
    if (part(sealed_).size() < size) throw CorruptBytes("a part of the decisions is too short");
    tail_.raw(part(sealed_).substr(0, size));
    replay(tail_.bytes());
  }
  if (matured_ > maturing_.size()) throw CorruptBytes("more decisions matured than there are");
  maturing_.erase(maturing_.begin(), maturing_.begin() + static_cast<std::ptrdiff_t>(matured_));
  logging_ = true;
}

void Decisions::replay(std::string_view log) {
  ByteReader in(log);
  while (!in.at_end()) {
    const auto event = in.u64();
    switch (static_cast<Event>(event)) {
      case Event::decision:
        replay_decision(in);
        break;
      case Event::outcome: {
        const auto slot = slot_of(in);
        set_outcome(slot, read_outcome(in));
        break;
      }
      case Event::rank: {
        const auto slot = slot_of(in);
        set_rank(slot, in.u64());
        break;
      }
      case Event::complaints: {
        const auto slot = slot_of(in);
        const auto count = static_cast<std::uint32_t>(in.u64());
        set_complaints(slot, {count, in.time()});
        break;
      }
      case Event::maturing:
        await_maturity(slot_of(in));
        break;
      default:
        throw CorruptBytes("unknown event in the log of decisions");
    }
  }
}

void Decisions::replay_decision(ByteReader& in) {
  const auto number = in.u64();
  const auto weight = in.u64();
  const auto bytes = in.raw(fixed_);
  if (number != size_) throw CorruptBytes("decisions out of order");
  const auto slot = static_cast<Slot>(number);
  auto* at = new_row();
  std::memset(at, 0, stride_);
  std::memcpy(at, bytes.data(), fixed_);
  if (!take_in(slot, weight)) throw CorruptBytes("two decisions of one id");
}

Decisions::Slot Decisions::slot_of(ByteReader& in) const {
  const auto slot = in.u64();
  if (slot >= size_) throw CorruptBytes("a decision that does not exist");
  return static_cast<Slot>(slot);
}

}  // namespace pilotwatch::engine
