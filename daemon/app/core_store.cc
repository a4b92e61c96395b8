// SPDX-License-Identifier: Apache-2.0
// What the core says of itself and its store, and what of the latter has had its time.
#include "app/core.h"

namespace pilotwatch::app {

/// By the clock, not by wall(): time that once stood too far ahead must not delete what it should not. Entries stay as
/// long as the only checkpoint there is cannot be used.
void Core::forget_old() {
  if (!parts_.settings.retention) return;
  const auto before = parts_.clock.now() - *parts_.settings.retention;
  parts_.dead_letters.forget(before);
  if (!lost_ && !rebuilt_unsaved_) writer_.forget(before);
}

void Core::describe(sinks::SelfStats& out) const {
  out.ready = ready_;
  out.replay_entries_done = replayed_;
  out.replay_entries = to_replay_;
  out.ready_detail = ready_ ? ""
                            : "replaying the journal, " + std::to_string(replayed_.load()) + " of " +
                                  std::to_string(to_replay_.load()) + " entries so far, or stopping";
  out.unavailable += unavailable_;
  out.refused.emplace_back("store_full", store_full_);
  out.dead_letters = parts_.dead_letters.size();
  out.dead_letters_dropped = letters_dropped_;
  out.store_write_failures = write_failures_;
  out.store_checkpoints = writer_.finished();
  out.store_figures_begin = figures_begin_.with([](const auto& begin) { return begin; });
  out.store_read_failures = read_failures_;
  out.store_rebuilds = rebuilds_;
  const auto memory = memory_.with([](const auto& m) { return m; });
  out.decisions_in_memory = memory.decisions;
  out.decisions_on_disk = memory.old;
  out.decision_bytes = memory.bytes;
  out.decision_bytes_limit = parts_.settings.decision_memory;
  out.decision_index_bytes = memory.index_bytes;
  out.decision_blocks_read = memory.blocks_read;
  out.decision_false_hits = memory.false_hits;
  out.commits = commits_;
  out.commit_seconds = static_cast<double>(commit_us_) / 1e6;
  out.evaluations = evaluations_;
  out.evaluation_seconds = static_cast<double>(evaluation_us_) / 1e6;
  const auto store = parts_.journal.stats();
  out.store_degraded = degraded_ || store.full;
  out.store_used_bytes = store.used_bytes;
  out.store_reusable_bytes = store.reusable_bytes;
  out.store_max_bytes = store.max_bytes;
  out.store_forgotten_entries = store.forgotten_entries;
  out.store_db_bytes = store.db_bytes;
  out.store_wal_bytes = store.wal_bytes;
  out.store_free_bytes = store.free_bytes;
  out.store_entries = store.entries;
  out.store_lost_entries = store.lost_entries;
  out.store_set_aside = store.set_aside;
}

}  // namespace pilotwatch::app
