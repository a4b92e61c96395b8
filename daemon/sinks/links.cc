// SPDX-License-Identifier: Apache-2.0
#include "sinks/links.h"

#include "base/url.h"

namespace pilotwatch::sinks {
namespace {

constexpr Millis shown_before{24 * 3'600'000};

}  // namespace

std::string breach_path(const std::string& episode) { return "/breaches/" + url_encoded(episode); }

std::string limit_path(const std::string& pilot, const std::string& limit, const std::string& group) {
  const auto path = "/pilots/" + url_encoded(pilot) + "/limits/" + url_encoded(limit);
  return group.empty() ? path : path + "?group=" + url_encoded(group);
}

std::string dashboard_url(const std::string& dashboard, const std::string& pilot, const std::string& limit,
                          std::optional<Instant> since) {
  if (dashboard.empty()) return {};
  auto out = dashboard + (dashboard.find('?') == std::string::npos ? '?' : '&') + "var-pilot=" + url_encoded(pilot) +
             "&var-limit=" + url_encoded(limit);
  if (since) out += "&from=" + std::to_string((*since - shown_before).time_since_epoch().count()) + "&to=now";
  return out;
}

std::string dashboard_url(const std::string& dashboard, const judge::LimitStatus& status) {
  return dashboard_url(dashboard, status.pilot->name, status.limit->name,
                       status.episode ? std::optional(status.episode->started_wall) : std::nullopt);
}

}  // namespace pilotwatch::sinks
