// SPDX-License-Identifier: Apache-2.0
// Findings on complaints as observations: each complaint once, in the order of its first finding.
#include <algorithm>

#include "engine/pilot.h"

namespace pilotwatch::engine {
namespace {

/// The time of the first update that says what was found; nullopt where none does.
std::optional<Instant> first_finding(const std::set<UpdateRow>& updates) {
  for (const auto& update : updates) {
    if (update.found_for) return update.time;
  }
  return std::nullopt;
}

/// What had been found at that time: the last finding by then. What is found later changes figures, never evidence.
bool found_for_person(const std::set<UpdateRow>& updates, Instant by) {
  bool out = false;
  for (const auto& update : updates) {
    if (update.time > by) break;
    if (update.found_for) {
      out = *update.found_for == record::FoundFor::person || *update.found_for == record::FoundFor::partly_person;
    }
  }
  return out;
}

}  // namespace

/// An update of the complaint has come, or the complaint itself after its updates.
void PilotState::await_finding(const Id128& complaint) {
  if (!watches_) return;
  const auto slot = complaint_by_id_.find(complaint);
  const auto updates = updates_.find(complaint);
  if (slot == complaint_by_id_.end() || updates == updates_.end() || complaints_[slot->second].finding_seen) return;
  const auto first = first_finding(updates->second);
  if (!first) return;
  std::erase_if(findings_, [&](const auto& waiting) { return waiting.second == complaint; });
  if (now_ && *first + maturity() <= *now_) {
    complaints_.modify(slot->second).finding_seen = true;  // in its order others have been looked at already
    ++counters_.findings_too_late;
    return;
  }
  findings_.emplace(*first, complaint);
}

void PilotState::find_until(Instant time) {
  while (!findings_.empty() && findings_.begin()->first <= time) {
    const auto [first, complaint] = findings_.extract(findings_.begin()).value();
    const auto slot = complaint_by_id_.at(complaint);
    auto& row = complaints_.modify(slot);
    row.finding_seen = true;
    Observation seen;
    seen.stage = Stage::finding;
    seen.time = first;
    seen.due = first + maturity();
    seen.for_person = found_for_person(updates_.at(complaint), seen.due);
    if (row.linked) {
      seen.decision = decisions_[row.decision];
    } else {
      seen.decision.time = row.time;
      seen.decision.groups = row.groups;
    }
    seen.decision.weight = 1;  // a complaint is one complaint
    observations_.push_back(std::move(seen));
  }
}

}  // namespace pilotwatch::engine
