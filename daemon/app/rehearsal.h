// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "decode/decode.h"
#include "mapping/translator.h"

namespace pilotwatch::app {

/// Which lines the decoded records have: of `mapped.records`, or of the foreign input, decoded as it is.
enum class Lines : std::uint8_t { own, foreign };

/// What a dry run and a tap show: {"line": of the foreign input, "record": in the wire format}, of the first `most`
/// records that are good. `decoded`: what became of them.
[[nodiscard]] std::vector<std::string> rehearsal(const mapping::Output& mapped, const decode::Output& decoded,
                                                 Lines lines, std::size_t most);
/// {"line", "reason", "detail"} of each reject.
[[nodiscard]] std::vector<std::string> rejects_json(const std::vector<record::Reject>& rejects);

}  // namespace pilotwatch::app
