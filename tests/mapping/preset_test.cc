// SPDX-License-Identifier: Apache-2.0
// Worked examples of every preset, after the public specifications.
#include "mapping/support.h"

using namespace pilotwatch;
using mapping::Framing;
using mapping::testing::mapped;

namespace {

std::string binary_event(const std::string& preset, const std::string& type, const std::string& body) {
  return mapped("http: true, preset: " + preset, body, Framing::cloudevent,
                {{"id", "e1"},
                 {"source", "http://s/"},
                 {"type", type},
                 {"specversion", "1.0"},
                 {"time", "2026-03-01T08:00:00Z"},
                 {"inferenceservicename", "iris"},
                 {"endpoint", "default"}});
}

std::string kserve(const std::string& kind, const std::string& body) {
  return binary_event("kserve", "org.kubeflow.serving.inference." + kind, body);
}
std::string seldon(const std::string& kind, const std::string& body) {
  return binary_event("seldon", "io.seldon.serving." + kind, body);
}

}  // namespace

TEST_CASE("kserve: a request and its response are two halves of one id") {
  CHECK(
      kserve("request", R"({"instances":[[6.8,2.8],[6.0,3.4]]})") ==
      R"(1 {"type":"prediction","part":"request","id":"e1#0","time":"2026-03-01T08:00:00Z","features":{"0":6.8,"1":2.8}})"
      "\n"
      R"(1 {"type":"prediction","part":"request","id":"e1#1","time":"2026-03-01T08:00:00Z","features":{"0":6.0,"1":3.4}})"
      "\n");
  CHECK(
      kserve("response", R"({"predictions":[1,{"label":2,"score":0.5}]})") ==
      R"(1 {"type":"prediction","part":"response","id":"e1#0","time":"2026-03-01T08:00:00Z","prediction":1})"
      "\n"
      R"(1 {"type":"prediction","part":"response","id":"e1#1","time":"2026-03-01T08:00:00Z","prediction":2,"score":0.5})"
      "\n");
  CHECK(
      kserve(
          "request",
          R"({"inputs":[{"name":"age","shape":[1],"datatype":"INT32","data":[40]},{"name":"sex","shape":[1,1],"datatype":"BYTES","data":["f"]}]})") ==
      R"(1 {"type":"prediction","part":"request","id":"e1","time":"2026-03-01T08:00:00Z","features":{"age":40,"sex":"f"}})"
      "\n");
  CHECK(
      kserve(
          "response",
          R"({"model_name":"iris","model_version":"3","outputs":[{"name":"output-0","shape":[1],"datatype":"FP32","data":[1]}]})") ==
      R"(1 {"type":"prediction","part":"response","id":"e1","time":"2026-03-01T08:00:00Z","prediction":1,"model_version":"3"})"
      "\n");
  // A score alone is no prediction.
  CHECK(kserve("response", R"({"predictions":[{"score":0.25}]})") ==
        R"(1 {"type":"prediction","part":"response","id":"e1","time":"2026-03-01T08:00:00Z","score":0.25})"
        "\n");
  CHECK(kserve("other", "{}") == "1 unmapped: no rule of the source made a record of it\n");
}

TEST_CASE("kserve: events in a file") {
  CHECK(
      mapped(
          "file: f, preset: kserve",
          R"({"specversion":"1.0","id":"7","source":"s","type":"org.kubeflow.serving.inference.response","time":"t","data":{"predictions":[0]}})") ==
      R"(1 {"type":"prediction","part":"response","id":"7","time":"t","prediction":0})"
      "\n");
}

