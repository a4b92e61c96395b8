// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/guarded.h"
#include "base/steady.h"
#include "journal/journal.h"
#include "judge/status.h"
#include "runtime/log.h"
#include "settings/settings.h"
#include "sinks/webhook.h"

namespace pilotwatch::app {

/// The journal's outbox, for those who send.
class StoredOutbox final : public sinks::Outbox {
 public:
  explicit StoredOutbox(journal::Journal& journal) : journal_(journal) {}
  [[nodiscard]] std::optional<record::Delivery> next(const std::string& webhook) override;
  void note(const record::Delivery& delivery) override;
  std::uint64_t give_up(const std::string& webhook) override;
  [[nodiscard]] record::DeliveryBacklog backlog(const std::string& webhook) override;
  [[nodiscard]] std::string memo(const std::string& webhook) override;
  void set_memo(const std::string& webhook, const std::string& text) override;

 private:
  journal::Journal& journal_;
};

/// From changes of limits to the outbox, so that none is lost and none gets two ids.
///
/// What changes follows from an entry of the journal, which is durable before; so an event needs no transaction with
/// it, only to be in the outbox before a checkpoint makes replaying the entry needless:
///
///   begin(entry); collect(each change) ...   the fold applies the entry: events, with ids that replaying gives again
///   write()                                  all that was collected, and up to which entry that is, in one transaction
///   checkpoint                               only after write(its entry) has said true
///
/// Who is killed before write() replays the entry and collects the same events; replaying one from before the number
/// that was written adds nothing. That number is never behind a checkpoint: what a rebuild without the entries before
/// takes for new was told, or was not to be, under its first id. On the core's thread.
class OutboxWriter {
 public:
  /// `webhooks` sends what is added. All must outlive it. Throws where the journal cannot be read.
  OutboxWriter(const settings::Settings& settings, journal::Journal& journal, sinks::Webhooks& webhooks,
               const std::string& external_url, const runtime::Log& log,
               const SteadyClock& steady = system_steady_clock());

  /// The entry of that number is being applied, from its beginning; whatever was collected of it or of later ones
  /// before is forgotten.
  void begin(std::uint64_t sequence);
  void collect(const judge::Transition& transition);
  /// `through`: all up to this entry has been applied, and nothing more will ever follow from it; costs a transaction
  /// where that is news. False: it cannot be written now; all stays for the next time, and what would not fit into the
  /// outbox is given up. After a failure nothing is tried for 1 to 30 s, doubling.
  bool write(std::uint64_t through = 0);
  /// From the next write() on what waits for webhooks that are not in the settings is given up, some at a time. Not before
  /// the daemon has begun: until then others' settings may come back. Any thread.
  void give_up_removed() { removing_ = true; }
  /// Logs and counts damage that was mended; write() does so, too. Where nobody can say what was lost that counts as
  /// one event of each webhook. On the core's thread, or once that has ended.
  void tell_mended();
  /// The next write() is tried, whatever failed before.
  void insist() { not_before_ = {}; }
  [[nodiscard]] sinks::OutboxStats stats() const;  ///< any thread

 private:
  [[nodiscard]] bool nothing_to_do(std::uint64_t through) const;
  void store(std::uint64_t through);
  void remove();
  void failed(journal::WriteFailure why, const char* what);
  void succeeded();
  void make_room();

  const settings::Settings& settings_;
  journal::Journal& journal_;
  sinks::Webhooks& webhooks_;
  const std::string& external_url_;
  const runtime::Log& log_;
  const SteadyClock& steady_;
  journal::Journal::Capacities capacities_;
  bool begun_ = false;  ///< the store knows where the outbox begins or, without webhooks, that there is none
  std::uint64_t through_ = 0;                     ///< written
  std::uint64_t sequence_ = 0;                    ///< of the entry that is being applied
  std::map<std::string, std::uint64_t> numbers_;  ///< of changes in it, by pilot, limit and group
  std::vector<record::Delivery> pending_;
  std::size_t looked_at_ = 0;       ///< so many of them are known to be within bounds
  std::uint64_t fails_ = 0;         ///< in a row
  std::uint64_t failed_after_ = 0;  ///< the journal's last entry, when it last failed
  SteadyTime not_before_{}, next_said_{}, remove_after_{};

  std::array<std::atomic<std::uint64_t>, journal::write_failure_count> failures_{};
  std::atomic<std::uint64_t> unwritten_ = 0;
  std::atomic<bool> failing_ = false, removing_ = false;
  using Counts = std::map<std::string, std::uint64_t>;  ///< by webhook
  Guarded<Counts> removed_, damaged_;
};

}  // namespace pilotwatch::app
