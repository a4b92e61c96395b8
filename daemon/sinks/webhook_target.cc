// SPDX-License-Identifier: Apache-2.0
#include "sinks/webhook_target.h"

#include <pthread.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/id.h"
#include "base/text.h"
#include "sinks/webhook_message.h"
#include "sinks/webhook_signature.h"

namespace pilotwatch::sinks {
namespace {

using record::Delivery;
using record::DeliveryState;

constexpr Millis first_hold{1'000}, longest_hold{60'000};
constexpr Millis longest_asked_hold = std::chrono::hours{1};    ///< of the webhook, by Retry-After
constexpr Millis longest_asked_pause = std::chrono::hours{24};  ///< of one event, by Retry-After
constexpr Millis longest_pause = std::chrono::hours{30};        ///< more than any other: a clock was set back
constexpr Millis longest_wait = std::chrono::minutes{1};        ///< of the thread: clocks may be set
constexpr Millis between_tellings = std::chrono::minutes{1};    ///< of events given up, in the log

/// The same for the same name, so that a run can be repeated.
std::minstd_rand seeded_by(const std::string& name) { return std::minstd_rand(content_hash(name).lo | 1U); }

}  // namespace

std::optional<WebhookFailure> webhook_failure(const PostResult& result) {
  const auto status = result.status;
  if (status >= 200 && status < 300) return std::nullopt;
  if (status == 410) return WebhookFailure::gone;
  if (status == 429 || (status >= 502 && status <= 504)) return WebhookFailure::throttled;
  if (status >= 500) return WebhookFailure::http_5xx;
  if (status >= 400) return WebhookFailure::http_4xx;
  if (status >= 100) return WebhookFailure::http_3xx;
  switch (result.failure) {
    case PostFailure::timeout:
      return WebhookFailure::timeout;
    case PostFailure::tls:
      return WebhookFailure::tls;
    case PostFailure::address_refused:
      return WebhookFailure::address_refused;
    default:
      return WebhookFailure::unreachable;
  }
}

WebhookTarget::WebhookTarget(const settings::Webhook& hook, Outbox& outbox, const Clock& clock,
                             const SteadyClock& steady, const runtime::Log* log, Send send)
    : hook_(hook),
      outbox_(outbox),
      clock_(clock),
      steady_(steady),
      log_(log),
      send_(std::move(send)),
      jitter_(seeded_by(hook.name)) {
  stats_.webhook = hook.name;
  stats_.queue_capacity = hook.queue_capacity;
  stats_.queue_capacity_bytes = hook.queue_bytes;
  recall();
}

WebhookTarget::~WebhookTarget() {
  begin_stop(Millis{0});
  join();
}

void WebhookTarget::start() {
  thread_ = std::thread([this] { run(); });
}

void WebhookTarget::join() {
  if (thread_.joinable()) thread_.join();
}

void WebhookTarget::added(std::uint64_t events, record::GaveWay gave_way) {
  const std::lock_guard lock(mutex_);
  stats_.queue_length += events;
  stats_.queue_length -= std::min(stats_.queue_length, gave_way.all());
  for (auto* sum : {&stats_.gave_way, &untold_}) {
    sum->events += gave_way.events;
    sum->bytes += gave_way.bytes;
  }
  woken_ = true;
  changed_.notify_all();
}

void WebhookTarget::begin_stop(Millis grace) {
  const std::lock_guard lock(mutex_);
  if (!stopping_) deadline_ = steady_.now() + grace;
  stopping_ = true;
  changed_.notify_all();
}

WebhookStats WebhookTarget::stats() const {
  const std::lock_guard lock(mutex_);
  return stats_;
}

void WebhookTarget::run() {
  pthread_setname_np(pthread_self(), "pw-webhook");
  while (true) {
    bool was_stopping = false;
    {
      const std::lock_guard lock(mutex_);
      woken_ = false;
      was_stopping = stopping_;
    }
    const auto wait = step();
    if (wait && *wait <= Millis{0}) continue;
    if (was_stopping) return tell_given_up(true);
    std::unique_lock lock(mutex_);
    const auto until = steady_.now() + std::min(wait.value_or(longest_wait), longest_wait);
    changed_.wait_until(lock, until, [this] { return woken_ || stopping_; });
  }
}

std::optional<Millis> WebhookTarget::step() {
  tell_given_up(false);
  if (out_of_time()) return std::nullopt;
  try {
    return round();
  } catch (const std::exception& error) {  // the store, or memory
    count(WebhookFailure::store, error.what());
    const auto pause = doubled_pause(++store_failures_);
    not_before_ = steady_.now() + pause;
    return pause;
  }
}

std::optional<Millis> WebhookTarget::round() {
  if (const auto held = std::chrono::ceil<Millis>(not_before_ - steady_.now()); store_failures_ > 0 && held > Millis{0})
    return stopping() ? std::nullopt : std::optional(held);
  if (unnoted_) settle();
  if (old_memo_) {
    outbox_.set_memo(hook_.name, "");
    old_memo_ = false;
  }
  bool disabled = false;
  {
    const std::lock_guard lock(mutex_);
    disabled = stats_.disabled_since.has_value();
  }
  if (disabled) {
    discard();
    return std::nullopt;
  }
  auto delivery = outbox_.next(hook_.name);
  store_failures_ = 0;
  refresh_backlog();
  if (!delivery) return std::nullopt;
  const auto held = std::chrono::ceil<Millis>(not_before_ - steady_.now());
  const auto early = delivery->next_attempt.value_or(Instant{}) - clock_.now();
  // A clock that was set back must not keep it: what has happened has happened before now.
  const bool set_back = delivery->last_attempt.value_or(delivery->created) > clock_.now();
  const auto wait = std::max(held, set_back || early > longest_pause ? Millis{0} : early);
  if (wait <= Millis{0}) return attempt(*std::move(delivery));
  return stopping() ? std::nullopt : std::optional(wait);
}

std::optional<Millis> WebhookTarget::attempt(Delivery delivery) {
  const auto keys = read_webhook_secrets(hook_.secret_files);
  if (keys.has_error()) {  // the event has nothing to do with it
    count(WebhookFailure::secret, keys.error().what);
    const auto pause = doubled_pause(++in_a_row_);
    not_before_ = steady_.now() + pause;
    return stopping() ? std::nullopt : std::optional(pause);
  }
  const Instant now = clock_.now();
  const auto before = enablings();
  const auto result = post(delivery, *keys, now);
  if (result.failure == PostFailure::given_up) return std::nullopt;
  ++delivery.attempts;
  delivery.last_attempt = now;
  delivery.next_attempt.reset();
  delivery.status = result.status;
  delivery.error.clear();
  const auto failure = webhook_failure(result);
  if (failure) {
    failed(delivery, *failure, result, now);
  } else {
    delivery.state = DeliveryState::delivered;
    in_a_row_ = 0;
  }
  unnoted_ = Outcome{std::move(delivery), failure, now, before};
  settle();
  refresh_backlog();
  return Millis{0};
}

/// Throws what the outbox throws; then it is to be called again.
void WebhookTarget::settle() {
  auto& [delivery, failure, at, enablings] = *unnoted_;
  const bool gone = failure == WebhookFailure::gone;
  if (gone && delivery.state != DeliveryState::disabled && disable(delivery, at, enablings)) delivery.next_attempt.reset();
  outbox_.note(delivery);
  const auto done = *std::exchange(unnoted_, std::nullopt);
  store_failures_ = 0;
  if (!done.failure) {
    const std::lock_guard lock(mutex_);
    ++stats_.sent;
    stats_.last_success = done.at;
  }
  if (!done.failure && std::exchange(complained_, false) && log_ != nullptr)
    log_->info("the webhook takes events again", {{"webhook", hook_.name}});
  if (done.delivery.state == DeliveryState::exhausted) tell_exhausted(done.delivery);
  if (gone) discard();
}

void WebhookTarget::tell_exhausted(const Delivery& delivery) {
  {
    const std::lock_guard lock(mutex_);
    ++stats_.exhausted;
  }
  if (log_ == nullptr) return;
  log_->error(
      "an event is given up: its webhook took it at no attempt",
      {{"webhook", hook_.name}, {"id", delivery.id}, {"attempts", delivery.attempts}, {"err", delivery.error}});
}

PostResult WebhookTarget::post(const Delivery& delivery, std::span<const std::string> keys, Instant now) {
  const auto began = steady_.now();
  Millis timeout = hook_.timeout;
  {
    const std::lock_guard lock(mutex_);
    if (deadline_ != SteadyTime::max()) timeout = std::min(timeout, std::chrono::ceil<Millis>(deadline_ - began));
  }
  PostResult result;
  result.failure = PostFailure::given_up;
  if (timeout <= Millis{0}) return result;  // 0 would mean for ever
  result = send_({delivery.body, webhook_headers(keys, delivery.id, now, delivery.body)}, timeout, now,
                 [this] { return out_of_time(); });
  // A stop cuts attempts short, which says nothing of the other side.
  if (result.status == 0 && out_of_time()) result.failure = PostFailure::given_up;
  const std::lock_guard lock(mutex_);
  ++stats_.attempts;
  stats_.seconds += std::chrono::duration<double>(steady_.now() - began).count();
  return result;
}

void WebhookTarget::failed(Delivery& delivery, WebhookFailure failure, const PostResult& result, Instant now) {
  // The answer's body is left out: it is the other side's, may repeat what was sent, and goes into a log that is shown.
  delivery.error =
      result.status == 0 ? to_valid_utf8(ellipsis(result.error, 200)) : "HTTP " + std::to_string(result.status);
  count(failure, delivery.error);
  hold_off(failure, result);
  if (delivery.attempts <= hook_.retries.size()) {
    const auto own = lengthened(hook_.retries[delivery.attempts - 1]);
    delivery.next_attempt = now + std::max(own, std::min(result.retry_after.value_or(Millis{0}), longest_asked_pause));
    return;
  }
  delivery.state = DeliveryState::exhausted;
}

/// A receiver that does not answer, or asks for less, is left alone: one event after the other would not make it
/// better.
void WebhookTarget::hold_off(WebhookFailure failure, const PostResult& result) {
  if (result.status != 0 && failure != WebhookFailure::throttled) {
    in_a_row_ = 0;
    return;
  }
  const auto own = doubled_pause(++in_a_row_);
  const auto asked = std::min(result.retry_after.value_or(Millis{0}), longest_asked_hold);
  not_before_ = steady_.now() + std::max(asked, own);
}

void WebhookTarget::count(WebhookFailure failure, const std::string& error) {
  {
    const std::lock_guard lock(mutex_);
    ++stats_.failures[static_cast<std::size_t>(failure)];
    stats_.last_error = error;
  }
  if (std::exchange(complained_, true) || log_ == nullptr) return;
  log_->warn(
      "the webhook fails",
      {{"webhook", hook_.name}, {"reason", webhook_failure_names[static_cast<std::size_t>(failure)]}, {"err", error}});
}

/// Now and then, with the sums: what comes while a receiver is dead may be much.
void WebhookTarget::tell_given_up(bool all) {
  record::GaveWay untold;
  {
    const std::lock_guard lock(mutex_);
    if (untold_.all() == 0 || (!all && steady_.now() < next_tell_)) return;
    untold = std::exchange(untold_, {});
  }
  next_tell_ = steady_.now() + between_tellings;
  if (log_ == nullptr) return;
  log_->error("the oldest events that waited for the webhook are given up, so that others can wait",
              {{"webhook", hook_.name}, {"queue_full", untold.events}, {"queue_bytes", untold.bytes}});
}

void WebhookTarget::refresh_backlog() {
  const auto backlog = outbox_.backlog(hook_.name);
  const std::lock_guard lock(mutex_);
  stats_.queue_length = backlog.waiting;
  stats_.queue_bytes = backlog.bytes;
  stats_.oldest = backlog.oldest;
}

/// By up to a fifth, so that those that failed together do not come back together.
Millis WebhookTarget::lengthened(Millis pause) {
  return pause + Millis{std::uniform_int_distribution<Millis::rep>(0, pause.count() / 5)(jitter_)};
}

/// Doubles from 1 s to 60 s, each time somewhere between a half and the whole.
/// After so many failures in a row, at least one.
Millis WebhookTarget::doubled_pause(unsigned times) {
  const Millis whole = std::min(longest_hold, first_hold * (1 << std::min(times - 1, 6U)));
  return Millis{std::uniform_int_distribution<Millis::rep>(whole.count() / 2, whole.count())(jitter_)};
}

bool WebhookTarget::out_of_time() const {
  const std::lock_guard lock(mutex_);
  return steady_.now() >= deadline_;
}

}  // namespace pilotwatch::sinks
