// SPDX-License-Identifier: Apache-2.0
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/wire_format_lite.h>

#include <climits>

#include "base/text.h"
#include "mapping/base64.h"
#include "mapping/otlp.h"
#include "otlp.pb.h"

namespace pilotwatch::mapping {
namespace {

namespace proto = pilotwatch::otlp;

Json value_of(const proto::AnyValue& value, std::size_t depth = 0);

Attributes attributes_of(const google::protobuf::RepeatedPtrField<proto::KeyValue>& list) {
  Attributes out;
  for (const auto& item : list) out.emplace_back(to_valid_utf8(item.key()), value_of(item.value()));
  return out;
}

Json array_of(const proto::ArrayValue& list, std::size_t depth) {
  Json out = Json::array();
  for (const auto& item : list.values()) out.push_back(value_of(item, depth));
  return out;
}

Json object_of(const proto::KeyValueList& list, std::size_t depth) {
  if (static_cast<std::size_t>(list.values_size()) > max_members) return nullptr;
  Json out = Json::object();
  for (const auto& item : list.values()) out[to_valid_utf8(item.key())] = value_of(item.value(), depth);
  return out;
}

Json value_of(const proto::AnyValue& value, std::size_t depth) {
  switch (value.value_case()) {
    case proto::AnyValue::kStringValue:
      return to_valid_utf8(value.string_value());
    case proto::AnyValue::kBoolValue:
      return value.bool_value();
    case proto::AnyValue::kIntValue:
      return value.int_value();
    case proto::AnyValue::kDoubleValue:
      return json_number(value.double_value());
    case proto::AnyValue::kBytesValue:
      return to_base64(value.bytes_value());
    case proto::AnyValue::kArrayValue:
      return depth < max_value_depth ? array_of(value.array_value(), depth + 1) : Json();
    case proto::AnyValue::kKvlistValue:
      return depth < max_value_depth ? object_of(value.kvlist_value(), depth + 1) : Json();
    case proto::AnyValue::VALUE_NOT_SET:
      break;
  }
  return nullptr;
}

OtlpOrigin origin_of(const proto::Resource& resource, const proto::Scope& scope) {
  return mapping::origin_of(attributes_of(resource.attributes()), to_valid_utf8(scope.name()),
                            to_valid_utf8(scope.version()), attributes_of(scope.attributes()));
}

OtlpLog log_of(const proto::LogRecord& from) {
  OtlpLog out;
  out.time = from.time_unix_nano();
  out.observed_time = from.observed_time_unix_nano();
  out.severity = from.severity_number();
  out.severity_text = to_valid_utf8(from.severity_text());
  out.event_name = to_valid_utf8(from.event_name());
  out.trace_id = to_hex(from.trace_id());
  out.span_id = to_hex(from.span_id());
  out.body = value_of(from.body());
  out.attributes = attributes_of(from.attributes());
  return out;
}

OtlpSpan span_of(const proto::Span& from) {
  OtlpSpan out;
  out.trace_id = to_hex(from.trace_id());
  out.span_id = to_hex(from.span_id());
  out.parent_span_id = to_hex(from.parent_span_id());
  out.name = to_valid_utf8(from.name());
  out.kind = from.kind();
  out.start = from.start_time_unix_nano();
  out.end = from.end_time_unix_nano();
  out.status = from.status().code();
  out.status_message = to_valid_utf8(from.status().message());
  out.attributes = attributes_of(from.attributes());
  for (const auto& event : from.events())
    out.events.push_back({event.time_unix_nano(), to_valid_utf8(event.name()), attributes_of(event.attributes())});
  for (const auto& link : from.links())
    out.links.push_back({to_hex(link.trace_id()), to_hex(link.span_id()), attributes_of(link.attributes())});
  return out;
}

[[noreturn]] void refuse_body() {
  throw Refusal{record::Reason::protobuf, "the body as a whole: not OTLP in protobuf"};
}

/// Calls `take` with the bytes of each field `wanted` of a message. Not by parsing it whole: two bytes of an empty
/// message would take fifty in memory.
template <class Take>
void for_each_field(std::string_view message, std::uint32_t wanted, Take take) {
  using google::protobuf::internal::WireFormatLite;
  if (message.size() > INT_MAX) refuse_body();
  google::protobuf::io::CodedInputStream in(reinterpret_cast<const std::uint8_t*>(message.data()),
                                            static_cast<int>(message.size()));
  while (const auto tag = in.ReadTag()) {
    if (WireFormatLite::GetTagWireType(tag) != WireFormatLite::WIRETYPE_LENGTH_DELIMITED) {
      if (!WireFormatLite::SkipField(&in, tag)) refuse_body();
      continue;
    }
    std::uint32_t size = 0;
    if (!in.ReadVarint32(&size) || size > INT_MAX) refuse_body();
    const auto at = static_cast<std::size_t>(in.CurrentPosition());
    if (!in.Skip(static_cast<int>(size))) refuse_body();
    if (static_cast<std::uint32_t>(WireFormatLite::GetTagFieldNumber(tag)) == wanted) take(message.substr(at, size));
  }
  if (!in.ConsumedEntireMessage()) refuse_body();
}

template <class Message>
Message parsed(std::string_view bytes) {
  Message message;
  if (!message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())))
    throw Refusal{record::Reason::protobuf, "not OTLP in protobuf"};
  return message;
}

/// The last field of its number, merged as protobuf says: a message given twice is one.
template <class Message>
Message field(std::string_view message, std::uint32_t number, std::uint64_t max_bytes) {
  std::string merged;
  for_each_field(message, number, [&](std::string_view bytes) { merged += bytes; });
  if (merged.size() > max_bytes)
    throw Refusal{record::Reason::line_too_long, "a resource or scope is longer than ingest.max_line_bytes"};
  return parsed<Message>(merged);
}

/// Both kinds of requests have the same skeleton: resources (1) of scopes (2) of records (2), each with its origin (1).
template <class Record, class Of>
void read(std::string_view body, std::uint64_t max_bytes, const TakeOtlp& take, Of of) {
  constexpr std::uint32_t resources = 1, origin_field = 1, children = 2;
  for_each_field(body, resources, [&](std::string_view resource) {
    const auto of_resource = field<proto::Resource>(resource, origin_field, max_bytes);
    for_each_field(resource, children, [&](std::string_view scope) {
      const auto origin = origin_of(of_resource, field<proto::Scope>(scope, origin_field, max_bytes));
      for_each_field(scope, children, [&](std::string_view bytes) {
        take([&] {
          if (bytes.size() > max_bytes)
            throw Refusal{record::Reason::line_too_long, "longer than ingest.max_line_bytes"};
          return flat(of(parsed<Record>(bytes)), origin);
        });
      });
    });
  });
}

}  // namespace

void read_otlp_logs_protobuf(std::string_view body, std::uint64_t max_record_bytes, const TakeOtlp& take) {
  read<proto::LogRecord>(body, max_record_bytes, take, log_of);
}

void read_otlp_traces_protobuf(std::string_view body, std::uint64_t max_record_bytes, const TakeOtlp& take) {
  read<proto::Span>(body, max_record_bytes, take, span_of);
}

}  // namespace pilotwatch::mapping
