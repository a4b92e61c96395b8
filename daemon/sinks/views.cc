// SPDX-License-Identifier: Apache-2.0
#include "sinks/views.h"

#include <algorithm>

namespace pilotwatch::sinks {

std::vector<const engine::WindowResult*> newest_windows(const engine::PilotView& view) {
  std::vector<const engine::WindowResult*> out;
  for (const auto& window : view.windows) {
    const auto same_kind = std::ranges::find(out, window->kind_name, &engine::WindowResult::kind_name);
    if (same_kind == out.end()) {
      out.push_back(window.get());
    } else if (window->start >= (*same_kind)->start) {
      *same_kind = window.get();
    }
  }
  return out;
}

const engine::Figure* find_figure(const engine::WindowResult& window, const FigureKey& key) {
  const auto found = std::ranges::find_if(window.figures, [&](const engine::Figure& figure) {
    return figure.metric == key.metric && figure.feature == key.feature && figure.attribute == key.attribute &&
           figure.group == key.group && figure.model_version == key.model_version && figure.compare == key.compare;
  });
  return found == window.figures.end() ? nullptr : &*found;
}

const std::string& positive_class(const settings::Pilot& pilot) {
  static const std::string one = "1";
  if (!pilot.positive.empty()) return pilot.positive;
  return pilot.classes.empty() ? one : pilot.classes.back();
}

const judge::Pause* running_pause(const judge::Snapshot& snapshot, const engine::PilotView& view) {
  const auto pauses = snapshot.pauses.find(view.settings->name);
  if (pauses == snapshot.pauses.end() || pauses->second.all().empty()) return nullptr;
  const auto& last = pauses->second.all().back();
  if (view.settings->clock == settings::PilotClock::wall) return last.until > snapshot.wall ? &last : nullptr;
  // Where no events come its own time does not pass: then it is over by the wall clock, or a pilot that has gone silent in a
  // pause would never be told of.
  const bool over = snapshot.wall >= last.from_wall + (last.until - last.from);
  return view.now && last.until > *view.now + Millis{1} && !over ? &last : nullptr;
}

}  // namespace pilotwatch::sinks
