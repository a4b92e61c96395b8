// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <set>

#include "stats/classical/zoo.h"
#include "stats/support.h"

namespace pilotwatch::stats {
namespace {

using namespace testing;

TEST_CASE("classical: a detector that was written and read goes on bit for bit (10,500 cases)") {
  const auto seed = seed_of("classical round trip");
  CAPTURE(seed);
  std::mt19937_64 rng{seed};
  std::set<std::string> alarmed;
  int cases = 0;
  for_each_detector([&](const std::string& name, auto make, bool is_binary) {
    CAPTURE(name);
    auto used = make();  // reads over whatever it was before
    for (int round = 0; round < 500; ++round, ++cases) {
      CAPTURE(round);
      const Stream stream = random_stream(rng, 60 + rng() % 300, is_binary);
      const std::size_t cut = rng() % stream.size();
      auto original = make(), fresh = make();
      for (std::size_t i = 0; i < cut; ++i) original.step(stream[i]);
      const std::string bytes = state_of(original);
      restore(fresh, bytes);
      restore(used, bytes);
      REQUIRE(state_of(fresh) == bytes);
      for (std::size_t i = cut; i < stream.size(); ++i) {
        const Signal says = original.step(stream[i]);
        REQUIRE(fresh.step(stream[i]) == says);
        REQUIRE(used.step(stream[i]) == says);
        if (says == Signal::alarm) alarmed.insert(name);
      }
      REQUIRE(state_of(fresh) == state_of(original));
      REQUIRE(state_of(used) == state_of(original));
    }
  });
  CHECK(cases == 500 * detectors_in_zoo);
  CHECK(alarmed.size() == detectors_in_zoo);  // each of them had something to say
}

TEST_CASE("classical: every cut or extended state is refused as corrupt") {
  std::mt19937_64 rng{7};
  for_each_detector([&](const std::string& name, auto make, bool is_binary) {
    CAPTURE(name);
    auto detector = make();
    for (const double x : random_stream(rng, 61, is_binary)) detector.step(x);
    const std::string bytes = state_of(detector);
    for (std::size_t size = 0; size < bytes.size(); ++size) {
      REQUIRE_THROWS_AS(restore(detector, bytes.substr(0, size)), CorruptBytes);
    }
    REQUIRE_THROWS_AS(restore(detector, bytes + '\0'), CorruptBytes);
  });
}

TEST_CASE(
    "classical: any bytes at all are read or refused as corrupt, and what was read can be stepped (21,000 cases)") {
  const auto seed = seed_of("classical damaged states");
  CAPTURE(seed);
  std::mt19937_64 rng{seed};
  int refused = 0, read = 0;
  for_each_detector([&](const std::string& name, auto make, bool is_binary) {
    CAPTURE(name);
    for (int round = 0; round < 1000; ++round) {
      auto detector = make();
      for (const double x : random_stream(rng, 50, is_binary)) detector.step(x);
      std::string bytes = state_of(detector);
      for (std::size_t n = 1 + rng() % 3; n > 0; --n) bytes[rng() % bytes.size()] = static_cast<char>(rng());
      auto damaged = make();
      try {
        restore(damaged, bytes);
      } catch (const CorruptBytes&) {
        ++refused;
        continue;
      }
      ++read;
      for (int i = 0; i < 20; ++i) damaged.step(static_cast<double>(rng() % 2));
    }
  });
  CHECK(refused > 0);
  CHECK(read > 0);
}

TEST_CASE("classical: a constant stream never warns and never alarms") {
  for_each_detector([&](const std::string& name, auto make, bool is_binary) {
    CAPTURE(name);
    for (const double constant : {0.0, 1.0, 0.1, -7.3, 1e9 / 3, 1e15 / 7}) {
      if (is_binary && constant != 0 && constant != 1) continue;
      CAPTURE(constant);
      auto detector = make();
      for (int i = 0; i < 3000; ++i) REQUIRE(detector.step(constant) == Signal::none);
    }
  });
}

TEST_CASE("classical: after an alarm a detector is as new, except ADWIN of River 0.7 and scikit-multiflow") {
  const auto seed = seed_of("classical starts anew");
  CAPTURE(seed);
  std::mt19937_64 rng{seed};
  for_each_detector([&](const std::string& name, auto make, bool is_binary) {
    CAPTURE(name);
    const bool goes_on = name == "adwin 0.7" || name == "adwin scikit-multiflow";
    int alarms = 0;
    for (int round = 0; round < 100; ++round) {
      auto detector = make();
      for (const double x : random_stream(rng, 300, is_binary)) {
        if (detector.step(x) != Signal::alarm) continue;
        ++alarms;
        REQUIRE((state_of(detector) == state_of(make())) == !goes_on);
      }
    }
    CHECK(alarms > 0);
  });
}

/// Both detectors say the same of 10,000 random streams and their images under `map`.
template <class Make, class Other, class Map>
void same_after(const std::string& property, Make make, Other make_other, bool is_binary, std::size_t n, Map map) {
  const auto seed = seed_of(property);
  CAPTURE(property, seed);
  std::mt19937_64 rng{seed};
  int alarms = 0;
  for (int round = 0; round < 10'000; ++round) {
    CAPTURE(round);
    const Stream stream = random_stream(rng, n, is_binary);
    auto one = make();
    auto other = make_other();
    for (const double x : stream) {
      const Signal says = one.step(x);
      REQUIRE(other.step(map(x)) == says);
      alarms += says == Signal::alarm;
    }
  }
  CHECK(alarms > 1000);
}

double negated(double x) { return -x; }

TEST_CASE("classical: what is two-sided says the same of -x (10,000 cases each)") {
  same_after(
      "cusum -x", [] { return CusumChart(); }, [] { return CusumChart(); }, false, 100, negated);
  same_after(
      "ewma -x", [] { return EwmaChart(); }, [] { return EwmaChart(); }, false, 100, negated);
  same_after(
      "shewhart -x", [] { return ShewhartChart(); }, [] { return ShewhartChart(); }, false, 100, negated);
  PageHinkleyOptions ph;
  ph.threshold = 20;
  const auto make_ph = [=] { return PageHinkleyTwoSided(ph); };
  same_after("page-hinkley -x", make_ph, make_ph, false, 100, negated);
  AdwinOptions adwin;
  adwin.clock = 8;
  const auto make_adwin = [=] { return AdwinRiverPr1613(adwin); };
  same_after("adwin -x", make_adwin, make_adwin, false, 100, negated);
  KswinOptions ks;
  ks.window = 20;
  ks.stat_size = 10;
  const auto make_ks = [=] { return Kswin(ks); };
  same_after("kswin -x", make_ks, make_ks, false, 60, negated);
}

TEST_CASE("classical: up sees in x what down sees in -x (10,000 cases each)") {
  CusumOptions cusum_up, cusum_down;
  cusum_up.direction = Direction::up;
  cusum_down.direction = Direction::down;
  same_after(
      "cusum up", [=] { return CusumChart(cusum_up); }, [=] { return CusumChart(cusum_down); }, false, 100, negated);
  same_after(
      "page-hinkley up", [] { return PageHinkleyTwoSided({}, Direction::up); },
      [] { return PageHinkleyTwoSided({}, Direction::down); }, false, 100, negated);
}

TEST_CASE("classical: two-sided HDDM says the same of errors and of right answers (10,000 cases each)") {
  const auto other_label = [](double x) { return 1 - x; };
  const auto a = [] { return HddmARiver({}, true); };
  same_after("hddm-a 1-x", a, a, true, 120, other_label);
  const auto w = [] { return HddmWRiver({}, true); };
  same_after("hddm-w 1-x", w, w, true, 120, other_label);
}

TEST_CASE("classical: charts and ADWIN do not care where zero is (10,000 cases each)") {
  const auto shifted = [](double x) { return x + 1000; };
  same_after(
      "cusum shift", [] { return CusumChart(); }, [] { return CusumChart(); }, false, 100, shifted);
  same_after(
      "ewma shift", [] { return EwmaChart(); }, [] { return EwmaChart(); }, false, 100, shifted);
  same_after(
      "shewhart shift", [] { return ShewhartChart(); }, [] { return ShewhartChart(); }, false, 100, shifted);
  AdwinOptions adwin;
  adwin.clock = 8;
  const auto make_adwin = [=] { return AdwinRiver(adwin); };
  same_after("adwin shift", make_adwin, make_adwin, false, 100, shifted);
}

TEST_CASE("classical: charts do not care about the unit (10,000 cases each)") {
  const auto scaled = [](double x) { return 0x1p-7 * x; };
  same_after(
      "cusum unit", [] { return CusumChart(); }, [] { return CusumChart(); }, false, 100, scaled);
  same_after(
      "ewma unit", [] { return EwmaChart(); }, [] { return EwmaChart(); }, false, 100, scaled);
  same_after(
      "shewhart unit", [] { return ShewhartChart(); }, [] { return ShewhartChart(); }, false, 100, scaled);
}

TEST_CASE("classical: KSWIN sees only the order of values (10,000 cases)") {
  KswinOptions ks;
  ks.window = 20;
  ks.stat_size = 10;
  const auto make = [=] { return Kswin(ks); };
  same_after("kswin order", make, make, false, 60, [](double x) { return x * x * x; });
}

TEST_CASE("classical: formula ids are all different") {
  std::set<std::string> ids;
  for_each_detector([&](const std::string&, auto make, bool) { ids.insert(decltype(make())::formula); });
  CHECK(ids.size() == detectors_in_zoo - 2);  // HDDM_A and HDDM_W of River are in the list one- and two-sided
  for (const auto& id : ids) CHECK(id.ends_with("/v1"));
}

}  // namespace
}  // namespace pilotwatch::stats
