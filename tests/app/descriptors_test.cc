// SPDX-License-Identifier: Apache-2.0
#include "app/descriptors.h"

#include <catch2/catch.hpp>

using namespace pilotwatch;

namespace {

settings::Settings with_files(int count) {
  settings::Settings out;
  for (int i = 0; i < count; ++i) {
    settings::Source source;
    source.kind = settings::SourceKind::file;
    out.sources.push_back(source);
  }
  return out;
}

/// What the process may have open by the settings as they are now.
std::uint64_t all(const settings::Settings& settings, const runtime::HttpOptions& http) {
  auto settings_copy = settings;
  auto http_copy = http;
  return app::plan_descriptors(1'000'000, settings_copy, http_copy).wanted;
}

}  // namespace

TEST_CASE("descriptors: the defaults fit into 1,024") {
  auto settings = with_files(1);
  runtime::HttpOptions http;
  const auto plan = app::plan_descriptors(1024, settings, http);
  CHECK_FALSE(plan.lowered());
  CHECK(http.max_connections == 512);
  CHECK(settings.sources[0].max_open_files == 256);
}

TEST_CASE("descriptors: what is too much is lowered until it fits, and never to nothing") {
  const auto limit = GENERATE(120, 200, 400, 800, 1024);
  const auto files = GENERATE(0, 1, 3);
  const bool otlp = GENERATE(false, true);
  CAPTURE(limit, files, otlp);
  auto settings = with_files(files);
  if (otlp) settings.sources.emplace_back().kind = settings::SourceKind::otlp;
  runtime::HttpOptions http;
  const auto plan = app::plan_descriptors(static_cast<std::uint64_t>(limit), settings, http);
  CHECK(all(settings, http) <= static_cast<std::uint64_t>(limit));
  CHECK(http.max_connections >= 1);
  for (const auto& source : settings.sources) CHECK(source.max_open_files >= 4);
  CHECK(plan.connections == http.max_connections);
  CHECK(plan.lowered() == (http.max_connections < 512 || (files > 0 && settings.sources[0].max_open_files < 256)));
}

TEST_CASE("descriptors: with far too few it still goes on") {
  auto settings = with_files(2);
  runtime::HttpOptions http;
  const auto plan = app::plan_descriptors(20, settings, http);
  CHECK(plan.lowered());
  CHECK(http.max_connections == 1);
  CHECK(settings.sources[1].max_open_files == 4);
}
