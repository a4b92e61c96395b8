// SPDX-License-Identifier: Apache-2.0
#include "sinks/api.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "sinks/schema.h"
#include "support/reader_api.h"

using namespace pilotwatch;
using Catch::Matchers::Contains;
using support::header;
using Json = nlohmann::ordered_json;

namespace {

using Query = support::ReaderApi::Query;

class Api : public support::ReaderApi {
 public:
  using ReaderApi::ReaderApi;

  Json data(const std::string& pattern, Query query = {}) {
    const auto response = get(pattern, std::move(query));
    INFO(response.body);
    REQUIRE(response.status == 200);
    CHECK(response.content_type == "application/json");
    const auto body = Json::parse(response.body);
    CHECK(body.at("status") == "success");
    return body.at("data");
  }

  /// The body of an answer of windows, "next" and all.
  Json page(Query query) {
    query.insert(query.begin(), {"pilot", "triage"});
    return Json::parse(get("/api/v1/pilots/{pilot}/windows", std::move(query)).body);
  }

  Json windows(Query query) {
    query.insert(query.begin(), {"pilot", "triage"});
    return data("/api/v1/pilots/{pilot}/windows", std::move(query));
  }
};

}  // namespace

TEST_CASE("Health and readiness answer as Prometheus does") {
  auto fixture = support::triage();
  Api api(*fixture);
  CHECK(api.get("/-/healthy").body == "Pilotwatch is Healthy.\n");
  CHECK(api.get("/-/ready").status == 200);
  CHECK(api.get("/-/ready").body == "Pilotwatch is Ready.\n");
  fixture->self.ready = false;
  fixture->self.ready_detail = "replaying the journal, 40 %";
  CHECK(api.get("/-/healthy").status == 200);
  CHECK(api.get("/-/ready").status == 503);
  CHECK(api.get("/-/ready").body == "Pilotwatch is not ready: replaying the journal, 40 %.\n");
}

TEST_CASE("/metrics speaks the format that is asked for") {
  const auto fixture = support::triage();
  Api api(*fixture);
  const auto text = api.get("/metrics");
  CHECK(text.content_type == "text/plain; version=0.0.4; charset=utf-8");
  const auto open = api.get("/metrics", {}, {{"accept", "application/openmetrics-text;version=1.0.0"}});
  CHECK(open.content_type == "application/openmetrics-text; version=1.0.0; charset=utf-8");
  CHECK_THAT(open.body, Catch::EndsWith("# EOF\n"));
}

TEST_CASE("The page comes with a policy that lets nothing run") {
  const auto fixture = support::triage();
  Api api(*fixture);
  const auto page = api.get("/");
  CHECK(page.content_type == "text/html; charset=utf-8");
  CHECK(header(page, "Content-Security-Policy") ==
        "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'");
  CHECK(header(page, "Referrer-Policy") == "no-referrer");
  CHECK(header(page, "Cache-Control") == "no-store");
  CHECK_THAT(page.body, Contains("http-equiv"));
  CHECK_THAT(api.get("/", {{"refresh", "off"}}).body, !Contains("http-equiv"));
}

