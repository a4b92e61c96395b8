// SPDX-License-Identifier: Apache-2.0
// A feature beside the reference: has it changed at all, or by more than allowed?
#include <algorithm>
#include <cstdio>

#include "base/text.h"
#include "judge/watcher.h"
#include "stats/sequential/category.h"
#include "stats/sequential/numeric.h"
#include "stats/sequential/tolerance.h"

namespace pilotwatch::judge {
namespace {

constexpr double reference_risk = 1e-3;  ///< delta: that the reference itself misleads a tolerance, over all features
constexpr std::uint32_t default_block = 20;

std::string percent(double share) {
  char text[24];
  std::snprintf(text, sizeof text, "%.3g %%", 100 * share);
  return text;
}

/// Whether that number of values completes a block. Counts are mostly short, and short divisions quick.
bool completes(std::uint64_t n, std::uint32_t block) {
  return n >> 32 == 0 ? static_cast<std::uint32_t>(n) % block == 0 : n % block == 0;
}

/// What was counted by bin since the evidence began.
struct Seen {
  std::uint64_t n = 0;
  std::vector<std::uint32_t> by_bin;

  void add(std::size_t bin) {
    ++n;
    ++by_bin[bin];
  }
  void clear() {
    n = 0;
    std::fill(by_bin.begin(), by_bin.end(), 0U);
  }
  void write(ByteWriter& out) const {
    out.u64(n);
    for (const auto count : by_bin) out.u64(count);
  }
  void read(ByteReader& in) {
    n = in.u64();
    for (auto& count : by_bin) count = static_cast<std::uint32_t>(in.u64());
  }
};

/// Which bin's share has moved most away from the reference's, of what was counted since the evidence began.
std::string most_moved(const DriftBins& bins, const std::vector<std::uint32_t>& seen) {
  double n = 0, m = 0;
  for (const auto count : seen) n += count;
  for (const auto count : bins.ranks.counts) m += count;
  if (n < 1) return {};
  std::size_t most = 0;
  const auto moved = [&](std::size_t bin) { return seen[bin] / n - bins.ranks.counts[bin] / m; };
  for (std::size_t bin = 1; bin < seen.size(); ++bin) {
    if (std::abs(moved(bin)) > std::abs(moved(most))) most = bin;
  }
  const std::string low = most == 0 ? "up" : format_number(bins.edges[most - 1]);
  const std::string high = most == bins.edges.size() ? "" : format_number(bins.edges[most]);
  const std::string range = most == 0                   ? "values up to " + high
                            : most == bins.edges.size() ? "values above " + low
                                                        : "values from " + low + " to " + high;
  return range + " are " + percent(seen[most] / n) + " instead of " + percent(bins.ranks.counts[most] / m);
}

/// Detectors of numbers end when the distribution is shown to be within a tolerance again; with strata as categories
/// do, for no part of a season is like the whole reference.
template <class Detector>
class Numbers : public Watcher {
 public:
  Numbers(const WatcherNeeds& needs, std::unique_ptr<stats::CdfReference> check_points, std::uint32_t block)
      : bins_(*needs.bins),
        check_points_(std::move(check_points)),
        block_(block),
        detector_(make(needs)),
        end_(*check_points_, needs.allotment.recovered_at()),
        allotment_(needs.allotment),
        seen_{0, std::vector<std::uint32_t>(bins_.ranks.counts.size())} {}

  Look step(const Sight& seen) override {
    seen_.add(seen.bin);
    Look out;
    out.time = seen.time;
    if constexpr (std::is_same_v<Detector, stats::RankDrift>) {
      out.signal = detector_.step(seen.bin, seen.tie, seen.start, seen.stratum);
    } else {
      out.signal = detector_.step(seen.bin, seen.start);
    }
    out.looked = completes(seen_.n, block_);
    if (out.signal == stats::Signal::alarm) {
      moved_at_alarm_ = most_moved(bins_, seen_.by_bin);
      seen_.clear();
    }
    return out;
  }
  [[nodiscard]] Standing now() const override {
    if constexpr (std::is_same_v<Detector, stats::RankDrift>) {
      const auto& watch = detector_.watch();
      return {watch.s(), watch.evidence().steps() > 0 ? std::optional(watch.evidence().change_point()) : std::nullopt};
    } else {
      return {detector_.watch().s(), std::nullopt};
    }
  }
  [[nodiscard]] Standing at_alarm() const override {
    const auto& alarmed = detector_.watch().alarmed();
    if constexpr (std::is_same_v<Detector, stats::RankDrift>) return {alarmed.s, alarmed.change_point};
    return {alarmed.s, std::nullopt};
  }
  [[nodiscard]] const char* formula() const override { return Detector::formula; }
  [[nodiscard]] std::uint64_t block() const override { return block_; }
  void note() override { noted_ = seen_.by_bin; }
  [[nodiscard]] std::string moved() const override { return most_moved(bins_, noted_); }

