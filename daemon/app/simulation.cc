// SPDX-License-Identifier: Apache-2.0
#include "app/simulation.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <queue>
#include <stdexcept>

#include "app/simulation_pilots.h"
#include "app/simulation_random.h"
#include "app/simulation_scenarios.h"

namespace pilotwatch::app {
namespace {

constexpr double hours_a_day = 24;
constexpr Millis hour = std::chrono::hours{1};
constexpr Millis day = std::chrono::hours{24};
constexpr Millis surge_length = 7 * day;

Millis days(double number) { return Millis{static_cast<std::int64_t>(number * static_cast<double>(day.count()))}; }

/// The options in the form the generator needs.
struct Course {
  Instant start, end, drift_at, surge_at;
  double decisions_per_day, drift, surge;
  std::string tag;  ///< in all ids, so that runs with other seeds or starts do not collide
};

struct Later {
  bool operator()(const std::pair<SimulatedLine, std::uint64_t>& a,
                  const std::pair<SimulatedLine, std::uint64_t>& b) const {
    return std::pair(a.first.time, a.second) > std::pair(b.first.time, b.second);
  }
};

/// One pilot's records in the order of time; decisions are made an hour at a time, what follows from them waits.
class Stream {
 public:
  Stream(const PilotModel& model, const Course& course, std::uint64_t seed, bool drifts, bool surges)
      : model_(model), course_(course), dice_(seed), drifts_(drifts), surges_(surges), hour_(course.start) {
    for (const auto version : model.announced) {
      write(course.start, record("change", course.tag + "-v" + std::string(version), course.start)
                              .text("what", "model")
                              .text("to", version)
                              .raw("announced", "true")
                              .object());
    }
    for (std::uint64_t i = 0; i < model.cases; ++i) {  // Fisher, Yates: every order has the same chance
      numbers_.push_back(i);
      std::swap(numbers_.back(), numbers_[static_cast<std::size_t>(dice_.uniform() * static_cast<double>(i + 1))]);
    }
  }

  /// nullptr after the last.
  const SimulatedLine* peek() {
    while (hour_ < course_.end && (waiting_.empty() || waiting_.top().first.time >= hour_)) decide_hour();
    return waiting_.empty() ? nullptr : &waiting_.top().first;
  }

  SimulatedLine take() {
    auto line = waiting_.top().first;
    waiting_.pop();
    return line;
  }

 private:
  [[nodiscard]] Moment moment_of(Instant time) const {
    const auto midnight = std::chrono::floor<std::chrono::days>(time);
    const auto weekday = std::chrono::weekday(midnight).iso_encoding() - 1;
    const auto hours = std::chrono::floor<std::chrono::hours>(time - midnight).count();
    const bool drifted = drifts_ && time >= course_.drift_at;
    return {time, static_cast<unsigned>(hours), weekday, drifted ? course_.drift : 0};
  }

  /// Expected decisions in the hour that holds `moment`: `decisions_per_day` on the mean of a week.
  [[nodiscard]] double volume(const Moment& moment) const {
    double all_hours = 0;
    for (const double weight : model_.hours) all_hours += weight;
    const double week = (5 + model_.saturday + model_.sunday) / 7;
    const double of_day = moment.weekday == 5 ? model_.saturday : moment.weekday == 6 ? model_.sunday : 1;
    return course_.decisions_per_day * of_day / week * model_.hours[moment.hour] / all_hours;
  }

  void decide_hour() {
    const auto decisions = dice_.poisson(volume(moment_of(hour_)));
    std::vector<Instant> times;
    for (std::uint64_t i = 0; i < decisions; ++i) {
      times.push_back(hour_ + Millis{static_cast<std::int64_t>(dice_.uniform() * static_cast<double>(hour.count()))});
    }
    std::sort(times.begin(), times.end());
    for (const auto time : times) decide(time);
    hour_ = model_.cases > 0 && decisions_ == model_.cases ? course_.end : hour_ + hour;
  }

  Members record(std::string_view type, std::string_view id, Instant time) const {
    Members out;
    out.text("type", type).text("pilot", model_.name).text("id", id).text("time", format_rfc3339(time));
    return out;
  }

