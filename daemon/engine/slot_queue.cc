// SPDX-License-Identifier: Apache-2.0
#include "engine/slot_queue.h"

#include "base/result.h"

namespace pilotwatch::engine {
namespace {

constexpr std::size_t chunk_bytes = 32 << 10;
constexpr SlotQueue::Slot most = ~SlotQueue::Slot{0};

}  // namespace

void SlotQueue::push(Slot slot) {
  tail_.i64(static_cast<std::int64_t>(slot) - static_cast<std::int64_t>(last_));
  last_ = slot;
  if (tail_.bytes().size() >= chunk_bytes) {
    sealed_.push_back(tail_.take());
    sealed_.back().shrink_to_fit();
    tail_ = {};
    last_ = 0;
  }
  if (!front_) front_ = next(place_);
}

void SlotQueue::pop() {
  PW_ASSERT(front_);
  front_ = next(place_);
  drop_read();
}

/// Chunks behind which the reader is.
void SlotQueue::drop_read() {
  while (!sealed_.empty() && first_ < place_.chunk) {
    sealed_.pop_front();
    ++first_;
  }
}

std::optional<SlotQueue::Slot> SlotQueue::next(Place& place) const {
  while (true) {
    const auto index = place.chunk - first_;
    const std::string& bytes = index < sealed_.size() ? sealed_[static_cast<std::size_t>(index)] : tail_.bytes();
    if (place.offset < bytes.size()) {
      ByteReader in(std::string_view(bytes).substr(place.offset));
      std::size_t length = 1;
      while ((static_cast<unsigned char>(bytes[place.offset + length - 1]) & 0x80) != 0) ++length;
      const auto step = in.i64();
      if (step < -std::int64_t{place.before} || step > std::int64_t{most} - place.before)
        throw CorruptBytes("a slot that cannot be");
      place.before = static_cast<Slot>(place.before + step);
      place.offset += length;
      return place.before;
    }
    if (index >= sealed_.size()) return std::nullopt;
    place = {place.chunk + 1, 0, 0};
  }
}

std::size_t SlotQueue::bytes() const {
  std::size_t out = tail_.bytes().capacity();
  return out + sealed_.size() * (chunk_bytes + 64);
}

void SlotQueue::save(bool all, const std::string& prefix, const Save& save) {
  dropped_ = first_;
  for (auto number = oldest_; number < dropped_; ++number) save(prefix + std::to_string(number), "");
  if (all) unsaved_ = first_;
  unsaved_ = std::max(unsaved_, first_);
  for (; unsaved_ < first_ + sealed_.size(); ++unsaved_)
    save(prefix + std::to_string(unsaved_), sealed_[static_cast<std::size_t>(unsaved_ - first_)]);
}

void SlotQueue::write(ByteWriter& out) const {
  out.u64(first_);
  out.u64(sealed_.size());
  out.text(tail_.bytes());
  out.u64(last_);
  out.flag(front_.has_value());
  if (front_) out.u64(*front_);
  out.u64(place_.chunk);
  out.u64(place_.offset);
  out.u64(place_.before);
}

void SlotQueue::read(ByteReader& in, Slot slots, const std::function<std::string(std::uint64_t)>& chunk) {
  *this = {};
  first_ = oldest_ = dropped_ = in.u64();
  const auto count = in.u64();
  if (count > 1ULL << 32) throw CorruptBytes("a queue that cannot be");
  tail_.raw(in.text());
  last_ = static_cast<Slot>(in.u64());
  if (in.flag()) front_ = static_cast<Slot>(in.u64());
  place_.chunk = in.u64();
  place_.offset = static_cast<std::size_t>(in.u64());
  place_.before = static_cast<Slot>(in.u64());
  for (std::uint64_t i = 0; i < count; ++i) {
    sealed_.push_back(chunk(first_ + i));
    if (sealed_.back().empty()) throw CorruptBytes("a chunk of a queue is missing");
  }
  unsaved_ = first_ + count;
  if (place_.chunk < first_ || place_.chunk > unsaved_ || (front_ && *front_ >= slots))
    throw CorruptBytes("a queue that cannot be");
  const auto whole = [](const std::string& bytes) {  // no number in it goes on behind its end
    return bytes.empty() || (static_cast<unsigned char>(bytes.back()) & 0x80) == 0;
  };
  for (const auto& bytes : sealed_) {
    if (!whole(bytes)) throw CorruptBytes("a queue that ends too early");
  }
  if (!whole(tail_.bytes())) throw CorruptBytes("a queue that ends too early");
  for (Place at = place_; const auto slot = next(at);) {
    if (*slot >= slots) throw CorruptBytes("a decision that does not exist");
  }
}

SlotQueue SlotQueue::anew() const {
  SlotQueue out;
  if (!front_) return out;
  out.push(*front_);
  for (Place at = place_; const auto slot = next(at);) out.push(*slot);
  return out;
}

}  // namespace pilotwatch::engine
