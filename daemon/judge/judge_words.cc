// SPDX-License-Identifier: Apache-2.0
// Evidence in words: made when somebody reads a limit, not for each look at it.

#include "base/text.h"
#include "judge/judge.h"
#include "judge/number_text.h"
#include "stats/sequential/budget.h"

namespace pilotwatch::judge {
namespace {

using settings::Evidence;
using settings::Metric;

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

LimitStatus Judge::in_words(const Instance& instance) {
  LimitStatus out = instance.status;
  if (instance.told.by != nullptr) put_into_words(instance, out);
  return out;
}

void Judge::settle(Instance& instance) {
  if (instance.told.by == nullptr) return;
  put_into_words(instance, instance.status);
  instance.told = {};
}

/// As it would have been at the look itself: what it rests on was noted then.
void Judge::put_into_words(const Instance& instance, LimitStatus& s) {
  const auto& told = instance.told;
  s.evidence = told.by->monitor->noted();
  s.evidence->reference = told.by->reference;
  if (s.evidence->moved.empty()) s.evidence->moved = instance.moved;
  show_evidence(s);
  s.reason = sentence(*s.pilot, s, told.verdict);
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

}  // namespace pilotwatch::judge
