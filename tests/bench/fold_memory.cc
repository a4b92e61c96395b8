// SPDX-License-Identifier: Apache-2.0
// What the state of pilots takes of the heap: what is constant for given settings, and what grows with what.
//
//   fold_memory [--pilots 100] [--features 30] [--distinct 200] [--groups 8]
//   fold_memory --check     few pilots; exit 1 when something grows with decisions that should not
//
// Each pilot has numeric features and one categorical, 3 attributes, windows day, week, month and all, and
// limits with a budget: drift of each feature, error rate, error rate by each attribute. After a reference of 512
// decisions comes a day with n = 4,096, then 4 n of them; then two days with n each.
#include <malloc.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <random>
#include <string>

#include "decode/decode.h"
#include "judge/fold.h"

namespace {

using namespace pilotwatch;

constexpr std::size_t attributes = 3, reference = 512;
/// Decisions are kept in chunks of 4,096, by id in a table that doubles: with these numbers no step falls between two
/// figures that are compared.
constexpr std::size_t n = 4096;
constexpr int skipped = 77;

struct Options {
  std::size_t pilots = 100, features = 30, distinct = 200, groups = 8;
};

/// Bytes of the heap in use. 0 under allocators that do not say (sanitizers).
double heap() {
  const auto info = mallinfo2();
  return static_cast<double>(info.uordblks + info.hblkhd);
}

settings::Limit budget(std::string name, settings::Metric metric, std::string feature, std::string segment) {
  settings::Limit limit;
  limit.name = std::move(name);
  limit.metric = metric;
  if (metric != settings::Metric::drift) limit.max = .2;
  limit.evidence = settings::Evidence::budget;
  limit.window = {settings::WindowKind::day, 0};
  limit.feature = std::move(feature);
  limit.segment = std::move(segment);
  return limit;
}

settings::Pilot pilot(const Options& options, std::size_t number) {
  settings::Pilot p;
  p.name = "p" + std::to_string(number);
  p.task = settings::Task::binary;
  p.classes = {"0", "1"};
  p.positive = "1";
  p.clock = settings::PilotClock::event;
  p.windows = {{settings::WindowKind::day, 0},
               {settings::WindowKind::week, 0},
               {settings::WindowKind::month, 0},
               {settings::WindowKind::all, 0}};
  p.reference.first = reference;
  p.limits.push_back(budget("errors", settings::Metric::error_rate, "", ""));
  for (std::size_t a = 0; a < attributes; ++a) {
    const auto name = "a" + std::to_string(a);
    p.segments.attributes.push_back(name);
    p.limits.push_back(budget("errors-" + name, settings::Metric::error_rate, "", name));
  }
  for (std::size_t f = 0; f < options.features; ++f) {
    const auto name = "f" + std::to_string(f);
    p.features.push_back({name, f == 0 ? settings::FeatureKind::categorical : settings::FeatureKind::numeric});
    p.limits.push_back(budget("drift-" + name, settings::Metric::drift, name, ""));
  }
  return p;
}

/// Pilots in a fold, fed with decisions.
class Pilots {
 public:
  explicit Pilots(const Options& options)
      : options_(options), settings_(made(options)), decoder_(settings_, IdKey{}), fold_(settings_) {}

  /// So many decisions of one half of a day for each pilot, each with its outcome.
  void day(int day, std::size_t decisions, int half) {
    for (std::size_t begin = 0; begin < decisions; begin += 50) {
      const auto end = std::min(begin + 50, decisions);
      for (std::size_t number = 0; number < options_.pilots; ++number) {
        std::string lines;
        for (auto i = begin; i < end; ++i) decision(lines, number, 24 * day + 12 * half, i, decisions);
        send(lines);
      }
    }
    static_cast<void>(fold_.snapshot(Instant{}));  // computes the figures of the windows, as every reader makes it do
  }

  /// Bytes of a part of the checkpoint: "judge", or all that ends in "/state".
  double saved(const std::string& part) {
    double out = 0;
    fold_.save(true, [&](const std::string& name, const std::string& bytes) {
      if (name.ends_with(part)) out += static_cast<double>(bytes.size());
    });
    return out;
  }

 private:
  static settings::Settings made(const Options& options) {
    settings::Settings out;
    for (std::size_t i = 0; i < options.pilots; ++i) out.pilots.push_back(pilot(options, i));
    return out;
  }

