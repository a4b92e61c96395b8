// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>

#include "base/text.h"
#include "settings/sections.h"

namespace pilotwatch::settings {
namespace {

constexpr const char* feature_kind_names[] = {"numeric", "categorical"};
constexpr const char* clock_names[] = {"wall", "event"};
constexpr const char* family_names[] = {"outcome", "fairness", "drift", "quality"};
constexpr const char* by_class_names[] = {"drop", "keep"};
constexpr const char* unknown_fields_names[] = {"drop", "reject"};
constexpr std::size_t max_categories = 100;
constexpr std::uint64_t max_days = 400;  ///< of a sliding window
constexpr std::size_t max_levels = 1000;
constexpr std::uint64_t least_previous = 200;  ///< fewer rows are no reference for evidence
constexpr std::uint64_t most = 1'000'000'000;

class PilotReader {
 public:
  PilotReader(const Value& value, const std::filesystem::path& config) : map_(value), config_(config) {}

  Pilot read(UniqueNames& names) {
    out_.name = names.read(map_, "name");
    map_.read("description", out_.description, &Value::text);
    map_.read("owner", out_.owner, &Value::text);
    map_.read("model", out_.model, &Value::text);
    preset();
    task();
    time();
    map_.read_choice("unknown_fields", out_.unknown_fields, unknown_fields_names);
    sound_.features = watched(&PilotReader::features, "features");
    sound_.attributes = watched(&PilotReader::segments, "segments");
    sound_.reference = watched(&PilotReader::reference, "reference");
    if (const auto value = map_.take("scores")) scores(*value);
    if (const auto value = map_.take("bounds")) bounds(*value);
    if (const auto value = map_.take("complaints")) complaints(*value);
    outcomes_known();
    sound_.windows = windows();
    if (const auto value = map_.take("guarantee")) guarantee(*value);
    out_.limits = read_limits(map_.take("limits"), preset_ ? &*preset_ : nullptr, out_, sound_);
    shares();
    map_.finish();
    return std::move(out_);
  }

 private:
  /// Runs one section, if it is there; true where it found nothing to complain about.
  bool watched(void (PilotReader::*section)(const Value&), std::string_view key) {
    const auto before = problems();
    if (const auto value = map_.take(key)) (this->*section)(*value);
    return problems() == before;
  }
  [[nodiscard]] std::size_t problems() const { return map_.value().problems().count(); }

  void preset() {
    const auto value = map_.take("preset");
    if (!value) return;
    const auto index = value->choice<std::size_t>(preset_names());
    preset_is_unknown_ = !index;
    if (!index) return;
    out_.preset = presets()[*index].name;
    preset_.emplace(presets()[*index], *value);
    preset_->inherit_into(map_);
    if (!map_.has("outcome_horizon"))
      value->problem("needs outcome_horizon beside it: after so long the outcome of nearly all decisions is known");
  }

  void task() {
    sound_.task = (!preset_is_unknown_ || map_.has("task")) && map_.read_required_choice("task", out_.task, task_names);
    const auto task = sound_.task ? std::optional(out_.task) : std::nullopt;
    read_classes(map_, task, out_);
    if (const auto value = map_.take("threshold")) {
      if (task && task != Task::binary) value->key_problem("is only for task binary");
      out_.threshold = value->number(Real{0, 1}).value_or(out_.threshold);
    }
    orientation(task);
    map_.read("review_min_time", out_.review_min_time, &Value::duration, Zero::allowed);
    if (const auto value = map_.take("tolerance")) {
      if (task && !predicts_numbers(*task)) value->key_problem("is only for task regression or quantile");
      tolerance(*value);
    }
    if (const auto value = map_.take("quantiles")) {
      if (task && task != Task::quantile) value->key_problem("is only for task quantile");
      quantiles(*value);
    }
  }