  void decide(Instant time) {
    if (model_.cases > 0 && decisions_ == model_.cases) return;
    auto moment = moment_of(time);
    moment.number = model_.cases > 0 ? numbers_[decisions_] : decisions_;
    if (model_.cases > 0 && decisions_ + 1 == model_.cases) close_trial();
    const auto decision = model_.decide(dice_, moment);
    const std::string id = course_.tag + "-" + std::to_string(++decisions_);
    auto prediction = record("prediction", id, time);
    prediction.text("model_version", decision.version);
    std::string json = "{" + prediction.list() + "," + decision.members.list();
    if (!decision.segments.empty()) json += ",\"segments\":" + decision.segments;
    write(time, json + "}");
    if (!decision.actual.empty()) {
      const auto known = time + decision.outcome_delay;
      auto outcome = record("outcome", id, known).raw("actual", decision.actual);
      if (!decision.outcome_source.empty()) outcome.text("source", decision.outcome_source);
      write(known, outcome.object());
    }
    if (decision.complaint) object_to(time, id, *decision.complaint);
    complain(time, id, decision);
  }

  /// A last word when no case comes any more, so that time goes on until every complaint has been made.
  void close_trial() {
    const auto time = course_.end - hour;
    write(
        time,
        record("feedback", course_.tag + "-f", time).text("audience", "staff").text("theme", "end_of_trial").object());
  }

  /// The decision's own complaint, and what was found about it.
  void object_to(Instant decided, const std::string& id, const SimulatedComplaint& given) {
    const auto own = course_.tag + "-c" + std::to_string(++complaints_);
    auto complaint = record("complaint", own, decided + given.delay).text("prediction_id", id);
    complaint.text("category", given.category).number("severity", given.severity, 0).text("channel", given.channel);
    write(decided + given.delay, complaint.object());
    if (given.step.empty()) return;
    const auto ended = decided + given.update_delay;
    write(ended,
          record("complaint_update", own, ended).text("step", given.step).text("found_for", given.found).object());
  }

  void complain(Instant time, const std::string& id, const SimulatedDecision& decision) {
    const bool surge = surges_ && time >= course_.surge_at && time < course_.surge_at + surge_length;
    const double rate = decision.wrong ? model_.complaint_rate_wrong : model_.complaint_rate;
    const auto complaints = dice_.poisson(rate * (surge ? course_.surge : 1));
    for (std::uint64_t i = 0; i < complaints; ++i) write_complaint(time, id, decision, surge);
  }

  void write_complaint(Instant decided, const std::string& id, const SimulatedDecision& decision, bool surge) {
    constexpr double severities[] = {0.2, 0.35, 0.3, 0.12, 0.03}, channels[] = {0.6, 0.25, 0.15};
    constexpr std::string_view channel_names[] = {"web", "phone", "counter"};
    const auto time = decided + days(dice_.lognormal(surge ? 0.3 : 1, 0.7));
    auto complaint = record("complaint", course_.tag + "-c" + std::to_string(++complaints_), time);
    const bool names_decision = dice_.chance(0.6);
    if (names_decision) complaint.text("prediction_id", id);
    const auto& categories = model_.complaint_categories;
    complaint.text("category", categories[std::min(dice_.pick(severities), categories.size() - 1)])
        .number("severity", static_cast<double>(dice_.pick(severities)), 0)
        .text("channel", channel_names[dice_.pick(channels)]);
    if (dice_.chance(surge ? 0.7 : 0.1)) {
      const auto number = std::chrono::floor<std::chrono::days>(decided - course_.start).count();
      complaint.text("incident", course_.tag + "-i" + std::to_string(number));
    }
    if (!names_decision && !decision.segments.empty()) complaint.raw("segments", decision.segments);
    write(time, complaint.object());
  }

  void write(Instant time, std::string json) {
    if (time < course_.end) waiting_.push({{time, std::move(json)}, ++written_});
  }

