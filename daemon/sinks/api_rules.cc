// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <chrono>

#include "base/text.h"
#include "sinks/alertmanager.h"
#include "sinks/api_parts.h"
#include "sinks/views.h"

// Limits and alerts in Prometheus' shape, so that tools which list a Prometheus' rules list ours.
namespace pilotwatch::sinks {
namespace {

using judge::LimitStatus;
using judge::Snapshot;

double seconds(Millis duration) { return std::chrono::duration<double>(duration).count(); }

/// A PromQL string literal.
std::string promql_string(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '\n') {
      out += "\\n";
    } else {
      if (c == '"' || c == '\\') out += '\\';
      out += c;
    }
  }
  return out + '"';
}

/// A bound that moves with the reference stands in a series of its own.
std::string bound_query(const std::string& labels, const char* side) {
  return "ignoring (direction) pilotwatch_limit_threshold{" + labels + ",direction=\"" + side + "\"}";
}

std::string query_of(const settings::Pilot& pilot, const settings::Limit& limit) {
  const std::string labels = "pilot=" + promql_string(pilot.name) + ",limit=" + promql_string(limit.name);
  const std::string value = "pilotwatch_limit_value{" + labels + "} ";
  const auto side = settings::direction_of(limit);
  if (limit.evidence != settings::Evidence::reference_chunks) {
    return value + (limit.max ? "> " : "< ") + format_number(limit.max ? *limit.max : limit.min.value_or(0));
  }
  std::string out;
  if (side != settings::Direction::below) out = value + "> " + bound_query(labels, "above");
  if (side == settings::Direction::both) out += " or ";
  if (side != settings::Direction::above) out += value + "< " + bound_query(labels, "below");
  return out;
}

Json alert_json(const Alert& alert, const LimitStatus& status, const char* state) {
  return {{"labels", alert.labels},
          {"annotations", alert.annotations},
          {"state", state},
          {"activeAt", format_rfc3339(alert.starts_at)},
          {"value", status.value ? format_number(*status.value) : ""}};
}

/// Alerts by the limit they come from. The labels are those that Alertmanager gets, less the external ones, which
/// Prometheus does not list either.
class AlertList {
 public:
  AlertList(const Snapshot& snapshot, const std::string& external_url, const std::string& dashboard)
      : one_(snapshot), url_(external_url) {
    one_.limits.clear();
    notify_.dashboard_url = dashboard;
  }

  void append(Json& out, const LimitStatus& status) {
    if (alert_out(status)) {
      append_as(out, status, "firing");
    } else if (status.pending_since) {
      append_as(out, pending_as_breach(status), "pending");
    }
  }

 private:
  void append_as(Json& out, const LimitStatus& status, const char* state) {
    one_.limits = {status};
    for (const auto& alert : alerts_of(one_, notify_, url_, one_.wall)) {
      if (!alert.resolved_at) out.push_back(alert_json(alert, status, state));
    }
  }

  /// What the alert will look like when `for` has passed.
  static LimitStatus pending_as_breach(LimitStatus status) {
    status.state = judge::State::breach;
    status.episode = judge::Episode{};
    status.episode->started = status.episode->started_wall = *status.pending_since;
    status.episode->value_at_start = status.value.value_or(0);
    return status;
  }

  Snapshot one_;
  settings::Notify notify_;  ///< without external labels
  const std::string& url_;
};

Json annotations_of(const settings::Limit& limit) {
  Json out = Json::object();
  const auto add = [&](const char* name, const std::string& value) {
    if (!value.empty()) out[name] = value;
  };
  add("owner", limit.owner);
  add("reason", limit.reason);
  add("source", limit.source);
  add("action", limit.action);
  add("runbook_url", limit.runbook_url);
  return out;
}

const char* state_of(const Json& alerts) {
  const auto has = [&](const char* state) {
    return std::ranges::any_of(alerts, [&](const Json& alert) { return alert.at("state") == state; });
  };
  return has("firing") ? "firing" : has("pending") ? "pending" : "inactive";
}

struct RuleParts {
  Json alerts = Json::array();
  std::optional<Instant> last_evaluation;
};

/// One limit over segments has one status a group; they are the alerts of one rule.
RuleParts parts_of(const settings::Pilot& pilot, const settings::Limit& limit, const Snapshot& snapshot,
                   AlertList& list) {
  RuleParts parts;
  for (const auto& status : snapshot.limits) {
    if (status.pilot->name != pilot.name || status.limit->name != limit.name) continue;
    list.append(parts.alerts, status);
    if (!parts.last_evaluation || status.last_evaluation > parts.last_evaluation) {
      parts.last_evaluation = status.last_evaluation;
    }
  }
  return parts;
}

Json rule_json(const settings::Pilot& pilot, const settings::Limit& limit, RuleParts parts, double evaluation_s) {
  const char* state = state_of(parts.alerts);
  // Never evaluated: Prometheus says "unknown" and writes Go's zero time.
  return {{"type", "alerting"},
          {"name", limit.alertname.empty() ? limit.name : limit.alertname},
          {"query", query_of(pilot, limit)},
          {"duration", seconds(limit.for_)},
          {"keepFiringFor", seconds(limit.keep_firing_for)},
          {"labels", {{"limit", limit.name}, {"pilot", pilot.name}, {"severity", name_of(limit.severity)}}},
          {"annotations", annotations_of(limit)},
          {"alerts", std::move(parts.alerts)},
          {"health", parts.last_evaluation ? "ok" : "unknown"},
          {"state", state},
          {"lastEvaluation", parts.last_evaluation ? format_rfc3339(*parts.last_evaluation) : "0001-01-01T00:00:00Z"},
          {"evaluationTime", evaluation_s}};
}

}  // namespace

runtime::HttpResponse rules_answer(const ApiInput& in) {
  const double evaluation_s =
      in.self.evaluations > 0 ? in.self.evaluation_seconds / static_cast<double>(in.self.evaluations) : 0;
  AlertList list(in.snapshot, in.external_url, in.dashboard_url);
  Json groups = Json::array();
  for (const auto& view : in.snapshot.pilots) {
    const auto& pilot = *view.settings;
    Json rules = Json::array();
    for (const auto& limit : pilot.limits) {
      rules.push_back(rule_json(pilot, limit, parts_of(pilot, limit, in.snapshot, list), evaluation_s));
    }
    groups.push_back({{"name", pilot.name},
                      {"file", in.self.config_file},
                      {"interval", seconds(in.self.evaluation_interval)},
                      {"limit", 0},
                      {"rules", std::move(rules)}});
  }
  return success({{"groups", std::move(groups)}});
}

runtime::HttpResponse alerts_answer(const ApiInput& in) {
  AlertList list(in.snapshot, in.external_url, in.dashboard_url);
  Json alerts = Json::array();
  for (const auto& status : in.snapshot.limits) list.append(alerts, status);
  return success({{"alerts", std::move(alerts)}});
}

}  // namespace pilotwatch::sinks
