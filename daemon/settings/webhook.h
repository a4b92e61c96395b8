// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "base/network.h"
#include "base/time.h"

namespace pilotwatch::settings {

/// What the body is: of Standard Webhooks, or a CloudEvent in structured mode. The headers are the same.
enum class WebhookFormat : std::uint8_t { standard, cloudevents };
inline constexpr const char* webhook_format_names[] = {"standard", "cloudevents"};

/// Which changes of a limit's state are told: an episode begins, it ends, data are missing, any other.
enum class WebhookEvent : std::uint8_t { breach, resolved, no_data, state };
inline constexpr const char* webhook_event_names[] = {"breach", "resolved", "no_data", "state"};

/// YAML `notify.webhooks[]`.
struct Webhook {
  std::string name;  ///< label `webhook`
  std::string url;   ///< http(s), with path and query if any
  WebhookFormat format = WebhookFormat::standard;
  std::vector<std::filesystem::path> secret_files;  ///< each signs; at least one
  std::vector<WebhookEvent> events = {WebhookEvent::breach, WebhookEvent::resolved, WebhookEvent::no_data};
  std::vector<Network> allow_networks;  ///< addresses that may be connected to beside public ones
  std::filesystem::path ca_file;        ///< certificates to trust for https; "" = those of the system
  Millis timeout = std::chrono::seconds{15};
  /// From one attempt to the next; the last one fails for good.
  std::vector<Millis> retries = {std::chrono::seconds{5}, std::chrono::minutes{5}, std::chrono::minutes{30},
                                 std::chrono::hours{2},   std::chrono::hours{5},   std::chrono::hours{10},
                                 std::chrono::hours{14},  std::chrono::hours{20},  std::chrono::hours{24}};
  std::uint64_t queue_capacity = 10'000;  ///< events that wait; the oldest are given up beyond it
  /// Of their bodies, the same. Where it is not given a webhook's part of an eighth of `storage.max_bytes`, if less.
  std::uint64_t queue_bytes = 32ULL << 20;
};

}  // namespace pilotwatch::settings