  const PilotModel& model_;
  const Course& course_;
  Dice dice_;
  bool drifts_, surges_;
  Instant hour_;  ///< the next that has not been decided
  std::uint64_t decisions_ = 0, complaints_ = 0, written_ = 0;
  std::vector<std::uint64_t> numbers_;  ///< of a fixed number of cases, in the order in which they come
  std::priority_queue<std::pair<SimulatedLine, std::uint64_t>, std::vector<std::pair<SimulatedLine, std::uint64_t>>,
                      Later>
      waiting_;
};

void require(bool holds, const char* sentence) {
  if (!holds) throw std::invalid_argument(sentence);
}

void require_pilots(const std::vector<std::string>& names) {
  for (const auto& name : names) {
    const bool known = name == "all" || std::ranges::find(simulated_pilots, name) != std::end(simulated_pilots);
    if (!known)
      throw std::invalid_argument("unknown pilot '" + name + "': one of routing, fraud, demand, allocation, chatbot");
  }
}

bool named(const std::vector<std::string>& names, std::string_view pilot) {
  return std::ranges::any_of(names, [&](const std::string& name) { return name == pilot || name == "all"; });
}

Course course_of(const SimulateOptions& options) {
  const auto start = parse_rfc3339(options.start);
  require(start.has_value(), "--start: not an RFC 3339 time with offset (2026-01-05T00:00:00Z)");
  require(options.days > 0 && options.days <= 36'500, "--days: must lie between 0 and 36500");
  require(options.decisions_per_day > 0 && options.decisions_per_day <= 1e8,
          "--decisions-per-day: must lie between 0 and 1e8");
  require(std::abs(options.drift_at_day) <= 36'500, "--drift-at: must be at most 36500");
  require(options.drift >= 0 && options.drift <= 5, "--drift: must lie between 0 and 5");
  require(std::abs(options.complaint_surge_at_day) <= 36'500, "--complaint-surge-at: must be at most 36500");
  require(options.complaint_surge >= 0 && options.complaint_surge <= 1000,
          "--complaint-surge: must lie between 0 and 1000");
  constexpr char hex[] = "0123456789abcdef";
  std::uint64_t mixed = options.seed + static_cast<std::uint64_t>(start->time_since_epoch().count());
  const auto hash = splitmix64(mixed);
  std::string tag;
  for (unsigned shift = 0; shift < 32; shift += 4) tag += hex[hash >> shift & 15U];
  return {*start,
          *start + days(options.days),
          *start + days(options.drift_at_day),
          *start + days(options.complaint_surge_at_day),
          options.decisions_per_day,
          options.drift,
          options.complaint_surge,
          tag};
}

}  // namespace

struct Simulation::Impl {
  Course course;
  std::vector<Stream> streams;
};

Simulation::Simulation(const SimulateOptions& options) : impl_(std::make_unique<Impl>(Impl{course_of(options), {}})) {
  if (!options.scenario.empty()) {
    const auto& scenario = find_scenario(options.scenario);
    impl_->course.drift_at = impl_->course.start + days(scenario.changes_at_day);
    impl_->course.drift = 1;
    std::uint64_t seed = options.seed;
    impl_->streams.emplace_back(scenario.model, impl_->course, splitmix64(seed), true, false);
    return;
  }
  for (const auto* names : {&options.pilots, &options.drift_pilots, &options.complaint_surge_pilots})
    require_pilots(*names);
  std::uint64_t seed = options.seed;
  for (const auto& model : pilot_models()) {
    const auto own_seed = splitmix64(seed);  // drawn for each: leaving a pilot out changes nothing in the others
    if (!options.pilots.empty() && !named(options.pilots, model.name)) continue;
    impl_->streams.emplace_back(model, impl_->course, own_seed, named(options.drift_pilots, model.name),
                                named(options.complaint_surge_pilots, model.name));
  }
}

Simulation::~Simulation() = default;

SimulateOptions scenario_options(std::string_view scenario) {
  const auto& found = find_scenario(scenario);
  SimulateOptions out;
  out.scenario = scenario;
  out.days = found.days;
  out.decisions_per_day = found.decisions_per_day;
  return out;
}

std::optional<SimulatedLine> Simulation::next() {
  Stream* first = nullptr;
  Instant earliest = Instant::max();
  for (auto& stream : impl_->streams) {
    const auto* line = stream.peek();
    if (line == nullptr || line->time >= earliest) continue;
    first = &stream;
    earliest = line->time;
  }
  if (first == nullptr) return std::nullopt;
  return first->take();
}

}  // namespace pilotwatch::app
