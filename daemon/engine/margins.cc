// SPDX-License-Identifier: Apache-2.0
#include "engine/margins.h"

#include <algorithm>

namespace pilotwatch::engine {
namespace {

enum Kind { groups, versions, rows, columns, row_rests, column_rests, rest_versions };

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

/// Gauss-Jordan modulo `prime`: afterwards each of the first rows has a 1 where the others have a 0. Their number.
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
      for (std::size_t i = column; i < columns; ++i)
        rows[other][i] = (rows[other][i] + (prime - times) * rows[rank][i]) % prime;
    }
    ++rank;
  }
  return rank;
}

}  // namespace

Margins::Margins(std::vector<GroupScope>& scopes, const settings::Segments& segments) : segments_(segments) {
  for (auto& scope : scopes) members_.push_back(&scope);
  for (std::size_t i = 0; i < segments.pairs.size(); ++i) add_rests(i);
  Keyed keyed;
  for (std::uint32_t i = 0; i < members_.size(); ++i) {
    join(keyed, i);
    join_pairs(keyed, i);
  }
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
      keyed[{s.rest_of == 1 ? row_rests : column_rests, s.model_version, name, ""}].push_back({member, -1});
    } else if (s.attribute == name && !s.rest) {
      if (const auto parts = settings::split_pair_value(s.group)) {
        keyed[{rows, s.model_version, name, parts->first}].push_back({member, -1});
        keyed[{columns, s.model_version, name, parts->second}].push_back({member, -1});
      } else {  // __other__: of all groups of either
        keyed[{row_rests, s.model_version, name, ""}].push_back({member, 1});
        keyed[{column_rests, s.model_version, name, ""}].push_back({member, 1});
      }
    }
    if (s.rest) continue;
    if (s.attribute == pair.first) keyed[{rows, s.model_version, name, s.group}].push_back({member, 1});
    if (s.attribute == pair.second) keyed[{columns, s.model_version, name, s.group}].push_back({member, 1});
  }
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

/// Members that are not shown and follow from what is shown, all margins taken together.
std::vector<std::uint32_t> Margins::solved(bool GroupScope::*flag) const {
  std::vector<std::uint32_t> unknown;
  std::vector<std::size_t> column(members_.size());
  for (std::uint32_t i = 0; i < members_.size(); ++i) {
    if (!members_[i]->rest && !(members_[i]->*flag)) continue;
    column[i] = unknown.size();
    unknown.push_back(i);
  }
  std::vector<Row> rows;
  for (const auto& margin : margins_) {
    Row row(unknown.size());
    bool any = false;
    for (const auto& part : margin) {
      const auto* s = members_[part.member];
      if (!s->rest && !(s->*flag)) continue;
      row[column[part.member]] = part.sign > 0 ? 1 : prime - 1;
      any = true;
    }
    if (any) rows.push_back(std::move(row));
  }
  const auto r = static_cast<double>(rows.size()), c = static_cast<double>(unknown.size());
  std::vector<std::uint32_t> out;
  if (r * c * std::min(r, c) > most_steps) return out;
  const auto rank = reduce(rows, unknown.size());
  for (std::size_t i = 0; i < rank; ++i) {
    const auto first = std::find_if(rows[i].begin(), rows[i].end(), [](auto x) { return x != 0; });
    if (std::all_of(first + 1, rows[i].end(), [](auto x) { return x == 0; }))
      out.push_back(unknown[static_cast<std::size_t>(first - rows[i].begin())]);
  }
  return out;
}

/// Hides one more scope for the first secret that follows; false where none does, or nothing is left to hide.
bool Margins::cover_solved(bool GroupScope::*flag, const std::vector<bool>& secret) {
  if (std::find(secret.begin(), secret.end(), true) == secret.end()) return false;
  for (const auto member : solved(flag)) {
    if (!secret[member]) continue;
    GroupScope* cover = nullptr;
    for (const auto& margin : margins_) {
      const bool in = std::any_of(margin.begin(), margin.end(), [&](const Part& p) { return p.member == member; });
      auto* other = in ? smallest_shown(margin, flag) : nullptr;
      if (other != nullptr && (cover == nullptr || other->tally.decisions < cover->tally.decisions)) cover = other;
    }
    if (cover != nullptr) return cover->*flag = true;
  }
  return false;
}

}  // namespace pilotwatch::engine
