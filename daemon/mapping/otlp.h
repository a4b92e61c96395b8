// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "mapping/json.h"

/// OTLP's logs and traces, in JSON and protobuf, as flat JSON objects. Private to mapping/.
namespace pilotwatch::mapping {

using Attributes = std::vector<std::pair<std::string, Json>>;

inline constexpr std::size_t max_origin_members = 128;
inline constexpr std::uint32_t max_otlp_records = 200'000;  ///< of one message

/// What a scope's records share, as members of each: worked out once, since a record of two bytes may follow.
struct OtlpOrigin {
  Attributes members;     ///< each name once, the first wins
  bool too_many = false;  ///< more than `max_origin_members`: its records are refused
};
[[nodiscard]] OtlpOrigin origin_of(const Attributes& resource, const std::string& scope_name,
                                   const std::string& scope_version, const Attributes& scope);

struct OtlpLog {
  std::uint64_t time = 0, observed_time = 0;  ///< Unix nanoseconds; 0 = not given
  std::int64_t severity = 0;
  std::string severity_text, event_name, trace_id, span_id;  ///< ids in lower-case hex
  Json body;
  Attributes attributes;
};

struct OtlpLink {
  std::string trace_id, span_id;
  Attributes attributes;
};

struct OtlpEvent {
  std::uint64_t time = 0;
  std::string name;
  Attributes attributes;
};

struct OtlpSpan {
  std::string trace_id, span_id, parent_span_id, name, status_message;
  std::int64_t kind = 0, status = 0;
  std::uint64_t start = 0, end = 0;
  Attributes attributes;
  std::vector<OtlpEvent> events;
  std::vector<OtlpLink> links;
};

/// The flat form: own members (trace_id, time_unix_nano, ...), attributes by their names, "resource.NAME",
/// "scope.NAME". Own members win over attributes of the same name; what is not given is left out.
[[nodiscard]] Json flat(const OtlpLog& log, const OtlpOrigin& origin);
[[nodiscard]] Json flat(const OtlpSpan& span, const OtlpOrigin& origin);

/// Called for each log record or span, in order; `flat` reads it, and throws Refusal where it cannot be used.
using TakeOtlp = std::function<void(const std::function<Json()>& flat)>;
/// Throw Refusal where the body as a whole cannot be read. Of protobuf only one record at a time is in memory, and none
/// of more than `max_record_bytes`.
void read_otlp_logs_json(std::string_view body, const TakeOtlp& take);
void read_otlp_traces_json(std::string_view body, const TakeOtlp& take);
void read_otlp_logs_protobuf(std::string_view body, std::uint64_t max_record_bytes, const TakeOtlp& take);
void read_otlp_traces_protobuf(std::string_view body, std::uint64_t max_record_bytes, const TakeOtlp& take);

inline constexpr std::size_t max_value_depth = 8;  ///< of lists and maps in an attribute; deeper ones are null
/// A double as JSON can have it: not finite is null.
[[nodiscard]] Json json_number(double value);
/// Lower-case hex of an id's bytes.
[[nodiscard]] std::string to_hex(std::string_view bytes);

}  // namespace pilotwatch::mapping