  void begin_end() override { end_.reset(); }
  End step_end(const Sight& seen) override {
    if (std::is_same_v<Detector, stats::RankDrift> && bins_.stratified()) return {};
    const bool proven = end_.step(seen.bin, allotment_.end_start(seen.start)) == stats::Signal::alarm;
    return {end_.s() >= allotment_.recovering_at(), proven};
  }

  void write(ByteWriter& out) const override {
    detector_.write(out);
    end_.write(out);
    seen_.write(out);
  }
  void read(ByteReader& in) override {
    detector_.read(in);
    end_.read(in);
    seen_.read(in);
  }

 private:
  Detector make(const WatcherNeeds& needs) {
    if constexpr (std::is_same_v<Detector, stats::RankDrift>) {
      if (bins_.stratified()) return Detector(bins_.rank_strata, block_, needs.allotment.thresholds());
      return Detector(bins_.ranks, block_, needs.allotment.thresholds());
    } else {
      return Detector(*check_points_, block_, needs.allotment.thresholds());
    }
  }

  const DriftBins& bins_;
  std::unique_ptr<stats::CdfReference> check_points_;
  std::uint32_t block_;
  Detector detector_;
  stats::CdfRecovery end_;
  Allotment allotment_;
  Seen seen_;
  std::vector<std::uint32_t> noted_;
};

/// Categories: a breach ends with another reference only.
class ChangedCategories : public Watcher {
 public:
  ChangedCategories(const WatcherNeeds& needs, std::uint32_t block)
      : bins_(*needs.bins), block_(block), drift_(make(needs)) {}

  Look step(const Sight& seen) override {
    Look out;
    out.time = seen.time;
    const bool looks = completes(counted_ + 1, block_);
    const auto most = looks && counted_ >= block_ ? loudest() : no_category;  // an alarm forgets it
    out.signal = drift_.step(seen.bin, seen.tie, seen.start, seen.stratum);
    ++counted_;
    out.looked = looks;
    if (out.signal == stats::Signal::alarm) {
      moved_at_alarm_ = most == no_category ? "" : bins_.name_of(most);
      counted_ = 0;
    }
    return out;
  }
  [[nodiscard]] Standing now() const override { return {drift_.s(), std::nullopt}; }
  [[nodiscard]] Standing at_alarm() const override { return {drift_.alarmed().s, drift_.alarmed().change_point}; }
  [[nodiscard]] const char* formula() const override { return stats::CategoryDrift::formula; }
  [[nodiscard]] std::uint64_t block() const override { return block_; }
  void note() override { noted_ = counted_ < block_ ? no_category : loudest(); }
  [[nodiscard]] std::string moved() const override { return noted_ == no_category ? "" : bins_.name_of(noted_); }
  void write(ByteWriter& out) const override {
    drift_.write(out);
    out.u64(counted_);
  }
  void read(ByteReader& in) override {
    drift_.read(in);
    counted_ = in.u64();
  }

 private:
  static constexpr std::size_t no_category = ~std::size_t{0};
  [[nodiscard]] std::size_t loudest() const { return drift_.loudest(); }
  [[nodiscard]] stats::CategoryDrift make(const WatcherNeeds& needs) const {
    const auto at = needs.allotment.thresholds();
    return bins_.stratified() ? stats::CategoryDrift(bins_.category_strata, block_, at)
                              : stats::CategoryDrift(bins_.categories, block_, at);
  }

  const DriftBins& bins_;
  std::uint32_t block_;
  stats::CategoryDrift drift_;
  std::uint64_t counted_ = 0;
  std::size_t noted_ = no_category;
};

class MovedShares : public Watcher {
 public:
  MovedShares(const WatcherNeeds& needs, std::unique_ptr<stats::ToleranceLimits> limits, std::uint32_t block)
      : bins_(*needs.bins),
        limits_(std::move(limits)),
        block_(block),
        shares_(*limits_, block, needs.allotment.thresholds()),
        seen_{0, std::vector<std::uint32_t>(bins_.categories.counts.size())} {}

