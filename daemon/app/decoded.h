// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "record/cursor.h"
#include "record/entry.h"
#include "sources/port.h"

namespace pilotwatch::app {

/// A delivery that has been read: what the intake hands to the core.
struct Decoded {
  const settings::Source* source = nullptr;
  record::Submission submission;
  std::uint64_t rejected = 0, ignored = 0;  ///< as in the submission, for the answer
  std::vector<record::Reject> rejects;      ///< the first of them, for the answer and the dead letters
  std::vector<record::Cursor> cursors;
  std::function<void(sources::Reply)> done;
};

}  // namespace pilotwatch::app
