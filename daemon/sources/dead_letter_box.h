// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <deque>
#include <string_view>
#include <vector>

#include "base/guarded.h"
#include "record/dead_letter.h"

namespace pilotwatch::sources {

/// The newest rejected lines, for readers; the same as in the journal. Any thread.
class DeadLetterBox {
 public:
  /// `keep`: the oldest go beyond that.
  explicit DeadLetterBox(std::uint64_t keep) : keep_(keep) {}

  void add(const std::vector<record::DeadLetter>& letters);
  void forget(Instant before);  ///< those that came before
  /// Newest first, at most `limit`, of that source and reason; "" = of any.
  [[nodiscard]] std::vector<record::DeadLetter> newest(std::string_view source, std::string_view reason,
                                                       std::size_t limit) const;
  [[nodiscard]] std::size_t size() const;

 private:
  const std::uint64_t keep_;
  Guarded<std::deque<record::DeadLetter>> letters_;
};

}  // namespace pilotwatch::sources
