// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json.hpp>

namespace pilotwatch::stats::testing {

/// What one file of ../shared/vectors gave: cases whose every expected member was compared, and values compared.
struct Ran {
  int cases = 0, values = 0;
};

// One function a file. Each compares every member of `expected` of every case at the file's tolerance, and fails on a
// member, kind or case it does not know: a vector nobody looks at must not look like one that passed.
Ran run_distances_binned(const nlohmann::json& file);
Ran run_distances_samples(const nlohmann::json& file);
Ran run_peer_vectors(const nlohmann::json& file);
Ran run_intervals_proportion(const nlohmann::json& file);
Ran run_intervals_poisson(const nlohmann::json& file);
Ran run_fairness(const nlohmann::json& file);
Ran run_classification(const nlohmann::json& file);
Ran run_multiclass(const nlohmann::json& file);
Ran run_regression(const nlohmann::json& file);
Ran run_sequential(const nlohmann::json& file);

}  // namespace pilotwatch::stats::testing
