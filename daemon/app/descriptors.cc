// SPDX-License-Identifier: Apache-2.0
#include "app/descriptors.h"

#include <sys/resource.h>

#include <algorithm>

namespace pilotwatch::app {
namespace {

/// What the process has open whatever comes: standard streams, lock, database and log over two connections, io contexts,
/// and a few that are opened and closed again (folders, key files, /proc, a spare).
constexpr std::uint64_t own = 48, of_listener = 8, of_alertmanager = 4, of_file_source = 6;
constexpr std::uint64_t fewest_open_files = 4;  // as in the settings

/// With those who are only told that there is no room.
std::uint64_t with_told(std::uint64_t connections) { return connections + runtime::told_full(connections); }

bool is_file(const settings::Source& source) { return source.kind == settings::SourceKind::file; }

}  // namespace

DescriptorPlan plan_descriptors(std::uint64_t limit, settings::Settings& settings, runtime::HttpOptions& http) {
  const auto& sources = settings.sources;
  const auto followed = static_cast<std::uint64_t>(std::ranges::count_if(sources, is_file));
  const std::uint64_t listeners =
      std::ranges::any_of(sources, [](const auto& s) { return s.kind == settings::SourceKind::otlp; }) ? 2 : 1;
  auto alertmanagers = static_cast<std::uint64_t>(settings.notify.alertmanagers.size());
  for (const auto& lookup : settings.notify.lookups) alertmanagers += lookup.max_targets;
  const auto fixed = own + listeners * of_listener + alertmanagers * of_alertmanager + followed * of_file_source;
  std::uint64_t files = 0;
  for (const auto& source : sources) files += is_file(source) ? source.max_open_files : 0;
  DescriptorPlan out;
  out.limit = limit;
  out.wanted = fixed + files + listeners * with_told(http.max_connections);
  if (out.lowered()) {
    const auto rest = limit > fixed ? limit - fixed : 0;
    // Files are read by turns where they cannot all be open, so they give way down to half of what there is.
    const auto for_connections = std::max(rest > files ? rest - files : 0, rest / 2) / listeners;
    while (http.max_connections > 1 && with_told(http.max_connections) > for_connections) --http.max_connections;
    const auto taken = listeners * with_told(http.max_connections);
    const auto each = followed == 0 ? 0 : (rest > taken ? rest - taken : 0) / followed;
    for (auto& source : settings.sources) {
      if (is_file(source)) source.max_open_files = std::min(source.max_open_files, std::max(each, fewest_open_files));
    }
  }
  out.connections = http.max_connections;
  for (const auto& source : sources) out.open_files = std::max(out.open_files, is_file(source) ? source.max_open_files : 0);
  return out;
}

void share_descriptors(settings::Settings& settings, runtime::HttpOptions& http, const runtime::Log& log) {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  auto settings_as_given = settings;  // what would be wanted, without lowering anything yet
  auto http_as_given = http;
  const auto wanted = plan_descriptors(limit.rlim_cur, settings_as_given, http_as_given).wanted;
  if (wanted > limit.rlim_cur && limit.rlim_max > limit.rlim_cur) {
    auto more = limit;
    more.rlim_cur = std::min<rlim_t>(limit.rlim_max, wanted);
    if (::setrlimit(RLIMIT_NOFILE, &more) == 0) limit = more;
  }
  const auto plan = plan_descriptors(limit.rlim_cur, settings, http);
  if (!plan.lowered()) return;
  log.warn("too few file descriptors for the settings (ulimit -n); less may be open at the same time",
           {{"limit", plan.limit},
            {"wanted", plan.wanted},
            {"max_connections", plan.connections},
            {"max_open_files", plan.open_files}});
}

}  // namespace pilotwatch::app
