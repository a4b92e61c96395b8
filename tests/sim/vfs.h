// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sim/disk.h"

namespace pilotwatch::sim {

/// While it lives, SQLite of this process opens databases on the simulated disk and nowhere else; one at a time, one
/// thread.
class Vfs {
 public:
  /// `seed`: of SQLite's own random numbers. `disk` and `time_ms` (Unix milliseconds) must outlive it.
  Vfs(Disk& disk, const std::function<std::int64_t()>& time_ms, std::uint64_t seed);
  ~Vfs();
  Vfs(const Vfs&) = delete;
  Vfs& operator=(const Vfs&) = delete;
};

}  // namespace pilotwatch::sim
