// SPDX-License-Identifier: Apache-2.0
#include "sinks/families.h"

namespace pilotwatch::sinks {
namespace {

void add_lookup(Families& out, const LookupStats& stats) {
  const Labels labels{{"lookup", stats.lookup}, {"type", stats.type}};
  const auto with_reason = [&](const char* reason) {
    return Labels{{"lookup", stats.lookup}, {"type", stats.type}, {"reason", reason}};
  };
  out.add_counter("pilotwatch_dns_lookups_total", "Look-ups of Alertmanagers.", labels, stats.lookups);
  for (std::size_t i = 0; i < dns_failure_count; ++i) {
    const auto failure = static_cast<DnsFailure>(i);
    if (failure == DnsFailure::none || failure == DnsFailure::given_up) continue;
    out.add_counter("pilotwatch_dns_lookup_failures_total", "Look-ups of Alertmanagers that failed.",
                    with_reason(dns_failure_names[i]), stats.failures[i]);
  }
  out.add_gauge("pilotwatch_dns_targets", "Alertmanagers in use that a look-up has found.", labels, stats.targets);
  out.add_counter("pilotwatch_dns_targets_left_out_total", "Alertmanagers found by look-ups and not used.",
                  with_reason("max_targets"), stats.beyond_bound);
  out.add_counter("pilotwatch_dns_targets_left_out_total", "Alertmanagers found by look-ups and not used.",
                  with_reason("invalid"), stats.invalid);
  out.add_time("pilotwatch_dns_last_success_timestamp_seconds", "Unix time of the last look-up that was answered.", labels,
               stats.last_success);
}

}  // namespace

void add_lookups(Families& out, const SelfStats& self) {
  if (self.lookups.empty()) return;
  for (const auto& lookup : self.lookups) add_lookup(out, lookup);
  out.add_counter("pilotwatch_dns_undelivered_notifications_total",
                  "Notifications given up because their Alertmanager is no longer found.", {}, self.undelivered_by_lookup);
}

}  // namespace pilotwatch::sinks
