// SPDX-License-Identifier: Apache-2.0
#include "sinks/alertmanager.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <thread>

#include "runtime/http.h"
#include "sinks/alert_queue.h"

using namespace pilotwatch;
using namespace pilotwatch::sinks;
using nlohmann::json;
using runtime::HttpResponse;
using namespace std::chrono_literals;

namespace {

Instant time_of(const char* text) { return parse_rfc3339(text).value(); }
const Instant t0 = time_of("2026-03-01T10:00:00Z");

struct FixedClock final : Clock {
  [[nodiscard]] Instant now() const override { return t0; }
};

/// An Alertmanager that does what it is told.
class FakeAlertmanager {
 public:
  using Answer = std::function<std::optional<HttpResponse>(const json& alerts)>;  ///< nullopt = hang

  explicit FakeAlertmanager(std::uint16_t port = 0, const std::string& path = "/api/v2/alerts")
      : server(options(port),
               {{"POST", path, "alerts", 8 << 20, [this](runtime::HttpRequest&& request, runtime::Respond respond) {
                   take(std::move(request), std::move(respond));
                 }}}) {
    server.start();
  }
  ~FakeAlertmanager() { server.stop(0ms); }  // before what its thread uses goes
  void will(Answer answer) {
    const std::lock_guard lock(mutex_);
    answer_ = std::move(answer);
  }
  /// The body of that request, as soon as it has come.
  json post(std::size_t number) {
    std::unique_lock lock(mutex_);
    if (!changed_.wait_for(lock, 20s, [&] { return posts_.size() > number; })) {
      throw std::runtime_error("request " + std::to_string(number) + " did not come");
    }
    return posts_[number];
  }
  std::size_t posts() {
    const std::lock_guard lock(mutex_);
    return posts_.size();
  }
  std::chrono::steady_clock::duration between(std::size_t first, std::size_t second) {
    const std::lock_guard lock(mutex_);
    return times_.at(second) - times_.at(first);
  }
  [[nodiscard]] std::string url() const { return "http://127.0.0.1:" + std::to_string(server.port()); }

  std::string content_type;
  runtime::HttpServer server;

