// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/time.h"
#include "settings/settings.h"

namespace pilotwatch::engine {

/// One figure of one window: the object that `/api/v1/pilots/{pilot}/windows` and `backtest` print. README documents
/// it.
struct Figure {
  std::string model_version;     ///< "" = all versions together
  std::string attribute, group;  ///< "" = the whole pilot
  std::string feature;           ///< of drift: the feature; of verdict_rate: the class; else ""
  std::string compare, against;  ///< "difference" or "ratio", and the group compared with or "rest"; else ""
  settings::Metric metric{};
  std::string formula;  ///< "wilson/v1", "psi-jeffreys/v1", ...
  std::optional<double> value, lower, upper;
  std::optional<double> noise_floor;  ///< distances: what they show on average where nothing has drifted
  std::uint64_t n = 0;                ///< denominator: cases (or decisions) behind the value; 0 when suppressed
  std::optional<double> coverage;     ///< share of the window's decisions with a known outcome
  std::string state;                  ///< "ok", "immature", "insufficient" (n = 0), "suppressed", "undefined"
  std::string reason;                 ///< why not "ok", or ""
};

/// Confusion counts of one group over one window. For multi-class tasks one a class, one against the rest.
struct Confusion {
  std::string model_version, attribute, group;
  std::string label;  ///< the class that counts as positive
  std::uint64_t tp = 0, fp = 0, fn = 0, tn = 0;
  bool suppressed = false;  ///< then the counts are 0 and mean nothing
};

/// Plain counts of one scope of one window (overall and per version and group).
struct Counts {
  std::string model_version, attribute, group;
  std::uint64_t predictions = 0, outcomes = 0, errors = 0, complaints = 0, failures = 0, positives = 0;
  bool suppressed = false;
};

/// How a feature's values are spread over parts of what is possible, beside the reference: the parts that differ most.
/// Parts are made so that none holds fewer than segments.min_n decisions, unless it holds none: of those left out
/// nothing small follows either.
struct FeatureShift {
  struct Part {
    std::string name;             ///< "up to 12.5", "12.5 to 30", "letter", "missing"
    double live = 0, before = 0;  ///< shares of `n` and of `reference_n`
  };
  std::string feature;
  std::uint64_t n = 0, reference_n = 0;  ///< decisions, missing values included
  std::vector<Part> parts;               ///< at most shift_parts, the most moved first
};
inline constexpr std::size_t shift_parts = 6;

/// Everything about one closed window; immutable once published. A late outcome publishes a new one.
struct WindowResult {
  settings::Window kind;
  std::string kind_name;   ///< "day", "week", "month", "all", "count:1000", "hour", "days:7"
  Instant start, end;      ///< [start, end); count windows: times of the first and last decision
  std::int64_t place = 0;  ///< orders the windows of a kind; a window keeps it for ever
  bool mature = false;     ///< the outcome horizon has passed
  std::string reference;   ///< id of the reference that its distances compare with; "" = none
  std::vector<Figure> figures;
  std::vector<Confusion> confusions;
  std::vector<Counts> counts;
  std::vector<FeatureShift> shifts;  ///< of all versions together, for features that a limit of the pilot names
  std::vector<std::pair<std::string, std::uint64_t>> suppressed_groups;  ///< attribute -> groups hidden
};

/// "day", "week", "month", "all", "count:1000"
[[nodiscard]] std::string window_name(const settings::Window& window);

/// Monotone facts about one pilot; restored over restarts.
struct PilotCounters {
  struct Version {
    std::string name;
    std::uint64_t predictions = 0, errors = 0;
  };
  std::vector<Version> versions;  ///< sorted by name
  std::uint64_t outcomes = 0, outcomes_matched = 0, failures = 0;
  std::uint64_t outcomes_corrected = 0;
  std::uint64_t complaints = 0, complaints_unlinked = 0;
  std::uint64_t parts_waiting = 0;   ///< requests and responses whose other part has not come yet
  std::uint64_t parts_alone = 0;     ///< requests without response, or the other way round: the other part did not come
  std::uint64_t parts_too_late = 0;  ///< parts whose decision had been counted without them
  std::uint64_t late_records = 0;  ///< accepted after their window had closed
  std::vector<std::pair<std::pair<std::string, std::string>, std::uint64_t>> complaints_by;  ///< (category, severity)
  std::uint64_t complaint_updates = 0, complaint_updates_parked = 0;  ///< parked: their complaint has not come
  std::uint64_t findings_too_late = 0;  ///< given longer than the outcome horizon after they were made: no evidence
  std::uint64_t reviews = 0, reviews_corrected = 0, reviews_parked = 0;
  std::array<std::uint64_t, 2> feedback{};  ///< by record::Audience
  std::uint64_t unannounced_versions = 0;   ///< findings of that kind
  std::vector<std::pair<std::string, std::uint64_t>>
      label_overflows;                 ///< attribute (or model_version) -> records in __other__
  std::uint64_t awaiting_outcome = 0;  ///< decisions without an outcome
  std::uint64_t parked_outcomes = 0;   ///< outcomes that wait for their prediction
  /// What waited longest and was given up, by ParkedStream: outcomes, reviews, complaint updates; parts of predictions
  /// became decisions without their other part.
  std::array<std::uint64_t, 4> parked_dropped{};
  std::optional<Instant> last_prediction, last_outcome, last_complaint;  ///< greatest event times
  std::vector<std::uint64_t> latency_buckets;  ///< counts per bound of latency_bounds_s, then +Inf; not cumulative
  double latency_sum_s = 0;
  std::vector<std::uint64_t> delay_buckets;  ///< outcome delay, delay_bounds_s
  double delay_sum_s = 0;
};
enum class ParkedStream : std::uint8_t { outcomes, reviews, complaint_updates, prediction_parts };
inline constexpr const char* parked_stream_names[] = {"outcomes", "reviews", "complaint_updates", "prediction_parts"};

/// How much of a bound is taken.
struct BoundUse {
  std::string name;
  std::uint64_t used = 0, most = 0;
};

inline constexpr double latency_bounds_s[] = {0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10};
inline constexpr double delay_bounds_s[] = {60, 600, 3600, 21600, 86400, 259200, 604800, 1209600, 2592000, 7776000};

/// Something was changed, as the record says.
struct ChangeInfo {
  Instant time;
  std::string what, from, to;
  std::optional<bool> announced;
  std::string id;  ///< orders changes of equal time; not for readers
};

/// Something that should not be, found by looking at the records themselves.
struct FindingInfo {
  std::string kind;           ///< unannounced_version_change
  std::string model_version;  ///< the version that nobody announced
  Instant time;               ///< its first decision, as far as known when it was looked at
};
inline constexpr const char* unannounced_version_change = "unannounced_version_change";

struct ReferenceInfo {
  std::string id;       ///< content hash, hex; "" = none (yet)
  std::uint64_t n = 0;  ///< rows
  std::optional<Instant> frozen_at;
  settings::ReferenceKind kind{};
  std::string name;
  settings::Strata strata = settings::Strata::none;
  std::uint64_t outcomes = 0;         ///< of its rows have a known outcome, kept with their scores
  std::vector<std::string> versions;  ///< that are compared with it ("" = nameless); none = all
  /// Of a categorical feature: categories told apart, and those beyond `reference.max_categories`.
  struct Categories {
    std::string feature;
    std::uint64_t own = 0, others = 0;
  };
  std::vector<Categories> categories{};
};

/// What readers (API, metrics, page) see of one pilot.
struct PilotView {
  const settings::Pilot* settings = nullptr;
  std::optional<Instant> now;  ///< the pilot's clock
  PilotCounters counters;
  std::vector<BoundUse> bounds;  ///< decisions, kept, parked streams
  std::vector<BoundUse> labels;  ///< values of an attribute or pair, model_version, category
  ReferenceInfo reference;                                   ///< the one that the newest version is compared with
  std::vector<ReferenceInfo> references;                     ///< all, in the order in which they came
  std::vector<ChangeInfo> changes;                           ///< by time
  std::vector<FindingInfo> findings;                         ///< by time
  std::vector<std::shared_ptr<const WindowResult>> windows;  ///< closed ones, by kind (settings order), then start
};

}  // namespace pilotwatch::engine
