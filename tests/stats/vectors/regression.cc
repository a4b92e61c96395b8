// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <map>
#include <string>

#include "stats/performance/regression.h"
#include "stats/support.h"
#include "stats/vectors/vectors.h"

namespace pilotwatch::stats::testing {
namespace {

std::optional<double> estimate(const Answer<Bracketed>& answer) {
  if (!answer) return std::nullopt;
  CHECK((answer->lower == answer->estimate && answer->estimate == answer->upper));
  return answer->estimate;
}

}  // namespace

Ran run_regression(const nlohmann::json& file) {
  const auto tolerance = tolerance_of(file);
  Ran ran;
  for (const auto& c : file["cases"]) {
    CAPTURE(c["name"].get<std::string>());
    RegressionState state;
    AbsoluteErrors errors;
    MaxError most;
    for (std::size_t i = 0; i < c["input"]["y"].size(); ++i) {
      const double y = c["input"]["y"][i], f = c["input"]["pred"][i];
      state.add(y, f);
      errors.add(y, f);
      most.add(y, f);
    }
    CHECK(estimate(errors.max()) == optional(most.value()));
    const std::map<std::string, std::optional<double>> got{{"mae", optional(state.mae())},
                                                           {"mse", optional(state.mse())},
                                                           {"rmse", optional(state.rmse())},
                                                           {"median_ae", estimate(errors.median())},
                                                           {"max_error", optional(most.value())},
                                                           {"bias", optional(state.bias())},
                                                           {"mape_nonzero_targets", optional(state.mape())},
                                                           {"mape_n_used", static_cast<double>(state.mape_n())},
                                                           {"mape_sklearn", optional(state.mape_machine())},
                                                           {"smape", optional(state.smape())},
                                                           {"r2", optional(state.r2())},
                                                           {"pinball_0.1", optional(state.pinball(0.1))},
                                                           {"pinball_0.5", optional(state.pinball(0.5))},
                                                           {"pinball_0.9", optional(state.pinball(0.9))},
                                                           {"rmsle", optional(state.rmsle())}};
    for (const auto& [member, expected] : c["expected"].items()) {
      CAPTURE(member);
      if (!got.contains(member)) FAIL("unknown member");
      check_value(got.at(member), expected, tolerance);
      ++ran.values;
    }
    ++ran.cases;
  }
  return ran;
}

}  // namespace pilotwatch::stats::testing
