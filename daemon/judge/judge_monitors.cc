// SPDX-License-Identifier: Apache-2.0
// The evidence of each limit and group: made, found again, stored.
#include <algorithm>

#include "base/id.h"
#include "judge/judge.h"

namespace pilotwatch::judge {

/// The evidence of a limit and group, made or taken from the checkpoint where there is none yet; what was gathered
/// against another reference is dropped.
Judge::Watched& Judge::watched(const settings::Limit& limit, const std::string& group, const settings::Pilot& pilot,
                               const std::shared_ptr<const DriftBins>& compared, const std::string& reference) {
  const auto [found, fresh] = watched_.try_emplace({pilot.name, limit.name, group});
  auto& own = found->second;
  if (fresh) {
    for (const auto& [key, other] : watched_) {
      if (std::get<0>(key) == pilot.name && std::get<1>(key) == limit.name && &other != &own) ++own.place;
    }
  }
  if (own.monitor && own.reference == reference) return own;
  auto part = allotment(pilot, limit);
  // Groups come one by one: the j-th has share/(j (j + 1)), which sum to the limit's share however many they become.
  const auto j = static_cast<double>(own.place + 1);
  if (!limit.segment.empty()) part.share /= j * (j + 1);
  own.monitor = std::make_unique<Monitor>(pilot, limit, part, compared);
  if (!own.stored.empty() && own.reference == reference) {
    ByteReader in(own.stored);
    own.monitor->read(in);
    if (own.renewed) own.monitor->reset();
  }
  own.renewed = false;
  own.stored.clear();  // evidence against another reference is gone: losing it is safe
  return own;
}

void Judge::resume(const engine::PilotState& pilot) {
  const auto& settings = pilot.settings();
  for (auto entry = watched_.lower_bound({settings.name, "", ""});
       entry != watched_.end() && std::get<0>(entry->first) == settings.name; ++entry) {
    const auto& [name, limit_name, group] = entry->first;
    const auto limit = std::find_if(settings.limits.begin(), settings.limits.end(),
                                    [&](const settings::Limit& l) { return l.name == limit_name; });
    if (limit == settings.limits.end()) continue;
    const bool of_feature = of_reference(form_of(*limit));
    const auto reference = of_feature ? pilot.reference() : nullptr;
    if (of_feature && (reference == nullptr || reference->id != entry->second.reference)) continue;
    const auto compared = of_feature ? bins(settings, limit->feature, reference) : nullptr;
    if (of_feature && compared == nullptr) continue;
    watched(*limit, group, settings, compared, of_feature ? reference->id : "");
  }
}

/// Null where the reference has no value of the feature.
std::shared_ptr<const DriftBins> Judge::bins(const settings::Pilot& pilot, const std::string& feature,
                                             const engine::References::Shared& reference) {
  auto& known = bins_[{pilot.name, feature}];
  if (known && known->reference == reference) return known;
  const auto columns = engine::feature_list(pilot);
  const auto column = static_cast<std::size_t>(
      std::find_if(columns.begin(), columns.end(), [&](const auto& c) { return c.name == feature; }) - columns.begin());
  if (column >= columns.size() || reference->features[column].n == 0) return nullptr;
  auto made = drift_bins(reference->features[column], columns[column].kind == settings::FeatureKind::numeric,
                         engine::stratum_count(pilot.reference.strata));
  made.reference = reference;
  known = std::make_shared<const DriftBins>(std::move(made));
  return known;
}

void Judge::write_monitors(ByteWriter& out) const {
  out.u64(epochs_.size());
  for (const auto& [pilot, since] : epochs_) {
    out.text(pilot);
    out.time(since);
  }
  out.u64(watched_.size());
  for (const auto& [key, own] : watched_) {
    for (const auto* text : {&std::get<0>(key), &std::get<1>(key), &std::get<2>(key), &own.reference}) out.text(*text);
    out.u64(own.place);
    out.u64(own.used);
    out.u64(own.aggregated);
    out.time(own.reference_since);
    out.flag(own.muted);
    out.flag(own.renewed);
    ByteWriter bytes;
    if (own.monitor) own.monitor->write(bytes);
    const std::string& state = own.monitor ? bytes.bytes() : own.stored;
    out.text(state);
    out.id(content_hash(state));
  }
}

void Judge::read_monitors(ByteReader& in) {
  for (auto left = in.count(9); left > 0; --left) {
    std::string pilot(in.text());
    known_before_.insert(pilot);
    epochs_.insert_or_assign(std::move(pilot), in.time());
  }
  for (auto left = in.count(38); left > 0; --left) {
    const std::string pilot_name(in.text()), limit_name(in.text()), group(in.text());
    Watched own;
    own.reference = in.text();
    own.place = in.u64();
    own.used = in.u64();
    own.aggregated = in.u64();
    own.reference_since = in.time();
    own.muted = in.flag();
    own.renewed = in.flag();
    own.stored = in.text();
    if (in.id() != content_hash(own.stored)) throw CorruptBytes("evidence that has been damaged");
    // Only the epoch it belongs to: a limit whose definition has changed has no instance from the checkpoint.
    if (instances_.contains({pilot_name, limit_name, group}) && !restarted_.contains({pilot_name, limit_name})) {
      watched_[{pilot_name, limit_name, group}] = std::move(own);
    }
  }
}

}  // namespace pilotwatch::judge
