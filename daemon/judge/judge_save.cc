// SPDX-License-Identifier: Apache-2.0
// The binary form of the limits' states.
#include <bit>

#include "base/id.h"
#include "judge/judge.h"

namespace pilotwatch::judge {
namespace {

/// 1: without evidence; still read, as is 7: without actions of people. 2 to 6 were never released.
constexpr std::uint64_t judge_version = 8;

void write(ByteWriter& out, const std::optional<Instant>& time) {
  out.flag(time.has_value());
  if (time) out.time(*time);
}

void write(ByteWriter& out, const std::optional<double>& value) {
  out.flag(value.has_value());
  if (value) out.f64(*value);
}

void read(ByteReader& in, std::optional<Instant>& time) {
  if (in.flag()) time = in.time();
}

void read(ByteReader& in, std::optional<double>& value) {
  if (in.flag()) value = in.f64();
}

void write(ByteWriter& out, const std::optional<Episode>& episode) {
  out.flag(episode.has_value());
  if (!episode) return;
  out.text(episode->id);
  out.time(episode->started);
  out.time(episode->started_wall);
  write(out, episode->ended);
  write(out, episode->ended_wall);
  out.f64(episode->value_at_start);
}

void read(ByteReader& in, std::optional<Episode>& episode) {
  if (!in.flag()) return;
  episode.emplace();
  episode->id = in.text();
  episode->started = in.time();
  episode->started_wall = in.time();
  read(in, episode->ended);
  read(in, episode->ended_wall);
  episode->value_at_start = in.f64();
}

}  // namespace

void Judge::write(ByteWriter& out) const {
  out.u64(judge_version);
  out.u64(instances_.size() + orphans_.size());
  for (const auto& [key, instance] : instances_) {
    write(out, key, instance, epoch(*instance.status.pilot, *instance.status.limit));
  }
  for (const auto& [key, instance] : orphans_) write(out, key, instance, instance.epoch);
  write_monitors(out);
  book_.write(out);
  actions_.write(out);
}

void Judge::write(ByteWriter& out, const Key& key, const Instance& instance, const Id128& epoch) const {
  const auto s = in_words(instance);
  for (const auto* text : {&std::get<0>(key), &std::get<1>(key), &std::get<2>(key)}) out.text(*text);
  out.id(epoch);
  out.u64(static_cast<std::uint64_t>(s.state));
  out.text(s.reason);
  for (const auto& value : {s.value, s.lower, s.upper}) judge::write(out, value);
  out.u64(s.n);
  for (const auto& time :
       {s.window_start, s.window_end, s.pending_since, s.last_transition, s.last_evaluation, instance.clear_since}) {
    judge::write(out, time);
  }
  out.u64(s.transitions);
  out.u64(instance.beyond);
  out.u64(s.windows_judged);
  out.u64(instance.chunks.size());
  for (const double value : instance.chunks) out.f64(value);
  out.text(instance.reference);
  judge::write(out, s.episode);
  out.flag(s.evidence.has_value());
  if (s.evidence) s.evidence->write(out);
  out.text(instance.moved);
}

Judge::Instance Judge::read_instance(ByteReader& in, std::uint64_t version) {
  Instance stored;
  auto& s = stored.status;
  const auto state = in.u64();
  if (state >= state_count) throw CorruptBytes("unknown state");
  s.state = static_cast<State>(state);
  s.reason = in.text();
  for (auto* value : {&s.value, &s.lower, &s.upper}) judge::read(in, *value);
  s.n = in.u64();
  for (auto* time : {&s.window_start, &s.window_end, &s.pending_since, &s.last_transition, &s.last_evaluation,
                     &stored.clear_since}) {
    judge::read(in, *time);
  }
  s.transitions = in.u64();
  if (version > 1) {
    stored.beyond = in.u64();
    s.windows_judged = in.u64();
    s.windows_beyond = static_cast<std::uint64_t>(std::popcount(stored.beyond));
    stored.chunks.resize(in.count(8));
    for (double& value : stored.chunks) value = in.f64();
    stored.reference = in.text();
  }
  judge::read(in, s.episode);
  if (version > 1 && in.flag()) s.evidence.emplace().read(in);
  if (version > 1) stored.moved = in.text();
  return stored;
}

/// To the limit that it was stored of, if that is still the same.
void Judge::adopt(const Key& key, Instance stored, const Id128& epoch) {
  const auto& [pilot_name, limit_name, group] = key;
  const auto* pilot = settings_->find(pilot_name);
  const settings::Limit* own = nullptr;
  if (pilot != nullptr) {
    for (const auto& limit : pilot->limits) own = limit.name == limit_name ? &limit : own;
  }
  stored.status.group = group;
  if (own != nullptr && this->epoch(*pilot, *own) == epoch) {
    stored.status.pilot = pilot;
    stored.status.limit = own;
    refresh_bound(stored);
    instances_[key] = std::move(stored);
    return;
  }
  if (own != nullptr) restarted_.emplace(pilot_name, limit_name);
  stored.epoch = epoch;
  orphans_[key] = std::move(stored);
}

/// Nothing says what was in force: the old episode ends, so that its alert is resolved, and the limit starts anew.
void Judge::drop_orphans(Instant wall) {
  for (const auto& [key, orphan] : orphans_) {
    const auto* pilot = settings_->find(std::get<0>(key));
    if (pilot == nullptr || !orphan.status.episode || orphan.status.episode->ended) continue;
    for (const auto& limit : pilot->limits) {
      if (limit.name != std::get<1>(key)) continue;
      auto& fresh = instance(*pilot, limit, std::get<2>(key)).status;
      fresh.episode = orphan.status.episode;
      fresh.episode->ended = wall;
      fresh.episode->ended_wall = wall;
      fresh.reason = "the limit was changed; no window has closed since";
    }
  }
  orphans_.clear();
}

void Judge::read(ByteReader& in, Instant wall) {
  forget_routes();
  const auto version = in.u64();
  if (version != 1 && version != 7 && version != judge_version) throw CorruptBytes("judge of another version");
  for (auto left = in.count(20); left > 0; --left) {
    const std::string pilot(in.text()), limit(in.text()), group(in.text());
    const auto epoch = in.id();
    adopt({pilot, limit, group}, read_instance(in, version), epoch);
  }
  if (version > 1) read_monitors(in);
  if (version > 1) book_.read(in);
  if (version > 7) actions_.read(in);
  if (book_.empty()) drop_orphans(wall);
  refresh_force();
}

}  // namespace pilotwatch::judge
