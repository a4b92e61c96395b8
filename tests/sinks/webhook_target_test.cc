// SPDX-License-Identifier: Apache-2.0
// What is done about a webhook's answers, by simulated time: no thread, no network.
#include "sinks/webhook_target.h"

#include <sys/stat.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <deque>
#include <memory>
#include <set>
#include <sstream>
#include <stdexcept>

#include "sinks/webhook_signature.h"
#include "support/scratch_dir.h"

using namespace pilotwatch;
using namespace pilotwatch::sinks;
using record::Delivery;
using record::DeliveryState;
using namespace std::chrono_literals;

namespace {

const Instant t0 = parse_rfc3339("2026-03-01T10:00:00Z").value();

/// Both clocks; the wall's can be set.
struct Time {
  Millis passed{0}, set_by{0};
  struct Wall final : Clock {
    explicit Wall(const Time& t) : time(t) {}
    [[nodiscard]] Instant now() const override { return t0 + time.passed + time.set_by; }
    const Time& time;
  };
  struct Steady final : SteadyClock {
    explicit Steady(const Time& t) : time(t) {}
    [[nodiscard]] SteadyTime now() const override { return SteadyTime{} + 1h + time.passed; }
    const Time& time;
  };
};

/// The outbox in memory; what is in it outlives a target, as the store does.
struct Memory final : Outbox {
  std::vector<Delivery> all;
  std::map<std::string, std::string> memos;
  bool broken = false, fails_to_note = false;

  void check() const {
    if (broken) throw std::runtime_error("no room");
  }
  std::optional<Delivery> next(const std::string& webhook) override {
    check();
    const Delivery* best = nullptr;
    for (const auto& d : all) {
      if (d.webhook != webhook || d.state != DeliveryState::waiting) continue;
      if (best == nullptr || d.next_attempt < best->next_attempt) best = &d;
    }
    return best == nullptr ? std::nullopt : std::optional(*best);
  }
  void note(const Delivery& delivery) override {
    check();
    if (fails_to_note) throw std::runtime_error("no room");
    for (auto& d : all) {
      if (d.id == delivery.id && d.webhook == delivery.webhook) d = delivery;
    }
  }
  std::uint64_t give_up(const std::string& webhook) override {
    check();
    std::uint64_t count = 0;
    for (auto& d : all) {
      if (d.webhook != webhook || d.state != DeliveryState::waiting) continue;
      d.state = DeliveryState::disabled;
      ++count;
    }
    return count;
  }
  record::DeliveryBacklog backlog(const std::string& webhook) override {
    check();
    record::DeliveryBacklog out;
    for (const auto& d : all) {
      if (d.webhook != webhook || d.state != DeliveryState::waiting) continue;
      ++out.waiting;
      if (!out.oldest || d.created < *out.oldest) out.oldest = d.created;
    }
    return out;
  }
  std::string memo(const std::string& webhook) override { return memos[webhook]; }
  void set_memo(const std::string& webhook, const std::string& text) override {
    check();
    memos[webhook] = text;
  }
};

PostResult answer(long status, std::optional<Millis> retry_after = {}) {
  PostResult out;
  out.status = status;
  out.retry_after = retry_after;
  return out;
}

PostResult silence(PostFailure failure) {
  PostResult out;
  out.error = "no answer";
  out.failure = failure;
  return out;
}

/// A webhook that answers in turn what it is told to, the last again and again, and what it was sent when.
struct Bench {
  testing::ScratchDir folder;
  Time time;
  Time::Wall wall{time};
  Time::Steady steady{time};
  Memory outbox;
  settings::Webhook hook;
  std::deque<PostResult> answers{answer(200)};
  struct Sent {
    Millis at;
    PostRequest request;
  };
  std::vector<Sent> sent;
  std::unique_ptr<WebhookTarget> target;

