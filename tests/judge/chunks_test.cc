// SPDX-License-Identifier: Apache-2.0
#include "judge/chunks.h"

#include <cmath>

#include "support/scenario.h"

using namespace pilotwatch;
using namespace pilotwatch::testing;
using Catch::Detail::Approx;
using judge::State;
using settings::Direction;
using settings::Metric;

namespace {

settings::Limit limit_on(Metric metric, Direction direction) {
  settings::Limit limit;
  limit.name = "l";
  limit.metric = metric;
  limit.window = {settings::WindowKind::day, 0};
  limit.evidence = settings::Evidence::reference_chunks;
  limit.direction = direction;
  limit.min_n = 1;
  return limit;
}

std::string day(int d) { return "2026-01-0" + std::to_string(d) + "T10:00:00Z"; }

/// n decisions of a day, of which `wrong` turn out wrong.
std::string decisions(int d, int n, int wrong, const std::string& rest = "", const std::string& prefix = "") {
  std::string out;
  for (int i = 0; i < n; ++i) {
    const auto id = "\"" + prefix + std::to_string(d) + "-" + std::to_string(i) + "\"";
    out += R"({"type":"prediction","pilot":"p","id":)" + id + R"(,"time":")" + day(d) + R"(","prediction":1)" + rest +
           "}\n";
    out += R"({"type":"outcome","pilot":"p","id":)" + id + R"(,"time":")" + day(d) + R"(","actual":)" +
           (i < wrong ? "0" : "1") + "}\n";
  }
  return out;
}

settings::Pilot pilot_with(settings::Limit limit) {
  auto pilot = binary_pilot();
  pilot.lateness = Millis{0};
  pilot.windows = {{settings::WindowKind::day, 0}};
  pilot.limits = {std::move(limit)};
  return pilot;
}

std::string trail(const Scenario& s) {
  std::string out;
  for (const auto& t : s.transitions)
    out += std::string(out.empty() ? "" : " ") + judge::state_names[static_cast<std::size_t>(t.to)];
  return out;
}

}  // namespace

TEST_CASE("chunks: mean and sd by hand, divisor n or n - 1, capped where the metric ends") {
  const double values[] = {0.1, 0.2, 0.3, 0.2};  // mean 0.2; squares off it 0.02
  auto limit = limit_on(Metric::error_rate, Direction::both);
  auto bound = judge::chunk_bound(limit, values, "r");
  CHECK(bound.mean == Approx(0.2));
  CHECK(bound.sd == Approx(std::sqrt(0.02 / 4)));
  CHECK(*bound.upper == Approx(0.2 + 3 * std::sqrt(0.005)));
  CHECK(*bound.lower == 0);  // 0.2 - 0.212
  CHECK(bound.chunks == 4);
  CHECK(bound.reference == "r");
  limit.chunks.ddof = 1;
  CHECK(judge::chunk_bound(limit, values, "").sd == Approx(std::sqrt(0.02 / 3)));
  limit.chunks.leave_one_out = true;
  CHECK(judge::chunk_bound(limit, values, "").sd == Approx(std::sqrt(0.02 / 3 * 1.25)));
  limit.chunks.sd = 100;
  CHECK(*judge::chunk_bound(limit, values, "").upper == 1);
  limit.metric = Metric::mean_absolute_error;
  CHECK(*judge::chunk_bound(limit, values, "").upper > 1);
  CHECK(*judge::chunk_bound(limit, values, "").lower == 0);
  limit.metric = Metric::mean_error;
  CHECK(*judge::chunk_bound(limit, values, "").lower < 0);
  limit.metric = Metric::mcc;
  CHECK(*judge::chunk_bound(limit, values, "").lower == -1);
}

