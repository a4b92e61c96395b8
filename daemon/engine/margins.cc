// SPDX-License-Identifier: Apache-2.0
#include "engine/margins.h"

#include <algorithm>
#include <array>
#include <numeric>

namespace pilotwatch::engine {
namespace {

enum Kind { groups, versions, rows, columns, row_rests, unnamed, rest_versions };

constexpr std::uint64_t prime = 2'147'483'647;  // the coefficients are 0, 1 and -1: it divides no pivot
constexpr double most_steps = 5e7;

std::uint64_t inverse(std::uint64_t x) {
  std::uint64_t out = 1;
  for (std::uint64_t power = prime - 2; power > 0; power /= 2) {
    if (power % 2 == 1) out = out * x % prime;
    x = x * x % prime;
  }
  return out;
}

using Row = std::vector<std::uint64_t>;

/// Gauss-Jordan modulo `prime` in the first `columns`: afterwards each of the first rows has a 1 where the others have a
/// 0. Their number.
std::size_t reduce(std::vector<Row>& rows, std::size_t columns) {
  std::size_t rank = 0;
  for (std::size_t column = 0; column < columns && rank < rows.size(); ++column) {
    const auto pivot = std::find_if(rows.begin() + static_cast<std::ptrdiff_t>(rank), rows.end(),
                                    [&](const Row& row) { return row[column] != 0; });
    if (pivot == rows.end()) continue;
    std::swap(*pivot, rows[rank]);
    const auto factor = inverse(rows[rank][column]);
    for (auto& x : rows[rank]) x = x * factor % prime;
    for (std::size_t other = 0; other < rows.size(); ++other) {
      const auto times = rows[other][column];
      if (other == rank || times == 0) continue;
      for (std::size_t i = column; i < rows[rank].size(); ++i)
        rows[other][i] = (rows[other][i] + (prime - times) * rows[rank][i]) % prime;
    }
    ++rank;
  }
  return rank;
}

}  // namespace

Margins::Margins(std::vector<GroupScope>& scopes, const settings::Segments& segments, const GroupNames& names)
    : segments_(segments) {
  for (auto& scope : scopes) members_.push_back(&scope);
  for (std::size_t i = 0; i < segments.pairs.size(); ++i) add_rests(i);
  Keyed keyed;
  for (std::uint32_t i = 0; i < members_.size(); ++i) {
    join(keyed, i);
    join_pairs(keyed, i);
  }
  for (std::size_t i = 0; i < segments.pairs.size(); ++i) join_unnamed(keyed, i, names);
  for (auto& [key, margin] : keyed) {
    if (margin.size() > 1) margins_.push_back(std::move(margin));
  }
}

/// What of a group is not in its combinations: those beyond segments.max_values, and complaints in no combination.
void Margins::add_rests(std::size_t pair) {
  const auto& names = segments_.pairs[pair];
  const auto pair_name = names.name();
  std::map<std::tuple<std::string, int, std::string>, Tally> left;
  for (const auto* scope : members_) {
    if (scope->rest) continue;
    if (scope->attribute == names.first) left[{scope->model_version, 1, scope->group}] = counts_of(scope->tally);
    if (scope->attribute == names.second) left[{scope->model_version, 2, scope->group}] = counts_of(scope->tally);
  }
  for (const auto* scope : members_) {
    const auto parts = scope->attribute == pair_name ? settings::split_pair_value(scope->group) : std::nullopt;
    if (scope->rest || !parts) continue;
    take_away(left[{scope->model_version, 1, parts->first}], scope->tally);
    take_away(left[{scope->model_version, 2, parts->second}], scope->tally);
  }
  for (auto& [key, tally] : left) {
    if (tally.decisions == 0 && tally.complaints == 0) continue;
    GroupScope rest;
    std::tie(rest.model_version, rest.rest_of, rest.group) = key;
    rest.attribute = pair_name;
    rest.tally = std::move(tally);
    rest.rest = true;
    members_.push_back(&rests_.emplace_back(std::move(rest)));
  }
}

void Margins::join(Keyed& keyed, std::uint32_t member) const {
  const auto& s = *members_[member];
  if (s.rest_of == 0) keyed[{groups, s.model_version, s.attribute, ""}].push_back({member, 1});
  const auto kind = s.rest ? rest_versions + s.rest_of : static_cast<int>(versions);
  keyed[{kind, "", s.attribute, s.group}].push_back({member, s.model_version.empty() ? 1 : -1});
}

void Margins::join_pairs(Keyed& keyed, std::uint32_t member) const {
  const auto& s = *members_[member];
  for (const auto& pair : segments_.pairs) {
    const auto name = pair.name();
    if (s.attribute == name && s.rest_of > 0) {
      keyed[{s.rest_of == 1 ? rows : columns, s.model_version, name, s.group}].push_back({member, -1});
      if (s.rest_of == 1) keyed[{row_rests, s.model_version, name, ""}].push_back({member, -1});
    } else if (s.attribute == name && !s.rest) {
      if (const auto parts = settings::split_pair_value(s.group)) {
        keyed[{rows, s.model_version, name, parts->first}].push_back({member, -1});
        keyed[{columns, s.model_version, name, parts->second}].push_back({member, -1});
      } else {  // __other__: of all groups of the first, and so of the second (join_unnamed)
        keyed[{row_rests, s.model_version, name, ""}].push_back({member, 1});
      }
    }
    if (s.rest) continue;
    if (s.attribute == pair.first) keyed[{rows, s.model_version, name, s.group}].push_back({member, 1});
    if (s.attribute == pair.second) keyed[{columns, s.model_version, name, s.group}].push_back({member, 1});
  }
}

/// Of the combinations without a name only sums are known: what is left in each row and each column. All that these tell
/// of each other is that where such combinations hang together, by rows and columns, they add up to the same both ways:
/// the incidence matrix of a connected bipartite graph has one dependency. So no combination needs an unknown of its own.
void Margins::join_unnamed(Keyed& keyed, std::size_t pair, const GroupNames& names) const {
  const auto& settings = segments_.pairs[pair];
  const auto name = settings.name();
  std::set<std::string> named;
  if (const auto known = segments_.attributes.size() + pair; known < names.size())
    named.insert(names[known].begin(), names[known].end());
  std::map<std::string, std::array<std::vector<std::uint32_t>, 2>> left;  // by version: of rows, of columns
  for (std::uint32_t i = 0; i < members_.size(); ++i) {
    const auto& s = *members_[i];
    if (s.attribute != name) continue;
    if (!s.rest) named.insert(s.group);
    if (s.rest_of > 0 && s.tally.decisions > 0) left[s.model_version][s.rest_of == 1 ? 0 : 1].push_back(i);
  }
  for (const auto& [version, sides] : left) {
    std::set<std::uint32_t> far(sides[1].begin(), sides[1].end()), near(sides[0].begin(), sides[0].end());
    while (!near.empty()) {
      const auto component = connected(*near.begin(), near, far, named);
      auto& margin = keyed[{unnamed, version, name, members_[component.front()]->group}];
      for (const auto member : component) margin.push_back({member, members_[member]->rest_of == 1 ? 1 : -1});
    }
  }
}

/// Takes out of the rows and columns those that hang together with a row by combinations without a name.
std::vector<std::uint32_t> Margins::connected(std::uint32_t row, std::set<std::uint32_t>& rows,
                                              std::set<std::uint32_t>& columns,
                                              const std::set<std::string>& named) const {
  std::vector<std::uint32_t> out{row};
  rows.erase(row);
  for (std::size_t i = 0; i < out.size(); ++i) {
    const auto& s = *members_[out[i]];
    auto& others = s.rest_of == 1 ? columns : rows;
    std::erase_if(others, [&](std::uint32_t other) {
      const auto& group = members_[other]->group;
      if (named.contains(s.rest_of == 1 ? settings::pair_value(s.group, group) : settings::pair_value(group, s.group)))
        return false;
      out.push_back(other);
      return true;
    });
  }
  return out;
}

void Margins::cover(bool GroupScope::*flag) {
  std::vector<bool> secret;
  for (const auto* member : members_) secret.push_back(member->*flag);
  do {
    while (cover_single_gaps(flag)) {
    }
  } while (cover_solved(flag, secret));
}

GroupScope* Margins::smallest_shown(const Margin& margin, bool GroupScope::*flag) const {
  GroupScope* out = nullptr;
  for (const auto& part : margin) {
    auto* s = members_[part.member];
    if (s->rest || s->*flag) continue;
    if (out == nullptr || s->tally.decisions < out->tally.decisions) out = s;
  }
  return out;
}

/// Of most counts a rest has nothing, so it covers for no group; but where it is hidden itself, groups must cover for it.
bool Margins::cover_single_gaps(bool GroupScope::*flag) {
  bool changed = false;
  for (const auto& margin : margins_) {
    std::size_t hidden = 0;
    bool hidden_rest = false;
    for (const auto& part : margin) {
      const auto* s = members_[part.member];
      if (!(s->*flag)) continue;
      hidden += s->rest ? 0 : 1;
      hidden_rest = hidden_rest || s->rest;
    }
    if (hidden > 1 || (hidden == 0 && !hidden_rest)) continue;
    if (auto* other = smallest_shown(margin, flag)) changed = other->*flag = true;
  }
  return changed;
}

/// Secrets that follow from what is shown, all margins taken together. The system has a column for each member, first
/// those that are not shown: in reduced form a row with one of these tells it, by the shown ones that it has, too.
std::vector<Margins::Solved> Margins::solved(bool GroupScope::*flag, const std::vector<bool>& secret) const {
  std::vector<std::uint32_t> order(members_.size());
  std::iota(order.begin(), order.end(), 0U);
  const auto shown = std::stable_partition(order.begin(), order.end(), [&](auto i) {
    return members_[i]->rest || members_[i]->*flag;
  });
  const auto unknown = static_cast<std::size_t>(shown - order.begin());
  std::vector<std::size_t> column(members_.size());
  for (std::size_t i = 0; i < order.size(); ++i) column[order[i]] = i;
  std::vector<Row> rows;
  for (const auto& margin : margins_) {
    if (std::none_of(margin.begin(), margin.end(), [&](const Part& p) { return column[p.member] < unknown; })) continue;
    Row row(order.size());
    for (const auto& part : margin) row[column[part.member]] = part.sign > 0 ? 1 : prime - 1;
    rows.push_back(std::move(row));
  }
  std::vector<Solved> out;
  const auto r = static_cast<double>(rows.size()), c = static_cast<double>(unknown);
  if (r * static_cast<double>(order.size()) * std::min(r, c) > most_steps) return out;
  const auto rank = reduce(rows, unknown);
  for (std::size_t i = 0; i < rank; ++i) {
    const auto known = rows[i].begin() + static_cast<std::ptrdiff_t>(unknown);
    const auto first = std::find_if(rows[i].begin(), known, [](auto x) { return x != 0; });
    const auto member = order[static_cast<std::size_t>(first - rows[i].begin())];
    if (secret[member] && std::all_of(first + 1, known, [](auto x) { return x == 0; }))
      out.push_back({member, smallest_in(rows[i], order, unknown)});
  }
  return out;
}

/// Of the shown members in a row of the system, null where it has none.
GroupScope* Margins::smallest_in(const std::vector<std::uint64_t>& row, const std::vector<std::uint32_t>& order,
                                 std::size_t unknown) const {
  GroupScope* out = nullptr;
  for (auto i = unknown; i < order.size(); ++i) {
    auto* s = members_[order[i]];
    if (row[i] != 0 && (out == nullptr || s->tally.decisions < out->tally.decisions)) out = s;
  }
  return out;
}

/// Hides one more scope for each secret that follows; false where none does, or nothing is left to hide.
bool Margins::cover_solved(bool GroupScope::*flag, const std::vector<bool>& secret) {
  if (std::find(secret.begin(), secret.end(), true) == secret.end()) return false;
  bool changed = false;
  for (const auto& [member, smallest] : solved(flag, secret)) {
    if (smallest != nullptr) changed = smallest->*flag = true;
  }
  return changed;
}

}  // namespace pilotwatch::engine
