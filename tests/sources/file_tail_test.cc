// SPDX-License-Identifier: Apache-2.0
#include "sources/file_tail.h"

#include <catch2/catch.hpp>
#include <chrono>
#include <condition_variable>
#include <future>
#include <mutex>
#include <stdexcept>
#include <vector>

#include "support/scratch_dir.h"

using namespace pilotwatch;
using namespace pilotwatch::sources;
using pilotwatch::testing::append;
using pilotwatch::testing::ScratchDir;
using namespace std::chrono_literals;

namespace {

Reply reply_of(Reply::Status status) {
  Reply reply;
  reply.status = status;
  return reply;
}

/// Keeps every delivery; answers it at once with `status`, or not at all until the test does.
class FakePort final : public Port {
 public:
  void deliver(Delivery delivery) override {
    std::unique_lock lock(mutex_);
    const auto done = delivery.done;
    const auto status = status_;
    if (throw_once_) {
      throw_once_ = false;
      throw std::runtime_error("no memory");
    }
    deliveries_.push_back(std::move(delivery));
    changed_.notify_all();
    lock.unlock();
    if (status) done(reply_of(*status));
  }
  void answer_with(std::optional<Reply::Status> status) {
    const std::lock_guard lock(mutex_);
    status_ = status;
  }
  void throw_once() {
    const std::lock_guard lock(mutex_);
    throw_once_ = true;
  }
  /// The delivery of that number, as soon as it has come.
  Delivery wait_for(std::size_t number) {
    std::unique_lock lock(mutex_);
    if (!changed_.wait_for(lock, 20s, [&] { return deliveries_.size() > number; })) {
      throw std::runtime_error("delivery " + std::to_string(number) + " did not come");
    }
    return deliveries_[number];
  }
  std::size_t count() {
    const std::lock_guard lock(mutex_);
    return deliveries_.size();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Delivery> deliveries_;
  std::optional<Reply::Status> status_ = Reply::Status::committed;
  bool throw_once_ = false;
};

struct Tailing {
  explicit Tailing(Millis poll = 5ms) {
    source.name = "audit";
    source.kind = settings::SourceKind::file;
    source.files = {dir.path() / "log"};
    source.pilot = "loans";
    source.poll_interval = poll;
  }
  FakePort port;
  ScratchDir dir;
  settings::Source source;
};

}  // namespace

TEST_CASE("file tail: delivers lines with their cursor, as the settings say whose they are") {
  Tailing t;
  append(t.source.files.front(), "a\n");
  FileTail tail(t.source, 1000, {}, t.port);
  tail.start();
  const auto first = t.port.wait_for(0);
  CHECK(first.bytes == "a\n");
  CHECK(first.source == &t.source);
  CHECK(first.source->pilot == "loans");
  CHECK(first.stream == record::Stream::unknown);
  REQUIRE(first.cursors.size() == 1);
  CHECK(first.cursors[0].source == "audit");
  CHECK(first.cursors[0].offset == 2);
  append(t.source.files.front(), "b\n");
  CHECK(t.port.wait_for(1).bytes == "b\n");
  tail.stop();
  CHECK(t.port.count() == 2);
  CHECK(tail.stats().unread_bytes == 0);
  CHECK(tail.stats().active_files == 1);
  CHECK(tail.name() == "audit");

  append(t.source.files.front(), "c\n");
  FileTail next(t.source, 1000, t.port.wait_for(1).cursors, t.port);
  next.start();
  CHECK(t.port.wait_for(2).bytes == "c\n");
}

TEST_CASE("file tail: what is refused is delivered again, unchanged, until it is committed") {
  Tailing t;
  t.port.answer_with(Reply::Status::overloaded);
  append(t.source.files.front(), "a\n");
  FileTail tail(t.source, 1000, {}, t.port);
  tail.start();
  t.port.wait_for(0);
  append(t.source.files.front(), "b\n");
  CHECK(t.port.wait_for(1).bytes == "a\n");
  t.port.answer_with(Reply::Status::unavailable);
  t.port.wait_for(2);
  t.port.answer_with(Reply::Status::committed);
  std::size_t at = 2;
  while (t.port.wait_for(at).bytes == "a\n") ++at;
  CHECK(t.port.wait_for(at).bytes == "b\n");
  CHECK(at > 2);
}

TEST_CASE("file tail: looks for rotations while it waits to be heard") {
  Tailing t(1ms);
  t.port.answer_with(Reply::Status::overloaded);
  append(t.source.files.front(), "1\n");
  FileTail tail(t.source, 1000, {}, t.port);
  tail.start();
  t.port.wait_for(0);
  std::filesystem::rename(t.source.files.front(), t.dir.path() / "gone");
  append(t.source.files.front(), "2\n");
  t.port.wait_for(2);  // pauses of 100 and 200 ms lie between: many looks
  std::filesystem::rename(t.source.files.front(), t.dir.path() / "gone");
  append(t.source.files.front(), "3\n");
  t.port.answer_with(Reply::Status::committed);
  std::string all;
  for (std::size_t i = 0; all.size() < 4 || all.substr(all.size() - 2) != "3\n"; ++i) all += t.port.wait_for(i).bytes;
  CHECK(all.substr(all.size() - 6) == "1\n2\n3\n");
}

TEST_CASE("file tail: stop interrupts the poll interval and the back-off") {
  Tailing t(std::chrono::hours{1});
  const bool refused = GENERATE(false, true);
  if (refused) t.port.answer_with(Reply::Status::unavailable);
  append(t.source.files.front(), "a\n");
  FileTail tail(t.source, 1000, {}, t.port);
  tail.start();
  t.port.wait_for(refused ? 3 : 0);  // after four refusals the pause is 800 ms
  auto stopped = std::async(std::launch::async, [&] { tail.stop(); });
  CHECK(stopped.wait_for(500ms) == std::future_status::ready);
}

TEST_CASE("file tail: stop waits for the reply that is under way") {
  Tailing t;
  t.port.answer_with(std::nullopt);
  append(t.source.files.front(), "a\n");
  FileTail tail(t.source, 1000, {}, t.port);
  tail.start();
  const auto delivery = t.port.wait_for(0);
  auto stopped = std::async(std::launch::async, [&] { tail.stop(); });
  CHECK(stopped.wait_for(50ms) == std::future_status::timeout);
  delivery.done(reply_of(Reply::Status::committed));
  CHECK(stopped.wait_for(10s) == std::future_status::ready);
  CHECK(tail.stats().unread_bytes == 0);  // the commit counted
  CHECK(t.port.count() == 1);
}

TEST_CASE("file tail: an exception is counted and does not end the tail") {
  Tailing t;
  t.port.throw_once();
  append(t.source.files.front(), "a\n");
  FileTail tail(t.source, 1000, {}, t.port);
  tail.start();
  CHECK(t.port.wait_for(0).bytes == "a\n");
  CHECK(tail.stats().read_errors == 1);
}

TEST_CASE("file tail: stopping without having started is allowed, and twice") {
  Tailing t;
  FileTail idle(t.source, 1000, {}, t.port);
  idle.stop();
  idle.stop();
  CHECK(idle.stats().active_files == 0);
}
