// SPDX-License-Identifier: Apache-2.0
// Limits with a budget of false alarms: decisions one by one, in their order, into evidence and states.
#include <algorithm>
#include <array>
#include <numeric>

#include "base/text.h"
#include "judge/judge.h"
#include "judge/moved.h"
#include "stats/sequential/budget.h"

namespace pilotwatch::judge {
namespace {

using settings::Evidence;
using settings::Metric;

constexpr std::size_t most_at_once = 64;  ///< decisions; with their values some 30 KB

/// Whether a pause leaves out the whole period of a decision. Findings have the time of the finding: of them those about
/// decisions of the pause are left out, like those of limits without periods.
bool goes_whole(const settings::Limit& limit, const engine::Observation& seen) {
  return limit.period != settings::BlockPeriod::none && seen.stage != engine::Stage::finding;
}

/// What decisions in a row have changed, limit by limit, into the order of the decisions.
class Said {
 public:
  explicit Said(std::vector<Transition>& out) : out_(out), before_(out.size()) {}
  /// What has been added since the last call was said by that decision.
  void by(std::size_t decision) {
    while (before_ + decisions_.size() < out_.size()) decisions_.push_back(decision);
  }
  void put_in_order() {
    if (std::is_sorted(decisions_.begin(), decisions_.end())) return;
    std::vector<std::size_t> order(decisions_.size());
    std::iota(order.begin(), order.end(), before_);
    std::stable_sort(order.begin(), order.end(), [this](std::size_t a, std::size_t b) {
      return decisions_[a - before_] < decisions_[b - before_];
    });
    std::vector<Transition> sorted;
    for (const auto at : order) sorted.push_back(std::move(out_[at]));
    std::move(sorted.begin(), sorted.end(), out_.begin() + static_cast<std::ptrdiff_t>(before_));
  }

