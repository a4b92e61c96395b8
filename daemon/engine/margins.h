// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <deque>
#include <map>
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
  Margins(std::vector<GroupScope>& scopes, const settings::Segments& segments);

  /// All scopes, and those that are never shown.
  [[nodiscard]] const std::vector<GroupScope*>& members() const { return members_; }
  /// Hides more scopes until no hidden one can be computed from what is shown: in each margin with exactly one gap the
  /// smallest other; then, by rank of the linear system of all of them, what several margins together would tell. The
  /// latter is left out where it would take more than some 0.1 s. A rest never covers for a group.
  void cover(bool GroupScope::*flag);

 private:
  struct Part {
    std::uint32_t member;
    int sign;  ///< of the sum that is known, or 0
  };
  using Margin = std::vector<Part>;
  /// Kind of margin, version, attribute or pair, group.
  using Key = std::tuple<int, std::string, std::string, std::string>;
  using Keyed = std::map<Key, Margin>;

  void add_rests(std::size_t pair);
  void join(Keyed& keyed, std::uint32_t member) const;
  void join_pairs(Keyed& keyed, std::uint32_t member) const;
  bool cover_single_gaps(bool GroupScope::*flag);
  bool cover_solved(bool GroupScope::*flag, const std::vector<bool>& secret);
  [[nodiscard]] GroupScope* smallest_shown(const Margin& margin, bool GroupScope::*flag) const;
  [[nodiscard]] std::vector<std::uint32_t> solved(bool GroupScope::*flag) const;

  const settings::Segments& segments_;
  std::vector<GroupScope*> members_;
  std::deque<GroupScope> rests_;
  std::vector<Margin> margins_;
};

}  // namespace pilotwatch::engine
