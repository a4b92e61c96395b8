// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "settings/settings.h"
#include "sources/port.h"

namespace pilotwatch::sources {

struct TailStats {
  std::uint64_t unread_bytes = 0, rotations_rename = 0, rotations_truncate = 0, lost_bytes = 0, read_errors = 0;
  bool file_open = false;
};

/// Follows one NDJSON file on a thread of its own ("pw-tail"): reads whole lines from the cursor on, delivers them in
/// chunks, advances only after the commit, retries with back-off when refused. A file renamed away is read to its end
/// before the new one is begun; a file shorter than the cursor is begun again and the loss counted.
class FileTail {
 public:
  /// `source` must outlive it.
  FileTail(const settings::Source& source, std::uint64_t max_line_bytes, std::optional<Cursor> from, Port& port);
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
