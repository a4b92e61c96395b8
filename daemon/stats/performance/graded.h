// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>

#include "base/bytes.h"
#include "stats/answer.h"

namespace pilotwatch::stats {

/// A figure and the number of cases it is of: for rates that are read one by one.
struct Counted {
  double value;
  std::uint64_t n;
};

inline constexpr const char* right_rate_formula = "graded-right-rate/v1";
inline constexpr const char* wrong_rate_formula = "graded-wrong-rate/v1";
inline constexpr const char* harmful_rate_formula = "graded-harmful-rate/v1";
inline constexpr const char* refused_rate_formula = "graded-refused-rate/v1";
inline constexpr const char* right_of_answered_formula = "graded-right-of-answered/v1";
inline constexpr const char* mean_stance_formula = "mean-stance/v1";
inline constexpr const char* negative_share_formula = "negative-stance-share/v1";

enum class Verdict : std::uint8_t { right, wrong, harmful, refused };

/// Verdicts of people on generated answers, one an answer. A harmful answer is not counted as wrong as well, a refusal
/// is neither right nor wrong. Mergeable, taken back exactly; counts below 2^61.
/// Assumes the graded answers are a fair sample: graders who pick what to grade bias all of these.
class VerdictCounts {
 public:
  void add(Verdict verdict, std::int64_t times = 1) {
    counts_[static_cast<std::size_t>(verdict)] += static_cast<std::uint64_t>(times);
  }
  VerdictCounts& operator+=(const VerdictCounts& other);
  VerdictCounts& operator-=(const VerdictCounts& other);

  [[nodiscard]] std::uint64_t count(Verdict verdict) const { return counts_[static_cast<std::size_t>(verdict)]; }
  [[nodiscard]] std::uint64_t n() const;

  /// count(verdict) / n. [0, 1]; the four add up to 1. no_data.
  [[nodiscard]] Answer<Counted> rate(Verdict verdict) const;
  /// right / (n - refused): how good the answers are where there are any. [0, 1].
  /// Errors  no_data; zero_denominator: everything was refused.
  [[nodiscard]] Answer<Counted> right_of_answered() const;

  bool operator==(const VerdictCounts&) const = default;
  void write(ByteWriter& out) const;
  void read(ByteReader& in);

 private:
  std::array<std::uint64_t, 4> counts_{};
};

/// Stances of feedback, -2 (strongly against) to 2 (strongly for). Mergeable, taken back exactly.
class StanceCounts {
 public:
  /// stance in [-2, 2] (PW_ASSERT).
  void add(int stance, std::int64_t times = 1);
  StanceCounts& operator+=(const StanceCounts& other);
  StanceCounts& operator-=(const StanceCounts& other);

  [[nodiscard]] std::uint64_t count(int stance) const;
  [[nodiscard]] std::uint64_t n() const;

  /// Mean stance, [-2, 2]. It takes the steps for equally far apart; negative_share does not. no_data.
  [[nodiscard]] Answer<Counted> mean() const;
  /// Share of stances below 0, [0, 1]. no_data.
  [[nodiscard]] Answer<Counted> negative_share() const;

  bool operator==(const StanceCounts&) const = default;
  void write(ByteWriter& out) const;
  void read(ByteReader& in);

 private:
  std::array<std::uint64_t, 5> counts_{};
};

}  // namespace pilotwatch::stats
