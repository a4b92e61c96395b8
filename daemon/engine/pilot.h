// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <boost/unordered/unordered_flat_map.hpp>
#include <boost/unordered/unordered_flat_set.hpp>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "base/id.h"
#include "engine/batch_memo.h"
#include "engine/calendar.h"
#include "engine/chunked.h"
#include "engine/day_finder.h"
#include "engine/decisions.h"
#include "engine/halves.h"
#include "engine/observation.h"
#include "engine/parked.h"
#include "engine/reference.h"
#include "engine/references.h"
#include "engine/side.h"
#include "engine/spots.h"
#include "engine/tally.h"
#include "engine/wait_list.h"
#include "engine/window.h"
#include "record/record.h"
#include "settings/settings.h"

namespace pilotwatch::engine {

/// The group of decisions that do not give the attribute, and of those that say so in this word.
inline constexpr const char* unknown_value = "unknown";

/// What a record changed.
struct Disposition {
  bool duplicate = false;  ///< known already: no figure changed
  bool late = false;       ///< its window had closed (outcomes: matured) before it came
  bool full = false;       ///< there is no room for it (settings::Bounds): nothing changed
};

/// A window that has just closed or matured, to be looked at once.
struct Closing {
  const settings::Window* kind = nullptr;
  Instant due;                                 ///< when it closed or matured, pilot's clock
  bool mature = false;                         ///< false: closed (volume, inputs, complaints); true: matured (outcomes)
  std::shared_ptr<const WindowResult> result;  ///< never null; without figures where the window holds no record
};

/// The whole state of one pilot: decisions, complaints, cells, reference, counters. Single-threaded, no clock, no I/O.
///
///   apply(record)   joins, counts, marks windows as changed
///   advance(now)    orders what has waited for `lateness`, freezes the reference, closes windows in order
///   view()          figures of the closed windows, computed where something changed
class PilotState {
 public:
  explicit PilotState(const settings::Pilot& settings);

  /// Records of that batch come; it stays as it is until end(). Without it everything is looked up by text.
  void begin(const record::Batch& batch) { memo_.begin(batch); }
  void end() { memo_.end(); }
  Disposition apply(const record::Batch& batch, const record::Record& record);

  /// Who is told what happens while time moves on; each may be empty.
  struct Listener {
    std::function<void(const Closing&)> look;          ///< a window closes or matures
    Observe observe;                                   ///< a decision is ordered or matures (with limits on budgets)
    std::function<void(const ReferenceInfo&)> frozen;  ///< a reference is frozen
  };
  /// Moves the pilot's clock on (never back) and tells what happens, in the order of due times: references first, then
  /// decisions, then windows.
  void advance(Instant now, const Listener& listener);
  /// No more records will come: closes every window that holds one, as if time had passed, and orders every decision.
  /// Those whose horizon the records do not reach never mature: an outcome that could still have come is not missing.
  void finish(const Listener& listener);
  /// The greatest accepted event time: the `now` of `clock: event`.
  [[nodiscard]] std::optional<Instant> event_time() const { return newest_; }
  [[nodiscard]] std::optional<Instant> now() const { return now_; }
  /// The next time at which advance() would change something; nullopt without data.
  [[nodiscard]] std::optional<Instant> next_due() const { return due_; }

  [[nodiscard]] PilotView view();
  [[nodiscard]] const settings::Pilot& settings() const { return *settings_; }

  /// The record's values in the order of feature_list(), the score last.
  [[nodiscard]] FeatureRow feature_row(const record::Batch& batch, const record::Prediction& p) const;
  /// Everything counted so far, over all versions. O(days).
  [[nodiscard]] Tally total() const;

  /// A reference from a file; before any record.
  void set_reference(Reference reference) {
    references_.set(std::move(reference));
    placer_.forget();
  }
  /// What the newest version is compared with; null = nothing (yet).
  [[nodiscard]] References::Shared reference() const { return references_.current(); }

