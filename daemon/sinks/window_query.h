// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "engine/window.h"
#include "runtime/http.h"

/// What a reader asks of a pilot's windows, and the page of them that he gets.
namespace pilotwatch::sinks {

/// Parameters of a request; unset = everything. Comparisons of groups only where it asks for them: who sums up figures
/// by group must not meet them.
struct WindowQuery {
  std::optional<std::string> kind, model_version, attribute, group, feature;
  std::optional<settings::Metric> metric;
  std::optional<settings::Compare> compare = settings::Compare::none;  ///< unset: any
  Instant from = Instant::min(), to = Instant::max();
  std::uint64_t newest = std::numeric_limits<std::uint64_t>::max();  ///< windows of each kind on a page
  /// By kind: only windows before this place; kinds that are not in it have been read to their end. Unset: first page.
  std::optional<std::map<std::string, std::int64_t, std::less<>>> before;

  [[nodiscard]] bool takes(const engine::WindowResult& window) const;
  /// For figures and confusion tables alike. An empty value asks for the whole: all versions, the whole pilot.
  [[nodiscard]] bool takes_scope(const std::string& version, const std::string& in_attribute,
                                 const std::string& in_group) const {
    return (!model_version || version == *model_version) && (!attribute || in_attribute == *attribute) &&
           (!group || in_group == *group);
  }
  [[nodiscard]] bool takes(const engine::Figure& figure) const {
    return (!metric || figure.metric == *metric) && (!feature || figure.feature == *feature) &&
           (!compare || figure.compare == settings::compare_names[static_cast<std::size_t>(*compare)]) &&
           takes_scope(figure.model_version, figure.attribute, figure.group);
  }
};

/// Those that both have: kind, model_version, segment, from, to, limit, next. The others only figures have.
enum class Parameters : std::uint8_t { of_scopes, of_figures };

/// Every parameter must be known and be said once; else an error for people that names it.
[[nodiscard]] Result<WindowQuery> parse_window_query(const runtime::HttpRequest& request, const settings::Pilot& pilot,
                                                     Parameters known);

struct WindowPage {
  std::vector<const engine::WindowResult*> windows;  ///< as in the view: by kind, then start
  std::string next;  ///< the parameter `next` of the page of older windows; "" = there is none
};

/// The newest windows that the query takes: one of each kind, then one more of each, until they have `max_rows` or the
/// query has enough. What is published later is newer than a page that was read, so walking on from page to page shows
/// no window twice and leaves none out. `rows`: how many rows of a window pass the query.
[[nodiscard]] WindowPage page_of(const engine::PilotView& view, const WindowQuery& query, std::uint64_t max_rows,
                                 const std::function<std::uint64_t(const engine::WindowResult&)>& rows);

}  // namespace pilotwatch::sinks
