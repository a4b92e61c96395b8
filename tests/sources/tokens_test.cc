// SPDX-License-Identifier: Apache-2.0
#include "sources/tokens.h"

#include <catch2/catch.hpp>
#include <fstream>

#include "support/scratch_dir.h"

using namespace pilotwatch;
using namespace pilotwatch::sources;
using pilotwatch::testing::ScratchDir;
using settings::SourceKind;

namespace {

void write(const std::filesystem::path& path, std::string_view text) { std::ofstream(path) << text; }

/// portal and desk ask for tokens, open does not; agents is of OTLP.
struct Sources {
  Sources() {
    write(dir.path() / "portal", "# portal\n\nportal-1\n  portal-2  \n");
    write(dir.path() / "desk", "desk-1\n");
    settings.sources = {{.name = "portal", .token_file = dir.path() / "portal"},
                        {.name = "desk", .token_file = dir.path() / "desk"},
                        {.name = "open"},
                        {.name = "agents", .kind = SourceKind::otlp}};
  }
  ScratchDir dir;
  settings::Settings settings;
};

std::string said(const SourceAccess::Decision& decision) {
  return decision.source != nullptr ? decision.source->name : std::to_string(decision.status);
}

}  // namespace

TEST_CASE("tokens: a token stands for its source, whatever its case of scheme, and for no other") {
  Sources s;
  SourceAccess access(s.settings, SourceKind::http);
  CHECK(said(access.decide("Bearer portal-1", "")) == "portal");
  CHECK(said(access.decide("bEARER  portal-2 ", "")) == "portal");
  CHECK(said(access.decide("Bearer desk-1", "desk")) == "desk");
  CHECK(said(access.decide("Bearer desk-1", "portal")) == "403");
  for (const auto* wrong : {"Bearer portal", "Bearer portal-11", "Bearer ", "Bearer # portal"}) {
    CAPTURE(wrong);
    CHECK(said(access.decide(wrong, "")) == "401");
    CHECK(said(access.decide(wrong, "portal")) == "401");
  }
}

TEST_CASE("tokens: without one only sources that ask for none take records") {
  Sources s;
  SourceAccess access(s.settings, SourceKind::http);
  CHECK(said(access.decide("", "portal")) == "401");
  CHECK(said(access.decide("Basic cG9ydGFsLTE=", "portal")) == "401");
  CHECK(said(access.decide("", "open")) == "open");
  CHECK(said(access.decide("", "nobody")) == "404");
  CHECK(said(access.decide("", "agents")) == "404");
  CHECK(said(access.decide("", "")) == "401");  // somebody has a token, so nobody is anonymous
  CHECK(said(access.decide("", "http")) == "401");
  s.settings.ingest.anonymous = true;
  CHECK(said(access.decide("", "")) == "http");
  CHECK(said(access.decide("", "http")) == "http");
}

TEST_CASE("tokens: where no source asks for one, a bearer token of somebody else's is no matter") {
  Sources s;
  s.settings.sources.erase(s.settings.sources.begin(), s.settings.sources.begin() + 2);
  SourceAccess access(s.settings, SourceKind::http);
  CHECK(said(access.decide("Bearer of-a-proxy", "")) == "http");
  SourceAccess otlp(s.settings, SourceKind::otlp);
  CHECK(said(otlp.decide("", "")) == "agents");
  s.settings.sources.push_back({.name = "more", .kind = SourceKind::otlp});
  SourceAccess two(s.settings, SourceKind::otlp);
  CHECK(said(two.decide("", "")) == "404");
  CHECK(said(two.decide("", "more")) == "more");
}

TEST_CASE("tokens: a file that is missing or empty is no file of tokens") {
  Sources s;
  CHECK_THROWS_WITH(TokenFile(s.dir.path() / "none"), Catch::Contains("none: token_file: cannot be read"));
  write(s.dir.path() / "portal", "# nothing yet\n");
  CHECK_THROWS(SourceAccess(s.settings, SourceKind::http));
}
