// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "stats/distance/binning.h"

namespace pilotwatch::stats {

inline constexpr const char* bins_categories_formula = "bins-categories/v1";

/// Bins of one categorical feature, made once from the counts of its reference and then frozen:
///
///   index    0 .. kept() - 1    kept()    kept() + 1                        kept() + 2
///   values   a category each    other     unseen: not in the reference      missing
///
/// A category that turns up after the reference was frozen is drift, so it has a bin of its own and not that of
/// "other". Immutable, any thread.
class CategoryBins {
 public:
  using Count = std::pair<std::string, std::uint64_t>;

  /// Keeps the `most` most frequent categories, by count and then by name, so that the order of `reference` does not
  /// matter; the rest is "other". Counts of 0 are no categories. A name twice is a bug (PW_ASSERT).
  /// Errors no_reference: no category was counted. Cost O(k log k).
  [[nodiscard]] static Answer<CategoryBins> top(std::vector<Count> reference, std::size_t most);

  [[nodiscard]] std::size_t kept() const { return kept_; }
  [[nodiscard]] std::size_t other() const { return kept_; }
  [[nodiscard]] std::size_t unseen() const { return kept_ + 1; }
  [[nodiscard]] std::size_t missing() const { return kept_ + 2; }
  [[nodiscard]] std::size_t size() const { return kept_ + 3; }

  /// O(log k) comparisons of text. A value that is missing has no category: the caller takes missing().
  [[nodiscard]] std::size_t bin_of(std::string_view category) const;

 private:
  std::size_t kept_ = 0;
  std::vector<std::pair<std::string, std::size_t>> bins_;  // by name
};

}  // namespace pilotwatch::stats
