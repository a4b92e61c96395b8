// SPDX-License-Identifier: Apache-2.0
#include "decode/decode.h"

#include <catch2/catch.hpp>
#include <random>

#include "support/scenario.h"

using namespace pilotwatch;
using namespace pilotwatch::testing;
using record::Reason;
using record::Stream;

namespace {

settings::Settings two_pilots() {
  auto strict = binary_pilot("strict");
  strict.unknown_fields = settings::UnknownFields::reject;
  strict.clock = settings::PilotClock::wall;
  auto open = binary_pilot("open");
  open.features = {{"x", settings::FeatureKind::numeric}, {"c", settings::FeatureKind::categorical}};
  open.segments.attributes = {"g"};
  auto demand = binary_pilot("demand");
  demand.task = settings::Task::regression;
  demand.classes.clear();
  return settings_of({strict, open, demand});
}

decode::Output decode_text(std::string_view text, bool any_time = true) {
  static const auto settings = two_pilots();
  decode::Decoder decoder(settings, IdKey{});
  decode::Input input;
  input.bytes = text;
  input.any_time = any_time;
  input.wall = at("2026-06-01T00:00:00Z");
  return decoder.decode(input);
}

/// The one reject of one bad line, as "reason: detail".
std::string refusal(const std::string& line, bool any_time = true) {
  const auto out = decode_text(line, any_time);
  CHECK(out.lines == out.batch.records.size() + out.rejects.total());
  if (out.errors.size() != 1) return "accepted";
  return std::string(record::reason_names[static_cast<std::size_t>(out.errors[0].reason)]) + ": " +
         out.errors[0].detail;
}

const std::string head = R"({"type":"prediction","pilot":"open","id":"1","time":"2026-03-01T08:00:00Z")";

}  // namespace

TEST_CASE("decode: one prediction, every member") {
  const auto out = decode_text(
      head + R"(,"model_version":"1.4","prediction":1.0,"score":0.75,"features":{"x":2,"c":7},"segments":{"g":"a"},)"
             R"("latency_ms":12.5,"weight":3,"failed":true})");
  REQUIRE(out.batch.records.size() == 1);
  const auto& batch = out.batch;
  const auto& p = std::get<record::Prediction>(batch.records[0].body);
  CHECK(batch.text(batch.records[0].pilot) == "open");
  CHECK(p.time == at("2026-03-01T08:00:00Z"));
  CHECK(batch.text(p.model_version) == "1.4");
  CHECK(batch.text(std::get<record::StringRef>(p.prediction)) == "1");
  CHECK(p.score == 0.75);
  REQUIRE(p.features.size() == 2);
  CHECK(std::get<double>(p.features[0].value) == 2.0);
  CHECK(batch.text(std::get<record::StringRef>(p.features[1].value)) == "7");
  CHECK(batch.text(p.segments.at(0).value) == "a");
  CHECK(p.latency_ms == 12.5);
  CHECK(p.weight == 3);
  CHECK(p.failed);
  CHECK(out.dropped_fields == 0);
}

TEST_CASE("decode: 1, 1.0, \"1\" and true name one label; ids keep nothing of their text") {
  for (const auto* label : {"1", "1.0", "\"1\"", "true"}) {
    const auto out = decode_text(head + R"(,"prediction":)" + label + "}");
    REQUIRE(out.batch.records.size() == 1);
    CHECK(out.batch.text(
              std::get<record::StringRef>(std::get<record::Prediction>(out.batch.records[0].body).prediction)) == "1");
  }
  const auto secret = decode_text(R"({"type":"prediction","pilot":"open","id":"BSN-123456782","time":0})");
  CHECK(record::encode_entry({Instant{}, {{"http", secret.batch, {}, 0, 0}}}).find("BSN") == std::string::npos);
}

TEST_CASE("decode: times as RFC 3339, seconds and milliseconds, before 1970 too") {
  const auto time = [](const std::string& text) {
    const auto out = decode_text(R"({"type":"outcome","pilot":"open","id":1,"actual":0,"time":)" + text + "}");
    REQUIRE(out.batch.records.size() == 1);
    return format_rfc3339(std::get<record::Outcome>(out.batch.records[0].body).time);
  };
  CHECK(time("1772352000") == "2026-03-01T08:00:00Z");
  CHECK(time("1772352000.5") == "2026-03-01T08:00:00.500Z");
  CHECK(time("1772352000500") == "2026-03-01T08:00:00.500Z");
  CHECK(time("-86400") == "1969-12-31T00:00:00Z");
  CHECK(time("\"2026-03-01T09:00:00+01:00\"") == "2026-03-01T08:00:00Z");
}

