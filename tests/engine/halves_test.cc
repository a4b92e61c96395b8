// SPDX-License-Identifier: Apache-2.0
#include "engine/halves.h"

#include <catch2/catch.hpp>
#include <random>

#include "support/scenario.h"

using namespace pilotwatch;
using namespace pilotwatch::testing;
using settings::Metric;

namespace {

settings::Settings served() {
  auto pilot = binary_pilot();
  pilot.lateness = Millis{60'000};
  pilot.features = {{"amount", settings::FeatureKind::numeric}};
  pilot.segments.attributes = {"region"};
  return settings_of({pilot});
}

std::string part(const char* which, const std::string& id, const std::string& time, const std::string& rest) {
  return R"({"type":"prediction","pilot":"p","part":")" + std::string(which) + R"(","id":")" + id + R"(","time":")" +
         time + "\"" + rest + "}\n";
}
std::string request(const std::string& id, const std::string& time = "2026-05-01T10:00:00Z") {
  return part("request", id, time, R"(,"features":{"amount":5},"segments":{"region":"north"})");
}
std::string response(const std::string& id, const std::string& time = "2026-05-01T10:00:02.500Z") {
  return part("response", id, time, R"(,"prediction":1,"score":0.75,"model_version":"7")");
}
std::string whole(const std::string& id) {
  return R"({"type":"prediction","pilot":"p","id":")" + id +
         R"(","time":"2026-05-01T10:00:00Z","latency_ms":2500,"features":{"amount":5},"segments":{"region":"north"},)"
         R"("prediction":1,"score":0.75,"model_version":"7"})"
         "\n";
}
const std::string later = R"({"type":"prediction","pilot":"p","id":"end","time":"2026-05-03T00:00:00Z"})"
                          "\n";

std::string state(Scenario& s) {
  std::string out;
  s.fold.save(true, [&](const std::string& name, const std::string& bytes) {
    if (name.find("counters") == std::string::npos) out += name + "\n" + bytes + "\n";
  });
  return out;
}

const engine::PilotCounters& counters(const judge::Snapshot& snapshot) { return snapshot.pilots.front().counters; }

std::uint64_t predictions_of(const judge::Snapshot& snapshot) {
  std::uint64_t sum = 0;
  for (const auto& version : counters(snapshot).versions) sum += version.predictions;
  return sum;
}

}  // namespace

TEST_CASE("halves: a request and its response are the decision that one record would have been, in either order") {
  Scenario plain(served()), forth(served()), back(served());
  plain.send(whole("a") + later);
  forth.send(request("a") + response("a") + later);
  back.send(response("a") + request("a") + later);
  CHECK(plain.figure("day", Metric::selection_rate, "north").n == 1);
  const auto a = plain.fold.snapshot({}), b = forth.fold.snapshot({}), c = back.fold.snapshot({});
  for (const auto& other : {b, c}) {
    CHECK(counters(*other).latency_sum_s == counters(*a).latency_sum_s);
    CHECK(counters(*other).failures == 0);
    CHECK(counters(*other).versions.size() == counters(*a).versions.size());
    REQUIRE(other->pilots[0].windows.size() == a->pilots[0].windows.size());
    for (std::size_t w = 0; w < a->pilots[0].windows.size(); ++w) {
      const auto& left = a->pilots[0].windows[w]->figures;
      const auto& right = other->pilots[0].windows[w]->figures;
      REQUIRE(left.size() == right.size());
      for (std::size_t i = 0; i < left.size(); ++i) {
        CHECK(left[i].value == right[i].value);
        CHECK(left[i].n == right[i].n);
      }
    }
  }
  CHECK(state(forth) == state(back));
}

TEST_CASE("halves: repeats of a part are duplicates, before and after the other has come") {
  Scenario s(served());
  CHECK(s.send(request("a") + request("a")).duplicate == 1);
  CHECK(counters(*s.fold.snapshot({})).parts_waiting == 1);
  CHECK(s.send(response("a")).accepted == 1);
  CHECK(counters(*s.fold.snapshot({})).parts_waiting == 0);
  CHECK(s.send(response("a") + request("a")).duplicate == 2);
  CHECK(predictions_of(*s.fold.snapshot({})) == 1);
}

TEST_CASE("halves: a request without response has failed, before its window closes") {
  Scenario s(served());
  s.send(request("a") + request("b") + response("b") + later);
  CHECK(s.figure("day", Metric::failure_rate).value == 0.5);
  const auto snapshot = s.fold.snapshot({});
  CHECK(counters(*snapshot).parts_alone == 1);
  CHECK(counters(*snapshot).parts_waiting == 0);
  CHECK(counters(*snapshot).late_records == 0);
}

TEST_CASE("halves: a response alone is a decision without features, and no failure") {
  Scenario s(served());
  s.send(response("a") + later);
  CHECK(s.figure("day", Metric::failure_rate).value == 0.0);
  CHECK(s.figure("day", Metric::selection_rate).value == 1.0);
}

