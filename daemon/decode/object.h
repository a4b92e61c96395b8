// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simdjson.h>

#include <span>
#include <string>

#include "base/id.h"
#include "base/time.h"
#include "decode/interner.h"
#include "decode/names.h"
#include "decode/schema.h"
#include "record/record.h"

namespace pilotwatch::decode {

/// Thrown and caught within decode/: this line cannot be used.
struct Refusal {
  record::Reason reason;
  std::string detail;
};

/// What the line is read with.
struct Reading {
  const TextMap<PilotSchema>& pilots;
  IdHasher& hasher;
  Interner& intern;
  Names& names;
  std::uint64_t& dropped_fields;
  record::Stream default_stream;
  std::string_view default_pilot;
  std::span<const std::string> pilots_allowed;  ///< empty = all
  std::string_view idempotency_key;
  Instant wall;
  bool any_time;
  std::uint32_t line = 0;  ///< of the record that is being read
};

/// One JSON object into a fresh `out`. Throws Refusal; then what `out` holds is of no use. `stream` is set as soon as it
/// is known, for the counters.
void read_object(const simdjson::dom::object& object, const Reading& reading, record::Stream& stream,
                 record::Record& out);

}  // namespace pilotwatch::decode
