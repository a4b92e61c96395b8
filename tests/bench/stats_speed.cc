// SPDX-License-Identifier: Apache-2.0
// What the statistics cost beside the parsing of the same records: ratios of one run.
//
//   stats_speed [--check]    --check: exit 1 when a figure is beyond what the project promises (README, "Speed")
//
// The monitors of a pilot with 10 numeric features, 3 segment attributes and 6 metrics:
//   10 x bin_of + RankDrift + CdfDrift,  3 x CategoryDrift,  6 x (1 + 3) x BlockMean (the pilot and the three groups of
//   the case)
#include <simdjson.h>
#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "stats/distance/binning.h"
#include "stats/distance/drift_summary.h"
#include "stats/sequential/bets.h"
#include "stats/sequential/category.h"
#include "stats/sequential/mean.h"
#include "stats/sequential/numeric.h"
#include "stats/sequential/tolerance.h"

namespace {

using namespace pilotwatch;
using namespace pilotwatch::stats;

constexpr std::size_t features = 10, attributes = 3, metrics = 6, groups = 8, records = 50'000;

struct Record {
  std::uint64_t id;
  std::array<double, features> feature;
  std::array<std::uint8_t, attributes> group;
  std::array<std::uint8_t, metrics> loss;
};

std::vector<Record> make_records() {
  std::mt19937_64 rng{1};
  std::normal_distribution<double> normal;
  std::vector<Record> out(records);
  for (auto& record : out) {
    record.id = rng();
    for (double& x : record.feature) x = normal(rng);
    for (auto& g : record.group) g = static_cast<std::uint8_t>(std::min(rng() % groups, rng() % groups));
    for (auto& x : record.loss) x = rng() % 20 == 0 ? 1 : 0;
  }
  return out;
}

std::vector<std::string> as_json(const std::vector<Record>& all) {
  std::vector<std::string> out;
  char text[1024];
  for (std::size_t i = 0; i < all.size(); ++i) {
    const auto& r = all[i];
    int n = std::snprintf(
        text, sizeof text,
        R"({"type":"prediction","pilot":"benefit-checks","id":"%016llx-%08zx","time":"2026-06-01T08:%02zu:%02zuZ",)"
        R"("model_version":"1.4.2","prediction":"%d","score":%.6f,"features":{)",
        static_cast<unsigned long long>(r.id), i, i / 60 % 60, i % 60, r.loss[0], .5);
    for (std::size_t f = 0; f < features; ++f) {
      n += std::snprintf(text + n, sizeof text - static_cast<std::size_t>(n), R"("feature_%zu":%.6f%s)", f,
                         r.feature[f], f + 1 < features ? "," : "},\"segments\":{");
    }
    for (std::size_t a = 0; a < attributes; ++a) {
      n += std::snprintf(text + n, sizeof text - static_cast<std::size_t>(n), R"("attribute_%zu":"group %d"%s)", a,
                         r.group[a], a + 1 < attributes ? "," : "},\"latency_ms\":12.5}");
    }
    std::string line(text, static_cast<std::size_t>(n));
    line.reserve(line.size() + simdjson::SIMDJSON_PADDING);
    out.push_back(std::move(line));
  }
  return out;
}

/// Every member of a record asked for by its name, whatever the order: what a daemon that accepts any order must do.
double parse(simdjson::ondemand::parser& parser, std::string& line, const std::vector<std::string>& feature_names,
             const std::vector<std::string>& attribute_names) {
  auto document = parser.iterate(line.data(), line.size(), line.size() + simdjson::SIMDJSON_PADDING);
  auto object = document.get_object();
  double sum = 0;
  for (const char* name : {"pilot", "id", "time", "type", "model_version", "prediction"}) {
    sum += static_cast<double>(object.find_field_unordered(name).get_string().value().size());
  }
  sum += object.find_field_unordered("score").get_double().value();
  sum += object.find_field_unordered("latency_ms").get_double().value();
  auto features_object = object.find_field_unordered("features").get_object();
  for (const auto& name : feature_names) sum += features_object.find_field_unordered(name).get_double().value();
  auto segments_object = object.find_field_unordered("segments").get_object();
  for (const auto& name : attribute_names) {
    sum += static_cast<double>(segments_object.find_field_unordered(name).get_string().value().size());
  }
  return sum;
}

/// simdjson's fastest way: one walk in the order of the line, names not even looked at inside `features` and
/// `segments`.
double walk(simdjson::ondemand::parser& parser, std::string& line) {
  double sum = 0;
  auto document = parser.iterate(line.data(), line.size(), line.size() + simdjson::SIMDJSON_PADDING);
  for (auto member : document.get_object()) {
    const std::string_view key = member.unescaped_key();
    auto value = member.value();
    if (key == "features") {
      for (auto feature : value.get_object()) sum += feature.value().get_double().value();
    } else if (key == "segments") {
      for (auto segment : value.get_object()) {
        sum += static_cast<double>(segment.value().get_string().value().size());
      }
    } else if (key == "score" || key == "latency_ms") {
      sum += value.get_double().value();
    } else {
      sum += static_cast<double>(value.get_string().value().size());
    }
  }
  return sum;
}

struct Pilot {
  std::vector<Bins> bins;
  std::vector<RankReference> reference;
  std::vector<CdfReference> check_points;
  std::vector<RankDrift> drift;
  std::vector<CdfDrift> moved;
  CategoryReference categories;
  std::vector<CategoryDrift> segments;
  std::vector<BlockMean> means;  ///< [scope][metric]

