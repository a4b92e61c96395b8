// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "app/environment.h"
#include "base/id.h"

/// The parts of the environment stage. Private to environment*.cc.
namespace pilotwatch::app {

/// What the store says that files are compared with.
struct StoreFacts {
  std::optional<IdKey> key;                       ///< none: there is none yet, or it cannot be used
  std::map<std::string, std::string> references;  ///< by pin_of()
};

/// Folder, room, id.key, database.
[[nodiscard]] StoreFacts look_at_store(const Surroundings& surroundings, const Clock& clock, Findings& out);
/// Followed files, tokens, secrets, authorities, reference files.
void look_at_files(const Surroundings& surroundings, const StoreFacts& facts, const Clock& clock, Findings& out);
/// TLS and passwords of the listener.
void look_at_web_config(const Surroundings& surroundings, const Clock& clock, Findings& out);
/// Alertmanagers, those that DNS knows too, and webhooks.
void look_at_targets(const Surroundings& surroundings, const Clock& clock, Findings& out);

/// One that DNS knows.
struct FoundAlertmanager {
  settings::Alertmanager to;
  std::string path;  ///< of its `dns` in the settings
};
/// Asks DNS as the daemon does, and says what came of it. At most 5 s a look-up, some at a time.
[[nodiscard]] std::vector<FoundAlertmanager> look_up_alertmanagers(const settings::Notify& notify,
                                                                   const std::function<bool()>& give_up, Findings& out);

/// work(0) ... work(count - 1), some at a time, each on another thread, without SIGPIPE. Returns when all have.
void at_once(std::size_t count, const std::function<void(std::size_t)>& work);

/// What is to be said of a certificate's end: over, near (30 days), or "" and nothing.
struct Expiry {
  Level level = Level::note;
  std::string words;
};
[[nodiscard]] Expiry expiry(Instant ends, Instant now);

/// "1.5 GB", powers of 1024.
[[nodiscard]] std::string bytes_words(std::uint64_t bytes);

}  // namespace pilotwatch::app
