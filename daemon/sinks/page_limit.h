// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "judge/status.h"
#include "sinks/page_parts.h"

/// The pages of one limit and of one breach: why it says what it says. The same as /api/v1/pilots/{pilot}/explain, to
/// be read; what is hidden there is hidden here. No script, nothing from elsewhere, like the page at `/`.
namespace pilotwatch::sinks {

struct LimitPageInput {
  PageInput page;
  std::string dashboard{};             ///< its address; "" = none
  std::optional<Instant> next_send{};  ///< of its alert
  bool refresh = true;                 ///< every 30 s
};

/// `/pilots/{pilot}/limits/{limit}`.
[[nodiscard]] std::string limit_page_html(const LimitPageInput& in, const judge::LimitStatus& status,
                                          const engine::PilotView& view);
/// The same without `group` of a limit on groups: which there are; nullopt where there is no such limit.
[[nodiscard]] std::optional<std::string> groups_page_html(const LimitPageInput& in, const std::string& pilot,
                                                          const std::string& limit);
/// `/breaches/{episode}` of a limit whose last breach it is.
[[nodiscard]] std::string breach_page_html(const LimitPageInput& in, const judge::LimitStatus& status,
                                           const engine::PilotView& view);
/// `/breaches/{episode}` of an earlier one: its changes of state and who has seen it; nullopt where none is remembered.
[[nodiscard]] std::optional<std::string> past_breach_page_html(const LimitPageInput& in, const std::string& episode);
/// That there is no such breach or limit here, and why that can be. `root`: as of page_end().
[[nodiscard]] std::string missing_page_html(const PageInput& in, const std::string& title, const std::string& root);

/// Its evidence or figure over time; "" where there is none.
[[nodiscard]] std::string limit_charts(const judge::LimitStatus& status, const engine::PilotView& view);
/// The parts that have moved most; "" where there are none.
[[nodiscard]] std::string moved_table(const judge::LimitStatus& status, const engine::PilotView& view);
/// The last windows; "" where there are none.
[[nodiscard]] std::string windows_table(const judge::LimitStatus& status, const engine::PilotView& view);
/// Those of the changes of state that `of` names, newest first, 20 at most; "" where there are none.
[[nodiscard]] std::string changes_of(const std::vector<judge::Transition>& changes,
                                     const std::function<bool(const judge::Transition&)>& of);
/// Who has seen it, when, and what they say; "" where nobody has.
[[nodiscard]] std::string seen_table(const std::vector<judge::Acknowledgement>& all);

}  // namespace pilotwatch::sinks
