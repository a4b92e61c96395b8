// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <iostream>

#include "app/commands.h"
#include "app/environment.h"
#include "app/limit_test_records.h"
#include "app/shown_settings.h"
#include "judge/doubts.h"
#include "judge/judge.h"
#include "settings/document.h"
#include "settings/load.h"

namespace pilotwatch::app {
namespace {

constexpr int exit_environment = 1, exit_problems = 2, exit_warnings = 3;

std::string counted(std::size_t number, const char* singular) {
  return std::to_string(number) + " " + singular + (number == 1 ? "" : "s");
}

int tell(const std::vector<settings::Problem>& problems) {
  for (const auto& problem : problems) std::cerr << settings::to_string(problem) << '\n';
  return exit_problems;
}

/// Who said nothing of when outcomes are known has windows judged as if that were at once.
void warn_of_horizon(const settings::Pilot& pilot, const std::string& path, const settings::Places& places,
                     Findings& out) {
  if (pilot.outcome_horizon > Millis{0} || places.has(path + ".outcome_horizon")) return;
  std::string names;
  for (const auto& limit : pilot.limits) {
    // `all` goes on counting; findings have a time of their own.
    const bool goes_on = limit.window.kind == settings::WindowKind::all && !settings::watches_decisions(limit.evidence);
    if (goes_on || limit.metric == settings::Metric::complaint_finding_rate) continue;
    if (judge::of_outcomes(limit.metric)) names += (names.empty() ? "" : ", ") + limit.name;
  }
  if (names.empty()) return;
  out.add(
      Level::warning, path,
      "outcome_horizon is not given, and limits look at what only becomes known after decisions (" + names +
          "): what comes later than lateness (" + format_duration(pilot.lateness) +
          ") after the end of a window, or after a decision, is never judged; say after how long nearly all of it is "
          "known, or 0s if it is at once");
}

/// Whether anybody may write its records.
void warn_of_sources(const settings::Settings& settings, const settings::Pilot& pilot, const std::string& path,
                     Findings& out) {
  const auto lets_in = [&](const settings::Source& source) {
    return source.pilots.empty() || std::ranges::find(source.pilots, pilot.name) != source.pilots.end();
  };
  if (settings.anonymous_ingest() || std::ranges::any_of(settings.sources, lets_in)) return;
  out.add(Level::warning, path,
          "pilot " + pilot.name + ": no source may write its records, and HTTP without a token is not let in");
}

/// Limits that can never speak or be shown, or not of what they are meant for.
void warn(const settings::Settings& settings, const settings::Places& places, Findings& out) {
  for (std::size_t i = 0; i < settings.pilots.size(); ++i) {
    const auto& pilot = settings.pilots[i];
    warn_of_horizon(pilot, settings::Places::element("pilots", i), places, out);
    warn_of_sources(settings, pilot, settings::Places::element("pilots", i), out);
    for (const auto& limit : pilot.limits) {
      for (auto& doubt : judge::doubts(pilot, limit)) {
        const bool of_pilot = doubt.key.find('.') != std::string::npos;
        auto path = of_pilot ? settings::Places::element("pilots", i) : places.limit(i, limit);
        if (!doubt.key.empty() && (of_pilot || limit.preset.empty())) path += "." + doubt.key;
        out.add(Level::warning, path, "limit " + limit.name + ": " + doubt.message);
      }
    }
  }
}

std::string summary(const settings::Settings& settings) {
  std::size_t limits = 0;
  for (const auto& pilot : settings.pilots) limits += pilot.limits.size();
  auto out = settings.file.string() + " is valid: " + counted(settings.pilots.size(), "pilot") + ", " +
             counted(limits, "limit");
  if (!settings.tests.empty()) out += ", " + counted(settings.tests.size(), "test") + " (not run)";
  return out;
}

int report(const settings::Settings& settings, const CheckOptions& options, const Findings& found) {
  for (const auto& finding : found.all())
    (finding.level == Level::note ? std::cout : std::cerr) << to_string(finding) << '\n';
  const auto errors = found.count(Level::error), warnings = found.count(Level::warning);
  std::cout << summary(settings);
  if (options.environment) std::cout << "; the environment: " << counted(errors, "error");
  if (options.environment || warnings > 0) std::cout << ", " << counted(warnings, "warning");
  std::cout << '\n';
  if (errors > 0) return exit_environment;
  return warnings > 0 && options.strict ? exit_warnings : 0;
}

}  // namespace

int check_config(const CheckOptions& options) {
  const auto text = settings::read_text(options.config_file);
  if (text.has_error()) return tell({{options.config_file, 1, 1, "", text.error().what}});
  const auto parsed = settings::parse(*text, options.config_file);
  if (const auto* problems = std::get_if<std::vector<settings::Problem>>(&parsed)) return tell(*problems);
  const auto& settings = std::get<settings::Settings>(parsed);
  if (options.show) {
    std::cout << shown_settings(settings);
    return 0;
  }
  if (const auto problems = test_problems(settings); !problems.empty()) return tell(problems);
  const settings::Places places(*text);
  Findings found(settings, places);
  warn(settings, places, found);
  if (options.environment)
    look_at_environment({settings, options.storage_path, options.web_config_file, options.offline}, SystemClock(),
                        found);
  return report(settings, options, found);
}

}  // namespace pilotwatch::app
