// SPDX-License-Identifier: Apache-2.0
// Limits whose bound comes from the figure's own spread over the chunks of the reference.
#include "judge/judge.h"

namespace pilotwatch::judge {

void Judge::set_chunks(const settings::Pilot& pilot, ChunkValues values) {
  chunks_.insert_or_assign(pilot.name, std::move(values));
  for (auto& [key, instance] : instances_) {
    if (std::get<0>(key) == pilot.name) refresh_bound(instance);
  }
  refresh_force();
}

void Judge::copy_chunks(const Judge& other) {
  for (const auto& pilot : settings_->pilots) {
    if (const auto found = other.chunks_.find(pilot.name); found != other.chunks_.end()) {
      set_chunks(pilot, found->second);
    }
  }
}

/// The bound from what chunks there are, if they are enough.
void Judge::refresh_bound(Instance& instance) const {
  auto& s = instance.status;
  if (s.limit->evidence != settings::Evidence::reference_chunks) return;
  s.chunks.reset();
  const auto own = s.limit->chunks.own;
  if (own > 0) {
    if (instance.chunks.size() >= own) s.chunks = chunk_bound(*s.limit, instance.chunks, instance.reference);
    return;
  }
  const auto pilot = chunks_.find(s.pilot->name);
  if (pilot == chunks_.end()) return;
  const auto found = pilot->second.values.find({s.limit->name, s.group});
  if (found == pilot->second.values.end() || found->second.size() < least_chunks) return;
  s.chunks = chunk_bound(*s.limit, found->second, pilot->second.reference);
}

void Judge::look_at_chunks(Instance& instance, const engine::Closing& closing, Instant wall,
                           std::vector<Transition>& out) {
  auto& s = instance.status;
  const auto& limit = *s.limit;
  if (judged_before(s, closing)) return;
  const auto& reference = closing.result->reference;
  if (limit.chunks.own > 0 && settings::of_feature(limit.metric) && !reference.empty() &&
      reference != instance.reference) {
    instance.reference = reference;
    instance.chunks.clear();  // they compare with another one
    refresh_bound(instance);
  }
  const auto seen = examine(limit, {}, s.group, *closing.result);
  if (seen.kind != Finding::Kind::within) return step(instance, seen, closing, wall, out);
  if (s.chunks) {
    return step(instance, examine(limit, {s.chunks->lower, s.chunks->upper}, s.group, *closing.result), closing, wall,
                out);
  }
  if (limit.chunks.own > 0) return collect(instance, seen, closing, wall, out);
  auto none = seen;
  none.kind = Finding::Kind::insufficient;
  none.reason += "; the reference file has fewer than " + std::to_string(least_chunks) + " windows of it that count";
  step(instance, none, closing, wall, out);
}

/// One more of its first windows: part of what later ones are compared with, and not judged itself.
void Judge::collect(Instance& instance, const Finding& finding, const engine::Closing& closing, Instant wall,
                    std::vector<Transition>& out) {
  auto& s = instance.status;
  instance.chunks.push_back(*finding.value);
  show(s, finding, closing, wall);
  s.reason = finding.reason + "; chunk " + std::to_string(instance.chunks.size()) + " of " +
             std::to_string(s.limit->chunks.own) + " from which its bound is taken";
  move(instance, State::collecting, closing.due, wall, out);  // against another reference a breach is over, too
  refresh_bound(instance);
}

/// What a limit's state rests on. Where its chunks are those of a file, they are part of it.
Id128 Judge::epoch(const settings::Pilot& pilot, const settings::Limit& limit) const {
  ByteWriter out;
  out.text(fingerprint(pilot, limit));
  const auto values = chunks_.find(pilot.name);
  if (limit.evidence != settings::Evidence::reference_chunks || values == chunks_.end())
    return content_hash(fingerprint(pilot, limit));
  const auto& all = values->second.values;
  for (auto at = all.lower_bound({limit.name, ""}); at != all.end() && at->first.first == limit.name; ++at) {
    out.text(at->first.second);
    for (const double value : at->second) out.f64(value);
  }
  return content_hash(out.bytes());
}

}  // namespace pilotwatch::judge
