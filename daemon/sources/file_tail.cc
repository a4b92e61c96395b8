// SPDX-License-Identifier: Apache-2.0
#include "sources/file_tail.h"

#include <pthread.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <thread>
#include <utility>

#include "base/guarded.h"
#include "sources/tail_reader.h"

namespace pilotwatch::sources {
namespace {

constexpr Millis first_pause{100};
constexpr Millis longest_pause{5000};

/// Where `done` leaves the reply; shared, because the core may still be inside `set` when the tail has gone on.
class Answer {
 public:
  void set(Reply reply) {
    const std::lock_guard lock(mutex_);
    reply_ = std::move(reply);
    changed_.notify_all();
  }
  Reply wait() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return reply_.has_value(); });
    return std::move(*reply_);
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::optional<Reply> reply_;
};

}  // namespace

///   until stopped:
///     next whole lines, or wait for the poll interval
///     deliver them again and again, with growing pauses, until they are committed
///     move the cursor
struct FileTail::Impl {
  Impl(const settings::Source& given, std::uint64_t max_line_bytes, std::optional<Cursor> from, Port& to)
      : source(given), port(to), reader(source.name, source.files.front(), max_line_bytes, std::move(from)) {}

  void run();
  void step();
  bool deliver(const TailReader::Chunk& chunk);
  bool pause(Millis time);
  void look();
  void publish();

  const settings::Source& source;
  Port& port;
  TailReader reader;  // the thread's own
  Guarded<TailStats> stats;
  std::uint64_t failed_steps = 0;

  std::mutex mutex;
  std::condition_variable changed;
  bool stopping = false;
  std::thread thread;
};

void FileTail::Impl::run() {
  pthread_setname_np(pthread_self(), "pw-tail");
  for (bool stopped = false; !stopped; stopped = pause(Millis{0})) {
    try {
      step();
    } catch (const std::exception&) {  // the disk, or memory: neither gets better by trying at once
      ++failed_steps;
      publish();
      pause(source.poll_interval);
    }
  }
}

void FileTail::Impl::step() {
  const auto chunk = reader.next();
  publish();
  if (!chunk) {
    pause(std::max(source.poll_interval, Millis{1}));
  } else if (deliver(*chunk)) {
    reader.advance(chunk->cursor);
    publish();
  }
}

/// False only when stopped before a commit.
bool FileTail::Impl::deliver(const TailReader::Chunk& chunk) {
  for (Millis wait = first_pause;; wait = std::min(2 * wait, longest_pause)) {
    const auto answer = std::make_shared<Answer>();
    Delivery delivery;
    delivery.source = &source;
    delivery.bytes = chunk.bytes;
    delivery.pilot = source.pilot;
    delivery.cursor = chunk.cursor;
    delivery.done = [answer](Reply reply) { answer->set(std::move(reply)); };
    port.deliver(std::move(delivery));
    if (answer->wait().status == Reply::Status::committed) return true;
    if (pause(wait)) return false;
  }
}

/// Waits; in longer waits goes on looking for rotations, as a file renamed twice unseen cannot be found again. True
/// when stopped.
bool FileTail::Impl::pause(Millis time) {
  const auto until = std::chrono::steady_clock::now() + time;
  std::unique_lock lock(mutex);
  for (;;) {
    const auto next_look = std::chrono::steady_clock::now() + std::max(source.poll_interval, Millis{1});
    if (changed.wait_until(lock, std::min(until, next_look), [this] { return stopping; })) return true;
    if (std::chrono::steady_clock::now() >= until) return false;
    lock.unlock();
    look();
    lock.lock();
  }
}

void FileTail::Impl::look() {
  try {
    reader.look();
  } catch (const std::exception&) {
    ++failed_steps;
  }
  publish();
}

void FileTail::Impl::publish() {
  TailStats now = reader.stats();
  now.read_errors += failed_steps;
  stats.with([&](TailStats& published) { published = now; });
}

FileTail::FileTail(const settings::Source& source, std::uint64_t max_line_bytes, std::optional<Cursor> from, Port& port)
    : impl_(std::make_unique<Impl>(source, max_line_bytes, std::move(from), port)) {}

FileTail::~FileTail() { stop(); }

void FileTail::start() {
  impl_->thread = std::thread([impl = impl_.get()] { impl->run(); });
}

void FileTail::stop() {
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->stopping = true;
    impl_->changed.notify_all();
  }
  if (impl_->thread.joinable()) impl_->thread.join();
}

TailStats FileTail::stats() const {
  return impl_->stats.with([](const TailStats& stats) { return stats; });
}

const std::string& FileTail::name() const { return impl_->source.name; }

}  // namespace pilotwatch::sources
