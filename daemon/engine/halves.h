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
  /// Whether that part of it waits already: the record is a repeat.
  [[nodiscard]] bool waits(const Id128& id, record::Part part) const;
  /// The whole prediction, where the other part waits (which then does no more); else this one waits.
  std::optional<OwnPrediction> add(const record::Batch& batch, const record::Prediction& half);
  /// The next one, by (time, id), that was made before `time`, as it is: the other part has not come. A request alone
  /// is a decision that failed.
  std::optional<OwnPrediction> take_before(Instant time);
  /// When the earliest one that waits was made.
  [[nodiscard]] std::optional<Instant> first() const;
  [[nodiscard]] std::size_t size() const { return waiting_.size(); }

  void write(ByteWriter& out) const;
  void read(ByteReader& in);

 private:
  std::map<Id128, OwnPrediction> waiting_;
  std::set<std::pair<Instant, Id128>> order_;
};

}  // namespace pilotwatch::engine
