// SPDX-License-Identifier: Apache-2.0

// Detections that other projects publish for these detectors, reproduced to the observation. Where names agree and
// detectors do not, the variant is named.

#include <catch2/catch.hpp>
#include <fstream>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "stats/classical/adwin.h"
#include "stats/classical/cusum.h"
#include "stats/classical/ddm.h"
#include "stats/classical/eddm.h"
#include "stats/classical/ewma.h"
#include "stats/classical/hddm_a.h"
#include "stats/classical/hddm_w.h"
#include "stats/classical/page_hinkley.h"
#include "stats/classical/python_random.h"
#include "stats/classical/shewhart.h"
#include "stats/support.h"
#include "support/detection_score.h"

namespace pilotwatch::stats {
namespace {

using nlohmann::json;
using pilotwatch::testing::alarms_of;
using pilotwatch::testing::Indices;
using testing::PythonRandom;
using Stream = std::vector<double>;
using Find = std::function<Indices(const Stream&)>;

const std::string folder = std::string(PILOTWATCH_SHARED) + "/data/drift_vectors/";

std::optional<Stream> stream(const std::string& name) {
  std::ifstream in(folder + name + ".csv");
  if (!in) {
    WARN("SKIPPED: " << folder << name << ".csv is absent");
    return std::nullopt;
  }
  Stream out;
  for (double x; in >> x;) out.push_back(x);
  REQUIRE(out.size() == 2000);
  return out;
}

template <Detector D>
Find by(D detector) {
  return [detector](const Stream& s) { return alarms_of(detector, s); };
}

/// The first warning of the stream and after each alarm.
template <Detector D>
Indices first_warnings(D detector, const Stream& s) {
  Indices out;
  bool waits = true;
  for (std::size_t i = 0; i < s.size(); ++i) {
    const Signal says = detector.step(s[i]);
    if (says == Signal::warning && waits) out.push_back(i);
    waits = says == Signal::alarm || (waits && says != Signal::warning);
  }
  return out;
}

using Known = std::map<std::string, std::map<std::string, Find>>;

/// What each name of expected.json stands for.
const Known& known() {
  static const Known table{
      {"skm_drift_stream",
       {{"ADWIN(delta=0.002)", by(AdwinScikitMultiflow())},
        {"PageHinkley(min=30,delta=0.005,threshold=50,alpha=0.9999)", by(PageHinkley())}}},
      {"skm_bernoulli_seed1",
       {{"DDM(min=30,warn=2,out=3)", by(DdmScikitMultiflow())},
        {"EDDM", by(EddmScikitMultiflow())},
        {"HDDM_A(drift=0.001,warn=0.005,two-sided)", by(HddmAScikitMultiflow())}}},
      {"skm_hddm_second", {{"HDDM_A", by(HddmAScikitMultiflow())}}},
      {"river_stream1",
       {{"ADWIN river>=0.15 (clock 32, grace 10, min_window 5)", by(AdwinRiver())},
        {"ADWIN river 0.7", by(AdwinRiver07())},
        {"PageHinkley", by(PageHinkley())}}},
      {"river_stream2",
       {{"DDM", by(DdmRiver())},
        {"EDDM", by(EddmScikitMultiflow())},  // published before drift.binary: River's EDDM was this one then
        {"HDDM_A", by(HddmARiver())},
        {"HDDM_W", by(HddmWRiver())}}},
      {"river_stream3",
       {{"HDDM_A two-sided (river now)", by(HddmARiver({}, true))},
        {"HDDM_A two-sided (river 0.7)", by(HddmAScikitMultiflow({}, true))},
        {"HDDM_W two-sided", by(HddmWScikitMultiflow({}, true))}}},  // likewise before drift.binary
      {"river_adwin_doc", {{"ADWIN", by(AdwinRiver())}, {"PageHinkley", by(PageHinkley())}}},
      {"river_ddm_doc",
       {{"DDM change", by(DdmRiver())},
        {"DDM first warnings", [](const Stream& s) { return first_warnings(DdmRiver(), s); }}}},
  };
  return table;
}

/// Subsamples drawn by the generators of numpy and Python: not reproducible by another program (see kswin.h).
const std::set<std::string> random_by_name{"KSWIN(alpha=1e-4,window=200,stat=100) random", "KSWIN seed42"};

/// Members that say something about the stream itself.
bool is_about_stream(const std::string& member, const json& value, const Stream& s) {
  const std::string value_at = "value_at_";
  if (member == "n") {
    CHECK(value == s.size());
  } else if (member.starts_with(value_at)) {
    CHECK(value == s.at(std::stoul(member.substr(value_at.size()))));
  } else {
    return false;
  }
  return true;
}

TEST_CASE("classical: every reproducible published detection of expected.json, to the observation") {
  std::ifstream in(folder + "expected.json");
  if (!in) {
    WARN("SKIPPED: " << folder << "expected.json is absent");
    return;
  }
  const json file = json::parse(in);
  REQUIRE(file.at("index_base") == 0);
  int cases = 0, values = 0;
  for (const auto& [name, members] : file.items()) {
    if (name == "index_base") continue;
    CAPTURE(name);
    if (known().count(name) == 0) FAIL("unknown stream");
    const auto s = stream(name);
    REQUIRE(s.has_value());
    std::size_t compared = 0;
    for (const auto& [member, value] : members.items()) {
      CAPTURE(member);
      if (is_about_stream(member, value, *s)) continue;
      if (random_by_name.count(member) > 0) {
        std::cout << "EXCLUDED: " << name << ", " << member << ": its random subsample cannot be drawn here\n";
        continue;
      }
      if (known().at(name).count(member) == 0) FAIL("unknown detector");
      CHECK(known().at(name).at(member)(*s) == value.get<Indices>());
      ++compared;
      values += static_cast<int>(value.size());
    }
    CHECK(compared == known().at(name).size());  // nor may the file lose one
    cases += static_cast<int>(compared);
  }
  CHECK(file.size() == known().size() + 1);
  testing::report("drift_vectors/expected.json", cases, values);
}

TEST_CASE("classical: detections that River and scikit-multiflow publish elsewhere for the same streams") {
  struct Published {
    const char* name;
    const char* where;
    Find find;
    Indices indices;
  };
  EddmOptions eddm_90, eddm_80;
  eddm_90.warning = 0.9;
  eddm_90.drift = 0.8;
  eddm_80.warning = 0.8;
  eddm_80.drift = 0.75;
  const Published all[]{
      {"river_stream1", "ADWIN after PR 1613", by(AdwinRiverPr1613()), {1023}},
      {"river_adwin_doc", "ADWIN after PR 1613", by(AdwinRiverPr1613()), {1023}},
      {"river_stream1", "two-sided Page-Hinkley", by(PageHinkleyTwoSided()), {1020, 1397, 1548, 1988}},
      {"river_adwin_doc", "two-sided Page-Hinkley", by(PageHinkleyTwoSided()), {1006}},
      {"river_stream3", "Page-Hinkley up", by(PageHinkleyTwoSided({}, Direction::up)), {588, 1681}},
      {"river_stream3", "Page-Hinkley down", by(PageHinkleyTwoSided({}, Direction::down)), {1172}},
      {"river_stream3", "Page-Hinkley both", by(PageHinkleyTwoSided()), {588, 1097, 1585}},
      {"river_stream2", "DDM of River 0.7", by(DdmRiver07()), {1049}},
      {"river_stream2", "EDDM alpha .9 beta .8", by(EddmRiver(eddm_90)), {1059}},
      {"river_ddm_doc", "EDDM alpha .8 beta .75", by(EddmRiver(eddm_80)), {1278}},
      {"river_ddm_doc", "HDDM_A", by(HddmARiver()), {1206}},
      {"river_ddm_doc", "HDDM_W", by(HddmWRiver()), {1077}},
      {"river_stream2", "HDDM_A of River 0.7", by(HddmAScikitMultiflow({}, false)), {1047}},
      {"river_stream2", "HDDM_W before drift.binary", by(HddmWScikitMultiflow()), {1018}},
      {"river_stream3", "two-sided HDDM_W of drift.binary", by(HddmWRiver({}, true)), {507, 1032, 1508}},
      {"skm_bernoulli_seed1", "HDDM_W", by(HddmWScikitMultiflow()), {1018}},
      {"skm_hddm_second", "HDDM_W", by(HddmWScikitMultiflow()), {518, 1513}},
  };
  for (const auto& one : all) {
    CAPTURE(one.name, one.where);
    const auto s = stream(one.name);
    if (!s) return;
    CHECK(one.find(*s) == one.indices);
  }
  if (const auto s = stream("river_ddm_doc")) {
    CHECK(first_warnings(EddmRiver(eddm_80), *s) == Indices{1059});
    CHECK(first_warnings(HddmARiver(), *s).front() == 451);
    CHECK(first_warnings(HddmWRiver(), *s).front() == 451);
  }
}

TEST_CASE("classical: Python's generator, checked against the streams that were drawn with it") {
  PythonRandom first(12345), second(42);
  Stream adwin_doc, ddm_doc;
  first.choices(adwin_doc, 0, 2, 1000);
  first.choices(adwin_doc, 4, 4, 1000);
  second.choices(ddm_doc, 0, 2, 1000);
  for (int i = 0; i < 1000; ++i) ddm_doc.push_back(second.random() >= 0.3 ? 1 : 0);
  if (const auto s = stream("river_adwin_doc")) CHECK(adwin_doc == *s);
  if (const auto s = stream("river_ddm_doc")) CHECK(ddm_doc == *s);
}

TEST_CASE("classical: published detections on streams that are drawn with Python's generator") {
  SECTION("ADWIN after PR 1613: three changes of four segments") {
    PythonRandom random(42);
    Stream s;
    for (const int segment : {0, 1, 2, 3}) random.choices(s, segment % 2 == 0 ? 0 : 4, segment % 2 == 0 ? 2 : 4, 1000);
    CHECK(alarms_of(AdwinRiverPr1613(), s) == Indices{1023, 2015, 3007});
  }
  const auto shifted = [](int before, int after, double by_sd) {
    PythonRandom random(12345);
    Stream s;
    for (int i = 0; i < before; ++i) s.push_back(random.gauss(0, 1));
    for (int i = 0; i < after; ++i) s.push_back(random.gauss(by_sd, 1));
    return s;
  };
  SECTION("CUSUM: a shift of 3 sd, and once without one") {
    CHECK(alarms_of(CusumChart(), shifted(200, 200, 3)) == Indices{201, 251});
  }
  SECTION("EWMA: a shift of 3 sd") {
    EwmaOptions options;
    options.min_instances = 50;
    CHECK(alarms_of(EwmaChart(options), shifted(1000, 1000, 3)) == Indices{1010});
  }
  SECTION("Shewhart: a shift of 5 sd") {
    ShewhartOptions options;
    options.limit = 4;
    CHECK(alarms_of(ShewhartChart(options), shifted(300, 200, 5)) == Indices{300});
  }
}

}  // namespace
}  // namespace pilotwatch::stats
