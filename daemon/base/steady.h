// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>

namespace pilotwatch {

using SteadyTime = std::chrono::steady_clock::time_point;

/// Time that only goes forward, for waiting and measuring; injected like the wall clock (base/time.h), so that
/// simulations bring their own.
class SteadyClock {
 public:
  virtual ~SteadyClock() = default;
  [[nodiscard]] virtual SteadyTime now() const = 0;
};

/// The machine's.
[[nodiscard]] inline const SteadyClock& system_steady_clock() {
  class Machine final : public SteadyClock {
    [[nodiscard]] SteadyTime now() const override { return std::chrono::steady_clock::now(); }
  };
  static const Machine machine;
  return machine;
}

/// Who does the work of a class that has a thread: the thread, or whoever calls its step(), on one thread for all.
enum class Drive { thread, steps };

}  // namespace pilotwatch
