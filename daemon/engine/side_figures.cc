// SPDX-License-Identifier: Apache-2.0
#include "engine/side_figures.h"

#include <algorithm>
#include <set>
#include <string>

#include "engine/figure_state.h"
#include "stats/interval/median.h"
#include "stats/interval/one_sample.h"

namespace pilotwatch::engine {
namespace {

using settings::Metric;

constexpr const char* harm_days_formula = "harm-days/v1";

struct Share {
  Metric metric;
  Side part, whole;
  const char* nothing;  ///< why there is no value
  bool binary_only = false;
};
constexpr Share findings[] = {
    {Metric::complaint_finding_rate, Side::found_for_person, Side::decided, "no complaint with a finding"}};
constexpr Share reopenings[] = {
    {Metric::complaint_reopened_rate, Side::reopened, Side::resolved, "no complaint that was resolved"}};
constexpr Share reviews[] = {
    {Metric::override_rate, Side::overrides, Side::reviews, "no review"},
    {Metric::override_relieving_rate, Side::relieving, Side::reviews, "no review", true},
    {Metric::override_aggravating_rate, Side::aggravating, Side::reviews, "no review", true},
    {Metric::seeded_catch_rate, Side::seeded_caught, Side::seeded, "no seeded review"},
    {Metric::short_review_rate, Side::short_reviews, Side::timed, "no review with opened_at"},
};

class SideWriter {
 public:
  SideWriter(const WindowInput& input, const Tally& tally, const SideScope& scope, WindowResult& out)
      : input_(input),
        pilot_(input.settings),
        tally_(tally),
        side_(tally.side),
        decisions_(tally.decisions),
        scope_(scope),
        out_(out) {
    for (const auto& [version, cell] : input.cells) {
      whole_ += cell.overall.side;
      for (const auto& [index, count] : cell.overall.categories.items()) categories_.insert(input.categories.at(index));
    }
    for (const auto& limit : pilot_.limits) {
      if (limit.metric == Metric::complaints_per_1000 && !limit.feature.empty()) categories_.insert(limit.feature);
    }
  }

  void write() {
    per_1000(Metric::incidents_per_1000, side_[Side::incidents], scope_.hidden.incidents);
    categories();
    events(Metric::severe_complaints_per_1000, Side::severe, scope_.hidden.kinds, false);
    events(Metric::escalated_complaints_per_1000, Side::escalated, scope_.hidden.progress, true);
    for (const auto& share : reopenings) write(share, scope_.hidden.progress);
    harm();
    for (const auto& share : findings) write(share, scope_.hidden.findings);
    for (const auto& share : reviews) write(share, scope_.hidden.reviews);
    if (!scope_.version.empty() || !scope_.attribute.empty()) return;
    const auto answers = [this](Side a, Side b) { return whole_[a] + whole_[b] > 0; };
    if (answers(Side::staff_feedback, Side::public_feedback) || asked(Metric::feedback_per_1000))
      per_1000(Metric::feedback_per_1000, side_[Side::staff_feedback] + side_[Side::public_feedback], false);
    stance(Metric::staff_stance, Side::staff_stances, Side::staff_stance_sum);
    stance(Metric::public_stance, Side::public_stances, Side::public_stance_sum);
  }

 private:
  [[nodiscard]] bool asked(Metric metric) const {
    return std::any_of(pilot_.limits.begin(), pilot_.limits.end(),
                       [&](const auto& limit) { return limit.metric == metric; });
  }

  Figure figure(Metric metric, const char* formula, std::uint64_t n) const {
    Figure f;
    f.model_version = scope_.version;
    f.attribute = scope_.attribute;
    f.group = scope_.group;
    f.metric = metric;
    f.formula = formula;
    f.n = n;
    return f;
  }

  void push(Figure f, bool hidden, bool late, std::string nothing) {
    settle(f, input_, {hidden, late, std::move(nothing)});
    out_.figures.push_back(std::move(f));
  }

