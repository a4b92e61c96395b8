// SPDX-License-Identifier: Apache-2.0
#include "mapping/prepare.h"

#include <array>
#include <charconv>
#include <map>

#include "base/text.h"
#include "mapping/base64.h"
#include "mapping/cloudevents.h"
#include "mapping/field.h"
#include "mapping/payload.h"
#include "mapping/pieces.h"

namespace pilotwatch::mapping {
namespace {

using record::Reason;
using settings::SourcePreset;

/// "a body": JSON in a text, or JSON as it is.
Json body_of(const Json& value, const char* what) {
  if (!value.is_string()) return value;
  try {
    return parse_json(text_of(value));
  } catch (const Refusal& refusal) {
    throw Refusal{refusal.reason, std::string(what) + ": " + refusal.detail};
  }
}

// SageMaker.

Json json_rows(const std::string& text) {
  Json out = Json::array();
  for_each_piece(text, [&](const Piece& piece) {
    for (auto& row : payload_rows(parse_json(piece.text))) out.push_back(std::move(row));
    if (out.size() > max_rows) throw Refusal{Reason::mapping, "more than 10000 rows"};
  });
  return out;
}

/// {data, encoding, observedContentType} as rows; none where it is absent.
Json captured_rows(const Json* part, const char* what) {
  if (part == nullptr) return Json::array();
  const auto* data = member(*part, "data");
  if (data == nullptr) return Json::array();
  try {
    if (!data->is_string()) return payload_rows(*data);
    const auto* encoding = member(*part, "encoding");
    const auto* type = member(*part, "observedContentType");
    auto text = text_of(*data);
    std::string form = encoding != nullptr && encoding->is_string() ? text_of(*encoding) : "CSV";
    if (form == "BASE64") {
      auto bytes = from_base64(text);
      if (!bytes || to_valid_utf8(*bytes) != *bytes) throw Refusal{Reason::mapping, "is not base64 of a text"};
      text = *std::move(bytes);
      const bool csv = type != nullptr && type->is_string() && text_of(*type).find("csv") != std::string::npos;
      form = csv ? "CSV" : "JSON";
    }
    return form == "CSV" ? csv_rows(text) : json_rows(text);
  } catch (const Refusal& refusal) {
    throw Refusal{refusal.reason, std::string(what) + ": " + refusal.detail};
  }
}

void prepare_sagemaker(Json& foreign) {
  if (const auto* captured = member(foreign, "captureData")) {
    auto rows = zipped(captured_rows(member(*captured, "endpointInput"), "captureData.endpointInput"),
                       captured_rows(member(*captured, "endpointOutput"), "captureData.endpointOutput"));
    foreign["rows"] = std::move(rows);
  } else if (const auto* truth = member(foreign, "groundTruthData")) {
    foreign["rows"] = zipped(Json::array(), captured_rows(truth, "groundTruthData"));
  }
}

// MLflow.

/// Logged with request and answer side by side, or a bare body.
void prepare_mlflow(Json& foreign) {
  const auto* request = member(foreign, "request");
  const auto* answer = member(foreign, "response");
  Json inputs = Json::array(), outputs = Json::array();
  if (request != nullptr) inputs = payload_rows(body_of(*request, "request"));
  // An error's text is no answer, and has no rows: the request alone has failed.
  const auto* status = member(foreign, "status_code");
  const bool failed = status != nullptr && is_scalar(*status) && text_of(*status) != "200";
  if (answer != nullptr && !failed) outputs = payload_rows(body_of(*answer, "response"));
  for (const auto* name : {"dataframe_split", "dataframe_records", "instances", "inputs"}) {
    const auto* value = member(foreign, name);
    if (request == nullptr && inputs.empty() && value != nullptr) inputs = payload_rows(Json::object({{name, *value}}));
  }
  if (const auto* value = member(foreign, "predictions"); answer == nullptr && !failed && value != nullptr)
    outputs = payload_rows(Json::object({{"predictions", *value}}));
  if (const auto* metadata = member(foreign, "request_metadata"))
    foreign["request_metadata"] = body_of(Json(*metadata), "request_metadata");
  if (!inputs.empty() || !outputs.empty()) foreign["rows"] = zipped(inputs, outputs);
}

// OpenInference.

struct Numbered {
  std::size_t index;
  std::string_view member;
};

/// "annotations.3.annotation.score" is {3, "score"}.
std::optional<Numbered> numbered(std::string_view name) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 2> forms = {
      {{"annotations.", ".annotation."}, {"evaluations.", ".evaluation."}}};
  for (const auto& [prefix, infix] : forms) {
    if (!name.starts_with(prefix)) continue;
    Numbered out{};
    const auto begin = name.data() + prefix.size(), end = name.data() + name.size();
    const auto parsed = std::from_chars(begin, end, out.index);
    const std::string_view rest(parsed.ptr, static_cast<std::size_t>(end - parsed.ptr));
    if (parsed.ec != std::errc{} || !rest.starts_with(infix)) continue;
    out.member = rest.substr(infix.size());
    return out;
  }
  return std::nullopt;
}

std::string joined_ids(const Json& from) {
  const auto* trace = member(from, "trace_id");
  const auto* span = member(from, "span_id");
  return trace != nullptr && span != nullptr ? text_of(*trace) + ":" + text_of(*span) : "";
}

void prepare_openinference(Json& foreign) {
  std::map<std::size_t, Json> found;
  for (const auto& [name, value] : foreign.items()) {
    if (const auto part = numbered(name)) found[part->index][std::string(part->member)] = value;
  }
  if (found.empty()) return;
  Json list = Json::array();
  for (auto& [index, annotation] : found) list.push_back(std::move(annotation));
  // Written later, an annotation is a span of its own with one link to what it is about.
  const auto* links = member(foreign, "links");
  const auto target = joined_ids(links != nullptr && links->size() == 1 ? links->front() : foreign);
  foreign["annotations"] = std::move(list);
  if (!target.empty()) foreign["target"] = target;
}

bool is_member_of_object(std::string_view name) {
  const auto dot = name.find('.');
  const auto head = name.substr(0, dot);
  return dot != std::string_view::npos &&
         (head == "features" || head == "segments" || head == "score" || head == "prediction");
}

}  // namespace

void prepare(SourcePreset preset, Json& foreign) {
  switch (preset) {
    case SourcePreset::kserve:
    case SourcePreset::seldon:
      if (member(foreign, "specversion") != nullptr) complete_event(foreign);
      return;
    case SourcePreset::sagemaker:
      return prepare_sagemaker(foreign);
    case SourcePreset::mlflow:
      return prepare_mlflow(foreign);
    case SourcePreset::openinference:
      return prepare_openinference(foreign);
    default:
      return;
  }
}

Json by_wire_names(const Json& foreign, bool cells_are_text, std::string_view type) {
  Json record = Json::object();
  if (!type.empty() && member(foreign, "type") == nullptr) record["type"] = type;
  for (const auto& [name, value] : foreign.items()) {
    const bool empty = cells_are_text && value.is_string() && value.get_ref<const std::string&>().empty();
    if (empty || value.is_null()) continue;
    if (is_member_of_object(name) || (cells_are_text && name.find('.') == std::string::npos)) {
      const bool time = name == "time" || name == "ts" || name == "opened_at";
      set_member(record, name, time ? typed(text_of(value)) : as_member(name, value, cells_are_text));
    } else {
      record[name] = value;  // as it is; what the pilot says of unknown members holds
    }
  }
  return record;
}

}  // namespace pilotwatch::mapping
