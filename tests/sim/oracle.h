// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "judge/fold.h"

namespace pilotwatch::sim {

/// The changes of state that a fold tells of, by the entry that made them.
using Transitions = std::map<std::uint64_t, std::vector<std::string>>;
[[nodiscard]] std::string text(const judge::Transition& transition);
/// All of the state, as bytes.
[[nodiscard]] std::string saved(judge::Fold& fold);

/// What the state should be: a fold that has seen every entry of the journal once, from the first on, and has never
/// been stopped or loaded. It also looks at each change of state.
class Oracle {
 public:
  explicit Oracle(const settings::Settings& settings);

  /// The next entry. Throws Violation where its time goes back, a breach comes from silence or comes twice, or ends
  /// unseen.
  void apply(std::uint64_t sequence, const record::Entry& entry);
  [[nodiscard]] std::uint64_t sequence() const { return fold_.sequence(); }
  [[nodiscard]] judge::Fold& fold() { return fold_; }
  [[nodiscard]] const Transitions& transitions() const { return transitions_; }
  [[nodiscard]] const std::set<std::string>& episodes() const { return episodes_; }
  /// Throws Violation where what stands there now is not what stood there then.
  void check_unchanged(std::uint64_t sequence, const record::Entry& entry) const;
  /// A daemon that was started when the journal held `start` entries and applied up to `end` has told of the same
  /// changes. Throws Violation.
  void check_told(const Transitions& told, std::uint64_t start, std::uint64_t end) const;

 private:
  void look(const judge::Transition& t);

  judge::Fold fold_;
  std::vector<std::size_t> hashes_;  ///< of the entries
  Instant wall_{};                   ///< of the last one
  Transitions transitions_;
  struct Limit {
    judge::State state{};
    std::string episode;  ///< the running one
  };
  std::map<std::string, Limit> limits_;  ///< by limit and group
  std::set<std::string> episodes_;
};

}  // namespace pilotwatch::sim
