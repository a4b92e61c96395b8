// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "journal/journal.h"
#include "runtime/log.h"
#include "settings/alertmanager.h"
#include "sinks/discovery.h"

namespace pilotwatch::app {

/// Remembers over restarts and reloads whom look-ups of Alertmanagers found last: a fact in the store, written when it
/// changes. Never credentials: those are of the settings. One thread at a time.
class FoundAlertmanagers final : public sinks::LookupMemory {
 public:
  /// `lookups`: those of the settings; of others nothing is kept once something is written. What the store holds and
  /// cannot be read is ignored, and said in the log. Throws what Journal::fact() throws.
  FoundAlertmanagers(journal::Journal& journal, std::vector<settings::AlertmanagerLookup> lookups,
                     const runtime::Log& log);

  [[nodiscard]] std::optional<Found> recall(const settings::AlertmanagerLookup& lookup) const override;
  /// One transaction where it is not what the store holds; one that fails is said in the log once, and tried again with
  /// the next call.
  void keep(const settings::AlertmanagerLookup& lookup, std::vector<std::string> urls, Instant now) override;

 private:
  /// What a look-up asks for and makes of it.
  struct Question {
    std::string dns, type;
    std::uint64_t port = 0;
    std::string scheme, path_prefix;
    bool operator==(const Question&) const = default;
  };
  struct Answer {
    Question question;
    Found found;
  };

  [[nodiscard]] static Question question_of(const settings::AlertmanagerLookup& lookup);
  [[nodiscard]] bool speaks(const settings::AlertmanagerLookup& lookup) const;
  [[nodiscard]] static std::optional<std::vector<Answer>> read(const std::string& text);
  [[nodiscard]] std::string text() const;
  void save();

  journal::Journal& journal_;
  const std::vector<settings::AlertmanagerLookup> lookups_;
  const runtime::Log log_;
  std::vector<Answer> answers_;
  std::string saved_;
  bool complained_ = false;
};

}  // namespace pilotwatch::app
