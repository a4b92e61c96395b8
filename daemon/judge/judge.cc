// SPDX-License-Identifier: Apache-2.0
#include "judge/judge.h"

#include <algorithm>
#include <bit>
#include <set>

#include "base/id.h"
#include "base/text.h"

namespace pilotwatch::judge {
namespace {

using settings::Evidence;
using settings::Metric;

/// Time on a clock whose days all have 24 hours, so that "1d" holds from one day's window to the next also where clocks
/// go forward.
Millis civil(const Zone& zone, Instant time) {
  const auto day = zone.day_of(time);
  return std::chrono::duration_cast<Millis>(day.time_since_epoch()) + (time - zone.start_of(day));
}

}  // namespace

bool of_outcomes(Metric metric) {
  if (settings::of_feature(metric)) return false;
  switch (metric) {
    case Metric::volume:
    case Metric::failure_rate:
    case Metric::selection_rate:
    case Metric::psi:
    case Metric::ks:
    case Metric::drift:
    case Metric::complaints_per_1000:
    case Metric::incidents_per_1000:
    case Metric::severe_complaints_per_1000:
    case Metric::estimated_roc_auc:
    case Metric::estimated_accuracy:
    case Metric::estimated_precision:
    case Metric::estimated_recall:
    case Metric::estimated_f1:
    case Metric::feedback_per_1000:
    case Metric::staff_stance:
    case Metric::public_stance:
      return false;
    default:
      return true;
  }
}

Judge::Judge(const settings::Settings& settings) : settings_(&settings) {
  for (const auto& pilot : settings.pilots) {
    for (const auto& limit : pilot.limits) {
      if (limit.segment.empty()) instance(pilot, limit, "");
    }
  }
}

Judge::Instance& Judge::instance(const settings::Pilot& pilot, const settings::Limit& limit, const std::string& group) {
  auto& out = instances_[{pilot.name, limit.name, group}];
  if (out.status.limit == nullptr) {
    out.status.pilot = &pilot;
    out.status.limit = &limit;
    out.status.group = group;
    out.status.reason = "no window has closed yet";
    refresh_bound(out);
  }
  return out;
}

void Judge::look(const settings::Pilot& pilot, const engine::Closing& closing, Instant wall,
                 std::vector<Transition>& out) {
  for (const auto& limit : pilot.limits) {
    if (limit.window != *closing.kind || of_outcomes(limit.metric) != closing.mature) continue;
    if (asleep_.contains(&limit)) continue;
    std::set<std::string> groups;
    if (limit.segment.empty()) groups.insert("");
    for (const auto& figure : closing.result->figures) {
      if (!limit.segment.empty() && is_about(limit, figure)) groups.insert(figure.group);
    }
    // A group that has been seen before and is missing now has no data.
    for (auto at = instances_.lower_bound({pilot.name, limit.name, ""});
         at != instances_.end() && std::get<0>(at->first) == pilot.name && std::get<1>(at->first) == limit.name; ++at) {
      groups.insert(std::get<2>(at->first));
    }
    for (const auto& group : groups) {
      if (settings::watches_decisions(limit.evidence)) {
        look_at_budget(instance(pilot, limit, group), closing, wall, out);
        continue;
      }
      if (paused(instance(pilot, limit, group), closing, wall, out)) continue;
      if (limit.evidence == Evidence::reference_chunks) {
        look_at_chunks(instance(pilot, limit, group), closing, wall, out);
        continue;
      }
      step(instance(pilot, limit, group), examine(limit, group, *closing.result), closing, wall, out);
    }
  }
}

bool judged_before(const LimitStatus& s, const engine::Closing& closing) {
  const auto kind = closing.kind->kind;
  const bool calendar = kind != settings::WindowKind::count && kind != settings::WindowKind::all &&
                        closing.result->start < closing.result->end;
  return calendar && s.window_end && closing.result->end <= *s.window_end;
}

/// The window's figure is what people see of a limit, whatever judges it.
void Judge::show(LimitStatus& s, const Finding& finding, const engine::Closing& closing, Instant wall) {
  s.value = finding.value;
  s.lower = finding.lower;
  s.upper = finding.upper;
  s.n = finding.n;
  s.window_start = closing.result->start;
  s.window_end = closing.result->end;
  s.last_evaluation = wall;
}

/// Whether so many of the last judged windows are beyond as the limit asks for. Others are no windows to it.
bool Judge::holds(Instance& instance, const Finding& finding) {
  auto& s = instance.status;
  const auto of = s.limit->of;
  instance.beyond = instance.beyond << 1 | (finding.kind == Finding::Kind::beyond ? 1U : 0U);
  if (of < 64) instance.beyond &= (std::uint64_t{1} << of) - 1;
  s.windows_judged = std::min(s.windows_judged + 1, of);
  s.windows_beyond = static_cast<std::uint64_t>(std::popcount(instance.beyond));
  if (of > 1) {
    s.reason += "; " + std::to_string(s.windows_beyond) + " of the last " + std::to_string(s.windows_judged) +
                " judged windows beyond it, a breach takes " + std::to_string(s.limit->times) + " of " +
                std::to_string(of);
  }
  return s.windows_beyond >= s.limit->times;
}

void Judge::step(Instance& instance, const Finding& finding, const engine::Closing& closing, Instant wall,
                 std::vector<Transition>& out) {
  auto& s = instance.status;
  if (judged_before(s, closing)) return;
  s.reason = finding.reason;
  show(s, finding, closing, wall);
  const bool alert_is_out = firing(s.state);
  const auto& zone = s.pilot->time_zone;
  const auto lasts = [&](Instant since) { return civil(zone, closing.due) - civil(zone, since); };
  auto kind_now = finding.kind;
  if (kind_now == Finding::Kind::beyond || kind_now == Finding::Kind::within) {
    kind_now = holds(instance, finding) ? Finding::Kind::beyond : Finding::Kind::within;
  }
  switch (kind_now) {
    case Finding::Kind::beyond:
      instance.clear_since.reset();
      if (!s.pending_since) s.pending_since = closing.due;
      if (alert_is_out || lasts(*s.pending_since) >= s.limit->for_) {
        move(instance, State::breach, closing.due, wall, out);
      } else {
        move(instance, State::ok, closing.due, wall, out);
      }
      break;
    case Finding::Kind::within:
      s.pending_since.reset();
      if (alert_is_out) {
        if (!instance.clear_since) instance.clear_since = closing.due;
        const bool over = lasts(*instance.clear_since) >= s.limit->keep_firing_for;
        move(instance, over ? State::ok : State::recovering, closing.due, wall, out);
      } else {
        move(instance, State::ok, closing.due, wall, out);
      }
      break;
    case Finding::Kind::insufficient:
    case Finding::Kind::no_data:
      instance.clear_since.reset();  // a gap starts every wait again
      if (alert_is_out) {
        s.reason += "; the breach stays until data say otherwise";
        break;
      }
      s.pending_since.reset();
      move(instance, finding.kind == Finding::Kind::no_data ? State::no_data : State::insufficient, closing.due, wall,
           out);
      break;
  }
}

void Judge::move(Instance& instance, State to, Instant at, Instant wall, std::vector<Transition>& out) {
  auto& s = instance.status;
  if (s.state == to) return;
  const State from = s.state;
  s.state = to;
  s.last_transition = wall;
  ++s.transitions;
  if (to == State::breach && !firing(from)) {
    const std::string key = s.pilot->name + '\n' + s.limit->name + '\n' + s.group + '\n' + format_rfc3339(at);
    s.episode = Episode{content_hash(key).hex().substr(0, 16), at, wall, {}, {}, s.value.value_or(0)};
  }
  if (!firing(to) && firing(from) && s.episode) {
    s.episode->ended = at;
    s.episode->ended_wall = wall;
    instance.clear_since.reset();
  }
  Transition t;
  t.pilot = s.pilot->name;
  t.limit = s.limit->name;
  t.group = s.group;
  t.from = from;
  t.to = to;
  t.at = at;
  t.at_wall = wall;
  t.value = s.value;
  t.lower = s.lower;
  t.upper = s.upper;
  t.threshold = threshold_of(s);
  t.n = s.n;
  t.window_start = s.window_start;
  t.window_end = s.window_end;
  t.episode = s.episode && (firing(to) || firing(from)) ? s.episode->id : "";
  if (!t.episode.empty()) t.started_wall = s.episode->started_wall;
  t.reason = s.reason;
  t.evidence = s.evidence;
  t.chunks = s.chunks;
  if (const auto* in_force = book_.find(t.pilot, t.limit)) t.limit_hash = in_force->hash;
  out.push_back(std::move(t));
}

std::vector<LimitStatus> Judge::statuses() const {
  std::vector<LimitStatus> out;
  for (const auto& pilot : settings_->pilots) {
    for (const auto& limit : pilot.limits) {
      for (auto at = instances_.lower_bound({pilot.name, limit.name, ""});
           at != instances_.end() && std::get<0>(at->first) == pilot.name && std::get<1>(at->first) == limit.name;
           ++at) {
        auto& s = out.emplace_back(in_words(at->second));
        s.clear_since = at->second.clear_since;
        const auto own = watched_.find(at->first);
        if (own != watched_.end() && own->second.monitor) s.course = own->second.monitor->course();
        if (s.episode) s.acknowledged = actions_.acknowledgements(s.episode->id);
        const auto* in_force = book_.find(pilot.name, limit.name);
        if (in_force == nullptr) continue;
        s.hash = in_force->hash;
        s.since = in_force->since;
        s.since_wall = in_force->since_wall;
      }
    }
  }
  return out;
}

}  // namespace pilotwatch::judge
