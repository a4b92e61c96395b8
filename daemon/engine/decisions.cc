// SPDX-License-Identifier: Apache-2.0
#include "engine/decisions.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "base/result.h"

namespace pilotwatch::engine {
namespace {

static_assert(std::endian::native == std::endian::little, "rows are written as they are in memory");

constexpr std::size_t shards = 256;

/// Where in a row what is: id, time, flags, version, groups, predicted, score, values | rank, outcome.
constexpr std::size_t time_at = 16, flags_at = 24, version_at = 25, groups_at = 26;
enum Flag : std::uint8_t { predicted = 1, failed = 2, scored = 4, has_values = 8, weighted = 16, complained = 32 };

template <class T>
T load(const std::byte*& at) {
  T out;
  std::memcpy(&out, at, sizeof out);
  at += sizeof out;
  return out;
}

template <class T>
void store(std::byte*& at, const T& value) {
  std::memcpy(at, &value, sizeof value);
  at += sizeof value;
}

std::size_t values_of(const settings::Pilot& settings) {
  if (settings.task == settings::Task::quantile) return settings.quantiles.size();
  const bool by_class =
      settings.task == settings::Task::multiclass && settings.scores.by_class == settings::ByClass::keep;
  return by_class ? settings.classes.size() : 0;
}

}  // namespace

Decisions::Decisions(const settings::Pilot& settings)
    : numbers_(settings::predicts_numbers(settings.task)),
      scores_(settings.task == settings::Task::binary),
      ranks_(std::any_of(settings.windows.begin(), settings.windows.end(),
                         [](const auto& window) { return window.kind == settings::WindowKind::count; })),
      groupings_(settings.segments.groupings().size()),
      values_(values_of(settings)) {
  PW_ASSERT(groupings_ <= max_groupings);
  fixed_ = groups_at + 2 * groupings_ + (numbers_ ? 8 : 2) + (scores_ ? 8 : 0) + 8 * values_;
  stride_ = fixed_ + (ranks_ ? 8 : 0) + 4;
  index_.assign(shards, Shard(0, Hash{this}, Equal{this}));
}

std::optional<Decisions::Slot> Decisions::find(const Id128& id) const {
  const auto& in = shard(id);
  const auto found = in.find(id);
  return found == in.end() ? std::nullopt : std::optional(*found);
}

std::optional<Decisions::Slot> Decisions::add(const Decision& d) {
  if (shard(d.id).contains(d.id)) return std::nullopt;
  const auto slot = static_cast<Slot>(size_);
  pack(d, new_row());
  take_in(slot, d.weight);
  if (logging_) log([&] { write_decision(tail_, slot); });
  return slot;
}

/// False: there is one of that id. The row is there already.
bool Decisions::take_in(Slot slot, std::uint64_t weight) {
  const auto given = id(slot);
  if (!shard(given).insert(slot).second) return false;
  auto& flags = row(slot)[flags_at];
  flags &= ~std::byte{weighted | complained};
  if (weight == 1) return true;
  weights_[slot] = weight;
  flags |= std::byte{weighted};
  return true;
}

std::byte* Decisions::new_row() {
  PW_ASSERT(size_ < ~Slot{0});
  if (size_ % chunk_rows == 0) chunks_.push_back(std::make_unique_for_overwrite<std::byte[]>(chunk_rows * stride_));
  return row(static_cast<Slot>(size_++));
}

void Decisions::pack(const Decision& d, std::byte* at) const {
  std::memset(at, 0, stride_);
  store(at, d.id);
  store(at, d.time);
  const bool values = values_ > 0 && d.values.size() == values_;
  store(at, static_cast<std::uint8_t>((d.has_predicted ? predicted : 0) | (d.failed ? failed : 0) |
                                      (d.has_score && scores_ ? scored : 0) | (values ? has_values : 0)));
  PW_ASSERT(d.version <= 0xFF);
  store(at, static_cast<std::uint8_t>(d.version));
  for (std::size_t i = 0; i < groupings_; ++i) store(at, d.groups[i]);
  if (numbers_) {
    store(at, d.predicted);
  } else {
    store(at, static_cast<std::uint16_t>(d.predicted));
  }
  if (scores_) store(at, d.score);
  for (std::size_t i = 0; values && i < values_; ++i) store(at, d.values[i]);
}

Id128 Decisions::id(Slot slot) const {
  const auto* at = row(slot);
  return engine::load<Id128>(at);
}

Instant Decisions::time(Slot slot) const {
  const auto* at = row(slot) + time_at;
  return engine::load<Instant>(at);
}

Decision Decisions::operator[](Slot slot) const {
  PW_ASSERT(slot < size_);
  const auto* at = row(slot);
  Decision d;
  d.id = engine::load<Id128>(at);
  d.time = engine::load<Instant>(at);
  const auto flags = engine::load<std::uint8_t>(at);
  d.has_predicted = (flags & predicted) != 0;
  d.failed = (flags & failed) != 0;
  d.has_score = (flags & scored) != 0;
  d.version = engine::load<std::uint8_t>(at);
  d.groups = no_groups;
  for (std::size_t i = 0; i < groupings_; ++i) d.groups[i] = engine::load<std::uint16_t>(at);
  d.predicted = numbers_ ? engine::load<double>(at) : engine::load<std::uint16_t>(at);
  if (scores_) d.score = engine::load<double>(at);
  if ((flags & has_values) != 0) {
    d.values.resize(values_);
    std::memcpy(d.values.data(), at, 8 * values_);
  }
  at += 8 * values_;
  if (ranks_) d.rank = engine::load<std::uint64_t>(at) - 1;
  if (const auto outcome = engine::load<std::uint32_t>(at); outcome > 0) {
    const auto& known = outcomes_[outcome - 1];
    d.has_outcome = true;
    d.actual = known.actual;
    d.outcome_time = known.time;
    d.outcome_content = known.content;
    d.outcome_in_time = known.in_time;
  }
  if ((flags & weighted) != 0) d.weight = weights_.at(slot);
  if ((flags & complained) != 0) {
    const auto& complaints = complaints_.at(slot);
    d.complaints = complaints.count;
    d.first_complaint = complaints.first;
  }
  return d;
}

void Decisions::set_outcome(Slot slot, const OutcomeRow& outcome) {
  auto* at = row(slot) + stride_ - 4;
  std::uint32_t index = 0;
  std::memcpy(&index, at, sizeof index);
  if (index == 0) {
    outcomes_.push_back(outcome);
    index = static_cast<std::uint32_t>(outcomes_.size());
    std::memcpy(at, &index, sizeof index);
  } else {
    outcomes_[index - 1] = outcome;
  }
  if (logging_) log([&] { write_outcome(tail_, slot, outcome); });
}

void Decisions::set_rank(Slot slot, std::uint64_t rank) {
  if (!ranks_) return;
  const std::uint64_t kept = rank + 1;
  std::memcpy(row(slot) + fixed_, &kept, sizeof kept);
  if (logging_) log([&] { write_rank(tail_, slot, rank); });
}

void Decisions::add_complaint(Slot slot, Instant time) {
  const Complaints known = complaints_[slot];
  set_complaints(slot, {known.count + 1, std::min(known.first, time)});
}

void Decisions::set_complaints(Slot slot, const Complaints& complaints) {
  complaints_[slot] = complaints;
  row(slot)[flags_at] |= std::byte{complained};
  if (logging_) log([&] { write_complaints(tail_, slot, complaints); });
}

void Decisions::await_maturity(Slot slot) {
  maturing_.push_back(slot);
  if (logging_) log([&] { write_maturing(tail_, slot); });
}

std::optional<Decisions::Slot> Decisions::next_maturing() const {
  return maturing_.empty() ? std::nullopt : std::optional(maturing_.front());
}

void Decisions::matured() {
  maturing_.pop_front();
  ++matured_;
}

}  // namespace pilotwatch::engine
