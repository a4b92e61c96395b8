// SPDX-License-Identifier: Apache-2.0
// Complaints by category and severity, what becomes of them, and how long decisions stood that were found wrong.
#include <algorithm>
#include <random>

#include "stats/interval/one_sample.h"
#include "support/scenario.h"

using namespace pilotwatch;
using namespace pilotwatch::testing;
using settings::Metric;

namespace {

std::string prediction(int id, const std::string& day, int label, const std::string& rest = "") {
  return R"({"type":"prediction","pilot":"p","id":)" + std::to_string(id) + R"(,"time":")" + day +
         R"(T12:00:00Z","prediction":)" + std::to_string(label) + rest + "}\n";
}
std::string complaint(const std::string& id, const std::string& time, const std::string& rest = "") {
  return R"({"type":"complaint","pilot":"p","id":")" + id + R"(","time":")" + time + "\"" + rest + "}\n";
}
std::string about(const std::string& category, const std::string& rest = "") {
  return R"(,"category":")" + category + "\"" + rest;
}
std::string update(const std::string& id, const std::string& time, const std::string& step,
                   const std::string& found_for = "") {
  return R"({"type":"complaint_update","pilot":"p","id":")" + id + R"(","time":")" + time + R"(","step":")" + step +
         "\"" + (found_for.empty() ? "" : R"(,"found_for":")" + found_for + "\"") + "}\n";
}

/// "name=complaints a thousand" of every category figure of the whole pilot over all time.
std::string categories(Scenario& s) {
  const auto snapshot = s.fold.snapshot(Instant{});
  std::string out;
  for (const auto& window : snapshot->pilots.front().windows) {
    if (window->kind_name != "all") continue;
    for (const auto& f : window->figures) {
      if (f.metric != Metric::complaints_per_1000 || f.feature.empty() || !f.group.empty() || !f.model_version.empty())
        continue;
      out += f.feature + "=" + std::to_string(static_cast<int>(*f.value)) + " ";
    }
  }
  return out;
}

std::string thousand(const std::string& rest = "") {
  return prediction(0, "2026-01-01", 1, R"(,"weight":1000)" + rest);
}

bool has(Scenario& s, Metric metric, const std::string& feature = "") {
  const auto snapshot = s.fold.snapshot(Instant{});
  for (const auto& window : snapshot->pilots.front().windows) {
    for (const auto& f : window->figures) {
      if (f.metric == metric && f.feature == feature) return true;
    }
  }
  return false;
}

}  // namespace

TEST_CASE("complaints: each category per 1,000 decisions with Garwood's interval, those without one in none") {
  Scenario s(settings_of({binary_pilot()}));
  s.send(thousand() + complaint("1", "2026-01-02T00:00:00Z", about("rude")) +
         complaint("2", "2026-01-02T00:00:00Z", about("rude")) + complaint("3", "2026-01-02T00:00:00Z", about("slow")) +
         complaint("4", "2026-01-02T00:00:00Z"));
  CHECK(categories(s) == "rude=2 slow=1 ");
  const auto f = s.figure("all", Metric::complaints_per_1000, "", "rude");
  const auto interval = *stats::garwood(2, 1, 0.95);
  CHECK(f.lower == interval.lower);
  CHECK(f.upper == interval.upper);
  CHECK(f.n == 1000);
  CHECK(s.figure("all", Metric::complaints_per_1000).value == 4);
}

TEST_CASE("complaints: the first categories by time have figures of their own, whatever arrives first") {
  std::vector<std::string> lines{thousand()};
  const char* names[] = {"a", "b", "c", "d", "e"};
  for (int i = 0; i < 5; ++i) {
    for (int n = 0; n <= i; ++n) {
      lines.push_back(complaint(std::string(names[i]) + std::to_string(n),
                                "2026-01-02T0" + std::to_string(5 - i) + ":00:0" + std::to_string(n) + "Z",
                                about(names[i])));
    }
  }
  auto pilot = binary_pilot();
  pilot.complaints.max_categories = 2;
  std::mt19937_64 rng{7};
  for (int round = 0; round < 20; ++round) {
    Scenario s(settings_of({pilot}));
    std::shuffle(lines.begin(), lines.end(), rng);
    for (const auto& line : lines) {
      s.send(line);
      static_cast<void>(s.fold.snapshot(Instant{}));  // published windows must be drawn up anew
    }
    CHECK(categories(s) == "__other__=6 d=4 e=5 ");
  }
}

