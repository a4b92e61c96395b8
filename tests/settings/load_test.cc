// SPDX-License-Identifier: Apache-2.0
#include "settings/load.h"

#include <set>
#include "base/id.h"

#include "settings/support.h"
#include "support/scratch_dir.h"

using namespace pilotwatch;
using namespace pilotwatch::settings;
using namespace pilotwatch::settings::testing;
using namespace std::chrono_literals;

namespace {

constexpr const char* every_key = R"(
evaluation: {interval: 5s}
storage: {checkpoint_interval: 2m, retention: 400d, max_bytes: 50GB}
memory: {decisions: 3GB}
bounds: {pilots: 7, series: 5000}
ingest: {max_body_bytes: 8MB, max_line_bytes: 2048, max_queue_requests: 3, max_queue_bytes: 1GB}
notify:
  alertmanagers: [{url: http://am:9093/prefix/, name: main}, {url: "https://[::1]:9094"}, {dns: _am._tcp.example, name: found},
                  {dns: am.example, type: A, port: 9093, scheme: https, path_prefix: /x/, refresh_interval: 5s, max_targets: 3}]
  dns_servers: [10.0.0.53, "[::1]:5353"]
  webhooks:
    - {name: cases, url: "https://c.example/h?k=1", format: cloudevents, secret_files: [new.key, /etc/old.key], events: [no_data],
       allow_networks: [10.0.0.0/8, "fd00::1"], ca_file: ca.crt, timeout: 3s, retries: [1s, 2m], queue_capacity: 5}
  external_labels: {site: north, zone: 7}
  dashboard_url: https://grafana.example/d/pilotwatch-overview?orgId=1
  resend_delay: 30s
  timeout: 3s
  resolved_retention: 0s
  queue_capacity: 11
  batch_size: 12
  watchdog: true
sources:
  - {name: log, file: ../in/a.ndjson, pilot: fraud, poll_interval: 250ms,
     start_at: end, max_open_files: 16, ignore_older: 7d}
  - {name: other, file: /var/b.ndjson}
pilots:
  - name: fraud
    description: what
    owner: who
    model: 1.9
    task: binary
    classes: ["no", "yes"]
    positive: "no"
    threshold: 0.25
    time_zone: Europe/Amsterdam
    clock: event
    lateness: 2m
    outcome_horizon: 7d
    accept: {past: 3d, future: 4h}
    unknown_fields: reject
    features: [{name: income, kind: numeric}, {name: channel, kind: categorical}]
    segments: {attributes: [sex, region], pairs: [[region, sex]], min_n: 20, max_values: 30}
    reference: {file: ref.ndjson, bins: 20, ks_exact_max_distinct: 500, max_categories: 30}
    bounds: {decisions: 1000, kept: 100, parked: 10, versions: 3, categories: 4}
    windows: [week, {count: 1000}]
    limits:
      - name: drift
        metric: psi
        window: {count: 1000}
        max: 0.2
        evidence: point
        min_n: 40
        feature: income
        for: 1h
        keep_firing_for: 2h
        severity: critical
        alertname: Custom
        owner: o
        reason: r
        source: s
        action: a
        runbook_url: https://example/x
      - {name: e, metric: error_rate, window: week, min: 0.1, segment: sex, evidence: point}
  - name: demand
    task: regression
    tolerance: {absolute: 5, relative: 0.1}
    reference: {first: 2000}
)";

const Pilot& only(const Settings& settings) { return settings.pilots.at(0); }

}  // namespace

