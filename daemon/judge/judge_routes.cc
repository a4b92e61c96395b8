// SPDX-License-Identifier: Apache-2.0
// Which limits look at a pilot's decisions, and where each has its state: found by name once, not for each decision.
#include <algorithm>

#include "judge/judge.h"

namespace pilotwatch::judge {

void Judge::forget_routes() { routes_.clear(); }

Judge::Routes& Judge::routes_of(const engine::PilotState& pilot) {
  const auto [found, fresh] = routes_.try_emplace(&pilot);
  auto& out = found->second;
  if (!fresh) return out;
  const auto& settings = pilot.settings();
  if (const auto epoch = epochs_.find(settings.name); epoch != epochs_.end()) out.since = epoch->second;
  if (actions_.pauses(settings.name) != nullptr) out.pauses = &actions_.pauses_of(settings.name);
  for (const auto& limit : settings.limits) {
    if (!settings::watches_decisions(limit.evidence) || asleep_.contains(&limit)) continue;
    out.by_stage[static_cast<std::size_t>(stage_of(limit))].push_back(route_of(limit, pilot));
  }
  return out;
}

Judge::Route Judge::route_of(const settings::Limit& limit, const engine::PilotState& pilot) {
  Route out;
  out.limit = &limit;
  out.of_feature = of_reference(form_of(limit));
  if (limit.segment.empty()) return out;
  const auto& attributes = pilot.groupings();
  out.attribute =
      static_cast<std::size_t>(std::find(attributes.begin(), attributes.end(), limit.segment) - attributes.begin());
  const auto& references = pilot.settings().segments.reference_groups;
  if (const auto named = references.find(limit.segment); named != references.end()) out.against = named->second;
  // Groups of a checkpoint are compared with, whether or not they come again.
  const auto& name = pilot.settings().name;
  for (auto at = watched_.lower_bound({name, limit.name, ""});
       at != watched_.end() && std::get<0>(at->first) == name && std::get<1>(at->first) == limit.name; ++at) {
    const auto& group = std::get<2>(at->first);
    out.seats[group] = {&instance(pilot.settings(), limit, group), &at->second};
  }
  return out;
}

/// Of the group with that index among the values of the route's attribute; of the whole pilot 0.
Judge::Seat& Judge::seat(Route& route, const engine::PilotState& pilot, std::size_t index) {
  if (index < route.by_index.size() && route.by_index[index] != nullptr) return *route.by_index[index];
  const std::string group =
      route.attribute == Route::whole ? "" : pilot.group_name(route.attribute, static_cast<std::uint16_t>(index));
  auto& out = route.seats[group];
  if (out.instance == nullptr) {
    out.instance = &instance(pilot.settings(), *route.limit, group);
    const auto known = watched_.find({pilot.settings().name, route.limit->name, group});
    if (known != watched_.end()) out.watched = &known->second;
  }
  if (route.by_index.size() <= index) route.by_index.resize(index + 1, nullptr);
  return *(route.by_index[index] = &out);
}

}  // namespace pilotwatch::judge
