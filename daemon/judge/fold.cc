// SPDX-License-Identifier: Apache-2.0
#include "judge/fold.h"

#include <algorithm>
#include <array>
#include <optional>

#include "base/text.h"

namespace pilotwatch::judge {
namespace {

constexpr std::size_t recent_transitions = 100;
constexpr std::size_t most_of_breaches = 1000;  ///< what people look up later: alerts link to it

std::string reference_shape(const engine::PilotState& state) {
  const auto& r = state.settings().reference;
  std::string out = "reference " + std::string(settings::reference_kind_names[static_cast<std::size_t>(r.kind())]);
  if (r.kind() == settings::ReferenceKind::file) out += " " + state.reference()->id;
  if (r.kind() == settings::ReferenceKind::period)
    out += " " + format_rfc3339(*r.from) + " " + format_rfc3339(*r.to) + " " + std::to_string(r.max_rows);
  if (r.strata != settings::Strata::none) out += settings::strata_names[static_cast<std::size_t>(r.strata)];
  return out + " " + std::to_string(r.rows()) + " " + std::to_string(r.ks_exact_max_distinct) + " " +
         std::to_string(r.max_categories);
}

std::string bounds_shape(const settings::Bounds& bounds) {
  std::string out = "bounds";
  for (const auto bound : {bounds.decisions, bounds.kept, bounds.parked, bounds.versions, bounds.categories})
    out += " " + std::to_string(bound);
  return out;
}

}  // namespace

Fold::Fold(const settings::Settings& settings) : settings_(&settings), engine_(settings), judge_(settings) {}

void Applied::refuse(const record::Record& record) {
  ++rejected;
  if (errors.size() == most_errors) return;
  errors.push_back({record.line,
                    record::stream_of(record),
                    record::Reason::full,
                    "one more than the pilot's bounds let in",
                    {},
                    {}});
}

std::vector<Applied> Fold::apply(const record::Entry& entry, std::uint64_t sequence) {
  std::vector<Applied> out;
  if (entry.limits) define(*entry.limits, entry.wall);
  for (const auto& action : entry.actions) judge_.act(action, entry.wall);
  for (const auto& submission : entry.submissions) out.push_back(apply(submission, entry.wall));
  for (auto& pilot : engine_.pilots()) {
    if (pilot->settings().clock == settings::PilotClock::wall) pilot->advance(entry.wall, listener(*pilot, entry.wall));
  }
  sequence_ = sequence;
  return out;
}

/// Where the records of one submission go: pilots and counters, looked up by name once.
class Fold::Routes {
 public:
  struct To {
    engine::PilotState* pilot;
    engine::PilotState::Listener listener;
    bool by_event;  ///< time moves on with its records
  };
  Routes(Fold& fold, const record::Submission& submission, Instant wall)
      : fold_(fold), submission_(submission), wall_(wall), by_name_(submission.batch.strings.size()) {}
  Routes(const Routes&) = delete;
  Routes& operator=(const Routes&) = delete;
  ~Routes() {
    for (const auto& to : to_) to.pilot->end();
  }

  /// Null where there is no such pilot.
  const To* pilot(record::StringRef name) {
    auto& known = by_name_.at(name);
    if (!known) known = find(name);
    return *known;
  }
  IngestCounters::Row& row(record::Stream stream) {
    auto& known = rows_[static_cast<std::size_t>(stream)];
    if (known != nullptr) return *known;
    const auto before = fold_.ingest_.rows.size();
    auto& found = fold_.row(submission_.source, stream);
    if (fold_.ingest_.rows.size() != before) rows_.fill(nullptr);  // they have moved
    return *(known = &found);
  }

 private:
  const To* find(record::StringRef name) {
    auto* pilot = fold_.engine_.find(submission_.batch.text(name));
    if (pilot == nullptr) return nullptr;
    const bool by_event = pilot->settings().clock == settings::PilotClock::event;
    pilot->begin(submission_.batch);
    return &to_.emplace_back(To{pilot, fold_.listener(*pilot, wall_), by_event});
  }

