// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <set>
#include <utility>

#include "base/bytes.h"
#include "record/record.h"

namespace pilotwatch::engine {

/// A prediction of its own, with the strings it refers to.
struct OwnPrediction {
  record::Batch batch;  ///< strings only
  record::Prediction prediction;
};

/// Predictions whose request and response come as two records, until both are there. What becomes of them does not
/// depend on which comes first. Cost: about 1 KB each that waits.
class Halves {
 public:
  static constexpr Instant from_now_on = Instant::max();
  /// Whether that part of it waits already: the record is a repeat.
  [[nodiscard]] bool waits(const Id128& id, record::Part part) const;
  /// The whole prediction, where the other part waits (which then does no more); else this one waits.
  /// `since`: what it waits from: when it was made, or, where that is long ago, `from_now_on`.
  std::optional<OwnPrediction> add(const record::Batch& batch, const record::Prediction& half, Instant since);
  /// Time has moved on: those that wait from now on wait from `now`.
  void settle(Instant now);
  /// The next one, by (since, id), that has waited from `time` or earlier on, as it is: the other part has not come. A
  /// request alone is a decision that failed.
  std::optional<OwnPrediction> take_before(Instant time);
  /// One that waits does no more: the whole has come otherwise.
  void drop(const Id128& id);
  /// What the first one that is due waits from; without those that wait from now on.
  [[nodiscard]] std::optional<Instant> first() const;
  [[nodiscard]] std::size_t size() const { return waiting_.size(); }

  void write(ByteWriter& out) const;
  void read(ByteReader& in);

 private:
  struct Waiting {
    OwnPrediction half;
    Instant since;
  };
  std::map<Id128, Waiting> waiting_;
  std::set<std::pair<Instant, Id128>> order_;
};

}  // namespace pilotwatch::engine
