// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "decode/decode.h"
#include "mapping/translator.h"

namespace pilotwatch::app {

inline constexpr std::size_t max_rehearsed_records = 100;

/// What a dry run shows: a JSON array of {"line": of the foreign input, "record": in the wire format}, of the first
/// `max_rehearsed_records` that would be taken. `decoded` is what became of `mapped.records`, with their lines.
[[nodiscard]] std::string rehearsal(const mapping::Output& mapped, const decode::Output& decoded);

}  // namespace pilotwatch::app
