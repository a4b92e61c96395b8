// SPDX-License-Identifier: Apache-2.0
// Limits with a budget of false alarms: decisions one by one, in their order, into evidence and states.
#include <algorithm>

#include "base/text.h"
#include "judge/judge.h"
#include "judge/moved.h"
#include "stats/sequential/budget.h"

namespace pilotwatch::judge {
namespace {

using settings::Evidence;
using settings::Metric;

std::string number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.4g", value);
  return text;
}

/// What the evidence is worth, in words.
std::string promise(const settings::Pilot& pilot, const settings::Limit& limit, const BudgetEvidence& e) {
  if (limit.evidence == Evidence::confidence_sequence) {
    return "at most " + number(100 * limit.alpha) + " % chance that it is ever said wrongly of a model version";
  }
  return "at most " + number(100 * pilot.guarantee.false_alarm_probability) + " % chance of a false alarm in " +
         (e.days ? format_duration(pilot.guarantee.over)
                 : std::to_string(pilot.guarantee.over_decisions) + " decisions") +
         ", share " + number(e.share);
}

/// One plain sentence about evidence, for people.
std::string sentence(const settings::Pilot& pilot, const LimitStatus& s, const std::string& verdict) {
  const auto& limit = *s.limit;
  const auto& e = *s.evidence;
  const bool compares = limit.compare != settings::Compare::none;
  const std::string cases = stage_of(limit) == engine::Stage::finding ? " findings" : " decisions";
  std::string out = settings::metric_names[static_cast<std::size_t>(limit.metric)];
  if (compares) out += std::string(" (") + settings::compare_names[static_cast<std::size_t>(limit.compare)] + ")";
  if (!limit.feature.empty()) out += " of " + limit.feature;
  out += ": " + verdict + "; evidence " + number(e.s) + " against " + number(e.threshold) + " (" +
         promise(pilot, limit, e) + ") after " + std::to_string(e.observations) + cases;
  if (compares) out += " of " + s.group;
  if (e.left_out > 0)
    out += " (" + std::to_string(e.left_out) + " left out: the reference has too few of their stratum)";
  if (e.mean_lower && e.mean_upper) {
    out += "; their mean loss is " + number(*e.mean) + ", between " + number(*e.mean_lower) + " and " +
           number(*e.mean_upper) + " at every look";
  }
  if (e.change_point) out += "; the change began about " + format_rfc3339(*e.change_point);
  if (e.value_since) {
    out += (e.change_point ? ", the mean loss since then is " : "; their mean loss is ") + number(*e.value_since) +
           " in " + std::to_string(e.n_since) + cases;
  }
  if (!e.moved.empty()) out += "; most moved: " + e.moved;
  return out;
}

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
  if (seen.new_version && !known_before_.contains(pilot.name)) epochs_.insert_or_assign(pilot.name, seen.decision.time);
}

void Judge::observe(const engine::PilotState& pilot, const engine::Observation& seen, Instant wall,
                    std::vector<Transition>& out) {
  const auto& settings = pilot.settings();
  if (seen.new_version) start_epoch(settings, seen.decision.time, seen.due, wall, out);
  const auto epoch = epochs_.find(settings.name);
  if (epoch != epochs_.end() && seen.decision.time < epoch->second) return;
  for (const auto& limit : settings.limits) {
    if (!settings::watches_decisions(limit.evidence) || stage_of(limit) != seen.stage || asleep_.contains(&limit)) {
      continue;
    }
    if (limit.segment.empty()) {
      observe(limit, "", pilot, seen, true, wall, out);
      continue;
    }
    const auto& attributes = pilot.groupings();
    const auto attribute =
        static_cast<std::size_t>(std::find(attributes.begin(), attributes.end(), limit.segment) - attributes.begin());
    const auto index = seen.decision.groups[attribute];
    const std::string own = index == engine::no_group ? "" : pilot.group_name(attribute, index);
    if (limit.compare != settings::Compare::none) {
      compare(limit, own, pilot, seen, wall, out);
    } else if (index != engine::no_group) {
      observe(limit, own, pilot, seen, true, wall, out);
    }
  }
}

