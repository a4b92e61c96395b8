// SPDX-License-Identifier: Apache-2.0
// Whom DNS knows, as the daemon would ask it.
#include <algorithm>
#include <atomic>
#include <csignal>
#include <thread>
#include <utility>

#include "app/environment_parts.h"
#include "sinks/discovery.h"
#include "sinks/dns_lookup.h"

namespace pilotwatch::app {
namespace {

using sinks::DnsFailure;

constexpr Millis patience{5000};  ///< that of the daemon
constexpr std::size_t threads_most = 16, names_told = 8;

/// Of this thread: a receiver that closes while it is written to is an error like others.
void block_broken_pipes() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
}

std::string names_of(const std::vector<settings::Alertmanager>& found) {
  std::string out;
  for (std::size_t i = 0; i < std::min(found.size(), names_told); ++i) out += (i == 0 ? "" : ", ") + found[i].name;
  return out + (found.size() > names_told ? " and " + std::to_string(found.size() - names_told) + " more" : "");
}

void tell_failure(const std::string& path, const std::string& what, const char* type, const sinks::DnsAnswer& answer,
                  Findings& out) {
  if (answer.failure == DnsFailure::no_record)
    return out.add(Level::warning, path,
                   what + ": DNS knows no " + type + " record of that name (" + answer.error +
                       "): nobody is told by it until there is one");
  out.add(Level::error, path,
          what + ": cannot be looked up (" + sinks::dns_failure_names[static_cast<std::size_t>(answer.failure)] +
              "): " + answer.error + "; look at notify.dns_servers, or where there are none at /etc/resolv.conf");
}

std::vector<settings::Alertmanager> tell_answer(const std::string& path, const std::string& what,
                                                const settings::AlertmanagerLookup& lookup,
                                                std::vector<sinks::DnsRecord> records, Findings& out) {
  sinks::LookupStats stats;
  const auto entries = std::to_string(records.size());
  auto found = sinks::targets_of(lookup, std::move(records), {}, stats);
  if (!found.empty())
    out.add(Level::note, path,
            what + ": DNS knows " + std::to_string(found.size()) +
                (found.size() == 1 ? " Alertmanager: " : " Alertmanagers: ") + names_of(found));
  if (stats.invalid > 0)
    out.add(Level::warning, path,
            what + ": " + std::to_string(stats.invalid) + " of the " + entries +
                " entries of the answer cannot be used, for want of a port or of a host's name" +
                (found.empty() ? ": nobody is told by it" : "; the others are"));
  if (stats.beyond_bound > 0)
    out.add(Level::warning, path,
            what + ": max_targets leaves " + std::to_string(stats.beyond_bound) + " of those that DNS knows out");
  return found;
}

}  // namespace

void at_once(std::size_t count, const std::function<void(std::size_t)>& work) {
  std::atomic<std::size_t> next{0};
  const auto worker = [&] {
    block_broken_pipes();
    for (auto i = next++; i < count; i = next++) work(i);
  };
  std::vector<std::jthread> threads;
  for (std::size_t i = 0; i < std::min(threads_most, count); ++i) threads.emplace_back(worker);
}

std::vector<FoundAlertmanager> look_up_alertmanagers(const settings::Notify& notify,
                                                     const std::function<bool()>& give_up, Findings& out) {
  std::vector<sinks::DnsAnswer> answers(notify.lookups.size());
  const auto resolve = sinks::dns_resolver(notify.dns_servers);
  at_once(answers.size(), [&](std::size_t i) {
    answers[i] = resolve(notify.lookups[i].dns, notify.lookups[i].type, patience, give_up);
  });
  std::vector<FoundAlertmanager> all;
  for (std::size_t i = 0; i < answers.size(); ++i) {
    const auto& lookup = notify.lookups[i];
    const auto path = out.places().alertmanager(i, true) + ".dns";
    const auto what = "lookup " + lookup.name;
    if (answers[i].failure != DnsFailure::none) {
      tell_failure(path, what, settings::dns_type_names[static_cast<std::size_t>(lookup.type)], answers[i], out);
      continue;
    }
    for (auto& to : tell_answer(path, what, lookup, std::move(answers[i].records), out))
      all.push_back({std::move(to), path});
  }
  return all;
}

}  // namespace pilotwatch::app
