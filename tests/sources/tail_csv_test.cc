// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <filesystem>

#include "sources/file_patterns.h"
#include "sources/line_cut.h"
#include "sources/tail_reader.h"
#include "support/scratch_dir.h"

using namespace pilotwatch;
using namespace pilotwatch::sources;
using pilotwatch::testing::append;
using pilotwatch::testing::ScratchDir;
using settings::SourceFormat;

TEST_CASE("line cut: rows end at newlines outside of quotes, lines at each") {
  CHECK(whole_records("a,b\n1,\"x\ny\"\n2,\"open\n", SourceFormat::csv) == 12);
  CHECK(whole_records("1,\"he said \"\"no\n\"\"\"\n2", SourceFormat::csv) == 20);
  CHECK(whole_records("5\" pipe,2\n6,3\n", SourceFormat::csv) == 14);  // a quote within a field is a character
  CHECK(whole_records("\"open\n", SourceFormat::csv) == 0);
  CHECK(first_record("\"a\nb\",c\n1,2\n", SourceFormat::csv) == 8);
  CHECK(whole_records("{\"a\":\"\n\"}\nx", SourceFormat::json) == 10);
  CHECK(whole_records("\n[1\n2\n", SourceFormat::json) == 4);
  CHECK(first_record("a\nb\n", SourceFormat::json) == 2);
  CHECK(first_record("a", SourceFormat::json) == 0);
}

TEST_CASE("file patterns: what rotation makes of a name") {
  for (const auto* name : {"log.ndjson.1", "log.ndjson.12.gz", "log.ndjson-20260131", "log.ndjson-20260131-1767225600",
                           "log-20260131.ndjson", "log.1.ndjson.gz", "log.ndjson_2026-01-31T10:00"})
    CHECK(is_rotated_name(name, "log.ndjson"));
  for (const auto* name : {"log.ndjson", "log.ndjson.bak", "log.ndjson.1.tmp", "log.ndjson1", "log.state",
                           "other.ndjson.1", "log.ndjson.gz", "log-errors.ndjson", "log.1.csv"})
    CHECK_FALSE(is_rotated_name(name, "log.ndjson"));
}

TEST_CASE("tail: csv comes with its header, in whole rows, also after a restart") {
  const ScratchDir dir;
  settings::Source source;
  source.name = "s";
  source.kind = settings::SourceKind::file;
  source.format = SourceFormat::csv;
  source.files = {dir.path() / "*.csv"};
  source.poll_interval = Millis{0};
  append(dir.path() / "a.csv", "id,text\n1,\"two\nlines\"\n2,\"half");
  std::vector<Cursor> cursors;
  {
    TailReader reader(source, 1000, {});
    const auto first = reader.next();
    REQUIRE(first);
    CHECK(first->csv_header.empty());
    CHECK(first->bytes == "id,text\n1,\"two\nlines\"\n");
    cursors = first->cursors;
    reader.advance(*first);
    CHECK_FALSE(reader.next());
  }
  append(dir.path() / "a.csv", "\nof it\"\n");
  TailReader reader(source, 1000, cursors);
  const auto next = reader.next();
  REQUIRE(next);
  CHECK(next->csv_header == "id,text\n");
  CHECK(next->bytes == "2,\"half\nof it\"\n");
  reader.advance(*next);

  append(dir.path() / "b.csv", "id,text\n3,x\n");  // the same header: its rows go together with others
  append(dir.path() / "a.csv", "4,y\n");
  const auto both = reader.next();
  REQUIRE(both);
  CHECK(both->csv_header.empty());
  CHECK(both->bytes == "id,text\n3,x\n4,y\n");
  reader.advance(*both);

  append(dir.path() / "c.csv", "other\n5\n");  // another header: a chunk of its own
  append(dir.path() / "a.csv", "6,z\n");
  std::string chunks;
  while (const auto chunk = reader.next()) {
    chunks += chunk->csv_header + "|" + chunk->bytes + "#";
    reader.advance(*chunk);
  }
  CHECK(chunks.find("id,text\n|6,z\n#") != std::string::npos);
  CHECK(chunks.find("|other\n5\n#") != std::string::npos);
}

TEST_CASE("tail: a quote in csv that is not closed does not swallow the file") {
  const ScratchDir dir;
  settings::Source source;
  source.name = "s";
  source.format = SourceFormat::csv;
  source.files = {dir.path() / "a.csv"};
  source.poll_interval = Millis{0};
  std::string rows;
  for (int i = 0; i < 300'000; ++i) rows += std::to_string(i) + ",x\n";
  append(dir.path() / "a.csv", "id,text\n0,\"open\n" + rows);
  TailReader reader(source, 1000, {});
  std::string all;
  while (const auto chunk = reader.next()) {
    all += chunk->bytes;
    reader.advance(*chunk);
  }
  CHECK(all == "id,text\n0,\"open\n" + rows);
}

namespace {

/// Chunk by chunk "header|bytes#", each committed.
std::string chunks_of(TailReader& reader) {
  std::string out;
  for (int look = 0; look < 3; ++look) {
    while (const auto chunk = reader.next()) {
      out += chunk->csv_header + "|" + chunk->bytes + "#";
      reader.advance(*chunk);
    }
  }
  return out;
}

settings::Source csv_source(const std::filesystem::path& pattern) {
  settings::Source source;
  source.name = "s";
  source.format = SourceFormat::csv;
  source.files = {pattern};
  source.poll_interval = Millis{0};
  return source;
}

}  // namespace

TEST_CASE("tail: empty lines and a byte order mark before a csv header are not the header") {
  for (const std::string before : {"\n", "\r\n\n", "\xEF\xBB\xBF", "\xEF\xBB\xBF\n"}) {
    const ScratchDir dir;
    const auto source = csv_source(dir.path() / "*.csv");
    TailReader reader(source, 1000, {});
    append(dir.path() / "a.csv", before);
    CHECK(chunks_of(reader).empty());  // the header is waited for
    append(dir.path() / "a.csv", "id,text\n1,x\n");
    CHECK(chunks_of(reader) == "|id,text\n1,x\n#");
    append(dir.path() / "a.csv", "2,y\n");
    CHECK(chunks_of(reader) == "id,text\n|2,y\n#");
    append(dir.path() / "b.csv", before + "id,text\n3,z\n");
    append(dir.path() / "a.csv", "4,w\n");
    CHECK(chunks_of(reader) == "|id,text\n3,z\n4,w\n#");
  }
}

TEST_CASE("tail: a csv file of nothing but empty lines does not hold up its successor") {
  const ScratchDir dir;
  const auto source = csv_source(dir.path() / "a.csv");
  TailReader reader(source, 1000, {});
  append(dir.path() / "a.csv", "\n\n");
  CHECK(chunks_of(reader).empty());
  std::filesystem::rename(dir.path() / "a.csv", dir.path() / "a.csv.1");
  append(dir.path() / "a.csv", "id\n1\n");
  CHECK(chunks_of(reader).find("|id\n1\n#") != std::string::npos);
}

TEST_CASE("tail: a csv header too long for a record is no reason to take a row for it") {
  const ScratchDir dir;
  const auto source = csv_source(dir.path() / "a.csv");
  TailReader reader(source, 1000, {});
  const std::string header(5000, 'h');
  append(dir.path() / "a.csv", header + "\n1\n");
  CHECK(chunks_of(reader) == "|" + header + "\n1\n#");
  append(dir.path() / "a.csv", "2\n");
  CHECK(chunks_of(reader) == header.substr(0, 1001) + "|2\n#");
}
