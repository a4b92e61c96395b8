// SPDX-License-Identifier: Apache-2.0
// One look of a classical limit at a window's published figures.
#include <limits>

#include "judge/judge.h"

namespace pilotwatch::judge {
namespace {

using settings::Evidence;
using settings::Metric;

const engine::Figure* find_figure(const settings::Limit& limit, const std::string& group,
                                  const engine::WindowResult& window) {
  for (const auto& figure : window.figures) {
    if (figure.group == group && is_about(limit, figure)) {
      return &figure;  // the first: error rates come with Wilson's interval before Clopper and Pearson's
    }
  }
  return nullptr;
}

std::string number(std::optional<double> value) {
  if (!value) return "undefined";
  char text[32];
  std::snprintf(text, sizeof text, "%.6g", *value);
  return text;
}

std::string figure_words(const settings::Limit& limit, const engine::Figure& figure) {
  std::string out = settings::metric_names[static_cast<std::size_t>(limit.metric)];
  if (!limit.feature.empty()) out += " of " + limit.feature;
  if (!figure.compare.empty()) out += ", " + figure.compare + " to " + figure.against + ",";
  out += " is " + number(figure.value);
  if (figure.lower && figure.upper)
    out += " (95 % interval " + number(figure.lower) + " to " + number(figure.upper) + ")";
  if (figure.lower && !figure.upper) out += " (95 % interval from " + number(figure.lower) + " on)";
  return out + " in " + std::to_string(figure.n) + " cases";
}

/// "above the limit 0.1"; with bounds on both sides of the one that the value is nearer to.
std::string sentence(const settings::Limit& limit, const Bounds& bounds, const engine::Figure& figure, bool beyond) {
  const double value = figure.value.value_or(0);
  const bool upper = bounds.upper && (!bounds.lower || *bounds.upper - value < value - *bounds.lower);
  const double bound = upper ? *bounds.upper : *bounds.lower;
  const std::string what = limit.evidence == Evidence::reference_chunks ? "bound " : "limit ";
  const std::string line = (upper ? "above the " : "below the ") + what + number(bound);
  const std::string out = figure_words(limit, figure) + ", ";
  if (beyond) return out + line;
  if (!figure.value) return out + "not " + line;
  const bool point_beyond = upper ? value > bound : value < bound;
  return out + (point_beyond ? line + ", but the interval still allows for it" : "not " + line);
}

}  // namespace

bool is_about(const settings::Limit& limit, const engine::Figure& figure) {
  return figure.metric == limit.metric && figure.model_version.empty() && figure.attribute == limit.segment &&
         figure.feature == limit.feature &&
         figure.compare == settings::compare_names[static_cast<std::size_t>(limit.compare)];
}

Finding examine(const settings::Limit& limit, const std::string& group, const engine::WindowResult& window) {
  return examine(limit, {limit.min, limit.max}, group, window);
}

Finding examine(const settings::Limit& limit, const Bounds& bounds, const std::string& group,
                const engine::WindowResult& window) {
  Finding out;
  const auto* figure = find_figure(limit, group, window);
  // No record at all: for the volume that is a value, for everything else it is no data.
  engine::Figure silence;
  if (figure == nullptr && limit.metric == Metric::volume && limit.segment.empty()) {
    silence.value = 0;
    silence.state = "ok";
    figure = &silence;
  }
  if (figure == nullptr) {
    out.reason = "no records in the window";
    return out;
  }
  out.n = figure->n;
  if (figure->state == "suppressed") {
    out.kind = Finding::Kind::insufficient;
    out.reason = "suppressed: " + figure->reason;
    return out;
  }
  const bool compared = limit.compare != settings::Compare::none;
  const bool interval = limit.evidence == Evidence::interval && figure->lower && (figure->upper || compared);
  // The ratio to a group without any complaint has no value, but it can be too high for certain.
  if (!figure->value && !(compared && interval)) {
    out.reason = figure->reason;
    return out;
  }
  out.value = figure->value;
  out.lower = figure->lower;
  out.upper = figure->upper;
  if (out.n < limit.min_n && limit.metric != Metric::volume) {
    out.kind = Finding::Kind::insufficient;
    out.reason = std::to_string(out.n) + " cases, fewer than min_n " + std::to_string(limit.min_n);
    return out;
  }
  if (compared && limit.evidence == Evidence::interval && !interval) {
    out.kind = Finding::Kind::insufficient;
    out.reason = "too few events for an interval: each side needs 30 cases and 5 events";
    return out;
  }
  if (!bounds.lower && !bounds.upper) {
    out.kind = Finding::Kind::within;
    out.reason = figure_words(limit, *figure);
    return out;
  }
  const double highest = figure->upper.value_or(std::numeric_limits<double>::infinity());
  const bool above = bounds.upper && (interval ? *figure->lower : *figure->value) > *bounds.upper;
  const bool below = bounds.lower && (interval ? highest : *figure->value) < *bounds.lower;
  out.kind = above || below ? Finding::Kind::beyond : Finding::Kind::within;
  out.reason = sentence(limit, bounds, *figure, above || below);
  return out;
}

}  // namespace pilotwatch::judge