TEST_CASE("settings: every key of the file reaches its field") {
  const auto s = valid(every_key, "/etc/pilotwatch/p.yml");
  CHECK(s.file == "/etc/pilotwatch/p.yml");
  CHECK(s.hash == content_hash(every_key).hex());
  CHECK(s.evaluation_interval == 5s);
  CHECK(s.checkpoint_interval == 2min);
  CHECK(s.retention == 400 * 24h);
  CHECK(s.max_store_bytes == 50ULL << 30);
  CHECK(s.decision_memory == 3ULL << 30);
  CHECK(s.max_pilots == 7);
  CHECK(s.max_series == 5000);
  CHECK(s.ingest.max_body_bytes == 8ULL << 20);
  CHECK(s.ingest.max_line_bytes == 2048);
  CHECK(s.ingest.max_queue_requests == 3);
  CHECK(s.ingest.max_queue_bytes == 1ULL << 30);
  REQUIRE(s.notify.alertmanagers.size() == 2);
  CHECK(s.notify.alertmanagers[0].url == "http://am:9093/prefix");
  CHECK(s.notify.alertmanagers[0].name == "main");
  CHECK(s.notify.alertmanagers[1].url == "https://[::1]:9094");
  CHECK(s.notify.alertmanagers[1].name == "[::1]:9094");
  REQUIRE(s.notify.lookups.size() == 2);
  CHECK(s.notify.lookups[0].dns == "_am._tcp.example");
  CHECK(s.notify.lookups[0].name == "found");
  CHECK(s.notify.lookups[0].type == DnsType::srv);
  CHECK(s.notify.lookups[0].refresh_interval == 30s);
  CHECK(s.notify.lookups[0].max_targets == 16);
  CHECK(s.notify.lookups[1].name == "am.example");
  CHECK(s.notify.lookups[1].type == DnsType::a);
  CHECK(s.notify.lookups[1].port == 9093);
  CHECK(s.notify.lookups[1].scheme + s.notify.lookups[1].path_prefix == "https/x");
  CHECK(s.notify.lookups[1].refresh_interval == 5s);
  CHECK(s.notify.lookups[1].max_targets == 3);
  CHECK(s.notify.evaluation_interval == 5s);
  CHECK(s.notify.dns_servers == std::vector<std::string>{"10.0.0.53", "[::1]:5353"});
  REQUIRE(s.notify.webhooks.size() == 1);
  const auto& hook = s.notify.webhooks[0];
  CHECK(hook.name == "cases");
  CHECK(hook.url == "https://c.example/h?k=1");
  CHECK(hook.format == WebhookFormat::cloudevents);
  REQUIRE(hook.secret_files.size() == 2);
  CHECK(hook.secret_files[0].filename() == "new.key");
  CHECK(hook.secret_files[1] == "/etc/old.key");
  CHECK(hook.events == std::vector{WebhookEvent::no_data});
  REQUIRE(hook.allow_networks.size() == 2);
  CHECK(to_text(hook.allow_networks[0]) == "10.0.0.0/8");
  CHECK(to_text(hook.allow_networks[1]) == "fd00::1");
  CHECK(hook.ca_file.filename() == "ca.crt");
  CHECK(hook.timeout == 3s);
  CHECK(hook.retries == std::vector<Millis>{1s, 2min});
  CHECK(hook.queue_capacity == 5);
  CHECK(hook.queue_bytes == 32 << 20);
  CHECK(s.notify.external_labels == std::map<std::string, std::string>{{"site", "north"}, {"zone", "7"}});
  CHECK(s.notify.resend_delay == 30s);
  CHECK(s.notify.timeout == 3s);
  CHECK(s.notify.resolved_retention == 0s);
  CHECK(s.notify.queue_capacity == 11);
  CHECK(s.notify.batch_size == 12);
  CHECK(s.notify.watchdog);
  CHECK(s.notify.dashboard_url == "https://grafana.example/d/pilotwatch-overview?orgId=1");
  REQUIRE(s.sources.size() == 2);
  CHECK(s.sources[0].name == "log");
  CHECK(s.sources[0].files == std::vector<std::filesystem::path>{"/etc/in/a.ndjson"});
  CHECK(s.sources[0].pilot == "fraud");
  CHECK(s.sources[0].poll_interval == 250ms);
  CHECK(s.sources[0].start_at == StartAt::end);
  CHECK(s.sources[0].max_open_files == 16);
  CHECK(s.sources[0].ignore_older == std::chrono::hours{7 * 24});
  CHECK(s.sources[1].files.at(0) == "/var/b.ndjson");
}