TEST_CASE("/api/v1/notifiers says of each Alertmanager how it goes") {
  auto fixture = support::triage();
  Api api(*fixture);
  fixture->self.targets.clear();
  CHECK(api.data("/api/v1/notifiers") == Json::parse(R"({"alertmanagers":[],"lookups":[]})"));
  sinks::TargetStats target;
  target.target = "am";
  target.url = "http://am:9093";
  target.queue_capacity = 10'000;
  fixture->self.targets = {target};
  CHECK(api.data("/api/v1/notifiers").at("alertmanagers").at(0) ==
        Json::parse(R"({"target":"am","url":"http://am:9093","lookups":[],"state":"idle","failing_since":null,"waiting":0,"capacity":10000,"sent":0,
                        "failed":0,"dropped":{"queue_full":0,"rejected":0},"last_success":null,"last_error":null,"last_error_time":null,
                        "clock_skew_seconds":null,"refused":[]})"));
  target.lookups = {"_am._tcp.example"};
  target.state = sinks::TargetState::failing;
  target.failing_since = target.last_error_at = support::at("2026-03-01T11:00:00Z");
  target.last_success = support::at("2026-03-01T10:00:00Z");
  target.last_error = "HTTP 503: x\xff";
  target.sent = 1;
  target.failed = 2;
  target.queue_length = 3;
  target.dropped_overflow = 4;
  target.dropped_rejected = 5;
  target.skew_seconds = -1.5;
  target.refused = {{{{"alertname", "a"}}, *target.last_success, *target.failing_since, 7, 400, "no"}};
  sinks::LookupStats lookup;
  lookup.lookup = "_am._tcp.example";
  lookup.type = "SRV";
  lookup.lookups = 9;
  lookup.targets = 1;
  lookup.failures[static_cast<std::size_t>(sinks::DnsFailure::timeout)] = 2;
  lookup.last_success = target.last_success;
  fixture->self.targets = {target};
  fixture->self.lookups = {lookup};
  CHECK(api.data("/api/v1/notifiers") == Json::parse(R"({"alertmanagers":[{"target":"am","url":"http://am:9093","lookups":["_am._tcp.example"],
      "state":"failing","failing_since":"2026-03-01T11:00:00Z","waiting":3,"capacity":10000,"sent":1,"failed":2,
      "dropped":{"queue_full":4,"rejected":5},"last_success":"2026-03-01T10:00:00Z","last_error":"HTTP 503: x�",
      "last_error_time":"2026-03-01T11:00:00Z","clock_skew_seconds":-1.5,
      "refused":[{"labels":{"alertname":"a"},"first":"2026-03-01T10:00:00Z","last":"2026-03-01T11:00:00Z","times":7,"status":400,"answer":"no"}]}],
      "lookups":[{"lookup":"_am._tcp.example","type":"SRV","targets":1,"lookups":9,"failures":{"timeout":2},"last_success":"2026-03-01T10:00:00Z"}]})"));
}

TEST_CASE("/api/v1/rules has Prometheus' shape") {
  const auto fixture = support::triage();
  Api api(*fixture);
  const auto groups = api.data("/api/v1/rules").at("groups");
  REQUIRE(groups.size() == 1);
  CHECK(groups[0].at("name") == "triage");
  CHECK(groups[0].at("file") == "pilotwatch.yml");
  CHECK(groups[0].at("interval") == 15.0);
  CHECK(groups[0].at("limit") == 0);
  const auto& rule = groups[0].at("rules").at(0);
  CHECK(rule.at("type") == "alerting");
  CHECK(rule.at("name") == "PilotLimit");
  CHECK(rule.at("query") == R"(pilotwatch_limit_value{pilot="triage",limit="errors"} > 0.08)");
  CHECK(rule.at("duration") == 3600.0);
  CHECK(rule.at("keepFiringFor") == 0.0);
  CHECK(rule.at("labels") == Json{{"limit", "errors"}, {"pilot", "triage"}, {"severity", "critical"}});
  CHECK(rule.at("annotations") == Json{{"owner", "team-a"}});
  CHECK(rule.at("health") == "ok");
  CHECK(rule.at("state") == "firing");
  CHECK(rule.at("lastEvaluation") == "2026-03-03T00:00:00Z");
  CHECK(rule.at("evaluationTime") == 0.125);
  CHECK(rule.at("alerts").size() == 1);
  CHECK(groups[0].at("rules").at(1).at("state") == "inactive");
  CHECK(groups[0].at("rules").at(1).at("alerts") == Json::array());
}

TEST_CASE("Alerts that are out are listed, through missing data too") {
  auto fixture = support::triage();
  Api api(*fixture);
  for (const auto state : {judge::State::breach, judge::State::recovering, judge::State::no_data}) {
    fixture->snapshot.limits[0].state = state;
    const auto alerts = api.data("/api/v1/alerts").at("alerts");
    REQUIRE(alerts.size() == 1);
    CHECK(alerts[0].at("state") == "firing");
    CHECK(alerts[0].at("activeAt") == "2026-03-02T06:00:00Z");
    CHECK(alerts[0].at("value") == "0.1");
    CHECK(alerts[0].at("labels").at("alertname") == "PilotLimit");
    CHECK(alerts[0].at("labels").at("pilot") == "triage");
    CHECK(alerts[0].at("labels").at("limit") == "errors");
  }
  fixture->snapshot.limits[0].state = judge::State::ok;
  fixture->snapshot.limits[0].episode->ended = fixture->snapshot.limits[0].episode->ended_wall =
      support::at("2026-03-03T00:00:00Z");
  CHECK(api.data("/api/v1/alerts").at("alerts") == Json::array());
}

