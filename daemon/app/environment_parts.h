// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>

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
void look_at_files(const Surroundings& surroundings, const StoreFacts& facts, Findings& out);
/// TLS and passwords of the listener.
void look_at_web_config(const Surroundings& surroundings, const Clock& clock, Findings& out);
/// Alertmanagers and webhooks.
void look_at_targets(const Surroundings& surroundings, const Clock& clock, Findings& out);

/// What is to be said of a certificate's end: over, near (30 days), or "" and nothing.
struct Expiry {
  Level level = Level::note;
  std::string words;
};
[[nodiscard]] Expiry expiry(Instant ends, Instant now);

/// "1.5 GB", powers of 1024.
[[nodiscard]] std::string bytes_words(std::uint64_t bytes);

}  // namespace pilotwatch::app
