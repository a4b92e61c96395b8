// SPDX-License-Identifier: Apache-2.0
// What the core does where the state cannot be read on: refuse, restore it as a start does, or leave it to a start.
#include <cstdlib>

#include "app/core.h"
#include "base/bytes.h"

namespace pilotwatch::app {

/// What apply() will need of the disk: where that cannot be read nothing has changed yet.
void Core::prepare(const record::Entry& entry) {
  try {
    parts_.fold.prepare(entry);
  } catch (const CorruptBytes& error) {  // will not become better
    ++read_failures_;
    if (!recover(error.what(), true)) throw;
    parts_.fold.prepare(entry);
  } catch (const journal::DamagedError& error) {  // the same, seen by SQLite
    ++read_failures_;
    if (!recover(error.what(), true)) throw;
    parts_.fold.prepare(entry);
  } catch (const journal::ReadError&) {
    ++read_failures_;
    throw;
  }
}

/// What is in the journal must be in the state. Where old decisions cannot be read in the middle of it, the state is
/// restored as after a crash, with the entry (empty: that was not possible). Else half of it there is worse than no
/// process: the next start has it whole.
std::vector<judge::Applied> Core::apply(const record::Entry& entry, std::uint64_t sequence) {
  const auto failed = [this](const char* what, bool damaged) {
    ++read_failures_;
    return recover(what, damaged) ? last_applied_ : std::vector<judge::Applied>();
  };
  if (parts_.outbox != nullptr) parts_.outbox->begin(sequence);
  try {
    return parts_.fold.apply(entry, sequence);
  } catch (const CorruptBytes& error) {
    return failed(error.what(), true);
  } catch (const journal::DamagedError& error) {
    return failed(error.what(), true);
  } catch (const journal::ReadError& error) {
    return failed(error.what(), false);
  } catch (const std::exception& error) {  // memory
    parts_.log.error("what is committed cannot be counted; the next start does it", {{"err", error.what()}});
    std::_Exit(1);
  }
}

/// The state could not be read on. False: it cannot be restored either, now.
bool Core::recover(const char* why, bool damaged) {
  parts_.log.error("the state cannot be read on; restoring it", {{"err", why}});
  lost_ = true;
  ready_ = false;
  try {
    writer_.wait();
    writer_.keep();  // a rebuild may need them
    in_flight_ = false;
    if (damaged) distrust_checkpoint();
    writer_.anew();  // what has been staged since the last checkpoint belongs to what is lost
    lost_ = false;
    restore_state(damaged);
  } catch (const journal::DamagedError& error) {  // in the entries, or again: only a start can set the store aside
    parts_.log.error("the store is damaged; the next start saves what can be read", {{"err", error.what()}});
    distrust_checkpoint();
    std::_Exit(1);
  } catch (const std::exception& error) {
    parts_.log.error("the state cannot be restored yet", {{"err", error.what()}});
    lost_ = true;
    return false;
  }
  alerts_changed_ = true;  // what fires now has not been said for a while
  const std::lock_guard lock(mutex_);
  ready_ = !stopping_;
  return true;
}

/// The next start rebuilds, too, if this process does not come to the end of its own rebuild; then it meets what is
/// damaged in entries that a checkpoint would spare it, and salvages.
void Core::distrust_checkpoint() {
  writer_.keep();
  writer_.wait();  // or one that it finishes later would count after all
  in_flight_ = false;
  try {
    parts_.journal.set_fact("shape", to_be_rebuilt);
  } catch (const std::exception& error) {  // then the next start finds out as this run has
    parts_.log.error("the store cannot be written", {{"component", "journal"}, {"err", error.what()}});
  }
}

}  // namespace pilotwatch::app
