// SPDX-License-Identifier: Apache-2.0
// What became of lines, asked of a running daemon: `rejects` and `tap`.
#include <chrono>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <thread>

#include "app/client_json.h"
#include "app/commands.h"
#include "base/url.h"

namespace pilotwatch::app {
namespace {

using nlohmann::ordered_json;

constexpr std::chrono::milliseconds between_looks{300};

void print(const ordered_json& json) {
  std::printf("%s\n", json.dump(-1, ' ', false, ordered_json::error_handler_t::replace).c_str());
}

void print_row(const ordered_json& letter) {
  const auto text = [&](const char* key) { return letter.value(key, std::string()); };
  std::printf("%s  %s:%u  %s  %s: %s\n", text("time").c_str(), text("source").c_str(), letter.value("line", 0U),
              text("stream").c_str(), text("reason").c_str(), text("detail").c_str());
  if (letter.contains("text")) std::printf("    %s\n", text("text").c_str());
  if (letter.contains("made")) std::printf("    made of it: %s\n", text("made").c_str());
}

}  // namespace

int rejects(const RejectsOptions& options) {
  Client client(options.client);
  std::string path = "/api/v1/rejects?limit=" + std::to_string(options.limit);
  if (!options.source.empty()) path += "&source=" + url_encoded(options.source);
  if (!options.reason.empty()) path += "&reason=" + url_encoded(options.reason);
  const auto answer = answer_of(client, path);
  for (const auto& letter : answer["data"]) options.format == "ndjson" ? print(letter) : print_row(letter);
  return 0;
}

int tap(const TapOptions& options) {
  Client client(options.client);
  const std::string path = "/api/v1/sources/" + url_encoded(options.source) + "/tap";
  auto next = answer_of(client, path).value("next", std::uint64_t{0});
  std::fprintf(stderr, "looking on at %s; stop with Ctrl-C\n", options.source.c_str());
  for (std::uint64_t shown = 0; options.lines == 0 || shown < options.lines;) {
    const auto answer = answer_of(client, path + "?after=" + std::to_string(next));
    next = answer.value("next", next);
    if (const auto missed = answer.value("missed", std::uint64_t{0}); missed > 0)
      std::fprintf(stderr, "%llu came too fast to be shown\n", static_cast<unsigned long long>(missed));
    for (const auto& event : answer["data"]) {
      if (options.lines > 0 && shown++ >= options.lines) break;
      print(event);
    }
    std::fflush(stdout);
    if (answer["data"].empty()) std::this_thread::sleep_for(between_looks);
  }
  return 0;
}

}  // namespace pilotwatch::app
