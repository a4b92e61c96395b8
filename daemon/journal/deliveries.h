// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "journal/sqlite.h"
#include "record/delivery.h"

namespace pilotwatch::journal {

/// The table of webhook deliveries: those that wait, and a log of the newest that no longer do. Private to journal/.
/// Whatever writes does so in a transaction of the caller; all throw SqliteError.
class Deliveries {
 public:
  /// Creates the table where it is missing.
  explicit Deliveries(Database& database);

  /// Those that are there already, by id and webhook, stay as they are. False: it was there.
  bool insert(const record::Delivery& delivery);
  /// What has become of one.
  void update(const record::Delivery& delivery);
  /// Of the webhook's waiting ones all but the newest `keep` become `state`. Returns how many.
  std::uint64_t give_up(const std::string& webhook, std::uint64_t keep, record::DeliveryState state);
  /// Of all that no longer wait the newest `keep` stay.
  void prune(std::uint64_t keep);
  /// After a transaction that failed.
  void reset();

  /// The waiting one that is to be tried first: the earliest `next_attempt`, the oldest of these.
  [[nodiscard]] std::optional<record::Delivery> next(const std::string& webhook) const;
  [[nodiscard]] record::DeliveryBacklog backlog(const std::string& webhook) const;
  /// Newest first, without bodies. `webhook`: "" = of all.
  [[nodiscard]] std::vector<record::Delivery> newest(const std::string& webhook, std::uint64_t limit) const;

 private:
  const Database& database_;
  std::optional<Statement> insert_, update_, give_up_, prune_;
};

}  // namespace pilotwatch::journal
