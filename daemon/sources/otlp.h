// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <vector>

#include "runtime/http.h"
#include "settings/settings.h"
#include "sources/port.h"
#include "sources/tokens.h"

namespace pilotwatch::sources {

/// POST /v1/logs and /v1/traces of OTLP/HTTP, JSON and protobuf, for a listener of their own. All must outlive the
/// server. Answers as the specification asks (opentelemetry-proto, docs/specification.md, "OTLP/HTTP"): 200 with a
/// partial success where some records were rejected, which clients do not send again; 429 and 503 with Retry-After,
/// which they do; a Status message with every refusal; always in the form of the request.
[[nodiscard]] std::vector<runtime::Route> otlp_routes(Port& port, const settings::Settings& settings,
                                                      const std::shared_ptr<SourceAccess>& access);

}  // namespace pilotwatch::sources
