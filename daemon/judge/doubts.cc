// SPDX-License-Identifier: Apache-2.0
#include "judge/doubts.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <optional>

#include "base/text.h"
#include "judge/judge.h"
#include "judge/watcher.h"
#include "stats/interval/one_sample.h"

namespace pilotwatch::judge {
namespace {

using settings::Evidence;
using settings::Metric;
using settings::WindowKind;

constexpr double confidence = .95;  ///< of every interval of a window
constexpr const char* weights_aside = " (records with a weight aside)";

std::string text(std::uint64_t number) { return std::to_string(number); }

/// Of complaints, reviews and feedback, of which a decision can have none or several.
bool of_people(Metric metric) {
  switch (metric) {
    case Metric::complaints_per_1000:
    case Metric::incidents_per_1000:
    case Metric::severe_complaints_per_1000:
    case Metric::escalated_complaints_per_1000:
    case Metric::feedback_per_1000:
    case Metric::complaint_finding_rate:
    case Metric::complaint_reopened_rate:
    case Metric::harm_days:
    case Metric::median_days_to_restore:
    case Metric::override_rate:
    case Metric::override_relieving_rate:
    case Metric::override_aggravating_rate:
    case Metric::seeded_catch_rate:
    case Metric::short_review_rate:
    case Metric::staff_stance:
    case Metric::public_stance:
      return true;
    default:
      return false;
  }
}

/// Whose cases are records that `bounds.kept` bounds.
bool counts_kept(Metric metric) {
  return of_people(metric) && metric != Metric::complaints_per_1000 && metric != Metric::incidents_per_1000 &&
         metric != Metric::severe_complaints_per_1000 && metric != Metric::escalated_complaints_per_1000 &&
         metric != Metric::feedback_per_1000 && metric != Metric::harm_days && metric != Metric::median_days_to_restore;
}

/// Shares of decisions with Wilson's interval.
bool is_share(Metric metric) {
  switch (metric) {
    case Metric::failure_rate:
    case Metric::coverage:
    case Metric::error_rate:
    case Metric::false_positive_rate:
    case Metric::false_negative_rate:
    case Metric::false_discovery_rate:
    case Metric::false_omission_rate:
    case Metric::selection_rate:
    case Metric::accuracy:
    case Metric::precision:
    case Metric::recall:
    case Metric::specificity:
    case Metric::verdict_rate:
      return true;
    default:
      return false;
  }
}

class Doubts {
 public:
  Doubts(const settings::Pilot& pilot, const settings::Limit& limit) : pilot_(pilot), limit_(limit) {}

  std::vector<Doubt> all() {
    reference();
    reference_group();
    if (settings::watches_decisions(limit_.evidence)) {
      budget();
      return std::move(out_);
    }
    window();
    range();
    cases();
    group();
    reach();
    return std::move(out_);
  }

 private:
  void doubt(std::string key, std::string message) { out_.push_back({std::move(key), std::move(message)}); }

  /// Decisions a window can hold, where that is known.
  [[nodiscard]] std::optional<std::uint64_t> window_holds() const {
    if (limit_.window.kind == WindowKind::count) return limit_.window.count;
    return std::nullopt;
  }
  [[nodiscard]] std::string bounds_words() const { return "bounds.decisions (" + text(pilot_.bounds.decisions) + ")"; }

  void reference() {
    const auto first = pilot_.reference.first;
    if (settings::of_feature(limit_.metric) && first > pilot_.bounds.decisions)
      doubt("feature", "is compared with nothing: the reference needs the first " + text(first) +
                           " decisions, more than " + bounds_words());
  }

  /// A group that is never told apart is nobody to compare with.
  void reference_group() {
    if (limit_.compare == settings::Compare::none) return;
    const auto& segments = pilot_.segments;
    const auto group = segments.reference_groups.find(limit_.segment);
    const auto values = segments.values.find(limit_.segment);
    if (group == segments.reference_groups.end() || values == segments.values.end()) return;
    if (std::ranges::find(values->second, group->second) != values->second.end()) return;
    if (group->second == "unknown" || group->second == "__other__") return;
    doubt("segments.reference_groups." + limit_.segment,
          "groups are compared with '" + group->second +
              "', which segments.values does not list: it counts as __other__, and nothing can be compared with it");
  }

  /// Whether as many windows as a breach takes can ever be full.
  void window() {
    const auto holds = window_holds();
    if (!holds) return;
    const auto windows = limit_.times + limit_.chunks.own;
    if (*holds <= pilot_.bounds.decisions / windows) return;
    doubt("window", "a breach takes " + text(windows) + (windows == 1 ? " window" : " windows") + " of " +
                        text(*holds) + " decisions, more than " + bounds_words() + weights_aside);
  }

