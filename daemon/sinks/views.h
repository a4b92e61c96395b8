// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "judge/status.h"

/// Questions that metrics, API and page all ask of a snapshot.
namespace pilotwatch::sinks {

/// The newest closed window of each kind, in the order of the settings.
[[nodiscard]] std::vector<const engine::WindowResult*> newest_windows(const engine::PilotView& view);

/// What a figure is about; the default is the whole pilot, all versions, no feature, no comparison.
struct FigureKey {
  settings::Metric metric{};
  std::string_view feature = {}, attribute = {}, group = {}, model_version = {};
  std::string_view compare = {};
};
/// nullptr where the window has no such figure.
[[nodiscard]] const engine::Figure* find_figure(const engine::WindowResult& window, const FigureKey& key);

/// The class that counts as positive; only for binary pilots.
[[nodiscard]] const std::string& positive_class(const settings::Pilot& pilot);

[[nodiscard]] inline const char* name_of(settings::Metric metric) {
  return settings::metric_names[static_cast<std::size_t>(metric)];
}
[[nodiscard]] inline const char* name_of(judge::State state) {
  return judge::state_names[static_cast<std::size_t>(state)];
}
[[nodiscard]] inline const char* name_of(settings::Severity severity) {
  return settings::severity_names[static_cast<std::size_t>(severity)];
}
[[nodiscard]] inline const char* name_of(settings::ReferenceKind kind) {
  return settings::reference_kind_names[static_cast<std::size_t>(kind)];
}
[[nodiscard]] inline const char* name_of(settings::Task task) {
  return settings::task_names[static_cast<std::size_t>(task)];
}

/// An alert is out: a breach has begun and not ended, even if the last look had no data.
[[nodiscard]] inline bool alert_out(const judge::LimitStatus& status) {
  return judge::firing(status.state) || (status.episode && !status.episode->ended_wall);
}

/// The pause of the pilot that runs now, by its clock; nullptr: none. Points into the snapshot.
[[nodiscard]] const judge::Pause* running_pause(const judge::Snapshot& snapshot, const engine::PilotView& view);

[[nodiscard]] inline const char* name_of(settings::Direction direction) {
  return settings::direction_names[static_cast<std::size_t>(direction)];
}

}  // namespace pilotwatch::sinks