TEST_CASE("A condition that waits for its `for` is a pending alert with the labels it will have") {
  auto fixture = support::triage();
  Api api(*fixture);
  const auto firing = api.data("/api/v1/alerts").at("alerts").at(0);
  auto& status = fixture->snapshot.limits[0];
  status.state = judge::State::ok;
  status.episode.reset();
  status.pending_since = support::at("2026-03-02T05:30:00Z");
  const auto pending = api.data("/api/v1/alerts").at("alerts").at(0);
  CHECK(pending.at("state") == "pending");
  CHECK(pending.at("activeAt") == "2026-03-02T05:30:00Z");
  CHECK(pending.at("labels") == firing.at("labels"));
  CHECK(api.data("/api/v1/rules").at("groups").at(0).at("rules").at(0).at("state") == "pending");
}

TEST_CASE("A figure is one line of JSON") {
  const auto fixture = support::triage();
  const auto& window = *fixture->snapshot.pilots[0].windows[1];
  CHECK(sinks::figure_json("triage", window, window.figures[0]) ==
        R"({"pilot":"triage","window":{"start":"2026-03-01T00:00:00Z","end":"2026-03-02T00:00:00Z","kind":"day"},)"
        R"("model_version":null,"segment":null,"feature":null,"compare":null,"against":null,"metric":"error_rate",)"
        R"("formula":"wilson/v1","value":0.1,)"
        R"("lower":0.0435,"upper":0.2136,"noise_floor":null,"n":50,"coverage":0.5,"state":"ok","reason":null})");
  CHECK(sinks::figure_json("triage", window, window.figures[6]) ==
        R"({"pilot":"triage","window":{"start":"2026-03-01T00:00:00Z","end":"2026-03-02T00:00:00Z","kind":"day"},)"
        R"("model_version":null,"segment":{"sex":"m"},"feature":null,"compare":null,"against":null,)"
        R"("metric":"false_negative_rate",)"
        R"("formula":"wilson/v1",)"
        R"("value":null,"lower":null,"upper":null,"noise_floor":null,"n":0,"coverage":null,"state":"suppressed",)"
        R"("reason":"fewer cases than segments.min_n"})");
}

TEST_CASE("A figure without a finite value is null, and bad UTF-8 does not end the answer") {
  auto figure = support::drift_figure(settings::Metric::psi, "a\xff", std::nan(""), 3);
  const auto json =
      Json::parse(sinks::figure_json("p", *support::triage_day(support::at("2026-03-01T00:00:00Z")), figure));
  CHECK(json.at("value").is_null());
  CHECK(json.at("feature") == "a\ufffd");
}

TEST_CASE("The published schema is served as it is") {
  const auto fixture = support::triage();
  Api api(*fixture);
  const auto answer = api.get("/api/v1/schema/backtest");
  CHECK(answer.status == 200);
  CHECK(answer.content_type == "application/schema+json");
  CHECK(Json::parse(answer.body).at("$id") == sinks::backtest_schema_id);
  CHECK(sinks::schema_json() == R"({"schema":"urn:pilotwatch:schema:backtest:1"})");
}

TEST_CASE("A transition is one line of JSON") {
  const auto fixture = support::triage();
  CHECK(sinks::transition_json(fixture->snapshot.recent[0]) ==
        R"({"transition":{"pilot":"triage","limit":"errors","limit_hash":null,"group":null,"from":"ok","to":"breach",)"
        R"("at":"2026-03-02T05:00:00Z","at_wall":"2026-03-02T06:00:00Z","value":0.1,"lower":0.0435,"upper":0.2136,)"
        R"("threshold":0.08,"n":50,"window":{"start":"2026-03-01T00:00:00Z","end":"2026-03-02T00:00:00Z"},)"
        R"("episode":"e1b2","reason":"10 % is above 8 %","evidence":null,"reference_chunks":null}})");
  Api api(*fixture);
  CHECK(api.data("/api/v1/transitions").at(0).at("transition").at("to") == "breach");
}

