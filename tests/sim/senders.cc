// SPDX-License-Identifier: Apache-2.0
#include "sim/senders.h"

#include <chrono>
#include <fstream>
#include <system_error>
#include <utility>

#include "sim/check.h"

namespace pilotwatch::sim {
namespace {

namespace fs = std::filesystem;
using Cursors = std::vector<record::Cursor>;

Cursors to_stored(FileNumbers& numbers, Cursors cursors) {
  for (auto& cursor : cursors) {
    numbers.device = cursor.device;
    const auto [at, fresh] = numbers.number.try_emplace(cursor.inode, numbers.inodes.size());
    if (fresh) numbers.inodes.push_back(cursor.inode);
    cursor.device = 1;
    cursor.inode = at->second;
    cursor.seen_ms = 1'483'000'000'000;
  }
  return cursors;
}

Cursors from_stored(const FileNumbers& numbers, Cursors cursors) {
  const auto now = std::chrono::duration_cast<Millis>(std::chrono::system_clock::now().time_since_epoch()).count();
  for (auto& cursor : cursors) {
    cursor.device = numbers.device;
    cursor.inode = numbers.inodes.at(cursor.inode);
    cursor.seen_ms = now;
  }
  return cursors;
}

}  // namespace

Answer deliver(Life& life, const Disk& disk, sources::Delivery delivery) {
  auto answer = std::make_shared<std::optional<sources::Reply>>();
  delivery.done = [answer, &disk](sources::Reply reply) {
    if (disk.dead()) return;  // there is no process any more that could say so
    require(!answer->has_value(), "a delivery was answered twice");
    *answer = std::move(reply);
  };
  life.intake().deliver(std::move(delivery));
  return answer;
}

void Client::step(Life& life, bool may_begin) {
  if (answer_ && *answer_) answered(**answer_);
  if (answer_ && stage_.random.one_in(30)) answer_.reset();  // it gives up waiting: the same again
  if (answer_ || stage_.time.passed() < not_before_) return;
  if (may_begin && (waiting_.empty() || stage_.random.one_in(4))) begin();
  if (waiting_.empty()) return;
  if (stage_.random.one_in(6) && waiting_.size() > 1) std::swap(waiting_.front(), waiting_.back());
  sources::Delivery delivery;
  delivery.source = &stage_.settings.http;
  delivery.bytes = waiting_.front().bytes;
  answer_ = deliver(life, stage_.disk, std::move(delivery));
}

void Client::begin() {
  std::string bytes;
  for (auto lines = stage_.random.between(1, 6); lines > 0; --lines) {
    bytes += stage_.story.line(stage_.time.wall());
    if (stage_.random.one_in(15)) bytes += bytes.substr(0, bytes.find('\n') + 1);  // the same twice in one body
  }
  waiting_.push_back(stage_.ledger.body("http", std::move(bytes), stage_.time.wall()));
}

void Client::answered(const sources::Reply& reply) {
  using Status = sources::Reply::Status;
  require(
      reply.status == Status::committed || reply.status == Status::overloaded || reply.status == Status::unavailable,
      "a body was refused for good: " + reply.detail);
  if (reply.status == Status::committed) {
    auto body = std::move(waiting_.front());
    waiting_.pop_front();
    stage_.ledger.acknowledged(body, reply.accepted, reply.duplicate, reply.rejected);
    if (stage_.random.one_in(12)) waiting_.push_back(std::move(body));  // its answer was lost on the way
  } else {
    not_before_ = stage_.time.passed() + std::chrono::seconds{reply.retry_after_s};
  }
  answer_.reset();
}

void LogWriter::step(bool followed) {
  auto bytes = std::exchange(unfinished_, "");
  for (auto lines = stage_.random.between(0, 3); lines > 0; --lines) {
    auto line = stage_.story.line(stage_.time.wall());
    const auto body = stage_.ledger.body("log", line, stage_.time.wall());
    bytes += line;
  }
  if (bytes.size() > 1 && stage_.random.one_in(5)) {  // the writer is in the middle of a line
    const auto half = bytes.size() - 1 - stage_.random.below(std::min<std::size_t>(bytes.size() - 1, 40));
    unfinished_ = bytes.substr(half);
    bytes.resize(half);
  }
  write(bytes);
  if (followed && unfinished_.empty() && written_ > 600 && rotations_ < 6 && stage_.random.one_in(4)) rotate();
}

void LogWriter::write(const std::string& bytes) {
  std::ofstream out(file_, std::ios::binary | std::ios::app);
  out << bytes << std::flush;
  if (!out) throw std::runtime_error("cannot write " + file_.string());
  out.close();
  written_ += bytes.size();
  fs::last_write_time(
      file_, std::chrono::file_clock::from_sys(std::chrono::sys_seconds{std::chrono::seconds{++time_of_change_}}));
}

void LogWriter::rotate() {
  for (auto number = rotations_; number > 0; --number)
    fs::rename(file_.string() + "." + std::to_string(number), file_.string() + "." + std::to_string(number + 1));
  fs::rename(file_, file_.string() + ".1");
  ++rotations_;
  written_ = 0;
}

Tail::Tail(Stage& stage, Life& life)
    : stage_(stage),
      source_(stage.settings.sources.front()),
      reader_(source_, stage.settings.ingest.max_line_bytes,
              from_stored(stage.numbers, life.journal().cursors(source_.name))) {}

void Tail::step(Life& life) {
  if (answer_ && *answer_) {
    const auto reply = **answer_;
    answer_.reset();
    require(reply.status != sources::Reply::Status::refused, "lines of a file were refused for good");
    if (reply.status == sources::Reply::Status::committed) {
      reader_.advance(*chunk_);
      begun_ = true;
      chunk_.reset();
    } else {
      not_before_ = stage_.time.passed() + Millis{stage_.random.between(100, 5000)};
    }
  }
  if (answer_ || stage_.time.passed() < not_before_) return;
  if (!chunk_) chunk_ = reader_.next();
  idle_ = !chunk_.has_value();
  if (chunk_) send(life);
}

void Tail::send(Life& life) {
  sources::Delivery delivery;
  delivery.source = &source_;
  delivery.bytes = chunk_->bytes;
  delivery.cursors = to_stored(stage_.numbers, chunk_->cursors);
  answer_ = deliver(life, stage_.disk, std::move(delivery));
}

}  // namespace pilotwatch::sim
