// SPDX-License-Identifier: Apache-2.0
#include "engine/tally.h"

namespace pilotwatch::engine {

Tally& Tally::operator+=(const Tally& other) {
  decisions += other.decisions;
  failures += other.failures;
  positives += other.positives;
  predicted += other.predicted;
  labelled += other.labelled;
  errors += other.errors;
  complaints += other.complaints;
  confusion += other.confusion;
  scored += other.scored;
  side += other.side;
  categories += other.categories;
  restore_days += other.restore_days;
  return *this;
}

Tally counts_of(const Tally& t) {
  return {t.decisions,  t.failures,  t.positives, t.predicted, t.labelled,   t.errors,
          t.complaints, t.confusion, {},          t.side,      t.categories, t.restore_days};
}

void take_away(Tally& whole, const Tally& part) {
  whole.decisions -= part.decisions;
  whole.failures -= part.failures;
  whole.positives -= part.positives;
  whole.predicted -= part.predicted;
  whole.labelled -= part.labelled;
  whole.errors -= part.errors;
  whole.complaints -= part.complaints;
  whole.side -= part.side;
  for (const auto member : {&Tally::confusion, &Tally::categories, &Tally::restore_days}) {
    for (const auto& [position, count] : (part.*member).items())
      (whole.*member).add(position, -static_cast<std::int64_t>(count));
  }
}

void Tally::write(ByteWriter& out) const {
  for (const auto count : {decisions, failures, positives, predicted, labelled, errors, complaints}) out.u64(count);
  confusion.write(out);
  scored.write(out);
  side.write(out);
  categories.write(out);
  restore_days.write(out);
}

void Tally::read(ByteReader& in) {
  for (auto* count : {&decisions, &failures, &positives, &predicted, &labelled, &errors, &complaints})
    *count = in.u64();
  confusion.read(in);
  scored.read(in);
  side.read(in);
  categories.read(in);
  restore_days.read(in);
}

Histogram& Histogram::operator+=(const Histogram& other) {
  positions += other.positions;
  missing += other.missing;
  return *this;
}

void Histogram::write(ByteWriter& out) const {
  positions.write(out);
  out.u64(missing);
}

void Histogram::read(ByteReader& in) {
  positions.read(in);
  missing = in.u64();
}

Cell& Cell::operator+=(const Cell& other) {
  overall += other.overall;
  for (const auto& [key, tally] : other.groups) groups[key] += tally;
  if (features.size() < other.features.size()) features.resize(other.features.size());
  for (std::size_t i = 0; i < other.features.size(); ++i) features[i] += other.features[i];
  if (other.live && live) *live += *other.live;
  if (other.live && !live) live = other.live;
  return *this;
}

void Cell::write(ByteWriter& out) const {
  overall.write(out);
  out.u64(groups.size());
  for (const auto& [key, tally] : groups) {
    out.u64(key.first);
    out.u64(key.second);
    tally.write(out);
  }
  out.u64(features.size());
  for (const auto& feature : features) feature.write(out);
  out.flag(live.has_value());
  if (live) live->write(out);
}

void Cell::read(ByteReader& in) {
  overall.read(in);
  for (auto left = in.count(10); left > 0; --left) {
    const auto attribute = static_cast<std::uint16_t>(in.u64());
    const auto value = static_cast<std::uint16_t>(in.u64());
    groups[{attribute, value}].read(in);
  }
  features.resize(in.count(2));
  for (auto& feature : features) feature.read(in);
  if (in.flag()) live.emplace().read(in);
}

}  // namespace pilotwatch::engine
