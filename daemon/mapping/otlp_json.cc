// SPDX-License-Identifier: Apache-2.0
// OTLP in JSON: names in lowerCamelCase, ids in hex, enumerations as numbers, 64-bit numbers as texts or numbers; what
// is unknown, or not of its kind, is as if it were not there.
#include <algorithm>
#include <charconv>

#include "mapping/otlp.h"

namespace pilotwatch::mapping {
namespace {

const Json& array_in(const Json& from, const char* name) {
  static const Json none = Json::array();
  const auto* found = member(from, name);
  return found != nullptr && found->is_array() ? *found : none;
}

std::string text_in(const Json& from, const char* name) {
  const auto* found = member(from, name);
  return found != nullptr && found->is_string() ? text_of(*found) : "";
}

template <class Whole>
std::optional<Whole> whole(const Json& value) {
  if (value.is_number_unsigned() && std::in_range<Whole>(value.get<std::uint64_t>()))
    return static_cast<Whole>(value.get<std::uint64_t>());
  if (value.is_number_integer() && !value.is_number_unsigned() && std::in_range<Whole>(value.get<std::int64_t>()))
    return static_cast<Whole>(value.get<std::int64_t>());
  if (!value.is_string()) return std::nullopt;
  const auto& text = value.get_ref<const std::string&>();
  Whole out{};
  const auto end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, out);
  return parsed.ec == std::errc{} && parsed.ptr == end ? std::optional(out) : std::nullopt;
}

template <class Whole>
Whole whole_in(const Json& from, const char* name) {
  const auto* found = member(from, name);
  return found != nullptr ? whole<Whole>(*found).value_or(0) : 0;
}

std::string id_in(const Json& from, const char* name) {
  auto text = text_in(from, name);
  std::ranges::transform(text, text.begin(),
                         [](char c) { return c >= 'A' && c <= 'F' ? static_cast<char>(c + 32) : c; });
  return text.find_first_not_of("0123456789abcdef") == std::string::npos ? text : "";
}

Json value_of(const Json& value, std::size_t depth = 0);

Json value_in(const Json& from) {
  const auto* found = member(from, "value");
  return found != nullptr ? value_of(*found) : Json();
}

Attributes attributes_in(const Json& from) {
  Attributes out;
  for (const auto& item : array_in(from, "attributes")) out.emplace_back(text_in(item, "key"), value_in(item));
  return out;
}

Json double_of(const Json& value) {
  if (value.is_number()) return json_number(value.get<double>());
  const auto number = value.is_string() ? typed(text_of(value)) : Json();  // "NaN", "Infinity": none
  return number.is_number() ? json_number(number.get<double>()) : Json();
}

Json array_of(const Json& list, std::size_t depth) {
  Json out = Json::array();
  for (const auto& item : array_in(list, "values")) out.push_back(value_of(item, depth));
  return out;
}

Json object_of(const Json& list, std::size_t depth) {
  const auto& values = array_in(list, "values");
  if (values.size() > max_members) return nullptr;
  Json out = Json::object();
  for (const auto& item : values) {
    const auto* value = member(item, "value");
    out[text_in(item, "key")] = value != nullptr ? value_of(*value, depth) : Json();
  }
  return out;
}

Json value_of(const Json& value, std::size_t depth) {
  if (const auto* v = member(value, "stringValue")) return v->is_string() ? *v : Json();
  if (const auto* v = member(value, "boolValue")) return v->is_boolean() ? *v : Json();
  if (const auto* v = member(value, "intValue")) {
    const auto number = whole<std::int64_t>(*v);
    return number ? Json(*number) : Json();
  }
  if (const auto* v = member(value, "doubleValue")) return double_of(*v);
  if (const auto* v = member(value, "bytesValue")) return v->is_string() ? *v : Json();
  if (const auto* v = member(value, "arrayValue")) return depth < max_value_depth ? array_of(*v, depth + 1) : Json();
  if (const auto* v = member(value, "kvlistValue")) return depth < max_value_depth ? object_of(*v, depth + 1) : Json();
  return nullptr;
}

OtlpOrigin origin_of(const Json& resource_part, const Json& scope_part) {
  static const Json none = Json::object();
  const auto* resource = member(resource_part, "resource");
  const auto* scope = member(scope_part, "scope");
  const Json& of_scope = scope != nullptr ? *scope : none;
  return mapping::origin_of(attributes_in(resource != nullptr ? *resource : none), text_in(of_scope, "name"),
                            text_in(of_scope, "version"), attributes_in(of_scope));
}

OtlpLog log_of(const Json& from) {
  OtlpLog out;
  out.time = whole_in<std::uint64_t>(from, "timeUnixNano");
  out.observed_time = whole_in<std::uint64_t>(from, "observedTimeUnixNano");
  out.severity = whole_in<std::int32_t>(from, "severityNumber");
  out.severity_text = text_in(from, "severityText");
  out.event_name = text_in(from, "eventName");
  out.trace_id = id_in(from, "traceId");
  out.span_id = id_in(from, "spanId");
  if (const auto* body = member(from, "body")) out.body = value_of(*body);
  out.attributes = attributes_in(from);
  return out;
}

OtlpSpan span_of(const Json& from) {
  OtlpSpan out;
  out.trace_id = id_in(from, "traceId");
  out.span_id = id_in(from, "spanId");
  out.parent_span_id = id_in(from, "parentSpanId");
  out.name = text_in(from, "name");
  out.kind = whole_in<std::int32_t>(from, "kind");
  out.start = whole_in<std::uint64_t>(from, "startTimeUnixNano");
  out.end = whole_in<std::uint64_t>(from, "endTimeUnixNano");
  if (const auto* status = member(from, "status")) {
    out.status = whole_in<std::int32_t>(*status, "code");
    out.status_message = text_in(*status, "message");
  }
  out.attributes = attributes_in(from);
  for (const auto& event : array_in(from, "events"))
    out.events.push_back(
        {whole_in<std::uint64_t>(event, "timeUnixNano"), text_in(event, "name"), attributes_in(event)});
  for (const auto& link : array_in(from, "links"))
    out.links.push_back({id_in(link, "traceId"), id_in(link, "spanId"), attributes_in(link)});
  return out;
}

/// The levels of a request around attributes that are as deep as they may be, and of what is unknown.
constexpr JsonBounds request_bounds{.depth = 64, .values = 4'000'000};

Json parsed(std::string_view body) {
  try {
    auto request = parse_json(body, request_bounds);
    if (request.is_object()) return request;
  } catch (const Refusal& refusal) {
    throw Refusal{refusal.reason, "the body as a whole: " + refusal.detail};
  }
  throw Refusal{record::Reason::schema, "the body as a whole: must be an object"};
}

template <class Of>
void read(std::string_view body, const char* resources, const char* scopes, const char* records, const TakeOtlp& take,
          Of of) {
  const auto request = parsed(body);
  for (const auto& resource : array_in(request, resources)) {
    for (const auto& scope : array_in(resource, scopes)) {
      const auto origin = origin_of(resource, scope);
      for (const auto& record : array_in(scope, records)) take([&] { return flat(of(record), origin); });
    }
  }
}

}  // namespace

void read_otlp_logs_json(std::string_view body, const TakeOtlp& take) {
  read(body, "resourceLogs", "scopeLogs", "logRecords", take, log_of);
}

void read_otlp_traces_json(std::string_view body, const TakeOtlp& take) {
  read(body, "resourceSpans", "scopeSpans", "spans", take, span_of);
}

}  // namespace pilotwatch::mapping