  /// Whatever has groups: settings::Segments::groupings(), by index into Decision::groups.
  [[nodiscard]] const std::vector<std::string>& groupings() const { return groupings_; }
  /// Name of a value of an attribute or pair; indexes as in Decision::groups.
  [[nodiscard]] const std::string& group_name(std::size_t attribute, std::uint16_t index) const {
    return values_.at(attribute).at(index);
  }

  using Save = std::function<void(std::string name, std::string bytes)>;
  /// Where parts named "block/..." can be read again once a checkpoint with them counts; without it all decisions stay in
  /// memory. Before load().
  void set_store(ReadBlock read);
  /// Reads what apply() will need of old decisions for these ids of predictions, in the order of the records. Throws what
  /// `read` throws; nothing has changed then.
  void prepare(std::span<const Id128> ids) { decisions_.prepare(ids); }
  [[nodiscard]] const Decisions& decisions() const { return decisions_; }
  /// See Decisions.
  void confirm(bool written) { decisions_.confirm(written); }
  bool evict() { return decisions_.evict(); }
  void forget_blocks() { decisions_.forget_blocks(); }

  /// Parts that belong to any later checkpoint and need not wait for it.
  void save_complete(const Save& save) { decisions_.save_complete(save); }
  /// Checkpoint parts by name; "" is one that goes.
  void save(Extent extent, const Save& save, const Relief& relief = {});
  void load(const std::map<std::string, std::string>& parts);

 private:
  static constexpr std::uint32_t no_row = ~std::uint32_t{0};
  struct Waiting {
    std::uint32_t slot = 0;
    bool counted = false;               ///< its features are in the day cell already
    std::uint32_t row = no_row;         ///< of a decision: its values, in rows_
    const Reference* placed = nullptr;  ///< the reference that these have their positions in; no state
  };
  enum class Where : std::uint8_t { everywhere, buckets };  ///< buckets: only the cells of count windows
  enum class Ordered : std::uint8_t { decision, complaint, feedback };
  /// Decision order: time, then decisions before complaints before feedback, then id.
  using OrderKey = std::tuple<Instant, Ordered, Id128>;

  // pilot_apply.cc
  Disposition apply_prediction(const record::Batch& batch, const record::Prediction& p);
  Disposition apply_outcome(const record::Batch& batch, const record::Outcome& o);
  Disposition join_known(std::uint32_t slot, OutcomeRow row);
  Disposition park(const Id128& id, const OutcomeRow& row);
  Disposition park_review(const Id128& prediction_id, const ReviewRow& row);
  Disposition park_update(const Id128& complaint_id, const UpdateRow& row);
  void set_outcome(std::uint32_t slot, Decision d, const OutcomeRow& row);
  void remember(Instant time);
  void await_order(const OrderKey& key, const Waiting& waiting);
  static constexpr std::size_t least_sweep = 1024;
  [[nodiscard]] double target(const record::Batch& batch, const record::Value& value) const;
  void read_row(const record::Batch& batch, const record::Prediction& p, std::span<Value> row);
  void sweep_names();
  void set_predicted(const record::Batch& batch, const record::Prediction& p, Decision& d) const;
  [[nodiscard]] std::vector<double> class_scores(const record::Batch& batch, const record::Prediction& p) const;
  [[nodiscard]] std::vector<double> forecast(const record::Batch& batch, const record::Prediction& p) const;
  std::uint16_t version_index(const record::Batch& batch, record::StringRef text);
  [[nodiscard]] std::uint16_t class_index(const std::string& label) const;

  // pilot_bounds.cc
  [[nodiscard]] std::size_t kept() const;
  [[nodiscard]] bool full() const { return kept() >= settings_->bounds.kept; }
  [[nodiscard]] bool room_for_decision() const {
    return decisions_.size() + halves_.size() < settings_->bounds.decisions;
  }
  void keep_parked();
  void write_parked(ByteWriter& out) const;
  void read_parked(ByteReader& in);
  void view_bounds(PilotView& view) const;
  [[nodiscard]] std::set<std::string_view> own_categories() const;

