// SPDX-License-Identifier: Apache-2.0
#include "app/simulation.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "app/simulation_random.h"

using namespace pilotwatch;
using namespace pilotwatch::app;
using nlohmann::json;

namespace {

std::vector<SimulatedLine> all(const SimulateOptions& options) {
  std::vector<SimulatedLine> out;
  Simulation simulation(options);
  while (auto line = simulation.next()) out.push_back(std::move(*line));
  return out;
}

std::string text(const SimulateOptions& options) {
  std::string out;
  for (const auto& line : all(options)) out += line.json + "\n";
  return out;
}

SimulateOptions short_run() {
  SimulateOptions options;
  options.days = 10;
  options.decisions_per_day = 200;
  options.drift_at_day = 5;
  options.complaint_surge_at_day = 5;
  return options;
}

SimulateOptions only(const std::string& pilot) {
  auto options = short_run();
  options.pilots = {pilot};
  return options;
}

/// Share of wrong decisions among those with a known outcome, made in [from, to) days.
double error_rate(const SimulateOptions& options, double from, double to) {
  const auto start = *parse_rfc3339(options.start);
  std::map<std::string, json> predicted;
  double errors = 0, known = 0;
  for (const auto& line : all(options)) {
    const auto record = json::parse(line.json);
    const double day = to_seconds(line.time) / 86400 - to_seconds(start) / 86400;
    if (record["type"] == "prediction" && record.contains("prediction") && day >= from && day < to) {
      predicted[record["id"]] = record["prediction"];
    } else if (record["type"] == "outcome" && predicted.contains(record["id"])) {
      const auto& guess = predicted[record["id"]];
      const bool number = record["pilot"] == "demand";
      const bool wrong = number ? std::abs(guess.get<double>() - record["actual"].get<double>()) >
                                      0.15 * record["actual"].get<double>()
                                : guess != record["actual"];
      errors += wrong ? 1 : 0;
      ++known;
    }
  }
  REQUIRE(known > 300);
  return errors / known;
}

std::size_t count_of(const SimulateOptions& options, const std::string& type) {
  std::size_t out = 0;
  for (const auto& line : all(options)) out += json::parse(line.json)["type"] == type ? 1U : 0U;
  return out;
}

/// FNV-1a 64: enough to pin bytes.
std::uint64_t fingerprint(const std::string& bytes) {
  std::uint64_t hash = 14695981039346656037ULL;
  for (const char c : bytes) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
  return hash;
}

}  // namespace

TEST_CASE("exp and log are exact to the last digits") {
  for (double x = -30; x <= 30; x += 0.37) CHECK(portable_exp(x) == Approx(std::exp(x)).epsilon(1e-14));
  for (double x = 1e-9; x < 1e9; x *= 1.7) CHECK(portable_log(x) == Approx(std::log(x)).epsilon(1e-14).margin(1e-15));
}

TEST_CASE("the dice have the moments they should have") {
  Dice dice(7);
  const int n = 100'000;
  double sum = 0, squares = 0, poisson = 0, logs = 0;
  for (int i = 0; i < n; ++i) {
    const double z = dice.normal();
    sum += z;
    squares += z * z;
    poisson += static_cast<double>(dice.poisson(40.5));
    logs += std::log(dice.lognormal(3, 0.5));
  }
  CHECK(sum / n == Approx(0).margin(0.02));
  CHECK(squares / n == Approx(1).margin(0.03));
  CHECK(poisson / n == Approx(40.5).margin(0.1));
  CHECK(logs / n == Approx(std::log(3)).margin(0.01));
}

TEST_CASE("the same seed gives the same bytes, another seed others") {
  auto options = short_run();
  const auto first = text(options);
  CHECK(first == text(options));
  options.seed = 2;
  CHECK(first != text(options));
}

TEST_CASE("the bytes are those of every machine") {
  SimulateOptions options;
  options.days = 3;
  options.drift_at_day = 1;
  CHECK(fingerprint(text(options)) == 0x5c75f5c00220dc3eU);
}

TEST_CASE("leaving pilots out changes nothing in the others") {
  std::string routing;
  for (const auto& line : all(short_run())) {
    if (json::parse(line.json)["pilot"] == "routing") routing += line.json + "\n";
  }
  CHECK(routing == text(only("routing")));
}

