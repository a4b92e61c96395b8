// SPDX-License-Identifier: Apache-2.0
#include "judge/pauses.h"

#include <algorithm>

namespace pilotwatch::judge {
namespace {

constexpr Millis longest_strict = std::chrono::hours{25};  ///< a civil day, where clocks are put back
constexpr int tolerated = 10;                              ///< one part of so many

bool came_to_nothing(const Pause& pause) { return pause.from >= pause.until; }

}  // namespace

bool Pauses::has_room(Instant old) const {
  return all_.size() < most || all_.front().until < old || std::ranges::any_of(all_, came_to_nothing);
}

void Pauses::begin(Pause pause) {
  end(pause.from, pause.from_wall, pause.author);
  // Of another clock, which the settings have replaced: no decision lies in them any more.
  while (!all_.empty() && all_.back().from >= pause.from) all_.pop_back();
  if (all_.size() >= most) {
    const auto nothing = std::ranges::find_if(all_, came_to_nothing);
    all_.erase(nothing == all_.end() ? all_.begin() : nothing);
  }
  pause.until = std::max(pause.until, pause.from);
  all_.push_back(std::move(pause));
}

bool Pauses::end(Instant now, Instant wall, const std::string& by) {
  if (all_.empty() || all_.back().until <= now) return false;
  auto& last = all_.back();
  last.until = std::max(now, last.from);
  last.ended_wall = wall;
  last.ended_by = by;
  return true;
}

const Pause* Pauses::at(Instant time) const {
  if (all_.empty()) return nullptr;
  const auto after = std::ranges::upper_bound(all_, time, {}, &Pause::from);
  if (after == all_.begin()) return nullptr;
  const auto& last = *std::prev(after);
  return time < last.until ? &last : nullptr;
}

const Pause* Pauses::last_in(Instant start, Instant end) const {
  const auto found = std::find_if(all_.rbegin(), all_.rend(), [&](const Pause& pause) {
    return pause.from < end && pause.until > start && pause.from < pause.until;
  });
  return found == all_.rend() ? nullptr : &*found;
}

Millis Pauses::within(Instant start, Instant end) const {
  Millis sum{};
  for (const auto& pause : all_) sum += std::max(Millis{}, std::min(end, pause.until) - std::max(start, pause.from));
  return sum;
}

bool Pauses::leaves_out(Instant start, Instant end) const {
  if (end <= start) return at(start) != nullptr;  // of decisions that were made at one time
  const auto paused = within(start, end);
  return end - start <= longest_strict ? paused > Millis{} : paused * tolerated > end - start;
}

void Pauses::write(ByteWriter& out) const {
  out.u64(decisions);
  out.u64(looks);
  out.u64(all_.size());
  for (const auto& pause : all_) {
    for (const auto time : {pause.from, pause.until, pause.from_wall}) out.time(time);
    out.flag(pause.ended_wall.has_value());
    if (pause.ended_wall) out.time(*pause.ended_wall);
    for (const auto* text : {&pause.author, &pause.reason, &pause.ended_by}) out.text(*text);
  }
}

void Pauses::read(ByteReader& in) {
  decisions = in.u64();
  looks = in.u64();
  all_.assign(in.count(7), {});
  for (auto& pause : all_) {
    for (auto* time : {&pause.from, &pause.until, &pause.from_wall}) *time = in.time();
    if (in.flag()) pause.ended_wall = in.time();
    for (auto* text : {&pause.author, &pause.reason, &pause.ended_by}) *text = in.text();
  }
}

}  // namespace pilotwatch::judge
