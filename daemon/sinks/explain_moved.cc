// SPDX-License-Identifier: Apache-2.0
#include "sinks/explain_moved.h"

#include <algorithm>
#include <cmath>

#include "judge/judge.h"

namespace pilotwatch::sinks {
namespace {

using engine::Figure;
using engine::WindowResult;
using judge::LimitStatus;
using settings::Metric;

constexpr std::size_t most_parts = 8;

/// What a figure is a part of the limit's own by; "" = of nothing.
const char* part_kind(const settings::Limit& limit, const Figure& figure) {
  if (figure.metric != limit.metric || !figure.value || figure.n == 0) return "";
  if (figure.compare != settings::compare_names[static_cast<std::size_t>(limit.compare)]) return "";
  const bool of_version = !figure.model_version.empty(), of_group = !figure.attribute.empty();
  if (figure.feature != limit.feature) {
    const bool kinds = limit.metric == Metric::complaints_per_1000 || limit.metric == Metric::verdict_rate;
    const bool parts = kinds && limit.segment.empty() && !of_version && !of_group && !figure.feature.empty();
    return !parts ? "" : limit.metric == Metric::verdict_rate ? "class" : "category";
  }
  if (of_version && of_group) return "";
  if (of_version) return limit.segment.empty() ? "version" : "";
  if (!of_group) return "";
  return limit.segment.empty() || figure.attribute == limit.segment ? "group" : "";
}

std::string part_name(const std::string& kind, const Figure& figure) {
  if (kind == "version") return figure.model_version;
  if (kind == "group") return figure.attribute + " " + figure.group;
  return figure.feature;
}

/// The same figure of another window.
std::optional<double> value_in(const WindowResult* window, const Figure& figure) {
  if (window == nullptr) return std::nullopt;
  for (const auto& other : window->figures) {
    if (other.metric == figure.metric && other.feature == figure.feature && other.attribute == figure.attribute &&
        other.group == figure.group && other.model_version == figure.model_version && other.compare == figure.compare &&
        other.formula == figure.formula) {
      return other.value;
    }
  }
  return std::nullopt;
}

std::vector<Moved> of_feature(const LimitStatus& status, const WindowResult& window) {
  std::vector<Moved> out;
  for (const auto& shift : window.shifts) {
    if (shift.feature != status.limit->feature) continue;
    for (const auto& part : shift.parts) out.push_back({"feature", part.name, part.live, shift.n, part.before});
  }
  return out;
}

/// What there is to be off from: the whole pilot's figure; of comparisons, that nothing differs.
std::optional<double> centre(const LimitStatus& status, const WindowResult& window) {
  if (status.limit->compare == settings::Compare::difference) return 0;
  if (status.limit->compare == settings::Compare::ratio) return 1;
  for (const auto& figure : window.figures) {
    if (figure.metric == status.limit->metric && figure.feature == status.limit->feature && figure.attribute.empty() &&
        figure.model_version.empty()) {
      return figure.value;
    }
  }
  return std::nullopt;
}

std::vector<Moved> of_parts(const LimitStatus& status, const WindowResult& window, const WindowResult* before) {
  const auto from = centre(status, window);
  const double sign = judge::bad_above(status) ? 1 : -1;
  std::vector<std::pair<double, Moved>> found;
  for (const auto& figure : window.figures) {
    const std::string kind = part_kind(*status.limit, figure);
    if (kind.empty()) continue;
    Moved part{kind, part_name(kind, figure), *figure.value, figure.n, value_in(before, figure)};
    const bool second = std::ranges::any_of(found, [&](const auto& other) {  // two intervals of one figure
      return other.second.what == part.what && other.second.name == part.name;
    });
    if (second) continue;
    const bool of_kind = kind == "category" || kind == "class";  // rates of parts of the whole: their rise
    const double base = of_kind ? part.before.value_or(0) : from.value_or(*figure.value);
    found.emplace_back(sign * (part.value - base) * std::sqrt(static_cast<double>(part.n)), std::move(part));
  }
  std::ranges::stable_sort(found, std::greater{}, [](const auto& part) { return part.first; });
  std::vector<Moved> out;
  for (auto& [off, part] : found) {
    if (out.size() < most_parts) out.push_back(std::move(part));
  }
  return out;
}

}  // namespace

std::vector<const WindowResult*> windows_of(const LimitStatus& status, const engine::PilotView& view) {
  std::vector<const WindowResult*> out;
  for (const auto& window : view.windows) {
    if (window->kind == status.limit->window) out.push_back(window.get());
  }
  return out;
}

const WindowResult* window_of(const LimitStatus& status, const engine::PilotView& view) {
  const auto windows = windows_of(status, view);
  for (const auto* window : windows) {
    if (window->start == status.window_start && window->end == status.window_end) return window;
  }
  return windows.empty() ? nullptr : windows.back();
}

const Figure* figure_of(const LimitStatus& status, const WindowResult& window) {
  const auto found = std::ranges::find_if(window.figures, [&](const Figure& figure) {
    return figure.group == status.group && judge::is_about(*status.limit, figure);
  });
  return found == window.figures.end() ? nullptr : &*found;
}

std::vector<Moved> moved_parts(const LimitStatus& status, const engine::PilotView& view) {
  const auto* window = window_of(status, view);
  if (window == nullptr) return {};
  if (settings::of_feature(status.limit->metric)) return of_feature(status, *window);
  const WindowResult* before = nullptr;
  for (const auto* other : windows_of(status, view)) {
    if (other == window) break;
    before = other;
  }
  return of_parts(status, *window, before);
}

}  // namespace pilotwatch::sinks
