// SPDX-License-Identifier: Apache-2.0
// Pauses and acknowledgements: what they change, and what they leave out.
#include <algorithm>
#include <variant>

#include "base/text.h"
#include "engine/calendar.h"
#include "judge/judge.h"

namespace pilotwatch::judge {
namespace {

template <class... Cases>
struct Overloaded : Cases... {
  using Cases::operator()...;
};

/// How far back a window reaches; of `all` and counted decisions nobody knows.
Millis length(const settings::Window& window) {
  using settings::WindowKind;
  constexpr std::chrono::hours day{24}, clocks{1};
  switch (window.kind) {
    case WindowKind::hour:
      return std::chrono::hours{1};
    case WindowKind::day:
      return day + clocks;
    case WindowKind::week:
      return 7 * day + clocks;
    case WindowKind::days:
      return static_cast<int>(window.count) * day + clocks;
    case WindowKind::month:
    case WindowKind::count:
    case WindowKind::all:
      break;
  }
  return 31 * day + clocks;
}

std::string pause_words(const Pause& pause) {
  return "paused from " + format_rfc3339(pause.from) + " to " + format_rfc3339(pause.until) + " by " + pause.author +
         " (" + pause.reason + ")";
}

}  // namespace

/// Pauses that ended before it can be asked about no more.
Instant Judge::old_for_pauses(const settings::Pilot& pilot, Instant now) {
  Millis longest = length({settings::WindowKind::week});
  for (const auto& limit : pilot.limits) longest = std::max(longest, length(limit.window));
  return now - std::max(pilot.lateness, pilot.outcome_horizon) - longest;
}

bool Judge::knows_episode(const std::string& id) const {
  return std::ranges::any_of(instances_, [&](const auto& item) {
    const auto& episode = item.second.status.episode;
    return episode && episode->id == id;
  });
}

std::optional<Objection> Judge::objection(const record::Action& action) const {
  const auto unknown = [](const std::string& pilot) {
    return Objection{Objection::Kind::unknown, "unknown pilot \"" + pilot + "\""};
  };
  return std::visit(
      Overloaded{[&](const record::PausePilot& pause) -> std::optional<Objection> {
                   const auto* pilot = settings_->find(pause.pilot);
                   if (pilot == nullptr) return unknown(pause.pilot);
                   const auto* known = actions_.pauses(pause.pilot);
                   if (known == nullptr || known->has_room(old_for_pauses(*pilot, pause.from))) return std::nullopt;
                   return Objection{Objection::Kind::conflict, "the pilot has " + std::to_string(Pauses::most) +
                                                                   " pauses that later looks may still ask about"};
                 },
                 [&](const record::ResumePilot& resume) -> std::optional<Objection> {
                   if (settings_->find(resume.pilot) == nullptr) return unknown(resume.pilot);
                   const auto* known = actions_.pauses(resume.pilot);
                   if (known != nullptr && !known->all().empty() && known->all().back().until > resume.at)
                     return std::nullopt;
                   return Objection{Objection::Kind::conflict, "pilot \"" + resume.pilot + "\" is not paused"};
                 },
                 [&](const record::AcknowledgeEpisode& seen) -> std::optional<Objection> {
                   constexpr auto most = ActionBook::most_of_episode;
                   if (actions_.acknowledgements(seen.episode).size() < most) return std::nullopt;
                   return Objection{Objection::Kind::conflict,
                                    "the episode has " + std::to_string(most) + " acknowledgements already"};
                 }},
      action);
}

/// Also of pilots that the settings do not name (any more): what is kept depends on entries alone.
void Judge::act(const record::Action& action, Instant wall) {
  std::visit(Overloaded{[&](const record::PausePilot& pause) {
                          actions_.pauses_of(pause.pilot)
                              .begin({pause.from, pause.from + pause.lasts, wall, std::nullopt, pause.author,
                                      pause.reason, ""});
                        },
                        [&](const record::ResumePilot& resume) {
                          if (actions_.pauses(resume.pilot) == nullptr) return;
                          actions_.pauses_of(resume.pilot).end(resume.at, wall, resume.author);
                        },
                        [&](const record::AcknowledgeEpisode& seen) {
                          actions_.acknowledge({seen.episode, wall, seen.author, seen.note});
                        }},
             action);
  forget_routes();  // they know where a pilot's pauses are
}

/// Of a limit whose observations are whole days or weeks: one of which a part is missing has another mean, so all of it
/// is left out.
bool Judge::period_in_pause(const settings::Pilot& pilot, const settings::Limit& limit, Instant time) const {
  const auto* pauses = actions_.pauses(pilot.name);
  if (pauses == nullptr || pauses->all().empty()) return false;
  const bool day = limit.period == settings::BlockPeriod::day;
  const auto today = engine::day_of(pilot.time_zone, time);
  const auto first = day ? today : engine::window_start(settings::WindowKind::week, today);
  const auto last = first + (day ? 1 : 7);
  return pauses->within(engine::start_of(pilot.time_zone, first), engine::start_of(pilot.time_zone, last)) > Millis{};
}

/// Whether a decision is no evidence; it is counted, once.
bool Judge::in_pause(Pauses& pauses, const engine::Observation& seen) {
  if (pauses.at(seen.decision.time) == nullptr) return false;
  if (seen.stage == engine::Stage::ordered) ++pauses.decisions;
  return true;
}

/// A window that lies in pauses too much is shown and not judged: to a limit it is one with too few cases.
bool Judge::paused(Instance& instance, const engine::Closing& closing, Instant wall, std::vector<Transition>& out) {
  auto& s = instance.status;
  const auto* pauses = actions_.pauses(s.pilot->name);
  if (pauses == nullptr || !pauses->leaves_out(closing.result->start, closing.result->end)) return false;
  if (judged_before(s, closing)) return true;
  ++actions_.pauses_of(s.pilot->name).looks;
  auto finding = examine(*s.limit, {}, s.group, *closing.result);
  finding.kind = Finding::Kind::insufficient;
  finding.reason = "not judged: " + pause_of(s.pilot->name, closing);
  step(instance, finding, closing, wall, out);
  return true;
}

/// What a window has to do with pauses, in words; "" = nothing.
std::string Judge::pause_of(const std::string& pilot, const engine::Closing& closing) const {
  const auto* pauses = actions_.pauses(pilot);
  const auto* last = pauses == nullptr ? nullptr : pauses->last_in(closing.result->start, closing.result->end);
  return last == nullptr ? "" : pause_words(*last);
}

}  // namespace pilotwatch::judge