  Fold& fold_;
  const record::Submission& submission_;
  Instant wall_;
  std::vector<std::optional<const To*>> by_name_;  ///< none: not looked up yet
  std::deque<To> to_;
  std::array<IngestCounters::Row*, record::stream_count> rows_{};
};

Applied Fold::apply(const record::Submission& submission, Instant wall) {
  Applied out;
  add_to(ingest_.bytes, submission.source, submission.bytes);
  add_to(ingest_.dropped_fields, submission.source, submission.dropped_fields);
  add_to(ingest_.ignored, submission.source, submission.ignored);
  for (std::size_t s = 0; s < submission.rejects.by_stream.size(); ++s) {
    for (std::size_t reason = 0; reason < record::reason_count; ++reason) {
      const auto count = submission.rejects.by_stream[s][reason];
      if (count == 0) continue;
      auto& counters = row(submission.source, static_cast<record::Stream>(s));
      counters.received += count;
      counters.rejected[reason] += count;
      out.rejected += count;
    }
  }
  Routes routes(*this, submission, wall);
  for (const auto& record : submission.batch.records) {
    auto& counters = routes.row(record::stream_of(record));
    ++counters.received;
    const auto* to = routes.pilot(record.pilot);
    if (to == nullptr) {  // journaled before the pilot was taken out of the settings
      ++counters.rejected[static_cast<std::size_t>(record::Reason::unknown_pilot)];
      ++out.rejected;
      continue;
    }
    auto& pilot = *to->pilot;
    const auto disposition = pilot.apply(submission.batch, record);
    if (disposition.full) {
      ++counters.rejected[static_cast<std::size_t>(record::Reason::full)];
      out.refuse(record);
      continue;
    }
    ++(disposition.duplicate ? counters.duplicate : counters.accepted);
    ++(disposition.duplicate ? out.duplicate : out.accepted);
    if (disposition.late) ++counters.late;
    if (!disposition.duplicate) counters.last_record = wall;
    if (to->by_event && pilot.event_time()) pilot.advance(*pilot.event_time(), to->listener);
  }
  return out;
}

engine::PilotState::Listener Fold::listener(engine::PilotState& pilot, Instant wall) {
  return {[this, &pilot, wall](const engine::Closing& closing) { look(pilot, closing, wall); },
          [this, &pilot, wall](std::span<const engine::Observation> run) { observe(pilot, run, wall); },
          [this, &pilot](const engine::ReferenceInfo& reference) {
            if (judging_ && on_reference) on_reference(pilot.settings(), reference);
          }};
}

void Fold::finish(Instant wall) {
  for (auto& pilot : engine_.pilots()) pilot->finish(listener(*pilot, wall));
}

void Fold::look(engine::PilotState& pilot, const engine::Closing& closing, Instant wall) {
  if (!judging_) return;
  if (on_closing) on_closing(pilot.settings(), closing);
  std::vector<Transition> changed;
  judge_.look(pilot.settings(), closing, wall, changed);
  publish(std::move(changed));
}

void Fold::observe(engine::PilotState& pilot, std::span<const engine::Observation> run, Instant wall) {
  if (!judging_) {  // a rebuild: it has been looked at already
    for (const auto& seen : run) judge_.know_epoch(pilot.settings(), seen);
    return;
  }
  std::vector<Transition> changed;
  judge_.observe(pilot, run, wall, changed);
  publish(std::move(changed));
}

void Fold::define(const std::vector<record::LimitDefinition>& limits, Instant wall) {
  const auto now = [this](const std::string& pilot) {
    const auto* state = engine_.find(pilot);
    return state == nullptr ? std::nullopt : state->now();
  };
  std::vector<Transition> changed;
  judge_.define(limits, now, wall, changed);
  if (judging_) publish(std::move(changed));
}

/// Where what is announced now begins: behind whatever has been seen, so that nobody can leave out what he knows. Of a
/// clock by events there is no such place before the first record.
std::optional<Instant> Fold::from_here(const std::string& pilot, Instant wall) const {
  const auto* state = engine_.find(pilot);
  if (state == nullptr) return wall;
  const auto newest = state->event_time();
  if (state->settings().clock == settings::PilotClock::event)
    return newest ? std::optional(*newest + Millis{1}) : std::nullopt;
  return newest ? std::max(wall, *newest + Millis{1}) : wall;
}

std::optional<Objection> Fold::settle(record::Action& action, Instant wall) const {
  if (const auto* seen = std::get_if<record::AcknowledgeEpisode>(&action)) {
    const bool remembered =
        std::ranges::any_of(breaches_, [&](const Transition& t) { return t.episode == seen->episode; });
    if (!remembered && !judge_.knows_episode(seen->episode))
      return Objection{Objection::Kind::unknown, "unknown episode \"" + seen->episode + "\""};
    return knows(action) ? std::nullopt : judge_.objection(action);
  }
  auto* pause = std::get_if<record::PausePilot>(&action);
  auto* resume = std::get_if<record::ResumePilot>(&action);
  const auto& pilot = pause != nullptr ? pause->pilot : resume->pilot;
  const auto here = from_here(pilot, wall);
  if (!here) {
    return Objection{Objection::Kind::conflict,
                     "pilot \"" + pilot + "\" has no time yet: it begins with its first record"};
  }
  (pause != nullptr ? pause->from : resume->at) = *here;
  return judge_.objection(action);
}

bool Fold::knows(const record::Action& action) const {
  const auto* seen = std::get_if<record::AcknowledgeEpisode>(&action);
  return seen != nullptr && judge_.actions().knows({seen->episode, {}, seen->author, seen->note});
}

std::optional<std::vector<record::LimitDefinition>> Fold::limits_to_record() const {
  auto all = judge_.definitions();
  if (judge_.book().says(all)) return std::nullopt;
  return all;
}

void Fold::publish(std::vector<Transition> changed) {
  for (auto& transition : changed) {
    if (on_transition) on_transition(transition);
    if (!transition.episode.empty()) {
      breaches_.push_back(transition);
      if (breaches_.size() > most_of_breaches) breaches_.pop_front();
      shown_breaches_.reset();
    }
    recent_.push_back(std::move(transition));
    if (recent_.size() > recent_transitions) recent_.pop_front();
  }
}

std::optional<Instant> Fold::next_due() const {
  std::optional<Instant> out;
  for (const auto& pilot : engine_.pilots()) {
    if (pilot->settings().clock != settings::PilotClock::wall) continue;
    const auto due = pilot->next_due();
    if (due && (!out || *due < *out)) out = due;
  }
  return out;
}

std::shared_ptr<const Snapshot> Fold::snapshot(Instant wall) {
  auto out = std::make_shared<Snapshot>();
  out->wall = wall;
  out->sequence = sequence_;
  for (auto& pilot : engine_.pilots()) out->pilots.push_back(pilot->view());
  out->limits = judge_.statuses();
  out->limit_records = judge_.book().records();
  out->ingest = ingest_;
  out->recent.assign(recent_.begin(), recent_.end());
  if (!shown_breaches_ && !breaches_.empty())
    shown_breaches_ = std::make_shared<const std::vector<Transition>>(breaches_.begin(), breaches_.end());
  out->breaches = shown_breaches_;
  out->pauses = judge_.actions().all_pauses();
  const auto& seen = judge_.actions().all_acknowledgements();
  out->acknowledgements.assign(seen.begin(), seen.end());
  return out;
}

IngestCounters::Row& Fold::row(const std::string& source, record::Stream stream) {
  auto& rows = ingest_.rows;
  const auto key = std::pair(source, stream);
  const auto at = std::lower_bound(rows.begin(), rows.end(), key, [](const auto& r, const auto& k) {
    return std::tie(r.source, r.stream) < std::tie(k.first, k.second);
  });
  if (at != rows.end() && at->source == source && at->stream == stream) return *at;
  IngestCounters::Row fresh;
  fresh.source = source;
  fresh.stream = stream;
  fresh.rejected.resize(record::reason_count);
  return *rows.insert(at, std::move(fresh));
}

void Fold::add_to(std::vector<std::pair<std::string, std::uint64_t>>& counts, const std::string& source,
                  std::uint64_t times) {
  const auto at = std::lower_bound(counts.begin(), counts.end(), source,
                                   [](const auto& item, const auto& k) { return item.first < k; });
  if (at != counts.end() && at->first == source) {
    at->second += times;
  } else {
    counts.insert(at, {source, times});
  }
}

std::string Fold::shape() const {
  std::string out = "shape 2\n";  // another number: the same settings make other figures than before
  const auto line = [&out](std::string_view text) { (out += text) += '\n'; };
  for (const auto& state : engine_.pilots()) {
    const auto& p = state->settings();
    line("pilot " + p.name);
    line(settings::task_names[static_cast<std::size_t>(p.task)]);
    for (const auto& label : p.classes) line("class " + label);
    line("positive " + p.positive + " " + format_number(p.threshold));
    line("burden " + settings::burden_class(p) + " review " + format_duration(p.review_min_time));
    line("tolerance " + format_number(p.tolerance.absolute) + " " + format_number(p.tolerance.relative));
    if (p.task == settings::Task::quantile) {
      std::string levels = "quantiles";
      for (const double level : p.quantiles) levels += " " + format_number(level);
      line(levels);
    }
    line("zone " + p.time_zone.name() + " clock " + std::to_string(static_cast<int>(p.clock)));
    line("lateness " + format_duration(p.lateness) + " horizon " + format_duration(p.outcome_horizon));
    for (const auto& f : p.features) line("feature " + f.name + " " + std::to_string(static_cast<int>(f.kind)));
    for (const auto& a : state->groupings()) line("attribute " + a);
    for (const auto& [attribute, values] : p.segments.values) {
      line("values of " + attribute);
      for (const auto& value : values) line("value " + value);
    }
    line("segments " + std::to_string(p.segments.max_values) + (p.segments.min_n <= 1 ? " open" : " protected"));
    line(reference_shape(*state));
    line("scores " + std::to_string(p.scores.max_distinct) + " " + std::to_string(p.scores.max_distinct_by_group) +
         (p.scores.by_class == settings::ByClass::keep ? " by class" : ""));
    line("severe " + std::to_string(p.complaints.severe));
    line(bounds_shape(p.bounds));
    for (const auto& w : p.windows) line("window " + engine::window_name(w));
    if (p.watches_decisions()) line("decisions in order");
  }
  return out;
}

}  // namespace pilotwatch::judge
