// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/id.h"
#include "base/time.h"
#include "record/entry.h"
#include "settings/settings.h"

namespace pilotwatch::judge {

/// A limit was set, changed or taken out.
struct LimitRecord {
  std::string pilot, limit;
  std::string hash, previous;        ///< of the definitions, 16 hex digits; previous "" = there was none
  std::optional<Instant> since;      ///< pilot's clock; nullopt before its first record
  Instant since_wall;                ///< wall clock
  std::vector<std::string> changed;  ///< keys whose values differ; all of them where there was none
  bool epoch = false;                ///< what is judged has changed: evidence and states start anew
  std::string text;                  ///< the definition; "" = taken out

  [[nodiscard]] bool removed() const { return text.empty(); }
};

/// The whole definition of a limit as text, one `key: value` a line in a fixed order, without what is not given: what
/// it says, for whom and why, and of a budget its guarantee and share. Line breaks in values are `\n`, backslashes
/// `\\`.
[[nodiscard]] std::string definition_text(const settings::Pilot& pilot, const settings::Limit& limit);
/// The keys and values of such a text, in its order.
[[nodiscard]] std::vector<std::pair<std::string, std::string>> definition_items(const std::string& text);

/// Which limits are in force since when, and all that were. Part of the fold: only define() changes it.
class LimitBook {
 public:
  struct Change {
    std::string pilot, limit, previous;  ///< hash of what it was, or ""
    bool epoch = false;
  };
  /// `now`: a pilot's clock. Those that do not differ from what is in force make no record.
  std::vector<Change> define(const std::vector<record::LimitDefinition>& all, Instant wall,
                             const std::function<std::optional<Instant>(const std::string& pilot)>& now);

  /// Whether limits have ever been defined; older journals do not say which were in force.
  [[nodiscard]] bool empty() const { return records_.empty(); }
  /// Whether these are the ones in force.
  [[nodiscard]] bool says(const std::vector<record::LimitDefinition>& all) const;
  /// The record of the definition in force; nullptr where there is none.
  [[nodiscard]] const LimitRecord* find(const std::string& pilot, const std::string& limit) const;
  /// The newest record that started an epoch of the limit in force.
  [[nodiscard]] const LimitRecord* epoch_of(const std::string& pilot, const std::string& limit) const;
  [[nodiscard]] std::optional<Id128> judgement(const std::string& pilot, const std::string& limit) const;
  [[nodiscard]] const std::vector<LimitRecord>& records() const { return records_; }

  void write(ByteWriter& out) const;
  void read(ByteReader& in);

 private:
  struct InForce {
    std::size_t record = 0, epoch = 0;  ///< places in records_
    Id128 judgement;
  };
  LimitRecord& append(const record::LimitDefinition& definition, const LimitRecord* before, Instant wall);

  std::vector<LimitRecord> records_;  ///< append-only
  std::map<std::pair<std::string, std::string>, InForce> in_force_;
};

}  // namespace pilotwatch::judge
