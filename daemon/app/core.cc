// SPDX-License-Identifier: Apache-2.0
#include "app/core.h"

#include <pthread.h>

#include <algorithm>

#include "app/pace.h"

namespace pilotwatch::app {
namespace {

using sources::Reply;

// One group is one transaction: large enough to share a sync, small enough to answer within some tens of milliseconds.
constexpr std::size_t max_group_deliveries = 256;
constexpr std::uint64_t max_group_bytes = 16ULL << 20;
constexpr std::size_t max_group_letters = 1000;

Reply cannot_be_stored(std::string why) {
  Reply reply;
  reply.status = Reply::Status::unavailable;
  reply.retry_after_s = 5;
  reply.detail = std::move(why);
  return reply;
}

}  // namespace

Core::Core(Parts parts)
    : parts_(std::move(parts)),
      writer_(
          parts_.journal,
          [this](const std::string& what) {
            ++write_failures_;
            parts_.log.error("a checkpoint cannot be written; the next one writes everything", {{"err", what}});
          },
          parts_.drive) {
  last_snapshot_.with([&](auto& snapshot) { snapshot = parts_.fold.snapshot(parts_.clock.now()); });
  parts_.fold.set_store([this](const std::string& name) { return parts_.journal.read_block(name); },
                        parts_.settings.decision_memory);
  parts_.fold.on_transition = [this](const judge::Transition& t) {
    alerts_changed_ = true;
    const auto line = std::string(judge::state_names[static_cast<std::size_t>(t.from)]) + " -> " +
                      judge::state_names[static_cast<std::size_t>(t.to)];
    if (t.to == judge::State::breach) {
      parts_.log.warn(
          "limit breached",
          {{"pilot", t.pilot}, {"limit", t.limit}, {"group", t.group}, {"change", line}, {"reason", t.reason}});
    } else {
      parts_.log.info(
          "limit changed state",
          {{"pilot", t.pilot}, {"limit", t.limit}, {"group", t.group}, {"change", line}, {"reason", t.reason}});
    }
  };
}

Core::~Core() {
  if (thread_.joinable()) stop();
}

void Core::start() {
  if (parts_.publish_alerts) light_.limits = parts_.fold.statuses();
  ready_ = started_ = true;
  next_tick_ = parts_.steady.now();
  next_checkpoint_ = next_tick_ + parts_.settings.checkpoint_interval;
  if (parts_.drive == Drive::steps) return;
  thread_ = std::thread([this] {
    pthread_setname_np(pthread_self(), "pw-core");
    run();
  });
}

void Core::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  const bool ran = ready_.exchange(false);
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
  if (ran && parts_.drive == Drive::steps) run();
}

void Core::submit(Decoded delivery) {
  std::unique_lock lock(mutex_);
  room_.wait(lock,
             [this] { return waiting_bytes_ < 2 * max_group_bytes && waiting_.size() < 2 * max_group_deliveries; });
  PW_ASSERT(!stopping_);
  waiting_bytes_ += delivery.submission.bytes;
  waiting_.push_back(std::move(delivery));
  wake_.notify_one();
}

void Core::run() {
  do {
    std::unique_lock lock(mutex_);
    wake_.wait_until(lock, next_tick_, [this] { return !waiting_.empty() || !readers_.empty() || stopping_; });
    lock.unlock();
  } while (step());
  finish_checkpoints();
}

bool Core::step() {
  bool last = false;
  {
    const std::lock_guard lock(mutex_);
    last = stopping_ && waiting_.empty();
  }
  try {
    if (auto group = next_group(); !group.empty()) process(std::move(group));
    if (parts_.steady.now() >= next_tick_) tick();
  } catch (const journal::WriteError& error) {
    parts_.log.error("the store cannot be written", {{"component", "journal"}, {"err", error.what()}});
    alerts_changed_ = true;  // what fires must be said again, or Alertmanager takes it for resolved
  }
  if (alerts_changed_) publish_alerts();
  serve_readers();
  return !last;
}

std::vector<Decoded> Core::next_group() {
  std::vector<Decoded> group;
  std::uint64_t bytes = 0;
  const std::lock_guard lock(mutex_);
  while (!waiting_.empty() && group.size() < max_group_deliveries &&
         (group.empty() || bytes + waiting_.front().submission.bytes <= max_group_bytes)) {
    bytes += waiting_.front().submission.bytes;
    group.push_back(std::move(waiting_.front()));
    waiting_.pop_front();
  }
  waiting_bytes_ -= bytes;
  room_.notify_one();
  return group;
}

std::uint64_t Core::micros_since(SteadyTime start) const {
  return static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::microseconds>(parts_.steady.now() - start).count());
}

Instant Core::wall() {
  last_wall_ = std::max(last_wall_, parts_.clock.now());  // a clock that steps back must not move time back
  return last_wall_;
}

