// SPDX-License-Identifier: Apache-2.0
#include "app/alerts_out.h"

#include <catch2/catch.hpp>

#include "support/scratch_dir.h"

using namespace pilotwatch;
using namespace pilotwatch::app;
using namespace std::chrono_literals;

namespace {

const Instant t0 = parse_rfc3339("2026-03-01T10:00:00Z").value();

sinks::Alert alert_named(const std::string& name, std::optional<Instant> resolved = {}) {
  return {{{"alertname", name}}, {{"summary", "of " + name}, {"value", "1"}}, t0, resolved, "http://a/#" + name};
}

/// "a", or "a resolved at so many seconds".
std::vector<std::string> said(const std::vector<sinks::Alert>& alerts) {
  std::vector<std::string> out;
  for (const auto& alert : alerts) {
    out.push_back(alert.labels.at("alertname"));
    if (alert.resolved_at) out.back() += " " + std::to_string((*alert.resolved_at - t0) / 1s);
  }
  return out;
}
using Said = std::vector<std::string>;

struct Store {
  testing::ScratchDir folder;
  std::optional<journal::Journal> journal{std::in_place, folder.path()};
  std::optional<AlertsOut> out{std::in_place, *journal, 15min};

  std::vector<sinks::Alert> complete(std::vector<sinks::Alert> alerts, Millis after) {
    out->complete(alerts, t0 + after);
    return alerts;
  }
  void restart() {
    out.reset();
    journal.emplace(folder.path());
    out.emplace(*journal, 15min);
  }
};

}  // namespace

TEST_CASE("alerts out: one that is made no longer is resolved, as long as resolutions are sent") {
  Store store;
  CHECK(said(store.complete({alert_named("a"), alert_named("b")}, 0s)) == Said{"a", "b"});
  const auto then = store.complete({alert_named("b")}, 10s);
  CHECK(said(then) == Said{"b", "a 10"});
  CHECK(then[1].starts_at == t0);
  CHECK(then[1].generator_url == "http://a/#a");
  CHECK(then[1].annotations.at("summary") == "of a");
  CHECK(said(store.complete({alert_named("b")}, 10s + 15min - 1ms)) == Said{"b", "a 10"});
  CHECK(said(store.complete({alert_named("b")}, 10s + 15min)) == Said{"b"});
}

TEST_CASE("alerts out: also over a restart, at the time at which it was first missed") {
  Store store;
  store.complete({alert_named("a"), alert_named("b")}, 0s);
  store.restart();
  CHECK(said(store.complete({alert_named("b")}, 60s)) == Said{"b", "a 60"});
  store.restart();
  CHECK(said(store.complete({alert_named("b")}, 90s)) == Said{"b", "a 60"});
  store.complete({alert_named("b")}, 1h);
  store.restart();
  CHECK(said(store.complete({alert_named("b")}, 1h)) == Said{"b"});
}

TEST_CASE("alerts out: one that ends by itself, or is made again, is left alone") {
  Store store;
  store.complete({alert_named("a")}, 0s);
  CHECK(said(store.complete({alert_named("a", t0 + 5s)}, 10s)) == Said{"a 5"});
  CHECK(said(store.complete({}, 1h)).empty());
  store.complete({alert_named("b")}, 1h);
  CHECK(said(store.complete({}, 1h + 1s)) == Said{"b 3601"});
  CHECK(said(store.complete({alert_named("b")}, 1h + 2s)) == Said{"b"});
}

TEST_CASE("alerts out: nothing is written while what is out stays the same, whatever the looks say") {
  Store store;
  store.complete({alert_named("a")}, 0s);
  store.journal->set_fact("alerts_out", "mark");
  auto other = alert_named("a");
  other.annotations["value"] = "2";
  store.complete({other}, 10s);
  CHECK(store.journal->fact("alerts_out") == "mark");
  store.complete({}, 10s);
  CHECK(store.journal->fact("alerts_out") != "mark");
}

TEST_CASE("alerts out: what it cannot read is nothing") {
  for (const char* text : {"", "x", "{}", "[1]", R"([{"labels":{}}])", R"([{"labels":1,"summary":2,"startsAt":"x","resolvedAt":null,"generatorURL":""}])"}) {
    Store store;
    store.journal->set_fact("alerts_out", text);
    store.restart();
    CHECK(said(store.complete({alert_named("a")}, 0s)) == Said{"a"});
  }
}