TEST_CASE("seldon: halves, and feedback with truth and reward") {
  CHECK(seldon("inference.request", R"({"data":{"names":["a","b"],"ndarray":[[1,2]]},"meta":{"puid":"p1"}})") ==
        R"(1 {"type":"prediction","part":"request","id":"p1","time":"2026-03-01T08:00:00Z","features":{"a":1,"b":2}})"
        "\n");
  CHECK(seldon("inference.response", R"({"data":{"names":["proba"],"ndarray":[[0.25]]},"meta":{"puid":"p1"}})") ==
        R"(1 {"type":"prediction","part":"response","id":"p1","time":"2026-03-01T08:00:00Z","score":0.25})"
        "\n");
  CHECK(
      seldon("feedback", R"({"response":{"meta":{"puid":"p1"}},"reward":1.0,"truth":{"data":{"ndarray":[1]}}})") ==
      R"(1 {"type":"outcome","id":"p1","time":"2026-03-01T08:00:00Z","actual":1})"
      "\n"
      R"(1 {"type":"feedback","id":"e1","prediction_id":"p1","time":"2026-03-01T08:00:00Z","audience":"public","theme":"reward","value":1.0})"
      "\n");
}

TEST_CASE("otel-genai: spans, events and evaluations; the rest of the telemetry is ignored") {
  const auto attribute = [](const std::string& key, const std::string& value) {
    return R"({"key":")" + key + R"(","value":)" + value + "}";
  };
  const auto spans = [](const std::string& span) {
    return R"({"resourceSpans":[{"scopeSpans":[{"spans":[)" + span + "]}]}]}";
  };
  const auto logs = [](const std::string& log) {
    return R"({"resourceLogs":[{"scopeLogs":[{"logRecords":[)" + log + "]}]}]}";
  };
  const std::string ids = R"("traceId":"0AF7651916CD43DD8448EB211C80319C","spanId":"b7ad6b7169203331")";
  const auto chat = attribute("gen_ai.operation.name", R"({"stringValue":"chat"})");
  CHECK(
      mapped(
          "otlp: true",
          spans(
              "{" + ids +
              R"(,"startTimeUnixNano":"1767225600000000000","endTimeUnixNano":1767225601250000000,"status":{"code":2},"attributes":[)" +
              chat + "," + attribute("gen_ai.response.model", R"({"stringValue":"m-2"})") + "," +
              attribute("gen_ai.usage.output_tokens", R"({"intValue":"7"})") + "," +
              attribute("error.type", R"({"stringValue":"timeout"})") + R"(]},{"name":"GET /"})"),
          Framing::otlp_traces_json) ==
      R"(1 {"type":"prediction","id":"0af7651916cd43dd8448eb211c80319c:b7ad6b7169203331","time":"2026-01-01T00:00:00Z",)"
      R"("model_version":"m-2","latency_ms":1250.0,"failed":true,"features":{"output_tokens":7,"operation":"chat"}})"
      "\nignored 1\n");
  CHECK(
      mapped(
          "otlp: true",
          logs(
              R"({"eventName":"gen_ai.client.inference.operation.details","timeUnixNano":"1767225600000000000","attributes":[)" +
              chat + "," + attribute("gen_ai.response.id", R"({"stringValue":"r1"})") +
              R"(]},{"body":{"stringValue":"started"}})"),
          Framing::otlp_logs_json) ==
      R"(1 {"type":"prediction","id":"r1","time":"2026-01-01T00:00:00Z","features":{"operation":"chat"}})"
      "\nignored 1\n");
  CHECK(
      mapped(
          "otlp: true",
          logs(
              R"({"eventName":"gen_ai.evaluation.result","observedTimeUnixNano":"1767225600000000000","attributes":[)" +
              attribute("gen_ai.response.id", R"({"stringValue":"r1"})") + "," +
              attribute("gen_ai.evaluation.name", R"({"stringValue":"Relevance"})") + "," +
              attribute("gen_ai.evaluation.score.value", R"({"doubleValue":0.5})") + "," +
              attribute("gen_ai.evaluation.score.label", R"({"stringValue":"bad"})") + "]}"),
          Framing::otlp_logs_json) ==
      R"(1 {"type":"outcome","id":"r1","time":"2026-01-01T00:00:00Z","actual":"bad"})"
      "\n"
      R"(1 {"type":"feedback","prediction_id":"r1","time":"2026-01-01T00:00:00Z","audience":"staff","theme":"Relevance","value":0.5})"
      "\n");
}

