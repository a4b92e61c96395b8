// SPDX-License-Identifier: Apache-2.0
// How bytes are cut: JSON, CSV, CloudEvents.
#include "mapping/otlp_writer.h"
#include "mapping/support.h"

using namespace pilotwatch;
using mapping::Framing;
using mapping::testing::mapped;
using mapping::testing::source;
using mapping::testing::text;
using mapping::testing::translate;
using mapping::testing::Wire;

namespace {

/// Copies `v` of each foreign record.
const std::string copy = "http: true, map: [{type: change, fields: {what: {value: data}, time: {value: t}, to: v}}]";

std::string values(std::string_view bytes, Framing framing = Framing::json) {
  auto shown = mapped(copy, bytes, framing);
  const std::string noise = R"({"type":"change","what":"data","time":"t")";
  for (auto at = shown.find(noise); at != std::string::npos; at = shown.find(noise)) shown.erase(at, noise.size());
  return shown;
}

}  // namespace

TEST_CASE("JSON is lines, an array or one object, and a broken one does not spoil its neighbours") {
  CHECK(values("{\"v\":1}\n\n{\"v\":\n{\"v\":3}\n") == "1 ,\"to\":1}\n4 ,\"to\":3}\n3 json: not valid JSON\n");
  CHECK(values(" [ {\"v\":1} , {\"v\":} , {\"v\":\"],[\"} ] ") ==
        "1 ,\"to\":1}\n3 ,\"to\":\"],[\"}\n2 json: not valid JSON\n");
  CHECK(values("{\n \"v\": \"a\\nb\"\n}\n") == "1 ,\"to\":\"a\\nb\"}\n");
  CHECK(values("\xEF\xBB\xBF{\"v\":1}") == "1 ,\"to\":1}\n");
  CHECK(values("[]").empty());
  CHECK(values(" \n ").empty());
  CHECK(values("[{\"v\":1},\n{\"v\":2},\n{\"v\":3") == "1 json: not valid JSON\n");  // one answer for one broken array
  CHECK(values("[1]\n{\"v\":2}\n") == "2 ,\"to\":2}\n1 schema: a record must be an object\n");
  CHECK(values("{\"v\":1}{\"v\":2}") == "1 json: not valid JSON\n");
}

