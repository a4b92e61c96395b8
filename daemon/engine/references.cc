// SPDX-License-Identifier: Apache-2.0
#include "engine/references.h"

#include <algorithm>
#include <utility>

#include "base/result.h"

namespace pilotwatch::engine {
namespace {

using settings::ReferenceKind;

}  // namespace

bool References::need_order() const {
  switch (kind()) {
    case ReferenceKind::first:
      return references_.empty();
    case ReferenceKind::period:
      return !over_;
    case ReferenceKind::previous_version:
      return true;
    default:
      return false;
  }
}

std::optional<Instant> References::due() const {
  if (kind() != ReferenceKind::period || over_ || rows_.empty()) return std::nullopt;
  return settings_->reference.to;
}

std::uint32_t References::place_of(std::uint16_t version) const {
  if (kind() != ReferenceKind::previous_version) return 0;
  return version < place_of_.size() ? place_of_[version] : no_place;
}

const Reference* References::of(std::uint16_t version, Instant time) const {
  if (kind() == ReferenceKind::period && time < *settings_->reference.from) return nullptr;
  const auto place = place_of(version);
  return place < references_.size() ? references_[place].get() : nullptr;
}

const References::Shared& References::current() const {
  static const Shared none;
  const auto place = place_of(newest_);
  return place < references_.size() ? references_[place] : none;
}

std::vector<ReferenceInfo> References::view(const std::vector<std::string>& versions) const {
  std::vector<ReferenceInfo> out;
  for (std::uint32_t place = 0; place < references_.size(); ++place) {
    if (!references_[place]) continue;
    auto info = describe(*settings_, *references_[place]);
    for (std::size_t version = 0; version < place_of_.size(); ++version) {
      if (place_of_[version] == place && version < versions.size()) info.versions.push_back(versions[version]);
    }
    out.push_back(std::move(info));
  }
  return out;
}

void References::begin(const Decision& d) {
  if (kind() == ReferenceKind::period && !over_ && d.time >= *settings_->reference.to) pass(d.time);
  if (kind() == ReferenceKind::previous_version) begin_version(d);
}

void References::begin_version(const Decision& d) {
  if (place_of(d.version) != no_place) return;
  if (place_of_.size() <= d.version) place_of_.resize(d.version + std::size_t{1}, no_place);
  if (references_.empty()) {
    references_.emplace_back();  // collects the first rows
    place_of_[d.version] = 0;
  } else if (last_.size() >= min_rows) {
    place_of_[d.version] = static_cast<std::uint32_t>(references_.size());
    Frozen out;
    std::vector<ReferenceRow> rows;
    for (const auto& row : last_) rows.push_back(with_text(row));
    out.reference = std::make_shared<const Reference>(freeze(*settings_, rows, d.time + settings_->lateness));
    keep(std::move(out), references_.size());
  } else {
    place_of_[d.version] = place_of_[newest_];
  }
  newest_ = d.version;
  last_.clear();
}

void References::collect(const Decision& d, std::uint32_t slot, std::span<const Value> values) {
  const auto& wanted = settings_->reference;
  const bool counts = kind() == ReferenceKind::first || kind() == ReferenceKind::previous_version;
  const bool in_period = kind() == ReferenceKind::period && !over_ && d.time >= *wanted.from && d.time < *wanted.to;
  if (!counts && !in_period) return;
  rows_.emplace(d.id, Row{slot, {d.time, {values.begin(), values.end()}}});
  if (in_period && rows_.size() > wanted.max_rows) rows_.erase(std::prev(rows_.end()));
  if (counts && rows_.size() >= wanted.rows()) freeze_rows(d.time + settings_->lateness);
}

void References::remember(const Decision& d, std::span<const Value> values) {
  if (kind() != ReferenceKind::previous_version || d.version != newest_) return;
  last_.push_back({d.time, {values.begin(), values.end()}});
  if (last_.size() > settings_->reference.rows()) last_.pop_front();
}

void References::pass(Instant time) {
  if (kind() != ReferenceKind::period || over_ || rows_.empty() || time < *settings_->reference.to) return;
  over_ = true;
  freeze_rows(*settings_->reference.to + settings_->lateness);
}

void References::pass_before(Instant time) {
  if (kind() == ReferenceKind::period && rows_.empty() && time >= *settings_->reference.to) over_ = true;
}

void References::freeze_rows(Instant due) {
  Frozen out;
  std::vector<ReferenceRow> rows;
  for (auto& [id, row] : rows_) {
    rows.push_back(with_text(row.row));
    out.slots.push_back(row.slot);
    out.rows.push_back(std::move(row.row.values));
  }
  rows_.clear();
  out.reference = std::make_shared<const Reference>(freeze(*settings_, rows, due));
  keep(std::move(out), 0);
}

void References::keep(Frozen frozen, std::size_t place) {
  if (references_.size() <= place) references_.resize(place + 1);
  references_[place] = frozen.reference;
  for (std::size_t version = 0; version < place_of_.size(); ++version) {
    if (place_of_[version] == place) frozen.versions.push_back(static_cast<std::uint16_t>(version));
  }
  frozen_.push_back(std::move(frozen));
}

std::optional<References::Frozen> References::take_frozen() {
  if (frozen_.empty()) return std::nullopt;
  auto out = std::move(frozen_.front());
  frozen_.erase(frozen_.begin());
  return out;
}

ReferenceRow References::with_text(const TimedRow& row) const {
  return {row.time, engine::with_text(row.values, *names_)};
}

void References::write(ByteWriter& out, const TimedRow& row) const {
  out.time(row.time);
  write_values(out, row.values, *names_);
}

void References::read(ByteReader& in, TimedRow& row) {
  row.time = in.time();
  row.values.resize(names_->size());
  if (!read_values(in, row.values, *names_)) throw CorruptBytes("a row of a reference without values");
}

void References::write(ByteWriter& out) const {
  PW_ASSERT(frozen_.empty());
  out.u64(references_.size());
  for (const auto& reference : references_) {
    out.flag(reference != nullptr);
    if (reference) reference->write(out);
  }
  out.u64(place_of_.size());
  for (const auto place : place_of_) out.u64(place);
  out.u64(newest_);
  out.u64(rows_.size());
  for (const auto& [id, row] : rows_) {
    out.id(id);
    out.u64(row.slot);
    write(out, row.row);
  }
  out.u64(last_.size());
  for (const auto& row : last_) write(out, row);
  out.flag(over_);
}

void References::read(ByteReader& in) {
  *this = References(*settings_, *names_);
  references_.resize(in.count(1));
  for (auto& reference : references_) {
    if (!in.flag()) continue;
    Reference frozen;
    frozen.read(in, static_cast<std::size_t>(settings_->reference.bins));
    reference = std::make_shared<const Reference>(std::move(frozen));
  }
  place_of_.resize(in.count(1));
  for (auto& place : place_of_) {
    place = static_cast<std::uint32_t>(in.u64());
    if (place != no_place && place >= references_.size()) throw CorruptBytes("a reference that does not exist");
  }
  newest_ = static_cast<std::uint16_t>(in.u64());
  for (auto left = in.count(18); left > 0; --left) {
    const auto id = in.id();
    auto& row = rows_[id];
    row.slot = static_cast<std::uint32_t>(in.u64());
    read(in, row.row);
  }
  last_.resize(in.count(2));
  for (auto& row : last_) read(in, row);
  over_ = in.flag();
}

bool References::sound(std::size_t decisions, std::size_t columns) const {
  return std::all_of(rows_.begin(), rows_.end(),
                     [&](const auto& item) {
                       return item.second.slot < decisions && item.second.row.values.size() == columns;
                     }) &&
         std::all_of(last_.begin(), last_.end(), [&](const auto& row) { return row.values.size() == columns; }) &&
         std::all_of(references_.begin(), references_.end(), [&](const auto& reference) {
           return reference == nullptr || reference->features.size() == columns;
         });
}

}  // namespace pilotwatch::engine
