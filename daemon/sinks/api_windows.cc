// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "sinks/api.h"
#include "sinks/api_parts.h"
#include "sinks/schema.h"
#include "sinks/views.h"
#include "sinks/window_query.h"
#include "stats/interval/sequence.h"
#include "stats/sequential/evidence.h"

namespace pilotwatch::sinks {
namespace {

using engine::Figure;
using engine::PilotView;
using engine::WindowResult;
using runtime::HttpResponse;

Json window_json(const WindowResult& window) {
  return {{"start", format_rfc3339(window.start)}, {"end", format_rfc3339(window.end)}, {"kind", window.kind_name}};
}

Json segment_json(const std::string& attribute, const std::string& group) {
  if (attribute.empty()) return nullptr;
  Json out = Json::object();
  out[attribute] = group;
  return out;
}

std::string confusion_json(const std::string& pilot, const WindowResult& window, const engine::Confusion& confusion) {
  const auto cell = [&](std::uint64_t count) { return confusion.suppressed ? Json() : Json(count); };
  const char* state = confusion.suppressed ? "suppressed" : window.mature ? "ok" : "immature";
  const char* reason = confusion.suppressed ? "a count is below segments.min_n, or would show one that is"
                       : window.mature      ? ""
                                            : "the outcome horizon has not passed";
  return dump({{"pilot", pilot},
               {"window", window_json(window)},
               {"model_version", text_or_null(confusion.model_version)},
               {"segment", segment_json(confusion.attribute, confusion.group)},
               {"label", confusion.label},
               {"tp", cell(confusion.tp)},
               {"fp", cell(confusion.fp)},
               {"fn", cell(confusion.fn)},
               {"tn", cell(confusion.tn)},
               {"state", state},
               {"reason", text_or_null(reason)}});
}

class JsonArray {
 public:
  void add(std::string_view element) {
    text_ += text_.size() == 1 ? "\n" : ",\n";
    text_ += element;
  }
  std::string take() { return std::move(text_ += text_.size() == 1 ? "]" : "\n]"); }

