// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/steady.h"
#include "base/time.h"
#include "runtime/log.h"
#include "settings/settings.h"
#include "sinks/alertmanager.h"
#include "sinks/dns_lookup.h"

namespace pilotwatch::sinks {

struct LookupStats {
  std::string lookup;
  const char* type = "";  ///< SRV, A, AAAA
  std::uint64_t lookups = 0;
  std::array<std::uint64_t, dns_failure_count> failures{};
  std::uint64_t beyond_bound = 0;  ///< Alertmanagers left out by `max_targets`, each time they were found
  std::uint64_t invalid = 0;       ///< the same, of those without a port or usable name
  std::uint64_t targets = 0;       ///< in use
  std::optional<Instant> last_success;  ///< before the first answer: since when those kept are known
};

/// Keeps whom look-ups have found, so that a process that starts while DNS does not answer knows them. A look-up is known
/// by what it asks for and makes of it: its name in DNS, type, port, scheme and path prefix. Of who builds Discovery,
/// then of who calls its step(); must not throw.
class LookupMemory {
 public:
  struct Found {
    std::vector<std::string> urls;  ///< base URLs; never with credentials
    Instant since;                  ///< when it was first these
  };
  virtual ~LookupMemory() = default;
  /// nullopt: nothing is known of such a look-up.
  [[nodiscard]] virtual std::optional<Found> recall(const settings::AlertmanagerLookup& lookup) const = 0;
  virtual void keep(const settings::AlertmanagerLookup& lookup, std::vector<std::string> urls, Instant now) = 0;
};

/// Looks up Alertmanagers by DNS and says to `Alertmanagers` whom there are:
///
///   each look-up, every refresh_interval (sooner while it knows nobody):
///     an answer -> those in it, at most max_targets, who was in use before others, then by name
///     none      -> those of the last answer stay, which is that of `memory` where the first one fails; counted, and said
///                  in the log at first and then every 10 minutes
///
/// One thread ("pw-discovery"), only where there are look-ups. An answer "no such name" changes nothing either: nobody
/// left to tell is what broken DNS looks like, too.
class Discovery {
 public:
  struct Parts {
    Alertmanagers& to;
    const Clock& clock;
    const runtime::Log& log;
    Resolve resolve;
    LookupMemory* memory = nullptr;  ///< null: whom a look-up found is forgotten with it
    const SteadyClock& steady = system_steady_clock();
  };
  Discovery(const settings::Notify& notify, Parts parts);
  /// Stops.
  ~Discovery();
  Discovery(const Discovery&) = delete;
  Discovery& operator=(const Discovery&) = delete;

  void start();
  /// Without start(): what the thread would do next; returns how long until it has to be called again.
  Millis step();
  /// Gives up what is being looked up, and joins.
  void stop();
  [[nodiscard]] std::vector<LookupStats> stats() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// The Alertmanagers that an answer names: URLs and `host:port` as names. `in_use`: URLs that come before others where
/// there are more than `max_targets`. What is left out is counted in `stats`.
[[nodiscard]] std::vector<settings::Alertmanager> targets_of(const settings::AlertmanagerLookup& lookup,
                                                             std::vector<DnsRecord> records,
                                                             const std::vector<std::string>& in_use, LookupStats& stats);

/// The one that such a look-up would find under this base URL; nullopt: it could not have found it.
[[nodiscard]] std::optional<settings::Alertmanager> target_at(const settings::AlertmanagerLookup& lookup,
                                                              const std::string& url);

}  // namespace pilotwatch::sinks
