// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "judge/status.h"

namespace pilotwatch::judge {

/// The rule by which the limit is said to be beyond, exactly as it is applied, in words. Made when somebody asks.
[[nodiscard]] std::string breach_rule(const LimitStatus& status);

/// What would end the state that it is in now: of a breach its end; of `insufficient`, `no_data`, `collecting` and
/// `warning` what it waits for; of `ok` that there is nothing to end.
[[nodiscard]] std::string clearing_rule(const LimitStatus& status);

}  // namespace pilotwatch::judge
