// SPDX-License-Identifier: Apache-2.0
// Time moves on: decisions find their order, days close, windows are looked at once each, in order.
#include <algorithm>

#include "engine/pilot.h"

namespace pilotwatch::engine {

using settings::WindowKind;

void PilotState::advance(Instant now, const Listener& listener) {
  if (now_ && now <= *now_ && !due_) return;
  if (now_) references_.pass_before(*now_ - settings_->lateness);
  now_ = now_ ? std::max(*now_, now) : now;
  if (!due_ || *now_ < *due_) return;
  halves_.settle(*now_);
  take_lone_halves(*now_ - settings_->lateness);
  order_until(*now_ - settings_->lateness);
  references_.pass(*now_ - settings_->lateness);
  count_frozen();
  mature_until(*now_ - maturity());
  find_until(*now_ - maturity());
  judge_versions(*now_ - settings_->lateness);
  // Windows are looked at when one falls due, or what there is of them has changed; not for each decision.
  const bool look = windows_changed_ || (windows_due_ && *now_ >= *windows_due_);
  if (look) close_days();
  report(look ? closings(false) : std::vector<Closing>(), listener);
  if (look) {
    windows_changed_ = false;
    refresh_windows_due();
  }
  refresh_due();
}

void PilotState::finish(const Listener& listener) {
  if (!newest_) return;
  take_lone_halves(*newest_ - settings_->lateness);  // those whose answer could still have come have not failed
  order_until(Instant::max());
  mature_until(*newest_ - maturity());
  find_until(*newest_ - maturity());
  judge_versions(Instant::max());
  const Day last = days_.empty() ? 0 : days_.rbegin()->first;
  const Instant end = start_of(settings_->time_zone, last + 1) + settings_->lateness;
  now_ = now_ ? std::max(*now_, end) : end;
  references_.pass(*now_ - settings_->lateness);
  count_frozen();
  finished_ = true;
  close_days();
  report(closings(true), listener);
}

/// References, decisions and windows in the order in which they fell due, so that nothing depends on how records were
/// cut into entries.
void PilotState::report(const std::vector<Closing>& closings, const Listener& listener) {
  const auto by_due = [](const Observation& a, const Observation& b) { return a.due < b.due; };
  if (!std::is_sorted(observations_.begin(), observations_.end(), by_due))
    std::stable_sort(observations_.begin(), observations_.end(), by_due);
  auto next = observations_.begin();
  auto frozen = frozen_.begin();
  const auto freeze_until = [&](Instant due) {
    for (; frozen != frozen_.end() && *frozen->frozen_at <= due; ++frozen) {
      if (listener.frozen) listener.frozen(*frozen);
    }
  };
  const auto observe_until = [&](Instant due) {
    while (next != observations_.end() && next->due <= due) {
      freeze_until(next->due);
      const auto last = std::find_if(next + 1, observations_.end(), [&](const Observation& seen) {
        return seen.due > due || (frozen != frozen_.end() && *frozen->frozen_at <= seen.due);
      });
      if (listener.observe) listener.observe({next, last});
      next = last;
    }
    freeze_until(due);
  };
  for (const auto& closing : closings) {
    observe_until(closing.due);
    if (listener.look) listener.look(closing);
  }
  observe_until(Instant::max());
  observations_.clear();
  frozen_.clear();
  for (const auto row : spent_rows_) rows_.give_back(row);
  spent_rows_.clear();
}

void PilotState::await_maturity(const Waiting& waiting, const Decision& d, const Reference* compared) {
  if (!watches_) return;
  auto& seen = observations_.emplace_back();
  seen.time = d.time;
  seen.due = d.time + settings_->lateness;
  seen.decision = d;
  seen.values = rows_[waiting.row].data();
  seen.stratum = stratum_of(settings_->time_zone, settings_->reference.strata, d.time);
  seen.reference = references_.current().get();
  seen.after_reference = compared != nullptr && compared == seen.reference;
  seen.new_version = versions_ordered_.insert(d.version).second;
  decisions_.await_maturity(waiting.slot);
}

void PilotState::mature_until(Instant time) {
  for (auto next = decisions_.next_maturing(); next && decisions_.next_maturing_time() <= time;
       next = decisions_.next_maturing()) {
    auto& seen = observations_.emplace_back();
    seen.stage = Stage::matured;
    seen.decision = as_of_horizon(*next);
    seen.time = seen.decision.time;
    seen.due = seen.decision.time + maturity();
    if (seen.decision.complaints > 0) seen.complained_about = complained_about(*next, seen.due);
    decisions_.matured();
  }
}

/// The decision with the greatest outcome of those that were made by the horizon. What was repeated later was known
/// all the same.
Decision PilotState::as_of_horizon(std::uint32_t slot) const {
  Decision d = decisions_[slot];
  if (!d.has_outcome || d.outcome_in_time == d.outcome_time) return d;
  OutcomeRow best{d.outcome_time, d.outcome_content, d.actual, d.outcome_in_time};
  if (const auto losers = overruled_.find(slot); losers != overruled_.end()) {
    for (const auto& row : losers->second) {
      if (best.order_in_time() < row.order_in_time()) best = row;
    }
  }
  d.has_outcome = best.in_time != Instant::min();
  d.actual = best.actual;
  d.outcome_time = d.outcome_in_time = best.in_time;
  d.outcome_content = best.content;
  return d;
}

/// Groups enter `all` when their day has closed, unless nothing needs protection.
void PilotState::close_days() {
  if (days_.empty()) return;
  // The day that holds now - lateness has not ended `lateness` ago; all before it have.
  const Day open = day_of(settings_->time_zone, *now_ - settings_->lateness);
  const Day from = closed_before_.value_or(days_.begin()->first);
  if (!all_is_live()) {
    // Before the first closing nothing is in `all`: take every day, also those before `from`.
    const auto begin = closed_before_ ? days_.lower_bound(from) : days_.begin();
    for (auto day = begin; day != days_.end() && day->first < open; ++day) {
      for (const auto& [version, cell] : day->second) all_[version] += cell;
    }
  }
  if (!closed_before_ || open > *closed_before_) closed_before_ = open;
}

std::vector<Closing> PilotState::closings(bool final) {
  ++touch_epoch_;
  std::vector<Closing> closings;
  for (std::size_t i = 0; i < settings_->windows.size(); ++i) {
    for (const bool mature : {false, true}) {
      switch (settings_->windows[i].kind) {
        case WindowKind::count:
          look_at_counts(i, mature, final, closings);
          break;
        case WindowKind::all:
          look_at_all(i, mature, final, closings);
          break;
        default:
          look_at_calendar(i, mature, final, closings);
          break;
      }
    }
  }
  std::stable_sort(closings.begin(), closings.end(), [](const Closing& a, const Closing& b) { return a.due < b.due; });
  return closings;
}

void PilotState::look_at_calendar(std::size_t window, bool mature, bool final, std::vector<Closing>& out) {
  auto& next = next_look_[window][mature ? 1 : 0];
  const auto kind = settings_->windows[window].kind;
  if (days_.empty()) return;
  const bool hour = kind == WindowKind::hour;
  if (hour && hours_.empty()) return;
  if (!next) next = hour ? hours_.begin()->first : window_start(kind, days_.begin()->first);
  const std::int64_t last = hour ? hours_.rbegin()->first : days_.rbegin()->first;
  while (true) {
    const std::int64_t end = hour ? hour_next(settings_->time_zone, *next) : window_next(kind, static_cast<Day>(*next));
    const Instant due = bounds(window, *next).second + delay(mature);
    if (final ? *next > last : due > *now_) break;
    if (mature) stale_.emplace(window, *next);  // what was `immature` is no more
    const auto start = *next;
    next = end;
    out.push_back({&settings_->windows[window], due, mature, result(window, start)});
  }
}

void PilotState::look_at_counts(std::size_t window, bool mature, bool final, std::vector<Closing>& out) {
  auto& next = next_look_[window][mature ? 1 : 0];
  if (!next) next = 0;
  const auto complete = static_cast<std::int64_t>(next_rank_ / settings_->windows[window].count);
  while (*next < complete) {
    // The next bucket with decisions: one of great weight skips over as many as it fills.
    const auto times = bucket_times_[window].lower_bound(static_cast<std::uint64_t>(*next));
    *next =
        times == bucket_times_[window].end() ? complete : std::min(complete, static_cast<std::int64_t>(times->first));
    if (*next == complete) break;
    const Instant due = times->second.second + delay(mature);
    if (!final && due > *now_) break;
    if (mature) stale_.emplace(window, *next);
    const auto start = (*next)++;
    out.push_back({&settings_->windows[window], due, mature, result(window, start)});
  }
}

/// `all` is looked at whenever a day has closed (matured) since the last look.
void PilotState::look_at_all(std::size_t window, bool mature, bool final, std::vector<Closing>& out) {
  if (days_.empty()) return;
  auto& looked = all_looked_[mature ? 1 : 0];
  const Day last = days_.rbegin()->first + 1;
  const Day done = final ? last : std::min(last, day_of(settings_->time_zone, *now_ - delay(mature)));
  if (done <= looked.value_or(days_.begin()->first)) return;
  looked = done;
  if (mature) stale_.emplace(window, 0);
  out.push_back(
      {&settings_->windows[window], start_of(settings_->time_zone, done) + delay(mature), mature, result(window, 0)});
}

/// The earliest time at which advance() has something to do.
void PilotState::refresh_due() {
  due_.reset();
  const auto consider = [this](Instant time) { due_ = due_ ? std::min(*due_, time) : time; };
  if (const auto time = halves_.first()) consider(*time + settings_->lateness);
  if (!waiting_.empty()) consider(std::get<Instant>(waiting_.first()) + settings_->lateness);
  if (const auto time = references_.due()) consider(*time + settings_->lateness);
  if (decisions_.next_maturing()) consider(decisions_.next_maturing_time() + maturity());
  if (!findings_.empty()) consider(findings_.begin()->first + maturity());
  for (const auto& start : version_starts_) {
    if (start.first && !start.judged) consider(*start.first + settings_->lateness);
  }
  if (windows_changed_) refresh_windows_due();
  if (windows_due_) consider(*windows_due_);
}

/// Of that what days and windows have to do.
void PilotState::refresh_windows_due() {
  windows_due_.reset();
  const auto consider = [this](Instant time) { windows_due_ = windows_due_ ? std::min(*windows_due_, time) : time; };
  if (days_.empty()) return;
  const auto& zone = settings_->time_zone;
  const Day open = closed_before_.value_or(days_.begin()->first);
  consider(start_of(zone, open + 1) + settings_->lateness);
  for (std::size_t i = 0; i < settings_->windows.size(); ++i) {
    const auto kind = settings_->windows[i].kind;
    for (const bool mature : {false, true}) {
      if (kind == WindowKind::all) {
        const Day looked = all_looked_[mature ? 1 : 0].value_or(days_.begin()->first);
        if (looked <= days_.rbegin()->first) consider(start_of(zone, looked + 1) + delay(mature));
      } else if (kind == WindowKind::count) {
        const auto next = static_cast<std::uint64_t>(next_look_[i][mature ? 1 : 0].value_or(0));
        const auto times = bucket_times_[i].find(next);
        if ((next + 1) * settings_->windows[i].count <= next_rank_ && times != bucket_times_[i].end()) {
          consider(times->second.second + delay(mature));
        }
      } else if (kind == WindowKind::hour) {
        if (hours_.empty()) continue;
        const auto start = next_look_[i][mature ? 1 : 0].value_or(hours_.begin()->first);
        consider(bounds(i, start).second + delay(mature));
      } else {
        const auto start =
            static_cast<Day>(next_look_[i][mature ? 1 : 0].value_or(window_start(kind, days_.begin()->first)));
        consider(start_of(zone, window_next(kind, start)) + delay(mature));
      }
    }
  }
}

}  // namespace pilotwatch::engine
