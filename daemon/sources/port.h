// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "record/cursor.h"
#include "record/record.h"

/// The narrow waist between whatever brings bytes and the core.
namespace pilotwatch::sources {

using record::Cursor;

/// What became of a submission.
struct Reply {
  enum class Status : std::uint8_t {
    committed,    ///< durable; the counts below hold
    overloaded,   ///< nothing was taken: come back after `retry_after_s`
    unavailable,  ///< nothing was acknowledged (disk full, shutting down): come back later
  };
  Status status = Status::committed;
  std::uint64_t accepted = 0, duplicate = 0, rejected = 0;
  std::vector<record::Reject> errors;  ///< the first 20
  unsigned retry_after_s = 1;
  std::string detail;  ///< for the person, when not committed
};

/// Bytes on their way in: NDJSON, or a JSON array of records.
struct Delivery {
  std::string source;  ///< "http" or the file source's name
  std::string bytes;
  record::Stream stream = record::Stream::unknown;  ///< what records without `type` are
  std::string pilot;                                ///< for records without `pilot`; may be ""
  std::optional<Cursor> cursor;                     ///< committed together with the records
  std::function<void(Reply)> done;                  ///< called exactly once, on the core's thread; must not block
};

class Port {
 public:
  virtual ~Port() = default;
  /// Takes the delivery, or answers `done` at once with `overloaded` or `unavailable`. Never blocks. Any thread.
  virtual void deliver(Delivery delivery) = 0;
};

}  // namespace pilotwatch::sources
