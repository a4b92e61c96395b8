// SPDX-License-Identifier: Apache-2.0
#include "record/entry.h"

#include <catch2/catch.hpp>
#include <random>

#include "base/bytes.h"

using namespace pilotwatch;
using namespace pilotwatch::record;

namespace {

Entry full_entry() {
  Submission s;
  s.source = "http";
  s.bytes = 123;
  s.dropped_fields = 2;
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
  Outcome o{{1, 2}, Instant{Millis{6}}, 3.5, OutcomeSource::appeal, 77};
  Complaint c;
  c.id = {3, 4};
  c.prediction_id = Id128{1, 2};
  c.severity = 4;
  c.incident = Id128{5, 6};
  s.batch.records = {{1, 1, p}, {1, 2, o}, {1, 3, c}};
  return {Instant{Millis{1000}}, {s}};
}

}  // namespace

TEST_CASE("entry: what is encoded comes back, byte for byte when encoded again") {
  const auto bytes = encode_entry(full_entry());
  const auto back = decode_entry(bytes);
  CHECK(encode_entry(back) == bytes);
  const auto& records = back.submissions.at(0).batch.records;
  REQUIRE(records.size() == 3);
  CHECK(std::get<Prediction>(records[0].body).features.size() == 3);
  CHECK(std::get<Outcome>(records[1].body).content == 77);
  CHECK(std::get<Complaint>(records[2].body).severity == 4);
  CHECK(back.submissions[0].rejects.total() == 1);
  CHECK(back.submissions[0].dropped_fields == 2);
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
