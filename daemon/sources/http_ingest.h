// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <vector>

#include "runtime/http.h"
#include "settings/settings.h"
#include "sources/port.h"
#include "sources/tokens.h"

namespace pilotwatch::sources {

/// POST /v1/records, /v1/events (CloudEvents), /v1/predictions, /v1/outcomes, /v1/complaints, /v1/complaint_updates,
/// /v1/reviews, /v1/feedback, /v1/changes. `port` and `settings` must outlive the server. Answers: README, "Ingest".
[[nodiscard]] std::vector<runtime::Route> ingest_routes(Port& port, const settings::Settings& settings,
                                                        const std::shared_ptr<SourceAccess>& access);

}  // namespace pilotwatch::sources