 private:
  static runtime::HttpOptions options(std::uint16_t port) {
    runtime::HttpOptions out;
    out.port = port;
    return out;
  }
  void take(runtime::HttpRequest&& request, runtime::Respond respond) {
    std::unique_lock lock(mutex_);
    content_type = request.header("content-type");
    posts_.push_back(json::parse(request.body));
    times_.push_back(std::chrono::steady_clock::now());
    const auto answer = answer_(posts_.back());
    if (!answer) hanging_.push_back(respond);
    lock.unlock();
    if (answer) respond(*answer);
    changed_.notify_all();
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  Answer answer_ = [](const json&) { return HttpResponse{200, "", ""}; };
  std::vector<json> posts_;
  std::vector<std::chrono::steady_clock::time_point> times_;
  std::vector<runtime::Respond> hanging_;
};

settings::Notify notify_to(std::initializer_list<std::string> urls) {
  settings::Notify notify;
  for (const auto& url : urls)
    notify.alertmanagers.push_back({url, "am" + std::to_string(notify.alertmanagers.size())});
  return notify;
}

Alert alert_named(const std::string& name, std::optional<Instant> resolved_at = {}) {
  return {{{"alertname", name}}, {{"summary", "s"}}, t0 - 1h, resolved_at, "http://pilotwatch/#e"};
}

std::vector<std::string> names(const json& post) {
  std::vector<std::string> out;
  for (const auto& alert : post) out.push_back(alert.at("labels").at("alertname"));
  return out;
}
using Names = std::vector<std::string>;

/// Waits for a state that only stats() shows; every change of it follows a request by moments.
template <class Condition>
bool becomes(const Alertmanagers& managers, Condition condition) {
  for (const auto until = std::chrono::steady_clock::now() + 20s; std::chrono::steady_clock::now() < until;) {
    if (condition(managers.stats())) return true;
    std::this_thread::yield();
  }
  return false;
}

struct LimitFixture {
  LimitFixture() {
    pilot.name = "loans";
    pilot.owner = "team@example.org";
    limit.name = "errors";
    limit.max = 0.1;
    limit.severity = settings::Severity::critical;
    limit.alertname = "PilotErrorRateHigh";
    status.pilot = &pilot;
    status.limit = &limit;
    status.state = judge::State::breach;
    status.reason = "The error rate of the day was above 0.1.";
    status.value = 0.25;
    status.lower = 0.125;
    status.upper = 0.5;
    status.n = 40;
    status.window_start = t0 - 48h;
    status.window_end = t0 - 24h;
    status.episode = judge::Episode{"ab12", t0 - 25h, t0 - 2h, {}, {}, 0.25};
  }
  std::vector<Alert> alerts(Instant now = t0) {
    judge::Snapshot snapshot;
    snapshot.limits = {status};
    return alerts_of(snapshot, notify, "http://host:9464", now);
  }
  settings::Pilot pilot;
  settings::Limit limit;
  settings::Notify notify;
  judge::LimitStatus status;
};

}  // namespace

TEST_CASE("alerts: a breach is an alert with what a person needs to judge it") {
  LimitFixture f;
  f.limit.runbook_url = "https://runbooks/errors";
  f.limit.action = "Ask the team.";
  const auto alerts = f.alerts();
  REQUIRE(alerts.size() == 1);
  using Texts = std::map<std::string, std::string>;
  CHECK(alerts[0].labels ==
        Texts{{"alertname", "PilotErrorRateHigh"}, {"pilot", "loans"}, {"limit", "errors"}, {"severity", "critical"}});
  CHECK(alerts[0].annotations == Texts{{"summary", "Pilot loans is beyond its limit errors."},
                                       {"description", "The error rate of the day was above 0.1."},
                                       {"value", "0.25"},
                                       {"threshold", "0.1"},
                                       {"samples", "40"},
                                       {"window", "2026-02-27T10:00:00Z/2026-02-28T10:00:00Z"},
                                       {"interval", "[0.125, 0.5]"},
                                       {"owner", "team@example.org"},
                                       {"action", "Ask the team."},
                                       {"runbook_url", "https://runbooks/errors"}});
  CHECK(alerts[0].starts_at == t0 - 2h);
  CHECK_FALSE(alerts[0].resolved_at.has_value());
  CHECK(alerts[0].generator_url == "http://host:9464/breaches/ab12");
}

TEST_CASE("alerts: the dashboard of the pilot, where there is one") {
  LimitFixture f;
  f.notify.dashboard_url = "https://grafana/d/x";
  CHECK(f.alerts()[0].annotations.at("dashboard_url") ==
        "https://grafana/d/x?var-pilot=loans&var-limit=errors&from=" +
            std::to_string((t0 - 26h).time_since_epoch() / std::chrono::milliseconds{1}) + "&to=now");
}

TEST_CASE("alerts: group and feature are labels, external labels give way to ours") {
  LimitFixture f;
  f.limit.segment = "region";
  f.limit.feature = "age";
  f.status.group = "north";
  f.notify.external_labels = {{"cluster", "a"}, {"pilot", "theirs"}};
  const auto labels = f.alerts().at(0).labels;
  CHECK(labels.at("attribute") == "region");
  CHECK(labels.at("group") == "north");
  CHECK(labels.at("feature") == "age");
  CHECK(labels.at("cluster") == "a");
  CHECK(labels.at("pilot") == "loans");
  CHECK(f.alerts().at(0).annotations.at("summary") == "Pilot loans is beyond its limit errors for region north.");
}

TEST_CASE("alerts: labels stay the same from look to look, so that it stays the same alert") {
  LimitFixture f;
  const auto before = f.alerts().at(0);
  f.status.value = 0.75;
  f.status.n = 999;
  f.status.window_end = t0;
  f.status.reason = "other";
  f.status.state = judge::State::recovering;
  CHECK(f.alerts().at(0).labels == before.labels);
  CHECK(f.alerts().at(0).annotations.at("value") == "0.75");
}

TEST_CASE("alerts: the watchdog is the same alert each time, and firing") {
  settings::Notify notify;
  notify.external_labels = {{"cluster", "a"}, {"severity", "critical"}};
  const auto alert = watchdog_alert(notify, "http://host:9464", t0);
  CHECK(alert.labels == std::map<std::string, std::string>{
                            {"alertname", "PilotwatchWatchdog"}, {"cluster", "a"}, {"severity", "none"}});
  CHECK_FALSE(alert.resolved_at.has_value());
  CHECK(alert.starts_at == t0);
  CHECK(alert.generator_url == "http://host:9464/");
}

TEST_CASE("alerts: missing data does not end a breach, an end is told for the retention") {
  LimitFixture f;
  f.status.state = judge::State::no_data;
  CHECK_FALSE(f.alerts().at(0).resolved_at.has_value());
  f.status.episode->ended = t0 - 24h;
  f.status.episode->ended_wall = t0;
  CHECK(f.alerts(t0).at(0).resolved_at == t0);
  CHECK(f.alerts(t0 + 15min - 1ms).size() == 1);
  CHECK(f.alerts(t0 + 15min).empty());
  f.status.episode.reset();
  CHECK(f.alerts().empty());
}

TEST_CASE("alerts: the JSON is Alertmanager's, times have milliseconds, bad bytes are replaced") {
  Alert firing = alert_named("a");
  firing.annotations["summary"] = "x\xFF";
  const Alert resolved = alert_named("b", t0 - 1ms);
  CHECK(
      to_json(std::vector{firing, resolved}, t0, 15min) ==
      R"([{"labels":{"alertname":"a"},"annotations":{"summary":"x)"
      "\xEF\xBF\xBD"
      R"("},)"
      R"("startsAt":"2026-03-01T09:00:00.000Z","endsAt":"2026-03-01T10:15:00.000Z","generatorURL":"http://pilotwatch/#e"},)"
      R"({"labels":{"alertname":"b"},"annotations":{"summary":"s"},)"
      R"("startsAt":"2026-03-01T09:00:00.000Z","endsAt":"2026-03-01T09:59:59.999Z","generatorURL":"http://pilotwatch/#e"}])");
  CHECK(to_json({}, t0, 15min) == "[]");
}