  // pilot_groups.cc
  std::uint16_t group_index(std::size_t attribute, const std::string& name);
  std::uint16_t group_index(std::size_t attribute, const record::Batch& batch, record::StringRef text);
  std::uint16_t pair_index(std::size_t pair, std::uint16_t first, std::uint16_t second);
  Groups group_indexes(const record::Batch& batch, const std::vector<record::NamedText>& segments,
                       const std::string& missing);

  // pilot_halves.cc
  Disposition apply_half(const record::Batch& batch, const record::Prediction& p);
  void take_lone_halves(Instant waiting_from);
  void decide_alone(OwnPrediction half);
  void write_halves(ByteWriter& out) const;
  void read_halves(ByteReader& in);

  // pilot_complaints.cc
  Disposition apply_complaint(const record::Batch& batch, const record::Complaint& c);
  Disposition apply_complaint_update(const record::ComplaintUpdate& u);
  void add_review(ReviewRow row);
  void link_complaints(const Id128& prediction_id, std::uint32_t slot);
  void attach(std::uint32_t slot, Instant complaint);
  [[nodiscard]] std::vector<std::string> complained_about(std::uint32_t slot, Instant by) const;
  std::uint16_t category_index(const std::string& name, const ComplaintRow& row);
  /// By index: the category's own name, or `__other__`.
  [[nodiscard]] std::vector<std::string> category_names() const;
  void count_harm(std::uint32_t slot, std::int64_t sign, Where where);
  void write_categories(ByteWriter& out) const;
  void read_categories(ByteReader& in);

  // pilot_side.cc
  Disposition apply_review(const record::Batch& batch, const record::Review& r);
  Disposition apply_feedback(const record::Feedback& f);
  void lead_incident(std::uint32_t slot);
  void apply_known_updates(std::uint32_t slot);
  void recount_complaint(std::uint32_t slot, const std::function<void(ComplaintRow&)>& change);
  void join_reviews(const Decision& d);
  [[nodiscard]] std::uint32_t review_of(const Id128& prediction_id) const;
  [[nodiscard]] bool closed(Instant time) const;
  void write_side(ByteWriter& out) const;
  void read_side(ByteReader& in);
  void index_side();

  // pilot_findings.cc
  void await_finding(const Id128& complaint);
  void find_until(Instant time);

  // pilot_changes.cc
  Disposition apply_change(const record::Batch& batch, const record::Change& c);
  void note_version(std::uint16_t version, Instant time);
  void judge_versions(Instant until);
  [[nodiscard]] bool announced(const std::string& version, Instant first, Instant before) const;
  void view_changes(PilotView& view) const;

  // pilot_count.cc: contributions to cells
  void count_decision(const Decision& d, std::int64_t sign, Where where = Where::everywhere);
  void count_outcome(const Decision& d, std::int64_t sign, Where where = Where::everywhere);
  void count_complaint(const ComplaintRow& c, std::int64_t sign);
  void take_back_unlinked(const ComplaintRow& c);
  void count_unlinked(const ComplaintRow& c, std::int64_t sign, Where where);
  /// `row`: placed in that reference.
  void count_features(const Decision& d, const Reference& reference, std::span<const Value> row,
                      Where where = Where::everywhere);
  static void add_complaint(Tally& tally, const ComplaintRow& c, std::int64_t sign);
  void count_review(const Decision& d, const ReviewRow& r, std::int64_t sign, Where where);
  void count_feedback(const FeedbackRow& f, std::uint64_t rank, Where where);
  /// Calls `add` for the whole and for each group of each cell, as each_cell.
  void each_scope(Instant time, std::uint64_t rank, std::uint16_t version, const Groups& groups, Where where,
                  const std::function<void(Tally&)>& add);
  /// Adds to each cell that a record of that time, rank and version belongs to.
  template <class Add>
  void each_cell(Instant time, std::uint64_t rank, std::uint16_t version, Where where, Add&& add);
  void touch(Day day);
  void touch_hour(std::int64_t start);
  /// `all` counts what has just come; else (groups that must be protected) only days that have closed.
  [[nodiscard]] bool all_is_live() const {
    return settings_->segments.min_n <= 1 || settings_->segments.attributes.empty();
  }

