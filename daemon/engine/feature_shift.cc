// SPDX-License-Identifier: Apache-2.0
#include "engine/feature_shift.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <optional>
#include <utility>

namespace pilotwatch::engine {
namespace {

constexpr std::uint64_t numeric_parts = 10;

/// A part while parts are being put together. Of categories only the name is used.
struct Part {
  std::string name;
  std::uint64_t live = 0, reference = 0;
  std::optional<double> low, high;  ///< (low, high]; none = no bound
  bool missing = false;             ///< with those that have no value

  void take(const Part& other) {
    live += other.live;
    reference += other.reference;
    missing = missing || other.missing;
  }
  [[nodiscard]] bool empty() const { return live == 0 && reference == 0; }
  /// It would show a count of few.
  [[nodiscard]] bool small(std::uint64_t least) const {
    const auto few = [&](std::uint64_t n) { return n > 0 && n < least; };
    return few(live) || few(reference);
  }
};

std::string text(double value) {
  char out[32];
  std::snprintf(out, sizeof out, "%.4g", value);
  return out;
}

std::string range_name(const Part& part, bool values) {
  std::string out;
  if (values) {
    if (part.low && part.high) {
      out = text(*part.low) + " to " + text(*part.high);
    } else if (part.low) {
      out = "above " + text(*part.low);
    } else {
      out = part.high ? "up to " + text(*part.high) : "any value";
    }
  }
  if (part.missing) out += out.empty() ? "missing" : ", or missing";
  return out;
}

/// Neighbours in one, until none is small.
void join_small_neighbours(std::vector<Part>& parts, std::uint64_t least) {
  const auto small = [&](const Part& part) { return part.small(least); };
  for (auto at = std::ranges::find_if(parts, small); at != parts.end() && parts.size() > 1;
       at = std::ranges::find_if(parts, small)) {
    const auto right = std::next(at) == parts.end() ? at : std::next(at);
    const auto left = std::prev(right);
    left->take(*right);
    if (!right->missing || right->low || right->high) left->high = right->high;
    parts.erase(right);
  }
}

/// Those of few together, and of the others the smallest, until these are not few.
void join_small(std::vector<Part>& parts, std::uint64_t least) {
  Part other;
  std::uint64_t joined = 0;
  const auto join = [&](std::vector<Part>::iterator part) {
    other.take(*part);
    ++joined;
    return parts.erase(part);
  };
  for (auto at = parts.begin(); at != parts.end();) at = at->small(least) ? join(at) : std::next(at);
  while (other.small(least) && !parts.empty()) {
    join(std::ranges::min_element(parts, [](const Part& a, const Part& b) {
      return std::pair(a.live, a.reference) < std::pair(b.live, b.reference);
    }));
  }
  if (joined == 0) return;
  other.name = std::to_string(joined) + " others";
  parts.push_back(std::move(other));
}

FeatureShift shift(const std::string& feature, const std::vector<Part>& parts) {
  FeatureShift out;
  out.feature = feature;
  for (const auto& part : parts) {
    out.n += part.live;
    out.reference_n += part.reference;
  }
  if (parts.size() < 2 || out.n == 0 || out.reference_n == 0) return out;
  for (const auto& part : parts) {
    out.parts.push_back({part.name, static_cast<double>(part.live) / static_cast<double>(out.n),
                         static_cast<double>(part.reference) / static_cast<double>(out.reference_n)});
  }
  std::ranges::stable_sort(out.parts, [](const auto& a, const auto& b) {
    return std::abs(a.live - a.before) > std::abs(b.live - b.before);
  });
  if (out.parts.size() > shift_parts) out.parts.resize(shift_parts);
  return out;
}

/// `live` and the reference by the bins of FrozenBins: below, inner ones, above.
std::vector<Part> ranges(const stats::FrozenBins& bins, const std::vector<std::uint64_t>& live) {
  std::uint64_t total = 0;
  for (const auto count : bins.reference) total += count;
  std::vector<Part> out;
  Part open;
  for (std::size_t i = 0; i < live.size(); ++i) {
    open.live += live[i];
    open.reference += bins.reference[i];
    const bool last_inner = i == bins.upper.size();
    if (i == 0 || (!last_inner && i < bins.upper.size() && open.reference * numeric_parts < total)) continue;
    const auto low = out.empty() ? std::nullopt : out.back().high;
    open.low = low;
    open.high = i <= bins.upper.size() ? std::optional(bins.upper[i - 1]) : std::nullopt;
    out.push_back(std::exchange(open, {}));
  }
  return out;
}

}  // namespace

FeatureShift numeric_shift(const std::string& feature, const FrozenFeature& frozen,
                           const std::vector<std::uint64_t>& live, std::uint64_t missing, std::uint64_t least) {
  if (!frozen.bins || frozen.bins->upper.empty()) return {feature, 0, 0, {}};
  auto parts = ranges(*frozen.bins, live);
  Part without;
  without.live = missing;
  without.reference = frozen.missing;
  without.missing = true;
  parts.push_back(std::move(without));
  std::erase_if(parts, [](const Part& part) { return part.empty(); });
  join_small_neighbours(parts, least);
  for (auto& part : parts) part.name = range_name(part, part.low || part.high || !part.missing);
  return shift(feature, parts);
}

FeatureShift category_shift(const std::string& feature, const FrozenFeature& frozen, const Histogram& live,
                            std::uint64_t least) {
  std::vector<Part> parts;
  const auto add = [&](std::string name, std::uint64_t of_live, std::uint64_t of_reference) {
    Part part;
    part.name = std::move(name);
    part.live = of_live;
    part.reference = of_reference;
    if (!part.empty()) parts.push_back(std::move(part));
  };
  for (std::uint32_t i = 0; i < frozen.categories.size(); ++i)
    add(frozen.categories[i], live.positions.at(i), frozen.category_counts[i]);
  add("not in the reference", live.positions.at(unseen_category), 0);
  add("missing", live.missing, frozen.missing);
  join_small(parts, least);
  return shift(feature, parts);
}

}  // namespace pilotwatch::engine
