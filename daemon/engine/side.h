// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <tuple>

#include "base/bytes.h"
#include "base/id.h"
#include "base/time.h"
#include "record/record.h"

/// The streams beside predictions and outcomes: what became of complaints, reviews, feedback, changes.
namespace pilotwatch::engine {

/// What these streams add to one scope over one bucket. Reviews, complaints and answers count one each, whatever the
/// weight of their decision.
enum class Side : std::uint8_t {
  incidents,         ///< complaints, those of one incident once
  decided,           ///< complaints whose finding is known
  found_for_person,  ///< of them for the person, wholly or partly
  reviews,           ///< of decisions with an output, the AI's output shown, not seeded
  overrides,         ///< of them `final` differs from it
  relieving,         ///< of them the output was the burden and `final` is not (binary)
  aggravating,       ///< or the other way round
  seeded,            ///< seeded reviews of decisions with an output
  seeded_caught,     ///< of them `final` differs from the output
  timed,             ///< reviews with `opened_at`
  short_reviews,     ///< of them shorter than review_min_time
  staff_feedback,
  staff_stances,  ///< of them with a stance
  staff_stance_sum,
  public_feedback,
  public_stances,
  public_stance_sum,
  severe,        ///< complaints of the pilot's `complaints.severe` or graver
  escalated,     ///< complaints that went to another body
  resolved,      ///< complaints that were decided, settled or closed at some time
  reopened,      ///< complaints that were reopened after that, or without it
  harmed,        ///< decisions with a burden and a complaint found for the person
  harm_seconds,  ///< from such a decision until it was restored or, as far as is known, found wrong
  restored,      ///< of them those that were restored
};
inline constexpr std::size_t side_count = static_cast<std::size_t>(Side::restored) + 1;

/// Mergeable, and can be taken back, as everything in a Tally.
class SideCounts {
 public:
  void add(Side what, std::int64_t times) { counts_[static_cast<std::size_t>(what)] += times; }
  [[nodiscard]] std::uint64_t operator[](Side what) const { return static_cast<std::uint64_t>(sum(what)); }
  /// For the sums, which may be negative.
  [[nodiscard]] std::int64_t sum(Side what) const { return counts_[static_cast<std::size_t>(what)]; }
  SideCounts& operator+=(const SideCounts& other);
  SideCounts& operator-=(const SideCounts& other);
  [[nodiscard]] bool empty() const { return counts_ == decltype(counts_){}; }
  void write(ByteWriter& out) const;
  void read(ByteReader& in);

 private:
  std::array<std::int64_t, side_count> counts_{};
};

/// One complaint_update. Of several with the same step and time the greatest finding stands, whatever came first.
struct UpdateRow {
  Instant time;
  record::Step step{};
  std::optional<record::FoundFor> found_for;
  auto operator<=>(const UpdateRow&) const = default;
  void write(ByteWriter& out) const;
  void read(ByteReader& in);
};

/// One review; of several of a decision the one with the greatest (time, content) is in force.
struct ReviewRow {
  Id128 prediction_id;
  Instant time;
  std::uint64_t content = 0;
  double final = 0;  ///< class index or number
  std::optional<Instant> opened_at;
  bool shown = true;  ///< ai_shown is not `never`
  bool seeded = false;
  std::uint32_t next = no_review;  ///< another review of the decision; not part of the state: load() finds it again

  static constexpr std::uint32_t no_review = 0xFFFF'FFFF;
  [[nodiscard]] auto order() const { return std::pair(time, content); }
  void write(ByteWriter& out) const;
  void read(ByteReader& in);
};

struct FeedbackRow {
  Id128 id;
  Instant time;
  record::Audience audience{};
  std::optional<std::int8_t> stance;

  void write(ByteWriter& out) const;
  void read(ByteReader& in);
};

/// An annotation: something was changed.
struct ChangeRow {
  Instant time;
  record::What what{};
  std::string from, to;
  std::optional<bool> announced;

  void write(ByteWriter& out) const;
  void read(ByteReader& in);
};

/// Since when a model version decides, and whether that was announced. Looked at once, `lateness` after `first`.
struct VersionStart {
  std::optional<Instant> first;  ///< nullopt: not a version of its own ("" and `__other__`)
  bool judged = false;
  bool unannounced = false;
};

}  // namespace pilotwatch::engine