  /// What can be scored: each level with its counterpart, and the median.
  void quantiles(const Value& value) {
    const auto before = problems();
    std::vector<double> levels;
    for (const auto& item : value.items()) {
      if (const auto level = item.number(Real{0, 1})) levels.push_back(*level);
    }
    if (problems() != before) return;
    bool sound = levels.size() % 2 == 1 && levels.size() <= max_levels;
    for (std::size_t i = 0; sound && i < levels.size(); ++i) {
      sound = levels[i] > 0 && levels[i] < 1 && std::abs(levels[i] + levels[levels.size() - 1 - i] - 1) <= 1e-9 &&
              (i == 0 || levels[i - 1] < levels[i]);
    }
    if (!sound || levels[levels.size() / 2] != 0.5)
      return value.problem(
          "must be at most 1000 ascending levels between 0 and 1, 0.5 in the middle and with each also 1 - it");
    out_.quantiles = std::move(levels);
  }

  void orientation(std::optional<Task> task) {
    if (const auto value = map_.take("output")) {
      if (task && task != Task::binary) value->key_problem("is only for task binary");
      out_.output = value->choice<Orientation>(orientation_names).value_or(out_.output);
    }
    const auto burden = map_.take("burden");
    if (!burden) return;
    if (task && task != Task::binary) return burden->key_problem("is only for task binary");
    read_burden(*burden, out_);
  }

  void tolerance(const Value& value) {
    MapReader map(value);
    map.read("absolute", out_.tolerance.absolute, &Value::number, Real{0});
    map.read("relative", out_.tolerance.relative, &Value::number, Real{0});
    map.finish();
  }

  void time() {
    if (const auto value = map_.take("time_zone")) time_zone(*value);
    map_.read_choice("clock", out_.clock, clock_names);
    map_.read("lateness", out_.lateness, &Value::duration, Zero::allowed);
    sound_.horizon = map_.take("outcome_horizon").has_value();
    map_.read("outcome_horizon", out_.outcome_horizon, &Value::duration, Zero::allowed);
    if (const auto value = map_.take("accept")) {
      MapReader map(*value);
      map.read("past", out_.accept_past, &Value::duration, Zero::allowed);
      map.read("future", out_.accept_future, &Value::duration, Zero::allowed);
      map.finish();
    }
  }

  void time_zone(const Value& value) {
    const auto name = value.text();
    if (!name) return;
    const auto zone = Zone::find(*name);
    if (zone) {
      out_.time_zone = *zone;
    } else {
      value.problem("unknown time zone " + in_quotes(*name) + "; write for example Europe/Amsterdam or UTC");
    }
  }

  void features(const Value& value) {
    UniqueNames names;
    for (const auto& item : value.items()) {
      MapReader map(item);
      Feature feature;
      feature.name = names.read(map, "name");
      if (feature.name == "score")
        map.take("name")->problem("'score' is the name of the prediction's score; choose another");
      map.read_required_choice("kind", feature.kind, feature_kind_names);
      map.finish();
      out_.features.push_back(std::move(feature));
    }
  }

  void segments(const Value& value) { read_segments(value, out_.segments); }

  void complaints(const Value& value) {
    MapReader map(value);
    auto& out = out_.complaints;
    if (const auto list = map.take("categories")) {
      UniqueNames names;
      for (const auto& item : list->items()) {
        const auto name = item.filled_text();
        if (!name) continue;
        names.add(item, *name);
        out.categories.push_back(*name);
      }
      if (out.categories.size() > max_categories) list->problem("must be at most 100 categories");
    }
    if (const auto most_of_them = map.take("max_categories")) {
      out.max_categories = most_of_them->whole(Whole{1, max_categories}).value_or(out.max_categories);
      if (!out.categories.empty()) most_of_them->key_problem("is only where categories are not listed");
    }
    map.read("severe", out.severe, &Value::whole, Whole{0, 4});
    map.finish();
  }

  void outcomes_known() {
    const auto value = map_.take("outcomes_known");
    if (!value) return;
    out_.outcomes_known = value->choice<OutcomesKnown>(outcomes_known_names).value_or(OutcomesKnown::everyone);
    if (sound_.task && out_.task != Task::binary) value->key_problem("is only for task binary");
  }

