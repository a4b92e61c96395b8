// SPDX-License-Identifier: Apache-2.0
#include "engine/figures.h"

#include <algorithm>
#include <map>

#include "engine/drift_figures.h"
#include "engine/estimated_figures.h"
#include "engine/group_comparisons.h"
#include "engine/scope_figures.h"
#include "engine/suppression.h"

namespace pilotwatch::engine {
namespace {

/// What people see as one category counts as one: under the first index that has its name.
void merge_categories(Tally& tally, const std::vector<std::string>& names) {
  SparseCounts merged;
  for (const auto& [index, count] : tally.categories.items()) {
    const auto first = std::find(names.begin(), names.end(), names.at(index)) - names.begin();
    merged.add(static_cast<std::uint32_t>(first), static_cast<std::int64_t>(count));
  }
  tally.categories = std::move(merged);
}

/// All versions together, then each by name; the nameless one only as part of the whole.
std::map<std::string, Cell> by_version(const WindowInput& input) {
  std::map<std::string, Cell> out;
  auto& all = out[""];
  for (const auto& [version, cell] : input.cells) {
    all += cell;
    if (!input.versions[version].empty()) out[input.versions[version]] += cell;
  }
  for (auto& [version, cell] : out) {
    merge_categories(cell.overall, input.categories);
    for (auto& [key, group] : cell.groups) merge_categories(group, input.categories);
  }
  return out;
}

/// What each of by_version() is compared with. All together where all of their decisions are compared with the same.
std::map<std::string, Compared> compared_by_version(const WindowInput& input) {
  std::map<std::string, Compared> out;
  auto& all = out[""];
  bool first = true;
  for (const auto& [version, cell] : input.cells) {
    const auto* reference = input.reference(version);
    if (!input.versions[version].empty()) out[input.versions[version]].reference = reference;
    if (cell.overall.decisions == 0) continue;  // complaints without a version
    const auto id = [](const Reference* r) { return r == nullptr ? std::string() : r->id; };
    all.differ = all.differ || (!first && id(all.reference) != id(reference));
    if (all.reference == nullptr) all.reference = reference;
    first = false;
  }
  if (first && !input.cells.empty()) all.reference = input.reference(input.cells.begin()->first);
  return out;
}

/// What the total has beyond the sum of an attribute's groups: complaints that name no known decision and do not give
/// it. Decisions all have a group, and feedback has none at all.
Tally without(const Cell& cell, std::size_t attribute) {
  Tally rest = counts_of(cell.overall);  // scores have no part in what is hidden
  for (const auto& [key, group] : cell.groups) {
    if (key.first == attribute) take_away(rest, group);
  }
  return rest;
}

void groups(const WindowInput& input, const std::map<std::string, Cell>& cells, WindowResult& out) {
  const auto attributes = input.settings.segments.groupings();
  std::vector<GroupScope> scopes;
  for (const auto& [version, cell] : cells) {
    for (const auto& [key, tally] : cell.groups) {
      if (tally.empty()) continue;
      scopes.push_back({version, attributes[key.first], input.values[key.first][key.second], tally});
    }
    for (std::size_t i = 0; i < attributes.size(); ++i) {
      auto rest = without(cell, i);
      if (rest.complaints == 0) continue;
      scopes.push_back({version, attributes[i], "", std::move(rest)});
      scopes.back().rest = true;
    }
  }
  std::sort(scopes.begin(), scopes.end(), [](const GroupScope& a, const GroupScope& b) {
    return std::tie(a.model_version, a.attribute, a.rest, a.group) <
           std::tie(b.model_version, b.attribute, b.rest, b.group);
  });
  suppress(scopes, input.settings, input.values);
  std::map<std::string, std::uint64_t> hidden;
  for (const auto& attribute : attributes) hidden[attribute] = 0;
  for (const auto& scope : scopes) {
    if (scope.rest) continue;
    ScopeFigures figures(input, scope.tally, {scope.model_version, scope.attribute, scope.group}, out);
    figures.hide(scope);
    figures.write();
    if (scope.model_version.empty() && scope.outcomes_hidden) ++hidden[scope.attribute];
  }
  compare_groups(input, scopes, cells.at("").overall, out);
  out.suppressed_groups.assign(hidden.begin(), hidden.end());
}

}  // namespace

void compute(const WindowInput& input, WindowResult& out) {
  const auto cells = by_version(input);
  const auto compared = compared_by_version(input);
  for (const auto& [version, cell] : cells) {
    ScopeFigures(input, cell.overall, {version, "", ""}, out).write();
    estimated_figures(input, compared.at(version).reference, version, cell.live, out);
    drift_figures(input.settings, compared.at(version), version, cell.features, out);
  }
  groups(input, cells, out);
}

}  // namespace pilotwatch::engine
