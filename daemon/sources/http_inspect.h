// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "runtime/http.h"
#include "settings/settings.h"
#include "sources/dead_letter_box.h"
#include "sources/tap.h"

namespace pilotwatch::sources {

/// GET /api/v1/rejects and /api/v1/sources/{source}/tap: README, "Interfaces". All must outlive the server.
[[nodiscard]] std::vector<runtime::Route> inspect_routes(const settings::Settings& settings,
                                                         const DeadLetterBox& letters, Tap& tap);

}  // namespace pilotwatch::sources
