// SPDX-License-Identifier: Apache-2.0
// Ready mappings in the language of `sources[].map`. What of a payload cannot be said in it is prepared in mapping/.
#include "base/result.h"
#include "settings/sections.h"

namespace pilotwatch::settings {
namespace {

// One wire record has an id of its own: that of the event, with the row behind it where there are several.
constexpr std::string_view kserve = R"(
- type: prediction
  when: [{at: type, equals: org.kubeflow.serving.inference.request}, {at: /data/instances, present: true}]
  each: /data/instances
  fields: &request_fields
    part: {value: request}
    id: {join: [$/id, "#"], with: "#"}
    time: $/time
    features: .
- type: prediction
  when: [{at: type, equals: org.kubeflow.serving.inference.request}, {at: /data/inputs, present: true}]
  each: {at: /data/inputs, as: tensors}
  fields: *request_fields
- type: prediction
  when: [{at: type, equals: org.kubeflow.serving.inference.response}, {at: /data/predictions, present: true}]
  each: /data/predictions
  fields: &response_fields
    part: {value: response}
    id: {join: [$/id, "#"], with: "#"}
    time: $/time
    prediction: [prediction, predict, label, class, "*", .]
    score: [score, probability, confidence]
    model_version: $/data/model_version
- type: prediction
  when: [{at: type, equals: org.kubeflow.serving.inference.response}, {at: /data/outputs, present: true}]
  each: {at: /data/outputs, as: tensors}
  fields: *response_fields
)";

constexpr std::string_view seldon = R"(
- type: prediction
  when: [{at: type, equals: io.seldon.serving.inference.request}, {at: /data/data, present: true}]
  each: {at: /data/data, as: ndarray}
  fields: &request
    part: {value: request}
    id: {from: [[$/requestid, "#"], [$/data/meta/puid, "#"], [$/id, "#"]], with: "#"}
    time: $/time
    features: .
- type: prediction
  when: [{at: type, equals: io.seldon.serving.inference.request}, {at: /data/inputs, present: true}]
  each: {at: /data/inputs, as: tensors}
  fields: *request
- type: prediction
  when: [{at: type, equals: io.seldon.serving.inference.response}, {at: /data/data, present: true}]
  each: {at: /data/data, as: ndarray}
  fields: &response
    part: {value: response}
    id: {from: [[$/requestid, "#"], [$/data/meta/puid, "#"], [$/id, "#"]], with: "#"}
    time: $/time
    prediction: [prediction, predict, label, class]
    score: [score, proba, probability, "*"]
    model_version: [$/data/model_version, $/modelid]
- type: prediction
  when: [{at: type, equals: io.seldon.serving.inference.response}, {at: /data/outputs, present: true}]
  each: {at: /data/outputs, as: tensors}
  fields: *response
- type: outcome
  when: [{at: type, equals: io.seldon.serving.feedback}, {at: /data/truth/data, present: true}]
  each: {at: /data/truth/data, as: ndarray}
  fields:
    id: {from: [[$/data/response/meta/puid, "#"], [$/data/request/meta/puid, "#"], [$/requestid, "#"]], with: "#"}
    time: $/time
    actual: [truth, label, class, "*", .]
- type: feedback
  when: [{at: type, equals: io.seldon.serving.feedback}, {at: /data/reward, present: true}]
  fields:
    id: id
    prediction_id: [/data/response/meta/puid, /data/request/meta/puid, requestid]
    time: time
    audience: {value: public}
    theme: {value: reward}
    value: /data/reward
)";

constexpr std::string_view otel_genai = R"(
- type: prediction
  when:
    - {at: gen_ai.operation.name, in: [chat, text_completion, generate_content]}
    - {at: event_name, in: ["", gen_ai.client.inference.operation.details]}
  fields:
    id: {from: [gen_ai.response.id, [trace_id, span_id]], with: ":"}
    time: {from: [start_time_unix_nano, time_unix_nano, observed_time_unix_nano], time: unix_ns}
    model_version: [gen_ai.response.model, gen_ai.request.model]
    latency_ms: duration_ms
    failed: {from: [error.type, status], values: {unset: false, ok: false}, else: true}
    features.input_tokens: [gen_ai.usage.input_tokens, gen_ai.usage.prompt_tokens]
    features.output_tokens: [gen_ai.usage.output_tokens, gen_ai.usage.completion_tokens]
    features.finish_reason: /gen_ai.response.finish_reasons/0
    features.operation: gen_ai.operation.name
    features.provider: [gen_ai.provider.name, gen_ai.system]
    features.request_model: gen_ai.request.model
- type: outcome
  when: [{at: event_name, equals: gen_ai.evaluation.result}, {at: gen_ai.evaluation.score.label, present: true}]
  fields:
    id: {from: [gen_ai.response.id, [trace_id, span_id]], with: ":"}
    time: &now {from: [time_unix_nano, observed_time_unix_nano], time: unix_ns}
    actual: gen_ai.evaluation.score.label