 private:
  std::vector<Transition>& out_;
  std::size_t before_;
  std::vector<std::size_t> decisions_;  ///< by transition since then
};

}  // namespace

Allotment allotment(const settings::Pilot& pilot, const settings::Limit& limit) {
  if (limit.evidence == Evidence::confidence_sequence) {
    Allotment own;  // its own promise: evidence 1/alpha, whatever the time
    own.n = 1 / limit.alpha;
    own.share = 1;
    own.days = false;
    return own;
  }
  const auto& guarantee = pilot.guarantee;
  Allotment out;
  out.days = guarantee.over_decisions == 0;
  const double over = out.days ? std::chrono::duration<double, std::ratio<86'400>>(guarantee.over).count()
                               : static_cast<double>(guarantee.over_decisions);
  out.n = stats::Guarantee{guarantee.false_alarm_probability, over}.n();
  if (limit.share) {
    out.share = *limit.share;
    return out;
  }
  // What the limits' own shares leave is split by family.
  double left = 1;
  std::vector<stats::Family> families;
  std::size_t own = 0;
  for (const auto& other : pilot.limits) {
    if (other.evidence != Evidence::budget) continue;
    if (other.share) {
      left -= *other.share;
      continue;
    }
    if (other.name == limit.name) own = families.size();
    families.push_back(static_cast<stats::Family>(settings::family_of(other)));
  }
  stats::FamilyShares parts = guarantee.shares;
  out.share = std::max(left, 0.0) * stats::split_budget(families, parts).at(own);
  return out;
}

/// What was gathered about another version says nothing about this one. Its decisions are known by their time: those
/// made earlier mature for up to an outcome horizon longer.
void Judge::start_epoch(const settings::Pilot& pilot, Instant at, Instant due, Instant wall,
                        std::vector<Transition>& out) {
  epochs_.insert_or_assign(pilot.name, at);
  forget_routes();
  for (auto entry = instances_.lower_bound({pilot.name, "", ""});
       entry != instances_.end() && std::get<0>(entry->first) == pilot.name; ++entry) {
    settle(entry->second);  // of the evidence that is reset now
  }
  for (auto entry = watched_.lower_bound({pilot.name, "", ""});
       entry != watched_.end() && std::get<0>(entry->first) == pilot.name; ++entry) {
    auto& own = entry->second;
    if (own.monitor) own.monitor->reset();
    own.renewed = !own.monitor;  // what is stored is not of this epoch
    own.used = own.aggregated = 0;
  }
  for (auto entry = instances_.lower_bound({pilot.name, "", ""});
       entry != instances_.end() && std::get<0>(entry->first) == pilot.name; ++entry) {
    auto& own = entry->second;
    auto& s = own.status;
    if (!settings::watches_decisions(s.limit->evidence) || firing(s.state) || s.state == State::collecting) continue;
    s.reason = "a new model version; its evidence starts anew";
    s.evidence.reset();
    move(own, State::collecting, due, wall, out);
  }
}

void Judge::know_epoch(const settings::Pilot& pilot, const engine::Observation& seen) {
  if (!seen.new_version || known_before_.contains(pilot.name)) return;
  epochs_.insert_or_assign(pilot.name, seen.decision.time);
  forget_routes();
}

void Judge::observe(const engine::PilotState& pilot, std::span<const engine::Observation> run, Instant wall,
                    std::vector<Transition>& out) {
  while (!run.empty()) {
    const auto& first = run.front();
    if (first.new_version) start_epoch(pilot.settings(), first.decision.time, first.due, wall, out);
    std::size_t n = 1;
    while (n < std::min(most_at_once, run.size()) && !run[n].new_version) ++n;
    observe_few(pilot, run.first(n), wall, out);
    run = run.subspan(n);
  }
}

void Judge::observe_few(const engine::PilotState& pilot, std::span<const engine::Observation> few, Instant wall,
                        std::vector<Transition>& out) {
  auto& routes = routes_of(pilot);
  std::array<bool, most_at_once> older{}, paused{};
  for (std::size_t i = 0; i < few.size(); ++i) {
    older[i] = routes.since && few[i].decision.time < *routes.since;
    paused[i] = !older[i] && routes.pauses != nullptr && in_pause(*routes.pauses, few[i]);
  }
  Said said(out);
  for (std::size_t stage = 0; stage < routes.by_stage.size(); ++stage) {
    for (auto& route : routes.by_stage[stage]) {
      for (std::size_t i = 0; i < few.size(); ++i) {
        const auto& seen = few[i];
        if (static_cast<std::size_t>(seen.stage) != stage || older[i]) continue;
        if (paused[i] && !goes_whole(*route.limit, seen)) continue;
        observe(route, pilot, seen, wall, out);
        said.by(i);
      }
    }
  }
  said.put_in_order();
}

void Judge::observe(Route& route, const engine::PilotState& pilot, const engine::Observation& seen, Instant wall,
                    std::vector<Transition>& out) {
  if (route.attribute == Route::whole) return observe(route, seat(route, pilot, 0), pilot, seen, true, wall, out);
  const auto index = seen.decision.groups[route.attribute];
  if (route.limit->compare != settings::Compare::none) {
    compare(route, index, pilot, seen, wall, out);
  } else if (index != engine::no_group) {
    observe(route, seat(route, pilot, index), pilot, seen, true, wall, out);
  }
}

/// One decision is an observation of its own group, and of all that are compared with it: every other group where that
/// is the rest, where it is one group every other but only of its decisions.
void Judge::compare(Route& route, std::uint16_t index, const engine::PilotState& pilot, const engine::Observation& seen,
                    Instant wall, std::vector<Transition>& out) {
  const Seat* own = nullptr;
  const bool of_reference_group =
      index != engine::no_group && !route.against.empty() && pilot.group_name(route.attribute, index) == route.against;
  if (index != engine::no_group && !of_reference_group) {
    auto& seat_of_own = seat(route, pilot, index);
    own = &seat_of_own;
    observe(route, seat_of_own, pilot, seen, true, wall, out);
  }
  if (!route.against.empty() && !of_reference_group) return;
  for (auto& [group, other] : route.seats) {
    if (&other != own && other.watched != nullptr) observe(route, other, pilot, seen, false, wall, out);
  }
}

void Judge::observe(const Route& route, Seat& seat, const engine::PilotState& pilot, const engine::Observation& seen,
                    bool member, Instant wall, std::vector<Transition>& out) {
  auto& own = *seat.instance;
  auto& s = own.status;
  if (route.of_feature && seen.reference == nullptr) return;  // it is still being collected
  if (!goes_on(route, seat, seen) && !begin(route, seat, pilot, seen, wall, out)) return;
  auto& evidence = *seat.watched;
  auto& gathered = *evidence.monitor;
  const bool spoiled =
      goes_whole(*route.limit, seen) && period_in_pause(pilot.settings(), *route.limit, seen.time);
  const auto said = gathered.step(seen, firing(s.state), member, spoiled);
  if (!said || (said->aggregated && !member)) return;  // the others' aggregates are the others' business
  if (member && !spoiled) ++(said->aggregated ? evidence.aggregated : evidence.used);
  const auto tell = [&](State to, const char* verdict) {
    gathered.note();
    own.told = {&evidence, verdict};
    s.last_evaluation = wall;
    if (to == s.state) return;
    settle(own);
    if (to == State::breach && !firing(s.state)) gathered.begin_breach();
    move(own, to, seen.due, wall, out);
  };
  if (said->aggregated) {
    if (!firing(s.state)) tell(State::insufficient, "cannot be computed: records with a weight above 1 are aggregated");
  } else if (said->signal == stats::Signal::alarm) {
    tell(State::breach, firing(s.state) ? "still beyond its limit" : "beyond its limit");
  } else if (said->recovered) {
    tell(State::ok, "within its limit again, as far as its own evidence shows");
  } else if (firing(s.state)) {
    if (said->looked) tell(said->recovering ? State::recovering : State::breach, "still in breach");
  } else if (evidence.aggregated == 0 && said->looked) {
    const bool warning = said->signal == stats::Signal::warning;
    tell(warning ? State::warning : State::ok,
         warning ? "evidence gathers against its limit" : "no evidence against its limit");
  }
}

/// Whether its evidence takes the decision as it took the one before: same reference, and it can say something.
bool Judge::goes_on(const Route& route, const Seat& seat, const engine::Observation& seen) {
  if (seat.watched == nullptr || seat.watched->monitor == nullptr || seat.watched->muted) return false;
  const auto& monitor = *seat.watched->monitor;
  return monitor.mute().empty() && (!route.of_feature || monitor.compared_with() == seen.reference);
}

/// The first decision of the limit and group, or the first against another reference. False: nothing can be said.
bool Judge::begin(const Route& route, Seat& seat, const engine::PilotState& pilot, const engine::Observation& seen,
                  Instant wall, std::vector<Transition>& out) {
  auto& own = *seat.instance;
  const auto& limit = *route.limit;
  settle(own);
  const std::string id = route.of_feature ? seen.reference->id : "";
  if (seat.watched != nullptr && seat.watched->reference != id) {
    // An older version that goes on beside the new one: its reference is not asked about any more.
    if (seen.reference->frozen_at < seat.watched->reference_since) return false;
    another_reference(own, *seat.watched, id, seen, wall, out);
    seat.watched->monitor.reset();
    seat.watched->stored.clear();
    seat.watched->reference = id;
  }
  const auto compared = route.of_feature ? bins(pilot.settings(), limit.feature, seen.reference->shared_from_this()) : nullptr;
  if (route.of_feature && compared == nullptr) {
    mute(own, "the reference has no value of it", seen, wall, out);
    return false;
  }
  seat.watched = &watched(limit, own.status.group, pilot.settings(), compared, id);
  auto& evidence = *seat.watched;
  if (route.of_feature) evidence.reference_since = seen.reference->frozen_at;
  evidence.reference = id;
  const auto& why = evidence.monitor->mute();
  evidence.muted = !why.empty();
  if (evidence.muted) mute(own, why, seen, wall, out);
  return !evidence.muted;
}

/// Nothing can be said of the feature, which is no `ok`.
void Judge::mute(Instance& instance, std::string why, const engine::Observation& seen, Instant wall,
                 std::vector<Transition>& out) {
  auto& s = instance.status;
  if (firing(s.state) || s.state == State::insufficient) return;
  s.reason = settings::metric_names[static_cast<std::size_t>(s.limit->metric)] + std::string(" of ") +
             s.limit->feature + " cannot be computed: " + std::move(why);
  s.last_evaluation = wall;
  move(instance, State::insufficient, seen.due, wall, out);
}

/// A breach was one against the reference it was found with: that question is closed, the new one open.
void Judge::another_reference(Instance& instance, const Watched& watched, const std::string& id,
                              const engine::Observation& seen, Instant wall, std::vector<Transition>& out) {
  auto& s = instance.status;
  if (watched.reference.empty() || !firing(s.state)) return;
  s.reason = "compared with another reference from here on (" + id + " after " + watched.reference +
             "); its evidence starts anew";
  s.evidence.reset();
  s.last_evaluation = wall;
  move(instance, State::insufficient, seen.due, wall, out);
}

/// The window's figure is shown beside the evidence; it judges nothing, but that there were none is no `ok`.
void Judge::look_at_budget(Instance& instance, const engine::Closing& closing, Instant wall,
                           std::vector<Transition>& out) {
  settle(instance);
  auto& s = instance.status;
  const auto found = watched_.find({s.pilot->name, s.limit->name, s.group});
  const bool watches = found != watched_.end();
  const bool nothing = watches && found->second.used + found->second.aggregated == 0;
  const bool muted = watches && found->second.muted;
  if (watches) found->second.used = found->second.aggregated = 0;
  if (nothing && !muted && s.state != State::collecting) stands_still(instance, closing, wall, out);
  if (s.limit->metric == Metric::drift) return;
  const auto finding = examine(*s.limit, s.group, *closing.result);
  if (s.limit->evidence == Evidence::budget) show(s, finding, closing, wall);  // a sequence shows its own interval
  instance.moved = most_moved(*s.limit, *closing.result);
  if (!watches && finding.kind == Finding::Kind::no_data) stands_still(instance, closing, wall, out);
}

void Judge::stands_still(Instance& instance, const engine::Closing& closing, Instant wall,
                         std::vector<Transition>& out) {
  if (firing(instance.status.state)) return;
  const auto pause = pause_of(instance.status.pilot->name, closing);
  instance.status.reason = pause.empty() ? "no data in the last window; the evidence stands still"
                                         : "no evidence in the last window, " + pause + "; it stands still";
  move(instance, State::no_data, closing.due, wall, out);
}

}  // namespace pilotwatch::judge
