// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/time.h"
#include "engine/window.h"
#include "judge/action_book.h"
#include "judge/chunks.h"
#include "judge/limit_book.h"
#include "record/entry.h"
#include "settings/settings.h"

namespace pilotwatch::judge {

enum class State : std::uint8_t { collecting, ok, warning, breach, recovering, no_data, insufficient };
inline constexpr const char* state_names[] = {"collecting", "ok",      "warning",     "breach",
                                              "recovering", "no_data", "insufficient"};
inline constexpr std::size_t state_count = std::size(state_names);
/// breach and recovering: an alert is out.
[[nodiscard]] inline bool firing(State state) { return state == State::breach || state == State::recovering; }

/// What stands behind a limit with a budget: stored with its transitions, shown wherever the limit is.
struct BudgetEvidence {
  double s = 0;                    ///< the evidence S
  double threshold = 0;            ///< N / share: a breach at or above it
  double budget_n = 0;             ///< N: days, or decisions; of a confidence sequence 1/alpha
  double share = 0;                ///< this limit's part of the budget (for one group)
  bool days = true;                ///< unit of N
  std::uint64_t block = 1;         ///< decisions looked at together; 0 = a civil day or week
  std::uint64_t observations = 0;  ///< decisions since the evidence began
  std::uint64_t left_out = 0;      ///< since then: of a stratum with too few rows in the reference, no observations
  std::optional<Instant> change_point;  ///< estimated begin of the change, pilot's clock; no guarantee
  std::optional<double> value_since;    ///< mean loss since then: selected, so biased upwards
  std::uint64_t n_since = 0;
  std::optional<double> mean, mean_lower, mean_upper;  ///< confidence sequences: of the loss since the evidence began
  std::string formula;
  std::string reference;  ///< id of the reference, for drift
  std::string moved;      ///< what moved most

  void write(ByteWriter& out) const;
  void read(ByteReader& in);
};

/// How far evidence had come at a look.
struct CoursePoint {
  Instant time;  ///< of the look's last decision
  double s = 0;  ///< against the threshold of its evidence
};

/// One breach from its start to its end.
struct Episode {
  std::string id;                 ///< stable over restarts: hash of pilot, limit, group and start
  Instant started, started_wall;  ///< pilot's clock, wall clock
  std::optional<Instant> ended, ended_wall;
  double value_at_start = 0;
};

/// Where a limit (for one group, if it names a segment) stands now.
struct LimitStatus {
  const settings::Pilot* pilot = nullptr;
  const settings::Limit* limit = nullptr;
  std::string group;  ///< "" unless limit->segment
  State state = State::collecting;
  std::string reason;  ///< one plain sentence about the last look
  std::optional<double> value, lower, upper;
  std::uint64_t n = 0;
  std::uint64_t windows_judged = 0, windows_beyond = 0;     ///< of the last `of` judged ones; not of a budget
  std::optional<Instant> window_start, window_end;          ///< of the last window looked at
  std::optional<Instant> pending_since;                     ///< condition holds, `for` not yet over; pilot's clock
  std::optional<Instant> last_transition, last_evaluation;  ///< wall clock
  std::uint64_t transitions = 0;
  std::optional<Instant> clear_since;        ///< recovering since, of limits on windows; pilot's clock
  std::optional<BudgetEvidence> evidence;    ///< only for limits with a budget
  std::vector<CoursePoint> course;           ///< its evidence over time (judge/course.h); none of protected groups
  std::optional<ChunkBound> chunks;          ///< reference_chunks: once its bound is known
  std::string hash;                          ///< of its definition; "" where nothing recorded it
  std::optional<Instant> since, since_wall;  ///< it is in force; pilot's clock, wall clock
  std::optional<Episode> episode;            ///< the running one, or the last while it is retained for resolved resends
  std::vector<Acknowledgement> acknowledged; ///< of that episode, oldest first
};

/// Whether the value is bad because it is great (or would be): of a limit on both sides, whether it is above the mean.
[[nodiscard]] inline bool bad_above(const LimitStatus& s) {
  const auto direction = settings::direction_of(*s.limit);
  if (direction != settings::Direction::both) return direction == settings::Direction::above;
  return !s.chunks || !s.value || *s.value >= s.chunks->mean;
}
/// The bound on that side; nullopt where it is not known yet.
[[nodiscard]] inline std::optional<double> threshold_of(const LimitStatus& s) {
  if (s.limit->evidence != settings::Evidence::reference_chunks) return s.limit->max ? s.limit->max : s.limit->min;
  if (!s.chunks) return std::nullopt;
  return bad_above(s) ? s.chunks->upper : s.chunks->lower;
}

/// One change of state; `backtest` prints them, the log too.
struct Transition {
  std::string pilot, limit, group;
  State from{}, to{};
  Instant at, at_wall;  ///< pilot's clock, wall clock
  std::optional<double> value, lower, upper, threshold;
  std::uint64_t n = 0;
  std::optional<Instant> window_start, window_end;
  std::string episode, reason;
  std::optional<Instant> started_wall;  ///< when the episode began, wall clock; nullopt: none, or an older version wrote it
  std::string limit_hash;  ///< of the definition that was in force; "" where nothing recorded it
  std::optional<BudgetEvidence> evidence;
  std::optional<ChunkBound> chunks;
};

/// Lines by source and stream. received = accepted + duplicate + rejected, always.
struct IngestCounters {
  struct Row {
    std::string source;
    record::Stream stream{};
    std::uint64_t received = 0, accepted = 0, duplicate = 0, late = 0;
    std::vector<std::uint64_t> rejected;  ///< by record::Reason
    std::optional<Instant> last_record;   ///< wall clock
  };
  std::vector<Row> rows;
  std::vector<std::pair<std::string, std::uint64_t>> bytes;           ///< by source
  std::vector<std::pair<std::string, std::uint64_t>> dropped_fields;  ///< by source: members no allow-list names
  std::vector<std::pair<std::string, std::uint64_t>> ignored;  ///< by source: foreign records that are none of ours
};

/// An immutable picture of the whole state, published by the core for all readers.
struct Snapshot {
  Instant wall;                ///< when it was built
  std::uint64_t sequence = 0;  ///< of the last journal entry in it
  std::vector<engine::PilotView> pilots;
  std::vector<LimitStatus> limits;
  IngestCounters ingest;
  std::vector<LimitRecord> limit_records;  ///< every limit that was set, changed or taken out, oldest first
  std::vector<Transition> recent;          ///< the last 100, oldest first
  std::shared_ptr<const std::vector<Transition>> breaches;  ///< the last 1,000 that belong to an episode; null = none
  std::map<std::string, Pauses, std::less<>> pauses;  ///< by pilot; none of one that was never paused
  std::vector<Acknowledgement> acknowledgements;      ///< oldest first
  std::optional<Instant> last_evaluation;  ///< wall clock
};

}  // namespace pilotwatch::judge
