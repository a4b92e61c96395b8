// SPDX-License-Identifier: Apache-2.0
#include "app/environment.h"

#include <cstdio>
#include <exception>

#include "app/environment_parts.h"
#include "app/web_access.h"

namespace pilotwatch::app {
namespace {

constexpr std::chrono::days near_end{30};

}  // namespace

Expiry expiry(Instant ends, Instant now) {
  if (ends <= now) return {Level::error, "the certificate is over since " + format_rfc3339(ends) + "; renew it"};
  if (ends > now + near_end) return {Level::note, "the certificate is good until " + format_rfc3339(ends)};
  const auto days = std::chrono::duration_cast<std::chrono::days>(ends - now).count();
  return {Level::warning, "the certificate ends " + format_rfc3339(ends) + ", in " + std::to_string(days) +
                              (days == 1 ? " day" : " days") + "; renew it"};
}

std::string bytes_words(std::uint64_t bytes) {
  constexpr const char* units[] = {"B", "KB", "MB", "GB", "TB", "PB"};
  double value = static_cast<double>(bytes);
  std::size_t unit = 0;
  for (; value >= 1024 && unit + 1 < std::size(units); ++unit) value /= 1024;
  char text[32];
  std::snprintf(text, sizeof text, "%.3g %s", value, units[unit]);
  return text;
}

void look_at_web_config(const Surroundings& surroundings, const Clock& clock, Findings& out) {
  if (surroundings.web_config.empty()) return;
  const auto now = clock.now();
  const auto reading = read_access(surroundings.web_config, now);
  const auto place = surroundings.web_config.string();
  if (const auto* problems = std::get_if<std::vector<settings::Problem>>(&reading.result)) {
    for (const auto& problem : *problems)
      out.add_at(Level::error,
                 problem.file.string() + ":" + std::to_string(problem.line) + ":" + std::to_string(problem.column),
                 (problem.path.empty() ? "" : problem.path + ": ") + problem.message);
    return;
  }
  const auto& loaded = std::get<LoadedAccess>(reading.result);
  const bool over = loaded.certificate_expires && *loaded.certificate_expires <= now;
  for (const auto& warning : loaded.warnings) {
    if (!over || !warning.starts_with("the certificate is over")) out.add_at(Level::warning, place, warning);
  }
  if (!loaded.certificate_expires) return;
  const auto end = expiry(*loaded.certificate_expires, now);
  out.add_at(end.level, place, end.words);
}

void look_at_environment(const Surroundings& surroundings, const Clock& clock, Findings& out) {
  const auto facts = look_at_store(surroundings, clock, out);
  look_at_web_config(surroundings, clock, out);
  look_at_files(surroundings, facts, clock, out);
  if (!surroundings.offline) look_at_targets(surroundings, clock, out);
}

}  // namespace pilotwatch::app
