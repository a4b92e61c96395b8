// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/bytes.h"
#include "stats/answer.h"
#include "stats/distance/counts.h"

namespace pilotwatch::stats {

// How bins are made; the id goes with every binned figure, since another rule gives another figure.
inline constexpr const char* bins_quantile_formula = "bins-quantile/v1";
inline constexpr const char* bins_doane_formula = "bins-doane/v1";
inline constexpr const char* bins_sturges_formula = "bins-sturges/v1";
inline constexpr const char* bins_explicit_formula = "bins-explicit/v1";

/// Bins of one numeric feature, made once from its reference and then frozen. Every double has a bin:
///
///   index    0        1 .. inner()    inner() + 1    inner() + 2
///   values   below    inner bins      above          missing (NaN)
///
/// so that what leaves the range of the reference, and what is not there, is seen and not dropped. The first
/// ordered() = inner() + 2 bins are in the order of their values (for KS and W1); missing comes last.
///
/// Kept as upper bounds, each bin (previous bound, bound]. A bin [a, b) is held as the doubles up to the one just below
/// b, which is the same set of doubles.
/// Immutable, any thread. At most max_inner inner bins.
class Bins {
 public:
  static constexpr std::size_t max_inner = 4096;
  static constexpr std::size_t default_quantiles = 64;

  /// k inner bins of about equal reference mass: upper bounds = the smallest reference value v with F(v) >= j/k, j = 1
  /// .. k (inverse CDF, quantile type 1), each once, so ties can leave fewer than k; the first inner bin starts at, and
  /// includes, the smallest reference value. No reference value is below or above.
  /// Errors  no_reference: no value that is not NaN;  out_of_domain: a value is infinite. k = 0 or k > max_inner is a
  ///         bug (PW_ASSERT).
  /// Cost    O(n log n), a copy.
  [[nodiscard]] static Answer<Bins> quantile(std::span<const double> reference, std::size_t k = default_quantiles);

  /// Equal-width bins over [min, max] of the reference, as numpy.histogram_bin_edges(reference, "doane") (numpy 1.24)
  /// has them: ceil(range / width) bins, width = range / (1 + log2 n + log2(1 + |g| / s)), g the sample skewness (ddof
  /// 0), s = sqrt(6 (n - 2) / ((n + 1)(n + 3))); one bin where n < 3 or all values are equal (then from value - 1/2 to
  /// value + 1/2). Bins are [a, b), the last one [a, b].
  /// Errors  no_reference; out_of_domain: a value is infinite, or the range overflows.
  /// Source  Doane 1976, Am. Stat. 30(4).
  [[nodiscard]] static Answer<Bins> doane(std::span<const double> reference);
  /// Likewise for "sturges": width = range / (log2 n + 1). Source: Sturges 1926, JASA 21.
  [[nodiscard]] static Answer<Bins> sturges(std::span<const double> reference);

  /// [e_0, e_1), [e_1, e_2) .. [e_{k-1}, e_k], from a person who knows the feature. Errors out_of_domain: fewer than
  /// two edges, more than max_inner + 1, one that is not finite, or not strictly ascending.
  [[nodiscard]] static Answer<Bins> explicit_edges(std::span<const double> edges);

  [[nodiscard]] std::size_t inner() const { return inner_; }
  [[nodiscard]] std::size_t ordered() const { return inner_ + 2; }
  [[nodiscard]] std::size_t size() const { return inner_ + 3; }
  [[nodiscard]] std::size_t below() const { return 0; }
  [[nodiscard]] std::size_t above() const { return inner_ + 1; }
  [[nodiscard]] std::size_t missing() const { return inner_ + 2; }
  /// Greatest value of bin i, i <= inner().
  [[nodiscard]] double upper(std::size_t i) const { return bounds_[i]; }
  [[nodiscard]] const char* formula() const { return formula_; }

  /// O(log size), no branch that depends on x, no allocation.
  [[nodiscard]] std::size_t bin_of(double x) const {
    std::size_t bin = 0;
    for (std::size_t step = (bounds_.size() + 1) / 2; step > 0; step /= 2) {
      bin += step * static_cast<std::size_t>(bounds_[bin + step - 1] < x);
    }
    const auto is_missing = static_cast<std::size_t>(std::isnan(x));  // NaN went to bin 0
    return bin + is_missing * (inner_ + 2);
  }

 private:
  Bins(std::vector<double> bounds, const char* formula);

  std::size_t inner_;
  std::vector<double> bounds_;  // 2^j - 1 of them, the ones after inner_ + 1 are +inf: no length to test in bin_of
  const char* formula_;
};

/// Counts in the bins of one Bins or CategoryBins: integers, so parts merge and can be taken back in any order.
class BinCounts {
 public:
  BinCounts() = default;
  explicit BinCounts(std::size_t size) : counts_(size, 0) {}

  /// `times` identical cases; < 0 takes back what was added.
  void add(std::size_t bin, std::int64_t times = 1) { counts_[bin] += static_cast<std::uint64_t>(times); }
  void add(const Bins& bins, std::span<const double> values) {
    for (const double x : values) add(bins.bin_of(x));
  }
  /// Of the same bins, else a bug (PW_ASSERT).
  BinCounts& operator+=(const BinCounts& other);
  BinCounts& operator-=(const BinCounts& other);

  [[nodiscard]] Counts all() const { return counts_; }
  /// The first `ordered` bins: Bins::ordered().
  [[nodiscard]] Counts first(std::size_t ordered) const { return all().first(ordered); }
  bool operator==(const BinCounts&) const = default;

  void write(ByteWriter& out) const;
  void read(ByteReader& in);

 private:
  std::vector<std::uint64_t> counts_;
};

/// The counts of `values`, missing ones included. O(n log size).
[[nodiscard]] BinCounts histogram(const Bins& bins, std::span<const double> values);

}  // namespace pilotwatch::stats