TEST_CASE("settings: every key of a pilot reaches its field") {
  const auto s = valid(every_key, "/etc/pilotwatch/p.yml");
  REQUIRE(s.pilots.size() == 2);
  const auto& p = s.pilots[0];
  CHECK(s.find("fraud") == &p);
  CHECK(s.find("nobody") == nullptr);
  CHECK(p.description == "what");
  CHECK(p.owner == "who");
  CHECK(p.model == "1.9");
  CHECK(p.task == Task::binary);
  CHECK(p.classes == std::vector<std::string>{"no", "yes"});
  CHECK(p.positive == "no");
  CHECK(p.threshold == 0.25);
  CHECK(p.time_zone.name() == "Europe/Amsterdam");
  CHECK(p.clock == PilotClock::event);
  CHECK(p.lateness == 2min);
  CHECK(p.outcome_horizon == 7 * 24h);
  CHECK(p.accept_past == 72h);
  CHECK(p.accept_future == 4h);
  CHECK(p.unknown_fields == UnknownFields::reject);
  REQUIRE(p.features.size() == 2);
  CHECK(p.features[0].name == "income");
  CHECK(p.features[0].kind == FeatureKind::numeric);
  CHECK(p.features[1].kind == FeatureKind::categorical);
  CHECK(p.segments.attributes == std::vector<std::string>{"sex", "region"});
  CHECK(p.segments.pairs == std::vector<AttributePair>{{"region", "sex"}});
  CHECK(p.segments.groupings() == std::vector<std::string>{"sex", "region", "region*sex"});
  CHECK(p.segments.min_n == 20);
  CHECK(p.segments.max_values == 30);
  CHECK(p.reference.file == "/etc/pilotwatch/ref.ndjson");
  CHECK(p.reference.first == 0);
  CHECK(p.reference.bins == 20);
  CHECK(p.reference.ks_exact_max_distinct == 500);
  CHECK(p.reference.max_categories == 30);
  CHECK(p.bounds.decisions == 1000);
  CHECK(p.bounds.kept == 100);
  CHECK(p.bounds.parked == 10);
  CHECK(p.bounds.versions == 3);
  CHECK(p.bounds.categories == 4);
  CHECK(p.windows == std::vector<Window>{{WindowKind::week, 0}, {WindowKind::count, 1000}});
  const auto& demand = s.pilots[1];
  CHECK(demand.task == Task::regression);
  CHECK(demand.tolerance.absolute == 5);
  CHECK(demand.tolerance.relative == 0.1);
  CHECK(demand.reference.first == 2000);
}

TEST_CASE("settings: every key of a limit reaches its field") {
  const auto s = valid(every_key);
  REQUIRE(only(s).limits.size() == 2);
  const auto& l = only(s).limits[0];
  CHECK(l.name == "drift");
  CHECK(l.metric == Metric::psi);
  CHECK(l.window == Window{WindowKind::count, 1000});
  CHECK(l.max == 0.2);
  CHECK(!l.min);
  CHECK(l.evidence == Evidence::point);
  CHECK(l.min_n == 40);
  CHECK(l.feature == "income");
  CHECK(l.for_ == 1h);
  CHECK(l.keep_firing_for == 2h);
  CHECK(l.severity == Severity::critical);
  CHECK(l.alertname == "Custom");
  CHECK(l.owner == "o");
  CHECK(l.reason == "r");
  CHECK(l.source == "s");
  CHECK(l.action == "a");
  CHECK(l.runbook_url == "https://example/x");
  const auto& e = only(s).limits[1];
  CHECK(e.min == 0.1);
  CHECK(e.segment == "sex");
  CHECK(e.evidence == Evidence::point);
  CHECK(e.alertname == "PilotErrorRateLow");
}

