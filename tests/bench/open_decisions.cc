// SPDX-License-Identifier: Apache-2.0
// Many decisions that wait for their outcome: what they take of memory and disk, and how fast others come and join.
//
//   open_decisions FOLDER [--decisions 10000000] [--memory 1073741824] [--limits] [--joins 500000]
//       a store in FOLDER is filled with decisions (34 bytes each with two attributes and three classes), 5,000 a commit, by
//       the core itself: committed to the journal, folded, moved to disk. A row for each power of ten. Then outcomes: of
//       recent decisions, of decisions in the order in which they were made, and of any; then all of the first
//       again, as duplicates. `--limits`: with a limit on a budget, so that every decision waits for its horizon.
//   open_decisions FOLDER --start      how long a start takes with what is in FOLDER
//   open_decisions --check             small; exit 1 where memory goes beyond its bound, or a decision is lost
#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <future>
#include <random>
#include <sstream>
#include <string>

#include "app/core.h"
#include "support/scratch_dir.h"

namespace {

using namespace pilotwatch;
using std::chrono::steady_clock;

struct Options {
  std::filesystem::path folder;
  std::uint64_t decisions = 10'000'000, memory = 1ULL << 30, joins = 500'000;
  bool limits = false, start = false, check = false;
};

double seconds_since(steady_clock::time_point start) {
  return std::chrono::duration<double>(steady_clock::now() - start).count();
}

double processor_seconds() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) { return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6; };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

double resident() {
  std::ifstream statm("/proc/self/statm");
  double all = 0, resident_pages = 0;
  statm >> all >> resident_pages;
  return resident_pages * static_cast<double>(::sysconf(_SC_PAGESIZE));
}

std::uint64_t mixed(std::uint64_t x) {  // splitmix64
  x += 0x9E3779B97F4A7C15;
  x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9;
  x = (x ^ x >> 27) * 0x94D049BB133111EB;
  return x ^ x >> 31;
}
Id128 id_of(std::uint64_t number) { return {mixed(2 * number), mixed(2 * number + 1)}; }

settings::Settings settings_of(const Options& options) {
  settings::Settings out;
  out.decision_memory = options.memory;
  settings::Pilot pilot;
  pilot.name = "p";
  pilot.task = settings::Task::multiclass;
  pilot.classes = {"approve", "refer", "reject"};
  pilot.clock = settings::PilotClock::event;
  pilot.windows = {{settings::WindowKind::day, 0}, {settings::WindowKind::week, 0}};
  pilot.outcome_horizon = std::chrono::hours{24 * 365};
  pilot.segments.attributes = {"region", "sex"};
  if (options.limits) {
    settings::Limit limit;
    limit.name = "errors";
    limit.metric = settings::Metric::error_rate;
    limit.max = 0.2;
    limit.window = {settings::WindowKind::week, 0};
    limit.evidence = settings::Evidence::budget;
    pilot.limits.push_back(limit);
  }
  out.pilots.push_back(std::move(pilot));
  return out;
}

const runtime::Log& log_to_stderr() {
  static const runtime::Log log([] {
    runtime::LogOptions options;
    options.level = runtime::LogLevel::warn;
    options.out = nullptr;
    return options;
  }());
  return log;
}

/// A daemon's core over one folder.
class Daemon {
 public:
  explicit Daemon(const Options& options)
      : settings_(settings_of(options)),
        journal_(options.folder),
        fold_(settings_),
        core_(app::Core::Parts{settings_, journal_, fold_, clock_, log_to_stderr(), letters_, {}}) {
    core_.restore();
    core_.start();
  }
  ~Daemon() { core_.stop(); }

