// SPDX-License-Identifier: Apache-2.0

// Detectors of errors in {0, 1}: DDM, EDDM, HDDM_A, HDDM_W.

#include <catch2/catch.hpp>

#include "stats/classical/zoo.h"

namespace pilotwatch::stats {
namespace {

using namespace testing;
using pilotwatch::testing::alarms_of;
using pilotwatch::testing::Indices;
constexpr Signal none = Signal::none, warning = Signal::warning, alarm = Signal::alarm;

Stream zeros_then_ones(std::size_t zeros, std::size_t ones) {
  Stream out(zeros, 0.0);
  out.resize(zeros + ones, 1.0);
  return out;
}

/// What the detector says of each of the ones after `zeros` zeros.
template <Detector D>
Signals after_zeros(D detector, std::size_t zeros, std::size_t ones) {
  const Signals all = signals_of(detector, zeros_then_ones(zeros, ones));
  return {all.begin() + static_cast<std::ptrdiff_t>(zeros), all.end()};
}

TEST_CASE("ddm: worked by hand, 1 0 0 0 and then ones") {
  // n = 4: p = 1/4, s = .2165 is the minimum; warning over .25 + 2 * .2165 = .6830, alarm over .25 + 3 * .2165 = .8995.
  // With the m-th one after it p = (1 + m) / (4 + m):  m = 1 .4 + .2191 = .6191;  m = 2 .5 + .2041 = .7041;  ...
  // m = 10 11/14 + .1097 = .8954;  m = 11 .8 + .1033 = .9033
  DdmOptions options;
  options.warm_start = 1;
  Stream stream{1, 0, 0, 0};
  stream.resize(15, 1.0);
  Signals expected(5, none);
  expected.resize(14, warning);
  expected.push_back(alarm);
  CHECK(signals_of(DdmRiver(options), stream) == expected);
}

/// Zeros, then one error at index `at`: does it alarm there?
template <Detector D>
bool first_error_alarms(D detector, std::size_t at) {
  return signals_of(detector, zeros_then_ones(at, 1)).back() == alarm;
}

TEST_CASE("ddm: the first observation looked at is 31, 30 or 29; an error alarms only after a look without errors") {
  CHECK_FALSE(first_error_alarms(DdmRiver(), 30));
  CHECK(first_error_alarms(DdmRiver(), 31));
  CHECK_FALSE(first_error_alarms(DdmRiver07(), 29));
  CHECK(first_error_alarms(DdmRiver07(), 30));
  CHECK_FALSE(first_error_alarms(DdmScikitMultiflow(), 28));
  CHECK(first_error_alarms(DdmScikitMultiflow(), 29));
}

TEST_CASE("ddm: fewer errors never alarm") {
  Stream stream(500, 1.0);
  stream.resize(2000, 0.0);
  CHECK(alarms_of(DdmRiver(), stream).empty());
}

TEST_CASE("eddm: worked by hand, errors at distances 2 2 1 1 1 1") {
  // sd with n:      q = 2, 2, 5/3 + 2 sqrt(2/9) = 2.609, 2.5, 2.380, 2.276;   q/2.609 = .958, .912 warning, .872 alarm
  // sd with n - 1:  q = 2, 2, 5/3 + 2 sqrt(1/3) = 2.821, 2.655, 2.495;        q/2.821 = .941 warning, .884 alarm
  EddmOptions options;
  options.warm_start = 1;
  const Stream stream{0, 1, 0, 1, 1, 1, 1, 1};
  CHECK(signals_of(EddmScikitMultiflow(options), stream) ==
        Signals{none, none, none, none, none, none, warning, alarm});
  CHECK(signals_of(EddmRiver(options), {0, 1, 0, 1, 1, 1, 1}) == Signals{none, none, none, none, none, warning, alarm});
}

TEST_CASE("eddm: a warning holds until the next error; a new maximum ends it in scikit-multiflow only") {
  EddmOptions options;
  options.warm_start = 1;
  const Stream river{0, 1, 0, 1, 1, 1, 0, 0, 0, 0, 0, 0, 1, 0};  // warning at index 5, then distance 7
  CHECK(signals_of(EddmRiver(options), river) == Signals{none, none, none, none, none, warning, warning, warning,
                                                         warning, warning, warning, warning, warning, warning});
  const Stream skm{0, 1, 0, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 1, 0};  // warning at index 6, then distance 7
  CHECK(signals_of(EddmScikitMultiflow(options), skm) == Signals{none, none, none, none, none, none, warning, warning,
                                                                 warning, warning, warning, warning, warning, none,
                                                                 none});
}

TEST_CASE("eddm: without more than 30 errors there is no alarm") {
  // Distances 1, 41 and then 1: q = 61 (sd with n) at the second error, 52 at the third, and falling.
  Stream stream(42, 0.0);
  stream.front() = stream.back() = 1;
  stream.resize(70, 1.0);  // 30 errors
  CHECK(alarms_of(EddmRiver(), stream).empty());
  CHECK(alarms_of(EddmScikitMultiflow(), stream).empty());
  stream.push_back(1);
  CHECK(alarms_of(EddmRiver(), stream) == Indices{70});
  CHECK(alarms_of(EddmScikitMultiflow(), stream) == Indices{70});
}

TEST_CASE("hddm-a: worked by hand, ones after 50 and after 100 zeros") {
  // The cut stays at the last zero, c. With k ones: k/(c+k) >= sqrt(k/(2c(c+k)) ln(2/conf))  <=>  k/(c+k) >=
  // ln(2/conf)/(2c). c = 50:  warning .0599: k >= 3.19;  alarm .0760: k >= 4.11.   c = 100:  warning .02996: 3.09;
  // alarm .0380: 3.95.
  CHECK(after_zeros(HddmARiver(), 50, 5) == Signals{none, none, none, warning, alarm});
  CHECK(after_zeros(HddmARiver(), 100, 4) == Signals{none, none, none, alarm});
}

TEST_CASE("hddm-a: a decrease alarms, is passed over, or starts anew in silence") {
  Stream stream(50, 1.0);
  stream.resize(55, 0.0);
  const Signals quiet(55, none);
  Signals spoken = quiet;
  spoken[53] = warning;
  spoken[54] = alarm;
  CHECK(signals_of(HddmARiver({}, true), stream) == spoken);
  CHECK(signals_of(HddmARiver(), stream) == quiet);
  CHECK(signals_of(HddmAScikitMultiflow(), stream) == quiet);
  const auto state_after = [&](auto detector) {
    for (const double x : stream) detector.step(x);
    return state_of(detector);
  };
  CHECK(state_after(HddmAScikitMultiflow()) == state_of(HddmAScikitMultiflow()));
  CHECK(state_after(HddmARiver()) != state_of(HddmARiver()));
}

TEST_CASE("hddm-w: worked by hand, ones after 40 zeros") {
  // The cut is at the last zero: z1 = 0, z2 = 1, alarm once b1 + b2 < 2/ln(1000) = .2895, warning < 2/ln(200) = .3775;
  // b after n values: .02564 + .97436 * .9025^n, with n - 1 for scikit-multiflow.
  // b1 = .0417 (.0435): alarm at n = 15 (16) ones, warning at n = 12 (13).
  Signals expected(11, none);
  expected.resize(14, warning);
  expected.push_back(alarm);
  CHECK(after_zeros(HddmWRiver(), 40, 15) == expected);
  expected.insert(expected.begin(), none);
  CHECK(after_zeros(HddmWScikitMultiflow(), 40, 16) == expected);
}

TEST_CASE("hddm-w: worked by hand, ones after 1,000 zeros") {
  // b has reached lambda/(2 - lambda) = .02564, where the edge no longer falls: the cut stays where that happened, and
  // z2 begins with zeros. With k ones z2 = 1 - .95^k: warning over sqrt(.05128 ln(200)/2) = .3686, k = 9; alarm over
  // .4209, k = 11.
  Signals expected(8, none);
  expected.resize(10, warning);
  expected.push_back(alarm);
  CHECK(after_zeros(HddmWRiver(), 1000, 11) == expected);
  CHECK(after_zeros(HddmWScikitMultiflow(), 1000, 11) == expected);
}

TEST_CASE("hddm-w: only the two-sided variant of drift.binary sees a decrease") {
  Stream stream(40, 1.0);
  stream.resize(80, 0.0);
  CHECK(alarms_of(HddmWRiver({}, true), stream) == Indices{54});
  CHECK(alarms_of(HddmWRiver(), stream).empty());
  CHECK(alarms_of(HddmWScikitMultiflow({}, true), stream).empty());
}

}  // namespace
}  // namespace pilotwatch::stats