  void decision(std::string& lines, std::size_t number, int hour, std::size_t i, std::size_t of) {
    const auto when = format_rfc3339(*parse_rfc3339("2026-01-05T00:00:00Z") + std::chrono::hours{hour} +
                                     Millis{static_cast<std::int64_t>(43'000'000 * i / of)});
    const auto common = R"(","pilot":"p)" + std::to_string(number) + R"(","id":")" + std::to_string(next_id_++) +
                        R"(","time":")" + when + "\"";
    const bool positive = rng_() % 2 == 0, wrong = rng_() % 20 == 0;
    lines += R"({"type":"prediction)" + common + R"(,"prediction":)" + (positive ? "1" : "0") + R"(,"score":0.)" +
             std::to_string(rng_() % 100) + R"(,"segments":{)";
    for (std::size_t a = 0; a < attributes; ++a) {
      lines +=
          (a == 0 ? "\"a" : ",\"a") + std::to_string(a) + R"(":"g)" + std::to_string(rng_() % options_.groups) + "\"";
    }
    lines += R"(},"features":{"f0":"c)" + std::to_string(rng_() % 6) + "\"";
    for (std::size_t f = 1; f < options_.features; ++f)
      lines += ",\"f" + std::to_string(f) + "\":" + std::to_string(rng_() % options_.distinct);
    lines += R"(}}
{"type":"outcome)" +
             common + R"(,"actual":)" + (positive != wrong ? "1" : "0") + "}\n";
  }

  void send(const std::string& lines) {
    decode::Input input;
    input.bytes = lines;
    input.any_time = true;
    auto decoded = decoder_.decode(input);
    if (decoded.rejects.total() > 0 || !decoded.errors.empty()) std::abort();
    record::Submission submission;
    submission.source = "bench";
    submission.batch = std::move(decoded.batch);
    record::Entry entry;
    entry.submissions.push_back(std::move(submission));
    fold_.apply(entry, ++sequence_);
  }

  Options options_;
  settings::Settings settings_;
  decode::Decoder decoder_;
  judge::Fold fold_;
  std::mt19937_64 rng_{1};
  std::uint64_t sequence_ = 0, next_id_ = 0;
};

/// All in bytes a pilot.
struct Measured {
  double constant = 0;  ///< reference, evidence, counters, cells and windows of the first two days; without decisions
  double a_decision = 0, a_day = 0;
  double evidence_n = 0, evidence_4n = 0;  ///< checkpoint of all limits, after n and 4 n decisions
};

Measured measure(const Options& options) {
  const double before = heap();
  Pilots pilots(options);
  const auto each = [&](double bytes) { return bytes / static_cast<double>(options.pilots); };
  const auto used = [&] { return each(heap() - before); };
  Measured out;
  pilots.day(0, reference, 0);
  pilots.day(1, n, 0);
  const double after_n = used();
  out.evidence_n = each(pilots.saved("judge"));
  pilots.day(1, 3 * n, 1);
  out.a_decision = (used() - after_n) / (3.0 * n);
  out.evidence_4n = each(pilots.saved("judge"));
  pilots.day(2, n, 0);
  const double two_days = used();
  pilots.day(3, n, 0);
  out.a_day = used() - two_days - n * out.a_decision;
  out.constant = after_n - (reference + n) * out.a_decision;
  return out;
}

void print(const Options& options, const Measured& m) {
  std::printf("%zu pilots x %zu features x %zu attributes of %zu groups, %zu distinct values of a feature\n",
              options.pilots, options.features, attributes, options.groups, options.distinct);
  std::printf("  constant            %8.0f kB a pilot (of it evidence, as saved: %.0f kB)\n", m.constant / 1e3,
              m.evidence_4n / 1e3);
  std::printf("  and for each day    %8.0f kB a pilot\n", m.a_day / 1e3);
  std::printf("  and for a decision  %8.0f bytes\n", m.a_decision);
  std::printf("  evidence after n and 4 n decisions of one day: %.0f and %.0f kB\n", m.evidence_n / 1e3,
              m.evidence_4n / 1e3);
}

bool holds(bool condition, const char* what) {
  std::printf("%s: %s\n", condition ? "ok" : "FAILED", what);
  return condition;
}

int check() {
  const Options few{2, 3, 200, 2}, many{2, 30, 200, 2};  // two groups: every trail of marks is full after n
  const auto small = measure(few), large = measure(many);
  if (large.constant <= 0) {
    std::puts("skipped: this allocator does not say what is in use");
    return skipped;
  }
  print(few, small);
  print(many, large);
  bool ok = true;
  ok &= holds(large.evidence_4n < 1.3 * large.evidence_n, "evidence does not grow from n to 4 n decisions");
  ok &= holds(large.a_decision < 1.2 * small.a_decision, "a decision takes as much with 30 features as with 3");
  ok &= holds(large.a_decision < 1000, "a decision takes less than 1000 bytes");
  ok &= holds(large.constant < 15 * small.constant, "the constant part is at most proportional to the features");
  return ok ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; ++i) {
    if (std::strcmp(argv[i], "--check") == 0) return check();
    for (auto [name, value] : {std::pair{"--pilots", &options.pilots}, std::pair{"--features", &options.features},
                               std::pair{"--distinct", &options.distinct}, std::pair{"--groups", &options.groups}}) {
      if (std::strcmp(argv[i], name) == 0 && i + 1 < argc) *value = std::strtoull(argv[++i], nullptr, 10);
    }
  }
  print(options, measure(options));
  return 0;
}