  explicit Pilot(const std::vector<Record>& rows) {
    const Thresholds at{1e9, 1e8, 1e7};
    for (std::size_t f = 0; f < features; ++f) {
      std::vector<double> values;
      for (std::size_t i = 0; i < 5000; ++i) values.push_back(rows[i].feature[f]);
      bins.push_back(Bins::quantile(values).value());
      RankReference counts{std::vector<std::uint32_t>(bins.back().ordered(), 0)};
      for (const double x : values) ++counts.counts[bins.back().bin_of(x)];
      reference.push_back(std::move(counts));
      check_points.push_back(CdfReference::of(reference.back(), CdfReference::default_tolerance, 1e-4));
    }
    for (std::size_t f = 0; f < features; ++f) {
      drift.emplace_back(reference[f], 20, at);
      moved.emplace_back(check_points[f], CdfDrift::default_block, at);
    }
    categories.counts.assign(groups + 2, 600);  // and "other" and "unseen"
    for (std::size_t a = 0; a < attributes; ++a) segments.emplace_back(categories, 20, at);
    means.assign(metrics * (1 + attributes * groups), BlockMean(.06, 20, at));
  }

  void update(const Record& record) {
    for (std::size_t f = 0; f < features; ++f) {
      const auto bin = bins[f].bin_of(record.feature[f]);
      drift[f].step(bin, tie_breaker(f + 1, record.id), 1);
      moved[f].step(bin, 1);
    }
    for (std::size_t a = 0; a < attributes; ++a) {
      segments[a].step(record.group[a], tie_breaker(100 + a, record.id), 1);
      auto* scope = &means[metrics * (1 + a * groups + record.group[a])];
      for (std::size_t m = 0; m < metrics; ++m) scope[m].step(record.loss[m], 1);
    }
    for (std::size_t m = 0; m < metrics; ++m) means[m].step(record.loss[m], 1);
  }
};

/// Nanoseconds of `calls` calls of f, each.
template <class F>
double nanoseconds(std::size_t calls, F f) {
  const auto start = std::chrono::steady_clock::now();
  for (std::size_t i = 0; i < calls; ++i) f(i);
  const std::chrono::duration<double, std::nano> took = std::chrono::steady_clock::now() - start;
  return took.count() / static_cast<double>(calls);
}

double sink = 0;

double distances(std::size_t k) {
  std::mt19937_64 rng{2};
  std::vector<std::uint64_t> reference(k), live(k);
  std::vector<double> where(k);
  for (std::size_t i = 0; i < k; ++i) {
    reference[i] = 50 + rng() % 50;
    live[i] = 5 + rng() % 20;
    where[i] = static_cast<double>(i);
  }
  return nanoseconds(20'000, [&](std::size_t i) {
    live[i % k] ^= 1;  // so that no call is the same as the one before
    sink += drift_summary(reference, live, where)->psi;
  });
}

}  // namespace

int main(int argc, char** argv) {
  const bool check = argc > 1 && std::strcmp(argv[1], "--check") == 0;
  const auto all = make_records();
  auto lines = as_json(all);
  std::size_t bytes = 0;
  for (const auto& line : lines) bytes += line.size();
  simdjson::ondemand::parser parser;
  Pilot pilot(all);
  std::vector<std::string> feature_names, attribute_names;
  for (std::size_t f = 0; f < features; ++f) feature_names.push_back("feature_" + std::to_string(f));
  for (std::size_t a = 0; a < attributes; ++a) attribute_names.push_back("attribute_" + std::to_string(a));
  // Turn by turn, and the least of each: other load on the machine meets all of them.
  double record = 1e300, walked = 1e300, updating = 1e300, d20 = 1e300, d64 = 1e300;
  for (int round = 0; round < 15; ++round) {
    record = std::min(record, nanoseconds(records, [&](std::size_t i) {
                        sink += parse(parser, lines[i], feature_names, attribute_names);
                      }));
    updating = std::min(updating, nanoseconds(records, [&](std::size_t i) { pilot.update(all[i]); }));
    walked = std::min(walked, nanoseconds(records, [&](std::size_t i) { sink += walk(parser, lines[i]); }));
    d20 = std::min(d20, distances(20));
    d64 = std::min(d64, distances(64));
  }
  const auto print = [&](const char* what, double ns, const char* promise) {
    std::printf("%-72s %8.1f ns  %5.2f of parsing  %s\n", what, ns, ns / record, promise);
  };
  std::printf("records of %zu bytes\n", bytes / records);
  print("simdjson On-Demand, every member by name, any order", record, "");
  print("simdjson On-Demand, one walk in the order of the line", walked, "");
  print("all monitors of 10 features, 3 attributes, 6 metrics", updating, "promised: <= 1 of parsing");
  print("PSI + KS + JS + W1 of a feature, 20 bins", d20, "promised: <= 500 ns");
  print("PSI + KS + JS + W1 of a feature, 64 bins", d64, "promised: <= 2000 ns");
  std::printf("state of a numeric drift monitor: RankDrift %zu bytes, CdfDrift %zu bytes; promised: <= 1536\n",
              sizeof(RankDrift), sizeof(CdfDrift) + CdfReference::max_points * 2 * sizeof(Lanes));
  std::printf("(%g)\n", sink);
  const bool within = updating <= record && d20 <= 500 && d64 <= 2000 && sizeof(RankDrift) <= 1536;
  return check && !within ? 1 : 0;
}
