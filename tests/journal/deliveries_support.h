// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "base/time.h"
#include "record/delivery.h"

namespace pilotwatch::testing {

inline Instant at(std::int64_t ms) { return Instant{Millis{ms}}; }

inline record::Delivery waiting(const std::string& id, std::int64_t ms, const std::string& webhook = "ops") {
  record::Delivery out;
  out.id = id;
  out.webhook = webhook;
  out.type = "limit.breach";
  out.body = "{\"of\":\"" + id + "\"}";
  out.created = at(ms);
  out.next_attempt = at(ms);
  out.sequence = 7;
  return out;
}

inline record::DeliveryBounds some(std::uint64_t events) { return {events, 1 << 20}; }

inline std::vector<std::string> ids(const std::vector<record::Delivery>& deliveries) {
  std::vector<std::string> out;
  for (const auto& d : deliveries) out.push_back(d.id);
  return out;
}

}  // namespace pilotwatch::testing
