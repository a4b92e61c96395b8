// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/time.h"
#include "base/zone.h"
#include "settings/alertmanager.h"
#include "settings/limit_test.h"
#include "settings/source.h"
#include "settings/webhook.h"

/// The typed form of the YAML file. Defaults stand here and nowhere else; README documents every key.
namespace pilotwatch::settings {

enum class Task : std::uint8_t { binary, multiclass, regression, generative, quantile };
/// Whether outcomes are numbers and not labels.
[[nodiscard]] constexpr bool predicts_numbers(Task task) { return task == Task::regression || task == Task::quantile; }
inline constexpr const char* task_names[] = {"binary", "multiclass", "regression", "generative", "quantile"};

enum class FeatureKind : std::uint8_t { numeric, categorical };
enum class PilotClock : std::uint8_t { wall, event };
/// What the positive class does to the person: a check, a debt, a sanction; or a grant, a priority.
enum class Orientation : std::uint8_t { burden, benefit };
inline constexpr const char* orientation_names[] = {"burden", "benefit"};
enum class UnknownFields : std::uint8_t { drop, reject };

struct Feature {
  std::string name;
  FeatureKind kind = FeatureKind::numeric;
};

enum class WindowKind : std::uint8_t { day, week, month, count, all, hour, days };
inline constexpr const char* window_kind_names[] = {"day", "week", "month", "count", "all", "hour", "days"};

/// `hour` (from midnight on), `day`, `week` (ISO), `month` in the pilot's time zone; `{days: N}` the N days that end
/// with each day; `all` since the epoch; `{count: N}` every N decisions.
struct Window {
  WindowKind kind = WindowKind::day;
  std::uint64_t count = 0;  ///< WindowKind::count: decisions a window; WindowKind::days: days; else 0
  bool operator==(const Window&) const = default;
};

inline constexpr std::size_t max_attributes = 8, max_pairs = 4;  ///< what a decision has room for

/// Two attributes whose values are looked at together, as an attribute of its own.
struct AttributePair {
  std::string first, second;
  /// "first*second": `*` is no character of an attribute's name.
  [[nodiscard]] std::string name() const;
  bool operator==(const AttributePair&) const = default;
};
/// The group of a pair: "north*f". A `*` or backslash in a value has a backslash before it, so no two look the same.
[[nodiscard]] std::string pair_value(std::string_view first, std::string_view second);
/// Its inverse; nullopt for what is no group of a pair, such as `__other__`.
[[nodiscard]] std::optional<std::pair<std::string, std::string>> split_pair_value(std::string_view value);

struct Segments {
  std::vector<std::string> attributes;
  std::vector<AttributePair> pairs;
  std::uint64_t min_n = 10;       ///< cells smaller than this are suppressed; 1 = no suppression (public data)
  std::uint64_t max_values = 50;  ///< distinct values an attribute or pair; the rest is `__other__` and counted
  /// By attribute: the values that count, whatever arrives first; all others are `__other__`. None: the first that
  /// arrive.
  std::map<std::string, std::vector<std::string>> values;
  /// By attribute or pair: the group that the others are compared with; where there is none, with all other cases.
  std::map<std::string, std::string> reference_groups;

