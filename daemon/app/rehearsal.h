// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "decode/decode.h"
#include "mapping/translator.h"

namespace pilotwatch::app {

/// What a dry run and a tap show: {"line": of the foreign input, "record": in the wire format}, of the first `most`
/// records that are good. `decoded` is what became of `mapped.records`, with their lines.
[[nodiscard]] std::vector<std::string> rehearsal(const mapping::Output& mapped, const decode::Output& decoded,
                                                 std::size_t most);
/// {"line", "reason", "detail"} of each reject.
[[nodiscard]] std::vector<std::string> rejects_json(const std::vector<record::Reject>& rejects);

}  // namespace pilotwatch::app
