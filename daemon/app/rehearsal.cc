// SPDX-License-Identifier: Apache-2.0
#include "app/rehearsal.h"

#include <nlohmann/json.hpp>
#include <string_view>

namespace pilotwatch::app {

std::vector<std::string> rehearsal(const mapping::Output& mapped, const decode::Output& decoded, std::size_t most) {
  std::vector<std::string> out;
  std::string_view rest = mapped.records;
  std::uint32_t line = 0;
  for (const auto& record : decoded.batch.records) {
    if (out.size() == most) break;
    std::string_view text;
    while (line < record.line && !rest.empty()) {
      const auto end = rest.find('\n');
      text = rest.substr(0, end);
      rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
      ++line;
    }
    const auto foreign = line >= 1 && line <= mapped.lines.size() ? mapped.lines[line - 1] : record.line;
    out.push_back("{\"line\":" + std::to_string(foreign) + ",\"record\":" + std::string(text) + "}");
  }
  return out;
}

std::vector<std::string> rejects_json(const std::vector<record::Reject>& rejects) {
  std::vector<std::string> out;
  for (const auto& reject : rejects) {
    const nlohmann::ordered_json json = {{"line", reject.line},
                                         {"reason", record::reason_names[static_cast<std::size_t>(reject.reason)]},
                                         {"detail", reject.detail}};
    out.push_back(json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace));
  }
  return out;
}

}  // namespace pilotwatch::app
