// SPDX-License-Identifier: Apache-2.0
#include "settings/differences.h"

#include "settings/support.h"

using namespace pilotwatch::settings;
using pilotwatch::settings::testing::valid;

namespace {

std::string with(const std::string& top, const std::string& limits) {
  return top + "pilots: [{name: a, task: binary, limits: [" + limits + "]}, {name: b, task: regression, tolerance: {absolute: 1}}]\n";
}

std::vector<std::string> said(const std::string& before, const std::string& after) {
  std::vector<std::string> out;
  for (const auto& difference : differences(valid(before), valid(after))) out.push_back(to_string(difference));
  return out;
}

const std::string errors = "{name: e, metric: error_rate, window: day, max: 0.1}";
using Lines = std::vector<std::string>;

}  // namespace

TEST_CASE("differences: what means the same is none, however it is written") {
  const auto spelled_out = "evaluation: {interval: 15000ms}\n# a comment\n" + with("", errors);
  CHECK(said(with("", errors), with("", errors)).empty());
  CHECK(said(with("", errors), spelled_out).empty());
}

TEST_CASE("differences: a value, with its place by name") {
  const std::string other = "{name: e, metric: error_rate, window: day, max: 0.2}";
  CHECK(said(with("", errors), with("", other)) == Lines{"pilots[a].limits[e].max: 0.1 -> 0.2"});
  CHECK(said(with("", errors), with("storage: {retention: 30d}\n", errors)) == Lines{"added: storage.retention: 30d"});
  CHECK(said(with("evaluation: {interval: 1s}\n", errors), with("", errors)) == Lines{"evaluation.interval: 1s -> 15s"});
}

TEST_CASE("differences: limits and pilots that come and go, wherever they stand") {
  const std::string more = "{name: f, metric: failure_rate, window: day, max: 0.5}";
  const auto added = said(with("", errors), with("", more + ", " + errors));
  REQUIRE(added.size() == 1);
  CHECK_THAT(added[0], Catch::StartsWith("added: pilots[a].limits[f]: {name: f, "));
  const auto gone = said(with("", errors + ", " + more), with("", more));
  REQUIRE(gone.size() == 1);
  CHECK_THAT(gone[0], Catch::StartsWith("gone: pilots[a].limits[e]: {name: e, "));
  CHECK(said(with("", errors + ", " + more), with("", more + ", " + errors)) == Lines{"pilots[a].limits (order): e, f -> f, e"});
  const auto pilot = said("pilots: [{name: a, task: binary}]", "pilots: [{name: a, task: binary}, {name: c, task: binary}]");
  REQUIRE(pilot.size() == 1);
  CHECK_THAT(pilot[0], Catch::StartsWith("added: pilots[c]: "));
}

TEST_CASE("differences: of a webhook's URL it is said that it is another, and not which") {
  const auto hook = [](const std::string& url) {
    return "notify: {webhooks: [{name: h, url: \"" + url + "\", secret_files: [s]}]}\n" + with("", errors);
  };
  CHECK(said(hook("https://a/x?key=1"), hook("https://a/x?key=1")).empty());
  const auto other = said(hook("https://a/x?key=secret1"), hook("https://a/x?key=secret2"));
  REQUIRE(other.size() == 1);
  CHECK_THAT(other[0], Catch::StartsWith("notify.webhooks[h].url: "));
  CHECK_THAT(other[0], !Catch::Contains("secret"));
  CHECK(said(hook("https://a/x"), hook("https://b/y")).size() == 1);
}

TEST_CASE("differences: lists without names are compared as a whole") {
  CHECK(said("pilots: [{name: a, task: multiclass, classes: [x, y]}]", "pilots: [{name: a, task: multiclass, classes: [x, y, z]}]") ==
        Lines{"pilots[a].classes: [x, y] -> [x, y, z]"});
}