TEST_CASE("every line is a record, in the order of time, with ids of its own") {
  Instant last = Instant::min();
  std::set<std::string> seen, pilots;
  std::map<std::string, std::set<std::string>> decided;
  for (const auto& line : all(short_run())) {
    const auto record = json::parse(line.json);
    const std::string type = record["type"], pilot = record["pilot"], id = record["id"];
    CHECK(line.time >= last);
    last = line.time;
    CHECK(parse_rfc3339(record["time"].get<std::string>()) == line.time);
    CHECK(seen.insert(pilot + type + id).second);
    if (type == "prediction") {
      CHECK(record.contains("model_version"));
      CHECK(record["features"].is_object());
      decided[pilot].insert(id);
    }
    if (type == "outcome") CHECK(decided[pilot].contains(id));
    if (type == "complaint" && record.contains("prediction_id"))
      CHECK(decided[pilot].contains(record["prediction_id"]));
    pilots.insert(pilot);
  }
  CHECK(pilots == std::set<std::string>(std::begin(simulated_pilots), std::end(simulated_pilots)));
}

TEST_CASE("versions that run side by side are announced before they decide") {
  std::set<std::string> announced, seen;
  for (const auto& line : all(only("fraud"))) {
    const auto record = json::parse(line.json);
    if (record["type"] == "change") announced.insert(record["to"].get<std::string>());
    if (record["type"] != "prediction") continue;
    const std::string version = record["model_version"];
    seen.insert(version);
    CHECK(announced.contains(version));
  }
  CHECK(seen.size() == 2);
}

TEST_CASE("class probabilities add up and name the prediction") {
  for (const auto& line : all(only("routing"))) {
    const auto record = json::parse(line.json);
    if (!record.contains("score")) continue;
    double sum = 0, greatest = 0;
    for (const auto& [label, share] : record["score"].items()) {
      sum += share.get<double>();
      greatest = std::max(greatest, share.get<double>());
    }
    CHECK(sum == Approx(1).epsilon(1e-12));
    CHECK(record["score"][record["prediction"].get<std::string>()] == greatest);
  }
}

TEST_CASE("scores and binary predictions agree at one half") {
  for (const auto* pilot : {"fraud", "allocation"}) {
    for (const auto& line : all(only(pilot))) {
      const auto record = json::parse(line.json);
      if (record["type"] == "prediction") CHECK((record["score"].get<double>() >= 0.5) == (record["prediction"] == 1));
    }
  }
}

TEST_CASE("the volume is what was asked for") {
  for (const auto pilot : simulated_pilots) {
    auto options = only(std::string(pilot));
    options.days = 28;
    options.decisions_per_day = 100;
    CHECK(static_cast<double>(count_of(options, "prediction")) == Approx(2800).margin(4 * std::sqrt(2800)));
  }
}

TEST_CASE("fraud is rare") {
  double positives = 0, known = 0;
  auto options = only("fraud");
  options.days = 60;
  for (const auto& line : all(options)) {
    const auto record = json::parse(line.json);
    if (record["type"] != "outcome") continue;
    ++known;
    positives += record["actual"] == 1 ? 1 : 0;
  }
  CHECK(positives / known == Approx(0.02).margin(0.004));
}

TEST_CASE("drift raises the error rate of the pilots it names, from its day on") {
  for (const auto* pilot : {"routing", "fraud", "demand", "allocation"}) {
    auto options = only(pilot);
    options.days = 60;
    options.decisions_per_day = 400;
    options.drift_at_day = 20;
    options.drift_pilots = {"all"};
    const double before = error_rate(options, 0, 20), after = error_rate(options, 20, 40);
    CAPTURE(pilot, before, after);
    CHECK(after > before * 1.35);
    options.drift_pilots = {};
    CHECK(error_rate(options, 0, 20) == before);
    CHECK(error_rate(options, 20, 40) < before * 1.35);
  }
}

TEST_CASE("complaints surge for a week") {
  auto options = only("chatbot");
  options.days = 30;
  options.complaint_surge_at_day = 10;
  options.complaint_surge = 1;
  const auto usual = count_of(options, "complaint");
  options.complaint_surge = 8;
  CHECK(count_of(options, "complaint") > 2 * usual);
}

TEST_CASE("options out of range are refused with a sentence") {
  auto options = short_run();
  options.start = "yesterday";
  CHECK_THROWS_WITH(Simulation(options), Catch::Contains("--start"));
  options = short_run();
  options.days = -1;
  CHECK_THROWS_WITH(Simulation(options), Catch::Contains("--days"));
  CHECK_THROWS_WITH(Simulation(only("nobody")), Catch::Contains("unknown pilot 'nobody'"));
}
