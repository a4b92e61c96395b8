// SPDX-License-Identifier: Apache-2.0
#include "sinks/alertmanager.h"

#include <pthread.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <random>
#include <thread>
#include <utility>

#include "base/guarded.h"
#include "base/text.h"
#include "sinks/alert_queue.h"
#include "sinks/http_post.h"

namespace pilotwatch::sinks {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr Millis first_pause{1'000}, longest_pause{30'000};
constexpr Millis longest_retry_after{5 * 60'000};  ///< firing alerts must come again before they end
constexpr Millis least_validity{15 * 60'000};

std::string alerts_url(std::string base) {
  while (!base.empty() && base.back() == '/') base.pop_back();
  return base + "/api/v2/alerts";
}

/// The same for the same name, so that a run can be repeated; other for others, so that they do not go in step.
std::minstd_rand seeded_by(const std::string& name) {
  std::uint32_t hash = 2166136261U;  // FNV-1a
  for (const char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 16777619U;
  return std::minstd_rand(hash);
}

/// One Alertmanager: its queue and its thread.
///
///   until stopped (and then for the grace, while there is something):
///     take the oldest alerts, post them
///     refused (400, 413, 422)   -> halve until the bad one is alone, drop that
///     anything else             -> put them back, pause longer each time
class Target {
 public:
  Target(const settings::Notify& notify, const settings::Alertmanager& to, const Clock& clock)
      : batch_size_(std::max<std::uint64_t>(notify.batch_size, 1)),
        timeout_(notify.timeout),
        validity_(std::max(4 * notify.resend_delay, least_validity)),
        clock_(clock),
        post_(alerts_url(to.url)),
        jitter_(seeded_by(to.name)),
        queue_(std::max<std::uint64_t>(notify.queue_capacity, 1)) {
    stats_.target = to.name;
    stats_.queue_capacity = std::max<std::uint64_t>(notify.queue_capacity, 1);
  }
  ~Target() {
    begin_stop(Millis{0});
    join();
  }
  Target(const Target&) = delete;
  Target& operator=(const Target&) = delete;

  void start() {
    thread_ = std::thread([this] { run(); });
  }
  void push(const std::vector<Alert>& alerts);
  void begin_stop(Millis grace);
  void join() {
    if (thread_.joinable()) thread_.join();
  }
  [[nodiscard]] TargetStats stats() const;

 private:
  using Alerts = std::span<const Alert>;

  void run();
  bool wait_for_work();
  void round();
  bool send(Alerts alerts, std::vector<Alert>& again);
  PostResult post(Alerts alerts);
  void note(const PostResult& result, double seconds);
  void pause(Millis time, bool was_stopping);
  [[nodiscard]] Millis next_pause();
  [[nodiscard]] bool out_of_time() const;

  const std::uint64_t batch_size_;
  const Millis timeout_, validity_;
  const Clock& clock_;

  // The thread's own.
  HttpPost post_;
  std::minstd_rand jitter_;
  unsigned failures_ = 0;  ///< rounds in a row
  std::optional<Millis> retry_after_;

  mutable std::mutex mutex_;  ///< guards what follows
  std::condition_variable changed_;
  AlertQueue queue_;
  TargetStats stats_;
  std::uint64_t under_way_ = 0;
  bool stopping_ = false;
  SteadyClock::time_point deadline_ = SteadyClock::time_point::max();
  std::thread thread_;
};

void Target::push(const std::vector<Alert>& alerts) {
  const std::lock_guard lock(mutex_);
  for (const Alert& alert : alerts) queue_.push(alert);
  changed_.notify_all();
}

void Target::begin_stop(Millis grace) {
  const std::lock_guard lock(mutex_);
  if (!stopping_) deadline_ = SteadyClock::now() + grace;
  stopping_ = true;
  changed_.notify_all();
}

TargetStats Target::stats() const {
  const std::lock_guard lock(mutex_);
  TargetStats out = stats_;
  out.dropped_overflow = queue_.dropped();
  out.queue_length = queue_.size() + under_way_;
  return out;
}

void Target::run() {
  pthread_setname_np(pthread_self(), "pw-alert");
  while (wait_for_work()) {
    try {
      round();
    } catch (const std::exception& e) {  // out of memory, at worst; what was taken comes again with the next resend
      const std::lock_guard lock(mutex_);
      stats_.last_error = e.what();
      under_way_ = 0;
    }
  }
}

bool Target::wait_for_work() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return stopping_ || queue_.size() > 0; });
  return queue_.size() > 0 && SteadyClock::now() < deadline_;
}

void Target::round() {
  std::vector<Alert> alerts;
  bool was_stopping = false;
  {
    const std::lock_guard lock(mutex_);
    was_stopping = stopping_;
    alerts = queue_.take(batch_size_);
    under_way_ = alerts.size();
  }
  std::vector<Alert> again;
  retry_after_.reset();
  send(alerts, again);
  const bool failed = !again.empty();
  {
    const std::lock_guard lock(mutex_);
    stats_.failed += again.size();
    queue_.put_back(std::move(again));
    under_way_ = 0;
  }
  failures_ = failed ? failures_ + 1 : 0;
  if (failed) pause(next_pause(), was_stopping);
}

/// False: there is no point in trying more of them now. What was not delivered is in `again`, except what was refused.
bool Target::send(Alerts alerts, std::vector<Alert>& again) {
  const PostResult result = post(alerts);
  const bool ok = result.status >= 200 && result.status < 300;
  // Only these speak of the alerts; 401, 403 or 404 speak of the address, and mending that must find them still queued.
  const bool refused = result.status == 400 || result.status == 413 || result.status == 422;
  if (ok || (refused && alerts.size() == 1)) {
    const std::lock_guard lock(mutex_);
    (ok ? stats_.sent : stats_.dropped_rejected) += alerts.size();
    if (ok) stats_.last_success = clock_.now();
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

PostResult Target::post(Alerts alerts) {
  const auto began = SteadyClock::now();
  Millis timeout = timeout_;
  {
    const std::lock_guard lock(mutex_);
    if (deadline_ != SteadyClock::time_point::max()) {
      timeout = std::min(timeout, std::chrono::ceil<Millis>(deadline_ - began));
    }
  }
  if (timeout <= Millis{0}) return {0, "stopped", "", {}, {}};  // 0 would mean for ever
  const Instant now = clock_.now();
  const auto result = post_.post(to_json(alerts, now, validity_), timeout, now, [this] { return out_of_time(); });
  note(result, std::chrono::duration<double>(SteadyClock::now() - began).count());
  return result;
}

void Target::note(const PostResult& result, double seconds) {
  const std::lock_guard lock(mutex_);
  ++stats_.requests;
  stats_.request_seconds += seconds;
  if (result.date) stats_.skew_seconds = to_seconds(*result.date) - to_seconds(clock_.now());
  if (result.status == 0) {
    stats_.last_error = result.error;
  } else if (result.status < 200 || result.status >= 300) {
    stats_.last_error = to_valid_utf8("HTTP " + std::to_string(result.status) + ": " + ellipsis(result.body, 200));
  }
}

/// Doubles from 1 s to 30 s, each time somewhere between a half and the whole; never less than the other side asked
/// for.
Millis Target::next_pause() {
  const Millis whole = std::min(longest_pause, first_pause * (1 << std::min(failures_ - 1, 5U)));
  const Millis own{std::uniform_int_distribution<Millis::rep>(whole.count() / 2, whole.count())(jitter_)};
  return std::max(own, std::min(retry_after_.value_or(Millis{0}), longest_retry_after));
}

/// A stop since the round began ends the pause: the last try must not wait for its turn. Pauses after that end at the
/// deadline.
void Target::pause(Millis time, bool was_stopping) {
  const auto until = SteadyClock::now() + time;
  std::unique_lock lock(mutex_);
  const auto limit = std::min(until, deadline_);
  changed_.wait_until(lock, limit, [&] { return stopping_ != was_stopping; });
}

bool Target::out_of_time() const {
  const std::lock_guard lock(mutex_);
  return SteadyClock::now() >= deadline_;
}

/// What was last queued of an alert.
struct Queued {
  Instant at, starts_at;
  std::optional<Instant> resolved_at;
};
using Known = std::map<std::map<std::string, std::string>, Queued>;

bool is_due(const Alert& alert, const Queued& last, Instant now, Millis resend_delay) {
  const bool changed = alert.resolved_at != last.resolved_at || alert.starts_at != last.starts_at;
  return changed || now < last.at || now - last.at >= resend_delay;  // a clock set back must not silence us
}

}  // namespace

struct Alertmanagers::Impl {
  Millis resend_delay{};
  std::vector<std::unique_ptr<Target>> targets;
  Guarded<Known> known;
};

Alertmanagers::Alertmanagers(const settings::Notify& notify, const Clock& clock) : impl_(std::make_unique<Impl>()) {
  impl_->resend_delay = notify.resend_delay;
  for (const auto& to : notify.alertmanagers) impl_->targets.push_back(std::make_unique<Target>(notify, to, clock));
}

Alertmanagers::~Alertmanagers() { stop(Millis{0}); }

void Alertmanagers::start() {
  for (const auto& target : impl_->targets) target->start();
}

void Alertmanagers::update(std::vector<Alert> alerts, Instant now) {
  // Under the lock to its end, so that two updates cannot queue the older version last.
  impl_->known.with([&](Known& known) {
    Known still;
    std::vector<Alert> due;
    for (Alert& alert : alerts) {
      const auto last = known.find(alert.labels);
      const bool send = last == known.end() || is_due(alert, last->second, now, impl_->resend_delay);
      still.emplace(alert.labels, send ? Queued{now, alert.starts_at, alert.resolved_at} : last->second);
      if (send) due.push_back(std::move(alert));
    }
    known = std::move(still);
    if (due.empty()) return;
    for (const auto& target : impl_->targets) target->push(due);
  });
}

void Alertmanagers::stop(Millis grace) {
  for (const auto& target : impl_->targets) target->begin_stop(grace);
  for (const auto& target : impl_->targets) target->join();
}

std::vector<TargetStats> Alertmanagers::stats() const {
  std::vector<TargetStats> out;
  for (const auto& target : impl_->targets) out.push_back(target->stats());
  return out;
}

}  // namespace pilotwatch::sinks
