// SPDX-License-Identifier: Apache-2.0
// What became of lines: rejected ones, and those that come while somebody looks on.
#include "sources/http_inspect.h"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>
#include <optional>

namespace pilotwatch::sources {
namespace {

using nlohmann::ordered_json;
using runtime::HttpRequest;
using runtime::HttpResponse;
using runtime::problem;

constexpr std::uint64_t default_limit = 100, max_limit = 10'000;

HttpResponse success(const ordered_json& body) {
  return {200, "application/json", body.dump(-1, ' ', false, ordered_json::error_handler_t::replace) + "\n"};
}

/// nullopt: not a whole number.
std::optional<std::uint64_t> whole(std::string_view text) {
  std::uint64_t out = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), out);
  return parsed.ec == std::errc{} && parsed.ptr == text.data() + text.size() ? std::optional(out) : std::nullopt;
}

ordered_json letter_json(const record::DeadLetter& letter) {
  ordered_json out = {{"time", format_rfc3339(letter.wall)},
                      {"source", letter.source},
                      {"line", letter.reject.line},
                      {"stream", record::stream_names[static_cast<std::size_t>(letter.reject.stream)]},
                      {"reason", record::reason_names[static_cast<std::size_t>(letter.reject.reason)]},
                      {"detail", letter.reject.detail}};
  if (!letter.reject.text.empty()) out["text"] = letter.reject.text;
  if (!letter.reject.made.empty()) out["made"] = letter.reject.made;
  return out;
}

HttpResponse rejects(const HttpRequest& request, const DeadLetterBox& letters) {
  const auto asked = request.parameter("limit");
  const auto limit = asked.empty() ? default_limit : whole(asked);
  if (!limit || *limit == 0 || *limit > max_limit) return problem(400, "limit must be a number from 1 to 10000");
  const auto reason = request.parameter("reason");
  if (!reason.empty() && std::ranges::find(record::reason_names, reason) == std::end(record::reason_names))
    return problem(400, "reason is not one of those in the README, \"Ingest\"");
  auto data = ordered_json::array();
  for (const auto& letter : letters.newest(request.parameter("source"), reason, static_cast<std::size_t>(*limit)))
    data.push_back(letter_json(letter));
  return success({{"status", "success"}, {"data", std::move(data)}});
}

bool is_known(const settings::Settings& settings, std::string_view source) {
  return source == settings.http.name ||
         std::ranges::any_of(settings.sources, [&](const auto& known) { return known.name == source; });
}

HttpResponse tapped(const HttpRequest& request, const settings::Settings& settings, Tap& tap) {
  if (!settings.ingest.tap) return problem(403, "ingest.tap is off: a tap shows records with their identifiers");
  const auto source = request.parameter("source");
  if (!is_known(settings, source)) return problem(404, "no source of that name");
  std::optional<std::uint64_t> after;
  if (const auto given = request.parameter("after"); !given.empty()) {
    after = whole(given);
    if (!after) return problem(400, "after must be the number of the answer before");
  }
  const auto seen = tap.look(source, after);
  std::string body = "{\"status\":\"success\",\"next\":" + std::to_string(seen.next) +
                     ",\"missed\":" + std::to_string(seen.missed) + ",\"data\":[";
  for (std::size_t i = 0; i < seen.events.size(); ++i) (body += i == 0 ? "" : ",") += seen.events[i];
  return {200, "application/json", body + "]}\n"};
}

}  // namespace

std::vector<runtime::Route> inspect_routes(const settings::Settings& settings, const DeadLetterBox& letters, Tap& tap) {
  const auto rejects_handler = [&letters](HttpRequest&& request, const runtime::Respond& respond) {
    respond(rejects(request, letters));
  };
  const auto tap_handler = [&settings, &tap](HttpRequest&& request, const runtime::Respond& respond) {
    respond(tapped(request, settings, tap));
  };
  const char* tap_path = "/api/v1/sources/{source}/tap";
  return {{"GET", "/api/v1/rejects", "/api/v1/rejects", 0, rejects_handler},
          {"GET", tap_path, tap_path, 0, tap_handler}};
}

}  // namespace pilotwatch::sources