TEST_CASE("chunks: NannyML's example of its standard deviation thresholds") {
  // [-1, 1, 1, 1]: sd 0.8660254037844386 with divisor n; their -1.866 and -2.732 are min - 1 sd and min - 2 sd.
  const double values[] = {-1, 1, 1, 1};
  const auto bound = judge::chunk_bound(limit_on(Metric::mean_error, Direction::below), values, "");
  CHECK(bound.sd == Approx(1.8660254037844386 - 1).epsilon(1e-15));
  CHECK(!bound.upper);
}

TEST_CASE("chunks: the first windows of a limit are collected, then frozen; what follows is judged") {
  auto limit = limit_on(Metric::error_rate, Direction::both);
  limit.chunks.own = 3;
  Scenario s(settings_of({pilot_with(limit)}));
  s.send(decisions(1, 10, 1) + decisions(2, 10, 2));
  CHECK(s.fold.statuses().front().state == State::collecting);
  CHECK(!judge::threshold_of(s.fold.statuses().front()));
  s.send(decisions(3, 10, 3) + decisions(4, 10, 4));  // mean 0.2, sd 0.0816: 0 (-0.045, capped) to 0.445
  CHECK(s.fold.statuses().front().state == State::collecting);
  CHECK(
      s.fold.statuses().front().reason ==
      "error_rate is 0.3 (95 % interval 0.107791 to 0.603222) in 10 cases; chunk 3 of 3 from which its bound is taken");
  s.send(decisions(5, 10, 5) + decisions(6, 10, 5));
  CHECK(trail(s) == "ok breach");
  const auto& breach = s.transitions.back();
  REQUIRE(breach.chunks);
  CHECK(breach.chunks->chunks == 3);
  CHECK(breach.chunks->mean == Approx(0.2));
  CHECK(breach.chunks->sd == Approx(std::sqrt(0.02 / 3)));
  CHECK(breach.threshold == breach.chunks->upper);
  CHECK(breach.reason ==
        "error_rate is 0.5 (95 % interval 0.236593 to 0.763407) in 10 cases, above the bound 0.444949");
  s.send(decisions(7, 10, 0) + decisions(8, 10, 0));  // 0 is not below 0
  CHECK(trail(s) == "ok breach ok");
}

TEST_CASE("chunks: windows with too few cases are no chunks, a gap is shown as one") {
  auto limit = limit_on(Metric::error_rate, Direction::above);
  limit.chunks.own = 2;
  limit.min_n = 5;
  Scenario s(settings_of({pilot_with(limit)}));
  s.send(decisions(1, 10, 1) + decisions(2, 4, 4) + decisions(4, 10, 1) + decisions(5, 10, 1) + decisions(6, 10, 2));
  CHECK(trail(s) == "insufficient no_data collecting ok");  // sd 0: the same value is not beyond it
  s.send(decisions(7, 10, 1));
  CHECK(trail(s) == "insufficient no_data collecting ok breach");
}

TEST_CASE("chunks: what has been collected survives a restart, and another rule drops it") {
  auto limit = limit_on(Metric::error_rate, Direction::above);
  limit.chunks.own = 3;
  const auto settings = settings_of({pilot_with(limit)});
  Scenario one(settings), two(settings);
  one.send(decisions(1, 10, 1) + decisions(2, 10, 2) + decisions(3, 10, 3));
  std::map<std::string, std::string> parts;
  one.fold.save(true, [&](const std::string& name, const std::string& bytes) { parts[name] = bytes; });
  two.fold.load(parts, 1, Instant{});
  two.sequence = 1;
  for (auto* s : {&one, &two}) s->send(decisions(4, 10, 4) + decisions(5, 10, 5) + decisions(6, 10, 5));
  CHECK(one.saved() == two.saved());
  CHECK(trail(two) == "ok breach");

  auto other = settings;
  other.pilots[0].limits[0].chunks.sd = 2;
  Scenario changed(other);
  changed.fold.load(parts, 1, Instant{});
  CHECK(changed.fold.statuses().front().reason == "no window has closed yet");
}

