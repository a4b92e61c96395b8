// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "judge/status.h"
#include "record/delivery.h"
#include "settings/settings.h"

/// What webhooks are told. daemon/sinks/schema/webhook.json describes it; README, "Webhooks".
namespace pilotwatch::sinks {

/// The `$id` of the schema. Members and types of events may be added under the same id; whatever changes the meaning of
/// what is there gets a new one.
inline constexpr const char* webhook_schema_id = "urn:pilotwatch:schema:webhook:1";
/// daemon/sinks/schema/webhook.json, byte for byte: JSON Schema (draft 2020-12) of the bodies. Embedded when the
/// program is built.
[[nodiscard]] std::string_view webhook_schema();

/// Where a change of a limit's state stands.
struct WebhookContext {
  const settings::Settings& settings;  ///< words about limits, external labels
  const std::string& external_url;     ///< "http://host:9464", no slash at the end
  std::uint64_t sequence = 0;          ///< of the journal entry that it follows from
  std::uint64_t number = 0;            ///< of the changes of that limit and group that follow from it, from 0
};

[[nodiscard]] settings::WebhookEvent webhook_event(const judge::Transition& transition);

/// The id of the event, which replaying the journal gives again: a hash of pilot, limit, group, the entry's number and
/// commit time, and the number of the change. With both, since a store that was damaged gives numbers again.
[[nodiscard]] std::string webhook_id(const judge::Transition& transition, const WebhookContext& context);

/// To be sent at once. Pure.
[[nodiscard]] record::Delivery webhook_delivery(const settings::Webhook& hook, const judge::Transition& transition,
                                                const WebhookContext& context);
/// The event of `pilotwatch alert test`. `id`: another one each time.
[[nodiscard]] record::Delivery test_delivery(const settings::Webhook& hook, const std::string& external_url,
                                             const std::string& id, Instant now);

[[nodiscard]] const char* webhook_content_type(settings::WebhookFormat format);

}  // namespace pilotwatch::sinks
