// SPDX-License-Identifier: Apache-2.0
// Every kind of rule.
#include "mapping/support.h"

using namespace pilotwatch;
using mapping::testing::field;
using mapping::testing::mapped;

TEST_CASE("where a value stands") {
  CHECK(field("score", "a", R"({"a":0.5})") == R"("score":0.5)");
  CHECK(field("score", "/a/b/1", R"({"a":{"b":[1,0.25]}})") == R"("score":0.25)");
  CHECK(field("model_version", "/a~1b/c~0d", R"({"a/b":{"c~d":"7"}})") == R"("model_version":"7")");
  CHECK(field("model_version", "a.b", R"({"a.b":"7"})") == R"("model_version":"7")");
  CHECK(field("model_version", "\"=x\"", "{}") == R"("model_version":"x")");
  CHECK(field("model_version", "\"*\"", R"({"any":"7"})") == R"("model_version":"7")");
  CHECK(field("model_version", "{from: nowhere, default: \"9\"}", "{}") == R"("model_version":"9")");
  CHECK(field("model_version", "{from: a, default: \"9\"}", R"({"a":null})") == R"("model_version":"9")");
  CHECK(field("latency_ms", "{value: 5}", "{}") == R"("latency_ms":5)");
  CHECK(field("failed", "{value: true}", "{}") == R"("failed":true)");
}

TEST_CASE("alternatives: the first that is there and fits") {
  CHECK(field("model_version", "[a, b]", R"({"b":"2"})") == R"("model_version":"2")");
  CHECK(field("model_version", "[a, b]", R"({"a":{},"b":"2"})") == R"("model_version":"2")");
  CHECK(field("features", "[a, b]", R"({"a":1,"b":{"x":2}})") == R"("features":{"x":2})");
  CHECK(field("model_version", "{from: [a, [b, c]], with: \"-\"}", R"({"b":1,"c":true})") ==
        R"("model_version":"1-true")");
  CHECK(field("model_version", "{join: [a, b], with: \"-\", default: z}", R"({"a":1})") == R"("model_version":"z")");
  CHECK(field("model_version", "{join: [a, b]}", R"({"a":1,"b":[]})") ==
        "1 mapping: model_version: b is an array and cannot be joined\n");
}

TEST_CASE("values become others") {
  const std::string rule = "{from: a, values: {approve: \"1\", \"3\": 3, \"true\": \"yes\"}";
  CHECK(field("prediction", rule + "}", R"({"a":"approve"})") == R"("prediction":"1")");
  CHECK(field("prediction", rule + "}", R"({"a":3})") == R"("prediction":3)");
  CHECK(field("prediction", rule + "}", R"({"a":true})") == R"("prediction":"yes")");
  CHECK(field("prediction", rule + ", else: 0}", R"({"a":"secret"})") == R"("prediction":0)");
  // The value itself is never repeated.
  CHECK(field("prediction", rule + "}", R"({"a":"secret"})") ==
        "1 mapping: prediction: the value at a is not one of `values`\n");
  CHECK(field("prediction", rule + "}", R"({"a":{"secret":1}})") ==
        "1 mapping: prediction: a is an object and cannot be looked up\n");
}

TEST_CASE("whole objects and single members") {
  CHECK(field("features", "/in", R"({"in":{"a":1,"b":{"c":[2,"x"]},"d":null}})") ==
        R"("features":{"a":1,"b.c.0":2,"b.c.1":"x","d":null})");
  CHECK(field("features", "{from: /in, names: [a, b]}", R"({"in":[1,2]})") == R"("features":{"a":1,"b":2})");
  CHECK(field("features", "{from: /in, names: [a, b]}", R"({"in":[1]})") ==
        "1 mapping: features: /in has not as many elements as there are `names`\n");
  CHECK(field("features", "/in, features.z: z", R"({"in":{"a":1},"z":9})") == R"("features":{"a":1,"z":9})");
  CHECK(field("score", "{from: p, names: [no, yes]}", R"({"p":[0.25,0.75]})") == R"("score":{"no":0.25,"yes":0.75})");
  CHECK(field("score.yes", "p", R"({"p":"0.75"})") == R"("score":{"yes":0.75})");
  CHECK(field("segments.region", "r", R"({"r":7})") == R"("segments":{"region":7})");
  CHECK(field("segments.region", "r", R"({"r":{}})") == "1 mapping: segments.'region': cannot be an object\n");
}

