// SPDX-License-Identifier: Apache-2.0
#include "app/findings.h"

#include <algorithm>

#include "base/text.h"

namespace pilotwatch::app {

std::string to_string(const Finding& finding) {
  auto out = finding.place + ": " + level_names[static_cast<std::size_t>(finding.level)] + ": " +
             (finding.path.empty() ? "" : finding.path + ": ") + finding.message;
  std::replace_if(
      out.begin(), out.end(), [](unsigned char c) { return c < 0x20 || c == 0x7F; }, ' ');
  return to_valid_utf8(out);
}

void Findings::add(Level level, const std::string& path, std::string message) {
  const auto at = places_.of(path);
  all_.push_back({level, settings_.file.string() + ":" + std::to_string(at.line) + ":" + std::to_string(at.column),
                  path, std::move(message)});
}

void Findings::add_at(Level level, std::string place, std::string message) {
  all_.push_back({level, std::move(place), "", std::move(message)});
}

std::size_t Findings::count(Level level) const {
  return static_cast<std::size_t>(std::ranges::count(all_, level, &Finding::level));
}

}  // namespace pilotwatch::app