TEST_CASE("openinference: LLM spans, annotations on a span, and by a span with one link") {
  const std::string ids =
      R"("traceId":"0af7651916cd43dd8448eb211c80319c","spanId":"b7ad6b7169203331","startTimeUnixNano":"1767225600000000000","endTimeUnixNano":"1767225600500000000")";
  const auto spans = [](const std::string& span) {
    return R"({"resourceSpans":[{"scopeSpans":[{"spans":[{)" + span + "}]}]}]}";
  };
  const std::string annotation =
      R"({"key":"annotations.0.annotation.name","value":{"stringValue":"helpful"}},{"key":"annotations.0.annotation.label","value":{"stringValue":"ok"}},)"
      R"({"key":"annotations.0.annotation.annotator_kind","value":{"stringValue":"HUMAN"}},{"key":"annotations.1.annotation.score","value":{"doubleValue":0.5}})";
  CHECK(
      mapped(
          "otlp: true, preset: openinference",
          spans(
              ids +
              R"(,"attributes":[{"key":"openinference.span.kind","value":{"stringValue":"LLM"}},{"key":"llm.model_name","value":{"stringValue":"m"}},{"key":"llm.token_count.prompt","value":{"intValue":5}},)" +
              annotation + "]"),
          Framing::otlp_traces_json) ==
      R"(1 {"type":"prediction","id":"0af7651916cd43dd8448eb211c80319c:b7ad6b7169203331","time":"2026-01-01T00:00:00Z","model_version":"m","latency_ms":500.0,"failed":false,"features":{"input_tokens":5}})"
      "\n"
      R"(1 {"type":"outcome","id":"0af7651916cd43dd8448eb211c80319c:b7ad6b7169203331","time":"2026-01-01T00:00:00.500Z","actual":"ok"})"
      "\n"
      R"(1 {"type":"feedback","prediction_id":"0af7651916cd43dd8448eb211c80319c:b7ad6b7169203331","time":"2026-01-01T00:00:00.500Z","audience":"staff","value":0.5})"
      "\n");
  CHECK(
      mapped(
          "otlp: true, preset: openinference",
          spans(
              ids +
              R"(,"links":[{"traceId":"aa","spanId":"bb"}],"attributes":[{"key":"openinference.span.kind","value":{"stringValue":"EVALUATOR"}},{"key":"evaluations.0.evaluation.label","value":{"stringValue":"bad"}}])"),
          Framing::otlp_traces_json) ==
      R"(1 {"type":"outcome","id":"aa:bb","time":"2026-01-01T00:00:00.500Z","actual":"bad"})"
      "\n");
}

