// SPDX-License-Identifier: Apache-2.0
// Limits as records: what is in force since when, all that was, and a selection for reports.
#include <algorithm>
#include <charconv>

#include "judge/judge.h"
#include "sinks/api.h"
#include "sinks/api_parts.h"
#include "sinks/views.h"
#include "stats/sequential/budget.h"

namespace pilotwatch::sinks {
namespace {

Json definition_json(const judge::LimitRecord& record) {
  if (record.removed()) return nullptr;
  Json out = Json::object();
  for (const auto& [key, value] : judge::definition_items(record.text)) out[key] = value;
  return out;
}

/// `backtest` has no wall clock.
Json wall_or_null(Instant wall) { return wall == Instant{} ? Json() : Json(format_rfc3339(wall)); }

Json record_object(const judge::LimitRecord& record) {
  return {{"pilot", record.pilot},
          {"limit", record.limit},
          {"hash", text_or_null(record.hash)},
          {"previous", text_or_null(record.previous)},
          {"since", time_or_null(record.since)},
          {"since_wall", wall_or_null(record.since_wall)},
          {"changed", record.changed},
          {"epoch", record.epoch},
          {"definition", definition_json(record)}};
}

const engine::PilotView* view_of(const ApiInput& in, const std::string& pilot) {
  const auto view = std::ranges::find_if(in.snapshot.pilots, [&](const auto& v) { return v.settings->name == pilot; });
  return view == in.snapshot.pilots.end() ? nullptr : &*view;
}

/// The newest record of a limit, and the newest that started an epoch.
Json in_force_json(const judge::Snapshot& snapshot, const settings::Pilot& pilot, const settings::Limit& limit) {
  const judge::LimitRecord *newest = nullptr, *epoch = nullptr;
  for (const auto& record : snapshot.limit_records) {
    if (record.pilot != pilot.name || record.limit != limit.name) continue;
    newest = &record;
    if (record.epoch) epoch = &record;
  }
  if (newest == nullptr || epoch == nullptr) return nullptr;
  const bool budget = limit.evidence == settings::Evidence::budget;
  return {{"limit", limit.name},
          {"hash", newest->hash},
          {"since", time_or_null(newest->since)},
          {"since_wall", wall_or_null(newest->since_wall)},
          {"evidence_since", time_or_null(epoch->since)},
          {"evidence_since_wall", wall_or_null(epoch->since_wall)},
          {"budget_share", budget ? Json(judge::allotment(pilot, limit).share) : Json()},
          {"definition", definition_json(*newest)}};
}

struct Watched {
  const judge::LimitStatus* status;
  double s;
};

Json selected_json(const Watched& watched, bool selected) {
  const auto& s = *watched.status;
  return {{"limit", s.limit->name}, {"group", text_or_null(s.group)}, {"state", name_of(s.state)},
          {"s", watched.s},         {"selected", selected},           {"reason", text_or_null(s.reason)}};
}

}  // namespace

std::string limit_json(const judge::LimitRecord& record) {
  Json out = Json::object();
  out["limit"] = record_object(record);
  return dump(out);
}

runtime::HttpResponse limits_answer(const ApiInput& in) {
  const std::string pilot(in.request.parameter("pilot"));
  const auto* view = view_of(in, pilot);
  if (view == nullptr) return failure(404, "not_found", "unknown pilot \"" + pilot + "\"");
  if (in.request.query.size() > 1)
    return failure(400, "bad_data", "unknown parameter \"" + in.request.query[1].first + "\"");
  Json limits = Json::array(), history = Json::array();
  for (const auto& limit : view->settings->limits) {
    if (auto json = in_force_json(in.snapshot, *view->settings, limit); !json.is_null()) limits.push_back(json);
  }
  for (const auto& record : in.snapshot.limit_records) {
    if (record.pilot == pilot) history.push_back(record_object(record));
  }
  return success({{"limits", std::move(limits)}, {"history", std::move(history)}});
}

runtime::HttpResponse digest_answer(const ApiInput& in) {
  const std::string pilot(in.request.parameter("pilot"));
  const auto* view = view_of(in, pilot);
  if (view == nullptr) return failure(404, "not_found", "unknown pilot \"" + pilot + "\"");
  double level = 0.1;
  for (const auto& [name, value] : in.request.query) {
    if (name == "pilot") continue;
    if (name != "level") return failure(400, "bad_data", "unknown parameter \"" + name + "\"");
    const auto read = std::from_chars(value.data(), value.data() + value.size(), level);
    if (read.ec != std::errc{} || read.ptr != value.data() + value.size() || !(level > 0 && level <= 1))
      return failure(400, "bad_data", "level: must be a number above 0, at most 1");
  }
  const auto& guarantee = view->settings->guarantee;
  const bool days = guarantee.over_decisions == 0;
  const double over = days ? std::chrono::duration<double, std::ratio<86'400>>(guarantee.over).count()
                           : static_cast<double>(guarantee.over_decisions);
  std::vector<Watched> watched;
  std::vector<double> values;
  for (const auto& status : in.snapshot.limits) {
    if (status.pilot->name != pilot || status.limit->evidence != settings::Evidence::budget) continue;
    watched.push_back({&status, status.evidence ? status.evidence->s : 0});
    values.push_back(watched.back().s);
  }
  const auto selected = stats::digest(values, over / level);
  Json limits = Json::array();
  for (std::size_t i = 0; i < watched.size(); ++i) {
    limits.push_back(selected_json(watched[i], std::ranges::binary_search(selected, i)));
  }
  return success({{"level", level},
                  {"over", over},
                  {"clock", days ? "days" : "decisions"},
                  {"watched", watched.size()},
                  {"selected", selected.size()},
                  {"formula", "e-d-bh/v1"},
                  {"guarantee",
                   "the expected share of limits that are kept among those selected is at most `level` times the mean "
                   "time since their evidence began over `over`, however they depend on each other"},
                  {"limits", std::move(limits)}});
}

}  // namespace pilotwatch::sinks
