// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "decode/decode.h"
#include "judge/status.h"

namespace pilotwatch::sim {

/// Some lines on their way from one sender, and who they are once they have been read.
struct Body {
  std::string source, bytes;
  std::vector<std::string> records;  ///< identities of its usable lines
  std::uint64_t rejected = 0;        ///< its other lines
};

/// Who has sent what, what was acknowledged, and what is in the journal: three sets of identities, and nothing of the
/// engine's. Identity as the README has it: pilot, type, id (of an outcome with what it says, of an update with its
/// step).
class Ledger {
 public:
  explicit Ledger(const settings::Settings& settings) : decoder_(settings, IdKey{}) {}

  /// What these lines are; they count as sent from now on.
  Body body(std::string source, std::string bytes, Instant wall);
  /// The daemon has said that they are in. Throws Violation where the numbers of its answer are not theirs.
  void acknowledged(const Body& body, std::uint64_t accepted, std::uint64_t duplicate, std::uint64_t rejected);
  /// Somebody asks for what only he asks for, by his name.
  void asked(const std::string& author) { asked_.insert(author); }
  /// The daemon has said that it is in force.
  void decided(const std::string& author) { unseen_decisions_.insert(author); }
  /// The next entry of the journal, `life`: in which it came. Throws Violation where it holds what nobody sent, or a
  /// line of a file again.
  void stored(const record::Entry& entry, std::uint64_t life);
  /// After all entries: each acknowledged record is among them. Throws Violation.
  void check_acknowledged();
  /// The daemon's counters are those of the entries. Throws Violation.
  void check_counters(const judge::IngestCounters& counters) const;
  /// Everything sent is stored. Throws Violation.
  void check_all_stored() const;
  [[nodiscard]] std::size_t records() const { return stored_.size(); }

 private:
  struct Counts {
    std::uint64_t accepted = 0, duplicate = 0, rejected = 0;
  };
  std::vector<std::string> identities(const record::Batch& batch) const;

  decode::Decoder decoder_;
  std::map<std::string, std::string> sent_;      ///< with the lines that it was sent in
  std::set<std::string> unseen_;                 ///< acknowledged, and not looked for yet
  std::set<std::string> asked_, unseen_decisions_, decisions_;  ///< asked for; acknowledged, not looked for yet; stored
  std::map<std::string, std::uint64_t> stored_;  ///< the life in which it came first
  std::map<std::string, Counts> by_source_;
};

}  // namespace pilotwatch::sim
