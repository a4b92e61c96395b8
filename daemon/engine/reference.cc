// SPDX-License-Identifier: Apache-2.0
#include "engine/reference.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "base/id.h"
#include "engine/calendar.h"

namespace pilotwatch::engine {
namespace {

FrozenFeature freeze_numeric(const std::vector<ReferenceRow>& rows, std::size_t column, std::size_t max_distinct) {
  FrozenFeature out;
  std::vector<double> values;
  for (const auto& row : rows) {
    if (row.values[column].number) {
      values.push_back(*row.values[column].number);
    } else {
      ++out.missing;
    }
  }
  out.n = values.size();
  if (!values.empty()) out.sample = stats::freeze(std::move(values), max_distinct);
  return out;
}

/// Leaves the most frequent ones, of equally frequent ones the first by name. How many went into `__other__`.
std::uint64_t keep_frequent(std::map<std::string, std::uint64_t>& counts, std::size_t most) {
  if (counts.size() <= most) return 0;
  std::vector<std::pair<std::uint64_t, const std::string*>> order;
  for (const auto& [category, count] : counts) order.emplace_back(count, &category);
  std::stable_sort(order.begin(), order.end(), [](const auto& a, const auto& b) { return a.first > b.first; });
  std::uint64_t rest = 0;
  std::vector<std::string> gone;
  for (auto at = order.begin() + static_cast<std::ptrdiff_t>(most); at != order.end(); ++at) {
    rest += at->first;
    gone.push_back(*at->second);
  }
  for (const auto& category : gone) counts.erase(category);
  counts[other_value] += rest;
  return gone.size();
}

FrozenFeature freeze_categorical(const std::vector<ReferenceRow>& rows, std::size_t column, std::size_t most) {
  FrozenFeature out;
  std::map<std::string, std::uint64_t> counts;
  for (const auto& row : rows) {
    if (row.values[column].category) {
      ++counts[*row.values[column].category];
      ++out.n;
    } else {
      ++out.missing;
    }
  }
  out.others = keep_frequent(counts, most);
  for (const auto& [category, count] : counts) {
    out.categories.push_back(category);
    out.category_counts.push_back(count);
  }
  return out;
}

void write(ByteWriter& out, const FrozenFeature& feature) {
  out.u64(feature.n);
  out.u64(feature.missing);
  out.flag(feature.sample.exact);
  out.u64(feature.sample.values.size());
  for (const double value : feature.sample.values) out.f64(value);
  for (const auto count : feature.sample.cumulative) out.u64(count);
  out.u64(feature.categories.size());
  for (std::size_t i = 0; i < feature.categories.size(); ++i) {
    out.text(feature.categories[i]);
    out.u64(feature.category_counts[i]);
  }
}

/// Of values that are present: bins of the frozen sample, or categories, by stratum.
void count_strata(const settings::Pilot& pilot, const std::vector<ReferenceRow>& rows, std::size_t column,
                  FrozenFeature& out) {
  if (pilot.reference.strata == settings::Strata::none || out.n == 0) return;
  const auto edges =
      out.categories.empty() ? stats::quantile_edges(out.sample, drift_bin_count) : std::vector<double>();
  std::map<std::pair<std::uint32_t, std::uint32_t>, std::uint32_t> counts;
  for (const auto& row : rows) {
    const auto& value = row.values[column];
    if (!value.number && !value.category) continue;
    const auto bin =
        value.number
            ? static_cast<std::uint32_t>(std::lower_bound(edges.begin(), edges.end(), *value.number) - edges.begin())
            : out.position(value);
    ++counts[{stratum_of(pilot.time_zone, pilot.reference.strata, row.time), bin}];
  }
  for (const auto& [place, count] : counts) out.strata.push_back({place.first, place.second, count});
}

void write_strata(ByteWriter& out, const FrozenFeature& feature) {
  out.u64(feature.strata.size());
  for (const auto& count : feature.strata) {
    for (const auto number : {count.stratum, count.bin, count.rows}) out.u64(number);
  }
}

void read_strata(ByteReader& in, FrozenFeature& feature) {
  feature.strata.resize(in.count(3));
  for (auto& count : feature.strata) {
    for (auto* number : {&count.stratum, &count.bin, &count.rows}) *number = static_cast<std::uint32_t>(in.u64());
  }
}

void make_bins(FrozenFeature& feature, std::size_t bins) {
  if (auto made = stats::frozen_bins(feature.sample, bins)) feature.bins = *std::move(made);
}

void read(ByteReader& in, FrozenFeature& feature) {
  feature.n = in.u64();
  feature.missing = in.u64();
  feature.sample.exact = in.flag();
  feature.sample.values.resize(in.count(9));
  for (double& value : feature.sample.values) value = in.f64();
  feature.sample.cumulative.resize(feature.sample.values.size());
  for (auto& count : feature.sample.cumulative) count = in.u64();
  const auto categories = in.count(2);
  for (std::size_t i = 0; i < categories; ++i) {
    feature.categories.emplace_back(in.text());
    feature.category_counts.push_back(in.u64());
  }
}

}  // namespace

std::vector<FeatureColumn> feature_list(const settings::Pilot& pilot) {
  std::vector<FeatureColumn> out;
  for (const auto& feature : pilot.features) out.push_back({feature.name, feature.kind});
  out.push_back({score_feature, settings::FeatureKind::numeric});
  return out;
}

std::uint32_t FrozenFeature::position(const FeatureValue& value) const {
  if (value.number) return static_cast<std::uint32_t>(sample.position(*value.number));
  return position_of(*value.category);
}

std::uint32_t FrozenFeature::position_of(const std::string& category) const {
  const auto found = std::lower_bound(categories.begin(), categories.end(), category);
  if (found != categories.end() && *found == category) return static_cast<std::uint32_t>(found - categories.begin());
  return others == 0 || category == other_value ? unseen_category : position_of(other_value);
}

bool FrozenFeature::is_other(std::size_t category) const { return others > 0 && categories[category] == other_value; }

namespace {

/// Fits the calibrator where outcomes of scored decisions are there.
void calibrate(Reference& reference) {
  const auto* scored = reference.outcomes.scored.binary();
  if (scored == nullptr) return;
  reference.calibrator =
      std::make_shared<const stats::Answer<stats::Calibrator>>(stats::Calibrator::fit(scored->by_score.table()));
}

}  // namespace

void Reference::write(ByteWriter& out) const {
  out.text(id);
  out.u64(n);
  out.time(frozen_at);
  out.u64(features.size());
  for (const auto& feature : features) {
    engine::write(out, feature);
    write_strata(out, feature);
    out.u64(feature.others);
  }
  outcomes.write(out);
}

void Reference::read(ByteReader& in, std::size_t bins) {
  id = in.text();
  n = in.u64();
  frozen_at = in.time();
  features.resize(in.count(5));
  for (auto& feature : features) {
    engine::read(in, feature);
    read_strata(in, feature);
    feature.others = in.u64();
    make_bins(feature, bins);
  }
  outcomes.read(in);
  calibrate(*this);
}

Reference freeze(const settings::Pilot& pilot, const std::vector<ReferenceRow>& rows, Instant now, Tally outcomes) {
  Reference out;
  out.n = rows.size();
  const auto columns = feature_list(pilot);
  for (std::size_t i = 0; i < columns.size(); ++i) {
    out.features.push_back(columns[i].kind == settings::FeatureKind::numeric
                               ? freeze_numeric(rows, i, pilot.reference.ks_exact_max_distinct)
                               : freeze_categorical(rows, i, static_cast<std::size_t>(pilot.reference.max_categories)));
    count_strata(pilot, rows, i, out.features.back());
  }
  for (auto& feature : out.features) make_bins(feature, static_cast<std::size_t>(pilot.reference.bins));
  ByteWriter content;
  for (const auto& feature : out.features) engine::write(content, feature);
  if (pilot.reference.strata != settings::Strata::none) {
    for (const auto& feature : out.features) write_strata(content, feature);
  }
  if (outcomes.labelled > 0) outcomes.write(content);
  out.id = content_hash(content.bytes()).hex();
  out.frozen_at = now;
  out.outcomes = std::move(outcomes);
  calibrate(out);
  return out;
}

ReferenceInfo describe(const settings::Pilot& pilot, const Reference& reference) {
  const auto& given = pilot.reference;
  ReferenceInfo out;
  out.id = reference.id;
  out.n = reference.n;
  out.frozen_at = reference.frozen_at;
  out.kind = given.kind();
  out.name = given.name;
  out.outcomes = reference.outcomes.labelled;
  out.strata = given.strata;
  for (std::size_t i = 0; i < pilot.features.size() && i < reference.features.size(); ++i) {
    if (pilot.features[i].kind != settings::FeatureKind::categorical) continue;
    const auto& frozen = reference.features[i];
    out.categories.push_back({pilot.features[i].name, frozen.categories.size() - (frozen.others > 0 ? 1 : 0), frozen.others});
  }
  return out;
}

}  // namespace pilotwatch::engine
