// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/time.h"
#include "record/record.h"

namespace pilotwatch::record {

/// A rejected line, kept for the people who look after a source. Without the data: what `detail` repeats of it has been
/// taken out, unless the settings ask for the line itself.
struct DeadLetter {
  Instant wall;  ///< when it came
  std::string source;
  Reject reject;
};

/// "'yes' is not one of 0, 1" -> "'…' is not one of 0, 1": what stands between quotes is data.
[[nodiscard]] std::string without_data(std::string_view detail);

}  // namespace pilotwatch::record
