// SPDX-License-Identifier: Apache-2.0
#include "sinks/alert_target.h"

#include <pthread.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/text.h"

namespace pilotwatch::sinks {
namespace {

constexpr Millis first_pause{1'000}, longest_pause{30'000};
constexpr Millis longest_retry_after{5 * 60'000};  ///< firing alerts must come again before they end
constexpr unsigned rounds_that_tell = 3;  ///< of one whose only alert that is due is a bad one a round says little
constexpr Millis least_validity{15 * 60'000};

/// The same for the same name, so that a run can be repeated; other for others, so that they do not go in step.
std::minstd_rand seeded_by(const std::string& name) {
  std::uint32_t hash = 2166136261U;  // FNV-1a
  for (const char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 16777619U;
  return std::minstd_rand(hash);
}

/// Seconds by which the other side's clock is ahead, at least: when in the time between asking and the answer it looked
/// at its clock is not known.
double skew_of(Instant date, Instant asked, Instant answered) {
  const auto first = std::min(asked, answered), last = std::max(asked, answered);  // our own clock may have been set
  if (date > last) return to_seconds(date) - to_seconds(last);
  return date < first ? to_seconds(date) - to_seconds(first) : 0;
}

/// "" where alerts were taken.
std::string error_of(const PostResult& result) {
  if (result.status == 0) return to_valid_utf8(result.error);
  if (result.status >= 200 && result.status < 300) return {};
  const auto text = beginning_of(result.body);
  return "HTTP " + std::to_string(result.status) + (text.empty() ? "" : ": " + text);
}

}  // namespace

AlertTarget::AlertTarget(const settings::Notify& notify, const settings::Alertmanager& to, const Clock& clock,
                         const SteadyClock& steady, Post post, const runtime::Log* log)
    : name_(to.name),
      batch_size_(std::max<std::uint64_t>(notify.batch_size, 1)),
      timeout_(notify.timeout),
      validity_(std::max(4 * std::max(notify.resend_delay, notify.evaluation_interval), least_validity)),
      clock_(clock),
      steady_(steady),
      post_(std::move(post)),
      jitter_(seeded_by(to.name)),
      log_(log, to.name, steady),
      queue_(std::max<std::uint64_t>(notify.queue_capacity, 1)) {
  stats_.target = to.name;
  stats_.url = to.url;
  stats_.queue_capacity = std::max<std::uint64_t>(notify.queue_capacity, 1);
}

AlertTarget::~AlertTarget() {
  begin_stop(Millis{0});
  join();
}

void AlertTarget::start() {
  thread_ = std::thread([this] { run(); });
}

void AlertTarget::join() {
  if (thread_.joinable()) thread_.join();
}

void AlertTarget::push(const std::vector<Alert>& alerts) {
  const std::lock_guard lock(mutex_);
  for (const Alert& alert : alerts) queue_.push(alert);
  changed_.notify_all();
}

void AlertTarget::begin_stop(Millis grace) {
  const std::lock_guard lock(mutex_);
  deadline_ = std::min(deadline_, steady_.now() + grace);
  stopping_ = true;
  changed_.notify_all();
}

bool AlertTarget::resume() {
  const std::lock_guard lock(mutex_);
  if (ended_) return false;
  deadline_ = SteadyTime::max();
  stopping_ = false;
  changed_.notify_all();
  return true;
}

void AlertTarget::connect(Post post) {
  const std::lock_guard lock(mutex_);
  next_post_ = std::move(post);
}

TargetStats AlertTarget::stats() const {
  const std::lock_guard lock(mutex_);
  TargetStats out = stats_;
  out.dropped_overflow = queue_.dropped();
  out.queue_length = queue_.size() + under_way_;
  out.refused = refused_.newest();
  if (stopping_) {
    out.state = TargetState::draining;
  } else if (out.failing_since) {
    out.state = TargetState::failing;
  } else if (refused_rounds_ >= (stats_.last_success ? rounds_that_tell : 1)) {
    out.state = TargetState::refusing;
  } else {
    out.state = out.requests > 0 ? TargetState::ok : TargetState::idle;
  }
  return out;
}

bool AlertTarget::ended() const {
  const std::lock_guard lock(mutex_);
  return ended_;
}

void AlertTarget::run() {
  pthread_setname_np(pthread_self(), "pw-alert");
  while (true) {
    bool was_stopping = false;
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return stopping_ || queue_.size() > 0; });
      was_stopping = stopping_;
    }
    const auto wait = step();
    if (!wait && ended()) return;
    if (wait && *wait > Millis{0}) pause(*wait, was_stopping);
  }
}

std::optional<Millis> AlertTarget::step() {
  {
    const std::lock_guard lock(mutex_);
    if (queue_.size() == 0 || steady_.now() >= deadline_) {
      ended_ = stopping_;  // with the same lock: who resumes it comes before that, or is told
      return std::nullopt;
    }
  }
  try {
    return round();
  } catch (const std::exception& e) {  // out of memory, at worst; what was taken comes again with the next resend
    const std::lock_guard lock(mutex_);
    stats_.last_error = e.what();
    stats_.last_error_at = clock_.now();
    under_way_ = 0;
    return Millis{0};
  }
}

Millis AlertTarget::round() {
  std::vector<Alert> alerts;
  {
    const std::lock_guard lock(mutex_);
    alerts = queue_.take(batch_size_);
    under_way_ = alerts.size();
  }
  std::vector<Alert> again;
  retry_after_.reset();
  taken_ = refused_any_ = false;
  send(alerts, again);
  const bool failed = !again.empty();
  settle(std::move(again));
  failures_ = failed ? failures_ + 1 : 0;
  return failed ? next_pause() : Millis{0};
}

/// `again`: what has to be sent again of the round.
void AlertTarget::settle(std::vector<Alert> again) {
  const bool failed = !again.empty();
  std::string error;
  std::uint64_t waiting = 0;
  {
    const std::lock_guard lock(mutex_);
    stats_.failed += again.size();
    queue_.put_back(std::move(again));
    under_way_ = 0;
    if (taken_) refused_rounds_ = 0;
    if (refused_any_ && !taken_) ++refused_rounds_;
    if (!failed) stats_.failing_since.reset();
    if (failed && !stats_.failing_since) stats_.failing_since = clock_.now();
    error = stats_.last_error;
    waiting = queue_.size();
  }
  if (failed) return log_.fails(error, waiting);
  if (taken_) log_.works();  // what is refused is said by itself
}

/// False: there is no point in trying more of them now. What was not delivered is in `again`, except what was refused.
bool AlertTarget::send(Alerts alerts, std::vector<Alert>& again) {
  const PostResult result = post(alerts);
  const bool ok = result.status >= 200 && result.status < 300;
  // Only these speak of the alerts; 401, 403 or 404 speak of the address, and mending that must find them still queued.
  const bool refused = result.status == 400 || result.status == 413 || result.status == 422;
  if (ok || (refused && alerts.size() == 1)) {
    if (!ok) refuse(alerts.front(), result);
    const std::lock_guard lock(mutex_);
    (ok ? stats_.sent : stats_.dropped_rejected) += alerts.size();
    if (ok) stats_.last_success = clock_.now();
    // One bad alert among others that are taken is no state of the Alertmanager; where nothing is taken it is.
    (ok ? taken_ : refused_any_) = true;
    return true;
  }
  if (!refused) {
    again.insert(again.end(), alerts.begin(), alerts.end());
    retry_after_ = result.retry_after;
    return false;
  }
  // One bad alert must not keep the others back. Those sent twice are the same to Alertmanager.
  const auto half = alerts.size() / 2;
  if (send(alerts.first(half), again)) return send(alerts.subspan(half), again);
  again.insert(again.end(), alerts.begin() + static_cast<std::ptrdiff_t>(half), alerts.end());
  return false;
}

PostResult AlertTarget::post(Alerts alerts) {
  const auto began = steady_.now();
  Millis timeout = timeout_;
  {
    const std::lock_guard lock(mutex_);
    if (next_post_) post_ = std::move(*std::exchange(next_post_, std::nullopt));
    if (deadline_ != SteadyTime::max()) {
      timeout = std::min(timeout, std::chrono::ceil<Millis>(deadline_ - began));
    }
  }
  if (timeout <= Millis{0}) return {0, "stopped", "", {}, {}};  // 0 would mean for ever
  const Instant now = clock_.now();
  const auto result = post_(to_json(alerts, now, validity_), timeout, now, [this] { return out_of_time(); });
  note(result, std::chrono::duration<double>(steady_.now() - began).count(), now);
  return result;
}

void AlertTarget::note(const PostResult& result, double seconds, Instant asked) {
  const Instant now = clock_.now();
  std::optional<double> skew;
  if (result.date) skew = skew_of(*result.date, asked, now);
  {
    const std::lock_guard lock(mutex_);
    ++stats_.requests;
    stats_.request_seconds += seconds;
    if (skew) stats_.skew_seconds = skew;
    if (const auto error = error_of(result); !error.empty()) {
      stats_.last_error = error;
      stats_.last_error_at = now;
    }
  }
  if (skew) log_.clock_differs(*skew);
}

void AlertTarget::refuse(const Alert& alert, const PostResult& result) {
  bool told = false;
  {
    const std::lock_guard lock(mutex_);
    told = refused_.note(alert, result, clock_.now(), steady_.now());
  }
  if (told) log_.refused(alert, result);
}

/// Doubles from 1 s to 30 s, each time somewhere between a half and the whole; never less than the other side asked
/// for.
Millis AlertTarget::next_pause() {
  const Millis whole = std::min(longest_pause, first_pause * (1 << std::min(failures_ - 1, 5U)));
  const Millis own{std::uniform_int_distribution<Millis::rep>(whole.count() / 2, whole.count())(jitter_)};
  return std::max(own, std::min(retry_after_.value_or(Millis{0}), longest_retry_after));
}

/// A stop since the round began ends the pause: the last try must not wait for its turn. Pauses after that end at the
/// deadline.
void AlertTarget::pause(Millis time, bool was_stopping) {
  const auto until = steady_.now() + time;
  std::unique_lock lock(mutex_);
  const auto limit = std::min(until, deadline_);
  changed_.wait_until(lock, limit, [&] { return stopping_ != was_stopping; });
}

bool AlertTarget::out_of_time() const {
  const std::lock_guard lock(mutex_);
  return steady_.now() >= deadline_;
}

}  // namespace pilotwatch::sinks
