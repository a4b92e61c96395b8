// SPDX-License-Identifier: Apache-2.0
#include "app/found_alertmanagers.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <sstream>

#include "support/scratch_dir.h"
#include "support/store.h"

using namespace pilotwatch;
using namespace pilotwatch::app;
using namespace std::chrono_literals;

namespace {

const Instant t0 = parse_rfc3339("2026-03-01T10:00:00Z").value();
using Urls = std::vector<std::string>;

settings::AlertmanagerLookup lookup_of(const std::string& dns) {
  settings::AlertmanagerLookup out;
  out.dns = out.name = dns;
  return out;
}

struct ManualClock final : SteadyClock {
  [[nodiscard]] SteadyTime now() const override { return time; }
  SteadyTime time{std::chrono::hours{1}};
};

struct Store {
  explicit Store(std::vector<settings::AlertmanagerLookup> given) : lookups(std::move(given)) { restart(); }
  void restart() {
    found.reset();
    journal.reset();
    journal.emplace(folder.path());
    found.emplace(*journal, lookups, log);
  }
  [[nodiscard]] Urls urls(const settings::AlertmanagerLookup& lookup) const {
    const auto known = found->recall(lookup);
    return known ? known->urls : Urls{};
  }
  [[nodiscard]] std::string fact() { return journal->fact("alertmanagers_found"); }

  testing::ScratchDir folder;
  std::vector<settings::AlertmanagerLookup> lookups;
  std::ostringstream lines;
  ManualClock steady;
  runtime::Log log{{.out = &lines, .steady = &steady}};
  std::optional<journal::Journal> journal;
  std::optional<FoundAlertmanagers> found;
};

}  // namespace

TEST_CASE(
    "found alertmanagers: the last answer of each look-up outlives the process, with the time since when it is so") {
  const auto a = lookup_of("a.test"), b = lookup_of("b.test");
  Store store({a, b});
  CHECK_FALSE(store.found->recall(a).has_value());
  store.found->keep(a, {"http://y:1", "http://x:1"}, t0);
  store.found->keep(b, {"http://z:1"}, t0 + 1h);
  store.found->keep(a, {"http://x:1", "http://y:1"}, t0 + 2h);
  store.restart();
  CHECK(store.urls(a) == Urls{"http://x:1", "http://y:1"});
  CHECK(store.found->recall(a)->since == t0);
  CHECK(store.urls(b) == Urls{"http://z:1"});
  store.found->keep(b, {}, t0 + 3h);  // nobody is left, and DNS says so
  store.restart();
  CHECK(store.urls(b).empty());
  CHECK(store.lines.str().empty());
}

TEST_CASE("found alertmanagers: a look-up that asks for something else, or makes something else of it, knows nothing") {
  const auto lookup = lookup_of("a.test");
  Store store({lookup});
  store.found->keep(lookup, {"http://x:1"}, t0);
  store.restart();
  const auto other = [&](auto change) {
    auto out = lookup;
    change(out);
    return store.urls(out);
  };
  CHECK(other([](auto& its) { its.dns = "b.test"; }).empty());
  CHECK(other([](auto& its) { its.type = settings::DnsType::a; }).empty());
  CHECK(other([](auto& its) { its.port = 1; }).empty());
  CHECK(other([](auto& its) { its.scheme = "https"; }).empty());
  CHECK(other([](auto& its) { its.path_prefix = "/am"; }).empty());
  CHECK(other([](auto& its) {  // none of these says where to
          its.name = "b";
          its.max_targets = 1;
          its.refresh_interval = 1s;
          its.access.username = "ann";
        }) == Urls{"http://x:1"});
}

TEST_CASE("found alertmanagers: nothing is written while answers stay the same, and nothing of credentials ever") {
  auto lookup = lookup_of("a.test");
  lookup.access.username = "secret-user";
  lookup.access.password_file = "secret-file";
  auto twin = lookup;  // the same question with other bounds: they do not write over each other
  twin.name = "twin";
  Store store({lookup, twin});
  store.found->keep(lookup, {"http://x:1", "http://y:1"}, t0);
  CHECK(store.fact().find("secret") == std::string::npos);
  store.journal->set_fact("alertmanagers_found", "mark");
  store.found->keep(twin, {"http://x:1"}, t0 + 1h);
  store.found->keep(lookup, {"http://y:1", "http://x:1"}, t0 + 1h);
  CHECK(store.fact() == "mark");
  CHECK(store.urls(twin) == Urls{"http://x:1", "http://y:1"});
  store.found->keep(lookup, {"http://y:1"}, t0 + 1h);
  CHECK(store.fact() != "mark");
}

TEST_CASE("found alertmanagers: of a look-up that the settings no longer have nothing stays for long") {
  const auto a = lookup_of("a.test"), b = lookup_of("b.test");
  Store store({a, b});
  store.found->keep(a, {"http://x:1"}, t0);
  store.found->keep(b, {"http://y:1"}, t0);
  store.lookups = {b};
  store.restart();
  CHECK(store.urls(a) == Urls{"http://x:1"});  // back within the same settings' life: still known
  store.found->keep(b, {"http://z:1"}, t0);
  store.restart();
  CHECK(store.urls(a).empty());
  CHECK(store.urls(b) == Urls{"http://z:1"});
}

TEST_CASE("found alertmanagers: a store that cannot be written costs nothing but one line, and is tried again") {
  const auto lookup = lookup_of("a.test");
  Store store({lookup});
  const Urls many(2'000, "http://a.host.with.a.name.that.takes.some.room.example.org:9093");
  {
    const testing::FileSizeLimit full(64 << 10);
    store.found->keep(lookup, many, t0);
    store.steady.time += 30s;  // beyond what the log takes for repetitions
    store.found->keep(lookup, many, t0);
  }
  CHECK(store.fact().empty());
  CHECK(store.urls(lookup) == many);
  const auto line = store.lines.str().find("cannot be kept for the next start");
  CHECK(line != std::string::npos);
  CHECK(store.lines.str().find("cannot be kept for the next start", line + 1) == std::string::npos);
  store.found->keep(lookup, many, t0);
  store.restart();
  CHECK(store.urls(lookup) == many);
}

TEST_CASE("found alertmanagers: what cannot be read is ignored, said, and replaced by the next answer") {
  const auto lookup = lookup_of("a.test");
  const std::string good =
      R"({"dns":"a.test","type":"SRV","port":0,"scheme":"http","path_prefix":"","urls":["http://x:1"],"since":"2026-03-01T10:00:00Z"})";
  for (const std::string& text :
       {std::string("x"), std::string("{}"), std::string("[1]"), "[" + good.substr(0, 40) + "}]",
        "[" + good + R"(,{"dns":"b"}])", std::string(good).replace(good.find("2026"), 4, "soon")}) {
    CAPTURE(text);
    Store store({lookup});
    store.journal->set_fact("alertmanagers_found", text);
    store.restart();
    CHECK(store.urls(lookup).empty());
    CHECK(store.lines.str().find("cannot be read, and is ignored") != std::string::npos);
    store.found->keep(lookup, {"http://x:1"}, t0);
    CHECK(nlohmann::json::parse(store.fact()) == nlohmann::json::parse("[" + good + "]"));
  }
}
