// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "base/time.h"
#include "judge/status.h"

/// Where a limit and its breaches are shown; paths begin with a slash and stand behind the external URL.
namespace pilotwatch::sinks {

/// "/breaches/3f0a9c1e5b7d2846": the page of one breach.
[[nodiscard]] std::string breach_path(const std::string& episode);

/// "/pilots/permits/limits/error-rate?group=north": the page of a limit, for one group where it has groups.
[[nodiscard]] std::string limit_path(const std::string& pilot, const std::string& limit, const std::string& group);

/// A dashboard's address with `var-pilot` and `var-limit`, and from a day before `since` on to now; "" without a
/// dashboard.
[[nodiscard]] std::string dashboard_url(const std::string& dashboard, const std::string& pilot,
                                        const std::string& limit, std::optional<Instant> since);

/// The same of a limit, since its last breach began, where it has had one.
[[nodiscard]] std::string dashboard_url(const std::string& dashboard, const judge::LimitStatus& status);

}  // namespace pilotwatch::sinks