TEST_CASE("chunks: of a reference file: its windows, each group for itself, outcomes too") {
  auto limit = limit_on(Metric::error_rate, Direction::above);
  auto by_group = limit;
  by_group.name = "by";
  by_group.segment = "g";
  auto pilot = pilot_with(limit);
  pilot.limits.push_back(by_group);
  pilot.segments.attributes = {"g"};
  Scenario s(settings_of({pilot}));
  const auto entry =
      s.entry(decisions(1, 10, 1, R"(,"segments":{"g":"a"})") + decisions(2, 10, 3, R"(,"segments":{"g":"a"})") +
              decisions(3, 20, 4, R"(,"segments":{"g":"b"})"));
  const auto& batch = entry.submissions[0].batch;
  const auto reference = engine::freeze(pilot, {}, Instant{});
  const auto values = judge::chunk_values(s.settings->pilots[0], batch, reference);
  CHECK(values.reference == reference.id);
  CHECK(values.values.at({"l", ""}) == std::vector{0.1, 0.3, 0.2});
  CHECK(values.values.at({"by", "a"}) == std::vector{0.1, 0.3});
  CHECK(values.values.at({"by", "b"}) == std::vector{0.2});

  s.fold.set_chunks(s.settings->pilots[0], values);
  s.send(decisions(4, 10, 9, R"(,"segments":{"g":"a"})", "n") + decisions(5, 10, 1, R"(,"segments":{"g":"b"})", "n") +
         decisions(6, 10, 1, "", "n"));
  std::map<std::string, State> states;
  for (const auto& status : s.fold.statuses()) states[status.limit->name + status.group] = status.state;
  CHECK(states["l"] == State::ok);
  CHECK(states["byb"] == State::insufficient);  // one chunk has no spread
  REQUIRE(s.transitions.size() >= 2);
  CHECK(s.transitions[0].to == State::breach);
  CHECK(s.transitions[0].chunks->reference == reference.id);
  CHECK(*s.transitions[0].chunks->upper == Approx(0.2 + 3 * std::sqrt(0.02 / 3)));
}

TEST_CASE("chunks: distances from the whole reference, or each from the rows outside of it") {
  auto limit = limit_on(Metric::ks, Direction::above);
  limit.feature = "x";
  auto pilot = pilot_with(limit);
  pilot.features = {{"x", settings::FeatureKind::numeric}};
  pilot.windows.push_back({settings::WindowKind::count, 2});
  auto out = limit;
  out.name = "out";
  out.chunks.leave_one_out = true;
  auto counted = out;
  counted.name = "counted";
  counted.window = pilot.windows[1];
  pilot.limits.push_back(out);
  pilot.limits.push_back(counted);
  Scenario s(settings_of({pilot}));
  const auto x = [](double value) { return R"(,"features":{"x":)" + std::to_string(value) + "}"; };
  const auto entry = s.entry(decisions(1, 2, 0, x(1)) + decisions(2, 2, 0, x(2)) + decisions(3, 2, 0, x(1)));
  const auto& batch = entry.submissions[0].batch;
  std::vector<engine::ReferenceRow> rows;
  for (const double value : {1., 1., 2., 2., 1., 1.}) rows.push_back({Instant{}, {{value, {}}, {}}});
  const auto values =
      judge::chunk_values(s.settings->pilots[0], batch, engine::freeze(s.settings->pilots[0], rows, Instant{})).values;
  // Reference: 2/3 are 1. A day of ones is 1/3 off, the day of twos 2/3.
  const auto near = [](const std::vector<double>& got, const std::vector<double>& want) {
    REQUIRE(got.size() == want.size());
    for (std::size_t i = 0; i < got.size(); ++i) CHECK(got[i] == Approx(want[i]));
  };
  near(values.at({"l", ""}), {1. / 3, 2. / 3, 1. / 3});
  // Without the day: ones against half ones; twos against only ones.
  near(values.at({"out", ""}), {0.5, 1, 0.5});
  near(values.at({"counted", ""}), {0.5, 1, 0.5});
}
