// SPDX-License-Identifier: Apache-2.0
// What people decide, told to a running daemon: `pause`, `resume`, `acknowledge`.
#include <pwd.h>
#include <unistd.h>

#include <cstdio>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "app/client_json.h"
#include "app/commands.h"
#include "app/screen_text.h"
#include "base/url.h"

namespace pilotwatch::app {
namespace {

using nlohmann::ordered_json;

/// Who runs the command, unless said otherwise.
std::string author_of(const DecideOptions& options) {
  if (!options.author.empty()) return options.author;
  const auto* entry = getpwuid(geteuid());
  if (entry == nullptr) throw std::runtime_error("nobody knows your name here: say --author");
  return entry->pw_name;
}

ordered_json posted(const DecideOptions& options, const std::string& path, const ordered_json& body) {
  Client client(options.client);
  const auto answer = client.post(path, body.dump(-1, ' ', false, ordered_json::error_handler_t::replace),
                                  {"Content-Type: application/json"});
  auto json = ordered_json::parse(answer.body, nullptr, false);
  if (answer.status != 200 || !json.is_object() || !json.contains("data"))
    throw std::runtime_error(client.described(path, answer));
  return std::move(json["data"]);
}

}  // namespace

int pause_pilot(const DecideOptions& options) {
  const auto pause = posted(options, "/api/v1/pilots/" + url_encoded(options.subject) + "/pause",
                            {{"for", options.lasts}, {"reason", options.text}, {"author", author_of(options)}});
  std::printf("%s is paused until %s\n", printable(options.subject).c_str(), text_of(pause, "until").c_str());
  return 0;
}

int resume_pilot(const DecideOptions& options) {
  const auto pause = posted(options, "/api/v1/pilots/" + url_encoded(options.subject) + "/resume",
                            {{"author", author_of(options)}});
  std::printf("%s was paused until %s\n", printable(options.subject).c_str(), text_of(pause, "until").c_str());
  return 0;
}

int acknowledge_episode(const DecideOptions& options) {
  const auto seen = posted(options, "/api/v1/episodes/" + url_encoded(options.subject) + "/acknowledge",
                           {{"author", author_of(options)}, {"note", options.text}});
  std::printf("episode %s is acknowledged by %s\n", text_of(seen, "episode").c_str(),
              printable(text_of(seen, "author")).c_str());
  return 0;
}

}  // namespace pilotwatch::app
