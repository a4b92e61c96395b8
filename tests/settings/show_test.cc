// SPDX-License-Identifier: Apache-2.0
#include "settings/show.h"

#include "settings/presets.h"
#include "settings/support.h"

using namespace pilotwatch::settings;
using pilotwatch::settings::testing::problems;
using pilotwatch::settings::testing::read_file;
using pilotwatch::settings::testing::valid;

namespace {

std::string shown(const Settings& settings) {
  return show(settings, [](const Pilot&, const Limit&) { return std::string("note"); });
}

std::string with_preset(std::string_view preset) {
  return "pilots: [{name: p, outcome_horizon: 7d, features: [{name: age, kind: numeric}], segments: {attributes: "
         "[region]}, "
         "preset: " +
         std::string(preset) + (preset == "automation" ? ", classes: [a, b]" : "") + "}]\n";
}

/// Every key of a map, from what is said about one that there is not.
std::vector<std::string> known_keys(const std::string& yaml) {
  const auto said = problems(yaml);
  const auto at = said.find("known: ");
  REQUIRE(at != std::string::npos);
  std::istringstream in(said.substr(at + 7, said.find('\n', at) - at - 7));
  std::vector<std::string> out;
  for (std::string key; std::getline(in >> std::ws, key, ',');) out.push_back(key);
  return out;
}

/// Pilots that together use every key.
constexpr const char* everything = R"(
storage: {retention: 30d, max_bytes: 2GB}
memory: {decisions: 2GB}
notify:
  watchdog: true
  dashboard_url: "https://grafana.example/d/x?orgId=1"
  alertmanagers:
    - {url: "http://a:1/x", name: fixed}
    - {dns: _am._tcp.example, refresh_interval: 1m, max_targets: 3}
    - {dns: am.example, name: by-address, type: AAAA, port: 9093, scheme: https, path_prefix: /am/,
       basic_auth: {username: "1", password_file: p}, tls_config: {ca_file: ca.crt, cert_file: /etc/c, key_file: /etc/k}}
    - {url: "http://b:1", bearer_token_file: t}
  dns_servers: ["[::1]:5353", 10.0.0.53]
  webhooks:
    - {name: h, url: "https://a.example/x?y=1", format: cloudevents, secret_files: [s/new, /etc/old], events: [no_data, state],
       allow_networks: [10.0.0.0/8, "::1"], ca_file: ca.crt, timeout: 3s, retries: [1s, 1d], queue_capacity: 5, queue_bytes: 1MB}
    - {name: bare, url: "http://a:1", secret_files: [s], retries: []}
pilots:
  - name: labels
    description: d
    owner: o
    model: m
    task: binary
    outcome_horizon: 2d
    features: [{name: age, kind: numeric}]
    segments: {attributes: [region, sex], pairs: [[region, sex]], reference_groups: {region: "1", region*sex: "1*f"}, values: {region: ["1", "2 b"]}}
    reference: {first: 10}
    windows: [day, {count: 10}, {days: 3}]
    limits:
      - {name: a, metric: error_rate, window: {days: 3}, segment: region, max: 0.1, evidence: budget, share: 0.2, block: 3, design_effect: 2}
      - {name: b, metric: recall, window: {count: 10}, min: 0.1, min_n: 3, times: 2, of: 3, for: 1d, keep_firing_for: 2d, severity: info,
         alertname: A, owner: o, reason: "r: # 1", source: s, action: "- a", runbook_url: "http://x"}
      - {name: r, metric: error_rate, window: day, segment: region, compare: ratio, max: 1.25}
      - {name: c, metric: ks, feature: age, window: day, max: 0.1}
      - {name: e, metric: error_rate, window: day, max: 0.1, evidence: confidence_sequence, alpha: 0.05}
      - {name: f, metric: error_rate, window: day, max: 0.1, block: week}
      - {name: g, metric: error_rate, window: day, evidence: reference_chunks, chunks: 8, direction: both, sd: 2, ddof: 1}
  - name: file
    task: binary
    reference: {file: r.ndjson}
    limits: [{name: f, metric: psi, feature: score, window: day, evidence: reference_chunks, compare_with: other_chunks}]
  - name: numbers
    task: quantile
    limits: [{name: d, metric: mean_absolute_error, window: day, max: 3, range: 10, evidence: budget}]
  - {name: from-file, task: binary, reference: {file: r.ndjson}}
  - {name: of-period, task: binary, time_zone: Europe/Amsterdam, reference: {from: 2026-01-01, to: 2026-02-01, max_rows: 500}}
  - {name: of-previous, task: binary, reference: {previous_version: 500, name: "the last: one", strata: hour_of_week}}
)";

}  // namespace

