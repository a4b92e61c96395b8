// SPDX-License-Identifier: Apache-2.0
#include "app/alerts_out.h"

#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <utility>

namespace pilotwatch::app {
namespace {

using nlohmann::json;

constexpr const char* fact_name = "alerts_out";

std::string text_of(const json& value) { return value.dump(-1, ' ', false, json::error_handler_t::replace); }

std::string key_of(const sinks::Alert& alert) { return text_of(alert.labels); }

/// Only what stays the same from begin to end, so that not every look is written.
json to_json(const sinks::Alert& alert) {
  const auto summary = alert.annotations.find("summary");
  return {{"labels", alert.labels},
          {"summary", summary == alert.annotations.end() ? "" : summary->second},
          {"startsAt", format_rfc3339(alert.starts_at)},
          {"resolvedAt", alert.resolved_at ? json(format_rfc3339(*alert.resolved_at)) : json()},
          {"generatorURL", alert.generator_url}};
}

std::optional<sinks::Alert> alert_of(const json& saved) {
  const auto starts = parse_rfc3339(saved.at("startsAt").get<std::string>());
  if (!starts) return std::nullopt;
  sinks::Alert out{saved.at("labels"), {{"summary", saved.at("summary")}}, *starts, {}, saved.at("generatorURL")};
  if (saved.at("resolvedAt").is_null()) return out;
  const auto resolved = parse_rfc3339(saved.at("resolvedAt").get<std::string>());
  if (!resolved) return std::nullopt;
  out.resolved_at = *resolved;
  return out;
}

}  // namespace

AlertsOut::AlertsOut(journal::Journal& journal, Millis retention)
    : journal_(journal), retention_(retention), saved_(journal.fact(fact_name)) {
  const auto saved = json::parse(saved_, nullptr, false);
  if (!saved.is_array()) return;
  try {
    for (const auto& one : saved) {
      if (auto alert = alert_of(one)) out_.emplace(key_of(*alert), *std::move(alert));
    }
  } catch (const json::exception&) {  // by another version, perhaps: what is out runs out then
  }
}

void AlertsOut::complete(std::vector<sinks::Alert>& alerts, Instant now) {
  std::set<std::string> made;
  std::map<std::string, sinks::Alert> out;
  for (const auto& alert : alerts) {
    const auto key = key_of(alert);
    made.insert(key);
    if (!alert.resolved_at) out.emplace(key, alert);
  }
  for (auto& [key, alert] : out_) {
    if (made.contains(key)) continue;
    if (!alert.resolved_at) {
      alert.resolved_at = now;
      alert.annotations["description"] = "Its limit was taken out, or it goes by other labels now.";
    }
    if (now - *alert.resolved_at >= retention_) continue;
    alerts.push_back(alert);
    out.emplace(key, std::move(alert));
  }
  out_ = std::move(out);
  save();
}

void AlertsOut::save() {
  auto all = json::array();
  for (const auto& [key, alert] : out_) all.push_back(to_json(alert));
  auto text = text_of(all);
  if (text == saved_ || (out_.empty() && saved_.empty())) return;
  try {
    journal_.set_fact(fact_name, text);
    saved_ = std::move(text);
  } catch (const journal::WriteError&) {  // counted by the journal
  }
}

}  // namespace pilotwatch::app
