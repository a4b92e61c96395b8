// SPDX-License-Identifier: Apache-2.0
#include "record/dead_letter.h"

#include <string_view>

namespace pilotwatch::record {

std::string without_data(std::string_view detail) {
  std::string out;
  while (true) {
    const auto open = detail.find_first_of("'\"");
    out += detail.substr(0, open);
    if (open == std::string_view::npos) return out;
    // The data may have quotes in it: up to the last one of the kind, rather too much than too little.
    const auto close = detail.rfind(detail[open]);
    out += detail[open];
    out += "…";
    if (close == open) return out;
    out += detail[open];
    detail.remove_prefix(close + 1);
  }
}

}  // namespace pilotwatch::record
