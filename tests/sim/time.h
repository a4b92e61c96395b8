// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/steady.h"
#include "base/time.h"

namespace pilotwatch::sim {

/// What the simulated machine says of time. It passes only where pass() says so; the wall clock can also be set.
class Time {
 public:
  class Wall final : public Clock {
   public:
    explicit Wall(const Time& time) : time_(time) {}
    [[nodiscard]] Instant now() const override { return time_.wall_; }

   private:
    const Time& time_;
  };
  class Steady final : public SteadyClock {
   public:
    explicit Steady(const Time& time) : time_(time) {}
    [[nodiscard]] SteadyTime now() const override { return SteadyTime{time_.passed_}; }

   private:
    const Time& time_;
  };

  Time() = default;
  Time(const Time&) = delete;
  Time& operator=(const Time&) = delete;

  void pass(Millis time) {
    passed_ += time;
    wall_ += time;
  }
  /// Somebody, NTP or a leap second sets the wall clock.
  void set_wall(Millis by) {
    wall_ += by;
    ++steps_;
  }
  [[nodiscard]] Millis passed() const { return passed_; }
  [[nodiscard]] Instant wall() const { return wall_; }
  [[nodiscard]] unsigned steps() const { return steps_; }  ///< of the wall clock, so far

  const Wall wall_clock{*this};
  const Steady steady_clock{*this};

 private:
  Millis passed_{std::chrono::hours{1}};
  Instant wall_ = *parse_rfc3339("2016-12-31T21:00:00Z");  // a leap second is near
  unsigned steps_ = 0;
};

}  // namespace pilotwatch::sim
