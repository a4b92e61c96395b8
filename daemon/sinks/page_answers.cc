// SPDX-License-Identifier: Apache-2.0
// Which page is asked for, and the headers that all pages have.
#include <algorithm>

#include "sinks/api_parts.h"
#include "sinks/page.h"
#include "sinks/page_limit.h"

namespace pilotwatch::sinks {
namespace {

using judge::LimitStatus;
using runtime::HttpResponse;

HttpResponse html(unsigned status, std::string body) {
  // No script, nothing from elsewhere, no frame: what a hostile name could smuggle in has nothing to run in.
  constexpr const char* policy =
      "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; "
      "frame-ancestors 'none'";
  return {status,
          "text/html; charset=utf-8",
          std::move(body),
          {{"Content-Security-Policy", policy},
           {"Referrer-Policy", "no-referrer"},
           {"Cache-Control", "no-store"},
           {"X-Content-Type-Options", "nosniff"}}};
}

bool wants_refresh(const ApiInput& in) { return in.request.parameter("refresh") != "off"; }

LimitPageInput page_input(const ApiInput& in) {
  return {{in.snapshot, in.self}, in.dashboard_url, std::nullopt, wants_refresh(in)};
}

LimitPageInput page_input(const ApiInput& in, const LimitStatus& status) {
  auto out = page_input(in);
  if (in.next_send) out.next_send = in.next_send(status);
  return out;
}

/// nullptr: of a limit that was taken out and only ends its alert.
const engine::PilotView* view_of(const ApiInput& in, const LimitStatus& status) {
  const auto& pilots = in.snapshot.pilots;
  const auto found =
      std::ranges::find_if(pilots, [&](const auto& v) { return v.settings->name == status.pilot->name; });
  return found == pilots.end() ? nullptr : &*found;
}

/// Its last breach is one of another definition: what the limit says now says nothing of it.
bool was_changed_since(const LimitStatus& status) {
  const auto& ended = status.episode->ended_wall;
  return ended && status.since_wall && *status.since_wall >= *ended;
}

HttpResponse missing(const ApiInput& in, const std::string& title, const std::string& root) {
  return html(404, missing_page_html({in.snapshot, in.self}, title, root));
}

}  // namespace

HttpResponse page_answer(const ApiInput& in) { return html(200, page_html(in.snapshot, in.self, wants_refresh(in))); }

HttpResponse breach_page_answer(const ApiInput& in) {
  const std::string episode(in.request.parameter("episode"));
  for (const auto& status : in.snapshot.limits) {
    if (!status.episode || status.episode->id != episode || was_changed_since(status)) continue;
    if (const auto* view = view_of(in, status))
      return html(200, breach_page_html(page_input(in, status), status, *view));
  }
  if (auto page = past_breach_page_html(page_input(in), episode)) return html(200, *std::move(page));
  return missing(in, "No breach " + episode + " is remembered.", "../");
}

HttpResponse limit_page_answer(const ApiInput& in) {
  const auto pilot = in.request.parameter("pilot"), limit = in.request.parameter("limit"),
             group = in.request.parameter("group");
  for (const auto& status : in.snapshot.limits) {
    if (status.pilot->name != pilot || status.limit->name != limit || status.group != group) continue;
    if (const auto* view = view_of(in, status))
      return html(200, limit_page_html(page_input(in, status), status, *view));
  }
  if (group.empty()) {
    if (auto page = groups_page_html(page_input(in), std::string(pilot), std::string(limit)))
      return html(200, *std::move(page));
  }
  auto title = "Pilot " + std::string(pilot) + " has no limit " + std::string(limit);
  if (!group.empty()) title += " for " + std::string(group);
  return missing(in, title + ".", "../../../");
}

}  // namespace pilotwatch::sinks
