// SPDX-License-Identifier: Apache-2.0
// From limits to alerts, and from alerts to Alertmanager's JSON; alertmanager.cc sends it.
#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/text.h"
#include "sinks/alertmanager.h"
#include "sinks/links.h"

namespace pilotwatch::sinks {
namespace {

using Texts = std::map<std::string, std::string>;

/// Alertmanager takes a label without value for no label at all.
void put(Texts& texts, const char* name, const std::string& value) {
  if (!value.empty()) texts[name] = value;
}

void put(Texts& texts, const char* name, const std::optional<double>& value) {
  if (value) texts[name] = format_number(*value);
}

/// The same through the whole episode, so that a notification's title does not change.
std::string summary_of(const judge::LimitStatus& status) {
  std::string out = "Pilot " + status.pilot->name + " is beyond its limit " + status.limit->name;
  if (!status.limit->segment.empty()) out += " for " + status.limit->segment + " " + status.group;
  return out + ".";
}

Texts annotations_of(const judge::LimitStatus& status, const settings::Notify& notify) {
  const settings::Limit& limit = *status.limit;
  Texts out;
  put(out, "summary", summary_of(status));
  put(out, "description", status.reason);
  put(out, "value", status.value);
  put(out, "threshold", judge::threshold_of(status));
  put(out, "samples", std::to_string(status.n));
  if (status.window_start && status.window_end) {
    out["window"] = format_rfc3339(*status.window_start) + "/" + format_rfc3339(*status.window_end);
  }
  if (status.lower && status.upper) {
    out["interval"] = "[" + format_number(*status.lower) + ", " + format_number(*status.upper) + "]";
  }
  put(out, "owner", limit.owner.empty() ? status.pilot->owner : limit.owner);
  put(out, "reason", limit.reason);
  put(out, "action", limit.action);
  put(out, "runbook_url", limit.runbook_url);
  put(out, "dashboard_url", dashboard_url(notify.dashboard_url, status));
  if (!status.acknowledged.empty()) {  // another annotation is no other alert: nobody is told again
    const auto& last = status.acknowledged.back();
    out["acknowledged"] = last.author + ", " + format_rfc3339(last.wall) + ": " + last.note;
  }
  return out;
}

std::string with_millis(Instant time) {
  std::string text = format_rfc3339(time);
  if (text.find('.') == std::string::npos) text.insert(text.size() - 1, ".000");
  return text;
}

}  // namespace

Texts alert_labels(const judge::LimitStatus& status, const settings::Notify& notify) {
  const settings::Limit& limit = *status.limit;
  Texts out = notify.external_labels;
  out["alertname"] = limit.alertname.empty() ? "PilotLimitBreached" : limit.alertname;
  out["pilot"] = status.pilot->name;
  out["limit"] = limit.name;
  out["severity"] = settings::severity_names[static_cast<std::size_t>(limit.severity)];
  put(out, "attribute", limit.segment);
  if (!limit.segment.empty()) put(out, "group", status.group);
  put(out, "feature", limit.feature);
  put(out, "compare", settings::compare_names[static_cast<std::size_t>(limit.compare)]);
  return out;
}

std::vector<Alert> alerts_of(const judge::Snapshot& snapshot, const settings::Notify& notify,
                             const std::string& external_url, Instant now) {
  std::vector<Alert> out;
  for (const judge::LimitStatus& status : snapshot.limits) {
    // The episode, not the state: an alert is out until its breach has ended, whatever the last look could not see.
    if (!status.episode) continue;
    const judge::Episode& episode = *status.episode;
    if (episode.ended_wall && now >= *episode.ended_wall + notify.resolved_retention) continue;
    out.push_back({alert_labels(status, notify), annotations_of(status, notify), episode.started_wall,
                   episode.ended_wall, external_url + breach_path(episode.id)});
  }
  return out;
}

Alert watchdog_alert(const settings::Notify& notify, const std::string& external_url, Instant since) {
  Texts labels = notify.external_labels;
  labels["alertname"] = "PilotwatchWatchdog";
  labels["severity"] = "none";
  return {std::move(labels),
          {{"summary", "Pilotwatch looks at its limits."},
           {"description",
            "Always firing. Where it ends, pilotwatch, its way to the Alertmanager, or the Alertmanager "
            "itself does not work."}},
          since,
          std::nullopt,
          external_url + "/"};
}

std::string to_json(std::span<const Alert> alerts, Instant now, Millis validity) {
  auto out = nlohmann::ordered_json::array();
  for (const Alert& alert : alerts) {
    const Instant ends = alert.resolved_at ? std::max(*alert.resolved_at, alert.starts_at) : now + validity;
    out.push_back({{"labels", alert.labels},
                   {"annotations", alert.annotations},
                   {"startsAt", with_millis(alert.starts_at)},
                   {"endsAt", with_millis(ends)},
                   {"generatorURL", alert.generator_url}});
  }
  return out.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

}  // namespace pilotwatch::sinks