  void reference(const Value& value) {
    MapReader map(value);
    auto& out = out_.reference;
    std::string path;
    const auto before = problems();
    map.read("file", path, &Value::filled_text);
    map.read("first", out.first, &Value::whole, Whole{1, most});
    period(map);
    map.read("previous_version", out.previous_version, &Value::whole, Whole{least_previous, most});
    map.read("name", out.name, &Value::filled_text);
    map.read_choice("strata", out.strata, strata_names);
    map.read("bins", out.bins, &Value::whole, Whole{2, 1000});
    map.read("ks_exact_max_distinct", out.ks_exact_max_distinct, &Value::whole, Whole{2, 10'000'000});
    map.read("max_categories", out.max_categories, &Value::whole, Whole{2, 1'000'000});
    if (!path.empty()) out.file = (config_.parent_path() / path).lexically_normal();
    const int kinds = (out.file.empty() ? 0 : 1) + (out.first > 0 ? 1 : 0) + (out.from || out.to ? 1 : 0) +
                      (out.previous_version > 0 ? 1 : 0);
    if (value.node().IsMap() && problems() == before && kinds != 1) {
      value.problem(kinds == 0 ? "needs one of file, first, from and to, previous_version"
                               : "takes one of file, first, from and to, previous_version, not several");
    }
    map.finish();
  }

  void period(MapReader& map) {
    const auto from = map.take("from"), to = map.take("to"), max_rows = map.take("max_rows");
    auto& out = out_.reference;
    if (from) out.from = instant(*from);
    if (to) out.to = instant(*to);
    if (from.has_value() != to.has_value()) (from ? from : to)->key_problem("needs both from and to");
    if (out.from && out.to && *out.from >= *out.to) to->problem("must be later than from");
    if (!max_rows) return;
    if (!from && !to) max_rows->key_problem("is only for a period: from and to");
    out.max_rows = max_rows->whole(Whole{200, 10'000'000}).value_or(out.max_rows);
  }

  std::optional<Instant> instant(const Value& value) {
    const auto time = parse_instant(value.node().IsScalar() ? value.node().Scalar() : "", out_.time_zone);
    if (!time) value.wrong("a day, 2026-03-01, or a time, 2026-03-01T08:00:00+01:00");
    return time;
  }

  void scores(const Value& value) {
    MapReader map(value);
    map.read("max_distinct", out_.scores.max_distinct, &Value::whole, Whole{2, 10'000'000});
    map.read("max_distinct_by_group", out_.scores.max_distinct_by_group, &Value::whole, Whole{2, 10'000'000});
    if (const auto by_class = map.take("by_class")) {
      out_.scores.by_class = by_class->choice<ByClass>(by_class_names).value_or(ByClass::drop);
      if (sound_.task && out_.task != Task::multiclass) by_class->key_problem("is only for task multiclass");
      if (out_.scores.by_class == ByClass::keep && out_.classes.size() > max_scored_classes)
        by_class->problem("scores are kept of at most 256 classes");
    }
    map.finish();
  }

