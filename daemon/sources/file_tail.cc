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
#include "sources/tail_wake.h"

namespace pilotwatch::sources {
namespace {

using std::chrono::steady_clock;

constexpr Millis first_pause{100};
constexpr Millis longest_pause{5000};
constexpr Millis shortest_gap{5};  // between two looks

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
///     next whole records, or wait for the poll interval, or until inotify says that something has happened
///     deliver them again and again, with growing pauses, until they are committed
///     move the cursors
struct FileTail::Impl {
  Impl(const settings::Source& given, std::uint64_t max_line_bytes, std::vector<Cursor> from, Port& to,
       const runtime::Log* lines)
      : source(given), port(to), log(lines), reader(given, max_line_bytes, std::move(from)), wake(given.files) {}

  void run();
  void step();
  bool deliver(const TailReader::Chunk& chunk);
  bool pause(Millis time, bool until_changed);
  void look();
  void publish();
  void tell(const TailStats& before, const TailStats& now) const;

  const settings::Source& source;
  Port& port;
  const runtime::Log* log;
  TailReader reader;  // the thread's own
  Guarded<TailStats> stats;
  std::uint64_t failed_steps = 0;
  steady_clock::time_point looked_at{};
  steady_clock::duration look_took{};

  TailWake wake;
  std::thread thread;
};

void FileTail::Impl::run() {
  pthread_setname_np(pthread_self(), "pw-tail");
  for (bool stopped = false; !stopped; stopped = pause(Millis{0}, false)) {
    try {
      wake.watch();
      step();
    } catch (const std::exception& error) {  // the disk, or memory: neither gets better by trying at once
      ++failed_steps;
      if (log != nullptr) log->warn("a step of a file source failed", {{"source", source.name}, {"err", error.what()}});
      publish();
      pause(source.poll_interval, false);
    }
  }
}

void FileTail::Impl::step() {
  const auto started = steady_clock::now();
  const auto chunk = reader.next();
  publish();
  if (!chunk) {
    looked_at = steady_clock::now();
    look_took = looked_at - started;
    pause(std::max(source.poll_interval, Millis{1}), true);
  } else if (deliver(*chunk)) {
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
    delivery.framing = source.format == settings::SourceFormat::csv ? Framing::csv : Framing::json;
    delivery.csv_header = chunk.csv_header;
    delivery.pilot = source.pilot;
    delivery.cursors = chunk.cursors;
    delivery.done = [answer](Reply reply) { answer->set(std::move(reply)); };
    port.deliver(std::move(delivery));
    const auto reply = answer->wait();
    if (reply.status == Reply::Status::committed) {
      reader.advance(chunk);
      return true;
    }
    if (reply.status == Reply::Status::refused) {  // the same again will not help
      if (log != nullptr)
        log->error("a chunk of a file source was refused", {{"source", source.name}, {"err", reply.detail}});
      reader.give_up(chunk);
      return true;
    }
    if (pause(wait, false)) return false;
  }
}

/// Waits; in longer waits goes on looking for rotations, as a file renamed twice unseen cannot be found again. True
/// when stopped.
bool FileTail::Impl::pause(Millis time, bool until_changed) {
  const auto until = steady_clock::now() + time;
  for (;;) {
    const auto rest = std::chrono::ceil<Millis>(until - steady_clock::now());
    const auto why = wake.wait(std::clamp(rest, Millis{0}, std::max(source.poll_interval, Millis{1})), true);
    if (why == TailWake::Why::stopped) return true;
    if (steady_clock::now() >= until) return false;
    // A busy folder of many files must not be looked at all the time.
    const auto soonest = looked_at + std::max<steady_clock::duration>(shortest_gap, look_took * 8);
    const auto gap = std::chrono::ceil<Millis>(std::min(soonest, until) - steady_clock::now());
    if (gap > Millis{0} && wake.wait(gap, false) == TailWake::Why::stopped) return true;
    if (until_changed && why == TailWake::Why::changed) return false;
    look();
  }
}

void FileTail::Impl::look() {
  const auto started = steady_clock::now();
  try {
    reader.look();
  } catch (const std::exception&) {
    ++failed_steps;
  }
  looked_at = steady_clock::now();
  look_took = looked_at - started;
  publish();
}

void FileTail::Impl::publish() {
  TailStats now = reader.stats();
  now.read_errors += failed_steps;
  now.watches = wake.watches();
  now.watch_errors = wake.errors();
  const auto before = stats.with([&](TailStats& published) { return std::exchange(published, now); });
  if (log != nullptr) tell(before, now);
}

/// What somebody may want to look into.
void FileTail::Impl::tell(const TailStats& before, const TailStats& now) const {
  if (now.lost_bytes() > before.lost_bytes()) {
    log->warn("bytes of a file were lost before they were read",
              {{"source", source.name}, {"bytes", now.lost_bytes() - before.lost_bytes()}});
  }
  if (now.rotations_truncate > before.rotations_truncate)
    log->warn("a file was truncated; it is read from its beginning", {{"source", source.name}});
  if (now.watch_errors > before.watch_errors)
    log->warn("inotify cannot watch a folder; its files are polled only", {{"source", source.name}});
  if (now.read_errors > 0 && before.read_errors == 0)
    log->warn("a file or folder cannot be read; it is tried again", {{"source", source.name}});
}

FileTail::FileTail(const settings::Source& source, std::uint64_t max_line_bytes, std::vector<Cursor> from, Port& port,
                   const runtime::Log* log)
    : impl_(std::make_unique<Impl>(source, max_line_bytes, std::move(from), port, log)) {}

FileTail::~FileTail() { stop(); }

void FileTail::start() {
  impl_->thread = std::thread([impl = impl_.get()] { impl->run(); });
}

void FileTail::stop() {
  impl_->wake.stop();
  if (impl_->thread.joinable()) impl_->thread.join();
}

TailStats FileTail::stats() const {
  return impl_->stats.with([](const TailStats& stats) { return stats; });
}

const std::string& FileTail::name() const { return impl_->source.name; }

}  // namespace pilotwatch::sources
