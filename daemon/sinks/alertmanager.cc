// SPDX-License-Identifier: Apache-2.0
// Which alerts are to be sent when, and to whom; alert_target.cc sends them.
#include "sinks/alertmanager.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/guarded.h"
#include "sinks/alert_target.h"

namespace pilotwatch::sinks {
namespace {

/// What was last queued of an alert.
struct Queued {
  Instant at, starts_at;
  std::optional<Instant> resolved_at;
};
using Known = std::map<std::map<std::string, std::string>, Queued>;

bool is_due(const Alert& alert, const Queued& last, Instant now, Millis resend_delay) {
  const bool changed = alert.resolved_at != last.resolved_at || alert.starts_at != last.starts_at;
  return changed || now < last.at || now - last.at >= resend_delay;  // a clock set back must not silence us
}

struct Member {
  std::string url;
  std::shared_ptr<AlertTarget> target;
  bool of_settings = false;
  std::map<std::size_t, settings::Alertmanager> lookups{};  ///< that have found it, and as what
  std::size_t reached_as = 0;                               ///< of these, where it is not of the settings
  bool fresh = false;                                       ///< has not been given what is out

  [[nodiscard]] bool named() const { return of_settings || !lookups.empty(); }
};
using Members = std::vector<Member>;

struct State {
  Known known;
  std::optional<std::vector<Alert>> last;  ///< what update() was given last
  Members members;
  Members leaving;  ///< draining
  std::uint64_t undelivered = 0;
  bool started = false, stopping = false;
};

}  // namespace

std::string alerts_url(std::string base) {
  while (!base.empty() && base.back() == '/') base.pop_back();
  return base + "/api/v2/alerts";
}

struct Alertmanagers::Impl {
  Member member(settings::Alertmanager to) const {
    return {to.url, std::make_shared<AlertTarget>(notify, to, clock, steady, connect(to), log)};
  }
  void join(State& all, std::size_t lookup, settings::Alertmanager to) const;
  void arrive(State& all, std::size_t lookup, settings::Alertmanager to) const;
  void follow(Member& member) const;

