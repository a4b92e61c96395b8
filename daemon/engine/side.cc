// SPDX-License-Identifier: Apache-2.0
#include "engine/side.h"

namespace pilotwatch::engine {
namespace {

template <class E>
E read_choice(ByteReader& in, E last) {
  const auto raw = in.u64();
  if (raw > static_cast<std::uint64_t>(last)) throw CorruptBytes("unknown choice");
  return static_cast<E>(raw);
}

}  // namespace

SideCounts& SideCounts::operator+=(const SideCounts& other) {
  for (std::size_t i = 0; i < side_count; ++i) counts_[i] += other.counts_[i];
  return *this;
}

SideCounts& SideCounts::operator-=(const SideCounts& other) {
  for (std::size_t i = 0; i < side_count; ++i) counts_[i] -= other.counts_[i];
  return *this;
}

void SideCounts::write(ByteWriter& out) const {
  out.flag(!empty());  // most cells have none
  if (empty()) return;
  for (const auto count : counts_) out.i64(count);
}

void SideCounts::read(ByteReader& in) {
  counts_ = {};
  if (!in.flag()) return;
  for (auto& count : counts_) count = in.i64();
}

void UpdateRow::write(ByteWriter& out) const {
  out.time(time);
  out.u64(static_cast<std::uint64_t>(step));
  out.u64(found_for ? static_cast<std::uint64_t>(*found_for) + 1 : 0);
}

void UpdateRow::read(ByteReader& in) {
  time = in.time();
  const auto as_step = in.u64(), as_found = in.u64();
  if (as_step >= std::size(record::step_names) || as_found > std::size(record::found_for_names))
    throw CorruptBytes("unknown step or finding");
  step = static_cast<record::Step>(as_step);
  if (as_found > 0) found_for = static_cast<record::FoundFor>(as_found - 1);
}

void ReviewRow::write(ByteWriter& out) const {
  out.id(prediction_id);
  out.time(time);
  out.u64(content);
  out.f64(final);
  out.u64((opened_at ? 1U : 0U) | (shown ? 2U : 0U) | (seeded ? 4U : 0U));
  if (opened_at) out.time(*opened_at);
}

void ReviewRow::read(ByteReader& in) {
  prediction_id = in.id();
  time = in.time();
  content = in.u64();
  final = in.f64();
  const auto flags = in.u64();
  shown = (flags & 2) != 0;
  seeded = (flags & 4) != 0;
  if ((flags & 1) != 0) opened_at = in.time();
}

void FeedbackRow::write(ByteWriter& out) const {
  out.id(id);
  out.time(time);
  out.u64(static_cast<std::uint64_t>(audience));
  out.flag(stance.has_value());
  if (stance) out.i64(*stance);
}

void FeedbackRow::read(ByteReader& in) {
  id = in.id();
  time = in.time();
  audience = read_choice(in, record::Audience::everyone);
  if (in.flag()) stance = static_cast<std::int8_t>(in.i64());
}

void ChangeRow::write(ByteWriter& out) const {
  out.time(time);
  out.u64(static_cast<std::uint64_t>(what));
  out.text(from);
  out.text(to);
  out.u64(announced ? (*announced ? 2 : 1) : 0);
}

void ChangeRow::read(ByteReader& in) {
  time = in.time();
  what = read_choice(in, record::What::other);
  from = in.text();
  to = in.text();
  const auto said = in.u64();
  if (said > 0) announced = said == 2;
}

}  // namespace pilotwatch::engine