TEST_CASE("complaints: configured categories only, or those that limits name beside the first") {
  auto pilot = binary_pilot();
  const auto lines = thousand() + complaint("1", "2026-01-02T01:00:00Z", about("a")) +
                     complaint("2", "2026-01-02T02:00:00Z", about("b")) +
                     complaint("3", "2026-01-02T03:00:00Z", about("c")) +
                     complaint("4", "2026-01-02T04:00:00Z", about("d"));
  pilot.complaints.categories = {"c", "never"};
  Scenario configured(settings_of({pilot}));
  configured.send(lines);
  CHECK(categories(configured) == "__other__=3 c=1 ");
  pilot.complaints.categories.clear();
  pilot.complaints.max_categories = 1;
  settings::Limit limit;
  limit.name = "x";
  limit.metric = Metric::complaints_per_1000;
  limit.window = pilot.windows[0];
  limit.max = 1;
  limit.feature = "d";
  pilot.limits = {limit};
  limit.name = "y";
  limit.feature = "silent";
  pilot.limits.push_back(limit);
  Scenario named(settings_of({pilot}));
  named.send(lines);
  CHECK(categories(named) == "__other__=2 a=1 d=1 silent=0 ");  // asked for: nothing is a figure
}

TEST_CASE("complaints: beyond 1,000 categories the rest is counted together and as overflow") {
  Scenario s(settings_of({binary_pilot()}));
  std::string lines = thousand();
  for (int i = 0; i < 1003; ++i)
    lines += complaint(std::to_string(i), "2026-01-02T00:00:00Z", about("c" + std::to_string(i)));
  s.send(lines);
  const auto overflows = s.fold.snapshot(Instant{})->pilots[0].counters.label_overflows;
  REQUIRE(overflows.size() == 1);
  CHECK(overflows[0] == std::pair<std::string, std::uint64_t>("category", 3));
  CHECK(s.figure("all", Metric::complaints_per_1000, "", "__other__").value == 983);
}

TEST_CASE("complaints: categories of a group are hidden where one of them, or its rest, is small") {
  auto pilot = binary_pilot();
  pilot.segments.attributes = {"g"};
  pilot.segments.min_n = 10;
  std::string lines;
  for (const char* group : {"a", "b", "c"}) {
    const auto in = R"(,"segments":{"g":")" + std::string(group) + "\"}";
    lines += prediction(group[0], "2026-01-01", 1, R"(,"weight":1000)" + in);
    for (int i = 0; i < 40; ++i) {
      const bool few = group[0] == 'a' && i >= 35;  // 5 of one kind
      lines += complaint(group + std::to_string(i), "2026-01-01T13:00:00Z", about(few || i < 20 ? "rude" : "slow", in));
    }
  }
  for (int i = 0; i < 5; ++i)
    lines += complaint("x" + std::to_string(i), "2026-01-01T13:00:00Z", about("lost", R"(,"segments":{"g":"a"})"));
  Scenario s(settings_of({pilot}));
  s.send(lines + prediction(1000, "2026-01-03", 0));
  CHECK(s.figure("day", Metric::complaints_per_1000, "a", "rude").state == "suppressed");
  CHECK(s.figure("day", Metric::complaints_per_1000, "a", "lost").state == "suppressed");
  CHECK(s.figure("day", Metric::complaints_per_1000, "a").state == "ok");
  int shown = 0;  // one of the others hides it from subtraction
  for (const char* group : {"b", "c"})
    shown += s.figure("day", Metric::complaints_per_1000, group, "slow").state == "ok";
  CHECK(shown == 1);
}

TEST_CASE("complaints: severe ones, escalated ones, and the share that was reopened") {
  auto pilot = binary_pilot();
  pilot.complaints.severe = 2;
  Scenario s(settings_of({pilot}));
  std::string lines = thousand();
  for (int i = 0; i < 12; ++i)
    lines += complaint(std::to_string(i), "2026-01-01T13:00:00Z",
                       i < 10 ? R"(,"severity":)" + std::to_string(i % 5) : std::string());
  s.send(lines);
  CHECK(s.figure("all", Metric::severe_complaints_per_1000).value == 6);  // 2, 3, 4
  CHECK_FALSE(has(s, Metric::escalated_complaints_per_1000));
  CHECK_FALSE(has(s, Metric::complaint_reopened_rate));
  std::string updates;
  for (int i = 0; i < 8; ++i)
    updates += update(std::to_string(i), "2026-01-02T00:00:00Z", i % 2 == 0 ? "decided" : "closed");
  updates += update("1", "2026-01-03T00:00:00Z", "reopened") + update("2", "2026-01-03T00:00:00Z", "reopened") +
             update("2", "2026-01-04T00:00:00Z", "decided", "body") + update("9", "2026-01-03T00:00:00Z", "escalated");
  s.send(updates);
  CHECK(s.figure("all", Metric::escalated_complaints_per_1000).value == 1);
  const auto reopened = s.figure("all", Metric::complaint_reopened_rate);
  CHECK(reopened.value == 0.25);
  CHECK(reopened.n == 8);
  CHECK(reopened.formula == "clopper-pearson/v1");
}