TEST_CASE("settings: what is not said has its default") {
  const auto s =
      valid("pilots: [{name: p, task: binary, limits: [{name: l, metric: error_rate, window: week, max: 0.1}]}]");
  const Settings defaults;
  CHECK(s.evaluation_interval == 15s);
  CHECK(s.checkpoint_interval == 1min);
  CHECK_FALSE(s.retention);
  CHECK(s.max_store_bytes == 0);
  CHECK(s.decision_memory == 1ULL << 30);
  CHECK(s.max_pilots == 1000);
  CHECK(s.max_series == 100'000);
  CHECK(s.ingest.max_body_bytes == defaults.ingest.max_body_bytes);
  CHECK(s.notify.alertmanagers.empty());
  CHECK(s.notify.resolved_retention == 15min);
  CHECK_FALSE(s.notify.watchdog);
  const auto& p = only(s);
  CHECK(p.classes == std::vector<std::string>{"0", "1"});
  CHECK(p.positive == "1");
  CHECK(p.time_zone.name() == "UTC");
  CHECK(p.clock == PilotClock::wall);
  CHECK(p.lateness == 1min);
  CHECK(p.outcome_horizon == 0s);
  CHECK(p.segments.min_n == 10);
  CHECK(!p.reference.given());
  CHECK(p.reference.max_categories == 1000);
  CHECK(p.bounds.decisions == 4'000'000'000);
  CHECK(p.bounds.kept == 10'000'000);
  CHECK(p.bounds.parked == 1'000'000);
  CHECK(p.bounds.versions == 20);
  CHECK(p.bounds.categories == 1000);
  CHECK(p.windows ==
        std::vector<Window>{{WindowKind::day, 0}, {WindowKind::week, 0}, {WindowKind::month, 0}, {WindowKind::all, 0}});
  const auto& l = p.limits.at(0);
  CHECK(l.evidence == Evidence::interval);
  CHECK(l.min_n == 30);
  CHECK(l.severity == Severity::warning);
  CHECK(l.alertname == "PilotErrorRateHigh");
}

TEST_CASE("settings: metrics without an interval decide by the value unless told so") {
  for (const auto* limit : {"metric: volume", "metric: psi, feature: age", "metric: ks, feature: score"}) {
    const auto s = valid(pilot("binary", std::string(", limits: [{name: l, window: day, max: 1, ") + limit + "}]"));
    CHECK(only(s).limits.at(0).evidence == Evidence::point);
  }
  for (const auto* metric : {"mean_absolute_error", "mean_error"}) {
    const auto s =
        valid(pilot("regression", std::string(", limits: [{name: l, window: day, max: 1, metric: ") + metric + "}]"));
    CHECK(only(s).limits.at(0).evidence == Evidence::point);
  }
}

TEST_CASE("settings: classes are spelt as the decoder spells labels") {
  const auto classes = [](const std::string& task, const std::string& list) {
    return only(valid("pilots: [{name: p, task: " + task + ", classes: " + list + "}]")).classes;
  };
  using Labels = std::vector<std::string>;
  CHECK(classes("binary", "[false, true]") == Labels{"0", "1"});
  CHECK(classes("binary", "[0, 1.0]") == Labels{"0", "1"});
  CHECK(classes("multiclass", "[1, 2.50, -0, 1e3, true]") == Labels{"1", "2.5", "0", "1000", "true"});
  CHECK(classes("multiclass", "['1', \"1.0\", !!str 2.0]") == Labels{"1", "1.0", "2.0"});
  CHECK(classes("multiclass", "[007, 1.2.3, .5, 9007199254740993]") ==
        Labels{"007", "1.2.3", ".5", "9007199254740993"});
  CHECK(only(valid("pilots: [{name: p, task: generative}]")).classes == Labels{"ok", "bad"});
  CHECK(only(valid("pilots: [{name: p, task: generative}]")).positive.empty());
  CHECK(only(valid("pilots: [{name: p, task: regression}]")).classes.empty());
  CHECK(only(valid("pilots: [{name: p, task: binary, classes: [a, b], positive: a}]")).positive == "a");
  CHECK(only(valid("pilots: [{name: p, task: binary, positive: false}]")).positive == "0");
}

TEST_CASE("settings: which class burdens follows from output, unless it is named") {
  const auto burden = [](const std::string& keys) {
    return burden_class(only(valid("pilots: [{name: p, task: binary, " + keys + "}]")));
  };
  CHECK(burden("threshold: 0.5") == "1");
  CHECK(burden("positive: 0") == "0");
  CHECK(burden("output: benefit") == "0");
  CHECK(burden("output: benefit, positive: 0") == "1");
  CHECK(burden("classes: [grant, check], positive: grant, output: benefit") == "check");
  CHECK(burden("output: benefit, burden: true") == "1");
  CHECK(only(valid("pilots: [{name: p, task: binary}]")).review_min_time == std::chrono::seconds{10});
}

TEST_CASE("settings: anchors, aliases and tags are YAML and work") {
  const auto s = valid(
      "pilots:\n- {name: a, task: binary, segments: &s {attributes: [x]}}\n- {name: !!str 7, task: binary, segments: "
      "*s}\n");
  CHECK(s.pilots[1].name == "7");
  CHECK(s.pilots[1].segments.attributes == std::vector<std::string>{"x"});
}

TEST_CASE("settings: alert names come from the metric") {
  Limit limit;
  const auto high = [&](Metric metric) {
    limit.metric = metric;
    limit.max = 1;
    return default_alertname(limit);
  };
  CHECK(high(Metric::error_rate) == "PilotErrorRateHigh");
  CHECK(high(Metric::complaints_per_1000) == "PilotComplaintsPer1000High");
  CHECK(high(Metric::ks) == "PilotKsHigh");
  limit = {};
  limit.metric = Metric::volume;
  limit.min = 1;
  CHECK(default_alertname(limit) == "PilotVolumeLow");
}

TEST_CASE("settings: every example in config/ is valid") {
  std::size_t examples = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(PILOTWATCH_SOURCE "/config")) {
    if (entry.path().extension() != ".yml") continue;
    ++examples;
    CAPTURE(entry.path());
    CHECK(problems(read_file(entry.path())) == "");
  }
  CHECK(examples >= 14);
}

TEST_CASE("settings: a file that cannot be read is a problem of its own") {
  const pilotwatch::testing::ScratchDir folder;
  const auto complaint = [](const std::filesystem::path& file) {
    const auto loaded = load(file);
    return to_string(std::get<std::vector<Problem>>(loaded).at(0));
  };
  const auto missing = folder.path() / "missing.yml";
  CHECK(complaint(missing) == missing.string() + ":1:1: cannot be read: No such file or directory");
  CHECK(complaint(folder.path()) == folder.path().string() + ":1:1: cannot be read: is a folder");
  pilotwatch::testing::append(folder.path() / "p.yml", "pilots: [{name: p, task: binary}]");
  CHECK(std::get<Settings>(load(folder.path() / "p.yml")).pilots.size() == 1);
}

TEST_CASE("load: groups of pairs are unambiguous, and can be taken apart") {
  const std::string values[] = {"", "a", "*", "\\", "a*b", "\\*", "*\\", "a\\", "__other__", "unknown", "ü / x"};
  std::set<std::string> seen;
  for (const auto& first : values) {
    for (const auto& second : values) {
      const auto group = pair_value(first, second);
      CAPTURE(group);
      CHECK(seen.insert(group).second);
      CHECK(split_pair_value(group) == std::pair(first, second));
    }
  }
  CHECK(pair_value("north", "f") == "north*f");
  for (const char* other : {"", "__other__", "a*b*c", "a\\*b", "a*b\\"}) CHECK(!split_pair_value(other));
}