  /// Whatever has groups, in the order of engine::Groups: the attributes, then the pairs by name. Builds the list.
  [[nodiscard]] std::vector<std::string> groupings() const;
};

/// What complaints are counted by.
struct Complaints {
  /// These have figures of their own, the others together as `__other__`. Empty: those that limits name, and the first
  /// that were complained about, by (time, id).
  std::vector<std::string> categories;
  std::uint64_t max_categories = 20;  ///< so many of them, where `categories` is empty
  std::uint64_t severe = 3;           ///< this severity or a graver one counts as severe, 0 to 4
};

/// Whose outcomes become known. `selected`: only of decisions with the positive class (binary): what needs the others
/// cannot be computed.
enum class OutcomesKnown : std::uint8_t { everyone, selected };
inline constexpr const char* outcomes_known_names[] = {"everyone", "selected"};

enum class ReferenceKind : std::uint8_t { none, file, first, period, previous_version };
inline constexpr const char* reference_kind_names[] = {"none", "file", "first", "period", "previous_version"};

/// Parts of a known season, within each of which decisions are compared: hours of the day (from midnight on), days of
/// the week, hours of the week, in the pilot's zone.
enum class Strata : std::uint8_t { none, hour_of_day, day_of_week, hour_of_week };
inline constexpr const char* strata_names[] = {"none", "hour_of_day", "day_of_week", "hour_of_week"};

/// What features are compared with; one of the first four.
struct Reference {
  std::filesystem::path file;          ///< NDJSON of predictions; relative to the config file; empty = none
  std::uint64_t first = 0;             ///< the first N decisions of the pilot (in decision order)
  std::optional<Instant> from, to;     ///< the decisions of [from, to)
  std::uint64_t previous_version = 0;  ///< for each version the last N decisions of the one before, >= 200
  std::string name;                    ///< for people
  Strata strata = Strata::none;        ///< of `drift` with a budget
  std::uint64_t max_rows = 20'000;     ///< of a period: more are thinned by lot
  std::uint64_t bins = 64;             ///< quantile bins for the distances of numeric features, 2 .. 1000
  std::uint64_t ks_exact_max_distinct = 10'000;
  std::uint64_t max_categories = 1000;  ///< of a categorical feature: rarer ones are `__other__`, 2 .. 1 million
  [[nodiscard]] ReferenceKind kind() const {
    if (!file.empty()) return ReferenceKind::file;
    if (first > 0) return ReferenceKind::first;
    if (previous_version > 0) return ReferenceKind::previous_version;
    return from && to ? ReferenceKind::period : ReferenceKind::none;
  }
  [[nodiscard]] bool given() const { return kind() != ReferenceKind::none; }
  [[nodiscard]] std::uint64_t rows() const { return first > 0 ? first : previous_version; }  ///< N
};

enum class ByClass : std::uint8_t { drop, keep };
inline constexpr std::size_t max_scored_classes = 256;

/// Bounds of the memory that figures of scores take: beyond so many distinct values of one cell (a day, a version, a
/// group) they come from a histogram with certified brackets. 24 bytes a distinct value, 16 for errors of numbers.
struct Scores {
  std::uint64_t max_distinct = 10'000;        ///< of the whole pilot, 2 .. 10 million
  std::uint64_t max_distinct_by_group = 500;  ///< of each group
  /// Multi-class: keep the score of every class, 8 bytes each a decision, and K (8 + 8 K) bytes a distinct score.
  ByClass by_class = ByClass::drop;
};

/// Regression counts a prediction as an error when |prediction - actual| > max(absolute, relative * |actual|).
struct Tolerance {
  double absolute = 0;
  double relative = 0;
};

enum class Metric : std::uint8_t {
  volume,
  failure_rate,
  coverage,
  error_rate,
  false_positive_rate,
  false_negative_rate,
  false_discovery_rate,
  false_omission_rate,
  selection_rate,
  mean_absolute_error,
  mean_error,
  psi,
  ks,
  complaints_per_1000,
  incidents_per_1000,
  complaint_finding_rate,
  override_rate,
  override_relieving_rate,
  override_aggravating_rate,
  seeded_catch_rate,
  short_review_rate,
  feedback_per_1000,
  staff_stance,
  public_stance,
  drift,  ///< has a feature changed at all, against the reference: evidence only, no figure of a window
  accuracy,
  precision,
  recall,
  specificity,
  f1,
  balanced_accuracy,
  mcc,
  cohen_kappa,
  roc_auc,
  average_precision,
  brier,
  log_loss,
  ece,
  js_distance,
  hellinger,
  tvd,
  wasserstein1,
  linf,
  chi2,
  macro_f1,
  micro_f1,
  weighted_f1,
  macro_precision,
  macro_recall,
  roc_auc_hand_till,
  mse,
  rmse,
  r2,
  mape,
  smape,
  rmsle,
  median_absolute_error,
  wis,
  wis_overprediction,
  wis_underprediction,
  wis_dispersion,
  interval_coverage_50,
  interval_coverage_90,
  quantile_bias,
  verdict_rate,
  max_calibration_error,
  severe_complaints_per_1000,
  escalated_complaints_per_1000,
  complaint_reopened_rate,
  harm_days,
  median_days_to_restore,
  estimated_roc_auc,
  estimated_accuracy,
  estimated_precision,
  estimated_recall,
  estimated_f1,
};
inline constexpr const char* metric_names[] = {"volume",
                                               "failure_rate",
                                               "coverage",
                                               "error_rate",
                                               "false_positive_rate",
                                               "false_negative_rate",
                                               "false_discovery_rate",
                                               "false_omission_rate",
                                               "selection_rate",
                                               "mean_absolute_error",
                                               "mean_error",
                                               "psi",
                                               "ks",
                                               "complaints_per_1000",
                                               "incidents_per_1000",
                                               "complaint_finding_rate",
                                               "override_rate",
                                               "override_relieving_rate",
                                               "override_aggravating_rate",
                                               "seeded_catch_rate",
                                               "short_review_rate",
                                               "feedback_per_1000",
                                               "staff_stance",
                                               "public_stance",
                                               "drift",
                                               "accuracy",
                                               "precision",
                                               "recall",
                                               "specificity",
                                               "f1",
                                               "balanced_accuracy",
                                               "mcc",
                                               "cohen_kappa",
                                               "roc_auc",
                                               "average_precision",
                                               "brier",
                                               "log_loss",
                                               "ece",
                                               "js_distance",
                                               "hellinger",
                                               "tvd",
                                               "wasserstein1",
                                               "linf",
                                               "chi2",
                                               "macro_f1",
                                               "micro_f1",
                                               "weighted_f1",
                                               "macro_precision",
                                               "macro_recall",
                                               "roc_auc_hand_till",
                                               "mse",
                                               "rmse",
                                               "r2",
                                               "mape",
                                               "smape",
                                               "rmsle",
                                               "median_absolute_error",
                                               "wis",
                                               "wis_overprediction",
                                               "wis_underprediction",
                                               "wis_dispersion",
                                               "interval_coverage_50",
                                               "interval_coverage_90",
                                               "quantile_bias",
                                               "verdict_rate",
                                               "max_calibration_error",
                                               "severe_complaints_per_1000",
                                               "escalated_complaints_per_1000",
                                               "complaint_reopened_rate",
                                               "harm_days",
                                               "median_days_to_restore",
                                               "estimated_roc_auc",
                                               "estimated_accuracy",
                                               "estimated_precision",
                                               "estimated_recall",
                                               "estimated_f1"};
inline constexpr std::size_t metric_count = std::size(metric_names);

/// What a limit on groups looks at: the figure of each group, or how it compares with that of the others.
enum class Compare : std::uint8_t { none, difference, ratio };
inline constexpr const char* compare_names[] = {"", "difference", "ratio"};

/// Distances between the reference and a feature, or the score.
[[nodiscard]] bool of_feature(Metric metric);
/// Whether groups are compared in it by difference or ratio; never for Compare::none.
[[nodiscard]] bool is_compared(Metric metric, Compare compare);
/// Estimated without outcomes (CBPE): never measured, so a limit on it warns at most.
[[nodiscard]] bool is_estimated(Metric metric);
/// Whether it can be computed of outcomes that only the selected have; true for what needs no outcome.
[[nodiscard]] bool needs_only_selected(Metric metric);
/// Whether figures of it come with a confidence interval (a certified bracket is none).
[[nodiscard]] bool has_interval(Metric metric);
/// Whether a limit on it can have evidence `budget`: it is the mean of a loss in [0, 1], or a distance from the
/// reference.
[[nodiscard]] bool has_budget(Metric metric);

/// How a limit decides: `point` = the value of a window is beyond it; `interval` = the whole confidence interval is;
/// `budget` = the evidence of all decisions in their order is, within the pilot's budget of false alarms;
/// `confidence_sequence` = the interval since the epoch's start that holds at every look is, with a risk of its own;
/// `reference_chunks` = the value is further from its mean over the chunks of the reference than it was there.
enum class Evidence : std::uint8_t { point, interval, budget, confidence_sequence, reference_chunks };
inline constexpr const char* evidence_names[] = {"point", "interval", "budget", "confidence_sequence",
                                                 "reference_chunks"};
/// Whether it looks at decisions in their order, not at windows.
[[nodiscard]] constexpr bool watches_decisions(Evidence evidence) {
  return evidence == Evidence::budget || evidence == Evidence::confidence_sequence;
}
/// Whether decisions are looked at in blocks of so many, or all of a civil day or ISO week together.
enum class BlockPeriod : std::uint8_t { none, day, week };
inline constexpr const char* block_period_names[] = {"none", "day", "week"};
/// On which side a value is bad.
enum class Direction : std::uint8_t { above, below, both };
inline constexpr const char* direction_names[] = {"above", "below", "both"};

inline constexpr const char* chunk_compare_names[] = {"whole_reference", "other_chunks"};  ///< Chunks::leave_one_out

/// Evidence reference_chunks: the bound is mean +- sd of the figure over the chunks.
struct Chunks {
  double sd = 3;      ///< so many standard deviations
  unsigned ddof = 0;  ///< their divisor is chunks - ddof
  bool leave_one_out =
      false;              ///< YAML `compare_with: other_chunks`: distances; each chunk from the rest of the reference
  std::uint64_t own = 0;  ///< YAML `chunks`: the first so many judged windows; 0 = the windows of the reference file
};
enum class Severity : std::uint8_t { info, warning, critical };
inline constexpr const char* severity_names[] = {"info", "warning", "critical"};

struct Limit {
  std::string name;  ///< unique within the pilot
  Metric metric = Metric::error_rate;
  Window window;
  std::optional<double> max, min;          ///< exactly one is given, none for reference_chunks
  Direction direction = Direction::above;  ///< reference_chunks: where a value is bad; others: see direction_of()
  Chunks chunks;                           ///< reference_chunks
  Evidence evidence = Evidence::interval;
  std::optional<double> share;  ///< budget: this limit's part of the pilot's budget, (0, 1]; default: see Guarantee
  std::uint64_t block = 0;      ///< budget: decisions looked at together; 0 = from the limit and design_effect
  BlockPeriod period = BlockPeriod::none;  ///< budget: YAML `block: day`, instead of a number
  double alpha = .01;               ///< confidence_sequence: chance that it is ever beyond while the limit is kept
  double design_effect = 1;         ///< budget: how much clusters widen the variance of a mean, >= 1
  std::optional<double> range;      ///< budget on a mean of reals: values are clipped at it
  std::uint64_t min_n = 30;         ///< fewer cases in the window: state `insufficient`
  std::string feature;              ///< for distances: the feature, or `score`; for verdict_rate: the class
  std::string segment;              ///< attribute: the limit holds for each of its values; empty = the whole pilot
  Compare compare = Compare::none;  ///< with a segment: the limit is on how each group compares with the others
  std::uint64_t times = 1;          ///< not of a budget: so many ...
  std::uint64_t of = 1;             ///< ... of so many last judged windows must be beyond, 1 <= times <= of <= 64
  Millis for_{0};                   ///< YAML `for`: how long the condition must hold before it is a breach
  Millis keep_firing_for{0};        ///< and must be gone before the breach ends
  Severity severity = Severity::warning;
  std::string alertname;  ///< default: from the metric, e.g. PilotErrorRateHigh
  std::string owner, reason, source, action, runbook_url;
  std::uint32_t line = 0;  ///< of the file, where it stands or its preset is named; 0 = not from a file
  std::string preset;      ///< that brought it along; "" = none
};

/// The least and the greatest value that a limit's figure can have; infinite where there is no bound.
struct Range {
  double least, most;
};
[[nodiscard]] Range range_of(const Limit& limit);

/// On which side a value of the limit is bad, whatever its evidence.
[[nodiscard]] inline Direction direction_of(const Limit& limit) {
  if (limit.evidence == Evidence::reference_chunks) return limit.direction;
  return limit.max ? Direction::above : Direction::below;
}

/// "At most `false_alarm_probability` chance of a false alarm over `over`", for all limits with evidence `budget`
/// together. Families (outcome, fairness, drift, quality) have `shares` of it, their limits equal parts; a limit's own
/// `share` goes first.
struct Guarantee {
  double false_alarm_probability = 0.01;
  Millis over = std::chrono::hours{24 * 90};
  std::uint64_t over_decisions = 0;              ///< instead of `over`: the clock counts decisions
  std::array<double, 4> shares{.5, .1, .3, .1};  ///< by Family
};
enum class Family : std::uint8_t { outcome, fairness, drift, quality };
/// The family of a limit with a budget: that of its metric, or fairness for a comparison of groups.
[[nodiscard]] Family family_of(const Limit& limit);
constexpr double least_share = 1e-9;  ///< of a budget; a smaller one is as good as none

/// What of one pilot stays in memory whatever comes: so many, then it is said of them what each line says.
struct Bounds {
  std::uint64_t decisions = 4'000'000'000;  ///< further ones are rejected; also the most that there can be
  /// Complaints, their updates, reviews, feedback, changes, and outcomes that lost against another: rejected.
  std::uint64_t kept = 10'000'000;
  /// Outcomes, reviews, updates and parts, each: what has waited longest for the record it belongs to is given up.
  std::uint64_t parked = 1'000'000;
  std::uint64_t versions = 20;      ///< of the model: further ones are `__other__`
  std::uint64_t categories = 1000;  ///< of complaints, told apart in memory: further ones are `__other__`
};

struct Pilot {
  std::string name;
  std::string description, owner, model;
  std::string preset;  ///< where what the file does not say comes from; "" = none
  Task task = Task::binary;
  std::vector<std::string> classes;          ///< canonical labels; default "0","1" for binary; required for multiclass
  std::string positive;                      ///< binary: default the last class
  double threshold = 0.5;                    ///< binary: prediction = score >= threshold where only a score is given
  Orientation output = Orientation::burden;  ///< binary; YAML `output`
  std::string burden;                        ///< binary: the class that burdens; "" = by `output`, see burden_class()
  Millis review_min_time = std::chrono::seconds{10};  ///< a shorter review counts as short
  Tolerance tolerance;                                ///< regression; quantile: of the median
  /// Quantile: levels of every forecast, ascending in (0, 1), symmetric around 0.5, which is one of them.
  std::vector<double> quantiles{0.05, 0.25, 0.5, 0.75, 0.95};
  Zone time_zone;
  PilotClock clock = PilotClock::wall;
  Millis lateness = std::chrono::minutes{1};               ///< a window closes so long after its end
  Millis outcome_horizon{0};                               ///< its outcome metrics are mature so long after its end
  Millis accept_past = std::chrono::hours{24 * 365 * 10};  ///< older records are refused (clock: wall)
  Millis accept_future = std::chrono::hours{1};            ///< newer ones too
  UnknownFields unknown_fields = UnknownFields::drop;
  std::vector<Feature> features;
  Segments segments;
  Complaints complaints;
  OutcomesKnown outcomes_known = OutcomesKnown::everyone;
  Reference reference;
  Scores scores;
  Bounds bounds;
  std::vector<Window> windows;  ///< default: day, week, month, all
  Guarantee guarantee;
  std::vector<Limit> limits;

