// SPDX-License-Identifier: Apache-2.0
#include "sinks/discovery.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <catch2/catch.hpp>
#include <deque>
#include <functional>
#include <mutex>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>
#include <thread>

using namespace pilotwatch;
using namespace pilotwatch::sinks;
using namespace std::chrono_literals;
using settings::DnsType;

namespace {

const Instant t0 = parse_rfc3339("2026-03-01T10:00:00Z").value();
using Names = std::vector<std::string>;

struct FixedClock final : Clock {
  [[nodiscard]] Instant now() const override { return t0; }
};

struct ManualClock final : SteadyClock {
  [[nodiscard]] SteadyTime now() const override { return time; }
  SteadyTime time{std::chrono::hours{1}};
};

settings::AlertmanagerLookup lookup_of(DnsType type, std::uint64_t port = 0) {
  settings::AlertmanagerLookup out;
  out.dns = out.name = "am.example";
  out.type = type;
  out.port = port;
  return out;
}

Names urls(const std::vector<settings::Alertmanager>& targets) {
  Names out;
  for (const auto& target : targets) out.push_back(target.url + " " + target.name);
  return out;
}

/// What was posted to whom.
struct Posts {
  std::mutex mutex;
  std::vector<std::pair<std::string, std::string>> made;  ///< (URL, alertname)
  Names users;                                            ///< who asked, one a request
  std::size_t connected = 0;
  int at_once = 0, most_at_once = 0;
  std::function<void()> meanwhile = [] {};  ///< while a request is under way
  bool refused = false;                     ///< by everybody

  Alertmanagers::Connect connect() {
    return [this](const settings::Alertmanager& to) {
      ++connected;
      return [this, url = alerts_url(to.url), user = to.access.username](const std::string& json, Millis, Instant,
                                                                         const auto&) -> PostResult {
        const auto count = [&](int change) {
          const std::lock_guard lock(mutex);
          at_once += change;
          most_at_once = std::max(most_at_once, at_once);
        };
        count(1);
        meanwhile();
        count(-1);
        const std::lock_guard lock(mutex);
        users.push_back(user);
        if (refused) return {503, "", "", {}, {}};
        for (const auto& alert : nlohmann::json::parse(json))
          made.emplace_back(url, alert.at("labels").at("alertname"));
        return {200, "", "", {}, {}};
      };
    };
  }
  Names to(const std::string& host) {
    const std::lock_guard lock(mutex);
    Names out;
    for (const auto& [url, name] : made) {
      if (url == "http://" + host + "/api/v2/alerts") out.push_back(name);
    }
    return out;
  }
};

template <class Condition>
bool becomes(Condition condition) {
  for (const auto until = std::chrono::steady_clock::now() + 20s; std::chrono::steady_clock::now() < until;) {
    if (condition()) return true;
    std::this_thread::yield();
  }
  return false;
}

Alert alert_named(const std::string& name) { return {{{"alertname", name}}, {}, t0, {}, "http://pilotwatch/"}; }
settings::Alertmanager at(const std::string& host) { return {"http://" + host, host}; }

Names targets(const Alertmanagers& managers) {
  Names out;
  for (const auto& stats : managers.stats()) out.push_back(stats.target);
  return out;
}

/// What is kept of one look-up, whichever it is.
struct Notebook final : LookupMemory {
  [[nodiscard]] std::optional<Found> recall(const settings::AlertmanagerLookup&) const override { return found; }
  void keep(const settings::AlertmanagerLookup&, Names urls, Instant now) override { found = {std::move(urls), now}; }
  std::optional<Found> found;
};

/// A Discovery whose answers are written down before.
struct Scripted {
  explicit Scripted(settings::AlertmanagerLookup lookup) : Scripted(std::move(lookup), {}) {}
  Scripted(settings::AlertmanagerLookup lookup, std::optional<LookupMemory::Found> found) {
    notify.lookups = {std::move(lookup)};
    notebook.found = std::move(found);
    start();
  }
  /// As a process that begins: what was known is in the notebook alone.
  void start() {
    discovery.reset();
    managers.emplace(notify, clock, steady, posts.connect());
    auto resolve = [this](const std::string&, DnsType, Millis, const auto&) {
      auto next = answers.front();
      answers.pop_front();
      return next;
    };
    discovery.emplace(notify, Discovery::Parts{*managers, clock, log, resolve, &notebook, steady});
  }
  Millis step_with(DnsAnswer answer) {
    answers.push_back(std::move(answer));
    return discovery->step();
  }
  void pass(Millis time) { steady.time += time; }
  std::size_t logged(const std::string& text) const {
    std::size_t count = 0;
    for (auto at = lines.str().find(text); at != std::string::npos; at = lines.str().find(text, at + 1)) ++count;
    return count;
  }