  /// `records` of numbers first, first + 1, ...; returns what was a duplicate.
  std::uint64_t send(std::uint64_t first, std::uint64_t records) {
    return send(records, [&](record::Batch& batch, std::uint64_t i) {
      const auto number = first + i;
      record::Prediction p;
      p.id = id_of(number);
      p.time = start_ + Millis{static_cast<std::int64_t>(number)};  // a thousand a second
      p.prediction = static_cast<record::StringRef>(2 + mixed(number) % 3);
      p.segments = {{5, static_cast<record::StringRef>(7 + number % 8)}, {6, static_cast<record::StringRef>(15 + number % 2)}};
      batch.records.push_back({1, 0, std::move(p)});
    });
  }
  template <class Number>
  std::uint64_t join(std::uint64_t records, std::uint64_t seed, Number&& number_of) {
    return send(records, [&](record::Batch& batch, std::uint64_t i) {
      const auto number = number_of(i);
      record::Outcome o;
      o.prediction_id = id_of(number);
      o.time = start_ + Millis{static_cast<std::int64_t>(number) + 60'000};
      o.actual = static_cast<record::StringRef>(2 + mixed(number + seed) % 3);
      o.content = mixed(number ^ seed);
      batch.records.push_back({1, 0, std::move(o)});
    });
  }
  sinks::SelfStats stats() {
    sinks::SelfStats out;
    core_.describe(out);
    return out;
  }
  [[nodiscard]] std::uint64_t entries() const { return journal_.last_sequence(); }

 private:
  static constexpr std::uint64_t batch_records = 5'000;
  template <class Make>
  std::uint64_t send(std::uint64_t records, Make&& make) {
    std::uint64_t duplicates = 0;
    std::deque<std::future<sources::Reply>> waiting;
    for (std::uint64_t done = 0; done < records || !waiting.empty();) {
      if (done < records && waiting.size() < 4) {
        app::Decoded delivery;
        delivery.source = &settings_.http;
        delivery.submission.source = "http";
        auto& batch = delivery.submission.batch;
        batch.strings = {"", "p", "approve", "refer", "reject", "region", "sex", "r0", "r1", "r2", "r3", "r4", "r5", "r6", "r7", "f", "m"};
        const auto some = std::min(batch_records, records - done);
        for (std::uint64_t i = 0; i < some; ++i) make(batch, done + i);
        done += some;
        delivery.submission.bytes = some * 100;
        auto promise = std::make_shared<std::promise<sources::Reply>>();
        waiting.push_back(promise->get_future());
        delivery.done = [promise](sources::Reply reply) { promise->set_value(std::move(reply)); };
        core_.submit(std::move(delivery));
        continue;
      }
      const auto reply = waiting.front().get();
      waiting.pop_front();
      if (reply.status != sources::Reply::Status::committed) {
        std::fprintf(stderr, "a delivery was refused: %s\n", reply.detail.c_str());
        std::exit(1);
      }
      duplicates += reply.duplicate;
    }
    return duplicates;
  }

  class WallClock final : public Clock {
   public:
    [[nodiscard]] Instant now() const override { return *parse_rfc3339("2026-06-01T00:00:00Z"); }
  };
  WallClock clock_;
  settings::Settings settings_;
  journal::Journal journal_;
  judge::Fold fold_;
  sources::DeadLetterBox letters_{100};
  app::Core core_;
  Instant start_ = *parse_rfc3339("2026-01-01T00:00:00Z");
};

double folder_bytes(const std::filesystem::path& folder) {
  double out = 0;
  for (const auto& file : std::filesystem::directory_iterator(folder)) out += static_cast<double>(file.file_size());
  return out;
}

class Table {
 public:
  explicit Table(Daemon& daemon, const Options& options) : daemon_(daemon), options_(options) { begin(); }
  static void head() {
    std::printf("%-34s %10s %9s %9s %9s %10s %10s %9s %9s %9s\n", "what", "records", "1000/s", "us CPU", "RSS MB", "decisions",
                "on disk", "table MB", "store MB", "blocks");
  }
  void begin() {
    start_ = steady_clock::now();
    processor_ = processor_seconds();
    blocks_ = daemon_.stats().decision_blocks_read;
  }
  void row(const char* what, std::uint64_t records) {
    const auto seconds = seconds_since(start_), processor = processor_seconds() - processor_;
    const auto stats = daemon_.stats();
    std::printf("%-34s %10llu %9.0f %9.2f %9.0f %10llu %10llu %9.0f %9.0f %9llu\n", what, static_cast<unsigned long long>(records),
                static_cast<double>(records) / seconds / 1e3, processor / static_cast<double>(records) * 1e6, resident() / 1e6,
                static_cast<unsigned long long>(stats.decisions_in_memory + stats.decisions_on_disk),
                static_cast<unsigned long long>(stats.decisions_on_disk), static_cast<double>(stats.decision_bytes) / 1e6,
                folder_bytes(options_.folder) / 1e6,
                static_cast<unsigned long long>(stats.decision_blocks_read - blocks_));
    std::fflush(stdout);
    begin();
  }

