// SPDX-License-Identifier: Apache-2.0
// Limits come into force: whatever judges otherwise from here on starts an epoch.
#include "judge/judge.h"

namespace pilotwatch::judge {

std::vector<record::LimitDefinition> Judge::definitions() const {
  std::vector<record::LimitDefinition> out;
  for (const auto& pilot : settings_->pilots) {
    for (const auto& limit : pilot.limits) {
      out.push_back({pilot.name, limit.name, definition_text(pilot, limit), epoch(pilot, limit)});
    }
  }
  return out;
}

void Judge::define(const std::vector<record::LimitDefinition>& all, const PilotClocks& now, Instant wall,
                   std::vector<Transition>& out) {
  const bool first = book_.empty();  // before it nothing said what was in force: it was what is judged now
  for (const auto& change : book_.define(all, wall, now)) {
    if (change.epoch && !first) restart(change, now(change.pilot).value_or(wall), wall, out);
  }
  refresh_force();
}

/// What a limit that is no more said, told once more as its end.
Transition Judge::ending(const Key& key, Instance& instance, Instant at, Instant wall) {
  settle(instance);
  auto& s = instance.status;
  Transition t;
  std::tie(t.pilot, t.limit, t.group) = key;
  t.from = s.state;
  t.to = State::collecting;
  t.at = at;
  t.at_wall = wall;
  t.value = s.value;
  t.lower = s.lower;
  t.upper = s.upper;
  t.n = s.n;
  t.window_start = s.window_start;
  t.window_end = s.window_end;
  t.evidence = s.evidence;
  t.chunks = s.chunks;
  if (firing(s.state) && s.episode) {
    t.episode = s.episode->id;
    t.started_wall = s.episode->started_wall;
    s.episode->ended = at;
    s.episode->ended_wall = wall;
  }
  return t;
}

/// Every group of the limit starts anew; what was running ends, and says so.
void Judge::restart(const LimitBook::Change& change, Instant at, Instant wall, std::vector<Transition>& out) {
  const auto& pilot_name = change.pilot;
  const auto& limit_name = change.limit;
  const bool stays = book_.find(pilot_name, limit_name) != nullptr;
  forget_routes();
  const Key from{pilot_name, limit_name, ""};
  const auto of_limit = [&](const Key& key) {
    return std::get<0>(key) == pilot_name && std::get<1>(key) == limit_name;
  };
  std::map<Key, Episode> ended;
  for (auto* all : {&orphans_, &instances_}) {
    for (auto at_key = all->lower_bound(from); at_key != all->end() && of_limit(at_key->first);) {
      auto& status = at_key->second.status;
      const bool alert_is_out = firing(status.state);
      if (status.state != State::collecting) {
        auto t = ending(at_key->first, at_key->second, at, wall);
        t.limit_hash = change.previous;
        t.reason = stays ? "the limit was changed; its evidence starts anew" : "the limit was taken out";
        out.push_back(std::move(t));
      }
      if (alert_is_out && status.episode) ended.try_emplace(at_key->first, *status.episode);
      at_key = all->erase(at_key);
    }
  }
  for (auto at_key = watched_.lower_bound(from); at_key != watched_.end() && of_limit(at_key->first);) {
    at_key = watched_.erase(at_key);
  }
  const auto* pilot = settings_->find(pilot_name);
  if (pilot == nullptr) return;
  for (const auto& limit : pilot->limits) {
    if (limit.name != limit_name) continue;
    if (limit.segment.empty()) instance(*pilot, limit, "");
    for (auto& [key, episode] : ended) {  // so that its alert is resolved
      auto& s = instance(*pilot, limit, std::get<2>(key)).status;
      s.episode = std::move(episode);
      s.reason = "the limit was changed; no window has closed since";
    }
  }
}

/// A limit is judged where its present definition is the one in force; replaying what came before, it is not.
void Judge::refresh_force() {
  forget_routes();
  asleep_.clear();
  if (book_.empty()) return;
  for (const auto& pilot : settings_->pilots) {
    for (const auto& limit : pilot.limits) {
      if (book_.judgement(pilot.name, limit.name) != epoch(pilot, limit)) asleep_.insert(&limit);
    }
  }
}

}  // namespace pilotwatch::judge
