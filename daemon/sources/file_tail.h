// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "runtime/log.h"
#include "settings/settings.h"
#include "sources/port.h"

namespace pilotwatch::sources {

struct TailStats {
  std::uint64_t unread_bytes = 0;  ///< of the content of all files, compressed ones unpacked
  std::uint64_t active_files = 0;  ///< that may still grow or have unread bytes
  std::uint64_t open_files = 0, ignored_files = 0;
  std::uint64_t rotations_rename = 0, rotations_truncate = 0;
  std::uint64_t lost_truncated = 0, lost_deleted = 0;  ///< bytes seen and destroyed before they were delivered
  std::uint64_t lost_refused = 0;                      ///< bytes that the core refused for good
  std::uint64_t lost_damaged = 0;                      ///< of gzip files, at least: what cannot be read of them
  std::uint64_t copied_bytes = 0;      ///< passed over, as the same bytes were delivered from another file
  std::uint64_t compressed_files = 0;  ///< gzip files begun
  std::uint64_t inflated_bytes = 0;    ///< that came out of gzip files, each as often as it did
  std::uint64_t read_errors = 0;       ///< failed attempts to open, read or unpack
  std::uint64_t watches = 0;           ///< folders that inotify watches
  std::uint64_t watch_errors = 0;      ///< folders that it could not watch: only polled
  [[nodiscard]] std::uint64_t lost_bytes() const { return lost_truncated + lost_deleted + lost_refused + lost_damaged; }
};

/// Follows the files of one source on a thread of its own ("pw-tail"): reads whole records from the cursors on,
/// delivers them in chunks, advances only after the commit, retries with back-off when told to come back. TailReader
/// has what is done about rotation. Files are polled; inotify only wakes the thread earlier.
class FileTail {
 public:
  /// `source`, `port` and `log` must outlive it; without a log nothing is said. Throws std::system_error where the
  /// process has no descriptor left.
  FileTail(const settings::Source& source, std::uint64_t max_line_bytes, std::vector<Cursor> from, Port& port,
           const runtime::Log* log = nullptr);
  ~FileTail();
  FileTail(const FileTail&) = delete;
  FileTail& operator=(const FileTail&) = delete;

  void start();
  void stop();  ///< no delivery is under way after it returns
  [[nodiscard]] TailStats stats() const;
  [[nodiscard]] const std::string& name() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace pilotwatch::sources