 private:
  Daemon& daemon_;
  const Options& options_;
  steady_clock::time_point start_;
  double processor_ = 0;
  std::uint64_t blocks_ = 0;
};

int fill(const Options& options) {
  std::printf("before: RSS %.0f MB\n", resident() / 1e6);
  Daemon daemon(options);
  Table::head();
  Table table(daemon, options);
  std::uint64_t sent = 0, doubled = 0;
  double greatest = 0;
  for (std::uint64_t next = 100'000; sent < options.decisions; next = next < 10'000'000 ? next * 10 : next + 10'000'000) {
    const auto upto = std::min(next, options.decisions), records = upto - sent;
    for (; sent < upto; sent += std::min<std::uint64_t>(500'000, upto - sent)) {
      doubled += daemon.send(sent, std::min<std::uint64_t>(500'000, upto - sent));
      greatest = std::max(greatest, static_cast<double>(daemon.stats().decision_bytes));
    }
    table.row("predictions", records);
  }
  const auto joins = std::min(options.joins, options.decisions / 4);
  std::mt19937_64 rng{1};
  doubled += daemon.join(joins, 1, [&](std::uint64_t i) { return options.decisions - 1 - i; });
  table.row("outcomes, newest first", joins);
  doubled += daemon.join(joins, 2, [&](std::uint64_t i) { return i; });
  table.row("outcomes, oldest first", joins);
  daemon.join(joins / 10, 3, [&](std::uint64_t) { return rng() % options.decisions; });
  table.row("outcomes of any", joins / 10);
  const auto again = daemon.send(0, joins);
  table.row("the oldest once more", joins);
  const auto stats = daemon.stats();
  greatest = std::max(greatest, static_cast<double>(stats.decision_bytes));
  std::printf("table at most %.0f MB of %.0f; blocks read in vain %llu\n", greatest / 1e6, static_cast<double>(options.memory) / 1e6,
              static_cast<unsigned long long>(stats.decision_false_hits));
  const bool lost = doubled > 0 || again != joins || stats.decisions_in_memory + stats.decisions_on_disk != options.decisions;
  if (lost) std::printf("FAILED: %llu doubled, %llu of %llu known\n", static_cast<unsigned long long>(doubled),
                        static_cast<unsigned long long>(again), static_cast<unsigned long long>(joins));
  const bool within = greatest <= static_cast<double>(options.memory);
  if (!within) std::printf("FAILED: memory beyond its bound\n");
  return lost || !within ? 1 : 0;
}

int start(const Options& options) {
  const auto begin = steady_clock::now();
  Daemon daemon(options);
  const auto ready = seconds_since(begin);
  const auto stats = daemon.stats();
  std::printf("ready after %.2f s, RSS %.0f MB, %llu decisions, of them %llu on disk, %llu entries\n", ready, resident() / 1e6,
              static_cast<unsigned long long>(stats.decisions_in_memory + stats.decisions_on_disk),
              static_cast<unsigned long long>(stats.decisions_on_disk), static_cast<unsigned long long>(daemon.entries()));
  Table::head();
  Table table(daemon, options);
  daemon.join(20'000, 4, [](std::uint64_t i) { return 37 * i; });
  table.row("outcomes right after the start", 20'000);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    const auto number = [&] { return i + 1 < argc ? std::strtoull(argv[++i], nullptr, 10) : 0; };
    if (word == "--decisions") options.decisions = number();
    else if (word == "--memory") options.memory = number();
    else if (word == "--joins") options.joins = number();
    else if (word == "--limits") options.limits = true;
    else if (word == "--start") options.start = true;
    else if (word == "--check") options.check = true;
    else options.folder = word;
  }
  if (!options.check) return options.start ? start(options) : fill(options);
  const testing::ScratchDir dir;
  options.folder = dir.path() / "store";
  options.decisions = 600'000;
  options.memory = 16 << 20;
  options.joins = 100'000;
  options.limits = true;
  if (const auto failed = fill(options); failed != 0) return failed;
  return start(options);
}
