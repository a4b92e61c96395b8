// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "sim/random.h"

namespace pilotwatch::sim {

/// A disk with the operating system's cache before it. What has been written is seen at once, by whoever reads, also
/// after the process has been killed; only what has been synced is there after a power failure for certain. Of the rest
/// each write is then kept, lost, or torn into sectors, in any order. A sync that fails may have made durable what it
/// likes, and what it did not is forgotten: no later sync writes it, and the cache may have lost it, too (as Linux
/// does).
class Disk {
 public:
  enum class Result { ok, failed, full };
  /// What goes wrong by itself, per thousand operations.
  struct Weather {
    unsigned sync = 0, write = 0, read = 0;
    bool full = false;     ///< nothing can grow
    unsigned slow_ms = 0;  ///< a sync takes up to so long
  };
  struct Change {
    std::uint64_t at = 0;
    std::string bytes;
    bool cut = false;  ///< to `at` bytes
  };
  struct File {
    std::string now, durable;
    std::vector<Change> dirty;  ///< since the last sync, in order
    bool named = false;         ///< its name is durable
  };
  using FilePtr = std::shared_ptr<File>;

  Disk(Random& random, std::function<void(unsigned ms)> wait) : random_(random), wait_(std::move(wait)) {}

  [[nodiscard]] FilePtr find(const std::string& name) const;
  FilePtr create(const std::string& name);

  // Each is one operation. A disk that is dead fails all of them.
  Result read(const File& file, std::uint64_t at, char* to, std::size_t bytes, std::size_t& got);
  Result write(File& file, std::uint64_t at, const char* from, std::size_t bytes);
  Result cut(File& file, std::uint64_t bytes);
  Result sync(File& file);
  Result remove(const std::string& name, bool durable);

  Weather weather;
  /// The process or the power goes during the operation after so many.
  void die_after(std::uint64_t operations) { deadline_ = operations_ + 1 + operations; }
  [[nodiscard]] bool dead() const { return dead_; }
  [[nodiscard]] std::uint64_t operations() const { return operations_; }
  /// Nothing is counted and nothing fails, for a look from outside.
  void set_calm(bool calm) { calm_ = calm; }

  void killed() { revive(); }  ///< the process was: the cache is as it was
  void power_failed();

 private:
  /// False: it fails because the process is no more; `last`: in this very operation.
  bool begin(bool& last);
  bool fails(unsigned per_thousand) { return !calm_ && random_.below(1000) < per_thousand; }
  void revive();
  void survive(File& file);
  void keep_sectors(File& file, const Change& change, unsigned percent);
  void fail_sync(File& file);
  static void apply(std::string& to, const Change& change);

  Random& random_;
  std::function<void(unsigned ms)> wait_;
  std::map<std::string, FilePtr> files_;
  std::map<std::string, FilePtr> removed_;  ///< not for certain
  std::uint64_t operations_ = 0, deadline_ = UINT64_MAX;
  bool dead_ = false, calm_ = false;
};

}  // namespace pilotwatch::sim
