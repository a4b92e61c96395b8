// SPDX-License-Identifier: Apache-2.0
#include "app/core.h"

#include <pthread.h>

#include <algorithm>

namespace pilotwatch::app {
namespace {

// One group is one transaction: large enough to share a sync, small enough to answer within some tens of milliseconds.
constexpr std::size_t max_group_deliveries = 256;
constexpr std::uint64_t max_group_bytes = 16ULL << 20;

}  // namespace

Core::Core(Parts parts)
    : parts_(std::move(parts)),
      writer_(
          parts_.journal,
          [this](const std::string& what) {
            ++write_failures_;
            parts_.log.error("a checkpoint cannot be written; the next one writes everything", {{"err", what}});
          },
              parts_.drive),
      committer_(parts_.drive) {
  last_snapshot_.with([&](auto& snapshot) { snapshot = parts_.fold.snapshot(parts_.clock.now()); });
  parts_.fold.set_store([this](const std::string& name) { return parts_.journal.read_block(name); },
                        parts_.settings.decision_memory);
  parts_.fold.on_transition = [this](const judge::Transition& t) {
    alerts_changed_ = true;
    if (parts_.outbox != nullptr) parts_.outbox->collect(t);
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
  lock.unlock();  // or who wakes goes to sleep again at once
  wake_.notify_one();
}

void Core::run() {
  do {
    std::unique_lock lock(mutex_);
    wake_.wait_until(lock, next_tick_,
                     [this] { return committed_ || !waiting_.empty() || !readers_.empty() || !actions_.empty() || stopping_ || poked_; });
    poked_ = false;
    lock.unlock();
  } while (step());
  finish_checkpoints();
}

void Core::poke() {
  {
    const std::lock_guard lock(mutex_);
    poked_ = true;
  }
  wake_.notify_one();
}

bool Core::step() {
  ++turns_;
  bool last = false;
  {
    const std::lock_guard lock(mutex_);
    last = stopping_ && waiting_.empty();
  }
  try {
    if (auto group = next_group(); !group.empty()) {
      process(std::move(group));
    } else {
      finish_committed();
    }
    if (parts_.steady.now() >= next_tick_) tick();
  } catch (const journal::WriteError& error) {
    parts_.log.error("the store cannot be written", {{"component", "journal"}, {"err", error.what()}});
    alerts_changed_ = true;  // what fires must be said again, or Alertmanager takes it for resolved
  }
  serve_actions();
  if (!lost_) static_cast<void>(write_outbox());  // or with the next turn; of half an entry it would be half of its events
  serve_readers();
  if (alerts_changed_) publish_alerts();
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

void Core::tick() {
  const auto start = parts_.steady.now();
  next_tick_ = start + parts_.settings.evaluation_interval;
  finish_committed();
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
