// SPDX-License-Identifier: Apache-2.0
#include "engine/suppression.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "engine/margins.h"

namespace pilotwatch::engine {
namespace {

bool small(std::uint64_t count, std::uint64_t min_n) { return count > 0 && count < min_n; }

/// A part of a whole: neither the part nor the rest may be small.
bool small_part(std::uint64_t part, std::uint64_t whole, std::uint64_t min_n) {
  return small(part, min_n) || small(whole - part, min_n);
}

/// One class against the rest has a small cell. All tables go then: they add up to the labelled and to the errors.
bool small_class(const Tally& t, std::size_t classes, std::uint64_t k) {
  std::vector<std::uint64_t> hits(classes), predicted(classes), actual(classes);
  for (const auto& [position, count] : t.confusion.items()) {
    const auto p = position / classes, a = position % classes;
    if (p >= classes) continue;
    predicted[p] += count;
    actual[a] += count;
    if (p == a) hits[p] += count;
  }
  for (std::size_t c = 0; c < classes; ++c) {
    const auto fp = predicted[c] - hits[c], fn = actual[c] - hits[c];
    if (small(hits[c], k) || small(fp, k) || small(fn, k) || small(t.labelled - hits[c] - fp - fn, k)) return true;
  }
  return false;
}

/// One grade, or all others together, is small.
bool small_verdict(const Tally& t, std::uint64_t k) {
  const auto items = t.confusion.items();
  return std::any_of(items.begin(), items.end(),
                     [&](const auto& item) { return small_part(item.second, t.labelled, k); });
}

/// Of the known outcomes only some have a score, lie inside an interval, or are not zero: they and the others.
bool small_scored(const Tally& t, std::uint64_t k) {
  const auto small_of = [&](std::int64_t n, std::int64_t of_kind) {
    const auto cases = static_cast<std::uint64_t>(n);
    return small_part(cases, t.labelled, k) || small_part(static_cast<std::uint64_t>(of_kind), cases, k);
  };
  if (const auto* binary = t.scored.binary()) {
    std::int64_t positives = 0;
    for (std::size_t i = 0; i < stats::ProbabilityState::bins; ++i) positives += binary->probabilities.bin(i).positives;
    return small_of(binary->probabilities.n(), positives);
  }
  if (const auto* numbers = t.scored.numbers()) return small_of(numbers->sums.mape_n(), 0);
  if (const auto* classes = t.scored.classes()) {
    std::int64_t n = 0;
    for (std::size_t c = 0; c < classes->classes(); ++c) n += classes->count(c);
    for (std::size_t c = 0; c < classes->classes(); ++c) {
      if (small_of(n, classes->count(c))) return true;
    }
  }
  if (const auto* forecasts = t.scored.forecasts()) {
    for (const auto share : {0.5, 0.9}) {
      const auto covered = forecasts->coverage(share);
      if (covered && small_of(forecasts->n(), std::llround(*covered * static_cast<double>(forecasts->n()))))
        return true;
    }
  }
  return false;
}

/// Whether so many cases, shown beside the decisions, give away how many failed or have no prediction. Outcomes and
/// reviews are of predictions: where all of them have one the decisions less these are those without a prediction, and
/// anybody knows it where it holds of the whole; where few do not have one, they bound them.
bool tells_predicted(const Tally& t, std::uint64_t count, const settings::Pilot& pilot) {
  const bool all = count == t.predicted && pilot.task != settings::Task::generative;  // there every answer is one
  return all || count == t.decisions - t.failures || small(t.decisions - count, pilot.segments.min_n);
}

/// What people decided in the end, against what the system said; how many looked at it at all is not such a count.
bool small_reviews(const SideCounts& s, std::uint64_t k) {
  return small(s[Side::reviews], k) || small_part(s[Side::overrides], s[Side::reviews], k) ||
         small_part(s[Side::relieving], s[Side::reviews], k) || small_part(s[Side::aggravating], s[Side::reviews], k) ||
         small(s[Side::seeded], k) || small_part(s[Side::seeded_caught], s[Side::seeded], k) ||
         small(s[Side::timed], k) || small_part(s[Side::short_reviews], s[Side::timed], k);
}

/// Complaints without a category are the rest of those with one.
bool small_kinds(const Tally& t, std::uint64_t k) {
  std::uint64_t with = 0;
  for (const auto& [index, count] : t.categories.items()) {
    if (small_part(count, t.complaints, k)) return true;
    with += count;
  }
  return small_part(with, t.complaints, k) || small_part(t.side[Side::severe], t.complaints, k);
}

bool small_progress(const Tally& t, std::uint64_t k) {
  const auto& s = t.side;
  return small_part(s[Side::escalated], t.complaints, k) || small(s[Side::resolved], k) ||
         small_part(s[Side::reopened], s[Side::resolved], k) || small(s[Side::harmed], k) ||
         small_part(s[Side::restored], s[Side::harmed], k);
}

void primary(GroupScope& scope, const settings::Pilot& pilot) {
  const auto k = pilot.segments.min_n;
  const Tally& t = scope.tally;
  scope.hidden = scope.rest ? small(t.decisions, k) : t.decisions < k;
  scope.outcomes_hidden = scope.hidden || small(t.labelled, k) || small_part(t.errors, t.labelled, k);
  scope.failures_hidden = scope.hidden || small_part(t.failures, t.decisions, k);
  scope.predicted_hidden = scope.failures_hidden || small_part(t.predicted, t.decisions, k);
  if (pilot.task == settings::Task::binary) {
    scope.outcomes_hidden = scope.outcomes_hidden || small_part(t.positives, t.predicted, k);
    for (const auto& [position, count] : t.confusion.items())
      scope.outcomes_hidden = scope.outcomes_hidden || count < k;
  }
  scope.confusion_hidden = scope.outcomes_hidden ||
                           (pilot.task == settings::Task::multiclass && small_class(t, pilot.classes.size(), k)) ||
                           (pilot.task == settings::Task::generative && small_verdict(t, k));
  scope.scored_hidden = scope.outcomes_hidden || small_scored(t, k);
  scope.complaints_hidden = scope.hidden || small(t.complaints, k);
  scope.incidents_hidden = scope.complaints_hidden || small_part(t.side[Side::incidents], t.complaints, k);
  scope.findings_hidden = scope.complaints_hidden || small(t.side[Side::decided], k) ||
                          small_part(t.side[Side::found_for_person], t.side[Side::decided], k);
  scope.reviews_hidden = scope.hidden || small_reviews(t.side, k);
  scope.kinds_hidden = scope.complaints_hidden || small_kinds(t, k);
  scope.progress_hidden = scope.complaints_hidden || small_progress(t, k);
}

/// What is hidden hides what would bound it, or is a part of it. Later flags only: each is covered in its own turn.
void imply(GroupScope& s, const settings::Pilot& pilot) {
  const auto tells = [&](std::uint64_t count) { return s.predicted_hidden && tells_predicted(s.tally, count, pilot); };
  const auto& side = s.tally.side;
  s.failures_hidden = s.failures_hidden || s.hidden;
  s.predicted_hidden = s.predicted_hidden || s.failures_hidden;
  s.outcomes_hidden = s.outcomes_hidden || s.hidden || tells(s.tally.labelled);
  s.complaints_hidden = s.complaints_hidden || s.hidden;
  s.reviews_hidden = s.reviews_hidden || s.hidden || tells(side[Side::reviews]) || tells(side[Side::seeded]) ||
                     tells(side[Side::reviews] + side[Side::seeded]) || tells(side[Side::timed]);
  s.confusion_hidden = s.confusion_hidden || s.outcomes_hidden;
  s.scored_hidden = s.scored_hidden || s.outcomes_hidden;
  // Incidents and decided complaints are at most as many as complaints: they would bound what is hidden.
  s.incidents_hidden = s.incidents_hidden || s.complaints_hidden;
  s.findings_hidden = s.findings_hidden || s.complaints_hidden;
  s.kinds_hidden = s.kinds_hidden || s.complaints_hidden;
  s.progress_hidden = s.progress_hidden || s.complaints_hidden;
}

}  // namespace

void suppress_alone(GroupScope& scope, const settings::Pilot& pilot) {
  if (pilot.segments.min_n <= 1) return;
  primary(scope, pilot);
  imply(scope, pilot);
}

void suppress(std::vector<GroupScope>& scopes, const settings::Pilot& pilot, const GroupNames& names) {
  if (pilot.segments.min_n <= 1) return;
  Margins margins(scopes, pilot.segments, names);
  for (auto* scope : margins.members()) primary(*scope, pilot);
  for (const auto flag : {&GroupScope::hidden, &GroupScope::failures_hidden, &GroupScope::predicted_hidden,
                          &GroupScope::outcomes_hidden, &GroupScope::confusion_hidden, &GroupScope::scored_hidden,
                          &GroupScope::complaints_hidden, &GroupScope::incidents_hidden, &GroupScope::findings_hidden,
                          &GroupScope::reviews_hidden, &GroupScope::kinds_hidden, &GroupScope::progress_hidden}) {
    margins.cover(flag);
    for (auto* member : margins.members()) imply(*member, pilot);
  }
}

}  // namespace pilotwatch::engine
