// SPDX-License-Identifier: Apache-2.0
#include "sinks/api_actions.h"

#include <algorithm>
#include <memory>
#include <span>
#include <stdexcept>
#include <utility>

#include "base/text.h"
#include "runtime/http_text.h"
#include "sinks/api_parts.h"
#include "sinks/views.h"

namespace pilotwatch::sinks {
namespace {

using runtime::HttpRequest;
using runtime::HttpResponse;
using runtime::Respond;
using runtime::Route;

constexpr std::size_t longest_author = 100, longest_text = 1000;
constexpr std::uint64_t largest_body = 16 << 10;
constexpr Millis shortest_pause = std::chrono::seconds{1}, longest_pause = std::chrono::hours{24 * 31};

/// What a request says that cannot be: the answer to it.
struct Refused : std::runtime_error {
  explicit Refused(const std::string& what, unsigned code = 400) : std::runtime_error(what), status(code) {}
  unsigned status;
};

std::string one_line(const char* name, std::string text) {
  if (std::ranges::any_of(text, [](unsigned char c) { return c < 0x20 || c == 0x7F; }))
    throw Refused(std::string(name) + ": must be one line, without control characters");
  return text;
}

/// The members of a body, each a text, each known.
class Body {
 public:
  Body(const HttpRequest& request, std::span<const char* const> members) {
    const auto type = runtime::lower_case(request.header("content-type"));
    if (type.substr(0, type.find_first_of("; ")) != "application/json")
      throw Refused("needs a body of Content-Type: application/json", 415);
    json_ = Json::parse(request.body, nullptr, false);
    if (!json_.is_object()) throw Refused("the body must be a JSON object");
    for (const auto& [name, value] : json_.items()) {
      if (std::ranges::find(members, name) == members.end())
        throw Refused("unknown member \"" + to_valid_utf8(ellipsis(name, 60)) + "\"");
      if (!value.is_string()) throw Refused(name + ": must be a text");
    }
  }
  /// "" = none.
  [[nodiscard]] std::string optional(const char* name, std::size_t longest) const {
    const auto found = json_.find(name);
    if (found == json_.end()) return "";
    auto text = found->get<std::string>();
    if (text.size() > longest) throw Refused(std::string(name) + ": at most " + std::to_string(longest) + " bytes");
    return one_line(name, std::move(text));
  }
  [[nodiscard]] std::string text(const char* name, std::size_t longest) const {
    auto out = optional(name, longest);
    if (out.find_first_not_of(' ') == std::string::npos) throw Refused(std::string(name) + ": must be given");
    return out;
  }

 private:
  Json json_;
};

/// Who it is: as the request says, and as the password that was checked says where there was one.
std::string author_of(const Body& body, const HttpRequest& request) {
  const auto given = body.optional("author", longest_author);
  const auto user = one_line("the user's name", to_valid_utf8(ellipsis(request.user, longest_author)));
  if (given.empty() && user.empty()) throw Refused("author: must be given, or a user");
  if (given.find("(user ") != std::string::npos) throw Refused("author: the user's name is put there by the daemon");
  return given.empty() ? user : user.empty() || user == given ? given : given + " (user " + user + ")";
}

record::Action read_pause(const HttpRequest& request) {
  constexpr const char* members[] = {"for", "reason", "author"};
  const Body body(request, members);
  const auto lasts = parse_duration(body.text("for", longest_author));
  if (lasts.has_error()) throw Refused("for: " + lasts.error().what);
  if (*lasts < shortest_pause || *lasts > longest_pause) throw Refused("for: must be from 1s to 31d");
  return record::PausePilot{std::string(request.parameter("pilot")), {}, *lasts, author_of(body, request),
                            body.text("reason", longest_text)};
}

record::Action read_resume(const HttpRequest& request) {
  constexpr const char* members[] = {"author"};
  const Body body(request, members);
  return record::ResumePilot{std::string(request.parameter("pilot")), {}, author_of(body, request)};
}

record::Action read_acknowledge(const HttpRequest& request) {
  constexpr const char* members[] = {"author", "note"};
  const Body body(request, members);
  return record::AcknowledgeEpisode{std::string(request.parameter("episode")), author_of(body, request),
                                    body.text("note", longest_text)};
}

/// The newest pause of the pilot: the one that began, or ended.
Json pause_answer(const judge::Snapshot& snapshot, const HttpRequest& request) {
  const std::string pilot(request.parameter("pilot"));
  const auto view = std::ranges::find_if(snapshot.pilots, [&](const auto& v) { return v.settings->name == pilot; });
  const auto pauses = snapshot.pauses.find(pilot);
  if (view == snapshot.pilots.end() || pauses == snapshot.pauses.end() || pauses->second.all().empty()) return nullptr;
  return pause_json(pilot, pauses->second.all().back(), running_pause(snapshot, *view));
}

Json acknowledge_answer(const judge::Snapshot& snapshot, const HttpRequest& request) {
  const auto episode = request.parameter("episode");
  const auto& all = snapshot.acknowledgements;
  const auto found = std::find_if(all.rbegin(), all.rend(), [&](const auto& a) { return a.episode == episode; });
  return found == all.rend() ? Json() : acknowledgement_json(*found);
}

HttpResponse objected(const judge::Objection& objection) {
  switch (objection.kind) {
    case judge::Objection::Kind::unknown:
      return failure(404, "not_found", objection.what);
    case judge::Objection::Kind::conflict:
      return failure(409, "conflict", objection.what);
    case judge::Objection::Kind::unavailable:
      break;
  }
  auto out = failure(503, "unavailable", objection.what);
  out.headers.emplace_back("Retry-After", "5");
  return out;
}

using Api = std::shared_ptr<const ActionApi>;
using Read = record::Action (*)(const HttpRequest&);
using Answer = Json (*)(const judge::Snapshot&, const HttpRequest&);

Route deciding(const std::string& path, Api api, Read read, Answer answer) {
  auto handler = [api = std::move(api), read, answer](HttpRequest&& request, Respond respond) {
    record::Action action;
    try {
      action = read(request);
    } catch (const Refused& refused) {
      return respond(failure(refused.status, "bad_data", refused.what()));
    }
    api->act(std::move(action), [api, answer, request = std::move(request), respond = std::move(respond)](
                                    const std::optional<judge::Objection>& objection) {
      if (objection) return respond(objected(*objection));
      api->fresh([answer, request, respond](const std::shared_ptr<const judge::Snapshot>& snapshot) {
        respond(success(answer(*snapshot, request)));
      });
    });
  };
  return {"POST", path, path, largest_body, std::move(handler)};
}

}  // namespace

std::vector<Route> action_routes(ActionApi given) {
  const auto api = std::make_shared<const ActionApi>(std::move(given));
  return {deciding("/api/v1/pilots/{pilot}/pause", api, read_pause, pause_answer),
          deciding("/api/v1/pilots/{pilot}/resume", api, read_resume, pause_answer),
          deciding("/api/v1/episodes/{episode}/acknowledge", api, read_acknowledge, acknowledge_answer)};
}

}  // namespace pilotwatch::sinks
