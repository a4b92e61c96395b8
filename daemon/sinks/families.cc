// SPDX-License-Identifier: Apache-2.0
#include "sinks/families.h"

#include <limits>
#include <utility>

#include "base/result.h"

namespace pilotwatch::sinks {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

ClientMetric& Families::add(MetricType type, std::string_view name, std::string_view help, Labels labels) {
  auto found = families_.find(name);
  if (found == families_.end()) {
    MetricFamily family;
    family.name = name;
    family.help = help;
    family.type = type;
    found = families_.emplace(std::string(name), std::move(family)).first;
  }
  PW_ASSERT(found->second.type == type);
  std::erase_if(labels, [](const ClientMetric::Label& label) { return label.value.empty(); });
  if (taken_back_) taken_back_->push_back(&found->second);
  auto& metric = found->second.metric.emplace_back();
  metric.label = std::move(labels);
  ++series_;
  return metric;
}

void Families::add_gauge(std::string_view name, std::string_view help, Labels labels, double value) {
  add(MetricType::Gauge, name, help, std::move(labels)).gauge.value = value;
}

void Families::add_gauge(std::string_view name, std::string_view help, Labels labels, std::optional<double> value) {
  if (value) add_gauge(name, help, std::move(labels), *value);
}

void Families::add_gauge(std::string_view name, std::string_view help, Labels labels, std::uint64_t value) {
  add_gauge(name, help, std::move(labels), static_cast<double>(value));
}

void Families::add_time(std::string_view name, std::string_view help, Labels labels, std::optional<Instant> time) {
  if (time) add_gauge(name, help, std::move(labels), to_seconds(*time));
}

void Families::add_counter(std::string_view name, std::string_view help, Labels labels, double value) {
  add(MetricType::Counter, name, help, std::move(labels)).counter.value = value;
}

void Families::add_counter(std::string_view name, std::string_view help, Labels labels, std::uint64_t value) {
  add_counter(name, help, std::move(labels), static_cast<double>(value));
}

void Families::add_histogram(std::string_view name, std::string_view help, Labels labels,
                             std::span<const double> bounds, std::span<const std::uint64_t> counts, double sum) {
  auto& histogram = add(MetricType::Histogram, name, help, std::move(labels)).histogram;
  std::uint64_t cumulative = 0;
  for (std::size_t i = 0; i <= bounds.size(); ++i) {
    cumulative += i < counts.size() ? counts[i] : 0;
    const double bound = i < bounds.size() ? bounds[i] : std::numeric_limits<double>::infinity();
    histogram.bucket.push_back({cumulative, bound});
  }
  histogram.sample_count = cumulative;
  histogram.sample_sum = sum;
  series_ += bounds.size() + 2;  // add() counted one of: buckets, +Inf, sum, count
}

void Families::take_back(std::uint64_t series) {
  for (auto* family : *taken_back_) family->metric.pop_back();
  std::erase_if(families_, [](const auto& item) { return item.second.metric.empty(); });
  left_out_ += series_ - series;
  series_ = series;
}

std::vector<MetricFamily> Families::take() {
  std::vector<MetricFamily> out;
  out.reserve(families_.size());
  for (auto& [name, family] : families_) out.push_back(std::move(family));
  families_.clear();
  series_ = 0;
  return out;
}

}  // namespace pilotwatch::sinks
