// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "judge/monitor.h"

namespace pilotwatch::judge {
namespace {

constexpr std::size_t most_marks = 128;

}  // namespace

void Trail::add(const Mark& mark) {
  if (mark.step % every_ != 0) return;
  marks_.push_back(mark);
  if (marks_.size() < most_marks) return;
  every_ *= 2;  // half of them go; those that stay are multiples of the new distance
  std::erase_if(marks_, [this](const Mark& m) { return m.step % every_ != 0; });
}

std::optional<Trail::Mark> Trail::at(std::uint64_t step) const {
  const auto after =
      std::upper_bound(marks_.begin(), marks_.end(), step, [](std::uint64_t s, const Mark& m) { return s < m.step; });
  return after == marks_.begin() ? std::nullopt : std::optional(*std::prev(after));
}

void Trail::clear() {
  marks_.clear();
  every_ = 1;
}

void Trail::write(ByteWriter& out) const {
  out.u64(every_);
  out.u64(marks_.size());
  for (const auto& mark : marks_) {
    out.u64(mark.step);
    out.time(mark.time);
    out.u64(mark.n);
    out.f64(mark.sum);
  }
}

void Trail::read(ByteReader& in) {
  every_ = std::max<std::uint64_t>(in.u64(), 1);
  marks_.resize(in.count(11));
  for (auto& mark : marks_) {
    mark.step = in.u64();
    mark.time = in.time();
    mark.n = in.u64();
    mark.sum = in.f64();
  }
}

void BudgetEvidence::write(ByteWriter& out) const {
  for (const double value : {s, threshold, budget_n, share}) out.f64(value);
  out.flag(days);
  for (const auto value : {block, observations, left_out, n_since}) out.u64(value);
  out.flag(change_point.has_value());
  if (change_point) out.time(*change_point);
  out.flag(value_since.has_value());
  if (value_since) out.f64(*value_since);
  for (const auto& value : {mean, mean_lower, mean_upper}) {
    out.flag(value.has_value());
    if (value) out.f64(*value);
  }
  for (const auto* text : {&formula, &reference, &moved}) out.text(*text);
}

void BudgetEvidence::read(ByteReader& in) {
  for (double* value : {&s, &threshold, &budget_n, &share}) *value = in.f64();
  days = in.flag();
  for (auto* value : {&block, &observations, &left_out, &n_since}) *value = in.u64();
  change_point.reset();
  if (in.flag()) change_point = in.time();
  value_since.reset();
  if (in.flag()) value_since = in.f64();
  for (auto* value : {&mean, &mean_lower, &mean_upper}) {
    value->reset();
    if (in.flag()) *value = in.f64();
  }
  for (auto* text : {&formula, &reference, &moved}) *text = in.text();
}

}  // namespace pilotwatch::judge
