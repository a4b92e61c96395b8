// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "base/time.h"
#include "base/zone.h"
#include "engine/window.h"
#include "settings/settings.h"

/// Words, numbers and times as the built-in page writes them.
namespace pilotwatch::sinks {

/// Safe between tags and inside quoted attributes; invalid UTF-8 and control characters become U+FFFD.
[[nodiscard]] std::string escape_html(std::string_view text);

/// "1,284,003"
[[nodiscard]] std::string human_count(std::uint64_t count);
/// Three significant digits, or a whole number with thousands separated: "0.0417", "12.5", "9,000".
[[nodiscard]] std::string human_number(double value);
/// In the metric's own unit: "8.41 %", "3.2 per 1,000", "0.243", "1,284".
[[nodiscard]] std::string human_value(settings::Metric metric, double value);
/// What a limit looks at: as above; a ratio between groups is a plain number.
[[nodiscard]] std::string human_value(const settings::Limit& limit, double value);
[[nodiscard]] std::string human_range(const settings::Limit& limit, double lower, double upper);
/// "10.6 to 17.5 %"
[[nodiscard]] std::string human_range(settings::Metric metric, double lower, double upper);
/// "error rate", "complaints"
[[nodiscard]] std::string human_metric(settings::Metric metric);
/// "14 Mar 2026", of the civil day in `zone`
[[nodiscard]] std::string human_day(Instant time, const Zone& zone = {});
/// "14 Mar 2026, 08:02 UTC" in a <time> element
[[nodiscard]] std::string time_element(Instant time);
/// "14 Mar 2026", "week of 9 Mar 2026", "March 2026", "all since 5 Jan 2026", "1,000 decisions to 14 Mar 2026"
[[nodiscard]] std::string human_window(const settings::Window& kind, Instant start, Instant end, const Zone& zone);
/// "2 d 4 h", "5 min", "0 s": the two greatest units
[[nodiscard]] std::string human_duration(Millis duration);

}  // namespace pilotwatch::sinks