 private:
  std::string text_ = "[";
};

/// About 4 MB of figures. More are on the next page, so that no request can make the daemon write all it has.
constexpr std::uint64_t max_rows = 10'000;

/// What one endpoint shows of a window.
struct Rows {
  Parameters parameters;
  std::uint64_t (*count)(const WindowResult&, const WindowQuery&);
  void (*append)(JsonArray&, const settings::Pilot&, const WindowResult&, const WindowQuery&);
  const char* schema;  ///< nullptr: none is published
};

HttpResponse answer(const ApiInput& in, const Rows& rows) {
  const std::string pilot(in.request.parameter("pilot"));
  const auto view =
      std::ranges::find_if(in.snapshot.pilots, [&](const PilotView& v) { return v.settings->name == pilot; });
  if (view == in.snapshot.pilots.end()) return failure(404, "not_found", "unknown pilot \"" + pilot + "\"");
  const auto query = parse_window_query(in.request, *view->settings, rows.parameters);
  if (query.has_error()) return failure(400, "bad_data", query.error().what);
  const auto page =
      page_of(*view, *query, max_rows, [&](const WindowResult& window) { return rows.count(window, *query); });
  JsonArray out;
  for (const auto* window : page.windows) rows.append(out, *view->settings, *window, *query);
  Json beside{{"next", text_or_null(page.next)}};
  if (rows.schema != nullptr) beside["schema"] = rows.schema;
  return success_text(out.take(), beside);
}

bool takes(const WindowQuery& query, const engine::Confusion& confusion) {
  return query.takes_scope(confusion.model_version, confusion.attribute, confusion.group);
}

const Rows figure_rows{
    Parameters::of_figures,
    [](const WindowResult& window, const WindowQuery& query) {
      return static_cast<std::uint64_t>(
          std::ranges::count_if(window.figures, [&](const auto& f) { return query.takes(f); }));
    },
    [](JsonArray& out, const settings::Pilot& pilot, const WindowResult& window, const WindowQuery& query) {
      for (const auto& figure : window.figures) {
        if (query.takes(figure)) out.add(figure_json(pilot.name, window, figure));
      }
    },
    backtest_schema_id};

const Rows confusion_rows{
    Parameters::of_scopes,
    [](const WindowResult& window, const WindowQuery& query) {
      return static_cast<std::uint64_t>(
          std::ranges::count_if(window.confusions, [&](const auto& c) { return takes(query, c); }));
    },
    [](JsonArray& out, const settings::Pilot& pilot, const WindowResult& window, const WindowQuery& query) {
      for (const auto& confusion : window.confusions) {
        if (takes(query, confusion)) out.add(confusion_json(pilot.name, window, confusion));
      }
    },
    nullptr};

}  // namespace

std::string figure_json(const std::string& pilot, const WindowResult& window, const Figure& figure) {
  const bool hidden = figure.state == "suppressed";
  const auto shown = [&](std::optional<double> value) { return hidden ? Json() : number_or_null(value); };
  return dump({{"pilot", pilot},
               {"window", window_json(window)},
               {"model_version", text_or_null(figure.model_version)},
               {"segment", segment_json(figure.attribute, figure.group)},
               {"feature", text_or_null(figure.feature)},
               {"compare", text_or_null(figure.compare)},
               {"against", text_or_null(figure.against)},
               {"metric", name_of(figure.metric)},
               {"formula", figure.formula},
               {"value", shown(figure.value)},
               {"lower", shown(figure.lower)},
               {"upper", shown(figure.upper)},
               {"noise_floor", shown(figure.noise_floor)},
               {"n", hidden ? 0 : figure.n},
               {"coverage", shown(figure.coverage)},
               {"state", figure.state},
               {"reason", text_or_null(figure.reason)}});
}

Json evidence_json(const std::optional<judge::BudgetEvidence>& evidence) {
  if (!evidence) return nullptr;
  const auto& e = *evidence;
  const bool of_every_look = e.formula == stats::beta_binomial_sequence_formula;
  return {{"s", e.s},
          {"threshold", e.threshold},
          {"ratio", stats::evidence_ratio(e.s, e.threshold)},
          {"budget", e.budget_n},
          {"clock", of_every_look ? Json() : Json(e.days ? "days" : "decisions")},
          {"share", e.share},
          {"block", e.block},
          {"observations", e.observations},
          {"left_out", e.left_out},
          {"change_point", e.change_point ? Json(format_rfc3339(*e.change_point)) : Json()},
          {"value_since_change", number_or_null(e.value_since)},
          {"n_since_change", e.n_since},
          {"mean", number_or_null(e.mean)},
          {"mean_lower", number_or_null(e.mean_lower)},
          {"mean_upper", number_or_null(e.mean_upper)},
          {"formula", e.formula},
          {"reference", text_or_null(e.reference)},
          {"moved", text_or_null(e.moved)}};
}

Json chunks_json(const std::optional<judge::ChunkBound>& bound) {
  if (!bound) return nullptr;
  return {{"mean", bound->mean},
          {"sd", bound->sd},
          {"chunks", bound->chunks},
          {"lower", number_or_null(bound->lower)},
          {"upper", number_or_null(bound->upper)},
          {"reference", text_or_null(bound->reference)},
          {"guarantee", "none"}};
}

std::string transition_json(const judge::Transition& transition) {
  Json window;
  if (transition.window_start && transition.window_end) {
    window = {{"start", format_rfc3339(*transition.window_start)}, {"end", format_rfc3339(*transition.window_end)}};
  }
  Json inner{{"pilot", transition.pilot},
             {"limit", transition.limit},
             {"limit_hash", text_or_null(transition.limit_hash)},
             {"group", text_or_null(transition.group)},
             {"from", name_of(transition.from)},
             {"to", name_of(transition.to)},
             {"at", format_rfc3339(transition.at)},
             {"at_wall", format_rfc3339(transition.at_wall)},
             {"value", number_or_null(transition.value)},
             {"lower", number_or_null(transition.lower)},
             {"upper", number_or_null(transition.upper)},
             {"threshold", number_or_null(transition.threshold)},
             {"n", transition.n},
             {"window", std::move(window)},
             {"episode", text_or_null(transition.episode)},
             {"reason", text_or_null(transition.reason)},
             {"evidence", evidence_json(transition.evidence)},
             {"reference_chunks", chunks_json(transition.chunks)}};
  Json out = Json::object();
  out["transition"] = std::move(inner);
  return dump(out);
}

std::string schema_json() { return dump({{"schema", backtest_schema_id}}); }

HttpResponse windows_answer(const ApiInput& in) { return answer(in, figure_rows); }

HttpResponse confusion_answer(const ApiInput& in) { return answer(in, confusion_rows); }

HttpResponse transitions_answer(const ApiInput& in) {
  JsonArray out;
  for (const auto& transition : in.snapshot.recent) out.add(transition_json(transition));
  return success_text(out.take(), {{"schema", backtest_schema_id}});
}

}  // namespace pilotwatch::sinks
