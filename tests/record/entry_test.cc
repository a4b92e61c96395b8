// SPDX-License-Identifier: Apache-2.0
#include "record/entry.h"

#include <catch2/catch.hpp>
#include <random>

#include "base/bytes.h"
#include "base/id.h"

using namespace pilotwatch;
using namespace pilotwatch::record;

namespace {

Entry full_entry() {
  Submission s;
  s.source = "http";
  s.bytes = 123;
  s.dropped_fields = 2;
  s.ignored = 9;
  s.rejects.add({1, Stream::outcomes, Reason::time, ""});
  s.batch.strings = {"", "pilot", "v1", "x", "label"};
  Prediction p;
  p.id = {1, 2};
  p.time = Instant{Millis{-5}};
  p.model_version = 2;
  p.prediction = StringRef{4};
  p.quantiles = {{3, 0.5}};
  p.score = 0.25;
  p.scores = {{4, 0.75}};
  p.features = {{3, 1.5}, {3, StringRef{4}}, {3, std::monostate{}}};
  p.segments = {{3, 4}};
  p.latency_ms = 7;
  p.weight = 9;
  p.failed = true;
  p.part = Part::response;
  Outcome o{{1, 2}, Instant{Millis{6}}, 3.5, OutcomeSource::appeal, 77};
  Complaint c;
  c.id = {3, 4};
  c.prediction_id = Id128{1, 2};
  c.severity = 4;
  c.incident = Id128{5, 6};
  ComplaintUpdate u{{3, 4}, Instant{Millis{7}}, Step::closed, FoundFor::none};
  Review r{{8, 1}, {1, 2}, Instant{Millis{8}}, 2.5, Instant{Millis{-8}}, AiShown::never, true, 99};
  Feedback f{{8, 2}, Instant{Millis{9}}, Audience::everyone, Id128{1, 2}, 3, -2, 0.5};
  Change change{{8, 3}, Instant{Millis{10}}, What::other, 3, 4, false};
  s.rejects.add({5, Stream::changes, Reason::schema, ""});
  s.rejects.add({6, Stream::unknown, Reason::json, ""});
  s.batch.records = {{1, 1, p}, {1, 2, o}, {1, 3, c}, {1, 4, u}, {1, 5, r}, {1, 6, f}, {1, 7, change}};
  return {Instant{Millis{1000}},
          {s},
          {},
          {PausePilot{"pilot", Instant{Millis{7}}, Millis{60'000}, "ann", "new scanners"}, ResumePilot{"pilot", Instant{Millis{8}}, "bob"},
           AcknowledgeEpisode{"0123", "eve", "seen"}}};
}

}  // namespace

TEST_CASE("entry: what is encoded comes back, byte for byte when encoded again") {
  const auto bytes = encode_entry(full_entry());
  const auto back = decode_entry(bytes);
  CHECK(encode_entry(back) == bytes);
  REQUIRE(back.actions.size() == 3);
  CHECK(std::get<PausePilot>(back.actions[0]).lasts == Millis{60'000});
  CHECK(std::get<PausePilot>(back.actions[0]).reason == "new scanners");
  CHECK(std::get<PausePilot>(back.actions[0]).from == Instant{Millis{7}});
  CHECK(std::get<ResumePilot>(back.actions[1]).author == "bob");
  CHECK(std::get<ResumePilot>(back.actions[1]).at == Instant{Millis{8}});
  CHECK(std::get<AcknowledgeEpisode>(back.actions[2]).note == "seen");
  const auto& records = back.submissions.at(0).batch.records;
  REQUIRE(records.size() == 7);
  CHECK(std::get<Prediction>(records[0].body).features.size() == 3);
  CHECK(std::get<Outcome>(records[1].body).content == 77);
  CHECK(std::get<Complaint>(records[2].body).severity == 4);
  CHECK(std::get<ComplaintUpdate>(records[3].body).found_for == FoundFor::none);
  CHECK(std::get<Review>(records[4].body).opened_at == Instant{Millis{-8}});
  CHECK(std::get<Review>(records[4].body).ai_shown == AiShown::never);
  CHECK(std::get<Feedback>(records[5].body).stance == -2);
  CHECK(std::get<Change>(records[6].body).announced == false);
  for (std::size_t i = 0; i < records.size(); ++i) CHECK(stream_of(records[i]) == static_cast<Stream>(i));
  CHECK(back.submissions[0].rejects.total() == 3);
  CHECK(back.submissions[0].rejects.by_stream.back()[static_cast<std::size_t>(Reason::json)] == 1);
  CHECK(back.submissions[0].dropped_fields == 2);
  CHECK(back.submissions[0].ignored == 9);
}

TEST_CASE("entry: damaged bytes are refused or read, never a crash") {
  const auto seed = GENERATE(take(500, random(0u, 1u << 30)));
  CAPTURE(seed);
  std::mt19937_64 rng{seed};
  auto bytes = encode_entry(full_entry());
  for (auto i = rng() % 4 + 1; i > 0; --i) bytes[rng() % bytes.size()] = static_cast<char>(rng());
  if (rng() % 3 == 0) bytes.resize(rng() % bytes.size());
  try {
    const auto entry = decode_entry(bytes);
    for (const auto& submission : entry.submissions) {
      for (const auto& record : submission.batch.records) CHECK_NOTHROW(submission.batch.text(record.pilot));
    }
  } catch (const CorruptBytes&) {
    SUCCEED("refused");
  }
}

TEST_CASE("entry: one of version 1, from before the further streams, is still read") {
  ByteWriter out;
  out.u64(1);
  out.time(Instant{Millis{1000}});
  out.u64(1);  // submissions
  out.text("http");
  out.u64(123);                                           // bytes
  out.u64(2);                                             // dropped fields
  for (std::uint64_t i = 0; i < 4 * 11; ++i) out.u64(i);  // predictions, outcomes, complaints, unknown; 11 reasons
  out.u64(2);
  out.text("");
  out.text("pilot");
  out.u64(1);  // records
  out.u64(1);
  out.u64(2);  // a complaint
  out.id({3, 4});
  out.time(Instant{Millis{5}});
  out.flag(false);
  out.u64(0);
  out.flag(true);
  out.u64(4);
  out.u64(0);
  out.flag(true);
  out.id({5, 6});
  out.u64(0);
  const auto entry = decode_entry(out.bytes());
  const auto& s = entry.submissions.at(0);
  CHECK(s.rejects.by_stream[static_cast<std::size_t>(Stream::predictions)][10] == 10);
  CHECK(s.rejects.by_stream[static_cast<std::size_t>(Stream::complaints)][0] == 22);
  CHECK(s.rejects.by_stream[static_cast<std::size_t>(Stream::unknown)][10] == 43);
  CHECK(s.rejects.total() == 43 * 44 / 2);
  const auto& c = std::get<Complaint>(s.batch.records.at(0).body);
  CHECK(c.incident == Id128{5, 6});
  CHECK(c.severity == 4);
  CHECK_THROWS_AS(decode_entry(std::string(1, '\3') + out.bytes().substr(1)), CorruptBytes);
}

TEST_CASE("entry: the limits in force come back as they were, and older entries have none") {
  record::Entry entry;
  entry.wall = Instant{Millis{5}};
  const auto plain = record::encode_entry(entry);
  CHECK(!record::decode_entry(plain).limits);
  auto older = plain;
  older[0] = 4;  // ended before the actions
  older.pop_back();
  CHECK(record::decode_entry(older).actions.empty());
  older[0] = 2;  // and before the limits
  older.pop_back();
  CHECK(record::decode_entry(older).wall == entry.wall);
  CHECK(!record::decode_entry(older).limits);
  entry.limits.emplace();
  CHECK(record::decode_entry(record::encode_entry(entry)).limits->empty());
  entry.limits->push_back({"p", "l", "max: 1\n", content_hash("x")});
  const auto back = record::decode_entry(record::encode_entry(entry)).limits;
  REQUIRE(back->size() == 1);
  CHECK(back->front().pilot == "p");
  CHECK(back->front().limit == "l");
  CHECK(back->front().text == "max: 1\n");
  CHECK(back->front().judgement == content_hash("x"));
  const auto bytes = record::encode_entry(entry);
  for (std::size_t length = 0; length < bytes.size(); ++length)
    CHECK_THROWS_AS(record::decode_entry(std::string_view(bytes).substr(0, length)), CorruptBytes);
}

TEST_CASE("entry: version 3, before parts and what is ignored, is still read") {
  ByteWriter out;
  out.u64(3);
  out.time(Instant{Millis{7}});
  out.u64(1);  // submissions
  out.text("s");
  out.u64(10);  // bytes
  out.u64(2);   // dropped fields
  out.u64(1);   // streams
  out.u64(1);   // reasons
  out.u64(5);
  out.u64(1);  // strings
  out.text("");
  out.u64(1);  // records
  out.u64(0);  // pilot
  out.u64(0);  // a prediction
  out.id({3, 4});
  out.time(Instant{Millis{5}});
  out.u64(0);  // version
  out.u64(0);  // no prediction
  out.u64(0);  // quantiles
  out.flag(false);
  out.u64(0);  // scores
  out.u64(0);  // features
  out.u64(0);  // segments
  out.flag(false);
  out.u64(1);  // weight
  out.flag(true);
  out.flag(false);  // limits
  const auto entry = decode_entry(out.bytes());
  CHECK(entry.submissions.at(0).ignored == 0);
  const auto& p = std::get<Prediction>(entry.submissions.at(0).batch.records.at(0).body);
  CHECK(p.failed);
  CHECK(p.part == Part::whole);
}
