// SPDX-License-Identifier: Apache-2.0
// What one record adds to the cells. Everything is added with a sign, so that a correction can take back what it
// replaces.
#include <cmath>

#include "engine/pilot.h"

namespace pilotwatch::engine {
namespace {

void add(std::uint64_t& count, std::uint64_t weight, std::int64_t sign) {
  count += static_cast<std::uint64_t>(static_cast<std::int64_t>(weight) * sign);
}

/// The maps of cells, as Spots know them; then those of count windows.
enum Place : std::size_t { days, hours, all, buckets };

/// Calls f(tally, is a group) for the whole and for each group the decision is in.
template <class F>
void each_tally(Spot& spot, const Groups& groups, F&& f) {
  f(spot.cell().overall, false);
  for (std::size_t attribute = 0; attribute < max_groupings; ++attribute) {
    if (groups[attribute] != no_group) f(spot.group(attribute, groups[attribute]), true);
  }
}

void add_verdict(Tally& tally, bool group, const Decision& d, const settings::Pilot& pilot, bool wrong,
                 std::int64_t sign) {
  add(tally.labelled, d.weight, sign);
  if (wrong) add(tally.errors, d.weight, sign);
  const auto weight = static_cast<std::int64_t>(d.weight) * sign;
  tally.scored.add(d, pilot, group, weight);
  if (pilot.task == settings::Task::generative) tally.confusion.add(static_cast<std::uint32_t>(d.actual), weight);
  if (pilot.task == settings::Task::binary || pilot.task == settings::Task::multiclass) {
    const auto classes = static_cast<std::uint32_t>(pilot.classes.size());
    tally.confusion.add(static_cast<std::uint32_t>(d.predicted) * classes + static_cast<std::uint32_t>(d.actual),
                        weight);
  }
}

}  // namespace

template <class Add>
void PilotState::each_cell(Instant time, std::uint64_t rank, std::uint16_t version, Where where, Add&& add_to) {
  if (where == Where::everywhere) {
    const Day day = calendar_.day_of(time);
    add_to(spots_.at(Place::days, day, version, [&]() -> Cell& {
      const auto [cells, fresh] = days_.try_emplace(day);
      windows_changed_ = windows_changed_ || fresh;
      return cells->second[version];
    }));
    touch(day);
    if (hourly_) {
      const auto hour = hour_start(settings_->time_zone, time);
      add_to(spots_.at(Place::hours, hour, version, [&]() -> Cell& {
        const auto [cells, fresh] = hours_.try_emplace(hour);
        windows_changed_ = windows_changed_ || fresh;
        return cells->second[version];
      }));
      touch_hour(hour);
    }
    if (all_is_live() || (closed_before_ && day < *closed_before_))
      add_to(spots_.at(Place::all, 0, version, [&]() -> Cell& { return all_[version]; }));
  }
  if (rank == no_rank) return;
  for (std::size_t i = 0; i < buckets_.size(); ++i) {
    const auto& window = settings_->windows[i];
    if (window.kind != settings::WindowKind::count) continue;
    const auto bucket = rank / window.count;
    add_to(spots_.at(Place::buckets + i, static_cast<std::int64_t>(bucket), version,
                     [&]() -> Cell& { return buckets_[i][bucket][version]; }));
    if (next_look_[i][0] && static_cast<std::int64_t>(bucket) < *next_look_[i][0])
      stale_.emplace(i, static_cast<std::int64_t>(bucket));
  }
}

/// Closed windows that hold `day` must be published anew.
void PilotState::touch(Day day) {
  auto& touched = touched_[static_cast<std::size_t>(day) % touched_.size()];
  if (touched.day == day && touched.epoch == touch_epoch_) return;
  touched = {day, touch_epoch_};
  for (std::size_t i = 0; i < settings_->windows.size(); ++i) {
    const auto kind = settings_->windows[i].kind;
    if (kind == settings::WindowKind::count || kind == settings::WindowKind::hour) continue;
    if (kind == settings::WindowKind::all) {
      stale_.emplace(i, 0);
      continue;
    }
    if (kind == settings::WindowKind::days) {  // the windows that end with this day, or up to N - 1 days later
      const auto end = next_look_[i][0]
                           ? std::min(day + static_cast<std::int64_t>(settings_->windows[i].count), *next_look_[i][0])
                           : day;
      for (std::int64_t last = day; last < end; ++last) stale_.emplace(i, last);
      continue;
    }
    const auto start = window_start(kind, day);
    if (next_look_[i][0] && start < *next_look_[i][0]) stale_.emplace(i, start);
  }
}

void PilotState::touch_hour(std::int64_t start) {
  for (std::size_t i = 0; i < settings_->windows.size(); ++i) {
    const bool hour = settings_->windows[i].kind == settings::WindowKind::hour;
    if (hour && next_look_[i][0] && start < *next_look_[i][0]) stale_.emplace(i, start);
  }
}

void PilotState::count_decision(const Decision& d, std::int64_t sign, Where where) {
  const auto* reference = d.has_score && d.has_predicted ? references_.of(d.version, d.time) : nullptr;
  const bool live = reference != nullptr && reference->calibrator;
  each_cell(d.time, d.rank, d.version, where, [&](Spot& spot) {
    if (live) {
      auto& cell = spot.cell();
      if (!cell.live) cell.live.emplace(static_cast<std::size_t>(settings_->scores.max_distinct));
      cell.live->add(d.score, d.predicted == positive_, static_cast<std::int64_t>(d.weight) * sign);
    }
    each_tally(spot, d.groups, [&](Tally& tally, bool) {
      add(tally.decisions, d.weight, sign);
      if (d.failed) add(tally.failures, d.weight, sign);
      if (!d.has_predicted) return;
      add(tally.predicted, d.weight, sign);
      if (settings_->task == settings::Task::binary && d.predicted == positive_) add(tally.positives, d.weight, sign);
    });
  });
}

void PilotState::count_outcome(const Decision& d, std::int64_t sign, Where where) {
  if (!d.labelled()) return;
  const bool wrong = is_error(*settings_, d);
  each_cell(d.time, d.rank, d.version, where, [&](Spot& spot) {
    each_tally(spot, d.groups,
               [&](Tally& tally, bool group) { add_verdict(tally, group, d, *settings_, wrong, sign); });
  });
}

void PilotState::count_complaint(const ComplaintRow& c, std::int64_t sign) {
  if (!c.linked) return count_unlinked(c, sign, Where::everywhere);
  const Decision d = decisions_[c.decision];
  each_cell(d.time, d.rank, d.version, Where::everywhere, [&](Spot& spot) {
    each_tally(spot, d.groups, [&](Tally& tally, bool) { add_complaint(tally, c, sign); });
  });
}

/// A complaint about no decision we know counts in the window of its own time and in no version.
void PilotState::count_unlinked(const ComplaintRow& c, std::int64_t sign, Where where) {
  each_cell(c.time, c.rank, 0, where, [&](Spot& spot) {
    each_tally(spot, c.groups, [&](Tally& tally, bool) { add_complaint(tally, c, sign); });
  });
}

/// Leaves nothing behind: a day that held nothing else is as if it had never been.
void PilotState::take_back_unlinked(const ComplaintRow& c) {
  count_unlinked(c, -1, Where::everywhere);
  spots_.forget();
  windows_changed_ = true;
  const auto prune = [](VersionCells& cells) {
    for (auto& [version, cell] : cells)
      std::erase_if(cell.groups, [](const auto& group) { return group.second.empty(); });
    std::erase_if(cells, [](const auto& cell) { return cell.second.empty(); });
    return cells.empty();
  };
  prune(all_);
  const Day day = day_of(settings_->time_zone, c.time);
  if (prune(days_[day])) days_.erase(day);
  const auto hour = hourly_ ? hours_.find(hour_start(settings_->time_zone, c.time)) : hours_.end();
  if (hour != hours_.end() && prune(hour->second)) hours_.erase(hour);
  if (c.rank == no_rank) return;
  for (std::size_t i = 0; i < buckets_.size(); ++i) {
    if (settings_->windows[i].kind != settings::WindowKind::count) continue;
    const auto bucket = buckets_[i].find(c.rank / settings_->windows[i].count);
    if (bucket != buckets_[i].end() && prune(bucket->second)) buckets_[i].erase(bucket);
  }
}

void PilotState::each_scope(Instant time, std::uint64_t rank, std::uint16_t version, const Groups& groups, Where where,
                            const std::function<void(Tally&)>& add_to) {
  each_cell(time, rank, version, where,
            [&](Spot& spot) { each_tally(spot, groups, [&](Tally& tally, bool) { add_to(tally); }); });
}

Tally PilotState::total() const {
  Tally out;
  for (const auto& [day, cells] : days_) {
    for (const auto& [version, cell] : cells) out += cell.overall;
  }
  return out;
}

void PilotState::count_features(const Decision& d, const Reference& reference, std::span<const Value> row,
                                Where where) {
  each_cell(d.time, d.rank, d.version, where,
            [&](Spot& spot) { add_values(spot.cell(), reference, row, static_cast<std::int64_t>(d.weight)); });
}

/// A decision has found its place in the order: it now belongs to count windows, with all that is known of it.
void PilotState::order_decision(Waiting& waiting) {
  decisions_.set_rank(waiting.slot, next_rank_);
  auto d = decisions_[waiting.slot];
  d.rank = next_rank_;  // whether it is kept or not
  const auto rank_before = std::exchange(next_rank_, next_rank_ + d.weight);
  for (std::size_t i = 0; i < settings_->windows.size(); ++i) {
    if (settings_->windows[i].kind != settings::WindowKind::count) continue;
    auto [times, fresh] = bucket_times_[i].try_emplace(d.rank / settings_->windows[i].count, d.time, d.time);
    times->second.first = std::min(times->second.first, d.time);
    times->second.second = std::max(times->second.second, d.time);
    const auto count = settings_->windows[i].count;
    if (rank_before / count != next_rank_ / count) windows_changed_ = true;
  }
  count_decision(d, 1, Where::buckets);
  if (d.has_outcome) count_outcome(d, 1, Where::buckets);
  if (const auto linked = linked_complaints_.find(waiting.slot); linked != linked_complaints_.end()) {
    for (const auto slot : linked->second) {
      each_scope(d.time, d.rank, d.version, d.groups, Where::buckets,
                 [&](Tally& tally) { add_complaint(tally, complaints_[slot], 1); });
    }
  }
  count_harm(waiting.slot, 1, Where::buckets);
  references_.begin(d);
  count_frozen();
  const auto* reference = references_.of(d.version, d.time);
  const auto row = rows_[waiting.row];
  if (reference != nullptr && waiting.placed != reference) placer_.place(row, *reference, names_);
  await_maturity(waiting, d, reference);
  if (const auto review = review_of(d.id); review != ReviewRow::no_review)
    count_review(d, reviews_[review], 1, Where::buckets);
  references_.remember(d, row);
  if (reference != nullptr) {
    count_features(d, *reference, row, waiting.counted ? Where::buckets : Where::everywhere);
  } else {
    references_.collect(d, waiting.slot, row);
    count_frozen();
  }
  spent_rows_.push_back(waiting.row);
}

/// Rows of a reference are counted against it like all others. What waits behind them has its features counted at its
/// own turn.
void PilotState::count_frozen() {
  while (auto frozen = references_.take_frozen()) {
    for (std::size_t i = 0; i < frozen->rows.size(); ++i) {
      placer_.place(frozen->rows[i], *frozen->reference, names_);
      count_features(decisions_[frozen->slots[i]], *frozen->reference, frozen->rows[i]);
    }
    frozen_.push_back(describe(*settings_, *frozen->reference));
    for (const auto version : frozen->versions) frozen_.back().versions.push_back(versions_[version]);
  }
}

void PilotState::order_until(Instant time) {
  while (!waiting_.empty() && std::get<Instant>(waiting_.first()) <= time) {
    auto [key, waiting] = waiting_.take_first();
    const auto kind = std::get<Ordered>(key);
    if (kind == Ordered::decision) {
      order_decision(waiting);
      continue;
    }
    if (kind == Ordered::feedback) {
      count_feedback(feedback_[waiting.slot], next_rank_, Where::buckets);
      continue;
    }
    auto& complaint = complaints_.modify(waiting.slot);
    complaint.rank = next_rank_;
    count_unlinked(complaint, 1, Where::buckets);
  }
}

}  // namespace pilotwatch::engine
