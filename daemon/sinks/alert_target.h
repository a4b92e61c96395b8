// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>
#include <random>
#include <span>
#include <thread>
#include <vector>

#include "base/steady.h"
#include "sinks/alert_queue.h"
#include "sinks/alert_target_log.h"
#include "sinks/alertmanager.h"
#include "sinks/http_post.h"

namespace pilotwatch::sinks {

/// One Alertmanager: its queue, and what is done about its answers. start() gives it a thread ("pw-alert"):
///
///   until stopped (and then for the grace, while there is something):
///     step: take the oldest alerts, post them
///       refused (400, 413, 422)   -> halve until the bad one is alone, drop that
///       anything else             -> put them back, pause longer each time
///
/// push(), begin_stop(), resume(), connect(), ended() and stats(): any thread.
class AlertTarget {
 public:
  AlertTarget(const settings::Notify& notify, const settings::Alertmanager& to, const Clock& clock,
              const SteadyClock& steady, Post post, const runtime::Log* log);
  ~AlertTarget();
  AlertTarget(const AlertTarget&) = delete;
  AlertTarget& operator=(const AlertTarget&) = delete;

  void start();
  void push(const std::vector<Alert>& alerts);
  /// A second time the earlier end holds.
  void begin_stop(Millis grace);
  /// Takes begin_stop() back: it goes on with what waits. False: it has ended.
  [[nodiscard]] bool resume();
  /// From the next request on it is posted by that.
  void connect(Post post);
  void join();
  /// Whether it was told to stop and has nothing to do any more: join() does not wait.
  [[nodiscard]] bool ended() const;
  [[nodiscard]] TargetStats stats() const;
  [[nodiscard]] const std::string& name() const { return name_; }

  /// One round: posts what is first in the queue. Returns how long to wait before the next one (0 = not at all);
  /// nullopt: nothing waits, or the grace is over.
  std::optional<Millis> step();

 private:
  using Alerts = std::span<const Alert>;

  void run();
  Millis round();
  bool send(Alerts alerts, std::vector<Alert>& again);
  PostResult post(Alerts alerts);
  void note(const PostResult& result, double seconds, Instant asked);
  void refuse(const Alert& alert, const PostResult& result);
  void settle(std::vector<Alert> again);
  void pause(Millis time, bool was_stopping);
  [[nodiscard]] Millis next_pause();
  [[nodiscard]] bool out_of_time() const;

  const std::string name_;
  const std::uint64_t batch_size_;
  const Millis timeout_, validity_;
  const Clock& clock_;
  const SteadyClock& steady_;

  // Of who calls step().
  Post post_;
  std::minstd_rand jitter_;
  unsigned failures_ = 0;  ///< rounds in a row
  std::optional<Millis> retry_after_;
  AlertTargetLog log_;

  bool taken_ = false, refused_any_ = false;  ///< of this round

  mutable std::mutex mutex_;  ///< guards what follows
  std::condition_variable changed_;
  std::optional<Post> next_post_;  ///< instead of post_
  AlertQueue queue_;
  RefusedAlerts refused_;
  TargetStats stats_;
  std::uint64_t under_way_ = 0;
  unsigned refused_rounds_ = 0;  ///< in a row in which it has taken nothing
  bool stopping_ = false, ended_ = false;
  SteadyTime deadline_ = SteadyTime::max();
  std::thread thread_;
};

}  // namespace pilotwatch::sinks
