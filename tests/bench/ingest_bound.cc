// SPDX-License-Identifier: Apache-2.0
// What ingest could do at best with the project's own parts and nothing between them: ingest_bound CONFIG FILE RECORDS
//
//   parse   the lines of FILE, RECORDS at a time, decoded by one thread
//   store   the same, and a second thread that writes whatever waits as one entry: encode, compress, one durable commit
//   commit  a bare SQLite table in WAL mode: one line, one durable commit
//
// No HTTP, no state. Prints one JSON object: records a second by the clock, and by the processor time of the process.
#include <sys/resource.h>

#include <chrono>
#include <condition_variable>
#include <deque>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <mutex>
#include <sstream>
#include <thread>

#include "decode/decode.h"
#include "journal/journal.h"
#include "journal/sqlite.h"
#include "settings/load.h"
#include "support/scratch_dir.h"

namespace {

using namespace pilotwatch;
using std::chrono::steady_clock;

constexpr std::size_t most_waiting = 64;  // bodies

double processor_seconds() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) { return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6; };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

std::vector<std::string_view> bodies_of(std::string_view text, std::size_t lines) {
  std::vector<std::string_view> out;
  std::size_t start = 0, count = 0;
  for (std::size_t at = text.find('\n'); at != std::string_view::npos; at = text.find('\n', at + 1)) {
    if (++count % lines != 0) continue;
    out.push_back(text.substr(start, at + 1 - start));
    start = at + 1;
  }
  return out;
}

record::Submission submission_of(decode::Decoder& decoder, std::string_view body) {
  decode::Input input;
  input.bytes = body;
  input.any_time = true;
  record::Submission out;
  out.source = "http";
  out.batch = decoder.decode(input).batch;
  out.bytes = body.size();
  return out;
}

/// Hands entries from the thread that decodes to the one that writes.
class Handover {
 public:
  void put(record::Submission submission) {
    std::unique_lock lock(mutex_);
    room_.wait(lock, [this] { return waiting_.size() < most_waiting; });
    waiting_.push_back(std::move(submission));
    wake_.notify_one();
  }
  void end() {
    const std::lock_guard lock(mutex_);
    ended_ = true;
    wake_.notify_one();
  }
  /// Everything that waits; empty: that was all.
  std::vector<record::Submission> take() {
    std::unique_lock lock(mutex_);
    wake_.wait(lock, [this] { return !waiting_.empty() || ended_; });
    std::vector<record::Submission> out(std::make_move_iterator(waiting_.begin()), std::make_move_iterator(waiting_.end()));
    waiting_.clear();
    room_.notify_one();
    return out;
  }

 private:
  std::mutex mutex_;
  std::condition_variable wake_, room_;
  std::deque<record::Submission> waiting_;
  bool ended_ = false;
};

struct Measured {
  double wall = 0, processor = 0;
};

template <class Body>
Measured measure(Body&& body) {
  const auto start = steady_clock::now();
  const double before = processor_seconds();
  body();
  return {std::chrono::duration<double>(steady_clock::now() - start).count(), processor_seconds() - before};
}

std::size_t parse(const settings::Settings& settings, const std::vector<std::string_view>& bodies) {
  decode::Decoder decoder(settings, IdKey{1});
  std::size_t records = 0;
  for (const auto body : bodies) records += submission_of(decoder, body).batch.records.size();
  return records;
}

void store(const settings::Settings& settings, const std::vector<std::string_view>& bodies) {
  const testing::ScratchDir dir;
  journal::Journal journal(dir.path());
  Handover handover;
  std::thread writer([&] {
    while (true) {
      record::Entry entry;
      entry.submissions = handover.take();
      if (entry.submissions.empty()) return;
      journal.append(entry, {});
      journal.tend_wal();
    }
  });
  decode::Decoder decoder(settings, IdKey{1});
  for (const auto body : bodies) handover.put(submission_of(decoder, body));
  handover.end();
  writer.join();
}

/// Mean milliseconds of one.
double bare_commit(std::string_view text) {
  constexpr std::size_t commits = 2000;
  const testing::ScratchDir dir;
  journal::Database database((dir.path() / "bare.db").string());
  database.run("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; CREATE TABLE lines (body BLOB)");
  journal::Statement insert(database, "INSERT INTO lines VALUES (?)");
  const auto lines = bodies_of(text.substr(0, std::min<std::size_t>(text.size(), 2 << 20)), 1);
  const auto taken = measure([&] {
    for (std::size_t i = 0; i < commits; ++i) insert.bind_blob(1, lines[i % lines.size()]).run();
  });
  return 1e3 * taken.wall / commits;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    std::cerr << "ingest_bound CONFIG FILE RECORDS\n";
    return 2;
  }
  const auto loaded = settings::load(argv[1]);
  const auto* settings = std::get_if<settings::Settings>(&loaded);
  if (settings == nullptr) {
    std::cerr << argv[1] << " is no valid configuration\n";
    return 2;
  }
  std::ifstream in(argv[2], std::ios::binary);
  std::stringstream text;
  text << in.rdbuf();
  const std::string content = std::move(text).str();
  const auto bodies = bodies_of(content, std::stoull(argv[3]));
  std::size_t records = 0;
  const auto parsed = measure([&] { records = parse(*settings, bodies); });
  const auto stored = measure([&] { store(*settings, bodies); });
  const double commit_ms = bare_commit(content);
  const auto rate = [&](double seconds) { return static_cast<double>(records) / seconds; };
  std::cout << "{\"records\": " << records << ", \"parse_per_cpu_s\": " << rate(parsed.processor)
            << ", \"store_per_s\": " << rate(stored.wall) << ", \"store_per_cpu_s\": " << rate(stored.processor) << ", \"bare_commit_ms\": " << commit_ms << "}\n";
}
