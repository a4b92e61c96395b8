// SPDX-License-Identifier: Apache-2.0
// What people decide goes the way of records: into the journal, then into the state, then answered.
#include <utility>
#include <variant>

#include "app/core.h"

namespace pilotwatch::app {
namespace {

constexpr std::size_t most_waiting = 64;

judge::Objection not_now(std::string why) { return {judge::Objection::Kind::unavailable, std::move(why)}; }

void tell(const runtime::Log& log, const record::Action& action) {
  if (const auto* pause = std::get_if<record::PausePilot>(&action)) {
    log.info("pilot paused: its limits judge nothing of that time", {{"pilot", pause->pilot},
                                                                     {"for", format_duration(pause->lasts)},
                                                                     {"author", pause->author},
                                                                     {"reason", pause->reason}});
  } else if (const auto* resume = std::get_if<record::ResumePilot>(&action)) {
    log.info("pilot resumed", {{"pilot", resume->pilot}, {"author", resume->author}});
  } else if (const auto* seen = std::get_if<record::AcknowledgeEpisode>(&action)) {
    log.info("episode acknowledged", {{"episode", seen->episode}, {"author", seen->author}, {"note", seen->note}});
  }
}

}  // namespace

void Core::act(record::Action action, std::function<void(std::optional<judge::Objection>)> done) {
  {
    const std::lock_guard lock(mutex_);
    if (ready_ && !stopping_ && actions_.size() < most_waiting) {
      actions_.push_back({std::move(action), std::move(done)});
      wake_.notify_one();
      return;
    }
  }
  done(not_now("the daemon is starting, stopping or busy"));
}

void Core::serve_actions() {
  std::vector<WaitingAction> actions;
  {
    const std::lock_guard lock(mutex_);
    actions.swap(actions_);
  }
  for (auto& waiting : actions) waiting.done(perform(std::move(waiting.action)));
}

std::optional<judge::Objection> Core::perform(record::Action action) {
  try {
    finish_committed();
    if (lost_) return not_now("the state is being restored");
    record::Entry entry;
    entry.wall = wall();
    if (auto objection = parts_.fold.settle(action, entry.wall)) return objection;
    if (parts_.fold.knows(action)) return std::nullopt;  // asked twice, for want of an answer
    entry.actions.push_back(action);
    apply(entry, commit(entry, {}));
  } catch (const std::exception& error) {  // nothing has changed, or the next commit brings it into the state
    parts_.log.error("what somebody decided cannot be stored", {{"err", error.what()}});
    return not_now("the store cannot be used");
  }
  alerts_changed_ = true;
  tell(parts_.log, action);
  return std::nullopt;
}

}  // namespace pilotwatch::app
