// SPDX-License-Identifier: Apache-2.0
// From cells to published windows.
#include <algorithm>

#include "engine/figures.h"
#include "engine/pilot.h"

namespace pilotwatch::engine {

using settings::WindowKind;

std::string window_name(const settings::Window& window) {
  const std::string name = settings::window_kind_names[static_cast<std::size_t>(window.kind)];
  return window.count > 0 ? name + ":" + std::to_string(window.count) : name;
}

namespace {

/// Sliding windows go by their last day.
Day first_day(const settings::Window& window, Day start) {
  return window.kind == WindowKind::days ? start - static_cast<Day>(window.count) + 1 : start;
}

}  // namespace

VersionCells PilotState::merged(std::size_t window, std::int64_t start) const {
  const auto kind = settings_->windows[window].kind;
  if (kind == WindowKind::all) return all_;
  if (kind == WindowKind::count) {
    const auto found = buckets_[window].find(static_cast<std::uint64_t>(start));
    return found == buckets_[window].end() ? VersionCells{} : found->second;
  }
  if (kind == WindowKind::hour) {
    const auto found = hours_.find(start);
    return found == hours_.end() ? VersionCells{} : found->second;
  }
  VersionCells out;
  const Day end = window_next(kind, static_cast<Day>(start));
  for (auto day = days_.lower_bound(first_day(settings_->windows[window], static_cast<Day>(start)));
       day != days_.end() && day->first < end; ++day) {
    for (const auto& [version, cell] : day->second) out[version] += cell;
  }
  return out;
}

std::pair<Instant, Instant> PilotState::bounds(std::size_t window, std::int64_t start) const {
  const auto kind = settings_->windows[window].kind;
  const auto& zone = settings_->time_zone;
  if (kind == WindowKind::count) {
    const auto times = bucket_times_[window].find(static_cast<std::uint64_t>(start));
    return times == bucket_times_[window].end() ? std::pair<Instant, Instant>{} : times->second;
  }
  if (kind == WindowKind::all) {
    if (days_.empty()) return {};
    const Day first = days_.begin()->first;
    return {start_of(zone, first), all_is_live() ? *newest_ : start_of(zone, closed_before_.value_or(first))};
  }
  if (kind == WindowKind::hour) return {from_seconds(start), from_seconds(hour_next(zone, start))};
  const auto first = first_day(settings_->windows[window], static_cast<Day>(start));
  return {start_of(zone, first), start_of(zone, window_next(kind, static_cast<Day>(start)))};
}

bool PilotState::is_mature(std::size_t window, std::int64_t start) const {
  if (!now_) return false;
  if (finished_) return true;
  if (settings_->windows[window].kind != WindowKind::all) return *now_ >= bounds(window, start).second + maturity();
  return settings_->outcome_horizon == Millis{0} ||
         *now_ >= start_of(settings_->time_zone, days_.rbegin()->first + 1) + maturity();
}

std::shared_ptr<const WindowResult> PilotState::result(std::size_t window, std::int64_t start) {
  const std::pair key{window, start};
  const auto known = results_.find(key);
  if (known != results_.end() && !stale_.contains(key)) return known->second;
  stale_.erase(key);
  ++touch_epoch_;

  auto out = std::make_shared<WindowResult>();
  out->kind = settings_->windows[window];
  out->kind_name = window_name(out->kind);
  out->place = start;
  std::tie(out->start, out->end) = bounds(window, start);
  const VersionCells cells = merged(window, start);
  if (cells.empty()) {  // nothing to publish (any more); the judge calls it no data
    results_.erase(key);
    return out;
  }
  out->mature = is_mature(window, start);
  const auto categories = category_names();
  const bool by_decisions = out->kind.kind == WindowKind::count || out->kind.kind == WindowKind::all;
  const Instant last = by_decisions ? out->end : out->end - Millis{1};
  const auto reference = [&](std::uint16_t version) { return references_.of(version, last); };
  if (const auto current = references_.current()) out->reference = current->id;
  compute({*settings_, cells, versions_, values_, categories, reference, out->mature}, *out);
  results_[key] = out;
  return out;
}

void PilotState::mark_all_stale() {
  for (std::size_t i = 0; i < settings_->windows.size(); ++i) {
    if (settings_->windows[i].kind == WindowKind::all) stale_.emplace(i, 0);
    for (const auto& [bucket, cells] : buckets_[i]) {
      if (next_look_[i][0] && static_cast<std::int64_t>(bucket) < *next_look_[i][0])
        stale_.emplace(i, static_cast<std::int64_t>(bucket));
    }
  }
  for (const auto& [day, cells] : days_) touch(day);
  for (const auto& [hour, cells] : hours_) touch_hour(hour);
}

PilotView PilotState::view() {
  const auto stale = stale_;
  for (const auto& [window, start] : stale) static_cast<void>(result(window, start));
  PilotView view;
  view.settings = settings_;
  view.now = now_;
  view.counters = counters_;
  view_bounds(view);
  std::sort(view.counters.versions.begin(), view.counters.versions.end(),
            [](const auto& x, const auto& y) { return x.name < y.name; });
  view.references = references_.view(versions_);
  if (const auto current = references_.current()) view.reference = describe(*settings_, *current);
  view_changes(view);
  for (const auto& [key, published] : results_) view.windows.push_back(published);
  return view;
}

}  // namespace pilotwatch::engine
