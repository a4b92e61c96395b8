// SPDX-License-Identifier: Apache-2.0
#include "engine/suppression.h"

#include <map>
#include <utility>

namespace pilotwatch::engine {
namespace {

bool small(std::uint64_t count, std::uint64_t min_n) { return count > 0 && count < min_n; }

/// A part of a whole: neither the part nor the rest may be small.
bool small_part(std::uint64_t part, std::uint64_t whole, std::uint64_t min_n) {
  return small(part, min_n) || small(whole - part, min_n);
}

void primary(GroupScope& scope, const settings::Pilot& pilot) {
  const auto k = pilot.segments.min_n;
  const Tally& t = scope.tally;
  scope.hidden = t.decisions < k;
  scope.outcomes_hidden = scope.hidden || small(t.labelled, k) || small_part(t.errors, t.labelled, k);
  scope.failures_hidden = scope.hidden || small_part(t.failures, t.decisions, k);
  if (pilot.task == settings::Task::binary) {
    scope.outcomes_hidden = scope.outcomes_hidden || small_part(t.positives, t.predicted, k);
    for (const auto& [position, count] : t.confusion.items()) scope.outcomes_hidden = scope.outcomes_hidden || count < k;
  }
  scope.complaints_hidden = scope.hidden || small(t.complaints, k);
}

using Margin = std::pair<std::string, std::string>;

/// In each margin (groups of one version, versions of one group) with exactly one hidden scope, hides the smallest other:
/// else the hidden one is the difference between the total and the rest.
template <class Key>
void complement(std::vector<GroupScope>& scopes, bool GroupScope::*flag, Key&& key) {
  std::map<Margin, std::vector<GroupScope*>> margins;
  for (auto& scope : scopes) margins[key(scope)].push_back(&scope);
  for (auto& [margin, members] : margins) {
    std::size_t hidden = 0;
    GroupScope* smallest = nullptr;
    for (auto* member : members) {
      if (member->*flag) {
        ++hidden;
      } else if (smallest == nullptr || member->tally.decisions < smallest->tally.decisions) {
        smallest = member;
      }
    }
    if (hidden == 1 && smallest != nullptr) smallest->*flag = true;
  }
}

}  // namespace

void suppress(std::vector<GroupScope>& scopes, const settings::Pilot& pilot) {
  if (pilot.segments.min_n <= 1) return;
  for (auto& scope : scopes) primary(scope, pilot);
  for (const auto flag : {&GroupScope::hidden, &GroupScope::outcomes_hidden, &GroupScope::failures_hidden, &GroupScope::complaints_hidden}) {
    complement(scopes, flag, [](const GroupScope& s) { return Margin{s.model_version, s.attribute}; });
    complement(scopes, flag, [](const GroupScope& s) { return Margin{s.attribute, s.group}; });
  }
  for (auto& scope : scopes) {
    scope.outcomes_hidden = scope.outcomes_hidden || scope.hidden;
    scope.failures_hidden = scope.failures_hidden || scope.hidden;
    scope.complaints_hidden = scope.complaints_hidden || scope.hidden;
  }
}

}  // namespace pilotwatch::engine
