// SPDX-License-Identifier: Apache-2.0
#include "mapping/otlp.h"

#include <cmath>
#include <unordered_set>

namespace pilotwatch::mapping {
namespace {

constexpr const char* status_names[] = {"unset", "ok", "error"};
constexpr const char* kind_names[] = {"unspecified", "internal", "server", "client", "producer", "consumer"};

/// Members of a flat record, each once; the first of a name wins. Not through ordered_json's own look-up, which takes
/// the longer the more there are.
class Flat {
 public:
  void text(std::string name, const std::string& value) {
    if (!value.empty()) add(std::move(name), value);
  }
  void time(std::string name, std::uint64_t value) {
    if (value > 0) add(std::move(name), value);
  }
  void add(std::string name, Json value) {
    if (value.is_null() || !names_.insert(name).second) return;
    if (names_.size() > max_members) throw Refusal{record::Reason::schema, "more than 1024 attributes"};
    members_.Container::emplace_back(std::move(name), std::move(value));
  }
  void attributes(const std::string& prefix, const Attributes& all) {
    for (const auto& [name, value] : all) add(prefix + name, value);
  }
  void origin(const OtlpOrigin& origin) {
    if (origin.too_many) throw Refusal{record::Reason::schema, "more than 128 attributes of resource and scope"};
    attributes("", origin.members);
  }
  [[nodiscard]] Json result() { return Json(std::move(members_)); }

 private:
  Json::object_t members_;
  std::unordered_set<std::string> names_;
};

Json flat(const OtlpLink& link) {
  Flat out;
  out.text("trace_id", link.trace_id);
  out.text("span_id", link.span_id);
  out.attributes("", link.attributes);
  return out.result();
}

Json flat(const OtlpEvent& event) {
  Flat out;
  out.text("name", event.name);
  out.time("time_unix_nano", event.time);
  out.attributes("", event.attributes);
  return out.result();
}

template <class Item>
Json list(const std::vector<Item>& items) {
  if (items.empty()) return nullptr;
  Json out = Json::array();
  for (const auto& item : items) out.push_back(flat(item));
  return out;
}

template <std::size_t N>
Json word(const char* const (&names)[N], std::int64_t index) {
  return index >= 0 && index < static_cast<std::int64_t>(N) ? Json(names[index]) : Json(index);
}

}  // namespace

OtlpOrigin origin_of(const Attributes& resource, const std::string& scope_name, const std::string& scope_version,
                     const Attributes& scope) {
  OtlpOrigin out;
  std::unordered_set<std::string> names;
  const auto add = [&](std::string name, const Json& value) {
    if (out.too_many || value.is_null() || !names.insert(name).second) return;
    out.too_many = names.size() > max_origin_members;
    out.members.emplace_back(std::move(name), value);
  };
  for (const auto& [name, value] : resource) add("resource." + name, value);
  if (!scope_name.empty()) add("scope.name", scope_name);
  if (!scope_version.empty()) add("scope.version", scope_version);
  for (const auto& [name, value] : scope) add("scope." + name, value);
  return out;
}

Json flat(const OtlpLog& log, const OtlpOrigin& origin) {
  Flat out;
  out.add("signal", "log");
  out.text("event_name", log.event_name);
  // Before 1.5 of the protocol the name of an event was an attribute.
  for (const auto& [name, value] : log.attributes) {
    if (name == "event.name" && value.is_string()) out.add("event_name", value);
  }
  out.time("time_unix_nano", log.time);
  out.time("observed_time_unix_nano", log.observed_time);
  out.text("trace_id", log.trace_id);
  out.text("span_id", log.span_id);
  if (log.severity > 0) out.add("severity_number", log.severity);
  out.text("severity_text", log.severity_text);
  out.add("body", log.body);
  out.attributes("", log.attributes);
  out.origin(origin);
  return out.result();
}

Json flat(const OtlpSpan& span, const OtlpOrigin& origin) {
  Flat out;
  out.add("signal", "span");
  out.text("name", span.name);
  out.text("trace_id", span.trace_id);
  out.text("span_id", span.span_id);
  out.text("parent_span_id", span.parent_span_id);
  out.add("kind", word(kind_names, span.kind));
  out.time("start_time_unix_nano", span.start);
  out.time("end_time_unix_nano", span.end);
  if (span.start > 0 && span.end >= span.start)
    out.add("duration_ms", static_cast<double>(span.end - span.start) / 1e6);
  out.add("status", word(status_names, span.status));
  out.text("status_message", span.status_message);
  out.add("links", list(span.links));
  out.add("events", list(span.events));
  out.attributes("", span.attributes);
  out.origin(origin);
  return out.result();
}

Json json_number(double value) { return std::isfinite(value) ? Json(value) : Json(); }

std::string to_hex(std::string_view bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string out;
  for (const unsigned char byte : bytes) (out += digits[byte >> 4]) += digits[byte & 15];
  return out;
}

}  // namespace pilotwatch::mapping