TEST_CASE("JSON beyond its bounds is refused with its reason") {
  CHECK(values("{\"v\":" + std::string(40, '[') + std::string(40, ']') + "}") ==
        "1 depth: nested deeper than 32 levels\n");
  CHECK(values(std::string(100'000, '[')) == "1 depth: nested deeper than 32 levels\n");
  CHECK(values("{\"v\":\"\xff\"}") == "1 utf8: not valid UTF-8\n");
  CHECK(values("{\"v\":\"\\ud800\"}") == "1 json: not valid JSON\n");
  CHECK(values(std::string_view("{\"v\":1}\0x", 9)) == "1 json: not valid JSON: a NUL byte\n");
  CHECK(values("{\"v\":\"\\u0000\"}") == "1 ,\"to\":\"\\u0000\"}\n");
  CHECK(values("{\"v\":123456789012345678901}") == "1 number: a whole number beyond 64 bits\n");
  CHECK(values("{\"v\":1e400}") == "1 number: a number is malformed or too large\n");
  CHECK(values("{\"v\":1,\"v\":2}") == "1 schema: 'v': given twice\n");
  CHECK(values("{\"v\":NaN}") == "1 json: not valid JSON\n");
  CHECK(values("{\"v\":18446744073709551615}") == "1 ,\"to\":18446744073709551615}\n");
  CHECK(values("{\"v\":0.1}") == "1 ,\"to\":0.1}\n");
  std::string many = "{";
  for (int i = 0; i < 1100; ++i) many += "\"k" + std::to_string(i) + "\":1,";
  CHECK(values(many + "\"v\":1}") == "1 schema: more than 1024 members\n");
  CHECK(values("{\"v\":\"" + std::string(1 << 20, 'x') + "\"}") ==
        "1 line_too_long: longer than ingest.max_line_bytes (1048576)\n");
}

TEST_CASE("the wire format passes, each record on a line of its own") {
  const mapping::Translator translator(source("http: true"), 1000);
  CHECK(translator.passes(Framing::json));
  CHECK_FALSE(translator.passes(Framing::csv));
  CHECK(mapped("http: true", "[{\"a\": 1.10},\n{\"b\":\n2}]") == "1 {\"a\": 1.10}\n2 {\"b\": 2}\n");
}

TEST_CASE("CSV by RFC 4180") {
  CHECK(values("v,w\n1,2\n", Framing::csv) == "2 ,\"to\":\"1\"}\n");
  CHECK(values("\xEF\xBB\xBFw,v\r\n1,\"a,\"\"b\"\"\r\nc\"\r\n\r\n2,z", Framing::csv) ==
        "2 ,\"to\":\"a,\\\"b\\\"\\r\\nc\"}\n5 ,\"to\":\"z\"}\n");
  CHECK(values("v,w\n,2\n", Framing::csv) == "2 }\n");  // empty is absent
  CHECK(values("v\n1,2\na\"b\n\"c\"d\n3\n", Framing::csv) ==
        "5 ,\"to\":\"3\"}\n2 csv: 2 fields, the header has 1\n3 csv: a quote within a field that does not begin with "
        "one\n4 csv: text behind the closing quote of a field\n");
  CHECK(values("v\n\"a\n1\n2\n", Framing::csv) ==
        "3 ,\"to\":\"1\"}\n4 ,\"to\":\"2\"}\n2 csv: a quoted field that never ends\n");
  CHECK(values("v,v\n1,2\n", Framing::csv) ==
        "1 csv: the header: two columns have one name\n2 csv: the header: two columns have one name\n");
  CHECK(values("v\n\xff\n", Framing::csv) == "2 utf8: not valid UTF-8\n");
  // What stands in quotes is text, whatever is wrong with the row: never a row of its own.
  CHECK(values("w,v\n1,\"\n\xff\nx,fake\n\"\n2,3\n", Framing::csv) == "6 ,\"to\":\"3\"}\n2 utf8: not valid UTF-8\n");
  CHECK(values("", Framing::csv).empty());
  CHECK(values("v\n", Framing::csv).empty());
}

TEST_CASE("CSV with another separator, and with the header from elsewhere") {
  CHECK(mapped(copy + ", separator: ;", "v;w\n1,5;2\n", Framing::csv) ==
        "2 {\"type\":\"change\",\"what\":\"data\",\"time\":\"t\",\"to\":\"1,5\"}\n");
  CHECK(mapped(copy + ", separator: tab", "v\tw\n1 5\t2\n", Framing::csv).find("1 5") != std::string::npos);
  mapping::Translator translator(source(copy), 1000);
  mapping::Input input;
  input.framing = Framing::csv;
  input.csv_header = "w,v\r\n";
  input.bytes = "1,2\n";
  CHECK(text(translator.translate(input)) == "1 {\"type\":\"change\",\"what\":\"data\",\"time\":\"t\",\"to\":\"2\"}\n");
}

TEST_CASE("CSV with a header from elsewhere that cannot be used: every row is refused") {
  mapping::Translator translator(source(copy), 1000);
  mapping::Input input;
  input.framing = Framing::csv;
  input.bytes = "1,2\n3,4\n";
  for (const auto& [header, problem] : {std::pair<std::string, std::string>{"\n", "it is empty"},
                                        {"\xEF\xBB\xBF\r\n", "it is empty"},
                                        {"v,v\n", "two columns have one name"},
                                        {std::string(1001, 'v'), "longer than ingest.max_line_bytes"}}) {
    input.csv_header = header;
    CHECK(text(translator.translate(input)) ==
          "1 csv: the header: " + problem + "\n2 csv: the header: " + problem + "\n");
  }
}

TEST_CASE("CSV by the names of the wire format") {
  const std::string table =
      "id,type,time,prediction,score,failed,features.n,features.c,segments.d,note\n"
      "007,prediction,2026-01-01T00:00:00Z,1,0.5,False,1e-3,1.2.3,01,x\n"
      "8,outcome,1767225600,,,,,,,\n";
  const std::string expected =
      "2 {\"id\":\"007\",\"type\":\"prediction\",\"time\":\"2026-01-01T00:00:00Z\",\"prediction\":1,\"score\":0.5,"
      "\"failed\":false,\"features\":{\"n\":0.001,\"c\":\"1.2.3\"},\"segments\":{\"d\":\"01\"},\"note\":\"x\"}\n"
      "3 {\"id\":\"8\",\"type\":\"outcome\",\"time\":1767225600}\n";
  CHECK(mapped("http: true, preset: csv", table, Framing::csv) == expected);
  CHECK(mapped("http: true", table, Framing::csv) == expected);
  CHECK(mapped("http: true, preset: csv", "id,score\n1,high\n", Framing::csv) ==
        "2 mapping: score: must be a number, got a string\n");
  CHECK(mapped("http: true, preset: csv, map: [{type: outcome, extends: true, fields: {actual: verdict}}]",
               "type,id,verdict\noutcome,1,1\n",
               Framing::csv) == "2 {\"type\":\"outcome\",\"id\":\"1\",\"verdict\":\"1\",\"actual\":1}\n");
}

TEST_CASE("CSV: what looks like a number with an exponent, but is not written as programs do, is a name") {
  const auto made = [](const std::string& text) {
    return mapped("http: true, preset: csv", "id,prediction,features.c,weight\n1," + text + "," + text + ",1E5\n",
                  Framing::csv);
  };
  const auto expected = [](const std::string& value) {
    return "2 {\"id\":\"1\",\"prediction\":" + value + ",\"features\":{\"c\":" + value + "},\"weight\":100000.0}\n";
  };
  CHECK(made("1E5") == expected("\"1E5\""));
  CHECK(made("12e3") == expected("\"12e3\""));
  CHECK(made("1E+05") == expected("100000.0"));
  CHECK(made("1.0E5") == expected("100000.0"));
  CHECK(made("1e-05") == expected("1e-05"));
  CHECK(made("true") == expected("true"));
  CHECK(made("False") == expected("false"));
}

TEST_CASE("what stands at foreign lines is told as it came") {
  const settings::Source of;
  const auto texts = [&](std::string_view bytes, Framing framing, const std::vector<std::uint32_t>& lines) {
    mapping::Input input;
    input.bytes = bytes;
    input.framing = framing;
    return mapping::Translator::texts_at(of, input, 1000, lines, 20);
  };
  using Texts = std::vector<std::string>;
  CHECK(texts("{}\n\n[1\n{\"a\":1}\n", Framing::json, {1, 3, 3, 4, 9}) == Texts{"{}", "[1", "[1", "{\"a\":1}", ""});
  CHECK(texts("[{\"a\":1}, {\"b\":2}]", Framing::cloudevents, {2}) == Texts{"{\"b\":2}"});
  CHECK(texts("a,b\n1,\"x\ny\"\n2\n\"q\n3,4\n", Framing::csv, {1, 2, 4, 5, 6}) ==
        Texts{"a,b", "1,\"x\ny\"", "2", "\"q", "3,4"});
  CHECK(texts("data", Framing::cloudevent, {1}) == Texts{"data"});
  CHECK(texts("no message", Framing::otlp_logs_json, {1}) == Texts{""});
  CHECK(texts(std::string(50, 'x') + "\n", Framing::json, {1}) == Texts{std::string(20, 'x') + "..."});
}

TEST_CASE("CloudEvents in binary mode, structured and in batches are one") {
  const std::string keys =
      "http: true, map: [{type: change, fields: {what: {value: data}, time: time, from: ext, to: /data/v}}]";
  const std::string expected =
      "1 {\"type\":\"change\",\"what\":\"data\",\"time\":\"2026-01-01T00:00:00Z\",\"from\":\"x y\",\"to\":5}\n";
  CHECK(mapped(keys, "{\"v\":5}", Framing::cloudevent,
               {{"id", "1"},
                {"source", "s"},
                {"type", "t"},
                {"specversion", "1.0"},
                {"ext", "x%20y"},
                {"time", "2026-01-01T00:00:00Z"}}) == expected);
  const std::string head =
      R"({"specversion":"1.0","id":"1","source":"s","type":"t","ext":"x y","time":"2026-01-01T00:00:00Z",)";
  CHECK(mapped(keys, head + R"("data":{"v":5}})", Framing::cloudevents) == expected);
  CHECK(mapped(keys, head + R"("data_base64":"eyJ2Ijo1fQ=="})", Framing::cloudevents) == expected);
  CHECK(mapped(keys, "[" + head + R"("data":{"v":5}},{"id":"2"}])", Framing::cloudevents) ==
        expected + "2 cloudevent: source is required\n");
  CHECK(mapped(keys, head + R"("data_base64":"!"})", Framing::cloudevents) ==
        "1 cloudevent: data_base64 is not base64\n");
  CHECK(mapped(keys, "{", Framing::cloudevent, {{"id", "1"}, {"source", "s"}, {"type", "t"}, {"specversion", "1.0"}}) ==
        "1 json: data: not valid JSON\n");
}

TEST_CASE("an event can carry records of the wire format") {
  CHECK(
      mapped(
          "http: true",
          R"({"specversion":"1.0","id":"1","source":"s","type":"t","time":"2026-01-01T00:00:00Z","data":[{"id":1},{"ts":5}]})",
          Framing::cloudevents) == "1 {\"id\":1,\"time\":\"2026-01-01T00:00:00Z\"}\n1 {\"ts\":5}\n");
}

TEST_CASE("a body of nothing but refused lines takes bounded memory and says so") {
  std::string lines;
  for (int i = 0; i < 1'100'000; ++i) lines += "x\n";
  const auto out = translate(copy, lines);
  REQUIRE(out.rejects.size() == mapping::max_rejects);
  CHECK(out.rejects[0].detail == "not valid JSON");
  CHECK(out.rejects[20'000].detail.empty());
  CHECK(out.rejects.back().detail == "and all that follows");
  CHECK(out.rejects.back().line == 999'999);
}

TEST_CASE("OTLP: what a resource has is looked at once, and what may follow it is bounded") {
  const auto attribute = [](const std::string& name) {
    return Wire().add(1, name).add(2, Wire().add(1, "x").bytes).bytes;
  };
  const auto message = [&](int attributes, int records, bool distinct) {
    Wire resource, scope;
    for (int i = 0; i < attributes; ++i) resource.add(1, attribute(distinct ? "a" + std::to_string(i) : "a"));
    for (int i = 0; i < records; ++i) scope.add(2, "");
    return Wire().add(1, Wire().add(1, resource.bytes).add(2, scope.bytes).bytes).bytes;
  };
  const auto logs = [&](const std::string& body) { return translate("otlp: true", body, Framing::otlp_logs_protobuf); };
  CHECK(logs(message(128, 3, true)).ignored == 3);
  const auto refused = logs(message(129, 3, true));
  REQUIRE(refused.rejects.size() == 3);
  CHECK(refused.rejects[2].line == 3);
  CHECK(refused.rejects[0].detail == "more than 128 attributes of resource and scope");
  CHECK(logs(message(50'000, 3, false)).ignored == 3);
  const auto many = logs(message(1, 200'001, true));
  CHECK(many.ignored == 200'000);
  REQUIRE(many.rejects.size() == 1);
  CHECK(many.rejects[0].line == 200'001);
}
