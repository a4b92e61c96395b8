// SPDX-License-Identifier: Apache-2.0
// Why a limit says what it says, asked of a running daemon.
#include <cstdio>
#include <stdexcept>

#include "app/client_json.h"
#include "app/commands.h"
#include "app/explain_text.h"
#include "app/screen_text.h"
#include "base/url.h"

namespace pilotwatch::app {

int explain(const ExplainOptions& options) {
  Client client(options.client);
  std::string path = "/api/v1/pilots/" + url_encoded(options.pilot) + "/explain";
  if (!options.limit.empty()) path += "?limit=" + url_encoded(options.limit);
  if (!options.group.empty()) path += (options.limit.empty() ? "?group=" : "&group=") + url_encoded(options.group);
  const auto data = answer_of(client, path).at("data");
  const auto width = options.width > 0 ? static_cast<std::size_t>(options.width) : screen_width();
  const auto text = options.json ? data.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n"
                                 : explain_text(data, width, !options.limit.empty());
  if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size() || std::fflush(stdout) != 0)
    throw std::runtime_error("standard output cannot be written");
  return 0;
}

}  // namespace pilotwatch::app