  FixedClock clock;
  ManualClock steady;
  std::ostringstream lines;
  runtime::Log log{{.out = &lines, .steady = &steady}};
  settings::Notify notify;
  Notebook notebook;
  Posts posts;
  std::deque<DnsAnswer> answers;
  std::optional<Alertmanagers> managers;
  std::optional<Discovery> discovery;
};

DnsAnswer failed(DnsFailure failure) { return {{}, failure, "why"}; }
DnsAnswer addresses(std::initializer_list<std::string> hosts) {
  DnsAnswer out;
  for (const auto& host : hosts) out.records.push_back({host});
  return out;
}

/// A UDP socket on loopback that never answers.
struct SilentServer {
  SilentServer() : socket(::socket(AF_INET, SOCK_DGRAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    REQUIRE(bind(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
    socklen_t size = sizeof address;
    REQUIRE(getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size) == 0);
    port = ntohs(address.sin_port);
  }
  ~SilentServer() { close(); }
  void close() {
    if (socket >= 0) ::close(std::exchange(socket, -1));
  }
  [[nodiscard]] std::string server() const { return "127.0.0.1:" + std::to_string(port); }
  int socket;
  std::uint16_t port = 0;
};

}  // namespace

TEST_CASE("discovery: targets of addresses have the port of the settings, once each and in order") {
  LookupStats stats;
  auto lookup = lookup_of(DnsType::a, 9093);
  CHECK(urls(targets_of(lookup, {{"10.0.0.2"}, {"10.0.0.1"}, {"10.0.0.2"}}, {}, stats)) ==
        Names{"http://10.0.0.1:9093 10.0.0.1:9093", "http://10.0.0.2:9093 10.0.0.2:9093"});
  lookup.scheme = "https";
  lookup.path_prefix = "/am";
  CHECK(urls(targets_of(lookup, {{"fd00::1"}}, {}, stats)) == Names{"https://[fd00::1]:9093/am [fd00::1]:9093"});
  CHECK(stats.invalid + stats.beyond_bound == 0);
}

TEST_CASE("discovery: targets of SRV records bring their ports; what cannot be a URL is left out and counted") {
  LookupStats stats;
  CHECK(urls(targets_of(lookup_of(DnsType::srv),
                        {{"b.example", 2}, {"a.example", 1}, {"", 0}, {"x/y", 1}, {"c.example", 0}}, {}, stats)) ==
        Names{"http://a.example:1 a.example:1", "http://b.example:2 b.example:2"});
  CHECK(stats.invalid == 3);
}

TEST_CASE("discovery: beyond the bound who is in use stays") {
  LookupStats stats;
  auto lookup = lookup_of(DnsType::a, 1);
  lookup.max_targets = 2;
  CHECK(urls(targets_of(lookup, {{"10.0.0.1"}, {"10.0.0.2"}, {"10.0.0.3"}}, {"http://10.0.0.3:1"}, stats)) ==
        Names{"http://10.0.0.3:1 10.0.0.3:1", "http://10.0.0.1:1 10.0.0.1:1"});
  CHECK(stats.beyond_bound == 1);
}

TEST_CASE("discovery: an answer says who is told; a failure changes nothing and is counted by its reason") {
  Scripted it(lookup_of(DnsType::a, 1));
  CHECK(it.step_with(addresses({"10.0.0.1", "10.0.0.2"})) == 30s);
  CHECK(targets(*it.managers) == Names{"10.0.0.1:1", "10.0.0.2:1"});
  using enum DnsFailure;
  for (const auto failure : {no_record, server, DnsFailure::timeout, unreachable, malformed}) {
    it.pass(30s);
    CHECK(it.step_with(failed(failure)) == 30s);
    CHECK(targets(*it.managers) == Names{"10.0.0.1:1", "10.0.0.2:1"});
    CHECK(it.discovery->stats()[0].failures[static_cast<std::size_t>(failure)] == 1);
  }
  it.pass(30s);
  it.step_with(addresses({"10.0.0.2", "10.0.0.3"}));
  const auto stats = it.discovery->stats()[0];
  CHECK(stats.lookups == 7);
  CHECK(stats.targets == 2);
  CHECK(stats.last_success == t0);
  const auto now = targets(*it.managers);
  CHECK(std::ranges::count(now, "10.0.0.3:1") == 1);
  CHECK(it.logged("10.0.0.1:1") == 2);  // found, gone
}

TEST_CASE("discovery: nothing is looked up before it is due, sooner while nobody is known") {
  Scripted it(lookup_of(DnsType::srv));
  CHECK(it.step_with(failed(DnsFailure::timeout)) == 1s);
  CHECK(it.discovery->step() == 1s);
  it.pass(1s);
  CHECK(it.step_with(failed(DnsFailure::timeout)) == 2s);
  for (int i = 0; i < 10; ++i) {
    it.pass(30s);
    it.step_with(failed(DnsFailure::timeout));
  }
  CHECK(it.discovery->step() == 30s);
  CHECK(it.discovery->stats()[0].lookups == 12);
}

TEST_CASE("discovery: a look-up that fails on and on is said once in ten minutes, and that it works again") {
  Scripted it(lookup_of(DnsType::a, 1));
  it.step_with(addresses({"10.0.0.1"}));
  for (int i = 0; i < 39; ++i) {
    it.pass(30s);
    it.step_with(failed(DnsFailure::server));
  }
  CHECK(it.logged("cannot be looked up") == 2);
  it.pass(30s);
  it.step_with(addresses({"10.0.0.1"}));
  CHECK(it.logged("can be looked up again") == 1);
  it.pass(30s);
  it.step_with(failed(DnsFailure::server));
  CHECK(it.logged("cannot be looked up") == 3);
}

TEST_CASE("discovery: what is given up is no failure") {
  Scripted it(lookup_of(DnsType::a, 1));
  CHECK(it.step_with(failed(DnsFailure::given_up)) == 0ms);
  const auto stats = it.discovery->stats()[0];
  CHECK(stats.lookups + stats.failures[static_cast<std::size_t>(DnsFailure::given_up)] == 0);
}

TEST_CASE(
    "discovery: who was found before is told where the first look-up of a process fails, until an answer says "
    "otherwise") {
  Scripted it(lookup_of(DnsType::a, 1));
  it.step_with(addresses({"10.0.0.2", "10.0.0.1"}));
  it.start();
  CHECK(targets(*it.managers).empty());  // DNS may have others by now: it is asked first
  CHECK(it.step_with(failed(DnsFailure::timeout)) == 30s);
  CHECK(targets(*it.managers) == Names{"10.0.0.1:1", "10.0.0.2:1"});
  CHECK(it.discovery->stats()[0].targets == 2);
  CHECK(it.discovery->stats()[0].last_success == t0);
  CHECK(it.logged("found before are told until DNS answers") == 1);
  CHECK(it.logged("known=2") == 2);  // told further
  it.managers->update({alert_named("a")}, t0);
  CHECK(it.managers->step(0) == 0ms);
  CHECK(it.posts.to("10.0.0.1:1") == Names{"a"});
  it.pass(30s);
  it.step_with(addresses({"10.0.0.2"}));
  CHECK(targets(*it.managers).front() == "10.0.0.2:1");
  CHECK(it.logged("an Alertmanager is gone") == 1);
  CHECK(it.logged("found an Alertmanager") == 2);  // before the restart alone
  it.start();
  it.step_with(failed(DnsFailure::timeout));
  CHECK(targets(*it.managers) == Names{"10.0.0.2:1"});
  it.start();
  it.step_with(addresses({"10.0.0.3"}));  // DNS is up: nobody else is told anything
  CHECK(targets(*it.managers) == Names{"10.0.0.3:1"});
}

TEST_CASE("discovery: an answer without a usable record says nothing of those found before, as no answer does") {
  Scripted it(lookup_of(DnsType::srv), LookupMemory::Found{{"http://am:9093"}, t0});
  it.step_with({{{"am", 0}}, DnsFailure::none, ""});  // a service that is not there, by RFC 2782
  CHECK(targets(*it.managers) == Names{"am:9093"});
  CHECK(it.discovery->stats()[0].invalid == 1);
  it.pass(30s);
  it.step_with(failed(DnsFailure::timeout));
  CHECK(targets(*it.managers) == Names{"am:9093"});
  it.pass(30s);
  it.step_with({{{"am", 0}}, DnsFailure::none, ""});
  CHECK(targets(*it.managers) == Names{"am:9093"});
}

TEST_CASE("alertmanagers: who is found between two updates is given what is out at once") {
  FixedClock clock;
  settings::Notify notify;
  notify.lookups = {lookup_of(DnsType::a, 1)};
  Posts posts;
  Alertmanagers managers(notify, clock, system_steady_clock(), posts.connect());
  managers.update({alert_named("a")}, t0);
  managers.found(0, {at("late:1")}, 5s);
  CHECK(managers.step(0) == 0ms);
  CHECK(posts.to("late:1") == Names{"a"});
  managers.update({alert_named("a")}, t0 + 1s);  // not due
  CHECK(managers.step(0) == std::nullopt);
}

TEST_CASE("discovery: who was in use before a restart comes before others") {
  auto lookup = lookup_of(DnsType::a, 1);
  lookup.max_targets = 1;
  Scripted it(lookup, LookupMemory::Found{{"http://10.0.0.9:1"}, t0});
  it.step_with(addresses({"10.0.0.1", "10.0.0.9"}));
  CHECK(targets(*it.managers) == Names{"10.0.0.9:1"});
}

TEST_CASE("discovery: what is kept is told only where the look-up could have found it, and within its bound") {
  auto lookup = lookup_of(DnsType::srv);
  lookup.path_prefix = "/am";
  lookup.max_targets = 2;
  lookup.access.bearer_token_file = "token";
  Scripted it(lookup, LookupMemory::Found{
                          {"http://a:1/am", "https://b:1/am", "http://c:1", "http://d/am", "http://user@e:1/am",
                           "http://f:0/am", "http://[::1]/am", "file:///am", "", "http://[::1]:2/am", "http://g:3/am"},
                          t0});
  it.step_with(failed(DnsFailure::timeout));
  CHECK(targets(*it.managers) == Names{"a:1", "[::1]:2"});
  CHECK(it.logged("left out what is kept") == 8);
  CHECK(target_at(lookup, "http://a:1/am")->access.bearer_token_file == "token");
  const auto of_addresses = lookup_of(DnsType::a, 9093);
  CHECK(target_at(of_addresses, "http://10.0.0.1:9093").has_value());
  CHECK_FALSE(target_at(of_addresses, "http://10.0.0.1:9094").has_value());
  Scripted none(lookup, LookupMemory::Found{{"x"}, t0});
  none.step_with(failed(DnsFailure::timeout));
  CHECK(targets(*none.managers).empty());
  CHECK(none.discovery->stats()[0].last_success == std::nullopt);
  CHECK(none.logged("found before") == 0);
}

TEST_CASE("alertmanagers: who is found later is given all that is out, who is lost is drained") {
  FixedClock clock;
  settings::Notify notify;
  notify.alertmanagers = {at("static:1")};
  notify.resend_delay = 1h;
  Posts posts;
  Alertmanagers managers(notify, clock, system_steady_clock(), posts.connect());
  managers.start();
  managers.update({alert_named("a"), alert_named("b")}, t0);
  managers.found(0, {at("late:1")}, 5s);
  managers.update({alert_named("a"), alert_named("b")}, t0 + 1s);  // not due for who has it
  CHECK(becomes([&] { return posts.to("late:1") == Names{"a", "b"}; }));
  managers.update({alert_named("a"), alert_named("b")}, t0 + 2s);
  managers.update({alert_named("a"), alert_named("b"), alert_named("c")}, t0 + 3s);
  managers.found(0, {}, 5s);  // what it was given goes out first
  CHECK(becomes([&] { return !managers.reap(); }));
  CHECK(posts.to("late:1") == Names{"a", "b", "c"});
  CHECK(targets(managers) == Names{"static:1"});
  CHECK(managers.undelivered() == 0);
  managers.stop(20s);
  CHECK(posts.to("static:1") == Names{"a", "b", "c"});
}

namespace {

/// Alertmanagers without threads, by a clock of the test's own.
struct Stepped {
  explicit Stepped(std::vector<settings::Alertmanager> of_settings = {}) {
    notify.alertmanagers = std::move(of_settings);
    notify.resend_delay = 1h;
    managers.emplace(notify, clock, steady, posts.connect());
  }
  void found(std::size_t lookup, const std::vector<settings::Alertmanager>& now) { managers->found(lookup, now, 5s); }
  void update(std::initializer_list<const char*> names) {
    std::vector<Alert> alerts;
    for (const char* name : names) alerts.push_back(alert_named(name));
    managers->update(std::move(alerts), t0);
  }
  FixedClock clock;
  ManualClock steady;
  settings::Notify notify;
  Posts posts;
  std::optional<Alertmanagers> managers;
};

settings::Alertmanager as(const std::string& user, const std::string& host) {
  auto out = at(host);
  out.access.username = user;
  return out;
}

}  // namespace

TEST_CASE("alertmanagers: one that is found again within its drain goes on; nothing is lost and nothing sent twice") {
  Stepped it;
  it.found(0, {at("a:1")});
  it.update({"x", "y"});
  it.found(0, {});
  auto over = alert_named("y");
  over.resolved_at = t0;
  it.managers->update({alert_named("x"), over, alert_named("z")}, t0);  // which a:1 is not given
  it.found(0, {at("a:1")});
  CHECK(targets(*it.managers) == Names{"a:1"});
  it.managers->update({alert_named("x"), over, alert_named("z")}, t0);
  it.steady.time += 1h;  // its drain is long over
  CHECK(it.managers->step(0) == 0ms);
  CHECK(it.posts.to("a:1") == Names{"x", "y", "z"});
  CHECK(it.managers->step(0) == std::nullopt);
  it.update({"w"});
  CHECK(it.managers->step(0) == 0ms);
  const auto stats = it.managers->stats().at(0);
  CHECK(stats.sent == 4);
  CHECK(stats.queue_length == 0);
  CHECK(it.posts.connected == 1);
  CHECK_FALSE(it.managers->reap());
  CHECK(it.managers->undelivered() == 0);
}

TEST_CASE(
    "alertmanagers: one that is found again when its drain is over begins anew; what it was not told is counted once") {
  Stepped it;
  it.found(0, {at("a:1")});
  it.update({"x", "y"});
  it.found(0, {});
  CHECK(targets(*it.managers) == Names{"a:1"});
  it.steady.time += 5s;
  CHECK(it.managers->step(0) == std::nullopt);
  it.found(0, {at("a:1")});
  CHECK(it.managers->undelivered() == 2);
  CHECK_FALSE(it.managers->reap());
  CHECK(it.posts.connected == 2);
  it.update({"x"});
  CHECK(it.managers->step(0) == 0ms);
  CHECK(it.posts.to("a:1") == Names{"x"});
  CHECK(it.managers->undelivered() == 2);
}

TEST_CASE("alertmanagers: the name of one that drains is not given to another, which may come back") {
  Stepped it;
  it.found(0, {at("a:1")});
  it.update({"x"});
  it.found(0, {});
  it.found(1, {{"https://a:1", "a:1"}});
  it.found(0, {at("a:1")});
  CHECK(targets(*it.managers) == Names{"https://a:1", "a:1"});
}

TEST_CASE("alertmanagers: never two at once post to one, however often it goes and comes") {
  FixedClock clock;
  settings::Notify notify;
  notify.resend_delay = 1ms;
  Posts posts;
  std::atomic<bool> busy = false, go_on = false;
  posts.meanwhile = [&] {
    busy = true;
    while (!go_on) std::this_thread::yield();
  };
  Alertmanagers managers(notify, clock, system_steady_clock(), posts.connect());
  managers.start();
  managers.found(0, {at("a:1")}, 1h);
  managers.update({alert_named("x")}, t0);
  CHECK(becomes([&] { return busy.load(); }));
  for (int i = 1; i <= 3; ++i) {
    managers.found(0, {}, 1h);
    managers.found(0, {at("a:1")}, 1h);
    managers.update({alert_named("x"), alert_named("y")}, t0 + i * 1s);
    CHECK(targets(managers) == Names{"a:1"});
  }
  go_on = true;
  CHECK(becomes([&] { return managers.stats()[0].queue_length == 0; }));
  CHECK(posts.most_at_once == 1);
  CHECK(managers.undelivered() == 0);
  managers.stop(20s);
  const auto all = posts.to("a:1");
  CHECK(std::ranges::count(all, "y") == 1);
}

TEST_CASE("alertmanagers: one that goes and comes while it has nothing to do never ends for good") {
  FixedClock clock;
  settings::Notify notify;
  Posts posts;
  Alertmanagers managers(notify, clock, system_steady_clock(), posts.connect());
  managers.start();
  for (int i = 0; i < 200; ++i) {
    managers.found(0, {at("a:1")}, 1h);
    managers.update({alert_named("x" + std::to_string(i))}, t0);
    managers.found(0, {}, 1h);
  }
  managers.found(0, {at("a:1")}, 1h);
  managers.update({alert_named("last")}, t0);
  CHECK(becomes([&] { return std::ranges::count(posts.to("a:1"), "last") == 1; }));
  CHECK(managers.undelivered() == 0);
  std::set<std::string> told;
  for (const auto& name : posts.to("a:1")) told.insert(name);
  CHECK(told.size() == 201);
  CHECK(posts.most_at_once == 1);
}

TEST_CASE("alertmanagers: one that several name is reached as the first of them says that still names it") {
  Stepped it({as("settings", "a:1")});
  const auto user = [&] {
    it.update({});
    it.update({"x"});
    CHECK(it.managers->step(1) == 0ms);
    return it.posts.users.back();
  };
  it.found(1, {as("second", "b:1")});
  CHECK(user() == "second");
  it.found(2, {as("third", "b:1")});
  CHECK(user() == "second");
  it.found(0, {as("first", "b:1")});
  CHECK(user() == "first");
  it.found(0, {});
  CHECK(user() == "second");
  it.found(1, {});
  CHECK(user() == "third");
  it.update({"y"});
  it.found(2, {});
  it.found(0, {as("first", "b:1")});  // back within its drain, by another
  CHECK(user() == "first");
  it.found(1, {as("second", "a:1")});
  CHECK(it.managers->step(0) == 0ms);
  CHECK(it.posts.users.back() == "settings");
  CHECK(targets(*it.managers) == Names{"a:1", "b:1"});
}

TEST_CASE("alertmanagers: what cannot be delivered to one that is gone is counted") {
  FixedClock clock;
  settings::Notify notify;
  Posts posts;
  posts.refused = true;
  Alertmanagers managers(notify, clock, system_steady_clock(), posts.connect());
  managers.start();
  managers.found(0, {at("a:1")}, 10ms);
  managers.update({alert_named("x"), alert_named("y")}, t0);
  managers.found(0, {}, 10ms);
  CHECK(becomes([&] { return !managers.reap(); }));
  CHECK(managers.undelivered() == 2);
  CHECK(targets(managers).empty());
}

TEST_CASE("alertmanagers: a drain ends with the daemon's") {
  FixedClock clock;
  settings::Notify notify;
  Posts posts;
  posts.refused = true;
  Alertmanagers managers(notify, clock, system_steady_clock(), posts.connect());
  managers.start();
  managers.found(0, {at("a:1")}, 1h);
  managers.update({alert_named("x")}, t0);
  managers.found(0, {}, 1h);
  managers.stop(10ms);  // would wait for an hour
  managers.found(0, {at("b:1")}, 1h);
  CHECK(targets(managers) == Names{"a:1"});
}

TEST_CASE("alertmanagers: one URL is one target, whoever names it, and two targets never have one name") {
  FixedClock clock;
  settings::Notify notify;
  notify.alertmanagers = {at("a:1")};
  Alertmanagers managers(notify, clock, system_steady_clock(), Posts().connect());
  managers.found(0, {at("a:1"), at("b:1")}, 0ms);
  managers.found(1, {at("b:1"), {"https://b:1", "b:1"}}, 0ms);
  CHECK(targets(managers) == Names{"a:1", "b:1", "https://b:1"});
  managers.found(0, {}, 0ms);
  CHECK(targets(managers) == Names{"a:1", "b:1", "https://b:1"});
}

TEST_CASE("dns: who does not answer is a timeout, a closed port is unreachable, and giving up ends it") {
  SilentServer silent;
  const auto never = [] { return false; };
  const auto resolve = dns_resolver({silent.server()});
  const auto late = resolve("am.example.", DnsType::srv, 300ms, never);
  CHECK(late.failure == DnsFailure::timeout);
  CHECK(late.error == "no answer in time");
  const auto began = std::chrono::steady_clock::now();
  CHECK(resolve("am.example.", DnsType::a, 60s, [] { return true; }).failure == DnsFailure::given_up);
  CHECK(std::chrono::steady_clock::now() - began < 30s);
  silent.close();
  CHECK(resolve("am.example.", DnsType::aaaa, 60s, never).failure == DnsFailure::unreachable);
}
