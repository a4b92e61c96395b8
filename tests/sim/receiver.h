// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>

#include "sim/random.h"
#include "sim/time.h"
#include "sinks/http_post.h"

namespace pilotwatch::sim {

/// An Alertmanager, well or not, and what it has been told.
class Receiver {
 public:
  enum class Mood { well, fails, busy, refuses, garbage, hangs, hangs_but_takes, away };

  Receiver(Random& random, const Time& time, Millis resend_delay)
      : random_(random), time_(time), resend_delay_(resend_delay) {}

  void turn();
  void heal() { mood_ = Mood::well; }
  /// As an answer from the network. Throws Violation where it is told something that cannot be: see check().
  sinks::PostResult post(const std::string& json, Millis timeout, Instant now, std::uint64_t life);
  /// So long ago, at most, what is sent next became due: the daemon was busy since.
  void lag(Millis time) { lag_ = time; }
  /// How long the last answer took.
  [[nodiscard]] Millis took() const { return took_; }
  /// The running episode of each alert that it was told of as late as that, by its labels as JSON.
  [[nodiscard]] std::map<std::string, std::string> firing(Millis lately) const;
  [[nodiscard]] const std::set<std::string>& episodes() const { return ever_; }
  [[nodiscard]] std::uint64_t taken() const { return taken_; }

 private:
  struct Known {
    std::string episode, starts_at;
    bool firing = false;
    Millis at{}, lag{};
    std::uint64_t life = 0;
    unsigned clock_steps = 0;
    bool failed = false;  ///< something has gone wrong here since
    bool prompt = false;  ///< nothing had gone wrong before, so that it came when it was due
  };
  void take(const std::string& json, Instant now, std::uint64_t life);

  Random& random_;
  const Time& time_;
  Millis lag_{};
  const Millis resend_delay_;
  Mood mood_ = Mood::well;
  Millis took_{0};
  std::uint64_t taken_ = 0;
  std::map<std::string, Known> known_;         ///< by labels
  std::map<std::string, std::string> starts_;  ///< of each episode
  std::set<std::string> ever_, resolved_;      ///< episodes
};

}  // namespace pilotwatch::sim