void Core::process(std::vector<Decoded> group) {
  record::Entry entry;
  entry.wall = wall();
  std::vector<record::Cursor> cursors;
  std::uint64_t bytes = 0, rejected = 0;
  for (auto& delivery : group) {
    bytes += delivery.submission.bytes;
    entry.submissions.push_back(std::move(delivery.submission));
    cursors.insert(cursors.end(), delivery.cursors.begin(), delivery.cursors.end());
  }
  std::uint64_t sequence = 0;
  std::vector<record::DeadLetter> letters;
  if (lost_ && !recover("once more", false)) return refuse(group);
  try {
    letters = dead_letters(group, entry.wall);
    prepare(entry);
    sequence = commit(entry, cursors, letters);
    if (std::exchange(full_, false)) parts_.log.info("the store has room for records again");
  } catch (const journal::FullError& error) {
    if (!std::exchange(full_, true)) parts_.log.error("records are refused", {{"err", error.what()}});
    store_full_ += group.size();
    for (auto& delivery : group) delivery.done(cannot_be_stored("the store is full"));
    return;
  } catch (const std::exception& error) {  // the disk, or memory: nothing has changed
    parts_.log.error("the store cannot be used; nothing of the group was acknowledged", {{"err", error.what()}});
    return refuse(group);
  }
  // From here on there is no way back: what is in the journal must be in the state.
  parts_.dead_letters.add(letters);
  for (const auto& delivery : group) rejected += delivery.rejected;
  letters_dropped_ += rejected - letters.size();
  const auto start = parts_.steady.now();
  const auto applied = apply(entry, sequence);
  if (applied.size() < group.size()) return refuse(group);  // it is in the journal: sent again it is a duplicate
  seconds_per_byte_ = pace_after(seconds_per_byte_, bytes, static_cast<double>(micros_since(start)) / 1e6);
  for (std::size_t i = 0; i < group.size(); ++i) answer(group[i], applied[i]);
  unlooked_bytes_ += bytes;
  make_room([this] { checkpoint(false); });
}

void Core::refuse(std::vector<Decoded>& group) {
  unavailable_ += group.size();
  for (auto& delivery : group) delivery.done(cannot_be_stored("the store cannot be used"));
}

void Core::answer(Decoded& delivery, const judge::Applied& applied) {
  Reply reply;
  reply.accepted = applied.accepted;
  reply.duplicate = applied.duplicate;
  reply.rejected = applied.rejected;
  reply.ignored = delivery.ignored;
  reply.errors = std::move(delivery.rejects);
  delivery.done(std::move(reply));
}

/// The rejected lines of a group that are kept.
std::vector<record::DeadLetter> Core::dead_letters(const std::vector<Decoded>& group, Instant wall) {
  std::vector<record::DeadLetter> out;
  const auto& ingest = parts_.settings.ingest;
  for (const auto& delivery : group) {
    for (const auto& reject : delivery.rejects) {
      if (out.size() == max_group_letters || ingest.dead_letters == 0) break;
      auto& letter = out.emplace_back(record::DeadLetter{wall, delivery.source->name, reject});
      if (!ingest.dead_letter_text) letter.reject.detail = record::without_data(reject.detail);
    }
  }
  return out;
}

std::uint64_t Core::commit(const record::Entry& entry, const std::vector<record::Cursor>& cursors,
                           const std::vector<record::DeadLetter>& letters) {
  const auto start = parts_.steady.now();
  const auto sound = [this] {  // nothing is added to half a state
    if (lost_) throw journal::ReadError("the state cannot be read on");
  };
  try {
    if (parts_.journal.last_sequence() > parts_.fold.sequence()) {  // a commit that was refused for want of an answer
      parts_.journal.replay(parts_.fold.sequence(), [&](std::uint64_t sequence, const record::Entry& missed) {
        if (sequence > parts_.fold.sequence()) apply(missed, sequence);  // one that had to restore has applied them all
        sound();
      });
    }
    record_limits();
    sound();
    const auto sequence = parts_.journal.append(entry, cursors, letters, parts_.settings.ingest.dead_letters);
    if (degraded_.exchange(false)) parts_.log.info("the store can be written again");
    ++commits_;
    commit_us_ += micros_since(start);
    return sequence;
  } catch (const journal::FullError&) {
    throw;
  } catch (const journal::DamagedError& error) {  // the next start sets it aside
    ++write_failures_;
    degraded_ = true;
    throw journal::WriteError(error.what());
  } catch (const journal::ReadError& error) {
    ++write_failures_;
    degraded_ = true;
    throw journal::WriteError(error.what());
  } catch (const journal::WriteError&) {
    ++write_failures_;
    degraded_ = true;
    throw;
  }
}

/// Before anything else under these settings: what they judge by.
void Core::record_limits() {
  if (limits_recorded_) return;
  if (auto limits = parts_.fold.limits_to_record()) {
    record::Entry entry;
    entry.wall = wall();
    entry.limits = std::move(*limits);
    apply(entry, parts_.journal.append(entry, {}));
    parts_.log.info("the limits have changed; recorded in the journal", {{"sequence", parts_.fold.sequence()}});
  }
  limits_recorded_ = true;
}

void Core::tick() {
  const auto start = parts_.steady.now();
  next_tick_ = start + parts_.settings.evaluation_interval;
  if (lost_ && !recover("once more", false)) return publish_alerts();
  const auto due = parts_.fold.next_due();
  if (const auto now = wall(); due && *due <= now) {
    record::Entry entry;
    entry.wall = now;
    apply(entry, commit(entry, {}));
  }
  ++evaluations_;
  last_evaluation_ = wall();
  evaluation_us_ += micros_since(start);
  publish_alerts();
  if (start >= next_checkpoint_) {
    next_checkpoint_ = start + parts_.settings.checkpoint_interval;
    checkpoint(false);
    forget_old();
  }
  unlooked_bytes_ = ~std::uint64_t{0} / 2;
  make_room([this] { checkpoint(false); });
}

}  // namespace pilotwatch::app