TEST_CASE("alert queue: a newer version takes the older one's place") {
  AlertQueue queue(10);
  queue.push(alert_named("a"));
  queue.push(alert_named("b"));
  queue.push(alert_named("a", t0));
  CHECK(queue.size() == 2);
  const auto taken = queue.take(10);
  CHECK(taken.at(0).labels.at("alertname") == "a");
  CHECK(taken.at(0).resolved_at == t0);
  CHECK(taken.size() == 2);
  CHECK(queue.size() == 0);
}

TEST_CASE("alert queue: what comes back goes in front, but never over a newer version") {
  AlertQueue queue(10);
  for (const char* name : {"a", "b", "c"}) queue.push(alert_named(name));
  auto taken = queue.take(2);
  queue.push(alert_named("a", t0));
  queue.put_back(std::move(taken));
  const auto all = queue.take(10);
  REQUIRE(all.size() == 3);
  CHECK(all[0].labels.at("alertname") == "b");
  CHECK(all[1].labels.at("alertname") == "c");
  CHECK(all[2].resolved_at == t0);
}

TEST_CASE("alert queue: the oldest go when it is full, and are counted") {
  AlertQueue queue(2);
  for (const char* name : {"a", "b", "c"}) queue.push(alert_named(name));
  CHECK(queue.dropped() == 1);
  auto taken = queue.take(1);
  CHECK(taken.at(0).labels.at("alertname") == "b");
  queue.push(alert_named("d"));
  queue.put_back(std::move(taken));
  CHECK(queue.dropped() == 2);
  CHECK(queue.take(10).at(0).labels.at("alertname") == "c");
}

