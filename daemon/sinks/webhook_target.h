// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <condition_variable>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <thread>

#include "sinks/webhook.h"

namespace pilotwatch::sinks {

/// One webhook, and what is done about its answers. start() gives it a thread ("pw-webhook"):
///
///   until stopped (and then for the grace, while something is due):
///     step: the event that is due first -> sign, post
///       2xx                  -> delivered
///       410                  -> disabled: what waits is given up, until enable() or another URL; of an attempt that
///                               began before enable() it is any other failure
///       anything else        -> again after the next pause of `retries`, later where Retry-After says so; then given
///       up no answer, 429, 502 to 504 -> and nothing else is sent to it for a while
///
/// What became of an attempt is written before the next one: who is killed in between makes it again, under the same
/// id. added(), refuses(), enable(), begin_stop() and stats(): any thread.
class WebhookTarget {
 public:
  WebhookTarget(const settings::Webhook& hook, Outbox& outbox, const Clock& clock, const SteadyClock& steady,
                const runtime::Log* log, Send send);
  ~WebhookTarget();
  WebhookTarget(const WebhookTarget&) = delete;
  WebhookTarget& operator=(const WebhookTarget&) = delete;

  [[nodiscard]] const std::string& name() const { return hook_.name; }
  void start();
  void added(std::uint64_t events, record::GaveWay gave_way);
  [[nodiscard]] bool refuses();
  void enable();
  void begin_stop(Millis grace);
  void join();
  [[nodiscard]] WebhookStats stats() const;

  /// One attempt, if one is due. Returns how long to wait before the next (0 = not at all); nullopt: nothing waits, it
  /// is disabled, or the grace is over.
  std::optional<Millis> step();

 private:
  void run();
  void recall();
  std::optional<Millis> round();
  std::optional<Millis> attempt(record::Delivery delivery);
  PostResult post(const record::Delivery& delivery, std::span<const std::string> keys, Instant now);
  void failed(record::Delivery& delivery, WebhookFailure failure, const PostResult& result, Instant now);
  void tell_exhausted(const record::Delivery& delivery);
  bool disable(record::Delivery& delivery, Instant now, std::uint64_t enablings);
  void discard();
  void hold_off(WebhookFailure failure, const PostResult& result);
  void count(WebhookFailure failure, const std::string& error);
  void tell_given_up(bool all);
  void refresh_backlog();
  [[nodiscard]] Millis lengthened(Millis pause);
  [[nodiscard]] Millis doubled_pause(unsigned times);
  void settle();
  [[nodiscard]] bool out_of_time() const;
  [[nodiscard]] bool stopping() const;
  [[nodiscard]] std::uint64_t enablings() const;
  [[nodiscard]] std::string memo_of(Instant since) const;

  const settings::Webhook hook_;
  Outbox& outbox_;
  const Clock& clock_;
  const SteadyClock& steady_;
  const runtime::Log* const log_;

  // Of who calls step().
  Send send_;
  std::minstd_rand jitter_;
  unsigned in_a_row_ = 0;  ///< attempts without an answer, or throttled
  SteadyTime not_before_{};
  /// What became of an attempt. Until it stands in the outbox nothing else is sent: it would be sent again.
  struct Outcome {
    record::Delivery delivery;  ///< as it is to be noted
    std::optional<WebhookFailure> failure;
    Instant at;
    std::uint64_t enablings = 0;  ///< before the attempt
  };
  std::optional<Outcome> unnoted_;
  unsigned store_failures_ = 0;  ///< in a row
  bool complained_ = false;  ///< said that it fails, not yet that it does no longer
  SteadyTime next_tell_{};   ///< of events given up
  bool old_memo_ = false;    ///< of another URL: to be taken away, or it would count where that comes back

  std::mutex enabling_;  ///< held by who disables, gives up since it is disabled, or enables; taken before `mutex_`

  mutable std::mutex mutex_;  ///< guards what follows
  std::condition_variable changed_;
  WebhookStats stats_;
  record::GaveWay untold_;       ///< not in the log yet
  std::uint64_t enablings_ = 0;  ///< so far
  bool woken_ = false, stopping_ = false;
  SteadyTime deadline_ = SteadyTime::max();
  std::thread thread_;
};

}  // namespace pilotwatch::sinks
