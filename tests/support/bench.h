// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <filesystem>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <utility>

#include "app/core.h"
#include "app/intake.h"
#include "support/scenario.h"

namespace pilotwatch::testing {

class FixedClock final : public Clock {
 public:
  [[nodiscard]] Instant now() const override { return Instant{Millis{ms.load()}}; }
  std::atomic<std::int64_t> ms = at("2026-06-01T00:00:00Z").time_since_epoch().count();
};

inline const runtime::Log& quiet_log() {
  static std::ostringstream nowhere;
  static const runtime::Log log([] {
    runtime::LogOptions options;
    options.level = runtime::LogLevel::error;
    options.out = &nowhere;
    return options;
  }());
  return log;
}

/// A daemon without sockets: journal, fold and core over one folder, restored but not started.
class Bench {
 public:
  explicit Bench(const std::filesystem::path& folder, settings::Settings given,
                 std::function<void(const judge::Snapshot&)> publish = {}, std::optional<Instant> now = {})
      : settings(std::move(given)),
        journal(folder, {.overwrite = settings.retention.has_value(), .max_bytes = settings.max_store_bytes}),
        fold(settings),
        outbox(settings.notify.webhooks.empty() ? nullptr : std::make_unique<Outbox>(*this)),
        core(app::Core::Parts{settings, journal, fold, clock, quiet_log(), dead_letters, std::move(publish),
                              system_steady_clock(), Drive::thread, outbox ? &outbox->writer : nullptr}),
        intake(app::Intake::Parts{settings, core, clock, quiet_log(), tap, IdKey{}}) {
    if (now) clock.ms = now->time_since_epoch().count();
    core.restore();
  }

  void start() {
    core.start();
    intake.start();
  }
  /// Finishes what waits and writes a checkpoint.
  void stop() {
    intake.stop();
    core.stop();
  }

  std::future<sources::Reply> deliver(std::string lines, std::optional<record::Cursor> cursor = std::nullopt) {
    auto promise = std::make_shared<std::promise<sources::Reply>>();
    auto future = promise->get_future();
    sources::Delivery delivery;
    delivery.source = &settings.http;
    delivery.bytes = std::move(lines);
    if (cursor) delivery.cursors.push_back(*std::move(cursor));
    delivery.done = [promise](sources::Reply reply) { promise->set_value(std::move(reply)); };
    intake.deliver(std::move(delivery));
    return future;
  }

  std::shared_ptr<const judge::Snapshot> fresh() {
    std::promise<std::shared_ptr<const judge::Snapshot>> promise;
    auto future = promise.get_future();
    core.fresh([&promise](auto snapshot) { promise.set_value(std::move(snapshot)); });
    return future.get();
  }

  std::string saved() {
    std::string out;
    fold.save(true, [&](const std::string& name, const std::string& bytes) { out += name + "\n" + bytes + "\n"; });
    return out;
  }

  /// For webhooks that nobody sends to.
  struct Outbox {
    explicit Outbox(Bench& bench)
        : store(bench.journal),
          senders(bench.settings.notify, store, bench.clock, nullptr),
          writer(bench.settings, bench.journal, senders, url, quiet_log()) {}
    std::string url = "http://x";
    app::StoredOutbox store;
    sinks::Webhooks senders;
    app::OutboxWriter writer;
  };

  FixedClock clock;
  settings::Settings settings;
  journal::Journal journal;
  judge::Fold fold;
  std::unique_ptr<Outbox> outbox;
  sources::DeadLetterBox dead_letters{100};
  sources::Tap tap;
  app::Core core;
  app::Intake intake;
};

/// As after `kill -9`: what is on disk at this moment, in another place.
inline void copy_store(const std::filesystem::path& from, const std::filesystem::path& to) {
  std::filesystem::create_directory(to);
  for (const auto* file : {"pilotwatch.db", "pilotwatch.db-wal"}) {
    if (std::filesystem::exists(from / file)) std::filesystem::copy_file(from / file, to / file);
  }
}

inline std::uint64_t predictions(const judge::Snapshot& snapshot) {
  std::uint64_t sum = 0;
  for (const auto& version : snapshot.pilots.at(0).counters.versions) sum += version.predictions;
  return sum;
}

}  // namespace pilotwatch::testing
