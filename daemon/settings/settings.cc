// SPDX-License-Identifier: Apache-2.0
#include "settings/settings.h"

#include <algorithm>

#include "settings/load.h"

namespace pilotwatch::settings {
namespace {

/// "error_rate" -> "ErrorRate"
std::string camel_case(std::string_view snake) {
  std::string out;
  bool start = true;
  for (const char c : snake) {
    const bool lower = c >= 'a' && c <= 'z';
    if (c != '_') out += start && lower ? static_cast<char>(c - 'a' + 'A') : c;
    start = c == '_';
  }
  return out;
}

}  // namespace

const Pilot* Settings::find(std::string_view pilot) const {
  const auto found = std::find_if(pilots.begin(), pilots.end(), [&](const Pilot& p) { return p.name == pilot; });
  return found == pilots.end() ? nullptr : &*found;
}

const std::string& burden_class(const Pilot& pilot) {
  if (!pilot.burden.empty() || pilot.output == Orientation::burden || pilot.classes.size() != 2)
    return pilot.burden.empty() ? pilot.positive : pilot.burden;
  return pilot.classes[pilot.classes[0] == pilot.positive ? 1 : 0];
}

std::string default_alertname(const Limit& limit) {
  const auto direction = direction_of(limit);
  return "Pilot" + camel_case(metric_names[static_cast<std::size_t>(limit.metric)]) +
         camel_case(compare_names[static_cast<std::size_t>(limit.compare)]) +
         (direction == Direction::above   ? "High"
          : direction == Direction::below ? "Low"
                                          : "Unusual");
}

Family family_of(const Limit& limit) {
  if (limit.compare != Compare::none) return Family::fairness;
  switch (limit.metric) {
    case Metric::ks:
    case Metric::drift:
      return Family::drift;
    case Metric::failure_rate:
    case Metric::coverage:
      return Family::quality;
    default:
      return Family::outcome;
  }
}

bool Settings::anonymous_ingest() const {
  return ingest.anonymous.value_or(
      std::ranges::none_of(sources, [](const Source& source) { return !source.token_file.empty(); }));
}

bool Pilot::watches_decisions() const {
  return std::ranges::any_of(limits, [](const Limit& limit) { return settings::watches_decisions(limit.evidence); });
}

}  // namespace pilotwatch::settings
