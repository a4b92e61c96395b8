// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/steady.h"
#include "base/time.h"
#include "record/delivery.h"
#include "runtime/log.h"
#include "settings/settings.h"
#include "sinks/http_post.h"

namespace pilotwatch::sinks {

/// What the senders know of the outbox. Any thread; each call is atomic and durable when it returns, and throws
/// std::exception where the store cannot be used.
class Outbox {
 public:
  virtual ~Outbox() = default;
  /// The one that waits for the webhook and is to be tried first.
  [[nodiscard]] virtual std::optional<record::Delivery> next(const std::string& webhook) = 0;
  /// What has become of one.
  virtual void note(const record::Delivery& delivery) = 0;
  /// Whatever waits for the webhook becomes `disabled`; returns how many.
  virtual std::uint64_t give_up(const std::string& webhook) = 0;
  [[nodiscard]] virtual record::DeliveryBacklog backlog(const std::string& webhook) = 0;
  /// A small text that is kept for the webhook; "" at first.
  [[nodiscard]] virtual std::string memo(const std::string& webhook) = 0;
  virtual void set_memo(const std::string& webhook, const std::string& text) = 0;
};

/// Why an attempt failed; label `reason`. `store`: what became of it could not be written, so it is made again.
enum class WebhookFailure : std::uint8_t {
  http_3xx,
  http_4xx,
  http_5xx,
  throttled,
  gone,
  timeout,
  unreachable,
  tls,
  address_refused,
  secret,
  store
};
inline constexpr const char* webhook_failure_names[] = {
    "http_3xx",    "http_4xx", "http_5xx",        "throttled", "gone", "timeout",
    "unreachable", "tls",      "address_refused", "secret",    "store"};
inline constexpr std::size_t webhook_failure_count = std::size(webhook_failure_names);

struct WebhookStats {
  std::string webhook;
  std::uint64_t sent = 0, attempts = 0;
  std::array<std::uint64_t, webhook_failure_count> failures{};  ///< attempts, by WebhookFailure
  std::uint64_t exhausted = 0, dropped_disabled = 0;            ///< events given up
  record::GaveWay gave_way;                                     ///< and these
  std::uint64_t queue_length = 0, queue_capacity = 0;
  std::uint64_t queue_bytes = 0, queue_capacity_bytes = 0;  ///< of bodies
  std::optional<Instant> oldest;                            ///< commit time of the oldest that waits
  std::optional<Instant> disabled_since;                    ///< it answered 410
  std::optional<Instant> last_success;
  double seconds = 0;  ///< spent on attempts
  std::string last_error;
};

/// How storing events fares, of all webhooks together.
struct OutboxStats {
  std::vector<std::pair<const char*, std::uint64_t>> failures;  ///< writes, by reason
  std::uint64_t unwritten = 0;                                  ///< events that wait for a write
  bool degraded = false;                                        ///< the last write failed
  /// Events that were given up, by webhook: those of webhooks that are not in the settings, those that damage took.
  std::map<std::string, std::uint64_t> removed{}, damaged{};
};

/// What an attempt's answer says; of 2xx nullopt.
[[nodiscard]] std::optional<WebhookFailure> webhook_failure(const PostResult& result);

/// Sends what waits in the outbox, by a thread ("pw-webhook") for each webhook.
class Webhooks {
 public:
  using Connect = std::function<Send(const settings::Webhook&)>;
  /// `log`: may be null. All must outlive it.
  Webhooks(const settings::Notify& notify, Outbox& outbox, const Clock& clock, const runtime::Log* log,
           const SteadyClock& steady = system_steady_clock(), const Connect& connect = by_libcurl);
  ~Webhooks();
  Webhooks(const Webhooks&) = delete;
  Webhooks& operator=(const Webhooks&) = delete;

  void start();
  /// Without start(): what the webhook's thread would do next, see WebhookTarget::step(). `webhook`: its number in the
  /// settings.
  std::optional<Millis> step(std::size_t webhook);
  /// So many events have come into the outbox, and so many had to give way, by webhook. Any thread, never blocks.
  void added(const std::map<std::string, std::uint64_t>& events,
             const std::map<std::string, record::GaveWay>& gave_way);
  /// Whether its events are to be `disabled` from the start; then they count as dropped. Any thread.
  [[nodiscard]] bool refuses(const std::string& webhook);
  /// After a 410: sends to it again from now on. False: there is no webhook of that name. Throws where the store cannot
  /// be written. Any thread.
  bool enable(const std::string& webhook);
  /// Tries what is due for at most `grace`; the rest waits in the store.
  void begin_stop(Millis grace);
  void stop(Millis grace);  ///< the same, and joins
  [[nodiscard]] std::vector<WebhookStats> stats() const;

  /// Where addresses must be public ones, or in `allow_networks`.
  [[nodiscard]] static Send by_libcurl(const settings::Webhook& webhook);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace pilotwatch::sinks
