// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/time.h"
#include "journal/journal.h"
#include "sinks/alertmanager.h"

namespace pilotwatch::app {

/// Remembers over restarts and reloads which alerts are out, so that one that is made no longer, since its limit was
/// taken out or other labels came into force, is resolved, and not left to run out. One thread.
class AlertsOut {
 public:
  /// `retention`: so long is a resolution sent again. Reads what the store holds; throws what Journal::fact() throws.
  AlertsOut(journal::Journal& journal, Millis retention);

  /// `alerts`: all that are made now. Adds those that were out and are made no longer, as resolved. Before any of them is
  /// sent the store has it: one transaction whenever what is out has changed; where that fails the next call tries it
  /// again.
  void complete(std::vector<sinks::Alert>& alerts, Instant now);

 private:
  void save();

  journal::Journal& journal_;
  const Millis retention_;
  std::map<std::string, sinks::Alert> out_;  ///< by their labels as JSON: what is out, and what is owed its resolution
  std::string saved_;
};

}  // namespace pilotwatch::app
