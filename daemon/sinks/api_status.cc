// SPDX-License-Identifier: Apache-2.0
#include "sinks/api_status.h"

#include <memory>
#include <utility>

#include "sinks/api_parts.h"

namespace pilotwatch::sinks {
namespace {

using runtime::HttpRequest;
using runtime::HttpResponse;
using runtime::Respond;
using runtime::Route;

using Answer = std::function<HttpResponse()>;

Route route(const std::string& path, Answer answer) {
  return {"GET", path, path, 0, [answer = std::move(answer)](HttpRequest&&, const Respond& respond) { respond(answer()); }};
}

HttpResponse flags_answer(const StatusApi& api) {
  Json out = Json::object();
  for (const auto& [name, value] : api.flags) out[name] = value;
  return success(out);
}

HttpResponse runtime_answer(const StatusApi& api) {
  const auto self = api.self();
  return success({{"startTime", format_rfc3339(self.started)},
                  {"CWD", api.working_directory},
                  {"ready", self.ready},
                  {"reloadConfigSuccess", self.reloads.last_successful},
                  {"lastConfigTime", format_rfc3339(self.reloads.last_success)},
                  {"configHash", self.config_hash},
                  {"storageRetention", api.retention}});
}

}  // namespace

std::vector<Route> status_routes(StatusApi given) {
  const auto api = std::make_shared<const StatusApi>(std::move(given));
  return {route("/api/v1/status/config", [api] { return success({{"yaml", api->config}}); }),
          route("/api/v1/status/flags", [api] { return flags_answer(*api); }),
          route("/api/v1/status/runtimeinfo", [api] { return runtime_answer(*api); })};
}

}  // namespace pilotwatch::sinks