TEST_CASE("A transition of a limit with a budget carries its evidence") {
  const auto fixture = support::triage();
  auto transition = fixture->snapshot.recent[0];
  auto& e = transition.evidence.emplace();
  e.s = 20'000;
  e.threshold = 18'000;
  e.budget_n = 9000;
  e.share = .5;
  e.block = 20;
  e.observations = 640;
  e.change_point = support::at("2026-03-01T05:00:00Z");
  e.value_since = .21;
  e.n_since = 120;
  e.formula = "e-sr-block-mean/v1";
  const auto json = Json::parse(sinks::transition_json(transition)).at("transition").at("evidence");
  CHECK(
      json.dump() ==
      R"({"s":20000.0,"threshold":18000.0,"ratio":1.0,"budget":9000.0,"clock":"days","share":0.5,"block":20,)"
      R"("observations":640,"left_out":0,"change_point":"2026-03-01T05:00:00Z","value_since_change":0.21,"n_since_change":120,)"
      R"("mean":null,"mean_lower":null,"mean_upper":null,"formula":"e-sr-block-mean/v1","reference":null,"moved":null})");
}

TEST_CASE("Windows can be filtered") {
  const auto fixture = support::triage();
  Api api(*fixture);
  CHECK(api.windows({}).size() == 14);
  CHECK(api.windows({{"limit", "1"}}).size() == 7);
  CHECK(api.windows({{"limit", "1"}})[0].at("window").at("start") == "2026-03-01T00:00:00Z");
  CHECK(api.windows({{"kind", "day"}, {"metric", "psi"}}).size() == 2);
  CHECK(api.windows({{"segment", "sex"}}).size() == 4);
  CHECK(api.windows({{"segment", "sex:f"}}).size() == 2);
  CHECK(api.windows({{"segment", ""}}).size() == 10);
  CHECK(api.windows({{"feature", "age"}, {"from", "2026-03-01T00:00:00Z"}}).size() == 2);
  CHECK(api.windows({{"to", "1772323200"}}).size() == 7);
  CHECK(api.windows({{"model_version", "v9"}}) == Json::array());
  CHECK(api.windows({{"model_version", ""}}).size() == 14);
}

namespace {

/// Windows of two kinds: `days` days and twice as many hours, with `figures` figures each.
void fill(support::SnapshotFixture& fixture, std::int64_t days, std::size_t figures) {
  auto& windows = fixture.snapshot.pilots[0].windows;
  windows.clear();
  const auto window = [&](const char* kind, std::int64_t place, std::chrono::hours length) {
    auto out = std::make_shared<engine::WindowResult>();
    out->kind_name = kind;
    out->place = place;
    out->start = Instant{} + place * length;
    out->end = out->start + length;
    out->figures.assign(figures, support::make_figure(settings::Metric::error_rate, 0.1, 0, 0.2, 50));
    windows.push_back(std::move(out));
  };
  for (std::int64_t i = 0; i < days; ++i) window("day", i, std::chrono::hours{24});
  for (std::int64_t i = 0; i < 2 * days; ++i) window("hour", i, std::chrono::hours{1});
}

/// (kind, start) of each window that an answer has, in its order.
std::vector<std::pair<std::string, std::string>> shown(const Json& body) {
  std::vector<std::pair<std::string, std::string>> out;
  for (const auto& figure : body.at("data")) {
    const auto& window = figure.at("window");
    std::pair<std::string, std::string> next{window.at("kind"), window.at("start")};
    if (out.empty() || out.back() != next) out.push_back(std::move(next));
  }
  return out;
}

}  // namespace

TEST_CASE("Windows come in pages: the newest of each kind first, each once, whatever is published meanwhile") {
  const auto fixture = support::triage();
  fixture->settings.pilots[0].windows = {{settings::WindowKind::day, 0}, {settings::WindowKind::hour, 0}};
  fill(*fixture, 20, 700);  // 14,000 figures of days, 28,000 of hours
  Api api(*fixture);
  auto body = api.page({});
  CHECK(body.at("schema") == "urn:pilotwatch:schema:backtest:1");
  const auto first = shown(body);
  REQUIRE(first.size() == 15);  // with the fifteenth 10,000 are reached
  CHECK(first.front() == std::pair<std::string, std::string>{"day", "1970-01-13T00:00:00Z"});
  CHECK(first[7] == std::pair<std::string, std::string>{"day", "1970-01-20T00:00:00Z"});
  CHECK(first.back() == std::pair<std::string, std::string>{"hour", "1970-01-02T15:00:00Z"});
  CHECK(body.at("next") == "day:12,hour:33");

  fill(*fixture, 25, 700);  // five more days, ten more hours
  auto all = first;
  int pages = 1;
  while (!body.at("next").is_null()) {
    body = api.page({{"next", body.at("next")}});
    const auto more = shown(body);
    CHECK(std::is_sorted(more.begin(), more.end()));
    all.insert(all.end(), more.begin(), more.end());
    ++pages;
  }
  CHECK(pages == 4);
  CHECK(all.size() == 60);
  std::sort(all.begin(), all.end());
  CHECK(std::adjacent_find(all.begin(), all.end()) == all.end());
}