TEST_CASE("decode: NDJSON, an array, one object over lines, and a BOM all mean the same") {
  const std::string one = head + "}", two = R"({"type":"outcome","pilot":"open","id":"1","time":0,"actual":1})";
  for (const auto& text : {one + "\n" + two + "\n", one + "\r\n\r\n" + two, "[" + one + ",\n " + two + "]",
                           "\xEF\xBB\xBF" + one + "\n" + two}) {
    CAPTURE(text);
    const auto out = decode_text(text);
    CHECK(out.batch.records.size() == 2);
    CHECK(out.lines == 2);
    CHECK(out.batch.records.back().line >= 2);
  }
  CHECK(decode_text("{\n \"type\": \"prediction\", \"pilot\": \"open\",\n \"id\": \"1\", \"time\": 0\n}\n")
            .batch.records.size() == 1);
  CHECK(decode_text(" \n\n").lines == 0);
}

TEST_CASE(
    "decode: a broken first line in brackets does not take the good lines with it; a broken array is one refusal") {
  const auto lines = decode_text("[broken\n" + head + "}\n");
  CHECK(lines.batch.records.size() == 1);
  CHECK(lines.lines == 2);
  CHECK(lines.errors.at(0).line == 1);
  const auto array = decode_text("[" + head + "},\n" + head + "},\n oops]");
  CHECK(array.batch.records.empty());
  CHECK(array.lines == 1);
}

TEST_CASE("decode: every bad line says what is wrong with it") {
  CHECK(refusal("{nonsense") == "json: not valid JSON");
  CHECK(refusal(head + R"(,"score":NaN})") == "json: not valid JSON");
  CHECK(refusal(head + R"(,"score":Infinity})") == "json: not valid JSON");
  CHECK(refusal(head + R"(,"score":1e999})") == "number: a number is malformed or too large");
  CHECK(refusal(head + R"(,"model_version":")" + "\xFF" + R"("})") == "utf8: not valid UTF-8");
  CHECK(refusal(head + R"(,"features":)" + std::string(100, '[') + std::string(100, ']') + "}") ==
        "depth: nested deeper than 32 levels");
  CHECK(refusal("[1]") == "schema: a record must be an object");
  CHECK(refusal("7") == "schema: a record must be an object");
  CHECK(refusal(R"({"pilot":"open","id":"1","time":0})") == "schema: type: is required");
  CHECK(refusal(R"({"type":"vote","pilot":"open"})") ==
        "unknown_type: type: 'vote' is not one of prediction, outcome, complaint, complaint_update, review, feedback, "
        "change");
  CHECK(refusal(R"({"type":"outcome","id":"1"})") == "schema: pilot: is required");
  CHECK(refusal(R"({"type":"outcome","pilot":"nobody","id":"1"})") ==
        "unknown_pilot: pilot: 'nobody' is not configured");
  CHECK(refusal(R"({"type":"outcome","pilot":"open","id":"1","actual":1})") == "schema: time: is required");
  CHECK(refusal(R"({"type":"outcome","pilot":"open","id":"1","time":"yesterday","actual":1})") ==
        "time: time: not an RFC 3339 time with offset (2026-03-01T08:00:00Z)");
  CHECK(refusal(R"({"type":"outcome","pilot":"open","id":"1","time":0})") == "schema: actual: is required");
  CHECK(refusal(R"({"type":"outcome","pilot":"open","id":"1","time":0,"actual":"2"})") ==
        "unknown_class: actual: '2' is not one of the pilot's classes");
  CHECK(refusal(R"({"type":"outcome","pilot":"open","id":"","time":0,"actual":1})") == "schema: id: is empty");
  CHECK(refusal(R"({"type":"outcome","pilot":"open","id":["a"],"time":0,"actual":1})") ==
        "schema: id: must be a string, number or boolean, got an array");
  CHECK(refusal(head + R"(,"id":"2"})") == "schema: 'id': given twice");
  CHECK(refusal(head + R"(,"score":1.5})") == "number: score: must lie in [0, 1]");
  CHECK(refusal(head + R"(,"weight":0})") == "number: weight: must be a whole number from 1 to 1000000000");
  CHECK(refusal(head + R"(,"weight":1.5})") == "number: weight: must be a whole number from 1 to 1000000000");
  CHECK(refusal(head + R"(,"features":{"x":"high"}})") ==
        "schema: features.x: must be a number, a boolean or null, got a string");
  CHECK(refusal(head + R"(,"failed":"no"})") == "schema: failed: must be a boolean, got a string");
  CHECK(refusal(head + R"(,"latency_ms":-1})") == "number: latency_ms: must not be negative");
  CHECK(refusal(R"({"type":"complaint","pilot":"open","id":"1","time":0,"severity":5})") ==
        "number: severity: must be 0, 1, 2, 3 or 4");
  CHECK(refusal(R"({"type":"prediction","pilot":"demand","id":"1","time":0,"prediction":1e300})") ==
        "number: prediction: beyond 3.6e16");
  CHECK(refusal(R"({"type":"prediction","pilot":"demand","id":"1","time":0,"prediction":{"1.5":3}})") ==
        "schema: prediction: quantile levels must lie between 0 and 1");
  CHECK(refusal(head + R"(,"model_version":")" + std::string(300, 'v') + "\"}") ==
        "schema: model_version: longer than 256 bytes");
}

