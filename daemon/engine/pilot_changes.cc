// SPDX-License-Identifier: Apache-2.0
// Changes, as the records tell of them, and model versions that no change announced.
#include <algorithm>

#include "engine/pilot.h"

namespace pilotwatch::engine {

/// A change may be dated ahead: it does not move the clock.
Disposition PilotState::apply_change(const record::Batch& batch, const record::Change& c) {
  if (changes_.contains(c.id)) return {.duplicate = true};
  if (full()) return {.full = true};
  changes_.emplace(c.id, ChangeRow{c.time, c.what, batch.text(c.from), batch.text(c.to), c.announced});
  return {};
}

void PilotState::note_version(std::uint16_t version, Instant time) {
  if (version_starts_.size() <= version) version_starts_.resize(version + std::size_t{1});
  if (versions_[version].empty() || versions_[version] == other_value) return;
  auto& start = version_starts_[version];
  if (start.first && *start.first <= time) return;
  start.first = time;
  const Instant due = time + settings_->lateness;
  if (!start.judged && (!due_ || due < *due_)) due_ = due;
}

/// A version is announced by a change that names it, or that names no version, says `announced` and came after the
/// version before; at the latest `lateness` after its first decision. `announced: false` announces nothing.
bool PilotState::announced(const std::string& version, Instant first, Instant before) const {
  return std::any_of(changes_.begin(), changes_.end(), [&](const auto& item) {
    const ChangeRow& c = item.second;
    if (c.time > first + settings_->lateness || c.announced == false) return false;
    if (!c.to.empty()) return c.to == version;
    return c.announced == true && c.time > before &&
           (c.what == record::What::model || c.what == record::What::threshold || c.what == record::What::data ||
            c.what == record::What::prompt);
  });
}

/// Each version once, when `lateness` has passed since its first decision, so that an announcement may come after it.
void PilotState::judge_versions(Instant until) {
  for (std::size_t v = 0; v < version_starts_.size(); ++v) {
    auto& start = version_starts_[v];
    if (!start.first || start.judged || *start.first > until) continue;
    start.judged = true;
    std::optional<Instant> before;  // the start of the version before this one
    for (std::size_t other = 0; other < version_starts_.size(); ++other) {
      const auto& first = version_starts_[other].first;
      if (other == v || !first || std::pair(*first, versions_[other]) > std::pair(*start.first, versions_[v])) continue;
      before = before ? std::max(*before, *first) : *first;
    }
    start.unannounced = before && !announced(versions_[v], *start.first, *before);
    if (start.unannounced) ++counters_.unannounced_versions;
  }
}

void PilotState::view_changes(PilotView& view) const {
  for (const auto& [id, row] : changes_) {
    view.changes.push_back(
        {row.time, record::what_names[static_cast<std::size_t>(row.what)], row.from, row.to, row.announced, id.hex()});
  }
  std::sort(view.changes.begin(), view.changes.end(),
            [](const auto& a, const auto& b) { return std::tie(a.time, a.id) < std::tie(b.time, b.id); });
  for (std::size_t v = 0; v < version_starts_.size(); ++v) {
    if (version_starts_[v].unannounced)
      view.findings.push_back({unannounced_version_change, versions_[v], *version_starts_[v].first});
  }
  std::sort(view.findings.begin(), view.findings.end(), [](const auto& a, const auto& b) {
    return std::tie(a.time, a.model_version) < std::tie(b.time, b.model_version);
  });
}

}  // namespace pilotwatch::engine
