// SPDX-License-Identifier: Apache-2.0
#include "sinks/discovery.h"

#include <pthread.h>

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <set>
#include <thread>
#include <utility>

#include "base/guarded.h"
#include "base/network.h"
#include "base/url.h"

namespace pilotwatch::sinks {
namespace {

constexpr Millis answer_timeout{5'000};  ///< of one look-up
constexpr Millis drain_time{5'000};      ///< of who is no longer found
constexpr Millis first_pause{1'000};     ///< doubled after each failure while nobody is known, up to the interval
constexpr Millis reap_pause{500};
constexpr Millis between_complaints{10 * 60'000};

bool is_usable(const DnsRecord& record) {
  return record.port > 0 && (is_host_name(record.host) || parse_ip(record.host));
}

settings::Alertmanager target_of(const settings::AlertmanagerLookup& lookup, const DnsRecord& record) {
  const bool v6 = record.host.find(':') != std::string::npos;
  auto name = (v6 ? "[" + record.host + "]" : record.host) + ":" + std::to_string(record.port);
  return {lookup.scheme + "://" + name + lookup.path_prefix, name, lookup.access};
}

std::vector<std::string> urls_of(const std::vector<settings::Alertmanager>& targets) {
  std::vector<std::string> out;
  for (const auto& target : targets) out.push_back(target.url);
  return out;
}

}  // namespace

std::optional<settings::Alertmanager> target_at(const settings::AlertmanagerLookup& lookup, const std::string& url) {
  const std::string name(url_authority(url, UrlQuery::refused));
  const auto colon = name.rfind(':');
  if (colon == std::string::npos || name.ends_with(']')) return std::nullopt;
  if (url != lookup.scheme + "://" + name + lookup.path_prefix) return std::nullopt;
  if (lookup.type != settings::DnsType::srv && name.substr(colon + 1) != std::to_string(lookup.port))
    return std::nullopt;
  return settings::Alertmanager{url, name, lookup.access};
}

std::vector<settings::Alertmanager> targets_of(const settings::AlertmanagerLookup& lookup,
                                               std::vector<DnsRecord> records, const std::vector<std::string>& in_use,
                                               LookupStats& stats) {
  if (lookup.type != settings::DnsType::srv) {
    for (auto& record : records) record.port = static_cast<std::uint16_t>(lookup.port);
  }
  std::ranges::sort(records);
  records.erase(std::unique(records.begin(), records.end()), records.end());
  std::vector<settings::Alertmanager> out;
  for (const auto& record : records) {
    is_usable(record) ? out.push_back(target_of(lookup, record)) : void(++stats.invalid);
  }
  std::ranges::stable_partition(out, [&](const auto& target) { return std::ranges::count(in_use, target.url) > 0; });
  if (out.size() <= lookup.max_targets) return out;
  stats.beyond_bound += out.size() - lookup.max_targets;
  out.resize(static_cast<std::size_t>(lookup.max_targets));
  return out;
}

struct Discovery::Impl {
  struct Lookup {
    settings::AlertmanagerLookup settings;
    SteadyTime due{};
    std::vector<std::string> urls{};  ///< in use
    unsigned failures = 0;            ///< in a row
    SteadyTime complained{};
    bool asked_memory = false;
  };

  void recall(std::size_t number);
  bool look(std::size_t number);
  void take(std::size_t number, std::vector<DnsRecord> records);
  void complain(Lookup& lookup, const DnsAnswer& answer);
  [[nodiscard]] Millis pause_of(const Lookup& lookup) const;
  void say(const Lookup& lookup, const std::vector<std::string>& before, const std::vector<std::string>& now) const;
  Millis step();
  void run();
  [[nodiscard]] bool is_stopping() const {
    const std::lock_guard lock(mutex);
    return stopping;
  }

  Alertmanagers& to;
  const Clock& clock;
  const runtime::Log log;
  const Resolve resolve;
  LookupMemory* const memory;
  const SteadyClock& steady;
  std::vector<Lookup> lookups{};  ///< of who calls step()
  Guarded<std::vector<LookupStats>> stats{};
  mutable std::mutex mutex{};
  std::condition_variable changed{};
  bool stopping = false;  ///< guarded by mutex
  std::thread thread{};
};

/// When DNS does not answer as the process begins: nobody else says who there is. Not before, since it may have others
/// by now, who get what the settings have for it: passwords, too. What is kept is of a store, which others may have
/// written: what this look-up could not have found is not told anything.
void Discovery::Impl::recall(std::size_t number) {
  Lookup& lookup = lookups[number];
  if (memory == nullptr || std::exchange(lookup.asked_memory, true)) return;
  const auto found = memory->recall(lookup.settings);
  if (!found) return;
  std::vector<settings::Alertmanager> targets;
  for (const auto& url : found->urls) {
    if (auto target = target_at(lookup.settings, url)) {
      targets.push_back(*std::move(target));
    } else {
      log.warn("left out what is kept as an Alertmanager and cannot be one",
               {{"lookup", lookup.settings.name}, {"url", url}});
    }
  }
  if (targets.size() > lookup.settings.max_targets)
    targets.resize(static_cast<std::size_t>(lookup.settings.max_targets));
  if (targets.empty()) return;
  to.found(number, targets, drain_time);
  stats.with([&](auto& all) {
    all[number].targets = targets.size();
    all[number].last_success = found->since;  // at least then; so DNS that stays down is noticed after a restart, too
  });
  lookup.urls = urls_of(targets);
  log.info("Alertmanagers found before are told until DNS answers",
           {{"lookup", lookup.settings.name}, {"known", targets.size()}, {"since", format_rfc3339(found->since)}});
}

/// False: given up.
bool Discovery::Impl::look(std::size_t number) {
  Lookup& lookup = lookups[number];
  auto answer = resolve(lookup.settings.dns, lookup.settings.type, answer_timeout, [this] { return is_stopping(); });
  if (answer.failure == DnsFailure::given_up) return false;
  const bool ok = answer.failure == DnsFailure::none;
  stats.with([&](auto& all) {
    auto& its = all[number];
    ++its.lookups;
    if (ok) its.last_success = clock.now();
    if (!ok) ++its.failures[static_cast<std::size_t>(answer.failure)];
  });
  if (ok) {
    take(number, std::move(answer.records));
  } else {
    recall(number);
    complain(lookup, answer);
  }
  lookup.failures = ok ? 0 : lookup.failures + 1;
  lookup.due = steady.now() + pause_of(lookup);
  return true;
}

void Discovery::Impl::take(std::size_t number, std::vector<DnsRecord> records) {
  Lookup& lookup = lookups[number];
  const bool any = !records.empty();
  auto before = lookup.urls;
  // Who was in use before a restart still comes before others, if there are too many.
  if (memory != nullptr && !lookup.asked_memory) {
    if (auto found = memory->recall(lookup.settings)) before = std::move(found->urls);
  }
  const auto targets = stats.with([&](auto& all) {
    auto found = targets_of(lookup.settings, std::move(records), before, all[number]);
    all[number].targets = any && found.empty() ? lookup.urls.size() : found.size();
    return found;
  });
  if (any && targets.empty()) return recall(number);  // says nothing of those found last; it is counted as invalid
  lookup.asked_memory = true;
  to.found(number, targets, drain_time);
  auto urls = urls_of(targets);
  if (lookup.failures > 0) log.info("Alertmanagers can be looked up again", {{"lookup", lookup.settings.name}});
  say(lookup, lookup.urls, urls);
  lookup.urls = std::move(urls);
  if (memory != nullptr) memory->keep(lookup.settings, lookup.urls, clock.now());
}

void Discovery::Impl::say(const Lookup& lookup, const std::vector<std::string>& before,
                          const std::vector<std::string>& now) const {
  const std::set<std::string> was(before.begin(), before.end()), is(now.begin(), now.end());
  for (const auto& url : is) {
    if (!was.contains(url)) log.info("found an Alertmanager", {{"lookup", lookup.settings.name}, {"url", url}});
  }
  for (const auto& url : was) {
    if (!is.contains(url)) log.info("an Alertmanager is gone", {{"lookup", lookup.settings.name}, {"url", url}});
  }
}

void Discovery::Impl::complain(Lookup& lookup, const DnsAnswer& answer) {
  const auto now = steady.now();
  if (lookup.failures > 0 && now - lookup.complained < between_complaints) return;
  lookup.complained = now;
  log.warn("Alertmanagers cannot be looked up; those found last are told further",
           {{"lookup", lookup.settings.name},
            {"type", settings::dns_type_names[static_cast<std::size_t>(lookup.settings.type)]},
            {"reason", dns_failure_names[static_cast<std::size_t>(answer.failure)]},
            {"err", answer.error},
            {"known", lookup.urls.size()}});
}

Millis Discovery::Impl::pause_of(const Lookup& lookup) const {
  const Millis interval = lookup.settings.refresh_interval;
  if (lookup.failures == 0 || !lookup.urls.empty()) return interval;
  return std::min(interval, first_pause * (1 << std::min(lookup.failures - 1, 10U)));
}

Millis Discovery::Impl::step() {
  auto wait = Millis::max();
  for (std::size_t i = 0; i < lookups.size(); ++i) {
    if (steady.now() >= lookups[i].due && !look(i)) return Millis{0};
    wait = std::min(wait, std::chrono::ceil<Millis>(lookups[i].due - steady.now()));
  }
  if (to.reap()) wait = std::min(wait, reap_pause);
  return std::max(wait, Millis{0});
}

void Discovery::Impl::run() {
  pthread_setname_np(pthread_self(), "pw-discovery");
  while (!is_stopping()) {
    Millis wait = first_pause;
    try {
      wait = step();
    } catch (const std::exception& error) {  // memory, or threads: those found last are told further
      log.warn("looking up Alertmanagers failed; trying again", {{"err", error.what()}});
    }
    std::unique_lock lock(mutex);
    changed.wait_for(lock, wait, [this] { return stopping; });
  }
}

Discovery::Discovery(const settings::Notify& notify, Parts parts)
    : impl_(new Impl{parts.to, parts.clock, parts.log.component("discovery"), std::move(parts.resolve), parts.memory,
                     parts.steady}) {
  for (const auto& lookup : notify.lookups) {
    impl_->lookups.push_back({lookup, parts.steady.now()});
    impl_->stats.with([&](auto& all) {
      LookupStats its;
      its.lookup = lookup.name;
      its.type = settings::dns_type_names[static_cast<std::size_t>(lookup.type)];
      all.push_back(std::move(its));
    });
  }
}

Discovery::~Discovery() { stop(); }

void Discovery::start() {
  if (!impl_->lookups.empty()) impl_->thread = std::thread([this] { impl_->run(); });
}

Millis Discovery::step() { return impl_->step(); }

void Discovery::stop() {
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->stopping = true;
  }
  impl_->changed.notify_all();
  if (impl_->thread.joinable()) impl_->thread.join();
}

std::vector<LookupStats> Discovery::stats() const {
  return impl_->stats.with([](const auto& all) { return all; });
}

}  // namespace pilotwatch::sinks
