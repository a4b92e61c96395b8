// SPDX-License-Identifier: Apache-2.0
#include "sinks/families.h"

// What is taken of what the settings let be taken, where that is in records, names or pilots. What is taken of memory,
// disk, connections, files and queues stands with these.
namespace pilotwatch::sinks {
namespace {

constexpr const char* limit_help = "Most that there may be of it, by the settings.";

void add_records(Families& out, const engine::PilotView& view) {
  const auto& pilot = view.settings->name;
  for (const auto& bound : view.bounds) {
    const Labels labels{{"pilot", pilot}, {"bound", bound.name}};
    out.add_gauge("pilotwatch_bound_used", bound_used_help, labels, bound.used);
    out.add_gauge("pilotwatch_bound_limit", limit_help, labels, bound.most);
  }
  for (std::size_t i = 0; i < view.counters.parked_dropped.size(); ++i) {
    out.add_counter("pilotwatch_parked_dropped_total",
                    "Records that had waited longest for the one they belong to and were given up.",
                    {{"pilot", pilot}, {"stream", engine::parked_stream_names[i]}}, view.counters.parked_dropped[i]);
  }
}

void add_labels(Families& out, const engine::PilotView& view) {
  const auto& pilot = view.settings->name;
  for (const auto& label : view.labels) {
    const Labels labels{{"pilot", pilot}, {"label", label.name}};
    out.add_gauge("pilotwatch_label_values", "Values of the label that count as themselves.", labels, label.used);
    out.add_gauge("pilotwatch_label_values_limit", "Most that may; further ones are __other__.", labels, label.most);
  }
  for (const auto& categories : view.reference.categories) {
    const auto add = [&](const char* of, std::uint64_t count) {
      out.add_gauge("pilotwatch_drift_reference_categories",
                    "Categories of the newest reference: that are told apart, and that are __other__ together.",
                    {{"pilot", pilot}, {"feature", categories.feature}, {"of", of}}, count);
    };
    add("own", categories.own);
    add("other", categories.others);
  }
}

}  // namespace

void add_bounds(Families& out, const judge::Snapshot& snapshot, const SelfStats& self) {
  for (const auto& view : snapshot.pilots) {
    add_records(out, view);
    add_labels(out, view);
  }
  out.add_gauge("pilotwatch_bound_used", bound_used_help, {{"bound", "pilots"}},
                static_cast<std::uint64_t>(snapshot.pilots.size()));
  out.add_gauge("pilotwatch_bound_limit", limit_help, {{"bound", "pilots"}}, self.max_pilots);
  out.add_gauge("pilotwatch_bound_limit", limit_help, {{"bound", "series"}}, self.max_series);
}

}  // namespace pilotwatch::sinks
