// SPDX-License-Identifier: Apache-2.0
// What Judge does about a limit, in words. Whoever changes judge.cc, judge_budget.cc or a watcher's end looks here.
#include "judge/rules.h"

#include <algorithm>

#include "base/text.h"
#include "engine/reference.h"
#include "judge/judge.h"
#include "judge/number_text.h"
#include "stats/sequential/budget.h"
#include "stats/sequential/tolerance.h"

namespace pilotwatch::judge {
namespace {

using settings::Compare;
using settings::Direction;
using settings::Evidence;
using settings::Metric;

std::string count(std::uint64_t n, const char* of) { return std::to_string(n) + " " + of + (n == 1 ? "" : "s"); }

// --- Limits on windows

/// "above 0.12", "below 0.1 or above 0.3"
std::string side_words(const LimitStatus& s) {
  const auto& limit = *s.limit;
  if (limit.evidence != Evidence::reference_chunks)
    return limit.max ? "above " + format_number(*limit.max) : "below " + format_number(limit.min.value_or(0));
  if (!s.chunks) return "beyond the bound that its chunks will give";
  std::string out;
  if (s.chunks->lower) out = "below " + number(*s.chunks->lower);
  if (s.chunks->upper) out += (out.empty() ? "above " : " or above ") + number(*s.chunks->upper);
  return out;
}

/// "whose whole 95 % interval is above 0.12"
std::string beyond_words(const LimitStatus& s) {
  const bool interval = s.limit->evidence == Evidence::interval;
  return (interval ? "whose whole 95 % interval is " : "whose value is ") + side_words(s);
}

std::string within_words(const LimitStatus& s) {
  const bool interval = s.limit->evidence == Evidence::interval;
  return (interval ? "whose 95 % interval is not wholly " : "whose value is not ") + side_words(s);
}

/// "day window of at least 30 cases"
std::string window_words(const LimitStatus& s) {
  std::string out = engine::window_name(s.limit->window) + " window";
  if (s.limit->metric != Metric::volume) out += " of at least " + count(s.limit->min_n, "case");
  return out;
}

std::string breach_of_windows(const LimitStatus& s) {
  const auto& limit = *s.limit;
  std::string out = "In breach with a " + window_words(s) + " " + beyond_words(s);
  if (limit.of > 1) {
    out = "In breach when " + std::to_string(limit.times) + " of the last " + std::to_string(limit.of) + " judged " +
          window_words(s) + "s are such " + beyond_words(s);
  }
  if (limit.for_ > Millis{0}) out += ", and it has been so for " + format_duration(limit.for_);
  return out + ".";
}

std::string end_of_breach(const LimitStatus& s) {
  const auto& limit = *s.limit;
  std::string out = "Ends with the first judged " + window_words(s) + " " + within_words(s);
  if (limit.of > 1) {
    out = "Ends with the first judged " + window_words(s) + " after which fewer than " + std::to_string(limit.times) +
          " of the last " + std::to_string(limit.of) + " are ones " + beyond_words(s);
  }
  if (limit.keep_firing_for > Millis{0}) {
    out += " that is judged " + format_duration(limit.keep_firing_for) +
           " or more after the first such one; any window in between that is beyond, has too few cases or no data "
           "starts that wait again";
    if (s.clear_since) out += " (it runs since " + format_rfc3339(*s.clear_since) + ")";
  }
  return out + ". Windows without data or with too few cases never end it.";
}

std::string rule_of_windows(const LimitStatus& s) {
  if (firing(s.state)) return end_of_breach(s);
  switch (s.state) {
    case State::collecting:
      return s.windows_judged == 0 && s.limit->chunks.own > 0
                 ? "Judged once " + std::to_string(s.limit->chunks.own) + " windows have made its bound."
                 : "Judged with the first " + engine::window_name(s.limit->window) + " window that " +
                       (of_outcomes(s.limit->metric) ? "is mature." : "closes.");
    case State::no_data:
      return "Judged again with the next " + engine::window_name(s.limit->window) + " window that holds data.";
    case State::insufficient:
      return "Judged again with the next " + window_words(s) + " for which the figure can be told.";
    default:
      if (!s.pending_since) return "Nothing to clear.";
      return "Beyond since " + format_rfc3339(*s.pending_since) + ", a breach if it still is at " +
             format_rfc3339(*s.pending_since + s.limit->for_) + "; cleared by a judged " + window_words(s) + " " +
             within_words(s) + ".";
  }
}

// --- Limits on decisions

Allotment part_of(const LimitStatus& s) {
  auto out = allotment(*s.pilot, *s.limit);
  if (!s.evidence) return out;
  out.n = s.evidence->budget_n;
  out.share = s.evidence->share;
  return out;
}

bool of_categories(const LimitStatus& s) {
  const auto columns = engine::feature_list(*s.pilot);
  const auto found = std::ranges::find(columns, s.limit->feature, &engine::FeatureColumn::name);
  return found != columns.end() && found->kind == settings::FeatureKind::categorical;
}

std::string evidence_words(const LimitStatus& s) {
  switch (form_of(*s.limit)) {
    case Form::comparison:
      return "evidence that the group's rate is within the limit beside " +
             std::string(s.pilot->segments.reference_groups.contains(s.limit->segment)
                             ? s.pilot->segments.reference_groups.at(s.limit->segment)
                             : "the others");
    case Form::calibration:
      return "evidence that scores are within the limit, in the bin and on the side that spoke loudest,";
    case Form::ranking:
      return "evidence that pairs are ranked within the limit";
    case Form::changed:
      return "evidence that its distribution is within " + number(stats::CdfReference::default_tolerance) +
             " of the reference's at every point where they are compared";
    case Form::distribution:
      return "evidence that its distribution is within " + number(s.limit->max.value_or(0)) +
             " of the reference's at every point where they are compared";
    default:
      return "evidence that the mean loss is within the limit";
  }
}

std::string end_of_evidence(const LimitStatus& s) {
  if (s.limit->evidence == Evidence::confidence_sequence)
    return "Ends when the whole confidence sequence since the evidence began is within the limit.";
  const auto form = form_of(*s.limit);
  if (form == Form::shares || (form == Form::changed && of_categories(s)))
    return "Ends with another reference only: nothing shows that shares of categories are what they were.";
  if (form == Form::changed && s.pilot->reference.strata != settings::Strata::none)
    return "Ends with another reference only: no part of a season is like the whole of it.";
  return "Ends when " + evidence_words(s) + ", gathered from the decisions since the breach began, reaches " +
         number(part_of(s).recovered_at()) +
         ", a hundredth of what a breach takes (`recovering` from a tenth of that "
         "on), and no new alarm stands against it. Silence never ends it.";
}

std::string rule_of_decisions(const LimitStatus& s) {
  if (firing(s.state)) return end_of_evidence(s);
  switch (s.state) {
    case State::collecting: {
      const auto block = s.evidence ? s.evidence->block : s.limit->block;
      const std::string of = s.limit->period != settings::BlockPeriod::none ? "whole day or week"
                             : block > 1                                    ? "block of " + count(block, "decision")
                                                                            : "block of decisions";
      return std::string("Says something with the first ") + of +
             (of_reference(form_of(*s.limit)) ? " after the reference is frozen." : " that is due.");
    }
    case State::no_data:
      return "Says something again with the next decisions that it looks at; its evidence stands still meanwhile.";
    case State::insufficient:
      return s.reason.find("weight above 1") != std::string::npos
                 ? "Says something again after a window without records of a weight above 1."
                 : "Says something again with another reference, with which it can be computed.";
    case State::warning:
      return "Ok again at a look at which its evidence is below " +
             number(stats::thresholds(part_of(s).n, part_of(s).share).clear) + ".";
    default:
      return "Nothing to clear.";
  }
}

std::string breach_of_decisions(const LimitStatus& s) {
  const auto part = part_of(s);
  if (s.limit->evidence == Evidence::confidence_sequence)
    return "In breach when the whole confidence sequence since the evidence began is beyond the limit, looked at with "
           "every decision.";
  return "In breach when the evidence against it reaches " + number(part.n / part.share) + "; a warning from " +
         number(stats::thresholds(part.n, part.share).warning) + " on.";
}

}  // namespace

std::string breach_rule(const LimitStatus& s) {
  return settings::watches_decisions(s.limit->evidence) ? breach_of_decisions(s) : breach_of_windows(s);
}

std::string clearing_rule(const LimitStatus& s) {
  return settings::watches_decisions(s.limit->evidence) ? rule_of_decisions(s) : rule_of_windows(s);
}

}  // namespace pilotwatch::judge
