// SPDX-License-Identifier: Apache-2.0
// What must hold in a world.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "sim/check.h"
#include "sim/world.h"

namespace pilotwatch::sim {

/// The journal and the state that were found are what was acknowledged, and what the lives before had.
void World::check_journal() {
  std::uint64_t applied = oracle_.sequence();
  for (const auto& past : unchecked_) applied = std::max(applied, past.applied);
  const auto found = life_->born_with();
  require(found >= applied, "entries are lost: " + std::to_string(found) + " of " + std::to_string(applied));
  require(found <= applied + 1, "more entries than were ever tried");
  compare_states();
  const bool all = random_.one_in(10);
  observe(all ? 0 : oracle_.sequence());
  disk_.set_calm(true);
  if (random_.one_in(4)) check_checkpoint();
  for (const auto& past : unchecked_) oracle_.check_told(past.told, past.born_with, past.applied);
  unchecked_.clear();
  require(life_->fold().sequence() == oracle_.sequence(), "the state is not at the end of the journal");
  if (all || calm_) ledger_.check_counters(life_->fold().snapshot(time_.wall())->ingest);
  disk_.set_calm(false);
}

/// Reads the journal on, after that entry or after the last one that has been read.
void World::observe(std::uint64_t after) {
  disk_.set_calm(true);
  life_->journal().replay(after, [&](std::uint64_t sequence, const record::Entry& entry) {
    if (sequence <= oracle_.sequence()) return oracle_.check_unchanged(sequence, entry);
    oracle_.apply(sequence, entry);
    ledger_.stored(entry, life_that_ran_);
    compare_states();
  });
  ledger_.check_acknowledged();
  disk_.set_calm(false);
}

/// Those that ended where the oracle is now.
void World::compare_states() {
  std::string now;
  for (const auto& past : unchecked_) {
    if (past.applied != oracle_.sequence() || past.state.empty()) continue;
    if (now.empty()) now = saved(oracle_.fold());
    require(past.state == now, "the state was not that of the journal, at entry " + std::to_string(past.applied));
  }
}

/// One that is finished can be read, and leads to the same state.
void World::check_checkpoint() {
  const auto checkpoint = life_->journal().read_checkpoint();
  if (checkpoint.sequence == 0) return;
  judge::Fold fold(settings_);
  fold.set_store([&](const std::string& name) { return life_->journal().read_block(name); }, settings_.decision_memory);
  try {
    fold.load(checkpoint.parts, checkpoint.sequence, time_.wall());
  } catch (const CorruptBytes& error) {
    require(false, std::string("a finished checkpoint cannot be read: ") + error.what());
  }
  life_->journal().replay(checkpoint.sequence, [&](auto sequence, const auto& entry) { fold.apply(entry, sequence); });
  require(saved(fold) == saved(oracle_.fold()),
          "the checkpoint of entry " + std::to_string(checkpoint.sequence) + " and what came since are not the state");
}

void World::check_end() {
  std::map<std::string, std::string> firing;
  judge::Snapshot limits;
  limits.limits = life_->fold().statuses();
  for (const auto& alert : sinks::alerts_of(limits, settings_.notify, "", time_.wall())) {
    if (!alert.resolved_at)
      firing[nlohmann::json(alert.labels).dump()] = alert.generator_url.substr(alert.generator_url.rfind('/') + 1);
  }
  const bool fits = limits.limits.size() <= settings_.notify.queue_capacity;  // else the oldest make room
  for (const auto& receiver : receivers_) {
    const auto known = receiver.firing(std::chrono::minutes{8});
    const auto list = [](const auto& alerts) {
      std::string out;
      for (const auto& [labels, episode] : alerts) out += " " + labels + " " + episode;
      return out;
    };
    require(!fits || known == firing,
            "an Alertmanager does not know what fires:" + list(firing) + ", but" + list(known));
  }

  check_silence();
  stop();
  start();
  ledger_.check_all_stored();
  for (const auto& receiver : receivers_) {
    for (const auto& episode : receiver.episodes())
      require(oracle_.episodes().contains(episode), "an alert was sent that the journal does not tell of: " + episode);
  }
  if (settings_.retention) return;  // the first entries are gone
  Oracle again(settings_);
  life_->journal().replay(0, [&](std::uint64_t sequence, const record::Entry& entry) { again.apply(sequence, entry); });
  require(saved(again.fold()) == saved(oracle_.fold()), "two replays differ");
}

/// Hours without a record: limits on hours have no data, nothing begins to fire, and what fires goes on.
void World::check_silence() {
  const auto episodes = [&] {
    std::set<std::string> running;
    for (const auto& status : life_->fold().statuses()) {
      if (status.episode && !status.episode->ended) running.insert(status.episode->id);
    }
    return running;
  };
  // First what has come is judged, also where the clock was set back by some hours.
  for (int turn = 0; turn < 24; ++turn) rest(std::chrono::minutes{30});
  const auto before = episodes();
  for (int turn = 0; turn < 12; ++turn) rest(std::chrono::minutes{30});
  require(episodes() == before, "an alarm begins or ends in silence");
  for (const auto& status : life_->fold().statuses()) {
    const bool by_hour = status.limit->window.kind == settings::WindowKind::hour && status.pilot->name == "letters";
    const bool fits = status.state == judge::State::no_data || status.state == judge::State::collecting ||
                      judge::firing(status.state);
    require(!by_hour || fits, "hours without a record, and " + status.limit->name + " says: " + status.reason);
  }
}

}  // namespace pilotwatch::sim
