// SPDX-License-Identifier: Apache-2.0
#include "sim/oracle.h"

#include "sim/check.h"

namespace pilotwatch::sim {
namespace {

std::size_t hash(const record::Entry& entry) { return std::hash<std::string>()(record::encode_entry(entry)); }

}  // namespace

std::string text(const judge::Transition& t) {
  const auto name = [](judge::State state) { return std::string(judge::state_names[static_cast<std::size_t>(state)]); };
  return t.pilot + " | " + t.limit + " | " + t.group + " | " + name(t.from) + " -> " + name(t.to) + " | " +
         format_rfc3339(t.at) + " | " + format_rfc3339(t.at_wall) + " | episode " + t.episode + " | " + t.reason;
}

std::string saved(judge::Fold& fold) {
  std::string out;
  fold.save(true, [&](const std::string& name, const std::string& bytes) { out += name + "\n" + bytes + "\n"; });
  return out;
}

Oracle::Oracle(const settings::Settings& settings) : fold_(settings) {
  fold_.on_transition = [this](const judge::Transition& t) { look(t); };
}

void Oracle::apply(std::uint64_t sequence, const record::Entry& entry) {
  require(sequence == fold_.sequence() + 1, "the journal has a gap before entry " + std::to_string(sequence));
  require(entry.wall >= wall_, "time goes back in entry " + std::to_string(sequence) + ", from " +
                                   format_rfc3339(wall_) + " to " + format_rfc3339(entry.wall));
  wall_ = entry.wall;
  hashes_.push_back(hash(entry));
  fold_.apply(entry, sequence);
}

void Oracle::check_unchanged(std::uint64_t sequence, const record::Entry& entry) const {
  require(sequence <= hashes_.size() && hashes_[sequence - 1] == hash(entry),
          "entry " + std::to_string(sequence) + " is not what it was");
}

void Oracle::look(const judge::Transition& t) {
  transitions_[fold_.sequence() + 1].push_back(text(t));
  auto& [state, episode] = limits_[t.pilot + "\n" + t.limit + "\n" + t.group];
  require(state == t.from, "a change from a state that it was not in: " + text(t));
  state = t.to;
  // A figure of a window, or decisions that were evidence: these mature when nothing else comes any more.
  const bool seen = (t.value.has_value() && t.n > 0) || (t.evidence && t.evidence->observations > 0);
  if (judge::firing(t.to)) {
    require(seen, "an alarm out of silence: " + text(t));
    if (episode.empty()) require(episodes_.insert(t.episode).second, "an episode begins twice: " + text(t));
    require(episode.empty() || episode == t.episode, "another episode while one runs: " + text(t));
    episode = t.episode;
  } else if (t.to == judge::State::ok || t.to == judge::State::warning) {
    require(seen || episode.empty(), "silence ends an alarm: " + text(t));
    episode.clear();
  }
}

void Oracle::check_told(const Transitions& told, std::uint64_t start, std::uint64_t end) const {
  for (const auto& [sequence, texts] : told) {
    const auto known = transitions_.find(sequence);
    require(sequence > end || (known != transitions_.end() && known->second == texts),
            "a change that the journal does not tell of: entry " + std::to_string(sequence) + ": " + texts.front());
  }
  for (auto at = transitions_.upper_bound(start); at != transitions_.end() && at->first <= end; ++at)
    require(told.contains(at->first), "a change that was not told: " + at->second.front());
}

}  // namespace pilotwatch::sim
