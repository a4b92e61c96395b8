// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/time.h"
#include "runtime/http.h"
#include "sinks/alertmanager.h"
#include "sinks/discovery.h"
#include "sinks/webhook.h"

namespace pilotwatch::sinks {

/// The daemon about itself, gathered by `app` for each scrape.
struct SelfStats {
  Instant now;
  Instant started;
  bool ready = false;
  std::string ready_detail;  ///< what it waits for
  std::uint64_t replay_entries = 0, replay_entries_done = 0;  ///< of the journal, by the last restoration of the state
  std::string config_hash;   ///< hex
  std::string config_file = "pilotwatch.yml";  ///< as given, for /api/v1/rules
  Millis evaluation_interval = std::chrono::seconds{15};
  std::uint64_t queue_requests = 0, queue_capacity = 0, queue_bytes = 0, queue_bytes_capacity = 0;
  std::uint64_t overloaded = 0, unavailable = 0;               ///< deliveries refused
  std::vector<std::pair<const char*, std::uint64_t>> refused;  ///< deliveries refused for good, by reason
  std::uint64_t dead_letters = 0, dead_letters_dropped = 0;    ///< rejected lines kept, and not kept one by one
  std::uint64_t token_file_failures = 0;                       ///< looks at files of tokens that could not be used
  std::uint64_t store_db_bytes = 0, store_wal_bytes = 0, store_free_bytes = 0, store_entries = 0;
  std::uint64_t store_write_failures = 0, store_checkpoints = 0;
  std::uint64_t store_read_failures = 0, store_rebuilds = 0;  ///< of old decisions; of the state from all entries
  std::uint64_t decisions_in_memory = 0, decisions_on_disk = 0, decision_bytes = 0, decision_bytes_limit = 0;
  std::uint64_t decision_blocks_read = 0, decision_false_hits = 0, decision_index_bytes = 0;
  std::uint64_t max_pilots = 0, max_series = ~std::uint64_t{0};  ///< `bounds`
  bool store_degraded = false;
  std::uint64_t store_used_bytes = 0, store_reusable_bytes = 0;
  std::uint64_t store_max_bytes = 0;  ///< 0 = no bound
  std::uint64_t store_lost_entries = 0, store_forgotten_entries = 0;
  std::optional<Instant> store_figures_begin;  ///< when figures had to be rebuilt without the entries before
  std::vector<std::string> store_set_aside;  ///< damaged stores beside this one
  std::uint64_t commits = 0;
  double commit_seconds = 0;
  std::uint64_t evaluations = 0;
  double evaluation_seconds = 0;
  std::array<std::pair<const char*, std::uint64_t>, 4> log_messages{};  ///< debug, info, warn, error
  std::array<std::pair<const char*, std::uint64_t>, 4> log_left_out{};  ///< the same: repetitions
  struct Tail {
    std::string source;
    std::uint64_t unread_bytes = 0, active_files = 0, open_files = 0, ignored_files = 0, rotations_rename = 0,
                  rotations_truncate = 0, lost_truncated = 0, lost_deleted = 0, lost_refused = 0, lost_damaged = 0,
                  copied_bytes = 0, compressed_files = 0, read_errors = 0, watches = 0, watch_errors = 0;
  };
  std::vector<Tail> tails;
  std::vector<TargetStats> targets;
  std::vector<LookupStats> lookups;
  std::uint64_t undelivered_by_lookup = 0;  ///< notifications whose Alertmanager is no longer found
  std::vector<WebhookStats> webhooks;
  OutboxStats outbox;  ///< shown where there are webhooks
  runtime::HttpStats http;
  struct Web {
    bool configured = false;  ///< there is a web configuration; without one the rest says nothing
    bool reloaded = true;     ///< the last attempt to read it was successful
    Instant last_success{};
    std::optional<Instant> certificate_expires{};
  };
  Web web;
  struct Reloads {
    bool last_successful = true;
    Instant last_success{};
    std::uint64_t succeeded = 0, failed = 0;  ///< reloads; the start is none
  };
  Reloads reloads;
};

}  // namespace pilotwatch::sinks
