// SPDX-License-Identifier: Apache-2.0
#include "app/rehearsal.h"

#include <string_view>

namespace pilotwatch::app {

std::string rehearsal(const mapping::Output& mapped, const decode::Output& decoded) {
  std::string out = "[";
  std::string_view rest = mapped.records;
  std::uint32_t line = 0;
  std::size_t shown = 0;
  for (const auto& record : decoded.batch.records) {
    if (shown == max_rehearsed_records) break;
    std::string_view text;
    while (line < record.line && !rest.empty()) {
      const auto end = rest.find('\n');
      text = rest.substr(0, end);
      rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
      ++line;
    }
    const auto foreign = line >= 1 && line <= mapped.lines.size() ? mapped.lines[line - 1] : record.line;
    out += shown++ == 0 ? "" : ",";
    ((out += "{\"line\":" + std::to_string(foreign) + ",\"record\":") += text) += '}';
  }
  return out + "]";
}

}  // namespace pilotwatch::app
