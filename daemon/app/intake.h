// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <thread>

#include "app/core.h"
#include "base/id.h"
#include "base/steady.h"
#include "decode/decode.h"
#include "mapping/translator.h"
#include "sinks/self_stats.h"
#include "sources/port.h"
#include "sources/tap.h"

namespace pilotwatch::app {

/// The one thread ("pw-intake") between sources and core: unpack -> map -> decode. It owns decoder and translators.
///
/// Everything taken and not yet answered is "in the house", and bounded: by number, by bytes, and by the time that
/// working it off would take at the pace of the last seconds (Ingest::max_queue_time), so that under overload an answer
/// is never long in coming: it is a refusal, at once. What follows a file has a cursor and at most one delivery under
/// way; it is always taken, or busy clients would keep it out for ever.
class Intake final : public sources::Port {
 public:
  struct Parts {
    const settings::Settings& settings;
    Core& core;
    const Clock& clock;
    const runtime::Log& log;
    sources::Tap& tap;
    IdKey key;
    const SteadyClock& steady = system_steady_clock();
    Drive drive = Drive::thread;
  };
  explicit Intake(Parts parts);
  ~Intake() override;

  void start();
  /// Refuses what comes from now on, hands on what waits, joins. Before Core::stop(). Not by the destructor where there
  /// is no thread.
  void stop();
  /// Drive::steps: one turn of the loop, without waiting. False: nothing waits.
  bool step();

  void deliver(sources::Delivery delivery) override;
  [[nodiscard]] std::optional<sources::Reply> refuses(std::uint64_t bytes) override;
  /// Fills what the intake knows. Any thread.
  void describe(sinks::SelfStats& out) const;

 private:
  /// What the last deliveries of one packing took.
  struct Pace {
    double seconds_per_byte = 0;  ///< here, of a byte as it came
    double expansion = 0;         ///< bytes that it became
  };

  void run();
  void process(sources::Delivery delivery);
  [[nodiscard]] bool unpack(sources::Delivery& delivery);
  [[nodiscard]] std::optional<Decoded> read(sources::Delivery& delivery);
  [[nodiscard]] decode::Input input_of(const sources::Delivery& delivery) const;
  void show(const sources::Delivery& delivery, std::vector<std::string> events,
            const std::vector<record::Reject>& rejects);
  [[nodiscard]] std::optional<sources::Reply> refusal(std::uint64_t bytes, bool always);
  [[nodiscard]] double seconds_for(const sources::Delivery& delivery) const;
  void count_in(sources::Delivery& delivery, double seconds);
  void learn(Packing packing, std::uint64_t wire_bytes, std::uint64_t bytes, double seconds);
  mapping::Translator& translator(const settings::Source& source);

  Parts parts_;
  decode::Decoder decoder_;
  std::map<const settings::Source*, mapping::Translator> translators_;

  mutable std::mutex mutex_;  // guards the block below, up to the blank line
  std::condition_variable wake_;
  std::deque<sources::Delivery> waiting_;
  std::uint64_t house_requests_ = 0, house_bytes_ = 0;
  double house_seconds_ = 0;   ///< of clients; what follows files is not charged to them
  std::array<Pace, 3> paces_;  ///< by Packing
  bool stopping_ = true;

  std::thread thread_;
  std::atomic<std::uint64_t> overloaded_ = 0, unavailable_ = 0, damaged_ = 0, unpacked_too_large_ = 0, strict_ = 0,
                             failed_ = 0;
};

}  // namespace pilotwatch::app