  void write(const Share& share, bool hidden) {
    if (share.binary_only && pilot_.task != settings::Task::binary) return;
    if (whole_[share.whole] == 0 && !asked(share.metric)) return;
    auto f = figure(share.metric, stats::clopper_pearson_formula, side_[share.whole]);
    if (const auto interval = stats::clopper_pearson(side_[share.part], f.n, confidence)) {
      f.value = static_cast<double>(side_[share.part]) / static_cast<double>(f.n);
      f.lower = interval->lower;
      f.upper = interval->upper;
    }
    push(std::move(f), hidden, true, share.nothing);
  }

  /// Of each category that the window has a complaint of, for all scopes alike.
  void categories() {
    for (const auto& name : categories_) {
      std::uint64_t count = 0;
      for (const auto& [index, complaints] : tally_.categories.items()) {
        if (input_.categories.at(index) == name) count += complaints;
      }
      per_1000(Metric::complaints_per_1000, count, scope_.hidden.kinds, false, name);
    }
  }

  void events(Metric metric, Side what, bool hidden, bool late) {
    if (whole_[what] > 0 || asked(metric)) per_1000(metric, side_[what], hidden, late);
  }

  /// How long decisions stood that were found wrong: a sum over all decisions, and the middle of those undone.
  void harm() {
    if (whole_[Side::harmed] > 0 || asked(Metric::harm_days)) {
      auto f = figure(Metric::harm_days, harm_days_formula, decisions_);
      if (decisions_ > 0) f.value = static_cast<double>(side_.sum(Side::harm_seconds)) / 86'400;
      push(std::move(f), scope_.hidden.progress, true, "no decisions");
    }
    if (whole_[Side::restored] == 0 && !asked(Metric::median_days_to_restore)) return;
    auto f = figure(Metric::median_days_to_restore, stats::median_formula, side_[Side::restored]);
    if (f.n > 0) f.value = (day_at((f.n + 1) / 2) + day_at(f.n / 2 + 1)) / 2;
    if (const auto ranks = stats::median_ranks(f.n, confidence)) {
      f.lower = day_at(ranks->lower);
      f.upper = day_at(ranks->upper);
    }
    push(std::move(f), scope_.hidden.progress, true, "nothing was restored");
  }

  /// Whole days of the restored decision at that place, from 1, by length.
  [[nodiscard]] double day_at(std::uint64_t place) const {
    std::uint64_t so_far = 0;
    for (const auto& [days, count] : tally_.restore_days.items()) {
      so_far += count;
      if (so_far >= place) return days;
    }
    return 0;
  }

  void per_1000(Metric metric, std::uint64_t events, bool hidden, bool late = false, const std::string& category = "") {
    auto f = figure(metric, stats::garwood_formula, decisions_);
    f.feature = category;
    const double exposure = static_cast<double>(decisions_) / 1000;
    if (const auto interval = stats::garwood(events, exposure, confidence)) {
      f.value = static_cast<double>(events) / exposure;
      f.lower = interval->lower;
      f.upper = interval->upper;
    }
    push(std::move(f), hidden, late, "no decisions");
  }

  void stance(Metric metric, Side answers, Side sum) {
    if (whole_[answers] == 0 && !asked(metric)) return;
    auto f = figure(metric, "mean/v1", side_[answers]);
    if (f.n >= min_answers) f.value = static_cast<double>(side_.sum(sum)) / static_cast<double>(f.n);
    push(std::move(f), false, false,
         "fewer than " + std::to_string(min_answers) + " answers: a mean of few shows what single people said");
  }

  const WindowInput& input_;
  const settings::Pilot& pilot_;
  const Tally& tally_;
  const SideCounts& side_;
  std::uint64_t decisions_;
  const SideScope& scope_;
  WindowResult& out_;
  SideCounts whole_;
  std::set<std::string> categories_;  ///< of the window's complaints, or asked for by a limit  ///< of the window
};

}  // namespace

void side_figures(const WindowInput& input, const Tally& tally, const SideScope& scope, WindowResult& out) {
  SideWriter(input, tally, scope, out).write();
}

}  // namespace pilotwatch::engine
