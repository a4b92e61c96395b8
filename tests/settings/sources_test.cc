// SPDX-License-Identifier: Apache-2.0
#include "settings/support.h"

using namespace pilotwatch::settings;
using namespace pilotwatch::settings::testing;
using namespace std::chrono_literals;

namespace {

const std::string pilots = "pilots: [{name: p, task: binary}, {name: q, task: binary}]\n";

Source one(const std::string& source) {
  const auto s = valid(pilots + "sources: [" + source + "]\n", "/etc/pw/p.yml");
  REQUIRE(s.sources.size() == 1);
  return s.sources[0];
}

std::string wrong(const std::string& source) { return problems(pilots + "sources:\n  - " + source + "\n"); }

}  // namespace

TEST_CASE("sources: files are relative to the configuration, one or a list") {
  const auto single = one("{name: a, file: in/*.ndjson, format: csv, poll_interval: 2s, pilot: p}");
  CHECK(single.kind == SourceKind::file);
  CHECK(single.files == std::vector<std::filesystem::path>{"/etc/pw/in/*.ndjson"});
  CHECK(single.format == SourceFormat::csv);
  CHECK(single.poll_interval == 2s);
  CHECK(single.pilot == "p");
  CHECK(one("{name: a, file: [x, /y/z]}").files == std::vector<std::filesystem::path>{"/etc/pw/x", "/y/z"});
}

TEST_CASE("sources: clients of HTTP and exporters of OTLP have tokens and pilots") {
  const auto http = one("{name: a, http: true, token_file: a.token, pilots: [p, q], pilot: q}");
  CHECK(http.kind == SourceKind::http);
  CHECK(http.token_file == "/etc/pw/a.token");
  CHECK(http.pilots == std::vector<std::string>{"p", "q"});
  CHECK(one("{name: a, otlp: true}").kind == SourceKind::otlp);
}

TEST_CASE("sources: whether anybody may write follows from the tokens, unless it is said") {
  const auto anonymous = [](const std::string& more) { return valid(pilots + more).anonymous_ingest(); };
  CHECK(anonymous(""));
  CHECK(anonymous("sources: [{name: a, http: true}]\n"));
  CHECK_FALSE(anonymous("sources: [{name: a, http: true, token_file: t}]\n"));
  CHECK(anonymous("sources: [{name: a, http: true, token_file: t}]\ningest: {anonymous: true}\n"));
  CHECK_FALSE(anonymous("ingest: {anonymous: false}\n"));
}

TEST_CASE("sources: what does not belong to the kind, or to no kind, is told where it stands") {
  CHECK(wrong("{name: a}") == "p.yml:3:5: sources[0]: needs one of file, http, otlp\n");
  CHECK(wrong("{name: a, http: true, otlp: true}") ==
        "p.yml:3:27: sources[0].otlp: a source is of one kind only: file, http or otlp\n");
  CHECK(wrong("{name: a, http: false}") == "p.yml:3:21: sources[0].http: must be true, got 'false'\n");
  CHECK(wrong("{name: a, http: yes}") == "p.yml:3:21: sources[0].http: must be true or false, got 'yes'\n");
  CHECK(wrong("{name: a, file: x, token_file: t}") ==
        "p.yml:3:24: sources[0].token_file: is only for sources of kind http and otlp\n");
  CHECK(wrong("{name: a, otlp: true, format: csv}") ==
        "p.yml:3:27: sources[0].format: is only for sources of kind file and http\n");
  CHECK(wrong("{name: a, http: true, poll_interval: 1s}") ==
        "p.yml:3:27: sources[0].poll_interval: is only for sources of kind file\n");
  CHECK(wrong("{name: a, file: []}") == "p.yml:3:21: sources[0].file: needs at least one file\n");
  CHECK(wrong("{name: a, http: true, pilots: []}") == "p.yml:3:35: sources[0].pilots: needs at least one pilot\n");
  CHECK(wrong("{name: a, http: true, pilots: [p], pilot: q}") ==
        "p.yml:3:35: sources[0].pilots: must name 'q', the pilot of records that name none\n");
}
