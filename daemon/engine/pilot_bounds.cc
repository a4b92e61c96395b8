// SPDX-License-Identifier: Apache-2.0
// What of one pilot stays in memory whatever comes: how much there is, what goes, and how much of it may be there.
#include <algorithm>

#include "engine/counting.h"
#include "engine/pilot.h"

namespace pilotwatch::engine {

/// Rows that stay for ever beside decisions. What waits to become one counts, so that joins never go beyond the bound.
std::size_t PilotState::kept() const {
  return complaints_.size() + update_rows_ + parked_updates_.size() + reviews_.size() + parked_reviews_.size() +
         feedback_.size() + changes_.size() + overruled_rows_;
}

/// One more waits: what has waited longest goes where these are too many. A part of a prediction becomes a decision, as
/// if `lateness` had passed.
void PilotState::keep_parked() {
  const auto most = static_cast<std::size_t>(settings_->bounds.parked);
  const auto dropped = [this](ParkedStream stream) -> std::uint64_t& {
    return counters_.parked_dropped[static_cast<std::size_t>(stream)];
  };
  dropped(ParkedStream::outcomes) += parked_.keep(most);
  dropped(ParkedStream::reviews) += parked_reviews_.keep(most);
  dropped(ParkedStream::complaint_updates) += parked_updates_.keep(most);
  while (halves_.size() > most) {
    ++dropped(ParkedStream::prediction_parts);
    decide_alone(*halves_.take_before(Instant::max()));
  }
}

void PilotState::write_parked(ByteWriter& out) const {
  parked_.write(out, [&](const ParkedOutcome& row) {
    out.time(row.newest.time);
    out.u64(row.newest.content);
    out.f64(row.newest.actual);
    out.time(row.first);
  });
  parked_reviews_.write(out, [&](const ReviewRow& row) { row.write(out); });
  parked_updates_.write(out, [&](const UpdateRow& row) { row.write(out); });
}

void PilotState::read_parked(ByteReader& in) {
  parked_.read(in, 11, [&] {
    ParkedOutcome row;
    row.newest.time = in.time();
    row.newest.content = in.u64();
    row.newest.actual = in.f64();
    row.first = in.time();
    return row;
  });
  parked_reviews_.read(in, 8, [&] {
    ReviewRow row;
    row.read(in);
    return row;
  });
  parked_updates_.read(in, 3, [&] {
    UpdateRow row;
    row.read(in);
    return row;
  });
}

/// Categories of complaints that the settings name: they have figures of their own whatever else comes.
std::set<std::string_view> PilotState::own_categories() const {
  const auto& listed = settings_->complaints.categories;
  std::set<std::string_view> out(listed.begin(), listed.end());
  if (!listed.empty()) return out;
  for (const auto& limit : settings_->limits) {
    if (limit.metric == settings::Metric::complaints_per_1000 && !limit.feature.empty()) out.insert(limit.feature);
  }
  return out;
}

namespace {

/// Names that stand for themselves; `free`: one that takes no place.
std::uint64_t own_names(const std::vector<std::string>& names, std::string_view free = "") {
  return static_cast<std::uint64_t>(std::count_if(
      names.begin(), names.end(), [free](const auto& name) { return name != free && name != other_value; }));
}

}  // namespace

/// Counts that readers see, where the state has more than labels may have: of categories of complaints those that the
/// settings name, and the first that came, so that no counter ever falls.
void PilotState::view_bounds(PilotView& view) const {
  auto& counters = view.counters;
  counters.parts_waiting = halves_.size();
  counters.parked_outcomes = parked_.size();
  counters.reviews_parked = parked_reviews_.size();
  counters.complaint_updates_parked = parked_updates_.size();
  const auto& bounds = settings_->bounds;
  view.bounds = {{"decisions", decisions_.size() + halves_.size(), bounds.decisions}, {"kept", kept(), bounds.kept}};
  const std::uint64_t parked[] = {parked_.size(), parked_reviews_.size(), parked_updates_.size(), halves_.size()};
  for (std::size_t i = 0; i < std::size(parked); ++i)
    view.bounds.push_back({std::string("parked_") + parked_stream_names[i], parked[i], bounds.parked});

  view.labels.push_back({"model_version", own_names(versions_), bounds.versions});
  for (std::size_t i = 0; i < groupings_.size(); ++i) {
    const auto listed = settings_->segments.values.find(groupings_[i]);
    view.labels.push_back({groupings_[i], own_names(values_[i], unknown_value),
                           listed == settings_->segments.values.end() ? settings_->segments.max_values
                                                                      : listed->second.size()});
  }
  std::vector<std::string> categories;
  for (const auto& category : categories_) categories.push_back(category.name);
  view.labels.push_back({"category", own_names(categories), bounds.categories});

  auto shown = own_categories();
  if (settings_->complaints.categories.empty()) {
    const auto first = std::min<std::size_t>(categories.size(), settings_->complaints.max_categories);
    shown.insert(categories.begin(), categories.begin() + static_cast<std::ptrdiff_t>(first));
  }
  counters.complaints_by.clear();
  for (const auto& [kind, count] : counters_.complaints_by) {
    const bool own = kind.first.empty() || shown.contains(kind.first);
    add(counters.complaints_by, {own ? kind.first : other_value, kind.second}, count);
  }
}

}  // namespace pilotwatch::engine
