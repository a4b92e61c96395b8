// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <limits>
#include <map>
#include <string>
#include <vector>

namespace pilotwatch::stats::simulation {

/// How much of a simulation is run: the whole is as the file says; quick uses a tenth of the streams and, for that,
/// wider bounds: the file's, and four standard errors of the smaller run.
struct Scale {
  bool quick = false;
  std::uint64_t seed = 0;
  [[nodiscard]] int streams(int whole) const { return quick ? std::max(20, whole / 10) : whole; }
};

/// One figure of one test against its bounds.
struct Figure {
  std::string name;
  double observed = 0, low = -std::numeric_limits<double>::infinity(), high = std::numeric_limits<double>::infinity();
  double slack = 0;  ///< what a quick run adds on either side
  [[nodiscard]] bool passes() const { return observed >= low - slack && observed <= high + slack; }
};

using Test = std::function<std::vector<Figure>(const Scale&)>;
using Tests = std::map<std::string, Test>;

void add_bernoulli_tests(Tests& tests);
void add_dependence_tests(Tests& tests);
void add_numeric_tests(Tests& tests);
void add_other_tests(Tests& tests);

}  // namespace pilotwatch::stats::simulation
