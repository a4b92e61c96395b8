// SPDX-License-Identifier: Apache-2.0
#include "app/rehearsal.h"

#include <boost/unordered/unordered_flat_set.hpp>
#include <nlohmann/json.hpp>
#include <string_view>

namespace pilotwatch::app {

std::vector<std::string> rehearsal(const mapping::Output& mapped, const decode::Output& decoded, Lines lines,
                                   std::size_t most) {
  boost::unordered_flat_set<std::uint32_t> good;
  for (const auto& record : decoded.batch.records) good.insert(record.line);
  std::vector<std::string> out;
  std::string_view rest = mapped.records;
  for (std::uint32_t own = 1; !rest.empty() && out.size() < most; ++own) {
    const auto end = rest.find('\n');
    const auto text = rest.substr(0, end);
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    const auto foreign = own <= mapped.lines.size() ? mapped.lines[own - 1] : own;
    if (good.contains(lines == Lines::foreign ? foreign : own))
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