  Look step(const Sight& seen) override {
    seen_.add(seen.bin);
    Look out;
    out.time = seen.time;
    out.signal = shares_.step(seen.bin, seen.start);
    out.looked = completes(seen_.n, block_);
    if (out.signal == stats::Signal::alarm) {
      moved_at_alarm_ = words(seen_);
      seen_.clear();
    }
    return out;
  }
  [[nodiscard]] Standing now() const override { return {shares_.watch().s(), std::nullopt}; }
  [[nodiscard]] Standing at_alarm() const override { return {shares_.watch().alarmed().s, std::nullopt}; }
  [[nodiscard]] const char* formula() const override { return stats::CategoryTolerance::formula; }
  [[nodiscard]] std::uint64_t block() const override { return block_; }
  void note() override { noted_ = seen_; }
  [[nodiscard]] std::string moved() const override { return words(noted_); }
  void write(ByteWriter& out) const override {
    shares_.write(out);
    seen_.write(out);
  }
  void read(ByteReader& in) override {
    shares_.read(in);
    seen_.read(in);
  }

 private:
  /// The category whose share has moved most.
  [[nodiscard]] std::string words(const Seen& seen) const {
    if (seen.n == 0) return {};
    const auto n = static_cast<double>(seen.n), m = static_cast<double>(bins_.categories.n());
    const auto now = [&](std::size_t i) { return seen.by_bin[i] / n; };
    const auto then = [&](std::size_t i) { return static_cast<double>(bins_.categories.counts[i]) / m; };
    std::size_t most = 0;
    for (std::size_t i = 1; i < seen.by_bin.size(); ++i) {
      if (std::abs(now(i) - then(i)) > std::abs(now(most) - then(most))) most = i;
    }
    return bins_.name_of(most) + ": " + percent(now(most)) + " instead of " + percent(then(most));
  }

  const DriftBins& bins_;
  std::unique_ptr<stats::ToleranceLimits> limits_;
  std::uint32_t block_;
  stats::CategoryTolerance shares_;
  Seen seen_, noted_;
};

std::string too_few(const DriftBins& bins, std::uint64_t rows) {
  return "the reference has " + std::to_string(rows) + " values of it to compare with" +
         (bins.numeric() ? "" : " (a quarter of its rows chose the categories)") +
         (rows < bins.n ? " (strata with fewer than " + std::to_string(DriftBins::min_stratum) + " left out)" : "") +
         ", fewer than " + std::to_string(stats::RankDrift::min_reference);
}

std::string nothing_could(double tolerance) {
  return "no distribution could differ from the reference's by more than " + format_number(tolerance) +
         " at a point where they are compared";
}

}  // namespace

MadeWatcher watch_reference(const WatcherNeeds& needs) {
  if (needs.bins == nullptr) return {};
  const auto& bins = *needs.bins;
  const auto rows = form_of(needs.limit) == Form::changed ? bins.compared() : bins.n;
  if (rows < stats::RankDrift::min_reference) return {nullptr, too_few(bins, rows)};
  const double delta = reference_risk / static_cast<double>(engine::feature_list(needs.pilot).size());
  const auto form = form_of(needs.limit);
  if (form == Form::shares) {
    auto limits =
        std::make_unique<stats::ToleranceLimits>(stats::category_limits(bins.categories, *needs.limit.max, delta));
    if (limits->sides.empty()) return {nullptr, nothing_could(*needs.limit.max)};
    return {std::make_unique<MovedShares>(needs, std::move(limits), block_of(needs, default_block)), ""};
  }
  if (!bins.numeric()) return {std::make_unique<ChangedCategories>(needs, block_of(needs, default_block)), ""};
  const bool tolerant = form == Form::distribution;
  const double tolerance = tolerant ? *needs.limit.max : stats::CdfReference::default_tolerance;
  auto points = std::make_unique<stats::CdfReference>(stats::CdfReference::of(bins.ranks, tolerance, delta));
  if (!tolerant) {
    return {std::make_unique<Numbers<stats::RankDrift>>(needs, std::move(points), block_of(needs, default_block)), ""};
  }
  if (points->limits.sides.empty()) return {nullptr, nothing_could(tolerance)};
  const auto block = block_of(needs, stats::CdfDrift::default_block);
  return {std::make_unique<Numbers<stats::CdfDrift>>(needs, std::move(points), block), ""};
}

}  // namespace pilotwatch::judge
