// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "journal/sqlite.h"
#include "record/delivery.h"

namespace pilotwatch::journal {

/// The table of webhook deliveries: those that wait, and a log of the newest that no longer do. Private to journal/.
/// Whatever writes does so in a transaction of the caller, who says how that ended; all throw SqliteError.
///
/// How many there are is counted once, and then kept along: nothing here looks at each row but the first use.
class Deliveries {
 public:
  /// Creates the table and its indexes where they are missing. `suffix`: of the indexes' names, which those of a table
  /// that was set aside keep.
  explicit Deliveries(Database& database, const std::string& suffix = "");

  /// Those that are there already, by id and webhook, stay as they are. False: it was there.
  bool insert(const record::Delivery& delivery);
  /// What has become of one.
  void update(const record::Delivery& delivery);
  /// Of the webhook's waiting ones the oldest become `state`, until the rest is within `keep`. Cost: a row for each.
  record::GaveWay give_up(const std::string& webhook, record::DeliveryBounds keep, record::DeliveryState state);
  /// Of all that no longer wait the newest `keep` stay. Cost: a row for each that goes.
  void prune(std::uint64_t keep);
  void committed() { touched_ = false; }
  /// After a transaction that failed.
  void reset();
  /// Rows that can be read, from the first on and from the last on; `whole`: the first are all that there are.
  struct Readable {
    std::uint64_t first = 0, last = 0;
    bool whole = false;
  };
  /// In no transaction: after damage nothing else can be done in it.
  [[nodiscard]] Readable readable() const;
  /// So many of another table of the same form.
  void take_over(const std::string& other, Readable rows);

  using Waiting = std::map<std::string, record::DeliveryBounds>;  ///< by webhook
  [[nodiscard]] const Waiting& waiting() const { return use().waiting; }
  using Counts = std::map<std::string, std::uint64_t>;  ///< events, by webhook
  /// How many wait, as it was last known, or else by an index that can be read: without a look at the table. nullopt:
  /// nobody can say. In no transaction.
  [[nodiscard]] std::optional<Counts> counted() const;

  /// The waiting one that is to be tried first: the earliest `next_attempt`, the oldest of these.
  [[nodiscard]] std::optional<record::Delivery> next(const std::string& webhook) const;
  [[nodiscard]] record::DeliveryBacklog backlog(const std::string& webhook) const;
  /// Newest first, without bodies. `webhook`: "" = of all.
  [[nodiscard]] std::vector<record::Delivery> newest(const std::string& webhook, std::uint64_t limit) const;

 private:
  struct Use {
    Waiting waiting;
    std::uint64_t log = 0;  ///< rows that no longer wait
  };
  /// For who changes something: should that fail, it is counted anew.
  Use& changing();
  [[nodiscard]] Use& use() const;
  void settled(const std::string& webhook, std::uint64_t bytes);
  [[nodiscard]] std::optional<Counts> indexed() const;

  const Database& database_;
  std::optional<Statement> insert_, update_, find_, give_up_, prune_;
  mutable std::optional<Use> use_;  ///< nullopt: to be counted
  bool touched_ = false;            ///< by a transaction that is under way
  std::optional<Waiting> last_known_;  ///< before that; nullopt: it never was
};

}  // namespace pilotwatch::journal