TEST_CASE("decode: a line beyond the limit is refused, the next is read") {
  const auto out = decode_text(std::string((1 << 20) + 1, 'x') + "\n" + head + "}\n");
  CHECK(out.batch.records.size() == 1);
  CHECK(out.batch.records[0].line == 2);
  CHECK(out.errors.at(0).reason == Reason::line_too_long);
}

TEST_CASE("decode: times outside the accepted range, unless any is asked for") {
  const auto line = [](const char* time) {
    return R"({"type":"outcome","pilot":"strict","id":"1","actual":1,"time":")" + std::string(time) + "\"}";
  };
  CHECK(refusal(line("2026-06-01T00:59:00Z"), false) == "accepted");
  CHECK(refusal(line("2026-06-01T01:01:00Z"), false) == "time: time: in the future by more than accept.future (1h)");
  CHECK(refusal(line("1996-06-01T00:00:00Z"), false) == "time: time: older than accept.past (10y)");
  CHECK(refusal(line("1920-06-01T00:00:00Z"), true) == "accepted");
}

TEST_CASE("decode: fields no allow-list names are dropped and counted, or refused") {
  CHECK(decode_text(head + R"(,"nationality":"x","features":{"salary":1},"segments":{"h":"y"}})").dropped_fields == 3);
  CHECK(refusal(R"({"type":"prediction","pilot":"strict","id":"1","time":0,"nationality":"x"})") ==
        "unknown_field: 'nationality': is not allow-listed");
  CHECK(refusal(R"({"type":"prediction","pilot":"strict","id":"1","time":0,"features":{"salary":1}})") ==
        "unknown_field: features.'salary': is not allow-listed");
}

TEST_CASE("decode: rejects are counted by stream and reason") {
  const auto out = decode_text(R"({"type":"complaint","pilot":"open","time":0})"
                               "\n"
                               "junk\n");
  CHECK(out.rejects.by_stream[static_cast<std::size_t>(Stream::complaints)][static_cast<std::size_t>(Reason::schema)] ==
        1);
  CHECK(out.rejects.by_stream[static_cast<std::size_t>(Stream::unknown)][static_cast<std::size_t>(Reason::json)] == 1);
}

TEST_CASE("decode: any bytes at all: no crash, and lines = records + rejects") {
  const auto seed = GENERATE(take(300, random(0u, 1u << 30)));
  CAPTURE(seed);
  std::mt19937_64 rng{seed};
  std::string text;
  for (int i = 0; i < 5; ++i)
    text += head + R"(,"prediction":1,"features":{"x":1.5,"c":"k"},"segments":{"g":"a"}})" + "\n";
  for (const auto* rest : {R"("complaint_update","id":"c","step":"decided","found_for":"person")",
                           R"("review","prediction_id":"1","final":0,"opened_at":0,"ai_shown":"first","seeded":true)",
                           R"("feedback","audience":"staff","theme":"trust","stance":-2,"value":3.5)",
                           R"("change","what":"model","from":"1","to":"2","announced":true)"}) {
    text += R"({"pilot":"open","time":1,"type":)" + std::string(rest) + "}\n";
  }
  for (int i = 0; i < 20; ++i) {
    switch (rng() % 3) {
      case 0:
        text[rng() % text.size()] = static_cast<char>(rng());
        break;
      case 1:
        text.erase(rng() % text.size(), rng() % 10);
        break;
      default:
        text.insert(rng() % text.size(), 1, "{}[],:\"\\\n0e-"[rng() % 12]);
        break;
    }
  }
  const auto out = decode_text(text);
  CHECK(out.lines == out.batch.records.size() + out.rejects.total());
}
