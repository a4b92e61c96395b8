// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/id.h"
#include "base/time.h"
#include "engine/decision.h"
#include "engine/reference.h"
#include "engine/values.h"
#include "engine/window.h"
#include "settings/settings.h"

namespace pilotwatch::engine {

/// The references of one pilot, and the rows that become one. Fed in decision order; which decision is compared with
/// what:
///
///   file               all with what it holds
///   first: N           all with the first N
///   from, to           those since `from` with those of [from, to); frozen when `to` has passed
///   previous_version   each version with the last N of the version that was the newest when its own first decision
///                      came, frozen then. The first version with its first N; a version before which there were fewer
///                      than 200 with what the version before is compared with, which it helps to collect
///
/// Every row of a reference is counted against it, too, once it is frozen. State: a reference takes 16 bytes a distinct
/// value (at most its rows) and feature; one at most but for previous_version, there 22. Rows that wait: 16 bytes a
/// feature, at most N, `max_rows`, 2 N.
class References {
 public:
  using Shared = std::shared_ptr<const Reference>;
  /// Fewer rows of a version are no reference for the next.
  static constexpr std::size_t min_rows = 200;

  /// Both must outlive it. `names`: of the categories in rows that wait.
  References(const settings::Pilot& settings, ColumnNames& names) : settings_(&settings), names_(&names) {}

  /// One from a file; before any decision.
  void set(Reference reference) { references_.assign(1, std::make_shared<const Reference>(std::move(reference))); }

  /// Whether decisions must be put in order for it.
  [[nodiscard]] bool need_order() const;
  /// The next time of the order at which it changes by itself: the end of a period that has rows.
  [[nodiscard]] std::optional<Instant> due() const;
  /// What a decision is compared with; null = nothing (yet).
  [[nodiscard]] const Reference* of(std::uint16_t version, Instant time) const;
  /// What the newest version is compared with: evidence is gathered against it. Null = nothing (yet).
  [[nodiscard]] const Shared& current() const;
  /// All that are frozen, in the order in which they came; `versions`: names by index.
  [[nodiscard]] std::vector<ReferenceInfo> view(const std::vector<std::string>& versions) const;

  /// A decision's turn has come: the first of its version, the first after the period.
  void begin(const Decision& d);
  /// One whose turn it is, which is compared with nothing.
  void collect(const Decision& d, std::uint32_t slot, std::span<const Value> values);
  /// One whose turn it is, for the version after its own.
  void remember(const Decision& d, std::span<const Value> values);
  /// The order has come to `time`: nothing earlier will come in its turn.
  void pass(Instant time);
  /// The same, before what has just come takes its turn: a period of which nothing has come stays without reference.
  void pass_before(Instant time);

  /// A reference that has just been frozen, and its rows, which are not counted yet (none: of a version's last rows).
  struct Frozen {
    Shared reference;
    std::vector<std::uint32_t> slots;
    std::vector<std::vector<Value>> rows;  ///< of these slots
    std::vector<std::uint16_t> versions;   ///< previous_version: those that are compared with it
  };
  /// Once each.
  [[nodiscard]] std::optional<Frozen> take_frozen();

  void write(ByteWriter& out) const;
  void read(ByteReader& in);
  /// Whether what was read can be: its rows are of known decisions, with so many values.
  [[nodiscard]] bool sound(std::size_t decisions, std::size_t columns) const;
  /// Calls f for each row that waits here.
  template <class F>
  void each_row(F&& f) const {
    for (const auto& [id, row] : rows_) f(std::span<const Value>(row.row.values));
    for (const auto& row : last_) f(std::span<const Value>(row.values));
  }

 private:
  struct TimedRow {
    Instant time;
    std::vector<Value> values;
  };
  struct Row {
    std::uint32_t slot = 0;
    TimedRow row;
  };
  static constexpr std::uint32_t no_place = ~std::uint32_t{0};

  [[nodiscard]] settings::ReferenceKind kind() const { return settings_->reference.kind(); }
  [[nodiscard]] std::uint32_t place_of(std::uint16_t version) const;
  void begin_version(const Decision& d);
  void freeze_rows(Instant due);
  void keep(Frozen frozen, std::size_t place);

  [[nodiscard]] ReferenceRow with_text(const TimedRow& row) const;
  void write(ByteWriter& out, const TimedRow& row) const;
  void read(ByteReader& in, TimedRow& row);

  const settings::Pilot* settings_;
  ColumnNames* names_;
  std::vector<Shared> references_;       ///< null: still being collected (previous_version: the first)
  std::vector<std::uint32_t> place_of_;  ///< previous_version: by version, in references_
  std::uint16_t newest_ = 0;             ///< previous_version: the version that began last
  std::map<Id128, Row> rows_;            ///< that become the (first) reference; by id, which is as good as by lot
  std::deque<TimedRow> last_;            ///< previous_version: the last N of the newest version
  bool over_ = false;                    ///< the period
  std::vector<Frozen> frozen_;           ///< until taken, within one advance(): not part of the state
};

}  // namespace pilotwatch::engine