  // pilot_time.cc
  void order_until(Instant time);
  void order_decision(Waiting& waiting);
  void await_maturity(const Waiting& waiting, const Decision& d, const Reference* compared);
  void mature_until(Instant time);
  [[nodiscard]] Decision as_of_horizon(std::uint32_t slot) const;
  void report(const std::vector<Closing>& closings, const Listener& listener);
  void count_frozen();
  void close_days();
  [[nodiscard]] std::vector<Closing> closings(bool final);
  void refresh_due();
  void refresh_windows_due();
  [[nodiscard]] bool ordered() const {
    return orders_ || references_.need_order();
  }  ///< decisions must be put in order (count windows, references, budgets)
  [[nodiscard]] Millis maturity() const { return std::max(settings_->lateness, settings_->outcome_horizon); }
  [[nodiscard]] Millis delay(bool mature) const { return mature ? maturity() : settings_->lateness; }
  void look_at_calendar(std::size_t window, bool mature, bool final, std::vector<Closing>& out);
  void look_at_counts(std::size_t window, bool mature, bool final, std::vector<Closing>& out);
  void look_at_all(std::size_t window, bool mature, bool final, std::vector<Closing>& out);

  // pilot_windows.cc; `start` = first day ({days: N}: last day), hour in Unix seconds, bucket number, or 0 for `all`
  std::shared_ptr<const WindowResult> result(std::size_t window, std::int64_t start);
  [[nodiscard]] VersionCells merged(std::size_t window, std::int64_t start) const;
  [[nodiscard]] std::pair<Instant, Instant> bounds(std::size_t window, std::int64_t start) const;
  [[nodiscard]] bool is_mature(std::size_t window, std::int64_t start) const;
  void mark_all_stale();

  // pilot_save.cc
  void check_rows() const;
  [[nodiscard]] bool groups_exist(const Groups& groups) const;
  [[nodiscard]] bool sound(const Decision& d) const;
  void write(ByteWriter& out) const;
  void read(ByteReader& in, const std::map<std::string, std::string>& parts);

  const settings::Pilot* settings_;
  DayFinder calendar_;
  bool watches_ = false;  ///< limits on decisions
  bool orders_ = false;   ///< these, or count windows
  std::vector<FeatureColumn> columns_;
  std::vector<std::string> groupings_;
  std::vector<std::pair<std::size_t, std::size_t>> pairs_;  ///< indexes of their attributes
  std::uint16_t positive_ = 0;
  std::uint16_t burden_ = 0;  ///< the class whose output is a burden (binary)

  Decisions decisions_;
  ReadBlock read_block_;
  Halves halves_;
  std::map<Id128, record::Part> lone_;                          ///< decisions that were made of one part, which
  Parked<ParkedOutcome> parked_;                                ///< by prediction id; every distinct one
  std::map<std::uint32_t, std::vector<OutcomeRow>> overruled_;  ///< by decision slot: outcomes that lost
  std::size_t overruled_rows_ = 0;
  Chunked<ComplaintRow> complaints_;
  boost::unordered_flat_map<Id128, std::uint32_t, Id128Hash> complaint_by_id_;
  std::map<Id128, std::vector<std::uint32_t>> complaints_waiting_;              ///< by prediction id
  std::map<std::uint32_t, std::vector<std::uint32_t>> linked_complaints_;       ///< by decision slot
  boost::unordered_flat_map<Id128, std::uint32_t, Id128Hash> incident_leader_;  ///< its earliest complaint
  std::map<Id128, std::set<UpdateRow>> updates_;                                ///< by id of a known complaint
  std::size_t update_rows_ = 0;
  Parked<UpdateRow> parked_updates_;  ///< by complaint id
  std::set<std::pair<Instant, Id128>> findings_;  ///< first findings that have not been looked at: time, complaint
  Chunked<ReviewRow> reviews_;       ///< of known decisions
  Parked<ReviewRow> parked_reviews_;  ///< by prediction id
  boost::unordered_flat_map<Id128, std::uint32_t, Id128Hash> review_by_prediction_;  ///< the newest that came
  Chunked<FeedbackRow> feedback_;
  boost::unordered_flat_set<Id128, Id128Hash> feedback_ids_;
  std::map<Id128, ChangeRow> changes_;
  std::vector<VersionStart> version_starts_;  ///< by index into versions_

