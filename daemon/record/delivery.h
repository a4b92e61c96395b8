// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/time.h"

namespace pilotwatch::record {

/// What became of an event on its way to a webhook. `waiting` is the only one that does not last. `removed`: its webhook is
/// in the settings no more.
enum class DeliveryState : std::uint8_t { waiting, delivered, exhausted, queue_full, disabled, removed };
inline constexpr const char* delivery_state_names[] = {"waiting",    "delivered", "exhausted",
                                                       "queue_full", "disabled",  "removed"};

/// One event for one webhook: a row of the outbox while it waits, a line of the delivery log afterwards.
struct Delivery {
  std::string id;              ///< of the event, the same for every webhook and attempt
  std::string webhook;         ///< by name
  std::string type;            ///< "limit.breach"
  std::string body;            ///< what is sent, byte for byte; "" once it no longer waits
  Instant created;             ///< wall clock: commit time of the journal entry that it follows from
  std::uint64_t sequence = 0;  ///< of that entry
  DeliveryState state = DeliveryState::waiting;
  std::uint64_t attempts = 0;
  std::optional<Instant> last_attempt, next_attempt;  ///< wall clock; the second only while it waits
  long status = 0;                                    ///< HTTP status of the last attempt; 0 = no answer
  std::string error;                                  ///< of the last attempt; "" = it was taken
};

/// So many events, and so many bytes of their bodies.
struct DeliveryBounds {
  std::uint64_t events = 0, bytes = 0;
};

/// Events that were given up so that others can wait: for their number, or for their bytes.
struct GaveWay {
  std::uint64_t events = 0, bytes = 0;
  [[nodiscard]] std::uint64_t all() const { return events + bytes; }
  [[nodiscard]] bool operator==(const GaveWay&) const = default;
};

/// What waits for a webhook.
struct DeliveryBacklog {
  std::uint64_t waiting = 0;
  std::uint64_t bytes = 0;        ///< of their bodies
  std::optional<Instant> oldest;  ///< `created` of the oldest
};

}  // namespace pilotwatch::record
