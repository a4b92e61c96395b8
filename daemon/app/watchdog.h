// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <condition_variable>
#include <mutex>
#include <thread>

#include "runtime/service_manager.h"

namespace pilotwatch::app {

class Core;

/// Feeds systemd's watchdog while the core's loop goes round: a thread of its own ("pw-watchdog"), since the main
/// thread waits for files, which says nothing against a daemon that judges. None where systemd does not ask.
class Watchdog {
 public:
  explicit Watchdog(Core& core) : core_(core) {}
  ~Watchdog() { stop(); }
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;

  /// From now on; what took long by right is over.
  void start();
  void stop();
  /// What follows may take an hour: who follows reads the store first.
  void hold() { service_.hold(); }

 private:
  void run();

  Core& core_;
  runtime::ServiceWatchdog service_;  ///< of the thread, while it runs
  std::mutex mutex_;
  std::condition_variable changed_;
  bool stopping_ = false;  ///< guarded by mutex_
  std::thread thread_;
};

}  // namespace pilotwatch::app
