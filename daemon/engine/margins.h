// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <set>
#include <tuple>
#include <vector>

#include "engine/suppression.h"

namespace pilotwatch::engine {

/// What adds up to what among the scopes of one window: groups of an attribute or pair to the whole, versions of a group
/// to all versions, the combinations of a pair to each group of either attribute. Who knows all members of such a margin
/// but one knows that one too. Holds pointers to the scopes.
class Margins {
 public:
  /// Also makes, as members that are never shown, what of a group of an attribute is in no combination of its own.
  /// `names`: as for suppress().
  Margins(std::vector<GroupScope>& scopes, const settings::Segments& segments, const GroupNames& names);

  /// All scopes, and those that are never shown.
  [[nodiscard]] const std::vector<GroupScope*>& members() const { return members_; }
  /// Hides more scopes until no hidden one can be computed from what is shown: in each margin with exactly one gap the
  /// smallest other; then, by the linear system of all of them, for what several margins together would tell the
  /// smallest of those that tell it. The latter is left out where it would take more than some 0.1 s. A rest never
  /// covers for a group.
  void cover(bool GroupScope::*flag);

 private:
  struct Part {
    std::uint32_t member;
    int sign;  ///< of the sum that is known, or 0
  };
  using Margin = std::vector<Part>;
  /// A member that is not shown and follows from others; of the shown ones that tell it the smallest, null: none can go.
  struct Solved {
    std::uint32_t member;
    GroupScope* smallest;
  };
  /// Kind of margin, version, attribute or pair, group.
  using Key = std::tuple<int, std::string, std::string, std::string>;
  using Keyed = std::map<Key, Margin>;

  void add_rests(std::size_t pair);
  void join_unnamed(Keyed& keyed, std::size_t pair, const GroupNames& names) const;
  void join(Keyed& keyed, std::uint32_t member) const;
  void join_pairs(Keyed& keyed, std::uint32_t member) const;
  std::vector<std::uint32_t> connected(std::uint32_t row, std::set<std::uint32_t>& rows,
                                       std::set<std::uint32_t>& columns, const std::set<std::string>& named) const;
  bool cover_single_gaps(bool GroupScope::*flag);
  bool cover_solved(bool GroupScope::*flag, const std::vector<bool>& secret);
  [[nodiscard]] GroupScope* smallest_shown(const Margin& margin, bool GroupScope::*flag) const;
  [[nodiscard]] std::vector<Solved> solved(bool GroupScope::*flag, const std::vector<bool>& secret) const;
  [[nodiscard]] GroupScope* smallest_in(const std::vector<std::uint64_t>& row, const std::vector<std::uint32_t>& order,
                                        std::size_t unknown) const;

  const settings::Segments& segments_;
  std::vector<GroupScope*> members_;
  std::deque<GroupScope> rests_;
  std::vector<Margin> margins_;
};

}  // namespace pilotwatch::engine
