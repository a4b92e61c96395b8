// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <pthread.h>

#include <condition_variable>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <utility>

#include "base/steady.h"

namespace pilotwatch::app {

/// A thread ("pw-commit") that does one thing at a time for its owner, who goes on meanwhile; with Drive::steps the owner
/// does it itself, at once. One owner, one thread.
class Committer {
 public:
  explicit Committer(Drive drive) : drive_(drive) {
    if (drive_ == Drive::thread) thread_ = std::thread([this] { run(); });
  }
  ~Committer() {
    {
      const std::lock_guard lock(mutex_);
      ending_ = true;
    }
    changed_.notify_all();
    if (thread_.joinable()) thread_.join();
  }
  Committer(const Committer&) = delete;
  Committer& operator=(const Committer&) = delete;

  /// What was begun. Whoever drops it has waited.
  class Running {
   public:
    explicit Running(Committer& committer) : committer_(&committer) {}
    ~Running() { committer_->wait(); }
    Running(const Running&) = delete;
    Running& operator=(const Running&) = delete;
    /// Waits; throws what the work threw.
    void get() {
      if (auto failed = committer_->wait()) std::rethrow_exception(failed);
    }

   private:
    Committer* committer_;
  };
  /// Nothing may be running. What `work` refers to must stay until the end.
  [[nodiscard]] Running begin(std::function<void()> work) {
    if (drive_ == Drive::steps) {
      failed_ = attempt(work);
      return Running(*this);
    }
    {
      const std::lock_guard lock(mutex_);
      failed_ = nullptr;
      work_ = std::move(work);
    }
    changed_.notify_all();
    return Running(*this);
  }

 private:
  static std::exception_ptr attempt(const std::function<void()>& work) {
    try {
      work();
      return nullptr;
    } catch (...) {
      return std::current_exception();
    }
  }
  std::exception_ptr wait() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return !work_; });
    return std::exchange(failed_, nullptr);
  }
  void run() {
    pthread_setname_np(pthread_self(), "pw-commit");
    std::unique_lock lock(mutex_);
    while (true) {
      changed_.wait(lock, [this] { return work_ || ending_; });
      if (!work_) return;
      lock.unlock();
      auto failed = attempt(work_);
      lock.lock();
      failed_ = std::move(failed);
      work_ = nullptr;
      changed_.notify_all();
    }
  }

  Drive drive_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::function<void()> work_;  ///< empty: nothing is running
  std::exception_ptr failed_;
  bool ending_ = false;
  std::thread thread_;
};

}  // namespace pilotwatch::app
