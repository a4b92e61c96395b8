// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "judge/status.h"
#include "sinks/self_stats.h"

/// The pieces of the built-in page. Each returns HTML with all text escaped.
namespace pilotwatch::sinks {

struct PageInput {
  const judge::Snapshot& snapshot;
  const SelfStats& self;
};

/// The style sheet, light and dark, screen and print.
[[nodiscard]] const char* page_style();
/// The shapes of the states, once, for <use>.
[[nodiscard]] const char* page_shapes();

/// From the doctype to the shapes; `title`: escaped; `skip`: the words that lead past the header, to #main. `refresh`: every 30 s.
[[nodiscard]] std::string page_begin(const std::string& title, const std::string& skip, bool refresh);
/// The footer and the end of the document. `root`: the way to the page at `/`, "" or "../".
[[nodiscard]] std::string page_end(const PageInput& in, const std::string& root);
/// Whose page it is and as of when. `query`: what keeps the reader on this page, "" or "group=north".
[[nodiscard]] std::string page_brand(const PageInput& in, const std::string& root, const std::string& query,
                                     bool refresh);
/// A term and what it says, within <dl>; "" where there is nothing to say. `html`: escaped.
[[nodiscard]] std::string fact(const std::string& name, const std::string& html);
/// "error rate above 10 % by day, whole interval"
[[nodiscard]] std::string rule_words(const judge::LimitStatus& status);
/// " sex: f", in its own element; "" of the whole pilot.
[[nodiscard]] std::string group_words(const judge::LimitStatus& status);

/// A state's shape (decorative) and its word.
[[nodiscard]] std::string state_badge(judge::State state);
/// What to say of the pilot in one word: the worst of its limits' states; nullopt without limits.
[[nodiscard]] std::optional<judge::State> worst_state(const judge::Snapshot& snapshot, const settings::Pilot& pilot);

/// One pilot: facts, charts, limits, groups. `id` is the anchor.
[[nodiscard]] std::string pilot_section(const PageInput& in, const engine::PilotView& view, const std::string& id);
/// That the pilot is paused, since when and why; "" where it is not.
[[nodiscard]] std::string pause_banner(const judge::Snapshot& snapshot, const engine::PilotView& view);
/// Its pauses, newest first; "" without any.
[[nodiscard]] std::string pauses_table(const judge::Snapshot& snapshot, const engine::PilotView& view);
/// Who acknowledged the limit's episode last; "" = nobody.
[[nodiscard]] std::string acknowledged_words(const judge::LimitStatus& status);
/// Small charts of the last windows.
[[nodiscard]] std::string pilot_charts(const engine::PilotView& view, const std::string& id);
/// A table of each limit's state and evidence.
[[nodiscard]] std::string limits_table(const PageInput& in, const engine::PilotView& view);
/// Figures of complaints' findings, reviews and feedback, whole pilot; "" where there are none.
[[nodiscard]] std::string people_table(const engine::PilotView& view);
/// What was changed, as announced or not, and what the records show that nobody announced; "" without any.
[[nodiscard]] std::string changes_table(const engine::PilotView& view);
/// Rates by group, with suppressed cells shown as such.
[[nodiscard]] std::string groups_tables(const engine::PilotView& view);
/// Records by source: received = accepted + duplicate + rejected.
[[nodiscard]] std::string records_table(const judge::IngestCounters& ingest);
/// Where alerts go: each Alertmanager with its state, and what it refused; "" where there is none and nobody looks for one.
[[nodiscard]] std::string targets_section(const SelfStats& self);
/// The last changes of state, newest first.
[[nodiscard]] std::string transitions_table(const judge::Snapshot& snapshot);

}  // namespace pilotwatch::sinks
