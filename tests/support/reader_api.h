// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <catch2/catch.hpp>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "sinks/api.h"
#include "support/snapshot_fixture.h"

namespace pilotwatch::support {

/// The readers' routes over a fixture, answered at once.
class ReaderApi {
 public:
  using Query = std::vector<std::pair<std::string, std::string>>;

  explicit ReaderApi(const SnapshotFixture& fixture, sinks::NextSend next_send = {}) : fixture_(fixture) {
    sinks::ApiContext context;
    context.fresh = [this](const std::function<void(std::shared_ptr<const judge::Snapshot>)>& done) {
      done(std::make_shared<const judge::Snapshot>(fixture_.snapshot));
    };
    context.self = [this] { return fixture_.self; };
    context.external_url = "http://watch:9464";
    context.dashboard_url = fixture_.settings.notify.dashboard_url;
    context.next_send = std::move(next_send);
    routes_ = sinks::reader_routes(std::move(context));
  }

  /// `pattern` as in the table of routes; path parameters come first in the query, as the listener puts them.
  runtime::HttpResponse get(const std::string& pattern, Query query = {},
                            std::map<std::string, std::string> headers = {}) {
    for (const auto& route : routes_) {
      if (route.pattern != pattern) continue;
      REQUIRE(route.method == "GET");
      runtime::HttpRequest request;
      request.method = "GET";
      request.path = pattern;
      request.query = std::move(query);
      request.headers = std::move(headers);
      runtime::HttpResponse out;
      int answers = 0;
      route.handler(std::move(request), [&](runtime::HttpResponse response) {
        out = std::move(response);
        ++answers;
      });
      REQUIRE(answers == 1);
      return out;
    }
    FAIL("no route " << pattern);
    return {};
  }

 private:
  const SnapshotFixture& fixture_;
  std::vector<runtime::Route> routes_;
};

inline std::string header(const runtime::HttpResponse& response, const std::string& name) {
  for (const auto& [key, value] : response.headers) {
    if (key == name) return value;
  }
  return "";
}

}  // namespace pilotwatch::support
