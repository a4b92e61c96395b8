// SPDX-License-Identifier: Apache-2.0
#include "sinks/page.h"

#include <algorithm>

#include "sinks/html.h"
#include "sinks/page_parts.h"
#include "sinks/views.h"

namespace pilotwatch::sinks {
namespace {

using judge::Snapshot;
using judge::State;

/// How much a state asks for attention.
int urgency(State state) {
  switch (state) {
    case State::breach:
      return 6;
    case State::recovering:
      return 5;
    case State::warning:
      return 4;
    case State::no_data:
      return 3;
    case State::insufficient:
      return 2;
    case State::collecting:
      return 1;
    case State::ok:
      return 0;
  }
  return 0;
}

std::string state_words(State state) {
  switch (state) {
    case State::no_data:
      return "no data";
    case State::insufficient:
      return "too few cases";
    default:
      return name_of(state);
  }
}

std::size_t pilots_where(const Snapshot& snapshot, bool (*holds)(const judge::LimitStatus&)) {
  return static_cast<std::size_t>(std::ranges::count_if(snapshot.pilots, [&](const engine::PilotView& view) {
    return std::ranges::any_of(snapshot.limits, [&](const judge::LimitStatus& status) {
      return status.pilot->name == view.settings->name && holds(status);
    });
  }));
}

std::string of_pilots(std::size_t some, std::size_t all) {
  return std::to_string(some) + " of " + std::to_string(all) + (all == 1 ? " pilot" : " pilots");
}

/// "2 of 5 pilots have a limit in breach."
std::string headline(const Snapshot& snapshot) {
  const std::size_t all = snapshot.pilots.size();
  if (all == 0) return "No pilots are configured.";
  if (snapshot.limits.empty()) return "No limits are set.";
  const auto firing = pilots_where(snapshot, alert_out);
  if (firing > 0) return of_pilots(firing, all) + (firing == 1 ? " has" : " have") + " a limit in breach.";
  const auto warned =
      pilots_where(snapshot, [](const judge::LimitStatus& status) { return status.state == State::warning; });
  if (warned > 0)
    return "No limit is in breach; " + of_pilots(warned, all) + (warned == 1 ? " has" : " have") + " a warning.";
  return "No limit is in breach.";
}

/// What the headline leaves out: limits about which nothing can be said.
std::string lead(const Snapshot& snapshot) {
  const auto count = [&](State state) {
    return std::ranges::count(snapshot.limits, state, &judge::LimitStatus::state);
  };
  std::string out =
      std::to_string(snapshot.limits.size()) + (snapshot.limits.size() == 1 ? " limit" : " limits") + " watched";
  for (const auto state : {State::breach, State::recovering, State::warning, State::ok, State::collecting,
                           State::insufficient, State::no_data}) {
    if (const auto n = count(state); n > 0) out += ", " + std::to_string(n) + " " + state_words(state);
  }
  return out + ".";
}

std::string glance(const Snapshot& snapshot) {
  std::string out = "<nav aria-label=\"Pilots\"><ul class=\"glance\">";
  for (std::size_t i = 0; i < snapshot.pilots.size(); ++i) {
    const auto& pilot = *snapshot.pilots[i].settings;
    const auto worst = worst_state(snapshot, pilot);
    out += "<li><a href=\"#pilot-" + std::to_string(i + 1) + "\">" + escape_html(pilot.name) +
           (worst ? " " + state_badge(*worst) : std::string(" <span class=\"state\">no limits</span>")) +
           (running_pause(snapshot, snapshot.pilots[i]) != nullptr ? " <span class=\"state\">paused</span>" : "") +
           "</a></li>";
  }
  return out + "</ul></nav>";
}

std::string banner(const PageInput& in) {
  if (!in.self.ready) {
    const auto detail = in.self.ready_detail.empty() ? "" : ": " + escape_html(in.self.ready_detail);
    return "<p class=\"lead\" role=\"status\"><strong>Pilotwatch is starting" + detail + ".</strong></p>";
  }
  if (in.self.store_degraded) {
    return "<p class=\"lead\" role=\"status\"><strong>The store refuses writes: new records are answered "
           "503.</strong></p>";
  }
  if (!in.self.store_set_aside.empty()) {
    return "<p class=\"lead\" role=\"status\"><strong>The store was damaged and has been replaced; " +
           std::to_string(in.self.store_lost_entries) +
           " journal entries are lost. What is left of it: " + escape_html(in.self.store_set_aside.back()) +
           "</strong> (this goes when the file is moved away)</p>";
  }
  if (!in.self.reloads.last_successful) {
    return "<p class=\"lead\" role=\"status\"><strong>The configuration could not be reloaded; what was in force "
           "before "
           "still is. The log says why.</strong></p>";
  }
  if (in.self.store_figures_begin) {
    return "<p class=\"lead\" role=\"note\">Figures begin " + time_element(*in.self.store_figures_begin) +
           ": they had to be rebuilt, and older records had been deleted.</p>";
  }
  return {};
}

std::string top(const PageInput& in, bool refresh) {
  const auto& snapshot = in.snapshot;
  std::string out = "<header class=\"top wrap\">" + page_brand(in, "", "", refresh) + "<h1>" + headline(snapshot) +
                    "</h1>" + banner(in);
  if (!snapshot.limits.empty()) out += "<p class=\"lead\">" + lead(snapshot) + "</p>";
  if (!snapshot.pilots.empty()) out += glance(snapshot);
  return out + "</header>";
}

bool anything_received(const Snapshot& snapshot) {
  return std::ranges::any_of(snapshot.ingest.rows,
                             [](const judge::IngestCounters::Row& row) { return row.received > 0; });
}

std::string first_steps() {
  return R"html(<section class="card" aria-labelledby="first"><header>
<h2 id="first">No records yet: send some to POST /v1/records</h2>
<p class="about">One JSON object a line. Only fields that the configuration names are read.</p></header>
<pre tabindex="0" aria-label="Example request">curl --data-binary @records.ndjson \
  -H 'Content-Type: application/x-ndjson' http://<em>this-host</em>/v1/records

{"type":"prediction","pilot":"<em>name</em>","id":"case-1","time":"2026-03-01T08:00:00Z","prediction":1,"score":0.83}
{"type":"outcome","pilot":"<em>name</em>","id":"case-1","time":"2026-03-09T12:30:00Z","actual":0}
{"type":"complaint","pilot":"<em>name</em>","id":"c-17","time":"2026-03-10T10:00:00Z","prediction_id":"case-1"}</pre>
</section>)html";
}

}  // namespace

