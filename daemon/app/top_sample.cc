// SPDX-License-Identifier: Apache-2.0
#include "app/top_sample.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <tuple>

#include "app/client_json.h"

namespace pilotwatch::app {
namespace {

using Json = nlohmann::ordered_json;

bool is_firing(const std::string& state) { return state == "breach" || state == "recovering"; }

std::optional<double> ratio_of(const Json& limit, const TopLimit& out) {
  if (const auto budget = limit.find("budget"); budget != limit.end() && budget->is_object())
    return number_of(*budget, "ratio");
  if (!out.value || !out.threshold) return std::nullopt;
  const double part =
      text_of(limit, "direction") == "below" ? *out.threshold / *out.value : *out.value / *out.threshold;
  return std::isfinite(part) ? std::optional(part) : std::nullopt;
}

TopLimit read_limit(const Json& limit, const std::string& pilot) {
  TopLimit out;
  out.pilot = pilot;
  out.limit = text_of(limit, "limit");
  out.group = text_of(limit, "group");
  out.state = text_of(limit, "state");
  out.since = text_of(limit, "last_transition");
  out.value = number_of(limit, "value");
  out.threshold = number_of(limit, "threshold");
  out.ratio = ratio_of(limit, out);
  out.alert_out = is_firing(out.state);
  return out;
}

TopPilot read_pilot(const Json& pilot, std::vector<TopLimit>& loud) {
  TopPilot out;
  out.name = text_of(pilot, "pilot");
  if (const auto counters = pilot.find("counters"); counters != pilot.end()) {
    out.predictions = number_of(*counters, "predictions").value_or(0);
    out.outcomes = number_of(*counters, "outcomes").value_or(0);
    out.last_prediction = text_of(*counters, "last_prediction");
  }
  if (const auto pause = pilot.find("pause"); pause != pilot.end() && pause->is_object())
    out.paused_until = text_of(*pause, "until");
  const auto limits = pilot.find("limits");
  if (limits == pilot.end()) return out;
  for (const auto& json : *limits) {
    auto limit = read_limit(json, out.name);
    const auto state = std::ranges::find(judge::state_names, std::string_view(limit.state));
    if (state != std::end(judge::state_names)) ++out.states[static_cast<std::size_t>(state - judge::state_names)];
    ++out.limits;
    if (limit.alert_out) ++out.alerts;
    if (limit.ratio && (!out.worst || *limit.ratio > *out.worst->ratio)) out.worst = limit;
    if (limit.alert_out || limit.state == "warning") loud.push_back(std::move(limit));
  }
  return out;
}

int urgency(const TopLimit& limit) { return limit.state == "breach" ? 0 : limit.state == "recovering" ? 1 : 2; }

/// One sample of the text format.
struct Sample {
  std::string_view name, labels;
  double value = 0;

  [[nodiscard]] std::string label(std::string_view key) const {
    const std::string start = std::string(key) + "=\"";
    for (auto at = labels.find(start); at != std::string_view::npos; at = labels.find(start, at + 1)) {
      if (at != 0 && labels[at - 1] != ',') continue;
      const auto from = at + start.size();
      return std::string(labels.substr(from, labels.find('"', from) - from));
    }
    return "";
  }
};

std::optional<Sample> read_sample(std::string_view line) {
  if (line.empty() || line[0] == '#') return std::nullopt;
  const auto space = line.rfind(' ');
  if (space == std::string_view::npos) return std::nullopt;
  Sample out;
  out.name = line.substr(0, line.find_first_of("{ "));
  if (out.name.size() < space && line[out.name.size()] == '{')
    out.labels = line.substr(out.name.size() + 1, space - out.name.size() - 2);
  const auto number = line.substr(space + 1);
  const auto read = std::from_chars(number.data(), number.data() + number.size(), out.value);
  return read.ec == std::errc{} ? std::optional(out) : std::nullopt;
}

TopTarget& target(TopSample& out, const std::string& name) {
  const auto found = std::ranges::find(out.targets, name, &TopTarget::name);
  return found != out.targets.end() ? *found : out.targets.emplace_back(TopTarget{name});
}

struct Place {
  std::string_view name;
  double TopSample::*member;
};
constexpr Place places[] = {{"pilotwatch_ingest_accepted_records_total", &TopSample::accepted},
                            {"pilotwatch_ingest_duplicate_records_total", &TopSample::duplicate},
                            {"pilotwatch_ingest_rejected_records_total", &TopSample::rejected},
                            {"pilotwatch_ingest_queue_length", &TopSample::queue},
                            {"pilotwatch_ingest_queue_capacity", &TopSample::queue_capacity},
                            {"pilotwatch_ingest_queue_bytes", &TopSample::queue_bytes},
                            {"pilotwatch_ingest_queue_capacity_bytes", &TopSample::queue_capacity_bytes},
                            {"pilotwatch_tail_unread_bytes", &TopSample::unread_bytes},
                            {"pilotwatch_store_free_disk_bytes", &TopSample::free_bytes},
                            {"pilotwatch_store_commits_total", &TopSample::commits},
                            {"process_resident_memory_bytes", &TopSample::memory_bytes},
                            {"process_start_time_seconds", &TopSample::started_s}};

void take(const Sample& sample, TopSample& out) {
  if (const auto place = std::ranges::find(places, sample.name, &Place::name); place != std::end(places)) {
    out.*place->member += sample.value;
  } else if (sample.name == "pilotwatch_store_size_bytes") {
    (sample.label("file") == "wal" ? out.wal_bytes : out.db_bytes) += sample.value;
  } else if (sample.name == "pilotwatch_store_degraded") {
    out.degraded = sample.value > 0;
  } else if (sample.name == "pilotwatch_ready") {
    out.ready = sample.value > 0;
  } else if (sample.name == "pilotwatch_notifications_queue_length") {
    target(out, sample.label("target")).queue = sample.value;
  } else if (sample.name == "pilotwatch_notifications_failed_total") {
    target(out, sample.label("target")).failed = sample.value;
  }
}

}  // namespace

TopSample read_top(const Json& pilots, std::string_view metrics, double at_s) {
  TopSample out;
  out.at_s = at_s;
  for (const auto& pilot : pilots) out.pilots.push_back(read_pilot(pilot, out.limits));
  std::ranges::stable_sort(out.limits, {},
                           [](const TopLimit& l) { return std::tuple(urgency(l), -l.ratio.value_or(0)); });
  while (!metrics.empty()) {
    const auto end = std::min(metrics.find('\n'), metrics.size());
    if (const auto sample = read_sample(metrics.substr(0, end))) take(*sample, out);
    metrics.remove_prefix(std::min(end + 1, metrics.size()));
  }
  return out;
}

}  // namespace pilotwatch::app