TEST_CASE("alertmanager: what is new is posted at once, as JSON") {
  FakeAlertmanager fake;
  const FixedClock clock;
  Alertmanagers managers(notify_to({fake.url() + "/"}), clock);
  managers.start();
  managers.update({alert_named("a")}, t0);
  const auto post = fake.post(0);
  CHECK(names(post) == Names{"a"});
  CHECK(post[0].at("endsAt") == "2026-03-01T10:15:00.000Z");  // max(4 * 1 min, 15 min)
  CHECK(fake.content_type == "application/json");
  REQUIRE(becomes(managers, [](const auto& stats) { return stats[0].sent == 1; }));
  const auto stats = managers.stats().at(0);
  CHECK(stats.target == "am0");
  CHECK(stats.requests == 1);
  CHECK(stats.failed == 0);
  CHECK(stats.last_success == t0);
  CHECK(stats.queue_capacity == 10'000);
  CHECK(stats.last_error.empty());
}

TEST_CASE("alertmanager: a path in front of the API, and longer resend delays, are respected") {
  FakeAlertmanager fake(0, "/prefix/api/v2/alerts");
  const FixedClock clock;
  auto notify = notify_to({fake.url() + "/prefix"});
  notify.resend_delay = 10min;
  Alertmanagers managers(notify, clock);
  managers.start();
  managers.update({alert_named("a")}, t0);
  CHECK(fake.post(0)[0].at("endsAt") == "2026-03-01T10:40:00.000Z");
}

TEST_CASE("alertmanager: an alert lasts beyond the next looks of a daemon that looks rarely") {
  FakeAlertmanager fake;
  const FixedClock clock;
  auto notify = notify_to({fake.url()});
  notify.evaluation_interval = 20min;
  Alertmanagers managers(notify, clock);
  managers.start();
  managers.update({alert_named("a")}, t0);
  CHECK(fake.post(0)[0].at("endsAt") == "2026-03-01T11:20:00.000Z");
}

TEST_CASE("alertmanager: what is unchanged waits for the resend delay, what is resolved does not") {
  FakeAlertmanager fake;
  const FixedClock clock;
  auto notify = notify_to({fake.url()});
  notify.batch_size = 1;  // one alert a request, in the order of the queue
  Alertmanagers managers(notify, clock);
  managers.start();
  managers.update({alert_named("a"), alert_named("b")}, t0);
  CHECK(names(fake.post(1)) == Names{"b"});
  managers.update({alert_named("a"), alert_named("b", t0 + 30s), alert_named("c")}, t0 + 30s);
  const auto resolved = fake.post(2);
  CHECK(names(resolved) == Names{"b"});  // not a
  CHECK(resolved[0].at("endsAt") == "2026-03-01T10:00:30.000Z");
  CHECK(names(fake.post(3)) == Names{"c"});
  managers.update({alert_named("a"), alert_named("b", t0 + 30s), alert_named("c")}, t0 + 60s);
  CHECK(names(fake.post(4)) == Names{"a"});
  managers.update({alert_named("a"), alert_named("b", t0 + 30s), alert_named("c")}, t0 + 90s);
  CHECK(names(fake.post(5)) == Names{"b"});
  CHECK(names(fake.post(6)) == Names{"c"});
  managers.update({alert_named("a")}, t0 - 1h);  // the clock was set back
  CHECK(names(fake.post(7)) == Names{"a"});
  managers.update({}, t0);
  managers.update({alert_named("a")}, t0);  // gone and back: new
  CHECK(names(fake.post(8)) == Names{"a"});
}

TEST_CASE("alertmanager: when an alert is sent next is known as long as it is out, and by its labels") {
  auto notify = notify_to({"http://127.0.0.1:1"});
  notify.resend_delay = 5min;
  const FixedClock clock;
  Alertmanagers alertmanagers(notify, clock);
  const auto alert = alert_named("a");
  CHECK(alertmanagers.next_send(alert.labels) == std::nullopt);
  alertmanagers.update({alert}, t0);
  CHECK(alertmanagers.next_send(alert.labels) == t0 + 5min);
  alertmanagers.update({alert}, t0 + 1min);  // not due yet, and not sent
  CHECK(alertmanagers.next_send(alert.labels) == t0 + 5min);
  CHECK(alertmanagers.next_send(alert_named("b").labels) == std::nullopt);
  alertmanagers.update({}, t0 + 2min);
  CHECK(alertmanagers.next_send(alert.labels) == std::nullopt);
  Alertmanagers nobody(settings::Notify{}, clock);
  nobody.update({alert}, t0);
  CHECK(nobody.next_send(alert.labels) == std::nullopt);
}

TEST_CASE("alertmanager: an error of the server is tried again, later, until it works") {
  FakeAlertmanager fake;
  int calls = 0;
  fake.will([&](const json&) {
    return ++calls < 3 ? HttpResponse{500, "text/plain", "oh \xFF"} : HttpResponse{202, "", ""};
  });
  const FixedClock clock;
  Alertmanagers managers(notify_to({fake.url()}), clock);
  managers.start();
  managers.update({alert_named("a"), alert_named("b")}, t0);
  fake.post(0);
  CHECK(names(fake.post(2)) == Names{"a", "b"});
  CHECK(fake.between(0, 1) >= 490ms);  // 1 s, less up to half
  CHECK(fake.between(1, 2) >= 990ms);  // 2 s, less up to half
  REQUIRE(becomes(managers, [](const auto& stats) { return stats[0].sent == 2; }));
  CHECK(managers.stats()[0].failed == 4);
  CHECK(managers.stats()[0].queue_length == 0);
  CHECK(managers.stats()[0].last_error == "HTTP 500: oh \xEF\xBF\xBD");
}

TEST_CASE("alertmanager: Retry-After is honoured") {
  FakeAlertmanager fake;
  int calls = 0;
  fake.will([&](const json&) {
    HttpResponse busy{429, "", ""};
    busy.headers.emplace_back("Retry-After", "2");
    return ++calls == 1 ? busy : HttpResponse{200, "", ""};
  });
  const FixedClock clock;
  Alertmanagers managers(notify_to({fake.url()}), clock);
  managers.start();
  managers.update({alert_named("a")}, t0);
  fake.post(1);
  CHECK(fake.between(0, 1) >= 1990ms);
}

TEST_CASE("alertmanager: a newer version replaces the one that waits to be tried again") {
  FakeAlertmanager fake;
  int calls = 0;
  fake.will([&](const json&) { return HttpResponse{++calls == 1 ? 503U : 200U, "", ""}; });
  const FixedClock clock;
  Alertmanagers managers(notify_to({fake.url()}), clock);
  managers.start();
  managers.update({alert_named("a")}, t0);
  fake.post(0);
  managers.update({alert_named("a", t0)}, t0);
  const auto second = fake.post(1);
  REQUIRE(second.size() == 1);
  CHECK(second[0].at("endsAt") == "2026-03-01T10:00:00.000Z");
}

TEST_CASE("alertmanager: one bad alert is found by halving and dropped, the others arrive") {
  FakeAlertmanager fake;
  fake.will([](const json& alerts) {
    const auto all = names(alerts);
    return HttpResponse{std::find(all.begin(), all.end(), "bad") == all.end() ? 200U : 400U, "", ""};
  });
  const FixedClock clock;
  Alertmanagers managers(notify_to({fake.url()}), clock);
  managers.update({alert_named("a"), alert_named("b"), alert_named("bad"), alert_named("c"), alert_named("d")}, t0);
  managers.start();
  REQUIRE(becomes(managers, [](const auto& stats) { return stats[0].sent + stats[0].dropped_rejected == 5; }));
  const auto stats = managers.stats()[0];
  CHECK(stats.dropped_rejected == 1);
  CHECK(stats.sent == 4);
  CHECK(stats.failed == 0);
  CHECK(stats.queue_length == 0);
}

TEST_CASE("alertmanager: one that cannot be reached is reached when it comes up") {
  std::uint16_t port = 0;
  {
    const FakeAlertmanager earlier;
    port = earlier.server.port();
  }
  const FixedClock clock;
  Alertmanagers managers(notify_to({"http://127.0.0.1:" + std::to_string(port)}), clock);
  managers.start();
  managers.update({alert_named("a")}, t0);
  REQUIRE(becomes(managers, [](const auto& stats) { return stats[0].failed > 0 && stats[0].queue_length == 1; }));
  CHECK(managers.stats()[0].last_error.find("127.0.0.1") != std::string::npos);
  FakeAlertmanager fake(port);
  CHECK(names(fake.post(0)) == Names{"a"});
}

TEST_CASE("alertmanager: one that hangs is given up after the timeout and does not delay the others") {
  FakeAlertmanager hanging, healthy;
  hanging.will([](const json&) { return std::nullopt; });
  const FixedClock clock;
  auto notify = notify_to({hanging.url(), healthy.url()});
  notify.timeout = 100ms;
  Alertmanagers managers(notify, clock);
  managers.start();
  managers.update({alert_named("a")}, t0);
  hanging.post(0);
  CHECK(names(healthy.post(0)) == Names{"a"});
  REQUIRE(becomes(managers, [](const auto& stats) { return stats[0].failed == 1; }));
  CHECK(managers.stats()[0].last_error.find("imed out") != std::string::npos);
  hanging.post(1);  // and tried again
}

TEST_CASE("alertmanager: a full queue drops the oldest and counts them") {
  const FixedClock clock;
  FakeAlertmanager fake;
  auto notify = notify_to({fake.url()});
  notify.queue_capacity = 2;
  Alertmanagers managers(notify, clock);
  managers.update({alert_named("a"), alert_named("b"), alert_named("c")}, t0);
  CHECK(managers.stats()[0].dropped_overflow == 1);
  CHECK(managers.stats()[0].queue_length == 2);
  managers.start();
  CHECK(names(fake.post(0)) == Names{"b", "c"});
}

TEST_CASE("alertmanager: batches are of the size that was asked for") {
  FakeAlertmanager fake;
  const FixedClock clock;
  auto notify = notify_to({fake.url()});
  notify.batch_size = 2;
  Alertmanagers managers(notify, clock);
  managers.update({alert_named("a"), alert_named("b"), alert_named("c")}, t0);
  managers.start();
  CHECK(names(fake.post(0)) == Names{"a", "b"});
  CHECK(names(fake.post(1)) == Names{"c"});
}

TEST_CASE("alertmanager: stop sends what is queued and resolves nothing") {
  FakeAlertmanager fake;
  const FixedClock clock;
  Alertmanagers managers(notify_to({fake.url()}), clock);
  managers.update({alert_named("a")}, t0);
  managers.start();
  managers.stop(20s);
  REQUIRE(fake.posts() == 1);
  CHECK(fake.post(0)[0].at("endsAt") == "2026-03-01T10:15:00.000Z");
  CHECK(managers.stats()[0].sent == 1);
}

TEST_CASE("alertmanager: stop tries once more at once instead of waiting for the next turn") {
  FakeAlertmanager fake;
  int calls = 0;
  fake.will([&](const json&) {
    HttpResponse busy{503, "", ""};
    busy.headers.emplace_back("Retry-After", "120");
    return ++calls == 1 ? busy : HttpResponse{200, "", ""};
  });
  const FixedClock clock;
  Alertmanagers managers(notify_to({fake.url()}), clock);
  managers.start();
  managers.update({alert_named("a")}, t0);
  REQUIRE(becomes(managers, [](const auto& stats) { return stats[0].failed == 1; }));
  managers.stop(20s);
  CHECK(managers.stats()[0].sent == 1);
}

TEST_CASE("alertmanager: stop does not wait longer than it was told") {
  FakeAlertmanager hanging;
  hanging.will([](const json&) { return std::nullopt; });
  const FixedClock clock;
  Alertmanagers managers(notify_to({hanging.url()}), clock);
  managers.start();
  managers.update({alert_named("a")}, t0);
  hanging.post(0);
  const auto began = std::chrono::steady_clock::now();
  managers.stop(200ms);
  CHECK(std::chrono::steady_clock::now() - began < 5s);  // the timeout of requests is 10 s
  CHECK(managers.stats()[0].queue_length == 1);
}

TEST_CASE("alertmanager: a clock that differs from ours is seen") {
  FakeAlertmanager fake;
  fake.will([](const json&) {
    HttpResponse ok{200, "", ""};
    ok.headers.emplace_back("Date", "Sun, 01 Mar 2026 10:01:30 GMT");
    return ok;
  });
  const FixedClock clock;
  Alertmanagers managers(notify_to({fake.url()}), clock);
  managers.start();
  managers.update({alert_named("a")}, t0);
  CHECK(becomes(managers, [](const auto& stats) { return stats[0].skew_seconds == 90; }));
}
