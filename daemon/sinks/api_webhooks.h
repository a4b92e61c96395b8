// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "record/delivery.h"
#include "runtime/http.h"
#include "sinks/webhook.h"

namespace pilotwatch::sinks {

struct WebhookApi {
  std::function<std::vector<WebhookStats>()> stats;  ///< any thread
  /// The delivery log, newest first; "" = of all webhooks. Throws where the store cannot be read.
  std::function<std::vector<record::Delivery>(const std::string& webhook, std::uint64_t limit)> deliveries;
  /// False: there is no such webhook. Throws where the store cannot be written.
  std::function<bool(const std::string& webhook)> enable;
  /// Runs what may have to wait for the store, on another thread than the listener's.
  std::function<void(std::function<void()>)> aside;
};

/// `/api/v1/webhooks`, `/api/v1/webhooks/deliveries`, `/api/v1/webhooks/enable` (POST), `/api/v1/schema/webhook`.
[[nodiscard]] std::vector<runtime::Route> webhook_routes(WebhookApi api);

}  // namespace pilotwatch::sinks