TEST_CASE("sagemaker: captures and ground truth") {
  const auto capture = [](const std::string& input, const std::string& output) {
    return R"({"captureData":{"endpointInput":)" + input + R"(,"endpointOutput":)" + output +
           R"(},"eventMetadata":{"eventId":"e1","inferenceTime":"2026-03-01T08:00:00Z"},"eventVersion":"0"})";
  };
  const std::string keys = "file: f, preset: sagemaker";
  CHECK(mapped(keys, capture(R"({"data":"12,B","encoding":"CSV"})", R"({"data":"0.25","encoding":"CSV"})")) ==
        R"(1 {"type":"prediction","id":"e1","time":"2026-03-01T08:00:00Z","score":0.25,"features":{"0":12,"1":"B"}})"
        "\n");
  CHECK(mapped(keys,
               capture(R"({"data":"{\"instances\":[{\"a\":1},{\"a\":2}]}","encoding":"JSON"})",
                       R"({"data":"eyJwcmVkaWN0aW9ucyI6W3sibGFiZWwiOjF9LHsibGFiZWwiOjB9XX0=","encoding":"BASE64"})")) ==
        R"(1 {"type":"prediction","id":"e1#0","time":"2026-03-01T08:00:00Z","prediction":1,"features":{"a":1}})"
        "\n"
        R"(1 {"type":"prediction","id":"e1#1","time":"2026-03-01T08:00:00Z","prediction":0,"features":{"a":2}})"
        "\n");
  CHECK(mapped(keys, capture(R"({"data":"1\n2\n3","encoding":"CSV"})", R"({"data":"1\n2","encoding":"CSV"})")) ==
        "1 mapping: the answer has not as many rows as the request\n");
  CHECK(mapped(keys, capture(R"({"data":"{","encoding":"JSON"})", "null")) ==
        "1 json: captureData.endpointInput: not valid JSON\n");
  CHECK(
      mapped(
          keys,
          R"({"groundTruthData":{"data":"1","encoding":"CSV"},"eventMetadata":{"eventId":"e1","eventTime":"2026-03-02T08:00:00Z"}})") ==
      R"(1 {"type":"outcome","id":"e1","time":"2026-03-02T08:00:00Z","actual":1})"
      "\n");
  // Amazon's ground truth has no time: that of its arrival.
  CHECK(mapped(keys, R"({"groundTruthData":{"data":"1","encoding":"CSV"},"eventMetadata":{"eventId":"e1"}})") ==
        R"(1 {"type":"outcome","id":"e1","time":"2026-05-01T00:00:00Z","actual":1})"
        "\n");
}

TEST_CASE("mlflow: a request that was answered by an error has failed, row by row, whatever the error looks like") {
  for (const auto* response : {R"({"error_code":"BAD"})", R"("Internal Server Error")"}) {
    CHECK(mapped("file: f, preset: mlflow",
                 std::string(
                     R"({"id":"r","time":"t","status_code":500,"request":{"dataframe_records":[{"a":1},{"a":2}]},)") +
                     R"("response":)" + response + "}") ==
          R"(1 {"type":"prediction","id":"r#0","time":"t","features":{"a":1},"failed":true})"
          "\n"
          R"(1 {"type":"prediction","id":"r#1","time":"t","features":{"a":2},"failed":true})"
          "\n");
  }
}

TEST_CASE("mlflow: logged inferences and assessments") {
  const std::string keys = "file: f, preset: mlflow";
  CHECK(
      mapped(
          keys,
          R"({"client_request_id":"r","timestamp_ms":1767225600000,"status_code":200,"execution_time_ms":12,"request_metadata":"{\"model_version\":\"4\"}",)"
          R"("request":"{\"dataframe_split\":{\"columns\":[\"a\",\"b\"],\"data\":[[1,\"x\"]]}}","response":{"predictions":[1]}})") ==
      R"(1 {"type":"prediction","id":"r","time":1767225600000,"model_version":"4","prediction":1,"features":{"a":1,"b":"x"},"latency_ms":12,"failed":false})"
      "\n");
  CHECK(mapped(keys, R"({"id":"r","time":"t","inputs":{"a":[1,2]},"predictions":[0,1]})") ==
        R"(1 {"type":"prediction","id":"r#0","time":"t","prediction":0,"features":{"a":1}})"
        "\n"
        R"(1 {"type":"prediction","id":"r#1","time":"t","prediction":1,"features":{"a":2}})"
        "\n");
  CHECK(
      mapped(
          keys,
          R"({"assessment_id":"a","assessment_name":"good","trace_id":"tr","create_time":"t","source":{"source_type":"LLM_JUDGE"},"feedback":{"value":true}})") ==
      R"(1 {"type":"feedback","id":"a","prediction_id":"tr","time":"t","audience":"staff","theme":"good","value":1})"
      "\n");
  CHECK(mapped(keys, R"({"trace_id":"tr","create_time":"t","expectation":{"value":"ok"}})") ==
        R"(1 {"type":"outcome","id":"tr","time":"t","actual":"ok"})"
        "\n");
  CHECK(mapped(keys, R"({"request":"{"})") == "1 json: request: not valid JSON\n");
}
