// SPDX-License-Identifier: Apache-2.0
#include "journal/checkpoint_writer.h"

#include <pthread.h>

#include <chrono>
#include <optional>
#include <utility>

#include "base/bytes.h"
#include "base/result.h"

namespace pilotwatch::journal {
namespace {

constexpr std::size_t step_bytes = 512 << 10;  // packed: some milliseconds of writing
constexpr std::chrono::milliseconds tending{100};
constexpr std::uint64_t min_free_bytes = 8ULL << 20;  // for entries, while it is being written

}  // namespace

CheckpointWriter::CheckpointWriter(Journal& journal, std::function<void(const std::string&)> failed, Drive drive)
    : journal_(journal), failed_(std::move(failed)), drive_(drive) {
  anew();  // what a run that was killed had staged must not mix with what comes
  if (drive_ == Drive::steps) return;
  thread_ = std::thread([this] {
    pthread_setname_np(pthread_self(), "pw-store");
    run();
  });
}

CheckpointWriter::~CheckpointWriter() { stop(); }

void CheckpointWriter::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void CheckpointWriter::anew() {
  Job job;
  job.kind = Job::Kind::anew;
  push(std::move(job));
}

void CheckpointWriter::add(std::string name, std::string bytes) {
  {
    std::unique_lock lock(mutex_);
    wait_for(lock, [this] { return waiting_bytes_ < max_waiting_bytes; });
  }
  Job job;
  job.name = std::move(name);
  job.bytes = std::move(bytes);
  push(std::move(job));
}

void CheckpointWriter::finish(std::uint64_t sequence, bool drop_others, std::string shape) {
  Job job;
  job.kind = Job::Kind::finish;
  job.bytes = std::move(shape);
  job.sequence = sequence;
  job.drop_others = drop_others;
  push(std::move(job));
}

void CheckpointWriter::push(Job job) {
  {
    const std::lock_guard lock(mutex_);
    PW_ASSERT(!stopping_);
    waiting_bytes_ += job.bytes.size();
    if (job.kind == Job::Kind::finish) ++unfinished_;
    jobs_.push_back(std::move(job));
  }
  wake_.notify_all();
}

void CheckpointWriter::forget(Instant before) {
  const std::lock_guard lock(mutex_);
  forget_ = before;
}

void CheckpointWriter::keep() {
  std::unique_lock lock(mutex_);
  forget_.reset();
  wait_for(lock, [this] { return !forgetting_; });
}

bool CheckpointWriter::busy() const {
  const std::lock_guard lock(mutex_);
  return unfinished_ > 0;
}

bool CheckpointWriter::broken() const {
  const std::lock_guard lock(mutex_);
  return broken_;
}

std::uint64_t CheckpointWriter::finished() const {
  const std::lock_guard lock(mutex_);
  return finished_;
}

void CheckpointWriter::wait() {
  std::unique_lock lock(mutex_);
  wait_for(lock, [this] { return jobs_.empty() && !working_; });
}

template <class Done>
void CheckpointWriter::wait_for(std::unique_lock<std::mutex>& lock, Done done) {
  if (drive_ == Drive::thread) return room_.wait(lock, done);
  while (!done()) {
    lock.unlock();
    step();
    lock.lock();
  }
}

void CheckpointWriter::run() {
  using std::chrono::steady_clock;
  bool idle = false;
  for (steady_clock::duration took{};;) {
    std::unique_lock lock(mutex_);
    // Beside checkpoints the journal is somebody else's for as long as a step took: a mutex goes easily to who has just
    // had it.
    wake_.wait_for(lock, idle ? tending : took, [this] { return !jobs_.empty() || stopping_; });
    if (jobs_.empty() && stopping_) return;
    lock.unlock();
    const auto start = steady_clock::now();
    idle = !step();
    took = steady_clock::now() - start;
  }
}

bool CheckpointWriter::step() {
  std::optional<Job> job;
  bool broken = false;
  {
    const std::lock_guard lock(mutex_);
    broken = broken_;
    if (!jobs_.empty()) {
      job = std::move(jobs_.front());
      jobs_.pop_front();
      working_ = true;
    }
  }
  if (!job) return tend(broken);
  write(*std::move(job), broken);
  return true;
}

void CheckpointWriter::write(Job job, bool broken) {
  const auto bytes = job.bytes.size();
  broken = broken && job.kind != Job::Kind::anew;
  if (!broken) {
    try {
      work(job);
    } catch (const std::exception& error) {
      broken = true;
      packed_.clear();
      packed_bytes_ = 0;
      swept_ = false;
      report(error.what());
    }
  }
  const std::lock_guard lock(mutex_);
  working_ = false;
  broken_ = broken;
  waiting_bytes_ -= bytes;
  if (job.kind == Job::Kind::finish) {
    --unfinished_;
    if (!broken) ++finished_;
  }
  room_.notify_all();
}

void CheckpointWriter::work(Job& job) {
  switch (job.kind) {
    case Job::Kind::anew:
      packed_.clear();
      packed_bytes_ = 0;
      while (journal_.sweep(true)) tend_wal();
      return;
    case Job::Kind::part:
      packed_.push_back({std::move(job.name), job.bytes.empty() ? "" : compress(job.bytes)});
      packed_bytes_ += packed_.back().body.size();
      if (packed_bytes_ >= step_bytes) flush();
      break;
    case Job::Kind::finish:
      flush();
      journal_.finish_checkpoint(job.sequence, job.drop_others, job.bytes);
      swept_ = false;
      break;
  }
  tend_wal();
}

/// What is staged takes its place on the disk at once, and the write-ahead log needs as much again to be copied. A
/// checkpoint that does not fit must not be what fills the disk: entries need the room more.
void CheckpointWriter::flush() {
  if (packed_.empty()) return;
  const auto store = journal_.stats();
  if (store.free_bytes < store.wal_bytes + packed_bytes_ + min_free_bytes)
    throw WriteError("too little room on the disk for a checkpoint");
  const auto fits = [this](const StoreStats& now) {
    return now.max_bytes == 0 || now.used_bytes + 2 * packed_bytes_ <= now.max_bytes;  // in the log, too
  };
  if (!fits(store)) {
    journal_.cut_wal();
    if (!fits(journal_.stats())) throw WriteError("storage.max_bytes leaves too little room for a checkpoint");
  }
  journal_.stage(packed_);
  packed_.clear();
  packed_bytes_ = 0;
}

void CheckpointWriter::report(const std::string& what) {
  try {
    failed_(what);
  } catch (const std::exception&) {  // the log itself; there is nobody left to tell
  }
}

/// Never throws: a checkpoint does not fail because the log behind it could not be copied yet.
void CheckpointWriter::tend_wal() {
  try {
    journal_.tend_wal();
    wal_fails_ = false;
  } catch (const std::exception& error) {
    if (!std::exchange(wal_fails_, true)) report(error.what());
  }
}

/// One small step of what is no checkpoint; false: nothing is left to do. `broken`: what has been staged is for
/// nothing.
bool CheckpointWriter::tend(bool broken) {
  tend_wal();
  try {
    if (!swept_) swept_ = !journal_.sweep(broken);
  } catch (const std::exception&) {  // no harm but space; the next checkpoint tries again
    swept_ = true;
  }
  return !swept_ || forget_some();
}

/// The same for old entries and free pages.
bool CheckpointWriter::forget_some() {
  std::optional<Instant> before;
  {
    const std::lock_guard lock(mutex_);
    before = forget_;
    forgetting_ = before.has_value();
  }
  bool more = false;
  try {
    more = before && journal_.forget(*before);
    if (before && !more) journal_.finish_forgetting(*before);
    forget_fails_ = false;
  } catch (const std::exception& error) {
    if (!std::exchange(forget_fails_, true)) report("old entries cannot be deleted: " + std::string(error.what()));
  }
  if (before) {
    const std::lock_guard lock(mutex_);
    forgetting_ = false;
    if (!more && forget_ == before) forget_.reset();
    room_.notify_all();
  }
  if (more) return true;
  try {
    return journal_.shrink();
  } catch (const std::exception&) {  // there is no need to; another time
    return false;
  }
}

}  // namespace pilotwatch::journal
