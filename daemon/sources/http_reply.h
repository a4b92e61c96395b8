// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/http.h"
#include "sources/port.h"

namespace pilotwatch::sources {

inline constexpr std::size_t max_told_errors = 20;

/// What a client of POST /v1/... is answered: README, "Ingest".
[[nodiscard]] runtime::HttpResponse http_response(const Reply& reply);

}  // namespace pilotwatch::sources
