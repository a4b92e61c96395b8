// SPDX-License-Identifier: Apache-2.0
#include "mapping/cloudevents.h"

#include "base/text.h"
#include "mapping/base64.h"

namespace pilotwatch::mapping {
namespace {

using record::Reason;

[[noreturn]] void refuse(const std::string& what) { throw Refusal{Reason::cloudevent, what}; }

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/// Header values carry what is not printable ASCII per cent encoded.
std::string decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const int high = text[i] == '%' && i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
    const int low = high >= 0 ? hex_digit(text[i + 2]) : -1;
    out += low >= 0 ? static_cast<char>(high * 16 + low) : text[i];
    if (low >= 0) i += 2;
  }
  return to_valid_utf8(out);
}

/// JSON wherever it is, whatever the content type claims (KServe's responses carry that of the request); else text.
/// What is neither is left out, and the rules will miss it.
std::optional<Json> data_of(std::string_view bytes) {
  const auto first = bytes.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return std::nullopt;
  try {
    return parse_json(bytes);
  } catch (const Refusal& refusal) {
    // What begins as JSON and is none, or is beyond bounds, deserves its reason.
    if (bytes[first] == '{' || bytes[first] == '[') throw Refusal{refusal.reason, "data: " + refusal.detail};
  }
  if (to_valid_utf8(bytes) != bytes) return std::nullopt;
  return std::string(bytes);
}

void check(const Json& event) {
  for (const auto* name : {"id", "source", "type", "specversion"}) {
    const auto* value = member(event, name);
    if (value == nullptr || !value->is_string() || text_of(*value).empty())
      refuse(std::string(name) + (value == nullptr ? " is required" : " must be a text that is not empty"));
  }
  // 0.2 and 0.3 have the same required attributes, and Seldon's executor still sends them.
  const auto version = text_of(event["specversion"]);
  if (!version.starts_with("1.") && !version.starts_with("0.")) refuse("specversion is neither 1 nor 0.x");
}

}  // namespace

Json event_of(const std::vector<std::pair<std::string, std::string>>& attributes, std::string_view data) {
  if (attributes.size() > max_members) refuse("more than 1024 attributes");
  Json event = Json::object();
  for (const auto& [name, value] : attributes) {
    if (name != "data" && name != "data_base64") event[to_valid_utf8(name)] = decoded(value);
  }
  check(event);
  if (auto parsed = data_of(data)) event["data"] = *std::move(parsed);
  return event;
}

void complete_event(Json& event) {
  if (!event.is_object()) refuse(std::string("an event must be an object, is ") + kind_of(event));
  check(event);
  const auto* encoded = member(event, "data_base64");
  if (encoded == nullptr) return;
  if (event.contains("data")) refuse("both data and data_base64");
  const auto bytes = encoded->is_string() ? from_base64(text_of(*encoded)) : std::nullopt;
  if (!bytes) refuse("data_base64 is not base64");
  event.erase("data_base64");
  if (auto parsed = data_of(*bytes)) event["data"] = *std::move(parsed);
}

}  // namespace pilotwatch::mapping
