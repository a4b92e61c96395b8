// SPDX-License-Identifier: Apache-2.0
#include "app/watchdog.h"

#include <pthread.h>

#include <chrono>

#include "app/core.h"

namespace pilotwatch::app {
namespace {

constexpr std::chrono::milliseconds pause{250};

}  // namespace

void Watchdog::start() {
  if (!service_.is_asked_for() || thread_.joinable()) return;
  service_.resume();
  thread_ = std::thread([this] { run(); });
}

void Watchdog::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void Watchdog::run() {
  pthread_setname_np(pthread_self(), "pw-watchdog");
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    const auto now = std::chrono::steady_clock::now();
    if (service_.due(now)) {
      core_.poke();
      service_.look(core_.turns(), now);
    }
    changed_.wait_for(lock, pause, [this] { return stopping_; });
  }
}

}  // namespace pilotwatch::app
