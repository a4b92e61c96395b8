// SPDX-License-Identifier: Apache-2.0
#include "settings/presets.h"

#include <algorithm>
#include <iterator>

namespace pilotwatch::settings {
namespace {

// The bounds are proposals for a first week, not law: whoever runs the pilot should write their own beside each.

constexpr Preset all[] = {
    {"automation",
     "cases handled wrongly more often than agreed, for all or for one group; inputs that no longer look like those it "
     "was tried on; complaints; failures; a log that has gone silent",
     "errors that nobody checks (see outcomes-known); what a wrong turn costs a person; harm in cases that were "
     "handled "
     "as asked; work that moved to other desks",
     R"(
task: multiclass
reference: {first: 2000, bins: 20}
windows: [day, week, month, all]
limits:
  - name: errors
    metric: error_rate
    window: week
    max: 0.1
    evidence: budget
    severity: critical
    reason: More than one case in ten handled wrongly sends too many people on a detour.
    action: Stop the automation and handle cases by hand until the cause is known.
  - name: errors-by-$attribute
    metric: error_rate
    window: month
    segment: $attribute
    max: 0.15
    evidence: budget
    severity: critical
    reason: No group may get wrong results much more often than all together.
    action: Handle the cases of this group by hand, and look at what they have in common.
  - name: drift-of-$feature
    metric: drift
    window: week
    feature: $feature
    severity: info
    reason: Inputs have changed since the reference; what was measured then may not hold any more.
    action: Check a sample by hand; take a new reference if all is well.
  - name: complaints
    metric: complaints_per_1000
    window: week
    max: 10
    evidence: budget
    reason: People notice what no outcome shows.
    action: Read this week's complaints.
  - name: failures
    metric: failure_rate
    window: day
    max: 0.02
    evidence: budget
    reason: Cases without an answer wait for somebody to notice.
    action: Ask whoever runs the system.
  - name: outcomes-known
    metric: coverage
    window: month
    min: 0.5
    evidence: budget
    severity: info
    reason: Errors in cases that nobody checks are not counted.
    action: Have a random sample of cases checked.
  - name: silence
    metric: volume
    window: week
    min: 1
    reason: No case in a week is a broken log, or a system that nobody uses.
    action: Look at the log.
)"},
    {"fraud",
     "people checked for nothing, all or one group; more people picked than agreed; objections that were right; "
     "reviews "
     "too short to be any; scores and inputs that have moved; complaints",
     "missed fraud: cases that are not picked have no outcome, unless a random sample of them is checked too (outcome "
     "source audit_sample; then add a limit on false_negative_rate); whether the attributes watched are the ones that "
     "matter; why somebody was picked",
     R"(
task: binary
output: burden
reference: {first: 2000, bins: 20}
windows: [day, week, month, all]
limits:
  - name: needless-checks
    metric: false_discovery_rate
    window: month
    max: 0.5
    evidence: budget
    severity: critical
    reason: Where every second check is for nothing, suspicion has become the rule.
    action: Stop picking automatically; check a random sample and compare.
  - name: needless-checks-by-$attribute
    metric: false_discovery_rate
    window: month
    segment: $attribute
    max: 0.6
    evidence: budget
    severity: critical
    reason: No group may be checked for nothing much more often than all together.
    action: Stop picking in this group; tell the data protection officer.
  - name: picked
    metric: selection_rate
    window: week
    max: 0.05
    evidence: budget
    reason: Five in a hundred is what can be looked at with care.
    action: Raise the threshold.
  - name: picked-by-$attribute
    metric: selection_rate
    window: month
    segment: $attribute
    max: 0.08
    evidence: budget
    severity: critical
    reason: No group may be picked much more often than all together.
    action: Stop picking in this group; tell the data protection officer.
  - name: objections-found-right
    metric: complaint_finding_rate
    window: month
    max: 0.5
    evidence: interval
    reason: People who object are mostly right.
    action: Look again at cases of people who did not object.
  - name: short-reviews
    metric: short_review_rate
    window: month
    max: 0.2
    evidence: interval
    reason: Who decides within seconds has not looked.
    action: Talk with the reviewers; give them time.
  - name: drift-of-score
    metric: drift
    window: week
    feature: score
    severity: info
    reason: Scores have changed since the reference; the threshold may mean something else now.
    action: Check the inputs; take a new reference if all is well.
  - name: drift-of-$feature
    metric: drift
    window: week
    feature: $feature
    severity: info
    reason: Inputs have changed since the reference; what was measured then may not hold any more.
    action: Check the inputs; take a new reference if all is well.
  - name: complaints
    metric: complaints_per_1000
    window: week
    max: 8
    evidence: budget
    reason: A wrong suspicion is seldom silent, and complaints come before outcomes do.
    action: Read this week's complaints.
)"},
    {"forecast",
     "forecasts that are far off more often than agreed, for all or for one place; intervals that promise too much; a "
     "log that has gone silent",
     "changed inputs: they follow the seasons, so no drift limit is set (add one for a feature that does not); what a "
     "forecast too low or too high costs; decisions that were made after it",
     R"(
task: regression
tolerance: {relative: 0.15}
windows: [day, week, month, all]
limits:
  - name: far-off
    metric: error_rate
    window: week
    max: 0.2
    evidence: budget
    severity: critical
    reason: One forecast in five further off than agreed is no basis for a plan.
    action: Plan by last year's figures until the forecast is mended.
  - name: far-off-by-$attribute
    metric: error_rate
    window: month
    segment: $attribute
    max: 0.25
    evidence: budget
    reason: A forecast may be right on the whole and useless in one place.
    action: Plan this one by last year's figures.
  - name: interval-too-narrow
    only_for: quantile
    metric: interval_coverage_90
    window: month
    min: 0.8
    evidence: interval
    reason: Of ten outcomes nine should lie inside the interval.
    action: Do not plan by the interval.
  - name: too-low
    only_for: quantile
    metric: quantile_bias
    window: month
    min: -0.4
    reason: Forecasts are too low most of the time.
    action: Add a reserve.
  - name: too-high
    only_for: quantile
    metric: quantile_bias
    window: month
    max: 0.4
    severity: info
    reason: Forecasts are too high most of the time.
    action: Take something off.
  - name: failures
    metric: failure_rate
    window: week
    max: 0.02
    evidence: budget
    reason: Without a forecast somebody guesses.
    action: Ask whoever runs the system.
  - name: silence
    metric: volume
    window: week
    min: 1
    reason: No forecast in a week is a broken log, or a system that nobody uses.
    action: Look at the log.
)"},
    {"allocation",
     "wrong grants and refusals, and groups that are refused wrongly more often; fewer grants than agreed to a group; "
     "overrides that make it worse for the person; scores and inputs that have moved; complaints",
     "need that nobody applied with; whether the rule that is learnt is a fair one; what became of people who were "
     "refused, unless their outcome is sent too (see outcomes-known)",
     R"(
task: binary
output: benefit
reference: {first: 2000, bins: 20}
windows: [day, week, month, all]
limits:
  - name: errors
    metric: error_rate
    window: week
    max: 0.2
    evidence: budget
    severity: critical
    reason: One request in five decided wrongly is no better than a lottery among the close cases.
    action: Decide by hand until the cause is known.
  - name: refused-wrongly-by-$attribute
    metric: false_negative_rate
    window: month
    segment: $attribute
    max: 0.3
    evidence: budget
    severity: critical
    reason: Nobody may be refused more often because of the group they belong to.
    action: Check all refusals in this group by hand.
  - name: granted-by-$attribute
    metric: selection_rate
    window: month
    segment: $attribute
    min: 0.1
    evidence: budget
    reason: Each group gets a part of what there is.
    action: Look at the requests of this group by hand.
  - name: overrides-against-the-person
    metric: override_aggravating_rate
    window: month
    max: 0.1
    evidence: interval
    reason: People who decide take away what the system would have granted.
    action: Talk with those who decide.
  - name: drift-of-score
    metric: drift
    window: week
    feature: score
    severity: info
    reason: Scores have changed since the reference; the threshold may mean something else now.
    action: Check the inputs; take a new reference if all is well.
  - name: drift-of-$feature
    metric: drift
    window: week
    feature: $feature
    severity: info
    reason: Requests have changed since the reference; what was measured then may not hold any more.
    action: Check a sample by hand; take a new reference if all is well.
  - name: complaints
    metric: complaints_per_1000
    window: week
    max: 20
    evidence: budget
    reason: People notice what no outcome shows.
    action: Read this week's complaints.
  - name: outcomes-known
    metric: coverage
    window: month
    min: 0.3
    evidence: budget
    severity: info
    reason: Errors in cases that nobody checks are not counted.
    action: Have a random sample of refusals checked.
)"},
    {"chatbot",
     "bad answers among those that are graded; complaints; failures; questions that are no longer those it was tried "
     "on; "
     "a log that has gone silent",
     "answers that nobody grades and nobody complains about; what people did after a wrong answer; what is written "
     "(text is never read)",
     R"(
task: generative
reference: {first: 2000, bins: 20}
windows: [day, week, month, all]
limits:
  - name: bad-answers
    metric: error_rate
    window: week
    max: 0.1
    evidence: budget
    severity: critical
    reason: One bad answer in ten misleads too many people.
    action: Put a person behind the chat, and read the answers that were graded bad.
  - name: bad-answers-by-$attribute
    metric: error_rate
    window: month
    segment: $attribute
    max: 0.15
    evidence: budget
    severity: critical
    reason: No group may get bad answers much more often than all together.
    action: Put a person behind the chat for this group.
  - name: complaints
    metric: complaints_per_1000
    window: week
    max: 15
    evidence: interval
    severity: critical
    reason: Most complaints about a chat name no answer, so whole weeks are counted, without a budget.
    action: Read this week's complaints.
  - name: drift-of-$feature
    metric: drift
    window: week
    feature: $feature
    severity: info
    reason: Questions have changed since the reference; the answers may not fit any more.
    action: Read a sample of conversations; take a new reference if all is well.
  - name: failures
    metric: failure_rate
    window: day
    max: 0.05
    evidence: budget
    reason: Who gets no answer comes to the counter, or gives up.
    action: Ask whoever runs the system.
  - name: answers-graded
    metric: coverage
    window: month
    min: 0.02
    evidence: budget
    severity: info
    reason: Bad answers that nobody grades are not counted.
    action: Have a random sample of answers graded.
  - name: silence
    metric: volume
    window: week
    min: 1
    reason: No question in a week is a broken log, or a system that nobody uses.
    action: Look at the log.
)"},
};

constexpr const char* names[] = {"automation", "fraud", "forecast", "allocation", "chatbot"};
static_assert(std::size(names) == std::size(all));

}  // namespace

std::span<const Preset> presets() { return all; }
std::span<const char* const> preset_names() { return names; }

const Preset* find_preset(std::string_view name) {
  const auto found = std::ranges::find(all, name, &Preset::name);
  return found == std::end(all) ? nullptr : &*found;
}

}  // namespace pilotwatch::settings