TEST_CASE("A page has so many windows of each kind as `limit` says, and at least one") {
  const auto fixture = support::triage();
  fixture->settings.pilots[0].windows = {{settings::WindowKind::day, 0}, {settings::WindowKind::hour, 0}};
  fill(*fixture, 5, 1);
  Api api(*fixture);
  CHECK(api.page({}).at("next").is_null());  // 15 figures are one page
  const auto body = api.page({{"limit", "2"}, {"kind", "day"}});
  CHECK(shown(body).size() == 2);
  CHECK(body.at("next") == "day:3");
  CHECK(shown(api.page({{"limit", "9"}, {"kind", "day"}, {"next", "day:3"}})).size() == 3);
  CHECK(shown(api.page({{"kind", "hour"}, {"next", "day:3"}})).empty());  // hours were read to their end
  fill(*fixture, 1, 20'000);
  CHECK(shown(api.page({})).size() == 2);
  CHECK(api.page({}).at("next") == "hour:1");
}

TEST_CASE("What a query asks wrongly is answered 400, with what is wrong") {
  const auto fixture = support::triage();
  Api api(*fixture);
  const std::tuple<const char*, const char*, const char*> bad[] = {
      {"compare", "rest", "is not one of difference, ratio, any"},
      {"knid", "day", R"(unknown parameter \"knid\")"},
      {"pilot", "other", R"(unknown parameter \"pilot\")"},
      {"kind", "hour", R"(invalid parameter \"kind\": \"hour\" is not one of day)"},
      {"metric", "errors", R"(invalid parameter \"metric\": \"errors\" is not a metric)"},
      {"limit", "0", R"(invalid parameter \"limit\": \"0\" is not a positive number)"},
      {"limit", "-3", R"(\"-3\" is not a positive number)"},
      {"from", "yesterday", R"(\"yesterday\" is not an RFC 3339 time or Unix seconds)"},
      {"to", "1e300", R"(\"1e300\" is not an RFC 3339 time or Unix seconds)"},
      {"from", "nan", R"(\"nan\" is not an RFC 3339 time or Unix seconds)"},
      {"segment", "race:x", R"(is not attribute or attribute:group with attribute one of sex)"},
      {"next", "", R"(\"\" is not what an answer of this pilot gave as \"next\")"},
      {"next", "day", R"(\"day\" is not what an answer of this pilot gave as \"next\")"},
      {"next", "day:x", R"(\"day:x\" is not what)"},
      {"next", "day:1,day:2", R"(\"day:1,day:2\" is not what)"},
      {"next", "year:1", R"(\"year:1\" is not what)"},
  };
  for (const auto& [name, value, message] : bad) {
    const auto response = api.get("/api/v1/pilots/{pilot}/windows", {{"pilot", "triage"}, {name, value}});
    CHECK(response.status == 400);
    CHECK_THAT(response.body,
               Catch::StartsWith(R"({"status":"error","errorType":"bad_data","error":")") && Contains(message));
  }
  const auto twice = api.get("/api/v1/pilots/{pilot}/windows", {{"pilot", "triage"}, {"kind", "day"}, {"kind", "day"}});
  CHECK_THAT(twice.body, Contains(R"(parameter \"kind\" is given twice)"));
  CHECK(api.get("/api/v1/pilots/{pilot}/windows", {{"pilot", "<b>"}}).status == 404);
}

TEST_CASE("Confusion tables say which are suppressed") {
  const auto fixture = support::triage();
  Api api(*fixture);
  const auto response =
      api.get("/api/v1/pilots/{pilot}/confusion", {{"pilot", "triage"}, {"segment", "sex"}, {"limit", "1"}});
  CHECK(response.body ==
        R"({"status":"success","data":[)"
        "\n"
        R"({"pilot":"triage","window":{"start":"2026-03-01T00:00:00Z","end":"2026-03-02T00:00:00Z","kind":"day"},)"
        R"("model_version":null,"segment":{"sex":"f"},"label":"1","tp":6,"fp":1,"fn":2,"tn":11,"state":"ok",)"
        R"("reason":null},)"
        "\n"
        R"({"pilot":"triage","window":{"start":"2026-03-01T00:00:00Z","end":"2026-03-02T00:00:00Z","kind":"day"},)"
        R"("model_version":null,"segment":{"sex":"m"},"label":"1","tp":null,"fp":null,"fn":null,"tn":null,)"
        R"("state":"suppressed","reason":"a count is below segments.min_n, or would show one that is"})"
        "\n],\"next\":\"day:20513\"}\n");
  CHECK(api.get("/api/v1/pilots/{pilot}/confusion", {{"pilot", "triage"}, {"metric", "psi"}}).status == 400);
}

TEST_CASE("/api/v1/pilots lists what each pilot has") {
  const auto fixture = support::triage();
  Api api(*fixture);
  const auto pilot = api.data("/api/v1/pilots").at(0);
  CHECK(pilot.at("task") == "binary");
  CHECK(pilot.at("now") == "2026-03-03T00:00:00Z");
  CHECK(pilot.at("counters").at("predictions") == 200);
  CHECK(pilot.at("reference").at("n") == 5000);
  CHECK(
      pilot.at("references").dump() ==
      R"([{"id":"0123456789abcdef0123456789abcdef","kind":"first","name":null,"strata":"none","model_versions":null,"n":5000,)"
      R"("outcomes":0,"frozen_at":"2026-02-01T00:00:00Z"}])");
  CHECK(pilot.at("limits").at(0).at("state") == "breach");
  CHECK(pilot.at("limits").at(1).at("group") == "m");
  CHECK(pilot.at("windows").dump() ==
        R"([{"kind":"day","closed":2,"newest":{"start":"2026-03-01T00:00:00Z","end":"2026-03-02T00:00:00Z",)"
        R"("mature":true}}])");
}

TEST_CASE("Limits are listed with what is in force since when, and with their history") {
  const auto fixture = support::triage();
  const auto& pilot = fixture->snapshot.pilots[0];
  const auto& limit = pilot.settings->limits[0];
  judge::LimitRecord first, second, gone;
  first = {"triage", "errors", "aa", "", {}, support::at("2026-01-01T00:00:00Z"), {"max"}, true, "max: 0.1\n"};
  second = {"triage",
            "errors",
            "bb",
            "aa",
            support::at("2026-02-01T00:00:00Z"),
            support::at("2026-02-02T00:00:00Z"),
            {"owner"},
            false,
            "max: 0.1\nowner: x\n"};
  gone = {"triage", "old", "", "cc", {}, support::at("2026-02-02T00:00:00Z"), {"max"}, true, ""};
  fixture->snapshot.limit_records = {first, second, gone};
  Api api(*fixture);
  const auto data = api.data("/api/v1/pilots/{pilot}/limits", {{"pilot", "triage"}});
  REQUIRE(limit.name == "errors");
  REQUIRE(data.at("limits").size() == 1);
  CHECK(data.at("limits").at(0).dump() ==
        R"({"limit":"errors","hash":"bb","since":"2026-02-01T00:00:00Z","since_wall":"2026-02-02T00:00:00Z",)"
        R"("evidence_since":null,"evidence_since_wall":"2026-01-01T00:00:00Z","budget_share":null,)"
        R"("definition":{"max":"0.1","owner":"x"}})");
  REQUIRE(data.at("history").size() == 3);
  CHECK(
      data.at("history").at(2).dump() ==
      R"({"pilot":"triage","limit":"old","hash":null,"previous":"cc","since":null,"since_wall":"2026-02-02T00:00:00Z",)"
      R"("changed":["max"],"epoch":true,"definition":null})");
  CHECK(Json::parse(sinks::limit_json(second)).at("limit") == data.at("history").at(1));
  CHECK(api.get("/api/v1/pilots/{pilot}/limits", {{"pilot", "x"}}).status == 404);
  CHECK(api.get("/api/v1/pilots/{pilot}/limits", {{"pilot", "triage"}, {"kind", "day"}}).status == 400);
}

TEST_CASE("A digest selects the most limits whose evidence is at least K N / k") {
  const auto fixture = support::triage();
  auto& pilot = fixture->settings.pilots[0];
  pilot.limits.assign(3, pilot.limits[0]);
  auto& statuses = fixture->snapshot.limits;
  statuses.assign(3, statuses[0]);
  const auto selected = [&](double a, double b, double c, const char* level) {
    const double s[] = {a, b, c};
    for (std::size_t i = 0; i < 3; ++i) {
      pilot.limits[i].evidence = settings::Evidence::budget;
      statuses[i].limit = &pilot.limits[i];
      statuses[i].evidence.emplace().s = s[i];
    }
    Api api(*fixture);
    std::string out;
    const auto data = api.data("/api/v1/pilots/{pilot}/digest", {{"pilot", "triage"}, {"level", level}});
    for (const auto& limit : data.at("limits")) out += limit.at("selected").get<bool>() ? 'x' : '.';
    return out;
  };
  // 90 days / 0.1 = 900: k = 1 needs 2,700, k = 2 1,350, k = 3 900 of each.
  CHECK(selected(1400, 10, 1350, "0.1") == "x.x");
  CHECK(selected(1400, 10, 1349, "0.1") == "...");
  CHECK(selected(2700, 10, 1349, "0.1") == "x..");
  CHECK(selected(900, 900, 900, "0.1") == "xxx");
  CHECK(selected(1400, 10, 1350, "0.05") == "...");
  statuses[2].evidence.reset();  // nothing gathered yet: one of the three all the same
  Api api(*fixture);
  const auto data = api.data("/api/v1/pilots/{pilot}/digest", {{"pilot", "triage"}});
  CHECK(data.at("level") == 0.1);
  CHECK(data.at("watched") == 3);
  CHECK(data.at("over") == 90.0);
  for (const char* wrong : {"0", "1.1", "nan", "x", ""})
    CHECK(api.get("/api/v1/pilots/{pilot}/digest", {{"pilot", "triage"}, {"level", wrong}}).status == 400);
  CHECK(api.get("/api/v1/pilots/{pilot}/digest", {{"pilot", "x"}}).status == 404);
}

TEST_CASE("Changes and findings of a pilot are listed") {
  const auto fixture = support::triage();
  auto& view = fixture->snapshot.pilots[0];
  view.changes = {{support::at("2026-02-28T08:00:00Z"), "model", "v2", "v3", true, "hash"},
                  {support::at("2026-03-01T08:00:00Z"), "policy", "", "", {}, "hash"}};
  view.findings = {{engine::unannounced_version_change, "v4", support::at("2026-03-02T08:00:00Z")}};
  Api api(*fixture);
  const auto data = api.data("/api/v1/pilots/{pilot}/changes", {{"pilot", "triage"}});
  CHECK(data.at("changes").dump() ==
        R"([{"time":"2026-02-28T08:00:00Z","what":"model","from":"v2","to":"v3","announced":true},)"
        R"({"time":"2026-03-01T08:00:00Z","what":"policy","from":null,"to":null,"announced":null}])");
  CHECK(data.at("findings").at(0).at("model_version") == "v4");
  CHECK(api.data("/api/v1/pilots").at(0).at("findings") == data.at("findings"));
  CHECK(api.get("/api/v1/pilots/{pilot}/changes", {{"pilot", "x"}}).status == 404);
  CHECK(api.get("/api/v1/pilots/{pilot}/changes", {{"pilot", "triage"}, {"kind", "day"}}).status == 400);
}

TEST_CASE("An answer that cannot be made is a 500, not a lost request") {
  const auto fixture = support::triage();
  sinks::ApiContext context;
  context.fresh = [&](const std::function<void(std::shared_ptr<const judge::Snapshot>)>& done) {
    done(std::make_shared<const judge::Snapshot>(fixture->snapshot));
  };
  context.self = []() -> sinks::SelfStats { throw std::runtime_error("no /proc"); };
  for (const auto& route : sinks::reader_routes(context)) {
    if (route.pattern != "/api/v1/pilots") continue;
    route.handler({}, [](const runtime::HttpResponse& response) { CHECK(response.status == 500); });
  }
}