  const settings::Notify notify;
  const Clock& clock;
  const SteadyClock& steady;
  const Connect connect;
  const runtime::Log* const log;
  Guarded<State> state{};
};

namespace {

void retire(State& all, Members::iterator gone) {
  all.undelivered += gone->target->stats().queue_length;
  all.leaving.erase(gone);
}

/// One that is leaving and has not left: never is one URL told by two. False: there is none.
bool comes_back(State& all, const std::string& url) {
  const auto leaving = std::ranges::find(all.leaving, url, &Member::url);
  if (leaving == all.leaving.end()) return false;
  if (!leaving->target->resume()) {
    retire(all, leaving);
    return false;
  }
  leaving->fresh = true;  // what has changed meanwhile it was not given
  all.members.push_back(std::move(*leaving));
  all.leaving.erase(leaving);
  return true;
}

}  // namespace

/// Found by that look-up: one that is there already, one that is about to leave, or a new one.
void Alertmanagers::Impl::join(State& all, std::size_t lookup, settings::Alertmanager to) const {
  const auto known = [&] { return std::ranges::find(all.members, to.url, &Member::url); };
  if (known() == all.members.end() && !comes_back(all, to.url)) arrive(all, lookup, to);
  known()->lookups.insert_or_assign(lookup, std::move(to));
}

void Alertmanagers::Impl::arrive(State& all, std::size_t lookup, settings::Alertmanager to) const {
  const auto taken = [&](const Member& other) { return other.target->name() == to.name; };
  if (std::ranges::any_of(all.members, taken) || std::ranges::any_of(all.leaving, taken)) to.name = to.url;
  Member fresh = member(std::move(to));
  fresh.reached_as = lookup;
  fresh.fresh = true;
  if (all.started) fresh.target->start();
  all.members.push_back(std::move(fresh));
}

/// Whom several name is reached as the settings say, else as the first look-up does that names it now.
void Alertmanagers::Impl::follow(Member& member) const {
  if (member.of_settings || member.lookups.empty()) return;
  const auto& [lookup, to] = *member.lookups.begin();
  if (std::exchange(member.reached_as, lookup) != lookup) member.target->connect(connect(to));
}

Alertmanagers::Alertmanagers(const settings::Notify& notify, const Clock& clock, const SteadyClock& steady,
                             const Connect& connect, const runtime::Log* log)
    : impl_(new Impl{notify, clock, steady, connect, log}) {
  impl_->state.with([&](State& state) {
    for (const auto& to : notify.alertmanagers) {
      state.members.push_back(impl_->member(to));
      state.members.back().of_settings = true;
    }
  });
}

Alertmanagers::~Alertmanagers() { stop(Millis{0}); }

void Alertmanagers::start() {
  impl_->state.with([](State& state) {
    state.started = true;
    for (const auto& member : state.members) member.target->start();
  });
}

void Alertmanagers::update(std::vector<Alert> alerts, Instant now) {
  // Under the lock to its end, so that two updates cannot queue the older version last.
  impl_->state.with([&](State& state) {
    for (Member& member : state.members) {
      if (std::exchange(member.fresh, false)) member.target->push(alerts);
    }
    if (!impl_->notify.lookups.empty()) state.last = alerts;  // for who is found before the next update
    Known still;
    std::vector<Alert> due;
    for (Alert& alert : alerts) {
      const auto last = state.known.find(alert.labels);
      const bool send = last == state.known.end() || is_due(alert, last->second, now, impl_->notify.resend_delay);
      still.emplace(alert.labels, send ? Queued{now, alert.starts_at, alert.resolved_at} : last->second);
      if (send) due.push_back(std::move(alert));
    }
    state.known = std::move(still);
    if (due.empty()) return;
    for (const Member& member : state.members) member.target->push(due);
  });
}

std::optional<Instant> Alertmanagers::next_send(const std::map<std::string, std::string>& labels) const {
  return impl_->state.with([&](const State& state) -> std::optional<Instant> {
    const auto last = state.known.find(labels);
    if (state.members.empty() || last == state.known.end()) return std::nullopt;
    return last->second.at + impl_->notify.resend_delay;
  });
}

std::optional<Millis> Alertmanagers::step(std::size_t target) {
  const auto its = impl_->state.with([&](const State& state) {
    const auto known = state.members.size();
    return (target < known ? state.members[target] : state.leaving.at(target - known)).target;
  });
  return its->step();
}

void Alertmanagers::found(std::size_t lookup, const std::vector<settings::Alertmanager>& now, Millis drain) {
  impl_->state.with([&](State& state) {
    if (state.stopping) return;
    for (Member& member : state.members) member.lookups.erase(lookup);
    for (const auto& to : now) impl_->join(state, lookup, to);
    for (Member& member : state.members) {
      impl_->follow(member);
      if (!member.fresh || !state.last) continue;
      member.target->push(*state.last);  // the next update may be an evaluation.interval away
      member.fresh = false;
    }
    const auto gone =
        std::stable_partition(state.members.begin(), state.members.end(), [](const Member& m) { return m.named(); });
    for (auto member = gone; member != state.members.end(); ++member) {
      member->target->begin_stop(drain);
      state.leaving.push_back(std::move(*member));
    }
    state.members.erase(gone, state.members.end());
  });
}

bool Alertmanagers::reap() {
  return impl_->state.with([](State& state) {
    for (auto i = state.leaving.size(); i-- > 0;) {
      const auto member = state.leaving.begin() + static_cast<std::ptrdiff_t>(i);
      if (member->target->ended()) retire(state, member);
    }
    return !state.leaving.empty();
  });
}

std::uint64_t Alertmanagers::undelivered() const {
  return impl_->state.with([](const State& state) { return state.undelivered; });
}

void Alertmanagers::stop(Millis grace) {
  const auto all = impl_->state.with([](State& state) {
    state.stopping = true;
    std::vector<std::shared_ptr<AlertTarget>> targets;
    for (const auto* members : {&state.leaving, &state.members}) {
      for (const Member& member : *members) targets.push_back(member.target);
    }
    return targets;
  });
  for (const auto& target : all) target->begin_stop(grace);
  for (const auto& target : all) target->join();
}

std::vector<TargetStats> Alertmanagers::stats() const {
  return impl_->state.with([&](const State& state) {
    std::vector<TargetStats> out;
    for (const auto* members : {&state.members, &state.leaving}) {
      for (const Member& member : *members) {
        out.push_back(member.target->stats());
        for (const auto& [lookup, to] : member.lookups) {
          if (lookup < impl_->notify.lookups.size()) out.back().lookups.push_back(impl_->notify.lookups[lookup].name);
        }
      }
    }
    return out;
  });
}

}  // namespace pilotwatch::sinks