std::string state_badge(State state) {
  const std::string name = name_of(state);
  return "<span class=\"state " + name + "\"><svg aria-hidden=\"true\" focusable=\"false\"><use href=\"#m-" + name +
         "\"/></svg>" + state_words(state) + "</span>";
}

std::optional<State> worst_state(const Snapshot& snapshot, const settings::Pilot& pilot) {
  std::optional<State> worst;
  for (const auto& status : snapshot.limits) {
    if (status.pilot->name != pilot.name) continue;
    const auto state = alert_out(status) && !judge::firing(status.state) ? State::breach : status.state;
    if (!worst || urgency(state) > urgency(*worst)) worst = state;
  }
  return worst;
}

std::string page_html(const Snapshot& snapshot, const SelfStats& self, bool refresh) {
  const PageInput in{snapshot, self};
  std::string out = page_begin(headline(snapshot), "Skip to the pilots", refresh);
  out += top(in, refresh);
  out += "<main id=\"main\" class=\"wrap\">";
  if (!anything_received(snapshot)) out += first_steps();
  for (std::size_t i = 0; i < snapshot.pilots.size(); ++i) {
    out += pilot_section(in, snapshot.pilots[i], "pilot-" + std::to_string(i + 1));
  }
  out += transitions_table(snapshot);
  out += targets_section(self);
  out += records_table(snapshot.ingest);
  return out + "</main>" + page_end(in, "");
}

}  // namespace pilotwatch::sinks