  [[nodiscard]] bool watches_decisions() const;  ///< whether a limit looks at decisions in their order
};

/// The class whose output is a burden to the person: as given, else the positive one where `output` is a burden and the
/// other where it is a benefit. Binary pilots only.
[[nodiscard]] const std::string& burden_class(const Pilot& pilot);

struct Notify {
  std::vector<Alertmanager> alertmanagers;
  std::vector<AlertmanagerLookup> lookups;  ///< those of `alertmanagers` that have `dns`
  /// YAML `notify.dns_servers`: "10.0.0.53", "10.0.0.53:5353", "[::1]:53"; empty = those of /etc/resolv.conf
  std::vector<std::string> dns_servers;
  std::vector<Webhook> webhooks;
  std::map<std::string, std::string> external_labels;
  std::string dashboard_url;  ///< of Grafana's; "" = none
  Millis resend_delay = std::chrono::minutes{1};
  Millis timeout = std::chrono::seconds{10};
  Millis resolved_retention = std::chrono::minutes{15};
  std::uint64_t queue_capacity = 10'000;  ///< alerts a target; the oldest are dropped and counted beyond it
  std::uint64_t batch_size = 256;
  bool watchdog = false;  ///< YAML `notify.watchdog`: an alert that always fires
  Millis evaluation_interval{0};  ///< of the daemon, which hands alerts over as often: they must not end before
};

/// Follows one NDJSON file from the stored offset.
struct Ingest {
  std::uint64_t max_body_bytes = 64ULL << 20;
  std::uint64_t max_line_bytes = 1ULL << 20;
  std::uint64_t max_queue_requests = 256;  ///< more wait: 429
  std::uint64_t max_queue_bytes = 256ULL << 20;
  Millis max_queue_time{25};            ///< what would take longer to work off: 429
  std::uint64_t dead_letters = 10'000;  ///< rejected lines kept for `rejects`; the oldest go first
  bool dead_letter_text = false;        ///< with the beginning of the line itself
  bool tap = false;                     ///< whether somebody may look on at what comes, identifiers included
  std::optional<bool> anonymous;  ///< whether HTTP without a token is let in; none = unless a source has a token_file
};

struct Settings {
  std::filesystem::path file;  ///< where it was read from
  std::string hash;            ///< content hash of the file, hex
  Millis evaluation_interval = std::chrono::seconds{15};
  Millis checkpoint_interval = std::chrono::minutes{1};
  std::optional<Millis> retention;    ///< YAML `storage.retention`: of journal entries; none = for ever
  std::uint64_t max_store_bytes = 0;  ///< YAML `storage.max_bytes`; 0 = no bound
  std::uint64_t decision_memory = 1ULL << 30;  ///< bytes that decisions of all pilots may take; older ones are on disk
  std::uint64_t max_pilots = 1000;             ///< YAML `bounds.pilots`: a file with more is refused
  std::uint64_t max_series = 100'000;          ///< YAML `bounds.series`: on /metrics; figures of groups give way
  Ingest ingest;
  std::vector<Pilot> pilots;
  Source http = {.name = "http"};  ///< "http": what comes by HTTP and names no source
  std::vector<Source> sources;     ///< YAML `sources`
  Notify notify;
  std::vector<LimitTest> tests;  ///< YAML `tests`: nothing that the daemon does depends on them

  [[nodiscard]] const Pilot* find(std::string_view pilot) const;
  /// Whether HTTP without a token is let in.
  [[nodiscard]] bool anonymous_ingest() const;
};

}  // namespace pilotwatch::settings