  Bench() {
    hook.name = "ops";
    hook.url = "https://hook.example/a";
    hook.secret_files = {folder.path() / "secret"};
    testing::append(hook.secret_files[0], "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
    ::chmod(hook.secret_files[0].c_str(), 0600);
    start();
  }
  /// Also as after a crash: nothing but the outbox is left.
  void start() {
    target = std::make_unique<WebhookTarget>(hook, outbox, wall, steady, nullptr,
                                             [this](const PostRequest& request, Millis, Instant, const auto&) {
                                               sent.push_back({time.passed, request});
                                               const auto out = answers.front();
                                               if (answers.size() > 1) answers.pop_front();
                                               return out;
                                             });
  }
  void add(const std::string& id) {
    Delivery d;
    d.id = id;
    d.webhook = "ops";
    d.type = "limit.breach";
    d.body = "{}";
    d.created = wall.now();
    d.next_attempt = d.created;
    outbox.all.push_back(d);
    target->added(1, {});
  }
  /// Steps and waits as told, for so long.
  void run(Millis length) {
    const auto end = time.passed + length;
    while (true) {
      const auto wait = target->step();
      if (!wait || time.passed + *wait > end) break;
      time.passed += *wait;
    }
    time.passed = end;
  }
  [[nodiscard]] std::uint64_t failed(WebhookFailure failure) const {
    return target->stats().failures[static_cast<std::size_t>(failure)];
  }
};

std::string header(const PostRequest& request, const std::string& name) {
  for (const auto& line : request.headers) {
    if (line.starts_with(name + ": ")) return line.substr(name.size() + 2);
  }
  return "";
}

}  // namespace

TEST_CASE("webhook: an event goes out at once, signed, and is done") {
  Bench bench;
  bench.add("evt_1");
  bench.run(1min);
  REQUIRE(bench.sent.size() == 1);
  const auto& request = bench.sent[0].request;
  CHECK(header(request, "webhook-id") == "evt_1");
  CHECK(header(request, "webhook-timestamp") == "1772359200");
  CHECK(header(request, "webhook-signature") ==
        webhook_signature(parse_webhook_secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").value(), "evt_1", "1772359200",
                          "{}"));
  CHECK(bench.outbox.all[0].state == DeliveryState::delivered);
  CHECK(bench.outbox.all[0].attempts == 1);
  const auto stats = bench.target->stats();
  CHECK(stats.sent == 1);
  CHECK(stats.attempts == 1);
  CHECK(stats.queue_length == 0);
  CHECK_FALSE(stats.oldest);
  CHECK(stats.last_success == t0);
}

TEST_CASE("webhook: the schedule of retries is that of Standard Webhooks, each pause up to a fifth longer") {
  Bench bench;
  bench.answers = {answer(500)};
  bench.add("evt_1");
  bench.run(240h);
  const Millis pauses[] = {5s, 5min, 30min, 2h, 5h, 10h, 14h, 20h, 24h};
  REQUIRE(bench.sent.size() == 10);
  CHECK(bench.sent[0].at == 0ms);
  for (std::size_t i = 0; i < std::size(pauses); ++i) {
    CAPTURE(i);
    const auto pause = bench.sent[i + 1].at - bench.sent[i].at;
    CHECK(pause >= pauses[i]);
    CHECK(pause <= pauses[i] * 6 / 5);
  }
  CHECK(bench.outbox.all[0].state == DeliveryState::exhausted);
  CHECK(bench.outbox.all[0].attempts == 10);
  CHECK(bench.outbox.all[0].error == "HTTP 500");
  CHECK(bench.target->stats().exhausted == 1);
  CHECK(bench.failed(WebhookFailure::http_5xx) == 10);
  const auto timestamps =
      header(bench.sent[0].request, "webhook-timestamp") != header(bench.sent[1].request, "webhook-timestamp");
  CHECK(timestamps);  // of the attempt, under the same id
  CHECK(header(bench.sent[9].request, "webhook-id") == "evt_1");
}

TEST_CASE("webhook: pauses are not the same for all") {
  std::set<Millis> seen;
  for (const auto* name : {"a", "b", "c", "d"}) {
    Bench bench;
    bench.hook.name = "ops";
    bench.hook.name += name;
    bench.start();
    bench.answers = {answer(500)};
    bench.add("evt_1");
    bench.outbox.all[0].webhook = bench.hook.name;
    bench.run(10min);
    REQUIRE(bench.sent.size() >= 2);
    seen.insert(bench.sent[1].at);
  }
  CHECK(seen.size() > 1);
}

TEST_CASE("webhook: Retry-After delays the event and the webhook, within bounds") {
  Bench bench;
  bench.answers = {answer(429, 10min), answer(200)};
  bench.add("evt_1");
  bench.add("evt_2");
  bench.run(1h);
  REQUIRE(bench.sent.size() == 3);
  CHECK(bench.sent[1].at >= 10min);
  CHECK(bench.sent[1].at < 13min);
  CHECK(bench.failed(WebhookFailure::throttled) == 1);

  Bench greedy;
  greedy.answers = {answer(503, 240h), answer(200)};
  greedy.add("evt_1");
  greedy.add("evt_2");
  greedy.run(48h);
  REQUIRE(greedy.sent.size() == 3);
  CHECK(header(greedy.sent[1].request, "webhook-id") == "evt_2");
  CHECK(greedy.sent[1].at == 1h);
  CHECK(greedy.sent[2].at == 24h);
}

TEST_CASE("webhook: who does not answer is not asked about every event") {
  Bench bench;
  bench.answers = {silence(PostFailure::unreachable)};
  for (int i = 0; i < 100; ++i) bench.add("evt_" + std::to_string(i));
  bench.run(10min);
  CHECK(bench.sent.size() >= 10);
  CHECK(bench.sent.size() <= 30);
  CHECK(bench.failed(WebhookFailure::unreachable) == bench.sent.size());
}

TEST_CASE("webhook: one event that it does not take keeps no other back") {
  Bench bench;
  bench.answers = {answer(400), answer(200)};
  bench.add("evt_bad");
  bench.add("evt_good");
  static_cast<void>(bench.target->step());
  static_cast<void>(bench.target->step());
  CHECK(bench.outbox.all[1].state == DeliveryState::delivered);
  CHECK(bench.time.passed == 0ms);
  CHECK(bench.failed(WebhookFailure::http_4xx) == 1);
}

TEST_CASE("webhook: 410 disables it, over a restart too, until it is enabled or has another URL") {
  Bench bench;
  bench.answers = {answer(410), answer(200)};
  bench.add("evt_1");
  bench.add("evt_2");
  bench.run(1h);
  CHECK(bench.sent.size() == 1);
  CHECK(bench.outbox.all[0].state == DeliveryState::disabled);
  CHECK(bench.outbox.all[1].state == DeliveryState::disabled);
  auto stats = bench.target->stats();
  CHECK(stats.disabled_since == t0);
  CHECK(stats.dropped_disabled == 2);
  CHECK(bench.failed(WebhookFailure::gone) == 1);
  CHECK(bench.target->refuses());

  bench.start();
  bench.add("evt_3");
  bench.run(1h);
  CHECK(bench.sent.size() == 1);
  CHECK(bench.target->stats().disabled_since == t0);

  SECTION("enabled by hand") {
    bench.target->enable();
    CHECK_FALSE(bench.target->refuses());
  }
  SECTION("another URL") { bench.hook.url += "b"; }
  bench.start();
  CHECK_FALSE(bench.target->stats().disabled_since);
  bench.add("evt_4");
  bench.run(1h);
  REQUIRE(bench.sent.size() == 2);
  CHECK(header(bench.sent[1].request, "webhook-id") == "evt_4");
}

TEST_CASE("webhook: an answer that cannot be written down yet is kept, and nothing is sent meanwhile") {
  const bool taken = GENERATE(true, false);
  Bench bench;
  bench.hook.retries = {};
  bench.answers = {answer(taken ? 200 : 500)};
  bench.start();
  bench.add("evt_1");
  bench.add("evt_2");
  bench.outbox.fails_to_note = true;
  bench.run(1h);
  CHECK(bench.sent.size() == 1);
  CHECK(bench.outbox.all[0].state == DeliveryState::waiting);
  CHECK(bench.failed(WebhookFailure::store) >= 60);
  CHECK(bench.failed(WebhookFailure::store) < 200);  // pauses become longer
  CHECK(bench.target->stats().sent == 0);
  CHECK(bench.target->stats().exhausted == 0);
  bench.outbox.fails_to_note = false;
  bench.run(2min);
  REQUIRE(bench.sent.size() == 2);
  CHECK(header(bench.sent[1].request, "webhook-id") == "evt_2");
  CHECK(bench.outbox.all[0].state == (taken ? DeliveryState::delivered : DeliveryState::exhausted));
  CHECK(bench.target->stats().sent == (taken ? 2 : 0));
  CHECK(bench.target->stats().exhausted == (taken ? 0 : 2));
}

TEST_CASE("webhook: a 410 that cannot be written down yet counts once") {
  Bench bench;
  bench.answers = {answer(410)};
  bench.add("evt_1");
  bench.outbox.fails_to_note = true;
  bench.run(1h);
  bench.outbox.fails_to_note = false;
  bench.run(2min);
  CHECK(bench.sent.size() == 1);
  CHECK(bench.target->stats().dropped_disabled == 1);
  CHECK(bench.outbox.all[0].state == DeliveryState::disabled);
}

TEST_CASE("webhook: what could not be written down is sent again after a crash, under the same id") {
  Bench bench;
  bench.add("evt_1");
  bench.outbox.fails_to_note = true;
  bench.run(1min);
  REQUIRE(bench.sent.size() == 1);
  bench.outbox.fails_to_note = false;
  bench.start();
  bench.run(1min);
  REQUIRE(bench.sent.size() == 2);
  CHECK(header(bench.sent[1].request, "webhook-id") == "evt_1");
  CHECK(bench.outbox.all[0].state == DeliveryState::delivered);
}

TEST_CASE("webhook: without a usable secret nothing is sent, and no attempt is used up") {
  Bench bench;
  ::chmod(bench.hook.secret_files[0].c_str(), 0644);
  bench.add("evt_1");
  bench.run(10min);
  CHECK(bench.sent.empty());
  CHECK(bench.outbox.all[0].attempts == 0);
  CHECK(bench.failed(WebhookFailure::secret) >= 5);
  ::chmod(bench.hook.secret_files[0].c_str(), 0600);
  bench.run(2min);
  CHECK(bench.sent.size() == 1);
}

TEST_CASE("webhook: a 410 to what was sent before it was enabled does not disable it again") {
  Bench bench;
  bench.answers = {answer(410)};
  bench.add("evt_1");
  bench.run(1s);
  REQUIRE(bench.target->stats().disabled_since);
  bench.target->enable();
  bench.add("evt_2");
  const auto during = [&](const PostRequest& request, Millis, Instant, const auto&) {
    bench.sent.push_back({bench.time.passed, request});
    if (bench.sent.size() > 2) return answer(200);
    bench.target->enable();  // while it is under way
    bench.add("evt_3");
    return answer(410);
  };
  bench.target = std::make_unique<WebhookTarget>(bench.hook, bench.outbox, bench.wall, bench.steady, nullptr, during);
  bench.target->step();
  CHECK_FALSE(bench.target->stats().disabled_since);
  CHECK(bench.failed(WebhookFailure::gone) == 1);
  CHECK(bench.outbox.memos["ops"].empty());
  CHECK(bench.target->stats().dropped_disabled == 0);
  bench.run(1min);
  CHECK(bench.outbox.all[1].state == DeliveryState::delivered);
  CHECK(bench.outbox.all[2].state == DeliveryState::delivered);
}

TEST_CASE("webhook: a 410 of an old url does not count again where that comes back, and what still counts is said") {
  Bench bench;
  bench.answers = {answer(410)};
  bench.add("evt_1");
  bench.run(1s);
  REQUIRE(bench.target->stats().disabled_since);
  std::ostringstream said;
  const runtime::Log log([&] {
    runtime::LogOptions options;
    options.out = &said;
    return options;
  }());
  const auto restart = [&] {
    bench.target =
        std::make_unique<WebhookTarget>(bench.hook, bench.outbox, bench.wall, bench.steady, &log,
                                        [](const PostRequest&, Millis, Instant, const auto&) { return answer(200); });
  };
  restart();
  CHECK(bench.target->stats().disabled_since);
  CHECK(said.str().find("still disabled") != std::string::npos);
  CHECK(said.str().find("since=2026-03-01T10:00:00Z") != std::string::npos);
  bench.hook.url = "https://hook.example/b";
  restart();
  CHECK_FALSE(bench.target->stats().disabled_since);
  bench.outbox.broken = true;
  bench.target->step();
  CHECK(bench.target->stats().failures[static_cast<std::size_t>(WebhookFailure::store)] == 1);
  bench.outbox.broken = false;
  bench.time.passed += 10s;
  bench.target->step();
  bench.hook.url = "https://hook.example/a";
  restart();
  CHECK_FALSE(bench.target->stats().disabled_since);
}

TEST_CASE("webhook: what had to give way is counted by its reason, and said with the sums now and then") {
  Bench bench;
  std::ostringstream said;
  const runtime::Log log([&] {
    runtime::LogOptions options;
    options.out = &said;
    return options;
  }());
  bench.target =
      std::make_unique<WebhookTarget>(bench.hook, bench.outbox, bench.wall, bench.steady, &log,
                                      [](const PostRequest&, Millis, Instant, const auto&) { return answer(200); });
  const auto lines = [&] {
    const auto text = said.str();
    std::size_t count = 0;
    for (auto at = text.find("are given up"); at != std::string::npos; at = text.find("are given up", at + 1)) ++count;
    return count;
  };
  bench.target->added(5, {2, 1});
  CHECK(bench.target->stats().queue_length == 2);
  CHECK(bench.target->stats().gave_way == record::GaveWay{2, 1});
  bench.target->step();
  CHECK(lines() == 1);
  CHECK(said.str().find("queue_full=2") != std::string::npos);
  CHECK(said.str().find("queue_bytes=1") != std::string::npos);
  bench.target->added(1, {0, 3});
  bench.target->added(1, {0, 4});
  bench.target->step();
  CHECK(lines() == 1);
  bench.time.passed += 1min;
  bench.target->step();
  CHECK(lines() == 2);
  CHECK(said.str().find("queue_bytes=7") != std::string::npos);
  CHECK(bench.target->stats().gave_way == record::GaveWay{2, 8});
  bench.time.passed += 1min;
  bench.target->step();
  CHECK(lines() == 2);
}

TEST_CASE("webhook: a clock that was set does not keep an event for days") {
  Bench bench;
  bench.answers = {answer(500), answer(200)};
  bench.add("evt_1");
  bench.run(1s);
  bench.time.set_by = GENERATE(-240h, -10h);
  bench.run(1min);
  CHECK(bench.sent.size() == 2);
}

TEST_CASE("webhook: what an answer says") {
  const auto said = [](const PostResult& result) {
    const auto failure = webhook_failure(result);
    return failure ? webhook_failure_names[static_cast<std::size_t>(*failure)] : "";
  };
  CHECK(said(answer(200)) == std::string());
  CHECK(said(answer(204)) == std::string());
  CHECK(said(answer(302)) == std::string("http_3xx"));
  CHECK(said(answer(401)) == std::string("http_4xx"));
  CHECK(said(answer(410)) == std::string("gone"));
  CHECK(said(answer(429)) == std::string("throttled"));
  CHECK(said(answer(500)) == std::string("http_5xx"));
  for (const long status : {502, 503, 504}) CHECK(said(answer(status)) == std::string("throttled"));
  CHECK(said(silence(PostFailure::timeout)) == std::string("timeout"));
  CHECK(said(silence(PostFailure::tls)) == std::string("tls"));
  CHECK(said(silence(PostFailure::address_refused)) == std::string("address_refused"));
  CHECK(said(silence(PostFailure::unreachable)) == std::string("unreachable"));
}