TEST_CASE("times in every form") {
  const auto time = [](const std::string& form, const std::string& value) {
    const auto shown =
        mapped("http: true, map: [{type: change, fields: {what: {value: data}, time: {from: t, " + form + "}}}]",
               "{\"t\":" + value + "}");
    const std::string begin = R"(1 {"type":"change","what":"data","time":)";
    return shown.starts_with(begin) ? shown.substr(begin.size(), shown.size() - begin.size() - 2) : shown;
  };
  CHECK(time("time: rfc3339", "\"2026-07-01T10:00:00+02:00\"") == "\"2026-07-01T08:00:00Z\"");
  CHECK(time("time: unix_s", "1767225600.5") == "\"2026-01-01T00:00:00.500Z\"");
  CHECK(time("time: unix_ms", "\"1767225600500\"") == "\"2026-01-01T00:00:00.500Z\"");
  CHECK(time("time: unix_us", "1767225600500999") == "\"2026-01-01T00:00:00.500Z\"");
  CHECK(time("time: unix_ns", "\"1767225600500999999\"") == "\"2026-01-01T00:00:00.500Z\"");
  CHECK(time("time: unix_ns", "-1") == "\"1969-12-31T23:59:59.999Z\"");
  CHECK(time("time: \"%d-%m-%Y %H:%M\", zone: Europe/Amsterdam", "\"01-07-2026 10:00\"") == "\"2026-07-01T08:00:00Z\"");
  CHECK(time("time: any", "1767225600") == "1767225600");
  CHECK(time("time: unix_s", "\"soon\"") == "1 time: time: is not of the form that the rule says\n");
  CHECK(time("time: unix_s", "1e300") == "1 time: time: is not of the form that the rule says\n");
  CHECK(time("time: unix_ms", "9223372036854775807") == "1 time: time: outside the years 1 to 9999\n");
  CHECK(time("time: rfc3339", "[]") == "1 time: time: must be a text or a number\n");
}

TEST_CASE("latency in every unit, numbers and booleans out of texts") {
  CHECK(field("latency_ms", "{from: l, unit: ns}", R"({"l":2500000})") == R"("latency_ms":2.5)");
  CHECK(field("latency_ms", "{from: l, unit: us}", R"({"l":"2500"})") == R"("latency_ms":2.5)");
  CHECK(field("latency_ms", "{from: l, unit: s}", R"({"l":0.25})") == R"("latency_ms":250.0)");
  CHECK(field("latency_ms", "l", R"({"l":"x"})") == "1 mapping: latency_ms: must be a number, got a string\n");
  CHECK(field("failed", "f", R"({"f":"True"})") == R"("failed":true)");
  CHECK(field("failed", "f", R"({"f":0})") == R"("failed":false)");
  CHECK(field("failed", "f", R"({"f":"maybe"})") == "1 mapping: failed: must be true or false\n");
}

TEST_CASE("when: present, equals, in; several rules on one record") {
  const std::string keys =
      "http: true, map: [{type: prediction, when: {at: /p, present: true}, fields: {id: id, time: t, prediction: p}}, "
      "{type: outcome, when: [{at: kind, in: [a, b]}, {at: /o, present: true}], fields: {id: id, time: t, actual: o}}, "
      "{type: change, when: {at: kind, equals: \"\"}, fields: {what: {value: data}, time: t}}]";
  CHECK(mapped(keys, R"({"id":1,"t":2,"p":1,"o":0,"kind":"b"})") ==
        "1 {\"type\":\"prediction\",\"id\":1,\"time\":2,\"prediction\":1}\n"
        "1 {\"type\":\"outcome\",\"id\":1,\"time\":2,\"actual\":0}\n");
  CHECK(mapped(keys, R"({"t":2})") == "1 {\"type\":\"change\",\"what\":\"data\",\"time\":2}\n");
  CHECK(mapped(keys, R"({"kind":"c","o":1})") == "1 unmapped: no rule of the source made a record of it\n");
}

TEST_CASE("each: elements with an index, and one that fails does not spoil the others") {
  const std::string keys =
      "http: true, map: [{type: outcome, each: {at: /rows, when: {at: skip, present: false}}, "
      "fields: {id: {join: [$/id, \"#\"], with: \"#\"}, time: $/t, actual: {from: v, values: {x: 1}}}}]";
  CHECK(mapped(keys, R"({"id":"e","t":1,"rows":[{"v":"x"},{"v":"?"},{"skip":1},{"v":"x"}]})") ==
        "1 {\"type\":\"outcome\",\"id\":\"e#0\",\"time\":1,\"actual\":1}\n"
        "1 {\"type\":\"outcome\",\"id\":\"e#3\",\"time\":1,\"actual\":1}\n"
        "1 mapping: element 1: actual: the value at v is not one of `values`\n");
  // One row has the id itself.
  CHECK(mapped(keys, R"({"id":"e","t":1,"rows":[{"v":"x"}]})") ==
        "1 {\"type\":\"outcome\",\"id\":\"e\",\"time\":1,\"actual\":1}\n");
  CHECK(mapped(keys, R"({"id":"e","rows":{}})") == "1 mapping: each: the value is an object, not an array\n");
  CHECK(mapped(keys, R"({"id":"e","rows":[]})") == "1 unmapped: no rule of the source made a record of it\n");
  CHECK(mapped(keys, R"({"id":"e"})") == "1 unmapped: no rule of the source made a record of it\n");
}