/// One decision is an observation of its own group, and of all that are compared with it: every other group where that
/// is the rest, where it is one group every other but only of its decisions.
void Judge::compare(const settings::Limit& limit, const std::string& own, const engine::PilotState& pilot,
                    const engine::Observation& seen, Instant wall, std::vector<Transition>& out) {
  const auto& references = pilot.settings().segments.reference_groups;
  const auto named = references.find(limit.segment);
  const std::string reference = named == references.end() ? "" : named->second;
  std::set<std::string> others;
  for (auto at = watched_.lower_bound({pilot.settings().name, limit.name, ""});
       at != watched_.end() && std::get<0>(at->first) == pilot.settings().name && std::get<1>(at->first) == limit.name;
       ++at) {
    others.insert(std::get<2>(at->first));
  }
  if (!own.empty() && own != reference) {
    observe(limit, own, pilot, seen, true, wall, out);
    others.erase(own);
  }
  if (!reference.empty() && own != reference) return;
  for (const auto& group : others) observe(limit, group, pilot, seen, false, wall, out);
}

void Judge::observe(const settings::Limit& limit, const std::string& group, const engine::PilotState& pilot,
                    const engine::Observation& seen, bool member, Instant wall, std::vector<Transition>& out) {
  auto& own = instance(pilot.settings(), limit, group);
  auto& s = own.status;
  const bool of_feature = of_reference(form_of(limit));
  if (of_feature && seen.reference == nullptr) return;  // it is still being collected
  const std::string id = of_feature ? seen.reference->id : "";
  const auto known = watched_.find({pilot.settings().name, limit.name, group});
  if (known != watched_.end() && known->second.reference != id) {
    // An older version that goes on beside the new one: its reference is not asked about any more.
    if (seen.reference->frozen_at < known->second.reference_since) return;
    another_reference(own, known->second, id, seen, wall, out);
    known->second.monitor.reset();
    known->second.stored.clear();
    known->second.reference = id;
  }
  const auto compared = of_feature ? bins(pilot.settings(), limit.feature, seen.reference) : nullptr;
  if (of_feature && compared == nullptr) return mute(own, "the reference has no value of it", seen, wall, out);
  auto& evidence = watched(limit, group, pilot.settings(), compared, id);
  if (of_feature) evidence.reference_since = seen.reference->frozen_at;
  evidence.reference = id;
  auto& gathered = *evidence.monitor;
  evidence.muted = !gathered.mute().empty();
  if (evidence.muted) return mute(own, gathered.mute(), seen, wall, out);

  const auto said = gathered.step(seen, firing(s.state), member);
  if (!said || (said->aggregated && !member)) return;  // the others' aggregates are the others' business
  if (member) ++(said->aggregated ? evidence.aggregated : evidence.used);
  const auto tell = [&](State to, const char* verdict) {
    s.evidence = gathered.evidence();
    s.evidence->reference = id;
    if (s.evidence->moved.empty()) s.evidence->moved = own.moved;
    show_evidence(s);
    s.reason = sentence(pilot.settings(), s, verdict);
    s.last_evaluation = wall;
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

/// What has no figure of a window that could be shown beside it shows its evidence.
void Judge::show_evidence(LimitStatus& s) {
  if (s.limit->metric == Metric::drift) {
    s.value = stats::evidence_ratio(s.evidence->s, s.evidence->threshold);
    s.n = s.evidence->observations;
  } else if (s.limit->evidence == Evidence::confidence_sequence) {
    const auto own = [&](std::optional<double> mean) {
      return mean ? std::optional(metric_of_mean(*s.limit, *mean)) : std::nullopt;
    };
    s.value = own(s.evidence->mean);
    s.lower = own(s.evidence->mean_lower);
    s.upper = own(s.evidence->mean_upper);
    if (s.lower && s.upper && *s.lower > *s.upper) std::swap(s.lower, s.upper);
    s.n = s.evidence->observations;
  }
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

/// The window's figure is shown beside the evidence; it judges nothing, but that there were none is no `ok`.
void Judge::look_at_budget(Instance& instance, const engine::Closing& closing, Instant wall,
                           std::vector<Transition>& out) {
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
  instance.status.reason = "no data in the last window; the evidence stands still";
  move(instance, State::no_data, closing.due, wall, out);
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
