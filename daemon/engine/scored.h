// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <variant>

#include "base/bytes.h"
#include "engine/decision.h"
#include "settings/settings.h"
#include "stats/performance/multiclass_scores.h"
#include "stats/performance/probability.h"
#include "stats/performance/quantile_forecast.h"
#include "stats/performance/regression.h"
#include "stats/performance/scores.h"

namespace pilotwatch::engine {

/// Binary: decisions with a score and a known outcome.
struct BinaryScores {
  stats::ScoreState by_score;
  stats::ProbabilityState probabilities;
};
/// Regression: decisions with a number and a known outcome.
struct NumberErrors {
  stats::RegressionState sums;
  stats::AbsoluteErrors absolute;
};

/// What the scores or numbers of decisions add up to once their outcomes are known: the state of the pilot's task,
/// empty until there is such a decision. Adds, merges and takes back like the counts beside it; beyond the pilot's
/// `scores.max_distinct` (of groups: `max_distinct_by_group`) different values it keeps certified brackets.
///
/// Size  8 bytes while empty; binary 0.7 kB and 24 bytes a distinct score, regression 0.5 kB and 16 bytes a distinct
///       error; K classes K (8 + 8 K) bytes a distinct score; quantile 0.2 kB and 48 bytes a level.
class Scored {
 public:
  /// Multi-class, with `scores.by_class: keep`: decisions with a score for every class.
  /// Quantile: forecasts with a known outcome.
  using State = std::variant<BinaryScores, NumberErrors, stats::MulticlassScores, stats::QuantileForecastState>;

  Scored() = default;
  Scored(const Scored& other) : state_(other.state_ ? std::make_unique<State>(*other.state_) : nullptr) {}
  Scored(Scored&&) noexcept = default;
  Scored& operator=(const Scored& other) {
    if (this != &other) *this = Scored(other);
    return *this;
  }
  Scored& operator=(Scored&&) noexcept = default;
  ~Scored() = default;

  /// Adds (`times` < 0: takes back) so many cases of a decision whose outcome is known. What has no score, or no number
  /// that can be summed, adds nothing. `group`: with the bounds of groups; one scope always with the same.
  void add(const Decision& d, const settings::Pilot& pilot, bool group, std::int64_t times);
  /// Of the same pilot and scope.
  Scored& operator+=(const Scored& other);

  /// Null while there is no case, or for another task.
  [[nodiscard]] const BinaryScores* binary() const { return find<BinaryScores>(); }
  [[nodiscard]] const NumberErrors* numbers() const { return find<NumberErrors>(); }
  [[nodiscard]] const stats::MulticlassScores* classes() const { return find<stats::MulticlassScores>(); }

  [[nodiscard]] const stats::QuantileForecastState* forecasts() const { return find<stats::QuantileForecastState>(); }

  void write(ByteWriter& out) const;
  /// Of the same pilot and scope. Throws CorruptBytes.
  void read(ByteReader& in);

 private:
  template <class T>
  [[nodiscard]] const T* find() const {
    return state_ ? std::get_if<T>(state_.get()) : nullptr;
  }
  /// The state of the task, made by `make` where there is none yet.
  template <class T, class Make>
  T& state(Make&& make) {
    if (!state_) state_ = std::make_unique<State>(make());
    return std::get<T>(*state_);
  }

  std::unique_ptr<State> state_;
};

}  // namespace pilotwatch::engine
