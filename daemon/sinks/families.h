// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <prometheus/metric_family.h>

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "judge/status.h"
#include "sinks/self_stats.h"

namespace pilotwatch::sinks {

using Labels = std::vector<prometheus::ClientMetric::Label>;

/// Collects series into families. A family exists only once it has a series; labels with empty values are left out,
/// which to Prometheus is the same label set.
class Families {
 public:
  void add_gauge(std::string_view name, std::string_view help, Labels labels, double value);
  /// Nothing where there is no value: a missing figure is a missing series, never 0 and never NaN.
  void add_gauge(std::string_view name, std::string_view help, Labels labels, std::optional<double> value);
  void add_gauge(std::string_view name, std::string_view help, Labels labels, std::uint64_t value);
  void add_time(std::string_view name, std::string_view help, Labels labels, std::optional<Instant> time);
  void add_counter(std::string_view name, std::string_view help, Labels labels, double value);
  void add_counter(std::string_view name, std::string_view help, Labels labels, std::uint64_t value);
  /// `counts` are not cumulative; the last one is that of +Inf. Fewer counts than bounds read as zeros.
  void add_histogram(std::string_view name, std::string_view help, Labels labels, std::span<const double> bounds,
                     std::span<const std::uint64_t> counts, double sum);

  /// Samples so far; a histogram counts its buckets, sum and count.
  [[nodiscard]] std::uint64_t series() const { return series_; }
  /// All families, sorted by name.
  [[nodiscard]] std::vector<prometheus::MetricFamily> take();

 private:
  prometheus::ClientMetric& add(prometheus::MetricType type, std::string_view name, std::string_view help,
                                Labels labels);

  std::map<std::string, prometheus::MetricFamily, std::less<>> families_;
  std::uint64_t series_ = 0;
};

// One function a topic; each looks only at its arguments.
void add_pilots(Families& out, const judge::Snapshot& snapshot);
void add_windows(Families& out, const judge::Snapshot& snapshot);
void add_groups(Families& out, const judge::Snapshot& snapshot);
void add_limits(Families& out, const judge::Snapshot& snapshot);
void add_ingest(Families& out, const judge::Snapshot& snapshot, const SelfStats& self);
void add_self(Families& out, const judge::Snapshot& snapshot, const SelfStats& self);
void add_notifications(Families& out, const SelfStats& self);
/// process_*, as every Prometheus client has them, from /proc/self.
void add_process(Families& out);

}  // namespace pilotwatch::sinks
