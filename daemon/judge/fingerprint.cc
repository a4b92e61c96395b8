// SPDX-License-Identifier: Apache-2.0
// What a limit's judgement depends on.
#include "base/text.h"
#include "judge/judge.h"

namespace pilotwatch::judge {
namespace {

/// Also what decides which decisions are looked at, when, and what their loss is: where that changes, the stored sum
/// means something else, and decisions that come into order or mature again would be counted twice.
std::string budget_fingerprint(const settings::Pilot& pilot, const settings::Limit& limit) {
  const auto part = allotment(pilot, limit);
  std::string out = "budget";
  for (const double value :
       {part.n, part.share, part.days ? 1.0 : 0.0, static_cast<double>(limit.block), limit.design_effect,
        static_cast<double>(limit.period), limit.range.value_or(0), pilot.threshold, pilot.tolerance.absolute,
        pilot.tolerance.relative, static_cast<double>(pilot.segments.min_n)}) {
    out += ' ' + format_number(value);
  }
  out += '\n' + format_duration(pilot.lateness) + ' ' + format_duration(pilot.outcome_horizon) + ' ' +
         std::to_string(static_cast<int>(pilot.clock)) + ' ' + std::to_string(static_cast<int>(pilot.task)) + '\n';
  for (const auto& name : pilot.classes) out += name + '\t';
  out += pilot.positive + '\n';
  for (const double level : pilot.quantiles) out += format_number(level) + ' ';
  for (const auto& feature : pilot.features) {
    if (feature.name == limit.feature) out += std::to_string(static_cast<int>(feature.kind));
  }
  if (limit.metric == settings::Metric::complaints_per_1000 && limit.feature == engine::other_value) {
    for (const auto& category : pilot.complaints.categories) out += '\t' + category;
  }
  return out;
}

std::string chunks_fingerprint(const settings::Pilot& pilot, const settings::Limit& limit) {
  std::string out = settings::direction_names[static_cast<std::size_t>(limit.direction)];
  for (const double value :
       {limit.chunks.sd, static_cast<double>(limit.chunks.ddof), limit.chunks.leave_one_out ? 1.0 : 0.0,
        static_cast<double>(limit.chunks.own), static_cast<double>(pilot.segments.min_n)}) {
    out += ' ' + format_number(value);
  }
  return out;
}

}  // namespace

std::string fingerprint(const settings::Pilot& pilot, const settings::Limit& limit) {
  std::string out = pilot.name + '\n' + limit.name + '\n' + std::to_string(static_cast<int>(limit.metric)) + '\n' +
                    engine::window_name(limit.window) + '\n';
  if (limit.evidence == settings::Evidence::reference_chunks) {
    out += chunks_fingerprint(pilot, limit);
  } else {
    out += limit.max ? "max " + format_number(*limit.max) : "min " + format_number(limit.min.value_or(0));  // drift has neither
  }
  if (settings::watches_decisions(limit.evidence)) out += '\n' + budget_fingerprint(pilot, limit);
  out += '\n' + std::to_string(static_cast<int>(limit.evidence)) + '\n' + std::to_string(limit.min_n) + '\n' +
         limit.feature + '\n' + limit.segment + '\n' + format_duration(limit.for_) + '\n' +
         format_duration(limit.keep_firing_for);
  if (limit.compare != settings::Compare::none) {
    const auto& references = pilot.segments.reference_groups;
    const auto named = references.find(limit.segment);
    out += '\n' + std::string(settings::compare_names[static_cast<std::size_t>(limit.compare)]) + '\n' +
           (named == references.end() ? "" : named->second);
  }
  if (limit.of > 1) out += '\n' + std::to_string(limit.times) + " of " + std::to_string(limit.of);
  return out;
}

}  // namespace pilotwatch::judge
