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

inline constexpr const char* bound_used_help = "What there is of it: records of a pilot, pilots, series on this endpoint.";

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

  /// All that `fill` adds, or none of it where there would be more than `most` series then.
  template <class Fill>
  void add_if_room(std::uint64_t most, Fill&& fill) {
    taken_back_.emplace();
    const auto before = series_;
    fill();
    if (series_ > most) take_back(before);
    taken_back_.reset();
  }
  /// Of add_if_room(), as series() counts.
  [[nodiscard]] std::uint64_t left_out() const { return left_out_; }

  /// Samples so far; a histogram counts its buckets, sum and count.
  [[nodiscard]] std::uint64_t series() const { return series_; }
  /// All families, sorted by name.
  [[nodiscard]] std::vector<prometheus::MetricFamily> take();

 private:
  prometheus::ClientMetric& add(prometheus::MetricType type, std::string_view name, std::string_view help,
                                Labels labels);
  void take_back(std::uint64_t series);

  std::map<std::string, prometheus::MetricFamily, std::less<>> families_;
  std::uint64_t series_ = 0, left_out_ = 0;
  /// While add_if_room() runs: the families of what it has added, in order.
  std::optional<std::vector<prometheus::MetricFamily*>> taken_back_;
};

// One function a topic; each looks only at its arguments.
void add_pilots(Families& out, const judge::Snapshot& snapshot);
void add_references(Families& out, const judge::Snapshot& snapshot);
/// The newest window of each kind, and its groups, of all pilots; those of one pilot and window all or none of them, as long
/// as there are at most `most` series.
void add_windows(Families& out, const judge::Snapshot& snapshot, std::uint64_t most);
void add_groups(Families& out, const judge::Snapshot& snapshot, std::uint64_t most);
/// What is taken of what may be taken.
void add_bounds(Families& out, const judge::Snapshot& snapshot, const SelfStats& self);
void add_limits(Families& out, const judge::Snapshot& snapshot);
void add_ingest(Families& out, const judge::Snapshot& snapshot, const SelfStats& self);
void add_self(Families& out, const judge::Snapshot& snapshot, const SelfStats& self);
void add_notifications(Families& out, const SelfStats& self);
/// Alertmanagers that DNS knows.
void add_lookups(Families& out, const SelfStats& self);
void add_webhooks(Families& out, const SelfStats& self);
/// process_*, as every Prometheus client has them, from /proc/self.
void add_process(Families& out);

}  // namespace pilotwatch::sinks
