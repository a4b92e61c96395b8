// SPDX-License-Identifier: Apache-2.0
// When the core writes checkpoints, and which decisions leave memory with them.
#include <algorithm>

#include "app/core.h"
#include "base/bytes.h"

namespace pilotwatch::app {
namespace {

constexpr std::uint64_t looked_at_bytes = 64 << 10;  // of deliveries: a look at memory costs a look at each pilot
constexpr std::size_t evicted_at_once = 4;  // times some thousand decisions: a few milliseconds

}  // namespace

/// In the running daemon: what turns out to be damaged on the way is built anew.
void Core::checkpoint(bool full) {
  try {
    write_checkpoint(full);
  } catch (const CorruptBytes& error) {
    ++read_failures_;
    recover(error.what(), true);
  } catch (const journal::DamagedError& error) {
    ++read_failures_;
    recover(error.what(), true);
  }
}

/// Only what takes the state's memory to copy happens here, and reading blocks that are written again with late
/// changes. Throws CorruptBytes and DamagedError where one of them is damaged; one that just cannot be read makes the
/// checkpoint one that has failed.
void Core::write_checkpoint(bool full) {
  if (writer_.busy() || lost_) return;  // with the one before; there will be another time
  if (!write_outbox(parts_.fold.sequence())) return;  // a start must replay what they follow from
  settle();
  full_checkpoint_ = full_checkpoint_ || full || writer_.broken();
  const bool relieve = parts_.fold.memory().wants_relief() && parts_.steady.now() >= next_relief_;
  if (!full_checkpoint_ && !relieve && parts_.fold.sequence() == checkpointed_) return;
  if (full_checkpoint_) writer_.anew();
  const bool drop_others = full_checkpoint_ && !parts_.fold.any_in_blocks();
  try {
    parts_.fold.save(
        full_checkpoint_ ? engine::Extent::unconfirmed : engine::Extent::changes,
        [this](std::string name, std::string bytes) { writer_.add(std::move(name), std::move(bytes)); }, relieve);
  } catch (const journal::ReadError& error) {
    ++read_failures_;
    parts_.log.error("a checkpoint cannot be written; the next one writes everything", {{"err", error.what()}});
    writer_.anew();
    return checkpoint_failed();
  } catch (...) {
    writer_.anew();
    checkpoint_failed();
    throw;
  }
  checkpointed_ = parts_.fold.sequence();
  full_checkpoint_ = false;
  finished_before_ = writer_.finished();
  in_flight_ = whole_in_flight_ = true;
  writer_.finish(checkpointed_, drop_others, shape_);
}

/// The checkpoint that was being written counts, or never will. False: it never will.
bool Core::settle() {
  if (!in_flight_ || writer_.busy()) return true;
  in_flight_ = false;
  const bool written = writer_.finished() > finished_before_;
  if (written) {
    parts_.fold.confirm(true);
    if (whole_in_flight_) rebuilt_unsaved_ = false;
  } else {
    checkpoint_failed();
  }
  return written;
}

void Core::checkpoint_failed() {
  parts_.fold.confirm(false);
  full_checkpoint_ = true;
  next_relief_ = parts_.steady.now() + std::min<Millis>(parts_.settings.checkpoint_interval, std::chrono::seconds{10});
}

/// Complete parts go to the writer; where decisions take too much memory a checkpoint comes early, and what it holds
/// leaves memory by and by. Beyond the bound nothing else is done before. `relieve` begins such a checkpoint.
void Core::make_room(const std::function<void()>& relieve) {
  if (lost_) return;
  parts_.fold.save_complete(
      [this](std::string name, std::string part) { writer_.add(std::move(name), std::move(part)); });
  settle();
  for (std::size_t i = 0; i < evicted_at_once && parts_.fold.evict(); ++i) {
  }
  if (unlooked_bytes_ < looked_at_bytes) return;
  unlooked_bytes_ = 0;
  auto now = parts_.fold.memory();
  if (now.bytes > now.limit / 16 * 15) {
    for (std::size_t i = 0; i < 4 * evicted_at_once && parts_.fold.evict(); ++i) {
    }
    now = parts_.fold.memory();
  }
  if (now.full()) {
    parts_.fold.forget_blocks();
    now = parts_.fold.memory();
  }
  const auto may = [this] { return parts_.steady.now() >= next_relief_; };
  if (now.wants_relief() && may() && !writer_.busy()) relieve();
  while (now.full() && may()) {
    if (!in_flight_ && now.wants_relief()) relieve();
    if (!in_flight_) break;
    writer_.wait();
    if (!settle()) break;
    while (parts_.fold.evict()) {
    }
    const auto before = std::exchange(now, parts_.fold.memory()).bytes;
    if (now.bytes >= before) break;  // what is left must stay, or comes as fast as it goes: records wait for none of it
  }
  if (now.full() && !now.wants_relief() && !std::exchange(too_small_said_, true)) {
    parts_.log.warn("memory.decisions is too small for what must stay in memory of so many decisions",
                    {{"bytes", now.bytes}, {"decisions", now.decisions + now.old}});
  }
  memory_.with([&](auto& memory) { memory = now; });
}

void Core::finish_checkpoints() {
  writer_.wait();
  settle();
  const auto damaged = [this](const char* what) {  // who ends has no time for a rebuild; the next start has
    ++read_failures_;
    parts_.log.error("the last checkpoint cannot be written", {{"err", what}});
    distrust_checkpoint();
  };
  if (parts_.outbox != nullptr) parts_.outbox->insist();  // there is no later
  try {
    write_checkpoint(false);
  } catch (const CorruptBytes& error) {
    damaged(error.what());
  } catch (const journal::DamagedError& error) {
    damaged(error.what());
  }
  writer_.wait();
  settle();
  if (lost_ || writer_.broken()) parts_.log.error("no checkpoint at the end; the next start replays the journal");
}

}  // namespace pilotwatch::app