TEST_CASE("harm: days from a burden to its end, by decision, whatever comes first") {
  // 1: restored after 4 days, complained of twice. 2: found for the person after 2.5, never restored. 3: no burden.
  // 4: found for the body. 5: restored after 10 days, but nobody found for the person. 6: restored after 20.5 days.
  std::vector<std::string> lines;
  for (int id = 1; id <= 6; ++id) lines.push_back(prediction(id, "2026-01-01", id == 3 ? 0 : 1));
  for (const int id : {1, 2, 3, 4, 5, 6})
    lines.push_back(
        complaint("c" + std::to_string(id), "2026-01-02T00:00:00Z", R"(,"prediction_id":)" + std::to_string(id)));
  lines.push_back(complaint("again", "2026-01-03T00:00:00Z", R"(,"prediction_id":1)"));
  lines.push_back(update("c1", "2026-01-03T12:00:00Z", "decided", "person"));
  lines.push_back(update("c1", "2026-01-05T12:00:00Z", "restored"));
  lines.push_back(update("again", "2026-01-09T12:00:00Z", "decided", "partly_person"));
  lines.push_back(update("again", "2026-01-10T12:00:00Z", "restored"));
  lines.push_back(update("c2", "2026-01-04T00:00:00Z", "decided", "person"));
  lines.push_back(update("c3", "2026-01-04T00:00:00Z", "decided", "person"));
  lines.push_back(update("c4", "2026-01-04T00:00:00Z", "decided", "body"));
  lines.push_back(update("c5", "2026-01-11T12:00:00Z", "restored"));
  lines.push_back(update("c6", "2026-01-21T00:00:00Z", "decided", "person"));
  lines.push_back(update("c6", "2026-01-22T00:00:00Z", "restored"));
  auto pilot = binary_pilot();
  pilot.windows.push_back({settings::WindowKind::count, 6});
  std::mt19937_64 rng{11};
  for (int round = 0; round < 20; ++round) {
    Scenario s(settings_of({pilot}));
    std::shuffle(lines.begin(), lines.end(), rng);
    for (const auto& line : lines) s.send(line);
    s.fold.finish(Instant{});
    for (const char* kind : {"day", "all", "count:6"}) {
      CAPTURE(kind);
      const auto days = s.figure(kind, Metric::harm_days);
      CHECK(days.value == 4 + 2.5 + 20.5);
      CHECK(days.n == 6);
      CHECK(days.formula == "harm-days/v1");
      const auto median = s.figure(kind, Metric::median_days_to_restore);
      CHECK(median.value == 12);  // of 4 and 20 whole days
      CHECK(median.n == 2);
      CHECK_FALSE(median.lower);
    }
  }
}

TEST_CASE("harm: the median of many has the interval of its order statistics; a reversed finding takes harm back") {
  Scenario s(settings_of({binary_pilot()}));
  std::string lines;
  for (int id = 1; id <= 9; ++id) {
    lines += prediction(id, "2026-01-01", 1) +
             complaint("c" + std::to_string(id), "2026-01-01T13:00:00Z", R"(,"prediction_id":)" + std::to_string(id)) +
             update("c" + std::to_string(id), "2026-01-01T14:00:00Z", "decided", "person") +
             update("c" + std::to_string(id), "2026-01-1" + std::to_string(id) + "T12:00:00Z", "restored");
  }
  s.send(lines);
  const auto median = s.figure("all", Metric::median_days_to_restore);
  CHECK(median.value == 14);
  CHECK(median.lower == 11);
  CHECK(median.upper == 17);
  CHECK(median.formula == "median-order-statistics/v1");
  CHECK(s.figure("all", Metric::harm_days).value == 9 * 14);
  s.send(update("c1", "2026-02-01T00:00:00Z", "reopened"));
  CHECK(s.figure("all", Metric::harm_days).value == 9 * 14 - 10);
}

TEST_CASE("complaints: a checkpoint holds what becomes of them") {
  auto pilot = binary_pilot();
  pilot.complaints.max_categories = 1;
  const auto first = prediction(1, "2026-01-01", 1) +
                     complaint("a", "2026-01-02T02:00:00Z", about("b", R"(,"severity":4,"prediction_id":1)")) +
                     complaint("b", "2026-01-02T03:00:00Z", about("c")) +
                     update("a", "2026-01-03T00:00:00Z", "decided", "person");
  const auto second = update("a", "2026-01-05T12:00:00Z", "restored") +
                      update("b", "2026-01-04T00:00:00Z", "escalated") +
                      complaint("c", "2026-01-02T01:00:00Z", about("a"));
  Scenario whole(settings_of({pilot})), before(settings_of({pilot})), after(settings_of({pilot}));
  whole.send(first);
  whole.send(second);
  before.send(first);
  std::map<std::string, std::string> parts;
  before.fold.save(true, [&](const std::string& name, const std::string& bytes) { parts[name] = bytes; });
  after.fold.load(parts, 1, Instant{});
  after.sequence = 1;
  after.send(second);
  CHECK(after.saved() == whole.saved());
  CHECK(categories(after) == "__other__=2000 a=1000 ");
  CHECK(after.figure("all", Metric::harm_days).value == 4);
}