- type: feedback
  when: [{at: event_name, equals: gen_ai.evaluation.result}, {at: gen_ai.evaluation.score.value, present: true}]
  fields:
    prediction_id: {from: [gen_ai.response.id, [trace_id, span_id]], with: ":"}
    time: *now
    audience: {value: staff}
    theme: gen_ai.evaluation.name
    value: gen_ai.evaluation.score.value
)";

// `annotations` and `target` are prepared from the attributes and the span's link.
constexpr std::string_view openinference = R"(
- type: prediction
  when: {at: openinference.span.kind, equals: LLM}
  fields:
    id: {join: [trace_id, span_id], with: ":"}
    time: {from: start_time_unix_nano, time: unix_ns}
    model_version: [llm.model_name, embedding.model_name]
    latency_ms: duration_ms
    failed: {from: status, values: {unset: false, ok: false}, else: true}
    features.input_tokens: llm.token_count.prompt
    features.output_tokens: llm.token_count.completion
    features.finish_reason: llm.finish_reason
    features.provider: [llm.provider, llm.system]
- type: outcome
  each: {at: /annotations, when: {at: label, present: true}}
  fields:
    id: $/target
    time: &now {from: $/end_time_unix_nano, time: unix_ns}
    actual: label
- type: feedback
  each: {at: /annotations, when: {at: score, present: true}}
  fields:
    prediction_id: $/target
    time: *now
    audience: {from: annotator_kind, values: {HUMAN: public}, else: staff, default: staff}
    theme: name
    value: score
)";

// `input` and `output` of each row are prepared from the encoded texts.
constexpr std::string_view sagemaker = R"(
- type: prediction
  when: {at: /captureData, present: true}
  each: /rows
  fields:
    id: {from: [[$/eventMetadata/inferenceId, "#"], [$/eventMetadata/eventId, "#"]], with: "#"}
    time: $/eventMetadata/inferenceTime
    prediction: [/output/prediction, /output/predicted_label, /output/label]
    score: [/output/score, /output/probability, /output/0]
    features: /input
- type: outcome
  when: {at: /groundTruthData, present: true}
  each: /rows
  fields:
    id: {from: [[$/eventMetadata/inferenceId, "#"], [$/eventMetadata/eventId, "#"]], with: "#"}
    time: [$/eventMetadata/eventTime, $received]
    actual: [/output/label, /output/actual, /output/0]
)";

// `rows` are prepared from request and response.
constexpr std::string_view mlflow = R"(
- type: prediction
  when: {at: /rows, present: true}
  each: /rows
  fields:
    id: &id {from: [[$/client_request_id, "#"], [$/databricks_request_id, "#"], [$/request_id, "#"], [$/id, "#"]], with: "#"}
    time: [$/request_time, $/timestamp_ms, $/timestamp, $/time]
    model_version: [$/request_metadata/model_version, $/model_version, $/served_entity_id]
    prediction: [/output/prediction, /output/label, /output]
    score: [/output/score, /output/probability]
    features: /input
    latency_ms: [$/execution_duration_ms, $/execution_time_ms]
    failed: {from: $/status_code, values: {"200": false}, else: true}
- type: outcome
  when: {at: /expectation/value, present: true}
  fields:
    id: &of [trace_id, /assessment/trace_id]
    time: &when [create_time, last_update_time, create_time_ms]
    actual: /expectation/value
- type: feedback
  when: {at: /feedback/value, present: true}
  fields:
    id: assessment_id
    prediction_id: *of
    time: *when
    audience: {from: /source/source_type, values: {HUMAN: public}, else: staff, default: staff}
    theme: [assessment_name, name]
    value: /feedback/value
)";

std::string_view yaml_of(SourcePreset preset) {
  switch (preset) {
    case SourcePreset::kserve:
      return kserve;
    case SourcePreset::seldon:
      return seldon;
    case SourcePreset::otel_genai:
      return otel_genai;
    case SourcePreset::openinference:
      return openinference;
    case SourcePreset::sagemaker:
      return sagemaker;
    case SourcePreset::mlflow:
      return mlflow;
    case SourcePreset::pilotwatch:
    case SourcePreset::csv:
      break;
  }
  return "[]";  // members of the wire format by their names
}

}  // namespace

std::vector<MapRule> preset_map_rules(SourcePreset preset) {
  Problems problems("preset");
  const auto root = YAML::Load(std::string(yaml_of(preset)));
  auto rules =
      read_map_rules(Value(root, root.Mark(), source_preset_names[static_cast<std::size_t>(preset)], problems));
  PW_ASSERT(problems.count() == 0);
  return rules;
}

}  // namespace pilotwatch::settings