TEST_CASE("show: what it prints is the same configuration again") {
  for (const auto& entry : std::filesystem::recursive_directory_iterator(PILOTWATCH_SOURCE "/config")) {
    if (entry.path().extension() != ".yml") continue;
    CAPTURE(entry.path());
    const auto once = shown(valid(read_file(entry.path()), entry.path()));
    CHECK(shown(valid(once, entry.path())) == once);
  }
  for (const auto& preset : presets()) {
    const auto once = shown(valid(with_preset(preset.name)));
    CAPTURE(once);
    auto again = valid(once);
    CHECK(again.pilots.at(0).preset.empty());
    again.pilots.at(0).preset = preset.name;  // is a comment
    CHECK(shown(again) == once);
  }
}

TEST_CASE("show: every limit says what its evidence is worth") {
  const auto text = shown(valid(with_preset("chatbot")));
  CHECK(text.find("evidence: budget  # note") != std::string::npos);
  CHECK(text.find("# It cannot see: answers that nobody grades") != std::string::npos);
}

TEST_CASE("show: every key that the reader knows is shown") {
  const auto once = shown(valid(everything));
  auto again = once;
  again.replace(again.find("\u2026"), std::string_view("\u2026").size(), "x");
  CHECK(shown(valid(again)) == once);
  auto keys = known_keys("pilots: [{name: p, task: binary, zzz: 1}]");
  const auto of_limits =
      known_keys("pilots: [{name: p, task: binary, limits: [{name: l, metric: volume, window: day, min: 1, zzz: 1}]}]");
  CHECK(keys.size() > 20);
  CHECK(of_limits.size() > 20);
  keys.insert(keys.end(), of_limits.begin(), of_limits.end());
  const auto of_references = known_keys("pilots: [{name: p, task: binary, reference: {first: 1, zzz: 1}}]");
  CHECK(of_references.size() > 6);
  const auto of_alertmanagers =
      known_keys("notify: {alertmanagers: [{url: http://a, zzz: 1}]}\npilots: [{name: p, task: binary}]");
  CHECK(of_alertmanagers.size() > 8);
  keys.insert(keys.end(), of_alertmanagers.begin(), of_alertmanagers.end());
  keys.insert(keys.end(), of_references.begin(), of_references.end());
  for (const auto& key : keys) {
    if (key == "preset" || key == "off") continue;  // what they do is what is shown
    CAPTURE(key);
    CHECK(once.find(" " + key + ":") != std::string::npos);
  }
}

TEST_CASE("show: of a webhook's url no more than its host, and nobody takes that for the url") {
  const auto of = [](const std::string& url) {
    return shown(valid("notify: {webhooks: [{name: h, url: '" + url +
                       "', secret_files: [s]}]}\npilots: [{name: p, task: binary}]\n"));
  };
  for (const auto* url : {"https://a.example:8443/hooks/T0SECRET", "https://a.example:8443/?token=T0SECRET",
                          "https://a.example:8443/x/T0SECRET/?y=1"}) {
    CAPTURE(url);
    const auto text = of(url);
    CHECK(text.find("SECRET") == std::string::npos);
    CHECK(text.find("url: https://a.example:8443/\u2026\n") != std::string::npos);
    CHECK_THAT(problems(text), Catch::Contains("notify.webhooks[0].url: must be"));
  }
  CHECK(of("http://a:1").find("url: http://a:1\n") != std::string::npos);
  CHECK(of("http://a:1/").find("url: http://a:1/\n") != std::string::npos);
}
