// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <random>
#include <string>
#include <vector>

#include "stats/classical/adwin.h"
#include "stats/classical/cusum.h"
#include "stats/classical/ddm.h"
#include "stats/classical/eddm.h"
#include "stats/classical/ewma.h"
#include "stats/classical/hddm_a.h"
#include "stats/classical/hddm_w.h"
#include "stats/classical/kswin.h"
#include "stats/classical/page_hinkley.h"
#include "stats/classical/shewhart.h"
#include "support/detection_score.h"

namespace pilotwatch::stats::testing {

using Stream = std::vector<double>;
using Signals = std::vector<Signal>;

/// Calls visit(name, make, is_binary) for every detector of the chapter, with options that alarm in short streams.
/// make() builds one; is_binary: errors in {0, 1} only.
template <class Visit>
void for_each_detector(Visit visit) {
  PageHinkleyOptions page_hinkley;
  page_hinkley.threshold = 5;
  AdwinOptions adwin;
  adwin.clock = 4;
  KswinOptions kswin;
  kswin.window = 40;
  kswin.stat_size = 15;
  visit(
      "page-hinkley", [=] { return PageHinkley(page_hinkley); }, false);
  visit(
      "page-hinkley two-sided", [=] { return PageHinkleyTwoSided(page_hinkley); }, false);
  visit(
      "adwin river", [=] { return AdwinRiver(adwin); }, false);
  visit(
      "adwin pr1613", [=] { return AdwinRiverPr1613(adwin); }, false);
  visit(
      "adwin 0.7", [=] { return AdwinRiver07(adwin); }, false);
  visit(
      "adwin scikit-multiflow", [=] { return AdwinScikitMultiflow(adwin); }, false);
  visit(
      "ddm river", [] { return DdmRiver(); }, true);
  visit(
      "ddm 0.7", [] { return DdmRiver07(); }, true);
  visit(
      "ddm scikit-multiflow", [] { return DdmScikitMultiflow(); }, true);
  visit(
      "eddm river", [] { return EddmRiver(); }, true);
  visit(
      "eddm scikit-multiflow", [] { return EddmScikitMultiflow(); }, true);
  visit(
      "hddm-a one-sided", [] { return HddmARiver(); }, true);
  visit(
      "hddm-a two-sided", [] { return HddmARiver({}, true); }, true);
  visit(
      "hddm-a scikit-multiflow", [] { return HddmAScikitMultiflow(); }, true);
  visit(
      "hddm-w one-sided", [] { return HddmWRiver(); }, true);
  visit(
      "hddm-w two-sided", [] { return HddmWRiver({}, true); }, true);
  visit(
      "hddm-w scikit-multiflow", [] { return HddmWScikitMultiflow(); }, true);
  visit(
      "kswin", [=] { return Kswin(kswin); }, false);
  visit(
      "cusum", [] { return CusumChart(); }, false);
  visit(
      "ewma", [] { return EwmaChart(); }, false);
  visit(
      "shewhart", [] { return ShewhartChart(); }, false);
}
inline constexpr int detectors_in_zoo = 21;

template <Detector D>
std::string state_of(const D& detector) {
  ByteWriter out;
  detector.write(out);
  return out.take();
}

template <Detector D>
void restore(D& detector, const std::string& bytes) {
  ByteReader in(bytes);
  detector.read(in);
  if (!in.at_end()) throw CorruptBytes("bytes left over");
}

template <Detector D>
Signals signals_of(D detector, const Stream& stream) {
  Signals out;
  for (const double x : stream) out.push_back(detector.step(x));
  return out;
}

/// `n` values in up to three segments of different rates (binary) or means; real values are multiples of 2^-20, so that
/// shifts by integers and powers of two are exact.
inline Stream random_stream(std::mt19937_64& rng, std::size_t n, bool is_binary) {
  Stream out;
  const std::size_t first = n / 4 + rng() % (n / 2), second = first + rng() % n;
  double levels[3];
  for (double& level : levels) level = std::uniform_real_distribution<>(0, 1)(rng);
  std::normal_distribution<> noise(0, 1);
  for (std::size_t i = 0; i < n; ++i) {
    const double level = levels[i < first ? 0 : i < second ? 1 : 2];
    out.push_back(is_binary ? static_cast<double>(std::bernoulli_distribution(level)(rng))
                            : std::round((8 * level + noise(rng)) * 0x1p20) * 0x1p-20);
  }
  return out;
}

}  // namespace pilotwatch::stats::testing