  void range() {
    const std::string name = settings::metric_names[static_cast<std::size_t>(limit_.metric)];
    const auto possible = settings::range_of(limit_);
    const auto holds = window_holds();
    const bool fixed = limit_.metric == Metric::volume && limit_.segment.empty() && holds;
    const double most = fixed ? static_cast<double>(*holds) : possible.most;
    const double least = fixed ? static_cast<double>(*holds) : possible.least;
    const std::string of_window = fixed ? " in a window of so many decisions" + std::string(weights_aside) : "";
    if (limit_.max && *limit_.max >= most)
      doubt("max", "can never be exceeded: " + name + " is at most " + format_number(most) + of_window);
    if (limit_.min && *limit_.min <= least)
      doubt("min", "nothing is ever below it: " + name + " is at least " + format_number(least) + of_window);
  }

  /// Whether there can be min_n cases.
  void cases() {
    if (limit_.metric == Metric::volume) return;  // it asks for none
    const std::string for_ever = ": the limit is insufficient for ever";
    if (counts_kept(limit_.metric) && limit_.min_n > pilot_.bounds.kept)
      doubt("min_n", "asks for more cases than bounds.kept (" + text(pilot_.bounds.kept) + ") lets in" + for_ever);
    if (of_people(limit_.metric)) return;
    const auto holds = window_holds();
    if (holds && limit_.min_n > *holds) {
      doubt("min_n", "asks for " + text(limit_.min_n) + " cases of a window that holds " + text(*holds) + " decisions" +
                         weights_aside + for_ever);
    } else if (limit_.min_n > pilot_.bounds.decisions) {
      doubt("min_n", "asks for more cases than " + bounds_words() + " lets in" + weights_aside + for_ever);
    }
  }

  /// Whether a group can be so large that it is shown.
  void group() {
    const auto k = pilot_.segments.min_n;
    if (limit_.segment.empty() || k <= 1) return;
    const auto most = std::min(window_holds().value_or(pilot_.bounds.decisions), pilot_.bounds.decisions);
    if (k <= most) return;
    doubt("segment", "groups are hidden for ever: segments.min_n asks for " + text(k) + " decisions of a group, and " +
                         (window_holds() ? "a window" : "the pilot") + " has at most " + text(most) + weights_aside);
  }

  /// Whether the whole interval can be beyond the limit when every case is.
  void reach() {
    const auto n = window_holds();
    const bool judged_by_interval = limit_.evidence == Evidence::interval && limit_.compare == settings::Compare::none;
    if (!judged_by_interval || !n || !is_share(limit_.metric) || !out_.empty()) return;
    const double lower = stats::wilson(*n, *n, confidence).value().lower;
    const double upper = stats::wilson(0, *n, confidence).value().upper;
    const std::string so_few = " in " + text(*n) + " decisions, which is all that a window holds" + weights_aside;
    if (limit_.max && lower <= *limit_.max)
      doubt("max",
            "can never be exceeded by the whole interval: at best that begins at " + format_number(lower) + so_few);
    if (limit_.min && upper >= *limit_.min)
      doubt("min", "the whole interval is never below it: at best that ends at " + format_number(upper) + so_few);
  }

  /// Whether the evidence can come so far within what the guarantee is for, every case being as bad as can be.
  void budget() {
    const auto part = allotment(pilot_, limit_);
    // By days, a decision after a long silence can weigh anything.
    if (form_of(limit_) != Form::mean || limit_.period != settings::BlockPeriod::none || part.days) return;
    if (stage_of(limit_) == engine::Stage::finding) return;  // there may be more findings than decisions
    const auto over = limit_.evidence == Evidence::budget ? pilot_.guarantee.over_decisions : pilot_.bounds.decisions;
    const auto within = std::min(pilot_.bounds.decisions, over);
    if (within > look_at_most) return;
    const auto takes = earliest(part);
    if (!takes || *takes <= within) return;
    const bool of_guarantee = within < pilot_.bounds.decisions;
    doubt(limit_.share ? "share" : "",
          "can never be in breach within " + std::string(of_guarantee ? "guarantee.over" : "bounds.decisions") + " (" +
              text(within) + " decisions): its evidence needs " + text(*takes) +
              (limit_.segment.empty() ? "" : " of its first group") + " at least, all of them as bad as can be");
  }

  static constexpr std::uint64_t look_at_most = 1'000'000;

  /// Decisions after which the very worst stream is a breach; nullopt where that takes more than is looked at.
  [[nodiscard]] std::optional<std::uint64_t> earliest(Allotment part) const {
    if (!limit_.segment.empty()) part.share /= 2;  // of the first group
    const auto made = make_watcher({pilot_, limit_, part, nullptr});
    if (!made.watcher) return std::nullopt;
    Sight worst;
    worst.x = mean_question(limit_).wrong == stats::Side::above ? 1 : 0;
    worst.start = 1;
    for (std::uint64_t n = 1; n <= look_at_most; ++n) {
      if (made.watcher->step(worst).signal == stats::Signal::alarm) return n;
    }
    return std::nullopt;
  }

  const settings::Pilot& pilot_;
  const settings::Limit& limit_;
  std::vector<Doubt> out_;
};

}  // namespace

std::vector<Doubt> doubts(const settings::Pilot& pilot, const settings::Limit& limit) {
  return Doubts(pilot, limit).all();
}

}  // namespace pilotwatch::judge