TEST_CASE("halves: what comes after its decision was counted changes nothing and is counted late, once") {
  Scenario s(served());
  s.send(request("a") + later);
  const auto before = s.figure("day", Metric::failure_rate).value;
  const auto applied = s.send(response("a") + response("a"));
  CHECK(applied.accepted == 1);
  CHECK(applied.duplicate == 1);
  CHECK(s.figure("day", Metric::failure_rate).value == before);
  CHECK(counters(*s.fold.snapshot({})).parts_too_late == 1);
  CHECK(counters(*s.fold.snapshot({})).late_records == 1);
  CHECK(s.send(request("a")).duplicate == 1);
}

TEST_CASE("halves: an outcome joins the decision, whichever part it came before") {
  const std::string outcome = R"({"type":"outcome","pilot":"p","id":"a","time":"2026-05-01T10:00:30Z","actual":0})"
                              "\n";
  for (const auto& lines : {outcome + request("a") + response("a"), request("a") + outcome + response("a"),
                            request("a") + response("a") + outcome}) {
    Scenario s(served());
    s.send(lines + later);
    CHECK(s.figure("day", Metric::error_rate).value == 1.0);
  }
}

TEST_CASE("halves: with the wall clock the time of the request counts, and silence does not keep a part waiting") {
  auto settings = served();
  settings.pilots[0].clock = settings::PilotClock::wall;
  Scenario s(settings);
  s.send(request("a"), at("2026-05-01T10:00:01Z"));
  REQUIRE(s.fold.next_due());
  CHECK(*s.fold.next_due() == at("2026-05-01T10:01:00Z"));
  s.send("", at("2026-05-01T10:01:00Z"));
  CHECK(counters(*s.fold.snapshot({})).parts_alone == 1);
}

TEST_CASE("halves: any order of arrival within lateness, and a stop after any record, give the same state") {
  const auto seed = GENERATE(1U, 2U, 3U);
  CAPTURE(seed);
  std::vector<std::string> lines;
  for (int i = 0; i < 12; ++i) {
    const auto id = std::to_string(i);
    if (i % 5 != 0) lines.push_back(response(id));
    if (i % 4 != 0) lines.push_back(request(id));
  }
  Scenario reference(served());
  for (const auto& line : lines) reference.send(line);
  reference.send(later);
  std::mt19937 random(seed);
  std::shuffle(lines.begin(), lines.end(), random);
  auto stopped = std::make_unique<Scenario>(served());
  for (const auto& line : lines) {
    stopped->send(line);
    std::map<std::string, std::string> parts;
    stopped->fold.save(true,
                       [&](std::string name, std::string bytes) { parts.emplace(std::move(name), std::move(bytes)); });
    auto next = std::make_unique<Scenario>(served());
    next->fold.load(parts, stopped->sequence, at("2026-06-01T00:00:00Z"));
    next->sequence = stopped->sequence;
    stopped = std::move(next);
  }
  stopped->send(later);
  const auto a = reference.fold.snapshot({}), b = stopped->fold.snapshot({});
  CHECK(counters(*a).parts_alone == counters(*b).parts_alone);
  for (const auto metric : {Metric::failure_rate, Metric::selection_rate}) {
    CHECK(reference.figure("day", metric).value == stopped->figure("day", metric).value);
    CHECK(reference.figure("day", metric).n == stopped->figure("day", metric).n);
  }
}

TEST_CASE("halves: features and segments of both parts count; of one name the request's") {
  auto settings = served();
  settings.pilots[0].segments.attributes = {"region", "model"};
  for (const bool request_first : {true, false}) {
    Scenario s(settings);
    const auto asked = part("request", "a", "2026-05-01T10:00:00Z", R"(,"segments":{"region":"north"})");
    const auto answered =
        part("response", "a", "2026-05-01T10:00:01Z", R"(,"prediction":1,"segments":{"region":"south","model":"m"})");
    s.send((request_first ? asked + answered : answered + asked) + later);
    CHECK(s.figure("day", Metric::selection_rate, "north").n == 1);
    CHECK(s.figure("day", Metric::selection_rate, "m").n == 1);
  }
}

TEST_CASE("halves: a part whose decision comes whole waits no more") {
  Scenario s(served());
  s.send(request("a") + whole("a"));
  CHECK(counters(*s.fold.snapshot({})).parts_waiting == 0);
  s.send(later);
  CHECK(counters(*s.fold.snapshot({})).parts_alone == 0);
  CHECK(s.send(response("a")).duplicate == 1);
  CHECK(counters(*s.fold.snapshot({})).parts_too_late == 0);
}

TEST_CASE("halves: after an outage, requests and responses that come one file after the other are joined") {
  auto settings = served();
  settings.pilots[0].clock = settings::PilotClock::wall;
  Scenario s(settings);
  s.send("", at("2026-05-02T09:59:00Z"));
  std::string requests, responses;
  for (int i = 0; i < 20; ++i) {
    requests += request(std::to_string(i));
    responses += response(std::to_string(i));
  }
  s.send(requests, at("2026-05-02T10:00:00Z"));
  s.send(responses, at("2026-05-02T10:00:30Z"));
  s.send("", at("2026-05-02T10:02:00Z"));
  const auto snapshot = s.fold.snapshot({});
  CHECK(counters(*snapshot).parts_alone == 0);
  CHECK(counters(*snapshot).failures == 0);
  CHECK(predictions_of(*snapshot) == 20);
}
