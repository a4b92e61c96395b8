// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <variant>

#include "base/time.h"

namespace pilotwatch::record {

/// For so long by the pilot's clock no limit of the pilot judges what comes.
struct PausePilot {
  std::string pilot;
  Instant from{};  ///< behind everything that had come when its entry was made (Fold::settle)
  Millis lasts{};  ///< above 0
  std::string author, reason;
};
/// The running pause of the pilot ends there.
struct ResumePilot {
  std::string pilot;
  Instant at{};  ///< as PausePilot::from
  std::string author;
};
/// Somebody has seen an episode. Changes nothing of what is judged.
struct AcknowledgeEpisode {
  std::string episode, author, note;
};

/// What a person decides while the daemon runs. In the journal like records, since what is judged depends on it.
using Action = std::variant<PausePilot, ResumePilot, AcknowledgeEpisode>;

}  // namespace pilotwatch::record
