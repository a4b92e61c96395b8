// SPDX-License-Identifier: Apache-2.0
// The binary form of one pilot's state. Two states that are equal have equal bytes.
#include <type_traits>

#include "engine/pilot.h"

namespace pilotwatch::engine {
namespace {

constexpr std::uint64_t state_version = 14;

void write_cells(ByteWriter& out, const VersionCells& cells) {
  out.u64(cells.size());
  for (const auto& [version, cell] : cells) {
    out.u64(version);
    cell.write(out);
  }
}

void read_cells(ByteReader& in, VersionCells& cells) {
  for (auto left = in.count(10); left > 0; --left) {
    const auto version = static_cast<std::uint16_t>(in.u64());
    cells[version].read(in);
  }
}

void write_time(ByteWriter& out, const std::optional<Instant>& time) {
  out.flag(time.has_value());
  if (time) out.time(*time);
}

void read_time(ByteReader& in, std::optional<Instant>& time) {
  if (in.flag()) time = in.time();
}

template <class T>
void write_number(ByteWriter& out, const std::optional<T>& number) {
  out.flag(number.has_value());
  if (number) out.i64(*number);
}

template <class T>
void read_number(ByteReader& in, std::optional<T>& number) {
  if (in.flag()) number = static_cast<T>(in.i64());
}

void write_rows(ByteWriter& out, const std::vector<OutcomeRow>& rows) {
  out.u64(rows.size());
  for (const auto& row : rows) {
    out.time(row.time);
    out.u64(row.content);
    out.f64(row.actual);
    out.time(row.in_time);
  }
}

void read_rows(ByteReader& in, std::vector<OutcomeRow>& rows) {
  rows.resize(in.count(11));
  for (auto& row : rows) {
    row.time = in.time();
    row.content = in.u64();
    row.actual = in.f64();
    row.in_time = in.time();
  }
}

void write_counters(ByteWriter& out, const PilotCounters& c) {
  out.u64(c.versions.size());
  for (const auto& version : c.versions) {
    out.text(version.name);
    out.u64(version.predictions);
    out.u64(version.errors);
  }
  for (const auto count : {c.outcomes,
                           c.outcomes_matched,
                           c.failures,
                           c.outcomes_corrected,
                           c.complaints,
                           c.complaints_unlinked,
                           c.late_records,
                           c.awaiting_outcome,
                           c.parked_dropped[0],
                           c.parked_dropped[1],
                           c.parked_dropped[2],
                           c.parked_dropped[3],
                           c.complaint_updates,
                           c.reviews,
                           c.reviews_corrected,
                           c.feedback[0],
                           c.feedback[1],
                           c.unannounced_versions,
                           c.findings_too_late,
                           c.parts_alone,
                           c.parts_too_late}) {
    out.u64(count);
  }
  out.u64(c.complaints_by.size());
  for (const auto& [key, count] : c.complaints_by) {
    out.text(key.first);
    out.text(key.second);
    out.u64(count);
  }
  out.u64(c.label_overflows.size());
  for (const auto& [key, count] : c.label_overflows) {
    out.text(key);
    out.u64(count);
  }
  for (const auto& time : {c.last_prediction, c.last_outcome, c.last_complaint}) write_time(out, time);
  for (const auto* buckets : {&c.latency_buckets, &c.delay_buckets}) {
    out.u64(buckets->size());
    for (const auto count : *buckets) out.u64(count);
  }
  out.f64(c.latency_sum_s);
  out.f64(c.delay_sum_s);
}

void read_counters(ByteReader& in, PilotCounters& c) {
  c.versions.resize(in.count(3));
  for (auto& version : c.versions) {
    version.name = in.text();
    version.predictions = in.u64();
    version.errors = in.u64();
  }
  for (auto* count : {&c.outcomes,
                      &c.outcomes_matched,
                      &c.failures,
                      &c.outcomes_corrected,
                      &c.complaints,
                      &c.complaints_unlinked,
                      &c.late_records,
                      &c.awaiting_outcome,
                      &c.parked_dropped[0],
                      &c.parked_dropped[1],
                      &c.parked_dropped[2],
                      &c.parked_dropped[3],
                      &c.complaint_updates,
                      &c.reviews,
                      &c.reviews_corrected,
                      &c.feedback[0],
                      &c.feedback[1],
                      &c.unannounced_versions,
                      &c.findings_too_late,
                      &c.parts_alone,
                      &c.parts_too_late}) {
    *count = in.u64();
  }
  c.complaints_by.resize(in.count(3));
  for (auto& [key, count] : c.complaints_by) {
    key.first = in.text();
    key.second = in.text();
    count = in.u64();
  }
  c.label_overflows.resize(in.count(2));
  for (auto& [key, count] : c.label_overflows) {
    key = in.text();
    count = in.u64();
  }
  for (auto* time : {&c.last_prediction, &c.last_outcome, &c.last_complaint}) read_time(in, *time);
  for (auto* buckets : {&c.latency_buckets, &c.delay_buckets}) {
    buckets->resize(in.count(1));
    for (auto& count : *buckets) count = in.u64();
  }
  c.latency_sum_s = in.f64();
  c.delay_sum_s = in.f64();
}

std::string chunk_name(const char* table, std::size_t number) {
  return std::string(table) + "/" + std::to_string(number);
}

}  // namespace

void PilotState::set_store(ReadBlock read) {
  read_block_ = std::move(read);
  decisions_.set_store(read_block_, [this](const Decision& d) { return sound(d); });
}

void PilotState::save(Extent extent, const Save& save, const Relief& relief) {
  const bool all = extent != Extent::changes;
  decisions_.save(extent, save, relief);
  ByteWriter out;
  write(out);
  save("state", out.take());
  complaints_.save_chunks(
      all, [&](std::size_t i, std::string bytes) { save(chunk_name("complaints", i), std::move(bytes)); });
  reviews_.save_chunks(all,
                       [&](std::size_t i, std::string bytes) { save(chunk_name("reviews", i), std::move(bytes)); });
  feedback_.save_chunks(all,
                        [&](std::size_t i, std::string bytes) { save(chunk_name("feedback", i), std::move(bytes)); });
}

void PilotState::load(const std::map<std::string, std::string>& parts) {
  const auto state = parts.find("state");
  if (state == parts.end()) throw CorruptBytes("a pilot without state");
  ByteReader in(state->second);
  read(in, parts);
  for (std::size_t i = 0; parts.contains(chunk_name("complaints", i)); ++i)
    complaints_.load_chunk(parts.at(chunk_name("complaints", i)));
  if (!references_.sound(decisions_.size(), columns_.size())) throw CorruptBytes("rows of a reference");
  for (std::size_t i = 0; parts.contains(chunk_name("reviews", i)); ++i)
    reviews_.load_chunk(parts.at(chunk_name("reviews", i)));
  for (std::size_t i = 0; parts.contains(chunk_name("feedback", i)); ++i)
    feedback_.load_chunk(parts.at(chunk_name("feedback", i)));
  for (std::uint32_t slot = 0; slot < complaints_.size(); ++slot) {
    const auto& row = complaints_[slot];
    complaint_by_id_.emplace(row.id, slot);
    if (row.names_prediction && !row.linked) complaints_waiting_[row.prediction_id].push_back(slot);
  }
  for (const auto& [time, complaint] : findings_) {
    if (!complaint_by_id_.contains(complaint) || !updates_.contains(complaint))
      throw CorruptBytes("a finding on a complaint that is not there");
  }
  check_rows();
  index_side();
  mark_all_stale();
}

/// What rows refer to must be there: they are used as indexes.
void PilotState::check_rows() const {
  waiting_.each([&](const OrderKey& key, const Waiting& waiting) {
    const auto kind = std::get<Ordered>(key);
    const auto rows = kind == Ordered::decision    ? decisions_.size()
                      : kind == Ordered::complaint ? complaints_.size()
                                                   : feedback_.size();
    if (waiting.slot >= rows) throw CorruptBytes("what waits does not exist");
  });
  for (auto slot = static_cast<std::uint32_t>(decisions_.old().size()); slot < decisions_.size(); ++slot) {
    if (!sound(decisions_[slot])) throw CorruptBytes("a decision of a version, group or class that does not exist");
  }
  for (std::uint32_t slot = 0; slot < complaints_.size(); ++slot) {
    if (!groups_exist(complaints_[slot].groups)) throw CorruptBytes("a complaint of a group that does not exist");
  }
}

bool PilotState::groups_exist(const Groups& groups) const {
  for (std::size_t i = 0; i < groups.size(); ++i) {
    if (groups[i] != no_group && (i >= values_.size() || groups[i] >= values_[i].size())) return false;
  }
  return true;
}

/// Of old decisions that is asked when they are read.
bool PilotState::sound(const Decision& d) const {
  const auto labels = static_cast<double>(std::max<std::size_t>(1, settings_->classes.size()));
  const bool numbers = settings::predicts_numbers(settings_->task);
  const auto is_label = [&](double value) { return numbers || (value >= 0 && value < labels); };
  return d.version < versions_.size() && d.version < counters_.versions.size() && groups_exist(d.groups) &&
         is_label(d.predicted) && is_label(d.actual);
}

void PilotState::write(ByteWriter& out) const {
  out.u64(state_version);
  write_parked(out);
  out.u64(overruled_.size());
  for (const auto& [slot, rows] : overruled_) {
    out.u64(slot);
    write_rows(out, rows);
  }
  out.u64(days_.size());
  for (const auto& [day, cells] : days_) {
    out.i64(day);
    write_cells(out, cells);
  }
  out.u64(hours_.size());
  for (const auto& [hour, cells] : hours_) {
    out.i64(hour);
    write_cells(out, cells);
  }
  out.u64(buckets_.size());
  for (std::size_t i = 0; i < buckets_.size(); ++i) {
    out.u64(buckets_[i].size());
    for (const auto& [bucket, cells] : buckets_[i]) {
      out.u64(bucket);
      write_cells(out, cells);
    }
    out.u64(bucket_times_[i].size());
    for (const auto& [bucket, times] : bucket_times_[i]) {
      out.u64(bucket);
      out.time(times.first);
      out.time(times.second);
    }
    for (const auto& next : next_look_[i]) write_number(out, next);
  }
  write_cells(out, all_);
  out.u64(versions_.size());
  for (const auto& version : versions_) out.text(version);
  out.u64(values_.size());
  for (const auto& values : values_) {
    out.u64(values.size());
    for (const auto& value : values) out.text(value);
  }
  out.u64(waiting_.size());
  waiting_.each([&](const OrderKey& key, const Waiting& waiting) {
    out.time(std::get<Instant>(key));
    out.u64(static_cast<std::uint64_t>(std::get<Ordered>(key)));
    out.id(std::get<Id128>(key));
    out.u64(waiting.slot);
    out.flag(waiting.counted);
    write_values(out, waiting.row == no_row ? std::span<const Value>() : rows_[waiting.row], names_);
  });
  out.u64(next_rank_);
  references_.write(out);
  decisions_.write_position(out);
  out.u64(findings_.size());
  for (const auto& [time, complaint] : findings_) {
    out.time(time);
    out.id(complaint);
  }
  out.u64(versions_ordered_.size());
  for (const auto version : versions_ordered_) out.u64(version);
  write_time(out, now_);
  write_time(out, newest_);
  write_time(out, due_);
  write_number(out, closed_before_);
  for (const auto& looked : all_looked_) write_number(out, looked);
  write_counters(out, counters_);
  write_side(out);
  write_categories(out);
  write_halves(out);
}

void PilotState::read(ByteReader& in, const std::map<std::string, std::string>& parts) {
  if (in.u64() != state_version) throw CorruptBytes("state of another version");
  read_parked(in);
  for (auto left = in.count(2); left > 0; --left) {
    const auto slot = static_cast<std::uint32_t>(in.u64());
    auto& rows = overruled_[slot];
    read_rows(in, rows);
    overruled_rows_ += rows.size();
  }
  for (auto left = in.count(2); left > 0; --left) {
    const auto day = static_cast<Day>(in.i64());
    read_cells(in, days_[day]);
  }
  for (auto left = in.count(2); left > 0; --left) {
    const auto hour = in.i64();
    read_cells(in, hours_[hour]);
  }
  if (in.u64() != buckets_.size()) throw CorruptBytes("state of other windows");
  for (std::size_t i = 0; i < buckets_.size(); ++i) {
    for (auto left = in.count(2); left > 0; --left) {
      const auto bucket = in.u64();
      read_cells(in, buckets_[i][bucket]);
    }
    for (auto left = in.count(3); left > 0; --left) {
      const auto bucket = in.u64();
      const auto first = in.time();
      bucket_times_[i][bucket] = {first, in.time()};
    }
    for (auto& next : next_look_[i]) read_number(in, next);
  }
  read_cells(in, all_);
  versions_.resize(in.count(1));
  for (auto& version : versions_) version = in.text();
  values_.resize(in.count(1));
  for (auto& values : values_) {
    values.resize(in.count(1));
    for (auto& value : values) value = in.text();
  }
  for (auto left = in.count(20); left > 0; --left) {
    const auto time = in.time();
    const auto kind = in.u64();
    if (kind > static_cast<std::uint64_t>(Ordered::feedback)) throw CorruptBytes("unknown kind of record waits");
    const auto id = in.id();
    Waiting waiting;
    waiting.slot = static_cast<std::uint32_t>(in.u64());
    waiting.counted = in.flag();
    waiting.row = rows_.take();
    const bool decision = kind == static_cast<std::uint64_t>(Ordered::decision);
    if (read_values(in, rows_[waiting.row], names_) != decision) throw CorruptBytes("values of what has none");
    if (!decision) {
      rows_.give_back(waiting.row);
      waiting.row = no_row;
    }
    const OrderKey key{time, static_cast<Ordered>(kind), id};
    if (kind == static_cast<std::uint64_t>(Ordered::complaint)) {
      waiting_.add_erasable(key, waiting);
    } else {
      waiting_.add(key, waiting);
    }
  }
  next_rank_ = in.u64();
  references_.read(in);
  decisions_.load(in, [&](const std::string& name) {
    const auto part = parts.find(name);
    if (part == parts.end() && read_block_) return read_block_(name);
    if (part == parts.end() || part->second.empty()) throw CorruptBytes("a part of the decisions is missing");
    return part->second;
  });
  for (auto left = in.count(17); left > 0; --left) {
    const auto time = in.time();
    findings_.emplace(time, in.id());
  }
  for (auto left = in.count(1); left > 0; --left) versions_ordered_.insert(static_cast<std::uint16_t>(in.u64()));
  read_time(in, now_);
  read_time(in, newest_);
  read_time(in, due_);
  read_number(in, closed_before_);
  for (auto& looked : all_looked_) read_number(in, looked);
  read_counters(in, counters_);
  read_side(in);
  read_categories(in);
  read_halves(in);
  if (!in.at_end()) throw CorruptBytes("bytes behind the state");
}

}  // namespace pilotwatch::engine