  std::map<Day, VersionCells> days_;
  bool hourly_ = false;                                         ///< some window is an hour
  std::map<std::int64_t, VersionCells> hours_;                  ///< by start in Unix seconds; only where hourly_
  std::vector<std::map<std::uint64_t, VersionCells>> buckets_;  ///< by window index (count windows), then rank / N
  VersionCells all_;
  std::vector<std::string> versions_{""};
  std::vector<std::vector<std::string>> values_;  ///< by attribute or pair: names of its values
  std::vector<boost::unordered_flat_map<std::uint32_t, std::uint16_t>> pair_values_;  ///< by pair: of two such values
  /// A category of complaints, and the earliest complaint of it known so far.
  struct Category {
    std::string name;
    Instant first;
    Id128 first_id;
  };
  std::vector<Category> categories_;  ///< in the order of arrival, which no figure depends on
  WaitList<OrderKey, Waiting> waiting_;
  /// Kinds of meanings in memo_; behind the last one categories, a kind a column, then values, a kind a grouping.
  struct Memo {
    enum : std::size_t { column, attribute, label, version, categories };
  };
  [[nodiscard]] std::size_t memo_values() const { return Memo::categories + columns_.size(); }
  [[nodiscard]] std::size_t memo_kinds() const { return memo_values() + groupings_.size(); }
  mutable BatchMemo memo_;
  ColumnNames names_;                      ///< of the categories in rows that wait
  ValueRows rows_;                         ///< of decisions that wait
  std::vector<std::uint32_t> spent_rows_;  ///< of those that advance() has ordered, until they have been looked at
  std::size_t sweep_at_ = least_sweep;     ///< with so many names those that nothing has go
  Placer placer_;
  std::uint64_t next_rank_ = 0;
  std::set<std::uint16_t> versions_ordered_;  ///< versions of which a decision has been ordered; only with budgets
  /// First and last decision time of each count bucket.
  std::vector<std::map<std::uint64_t, std::pair<Instant, Instant>>> bucket_times_;
  References references_;

  std::optional<Instant> now_, newest_;
  std::optional<Day> closed_before_;  ///< days before this one are closed
  /// By window, [closed, matured]: the next start (day or bucket) to look at.
  std::vector<std::array<std::optional<std::int64_t>, 2>> next_look_;
  std::array<std::optional<Day>, 2>
      all_looked_;  ///< the day before which days were closed, matured at the last look at `all`
  bool finished_ = false;
  PilotCounters counters_;

  /// Published results, and what has changed since; (window index, start). Not part of the state.
  std::map<std::pair<std::size_t, std::int64_t>, std::shared_ptr<const WindowResult>> results_;
  std::set<std::pair<std::size_t, std::int64_t>> stale_;
  std::optional<Instant> due_;          ///< see next_due(); cached
  std::optional<Instant> windows_due_;  ///< of that what days and windows have to do, as of the last look at them
  bool windows_changed_ = true;         ///< since then: a day, an hour or a full bucket has come or gone
  Spots spots_;
  /// Days that touch() has been called for since `stale_` lost something or a window was looked at.
  struct Touched {
    Day day = 0;
    std::uint64_t epoch = 0;
  };
  std::array<Touched, 8> touched_;
  std::uint64_t touch_epoch_ = 1;
  std::vector<Observation> observations_;  ///< of the advance() that runs
  std::vector<ReferenceInfo> frozen_;      ///< the same
};

}  // namespace pilotwatch::engine
