// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <charconv>
#include <set>

#include "base/version.h"
#include "record/record.h"
#include "sinks/families.h"

// The daemon about itself: what came in, what became of it, and how its parts are.
namespace pilotwatch::sinks {
namespace {

using judge::IngestCounters;

/// The first 48 bits of the hash: a double holds them exactly, and equal still means equal.
double as_number(std::string_view hex) {
  std::uint64_t value = 0;
  const auto digits = hex.substr(0, 12);
  std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
  return static_cast<double>(value);
}

const char* stream_name(record::Stream stream) { return record::stream_names[static_cast<std::size_t>(stream)]; }

void add_ingest_row(Families& out, const IngestCounters::Row& row) {
  const Labels labels{{"source", row.source}, {"stream", stream_name(row.stream)}};
  out.add_counter("pilotwatch_ingest_records_total", "Records received, before validation.", labels, row.received);
  out.add_counter("pilotwatch_ingest_accepted_records_total", "Records accepted and stored.", labels, row.accepted);
  out.add_counter("pilotwatch_ingest_duplicate_records_total", "Records ignored because their id was already stored.",
                  labels, row.duplicate);
  out.add_counter("pilotwatch_ingest_late_records_total", "Records accepted after their window was closed.", labels,
                  row.late);
  out.add_time("pilotwatch_ingest_last_record_timestamp_seconds", "Unix time of the last accepted record.", labels,
               row.last_record);
}

void add_rejects(Families& out, const IngestCounters::Row& row) {
  for (std::size_t i = 0; i < record::reason_count; ++i) {
    out.add_counter("pilotwatch_ingest_rejected_records_total", "Records refused.",
                    {{"source", row.source}, {"stream", stream_name(row.stream)}, {"reason", record::reason_names[i]}},
                    i < row.rejected.size() ? row.rejected[i] : 0);
  }
}

/// The rows there are, and rows of zeros for what will surely come: a series that starts above zero hides its first
/// rise.
std::vector<IngestCounters::Row> rows_of(const judge::Snapshot& snapshot, const SelfStats& self) {
  auto rows = snapshot.ingest.rows;
  std::set<std::pair<std::string, record::Stream>> present;
  for (const auto& row : rows) present.emplace(row.source, row.stream);
  std::vector<std::string> sources{"http"};
  for (const auto& tail : self.tails) sources.push_back(tail.source);
  using enum record::Stream;
  for (const auto& source : sources) {
    for (const auto stream :
         {predictions, outcomes, complaints, complaint_updates, reviews, feedback, changes, unknown}) {
      if (stream == unknown && source != "http") continue;
      if (present.contains({source, stream})) continue;
      auto& row = rows.emplace_back();
      row.source = source;
      row.stream = stream;
    }
  }
  return rows;
}

void add_by_source(Families& out, const judge::Snapshot& snapshot) {
  for (const auto& [source, bytes] : snapshot.ingest.bytes) {
    out.add_counter("pilotwatch_ingest_received_bytes_total", "Bytes received after decompression.",
                    {{"source", source}}, bytes);
  }
  for (const auto& [source, fields] : snapshot.ingest.dropped_fields) {
    out.add_counter("pilotwatch_ingest_dropped_fields_total", "Fields dropped because no allow-list names them.",
                    {{"source", source}}, fields);
  }
  for (const auto& [source, records] : snapshot.ingest.ignored) {
    out.add_counter("pilotwatch_ingest_ignored_records_total",
                    "Foreign records that are none of ours, such as log lines about something else.",
                    {{"source", source}}, records);
  }
}

void add_queue(Families& out, const SelfStats& self) {
  out.add_gauge("pilotwatch_ingest_queue_length", "Deliveries taken but not yet committed.", {}, self.queue_requests);
  out.add_gauge("pilotwatch_ingest_queue_capacity", "Capacity of the ingest queue, in deliveries.", {},
                self.queue_capacity);
  out.add_gauge("pilotwatch_ingest_queue_bytes", "Bytes taken but not yet committed.", {}, self.queue_bytes);
  out.add_gauge("pilotwatch_ingest_queue_capacity_bytes", "Capacity of the ingest queue, in bytes.", {},
                self.queue_bytes_capacity);
  const char* help = "Deliveries refused whole; their records were not counted as received.";
  out.add_counter("pilotwatch_ingest_refused_requests_total", help, {{"reason", "overloaded"}}, self.overloaded);
  out.add_counter("pilotwatch_ingest_refused_requests_total", help, {{"reason", "unavailable"}}, self.unavailable);
  out.add_gauge("pilotwatch_ingest_dead_letters", "Rejected lines that are kept for people to look at.", {},
                self.dead_letters);
  out.add_counter("pilotwatch_ingest_dead_letters_dropped_total",
                  "Rejected lines that were counted but not kept one by one: more at once than are kept.", {},
                  self.dead_letters_dropped);
  out.add_counter("pilotwatch_ingest_token_file_failures_total",
                  "Looks at a token_file that could not be read or held no token; the last tokens stay in force.", {},
                  self.token_file_failures);
  for (const auto& [reason, count] : self.refused)
    out.add_counter("pilotwatch_ingest_refused_requests_total", help, {{"reason", reason}}, count);
}

void add_tail(Families& out, const SelfStats::Tail& tail) {
  const Labels labels{{"source", tail.source}};
  out.add_gauge("pilotwatch_tail_unread_bytes", "Bytes of the tailed files which are not yet read.", labels,
                tail.unread_bytes);
  out.add_gauge("pilotwatch_tail_active_files", "Files being tailed.", labels, tail.active_files);
  out.add_gauge("pilotwatch_tail_open_files", "Tailed files which are open now.", labels, tail.open_files);
  out.add_gauge("pilotwatch_tail_ignored_files", "Files left alone as they are older than ignore_older.", labels,
                tail.ignored_files);
  const auto by = [&](const char* label, const char* value) { return Labels{{"source", tail.source}, {label, value}}; };
  for (const auto& [kind, count] : {std::pair{"rename", tail.rotations_rename}, {"truncate", tail.rotations_truncate}})
    out.add_counter("pilotwatch_tail_rotations_total", "Rotations seen.", by("kind", kind), count);
  for (const auto& [reason, bytes] : {std::pair{"truncated", tail.lost_truncated},
                                      {"deleted", tail.lost_deleted},
                                      {"refused", tail.lost_refused},
                                      {"damaged", tail.lost_damaged}})
    out.add_counter("pilotwatch_tail_lost_bytes_total", "Bytes seen in files but destroyed, damaged or refused unread.",
                    by("reason", reason), bytes);
  out.add_counter("pilotwatch_tail_copied_bytes_total", "Bytes passed over as another file had brought the same.",
                  labels, tail.copied_bytes);
  out.add_counter("pilotwatch_tail_compressed_files_total", "Gzip files begun.", labels, tail.compressed_files);
  out.add_counter("pilotwatch_tail_read_errors_total", "Failed attempts to open, read or unpack a file.", labels,
                  tail.read_errors);
  out.add_gauge("pilotwatch_tail_watched_folders", "Folders which inotify watches.", labels, tail.watches);
  out.add_counter("pilotwatch_tail_watch_errors_total", "Folders which inotify could not watch, so are only polled.",
                  labels, tail.watch_errors);
}

void add_http(Families& out, const runtime::HttpStats& http) {
  for (const auto& [key, count] : http.requests) {
    out.add_counter("pilotwatch_http_requests_total", "HTTP requests served.",
                    {{"handler", key.first}, {"code", std::to_string(key.second)}}, count);
  }
  for (const auto& [handler, duration] : http.durations) {
    out.add_counter("pilotwatch_http_request_seconds_total", "Time spent on HTTP requests.", {{"handler", handler}},
                    duration.second);
  }
  for (const auto& [reason, count] : http.refused) {
    out.add_counter("pilotwatch_http_refused_requests_total", "HTTP requests refused before any handler saw them.",
                    {{"reason", reason}}, count);
  }
  out.add_gauge("pilotwatch_http_connections", "HTTP connections open now.", {}, http.connections);
  out.add_gauge("pilotwatch_http_max_connections", "HTTP connections that may be open at the same time.", {},
                http.max_connections);
  out.add_counter("pilotwatch_http_password_checks_total",
                  "Passwords checked by bcrypt; one that was right is remembered.", {}, http.password_checks);
}

void add_web(Families& out, const SelfStats::Web& web) {
  if (!web.configured) return;
  out.add_gauge("pilotwatch_web_config_last_reload_successful",
                "Whether the last attempt to read the web configuration and its certificates was successful.", {},
                web.reloaded ? 1.0 : 0.0);
  out.add_time("pilotwatch_web_config_last_reload_success_timestamp_seconds",
               "Unix time of the last web configuration that came into force.", {}, web.last_success);
  out.add_time("pilotwatch_web_certificate_expiry_timestamp_seconds",
               "Unix time at which the first certificate of the listener's chain ends to be valid.", {},
               web.certificate_expires);
}

void add_store(Families& out, const SelfStats& self) {
  out.add_gauge("pilotwatch_store_size_bytes", "Size of the store files.", {{"file", "db"}}, self.store_db_bytes);
  out.add_gauge("pilotwatch_store_size_bytes", "Size of the store files.", {{"file", "wal"}}, self.store_wal_bytes);
  out.add_gauge("pilotwatch_store_free_disk_bytes", "Free space of the file system which holds the store.", {},
                self.store_free_bytes);
  out.add_gauge("pilotwatch_store_used_bytes", "Database without its free pages, and write-ahead log.", {},
                self.store_used_bytes);
  out.add_gauge("pilotwatch_store_reusable_bytes", "Free pages of the database, which are used again.", {},
                self.store_reusable_bytes);
  if (self.store_max_bytes > 0) {
    out.add_gauge("pilotwatch_store_max_bytes", "Bytes that the store may use (storage.max_bytes).", {},
                  self.store_max_bytes);
  }
  out.add_counter("pilotwatch_store_forgotten_entries_total", "Journal entries deleted for their age.", {},
                  self.store_forgotten_entries);
  out.add_time("pilotwatch_store_figures_begin_timestamp_seconds",
               "Unix time of the first journal entry in the figures, where older ones were gone when they had to be rebuilt.",
               {}, self.store_figures_begin);
  out.add_gauge("pilotwatch_store_entries", "Journal entries stored.", {}, self.store_entries);
  out.add_counter("pilotwatch_store_write_failures_total", "Failed store transactions.", {}, self.store_write_failures);
  out.add_counter("pilotwatch_store_read_failures_total", "Times that old decisions could not be read from the store.", {},
                  self.store_read_failures);
  out.add_counter("pilotwatch_store_rebuilds_total", "Times that the state was rebuilt from all journal entries.", {},
                  self.store_rebuilds);
  out.add_gauge("pilotwatch_decisions", "Decisions kept, by where they are.", {{"where", "memory"}},
                self.decisions_in_memory);
  out.add_gauge("pilotwatch_decisions", "Decisions kept, by where they are.", {{"where", "disk"}}, self.decisions_on_disk);
  out.add_gauge("pilotwatch_decisions_memory_bytes", "Memory that decisions take, indexes of those on disk included.", {},
                self.decision_bytes);
  out.add_gauge("pilotwatch_decisions_memory_limit_bytes", "Most that it should be (memory.decisions).", {},
                self.decision_bytes_limit);
  out.add_gauge("pilotwatch_decisions_index_bytes", "Of that the index of decisions on disk, which never leaves memory.",
                {}, self.decision_index_bytes);
  out.add_counter("pilotwatch_decision_blocks_read_total", "Blocks of old decisions read from the store.", {},
                  self.decision_blocks_read);
  out.add_counter("pilotwatch_decision_blocks_read_in_vain_total",
                  "Of them those in which the decision that was looked for is not.", {}, self.decision_false_hits);
  out.add_gauge("pilotwatch_store_degraded", "1 while the store refuses writes.", {}, self.store_degraded ? 1.0 : 0.0);
  out.add_gauge("pilotwatch_store_set_aside", "Damaged stores that were set aside and still lie beside this one.", {},
                static_cast<double>(self.store_set_aside.size()));
  out.add_gauge("pilotwatch_store_lost_entries", "Journal entries that a damaged store held and that could not be saved.",
                {}, self.store_lost_entries);
  out.add_counter("pilotwatch_store_commits_total", "Store transactions committed.", {}, self.commits);
  out.add_counter("pilotwatch_store_commit_seconds_total", "Time spent on store commits.", {}, self.commit_seconds);
  out.add_counter("pilotwatch_store_checkpoints_total", "Checkpoints written.", {}, self.store_checkpoints);
}

void add_config(Families& out, const SelfStats& self) {
  out.add_gauge("pilotwatch_build_info", "Constant 1, labelled by version, revision and compiler.",
                {{"version", std::string(version())},
                 {"revision", std::string(revision())},
                 {"compiler", std::string(compiler())}},
                1.0);
  out.add_gauge("pilotwatch_ready", "Whether startup is complete and the daemon serves all APIs.", {},
                self.ready ? 1.0 : 0.0);
  out.add_gauge("pilotwatch_replay_progress_ratio",
                "How much of the journal behind the checkpoint has been replayed, by the last restoration of the state.", {},
                self.replay_entries == 0 ? 1.0
                                         : std::min(1.0, static_cast<double>(self.replay_entries_done) /
                                                             static_cast<double>(self.replay_entries)));
  out.add_gauge("pilotwatch_config_hash", "Hash of the loaded configuration, not cryptographically strong.", {},
                as_number(self.config_hash));
  out.add_gauge("pilotwatch_config_last_reload_successful",
                "Whether the last configuration reload attempt was successful.", {},
                self.reloads.last_successful ? 1.0 : 0.0);
  out.add_time("pilotwatch_config_last_reload_success_timestamp_seconds",
               "Unix time of the last successful configuration reload.", {}, self.reloads.last_success);
  for (const auto& [result, count] : {std::pair{"success", self.reloads.succeeded}, std::pair{"failure", self.reloads.failed}}) {
    out.add_counter("pilotwatch_config_reloads_total", "Configuration reloads by result; the start is none.",
                    {{"result", result}}, count);
  }
  for (const auto& [level, count] : self.log_messages) {
    if (level == nullptr) continue;
    out.add_counter("pilotwatch_log_messages_total", "Log lines written.", {{"level", level}}, count);
  }
  for (const auto& [level, count] : self.log_left_out) {
    if (level == nullptr) continue;
    out.add_counter("pilotwatch_log_messages_left_out_total",
                    "Log lines left out, since the same had been written within ten seconds.", {{"level", level}}, count);
  }
}

void add_target(Families& out, const TargetStats& stats) {
  const Labels labels{{"target", stats.target}};
  const auto dropped = [&](const char* reason, std::uint64_t count) {
    out.add_counter("pilotwatch_notifications_dropped_total", "Notifications given up.",
                    {{"target", stats.target}, {"reason", reason}}, count);
  };
  out.add_counter("pilotwatch_notifications_total", "Notification attempts by target.", labels,
                  stats.sent + stats.failed + stats.dropped_rejected);
  out.add_counter("pilotwatch_notifications_failed_total", "Notification attempts which failed.", labels, stats.failed);
  dropped("queue_full", stats.dropped_overflow);
  dropped("rejected", stats.dropped_rejected);
  out.add_gauge("pilotwatch_notifications_queue_length", "Notifications waiting.", labels, stats.queue_length);
  out.add_gauge("pilotwatch_notifications_queue_capacity", "Capacity of the notification queue.", labels,
                stats.queue_capacity);
  out.add_time("pilotwatch_notifications_last_success_timestamp_seconds",
               "Unix time of the last accepted notification.", labels, stats.last_success);
  out.add_counter("pilotwatch_notification_requests_total", "HTTP requests sent to the target.", labels,
                  stats.requests);
  out.add_counter("pilotwatch_notification_request_seconds_total", "Time spent on HTTP requests to the target.", labels,
                  stats.request_seconds);
  out.add_gauge("pilotwatch_notification_clock_skew_seconds", "The target's clock minus ours, as last seen.", labels,
                stats.skew_seconds.value_or(0));
}

}  // namespace

void add_ingest(Families& out, const judge::Snapshot& snapshot, const SelfStats& self) {
  for (const auto& row : rows_of(snapshot, self)) {
    add_ingest_row(out, row);
    const bool usual = row.received > 0 || row.source == "http";
    if (usual) add_rejects(out, row);
  }
  add_by_source(out, snapshot);
  add_queue(out, self);
  for (const auto& tail : self.tails) add_tail(out, tail);
}

void add_self(Families& out, const judge::Snapshot& snapshot, const SelfStats& self) {
  add_config(out, self);
  out.add_counter("pilotwatch_evaluations_total", "Evaluation cycles over all limits.", {}, self.evaluations);
  out.add_counter("pilotwatch_evaluation_seconds_total", "Time spent on evaluation cycles.", {},
                  self.evaluation_seconds);
  out.add_time("pilotwatch_evaluation_last_success_timestamp_seconds",
               "Unix time of the last complete evaluation cycle.", {}, snapshot.last_evaluation);
  add_http(out, self.http);
  add_web(out, self.web);
  add_store(out, self);
}

void add_notifications(Families& out, const SelfStats& self) {
  for (const auto& target : self.targets) add_target(out, target);
}

}  // namespace pilotwatch::sinks
