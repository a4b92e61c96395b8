// SPDX-License-Identifier: Apache-2.0
// What is sent is stable: golden files, which only a new member of the schema may change (UPDATE_GOLDEN=1).
#include "sinks/webhook_message.h"

#include <catch2/catch.hpp>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

using namespace pilotwatch;
using namespace pilotwatch::sinks;
using judge::State;
using judge::Transition;
using nlohmann::json;

namespace {

Instant at(const char* text) { return parse_rfc3339(text).value(); }

settings::Settings some_settings() {
  settings::Settings out;
  settings::Pilot pilot;
  pilot.name = "permits";
  pilot.owner = "team-a";
  settings::Limit limit;
  limit.name = "errors";
  limit.metric = settings::Metric::error_rate;
  limit.max = 0.2;
  limit.severity = settings::Severity::critical;
  limit.segment = "region";
  limit.reason = "More wrong answers than the office \"gives\" itself";
  limit.action = "Stop the pilot\nand call its owner";
  limit.runbook_url = "https://wiki.example/permits";
  pilot.limits.push_back(limit);
  out.pilots.push_back(pilot);
  out.notify.external_labels = {{"site", "north"}, {"zone", "7"}};
  return out;
}

Transition breach() {
  Transition t;
  t.pilot = "permits";
  t.limit = "errors";
  t.group = "north";
  t.from = State::ok;
  t.to = State::breach;
  t.at = at("2026-03-02T00:00:00Z");
  t.at_wall = at("2026-03-02T08:00:00.25Z");
  t.value = 0.25;
  t.lower = 0.21;
  t.upper = 0.3;
  t.threshold = 0.2;
  t.n = 400;
  t.window_start = at("2026-03-01T00:00:00Z");
  t.window_end = at("2026-03-02T00:00:00Z");
  t.episode = "0123456789abcdef";
  t.reason = "error rate 0.25 is above 0.2 \xFF";
  t.limit_hash = "fedcba98";
  return t;
}

/// Ended by a change of the settings: hardly anything is known of it.
Transition bare() {
  Transition t;
  t.pilot = "gone";
  t.limit = "none";
  t.from = State::breach;
  t.to = State::collecting;
  t.at = t.at_wall = at("2026-03-03T00:00:00Z");
  return t;
}

settings::Webhook hook(settings::WebhookFormat format) {
  settings::Webhook out;
  out.name = "ops";
  out.format = format;
  return out;
}

const std::string url = "https://watch.example";

void check_golden(const char* name, const std::string& body) {
  const std::string path = std::string(PILOTWATCH_SOURCE "/tests/sinks/golden/") + name;
  if (std::getenv("UPDATE_GOLDEN") != nullptr) std::ofstream(path, std::ios::binary) << body << '\n';
  std::ifstream file(path, std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  CHECK(body + "\n" == text.str());
}

}  // namespace

TEST_CASE("webhook message: bodies are those of the golden files") {
  const auto settings = some_settings();
  const WebhookContext context{settings, url, 57, 1};
  using settings::WebhookFormat;
  check_golden("webhook_breach.json", webhook_delivery(hook(WebhookFormat::standard), breach(), context).body);
  check_golden("webhook_breach_cloudevent.json",
               webhook_delivery(hook(WebhookFormat::cloudevents), breach(), context).body);
  check_golden("webhook_bare.json", webhook_delivery(hook(WebhookFormat::standard), bare(), context).body);
  const auto now = at("2026-03-04T05:06:07Z");
  check_golden("webhook_test.json", test_delivery(hook(WebhookFormat::standard), url, "evt_test_1", now).body);
  check_golden("webhook_test_cloudevent.json",
               test_delivery(hook(WebhookFormat::cloudevents), url, "evt_test_1", now).body);
}

TEST_CASE("webhook message: the two forms say the same, under one id") {
  const auto settings = some_settings();
  const WebhookContext context{settings, url, 57, 1};
  const auto plain = webhook_delivery(hook(settings::WebhookFormat::standard), breach(), context);
  const auto event = webhook_delivery(hook(settings::WebhookFormat::cloudevents), breach(), context);
  CHECK(plain.id == event.id);
  CHECK(json::parse(plain.body).at("data") == json::parse(event.body).at("data"));
  CHECK(json::parse(event.body).at("id") == event.id);
  CHECK(plain.created == breach().at_wall);
  CHECK(plain.next_attempt == plain.created);
  CHECK(plain.sequence == 57);
}

TEST_CASE("webhook message: the id is of the change alone, and of no other") {
  const auto settings = some_settings();
  const std::string elsewhere = "http://other";
  const auto id = webhook_id(breach(), {settings, url, 57, 1});
  auto told_otherwise = breach();
  told_otherwise.reason = "other words";
  CHECK(webhook_id(told_otherwise, {settings, elsewhere, 57, 1}) == id);
  std::set<std::string> ids{id, webhook_id(breach(), {settings, url, 58, 1}),
                            webhook_id(breach(), {settings, url, 57, 0})};
  for (const auto part : {&Transition::pilot, &Transition::limit, &Transition::group}) {
    auto other = breach();
    (other.*part) += "x";
    ids.insert(webhook_id(other, {settings, url, 57, 1}));
  }
  auto later = breach();
  later.at_wall += Millis{1};
  ids.insert(webhook_id(later, {settings, url, 57, 1}));
  CHECK(ids.size() == 7);
}

TEST_CASE("webhook message: which event a change is") {
  const auto event = [](State from, State to) {
    auto t = breach();
    t.from = from;
    t.to = to;
    return settings::webhook_event_names[static_cast<std::size_t>(webhook_event(t))];
  };
  using S = State;
  CHECK(event(S::ok, S::breach) == std::string("breach"));
  CHECK(event(S::warning, S::breach) == std::string("breach"));
  CHECK(event(S::recovering, S::breach) == std::string("state"));  // the episode goes on
  CHECK(event(S::breach, S::recovering) == std::string("state"));
  CHECK(event(S::recovering, S::ok) == std::string("resolved"));
  CHECK(event(S::breach, S::collecting) == std::string("resolved"));
  CHECK(event(S::ok, S::no_data) == std::string("no_data"));
  CHECK(event(S::ok, S::insufficient) == std::string("state"));
}

TEST_CASE("webhook message: the longest texts stay below the 20 kB that a receiver must take") {
  auto settings = some_settings();
  auto& limit = settings.pilots[0].limits[0];
  for (auto* words : {&limit.reason, &limit.action, &limit.runbook_url, &limit.owner}) words->assign(50'000, '"');
  auto t = breach();
  t.reason.assign(50'000, 'x');
  CHECK(webhook_delivery(hook(settings::WebhookFormat::standard), t, {settings, url, 1, 0}).body.size() < 20'000);
}

TEST_CASE("webhook schema: the program has the repository's file, and knows its names") {
  std::ifstream file(PILOTWATCH_SOURCE "/daemon/sinks/schema/webhook.json", std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  CHECK(webhook_schema() == text.str());
  const auto schema = json::parse(webhook_schema());
  CHECK(schema.at("$id") == webhook_schema_id);
  const auto& defs = schema.at("$defs");
  CHECK(defs.at("state").at("enum").get<std::set<std::string>>() ==
        std::set<std::string>(std::begin(judge::state_names), std::end(judge::state_names)));
  std::set<std::string> standard{"test"}, cloudevents{"io.pilotwatch.test.v1"};
  for (const auto* name : settings::webhook_event_names) {
    standard.insert(std::string("limit.") + name);
    cloudevents.insert(std::string("io.pilotwatch.limit.") + name + ".v1");
  }
  CHECK(defs.at("standard").at("properties").at("type").at("enum").get<std::set<std::string>>() == standard);
  CHECK(defs.at("cloudevent").at("properties").at("type").at("enum").get<std::set<std::string>>() == cloudevents);
}
