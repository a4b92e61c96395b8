// SPDX-License-Identifier: Apache-2.0
// The same stream with decisions in memory, with most of them on disk, over crashes and restarts: the same bytes.
#include <map>
#include <random>

#include "support/random_stream.h"

using namespace pilotwatch;
using namespace pilotwatch::testing;
using settings::Evidence;
using settings::Metric;
using settings::WindowKind;

namespace {

using Parts = std::map<std::string, std::string>;

settings::Pilot cold_pilot(settings::PilotClock clock) {
  auto pilot = binary_pilot();
  pilot.clock = clock;
  pilot.lateness = std::chrono::minutes{10};
  pilot.outcome_horizon = std::chrono::hours{24 * 10};
  pilot.windows = {{WindowKind::day, 0}, {WindowKind::count, 500}, {WindowKind::all, 0}};
  pilot.segments.attributes = {"g"};
  pilot.features = {{"x", settings::FeatureKind::numeric}};
  pilot.reference.first = 200;
  const auto add = [&](Metric metric, double max) {
    settings::Limit limit;
    limit.name = settings::metric_names[static_cast<std::size_t>(metric)];
    limit.metric = metric;
    limit.window = {WindowKind::day, 0};
    limit.max = max;
    limit.evidence = Evidence::budget;
    pilot.limits.push_back(limit);
  };
  add(Metric::error_rate, .45);
  add(Metric::complaints_per_1000, 300);
  return pilot;
}

/// `n` decisions, one a minute; what is said of them comes soon or very much later, twice, corrected.
std::vector<std::string> life(std::mt19937_64& rng, std::size_t n) {
  std::multimap<std::size_t, std::string> arrivals;
  const auto one_in = [&rng](std::uint64_t k) { return rng() % k == 0; };
  for (std::size_t i = 0; i < n; ++i) {
    const auto time = format_rfc3339(at("2026-01-01T00:00:00Z") + std::chrono::minutes{static_cast<int>(i)});
    const auto id = std::to_string(i);
    const auto line = prediction(id, time, static_cast<int>(rng() % 2),
                                 R"(,"model_version":"v)" + std::to_string(rng() % 2) + R"(","score":0.)" + std::to_string(rng() % 100) +
                                     R"(,"segments":{"g":")" + (one_in(2) ? "a" : "b") + R"("},"features":{"x":)" +
                                     std::to_string(rng() % 50) + (one_in(9) ? R"(},"weight":3)" : "}"));
    const auto later = [&] { return i + (one_in(2) ? rng() % 300 : rng() % n); };
    const auto when = [&] { return format_rfc3339(at(time.c_str()) + Millis{static_cast<std::int64_t>(rng() % 2'000'000'000)}); };
    arrivals.emplace(i, line);
    if (one_in(15)) arrivals.emplace(later(), line);
    if (!one_in(3)) arrivals.emplace(later(), outcome(id, when(), static_cast<int>(rng() % 2)));
    if (one_in(5)) arrivals.emplace(later(), outcome(id, when(), static_cast<int>(rng() % 2)));
    if (one_in(9)) arrivals.emplace(later(), complaint("c" + id, when(), R"(,"category":"rude","prediction_id":")" + id + "\""));
    if (one_in(9)) arrivals.emplace(later(), R"({"type":"complaint_update","pilot":"p","id":"c)" + id + R"(","time":")" + when() +
                                                 R"(","step":"decided","found_for":"person"})" + "\n");
    if (one_in(9)) arrivals.emplace(later(), R"({"type":"review","pilot":"p","prediction_id":")" + id + R"(","time":")" + when() +
                                                 R"(","final":)" + std::to_string(rng() % 2) + "}\n");
  }
  std::vector<std::string> out;
  for (auto& [at, line] : arrivals) out.push_back(std::move(line));
  return out;
}

/// As the journal keeps it.
struct Disk {
  Parts counted;
  std::uint64_t sequence = 0, reads = 0;
  void take(Parts staged, std::uint64_t upto) {
    for (auto& [name, bytes] : staged) {
      if (bytes.empty()) {
        counted.erase(name);
      } else {
        counted[name] = std::move(bytes);
      }
    }
    sequence = upto;
  }
};