  void bounds(const Value& value) {
    MapReader map(value);
    auto& out = out_.bounds;
    map.read("decisions", out.decisions, &Value::whole, Whole{1, Bounds{}.decisions});
    map.read("kept", out.kept, &Value::whole, Whole{1, most});
    map.read("parked", out.parked, &Value::whole, Whole{1, most});
    map.read("versions", out.versions, &Value::whole, Whole{1, 1000});
    map.read("categories", out.categories, &Value::whole, Whole{1, 10'000});
    map.finish();
  }

  bool windows() {
    out_.windows = {{WindowKind::day, 0}, {WindowKind::week, 0}, {WindowKind::month, 0}, {WindowKind::all, 0}};
    const auto list = map_.take("windows");
    if (!list) return true;
    const auto before = problems();
    out_.windows.clear();
    for (const auto& item : list->items()) {
      const auto window = read_window(item);
      if (!window) continue;
      if (std::find(out_.windows.begin(), out_.windows.end(), *window) != out_.windows.end()) {
        item.problem(window_words(*window) + " is given twice");
      }
      out_.windows.push_back(*window);
    }
    if (list->node().IsSequence() && list->node().size() == 0) list->problem("needs at least one window");
    return problems() == before;
  }

  void guarantee(const Value& value) {
    MapReader map(value);
    auto& out = out_.guarantee;
    map.read("false_alarm_probability", out.false_alarm_probability, &Value::number, Real{1e-9, 1});
    if (const auto over = map.take("over")) {
      if (over->node().IsMap()) {
        MapReader decisions(*over);
        decisions.read_required("decisions", out.over_decisions, &Value::whole, Whole{1, 1'000'000'000'000});
        decisions.finish();
      } else {
        out.over = over->duration(Zero::refused).value_or(out.over);
      }
    }
    if (const auto parts = map.take("shares")) {
      MapReader families(*parts);
      for (std::size_t i = 0; i < out.shares.size(); ++i) {
        families.read(family_names[i], out.shares[i], &Value::number, Real{0, 1});
      }
      families.finish();
      double sum = 0;
      for (const double share : out.shares) sum += share;
      if (sum > 1 + 1e-9) parts->problem("sum to more than 1");
      if (sum > 1) {  // written in decimals
        for (double& share : out.shares) share /= sum;
      }
    }
    map.finish();
  }

  /// The limits' own shares are parts of the whole budget; a limit without any could never speak, and would look well.
  void shares() {
    double sum = 0;
    for (const auto& limit : out_.limits) sum += limit.share.value_or(0);
    if (sum > 1 + 1e-9) {
      map_.value().problem("the shares of its limits sum to more than 1");
      return;
    }
    for (const auto& limit : out_.limits) {
      if (limit.evidence != Evidence::budget || limit.share) continue;
      const auto family = static_cast<std::size_t>(family_of(limit));
      const std::string of_limit = "limit " + in_quotes(limit.name) + " has no part of the budget: ";
      if (1 - sum < least_share) map_.value().problem(of_limit + "the shares of the others sum to 1");
      if (out_.guarantee.shares[family] < least_share) {
        map_.value().problem(of_limit + "the share of its family " + std::string(family_names[family]) + " is 0");
      }
    }
  }

  MapReader map_;
  const std::filesystem::path& config_;
  Sound sound_;
  std::optional<NamedPreset> preset_;
  bool preset_is_unknown_ = false;
  Pilot out_;
};

}  // namespace

std::string window_words(const Window& window) {
  if (window.kind == WindowKind::count) return "{count: " + std::to_string(window.count) + "}";
  if (window.kind == WindowKind::days) return "{days: " + std::to_string(window.count) + "}";
  return window_kind_names[static_cast<std::size_t>(window.kind)];
}

std::optional<Window> read_window(const Value& value) {
  if (value.node().IsMap()) {
    MapReader map(value);
    const auto count = map.take("count"), days = map.take("days");
    map.finish();
    if (count.has_value() == days.has_value()) {
      value.problem(count ? "takes either count or days, not both" : "needs either count or days");
      return std::nullopt;
    }
    const auto number = count ? count->whole(Whole{1, most}) : days->whole(Whole{2, max_days});
    if (!number) return std::nullopt;
    return Window{count ? WindowKind::count : WindowKind::days, *number};
  }
  const auto text = value.node().IsScalar() ? value.node().Scalar() : "";
  const auto found = std::find(std::begin(window_kind_names), std::end(window_kind_names), text);
  const auto kind = static_cast<WindowKind>(found - std::begin(window_kind_names));
  if (found != std::end(window_kind_names) && kind != WindowKind::count && kind != WindowKind::days)
    return Window{kind, 0};
  value.wrong("hour, day, week, month, all, {days: N} or {count: N}");
  return std::nullopt;
}

std::optional<Instant> parse_instant(const std::string& text, const Zone& zone) {
  if (const auto time = parse_rfc3339(text)) return time;
  // A day is a day in UTC, whatever it is elsewhere.
  const auto day = text.size() == 10 ? parse_rfc3339(text + "T00:00:00Z") : std::nullopt;
  if (!day) return std::nullopt;
  return zone.start_of(std::chrono::local_days{std::chrono::floor<std::chrono::days>(day->time_since_epoch())});
}

Pilot read_pilot(const Value& value, const std::filesystem::path& config, UniqueNames& names) {
  return PilotReader(value, config).read(names);
}

}  // namespace pilotwatch::settings