TEST_CASE("payloads by columns") {
  const auto rows = [](const std::string& form, const std::string& value) {
    return mapped("http: true, map: [{type: prediction, each: {at: /d, as: " + form +
                      "}, fields: {id: {join: [\"=r\", \"#\"]}, time: {value: t}, features: .}}]",
                  "{\"d\":" + value + "}");
  };
  const std::string expected =
      "1 {\"type\":\"prediction\",\"id\":\"r0\",\"time\":\"t\",\"features\":{\"a\":1,\"b\":\"x\"}}\n"
      "1 {\"type\":\"prediction\",\"id\":\"r1\",\"time\":\"t\",\"features\":{\"a\":2,\"b\":\"y\"}}\n";
  CHECK(rows("split", R"({"columns":["a","b"],"data":[[1,"x"],[2,"y"]]})") == expected);
  CHECK(rows("tensors", R"([{"name":"a","shape":[2],"data":[1,2]},{"name":"b","shape":[2,1],"data":[["x"],["y"]]}])") ==
        expected);
  CHECK(rows("ndarray", R"({"names":["a","b"],"ndarray":[[1,"x"],[2,"y"]]})") == expected);
  CHECK(rows("tensors", R"([{"name":"a","shape":[1,2],"data":[1,2]}])") ==
        "1 {\"type\":\"prediction\",\"id\":\"r\",\"time\":\"t\",\"features\":{\"a.0\":1,\"a.1\":2}}\n");
  CHECK(rows("ndarray", R"({"tensor":{"shape":[1,2],"values":[1,2]}})") ==
        "1 {\"type\":\"prediction\",\"id\":\"r\",\"time\":\"t\",\"features\":{\"0\":1,\"1\":2}}\n");
  CHECK(rows("tensors", R"([{"name":"a","shape":[3],"data":[1,2]}])") ==
        "1 mapping: each: a tensor has not as many values as its shape says\n");
  CHECK(rows("tensors", R"([{"name":"a","shape":[99999999999999999999]}])") ==
        "1 number: a whole number beyond 64 bits\n");
  CHECK(rows("tensors", R"([{"name":"a","shape":[100000000,100000000],"data":[]}])") ==
        "1 mapping: each: more than 10000 rows\n");
  CHECK(rows("tensors", R"([{"name":"a","shape":[1],"parameters":{"binary_data_size":4}}])") ==
        "1 mapping: each: a tensor without data (binary tensors cannot be read)\n");
  CHECK(rows("split", R"({"columns":["a"],"data":[[1,2]]})") ==
        "1 mapping: each: a row has not as many values as there are columns\n");
  CHECK(rows("split", R"({"columns":["a","a"],"data":[]})") == "1 mapping: each: two columns have one name\n");
}

TEST_CASE("what a record expands to is bounded") {
  std::string many = "{\"d\":[1";
  for (int i = 0; i < 10'000; ++i) many += ",1";
  CHECK(mapped("http: true, map: [{type: outcome, each: /d, fields: {id: \"#\", time: {value: t}, actual: .}}]",
               many + "]}") == "1 mapping: each: more than 10000 rows\n");
  // Each of 5,000 elements takes the whole record's long text along: 2.5 GB, but for the bound, which ends the record.
  std::string heavy = "{\"o\":{\"x\":\"" + std::string(500'000, 'x') + "\"},\"d\":[1";
  for (int i = 1; i < 5'000; ++i) heavy += ",1";
  const auto out = mapping::testing::translate(
      "http: true, map: [{type: prediction, each: /d, fields: {id: \"#\", time: {value: t}, features: $/o}}]",
      heavy + "]}");
  CHECK(out.records.size() <= (16U << 20) + out.lines.size());
  CHECK(out.lines.size() > 20);
  CHECK(out.rejects.size() == 1);
  CHECK(out.rejects.front().detail.find("becomes more than 16 times") != std::string::npos);
}

TEST_CASE("rules that extend a preset, and rules that replace it") {
  const std::string event =
      R"({"specversion":"1.0","id":"1","source":"s","type":"org.kubeflow.serving.inference.request","time":"t","metadata":"m",)"
      R"("data":{"instances":[{"a":1}]}})";
  CHECK(
      mapped("http: true, preset: kserve, map: [{type: prediction, extends: true, when: {at: type, equals: "
             "org.kubeflow.serving.inference.request}, fields: {segments.from: $/metadata}}]",
             event) ==
      "1 "
      "{\"type\":\"prediction\",\"part\":\"request\",\"id\":\"1\",\"time\":\"t\",\"features\":{\"a\":1},\"segments\":{"
      "\"from\":\"m\"}}\n");
  CHECK(mapped("http: true, preset: kserve, map: [{type: prediction, fields: {id: id, time: time}}]", event) ==
        "1 {\"type\":\"prediction\",\"id\":\"1\",\"time\":\"t\"}\n");
  CHECK(mapped("http: true, preset: kserve, map: [{type: outcome, when: {at: nothing, present: true}, fields: {id: id, "
               "time: time, actual: a}}]",
               event)
            .find("\"part\":\"request\"") != std::string::npos);
}