struct Run {
  Run(const settings::Settings& settings, std::uint64_t memory_bytes, Disk& on) : disk(on), memory(memory_bytes) {
    now = std::make_unique<Scenario>(settings);
    store();
  }
  void store() {
    now->fold.set_store(
        [this](const std::string& name) {
          ++disk.reads;
          const auto part = disk.counted.find(name);
          if (part == disk.counted.end()) throw CorruptBytes("there is no " + name);
          return part->second;
        },
        memory);
  }
  void save(bool works, bool relieve) {
    Parts staged;
    now->fold.save(failed ? engine::Extent::unconfirmed : engine::Extent::changes,
                   [&](const std::string& name, const std::string& bytes) { staged[name] = bytes; }, relieve);
    if (works) disk.take(std::move(staged), now->fold.sequence());
    now->fold.confirm(works);
    failed = !works;
  }
  /// As after `kill -9`.
  void crash(const settings::Settings& settings, const std::vector<record::Entry>& entries, std::size_t upto) {
    now = std::make_unique<Scenario>(settings);
    store();
    failed = false;
    if (disk.sequence == 0) {
      failed = true;
    } else {
      Parts small;
      for (const auto& [name, bytes] : disk.counted) {
        if (!name.starts_with("block/")) small.emplace(name, bytes);
      }
      now->fold.load(small, disk.sequence, Instant{});
    }
    for (std::size_t i = disk.sequence; i < upto; ++i) now->fold.apply(entries[i], i + 1);
  }

  Disk& disk;
  std::uint64_t memory;
  std::unique_ptr<Scenario> now;
  bool failed = false;
};

}  // namespace

TEST_CASE("cold decisions: state, figures and transitions are the same to the byte whatever the bound on memory") {
  const auto seed = GENERATE(take(1, random(0u, 1u << 30)));
  const auto clock = GENERATE(settings::PilotClock::event, settings::PilotClock::wall);
  CAPTURE(seed, static_cast<int>(clock));
  std::mt19937_64 rng{seed};
  const auto settings = settings_of({cold_pilot(clock)});
  const auto lines = life(rng, 26'000);
  std::vector<record::Entry> entries;
  Scenario whole(settings);
  for (std::size_t i = 0; i < lines.size();) {
    std::string some;
    for (auto left = 1 + rng() % 500; left > 0 && i < lines.size(); --left) some += lines[i++];
    const auto wall = at("2026-01-01T00:00:00Z") + std::chrono::minutes{static_cast<int>(i * 26'000 / lines.size())};
    entries.push_back(whole.entry(some, wall));
    whole.fold.apply(entries.back(), entries.size());
  }
  const auto bytes = whole.saved(), figures = figures_text(whole);

  Disk small_disk, large_disk;
  Run small(settings, 100'000, small_disk), large(settings, 1ULL << 30, large_disk);
  std::size_t crashes = 0;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    if (rng() % 2 == 0) small.now->fold.prepare(entries[i]);
    small.now->fold.apply(entries[i], i + 1);
    large.now->fold.apply(entries[i], i + 1);
    if (rng() % 4 == 0) small.save(rng() % 4 != 0, rng() % 3 != 0);
    if (rng() % 9 == 0) large.save(true, large.now->fold.memory().wants_relief());
    if (rng() % 3 == 0) small.now->fold.evict();
    if (rng() % 30 != 0) continue;
    ++crashes;
    small.crash(settings, entries, i + 1);
  }
  CHECK(crashes > 3);
  const auto memory = small.now->fold.memory();
  CHECK(memory.old > 10'000);
  CHECK(small_disk.reads > 300);
  CHECK(large.now->fold.memory().old == 0);
  CHECK((small.now->saved() == bytes));
  CHECK((figures_text(*small.now) == figures));
  CHECK((large.now->saved() == bytes));
  CHECK(whole.transitions.size() > 2);
}
