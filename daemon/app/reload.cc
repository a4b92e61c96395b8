// SPDX-License-Identifier: Apache-2.0
#include "app/reload.h"

#include <csignal>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <utility>

#include "base/id.h"

namespace pilotwatch::app {
namespace {

using nlohmann::ordered_json;
using runtime::HttpResponse;

constexpr std::size_t most_logged = 50;  // differences

HttpResponse json(unsigned status, const ordered_json& body) {
  return {status, "application/json", body.dump(-1, ' ', false, ordered_json::error_handler_t::replace) + "\n"};
}

ordered_json or_null(const std::optional<std::string>& text) { return text ? ordered_json(*text) : ordered_json(); }

HttpResponse answer_of(const std::vector<settings::Difference>& differences, const std::string& hash) {
  auto changes = ordered_json::array();
  for (const auto& difference : differences) {
    changes.push_back({{"path", difference.path}, {"before", or_null(difference.before)}, {"after", or_null(difference.after)}});
  }
  return json(200, {{"status", "success"}, {"data", {{"config_hash", hash}, {"changes", std::move(changes)}}}});
}

}  // namespace

Reload::Reload(settings::Settings first, Millis interval, Rehearse rehearse, const Clock& clock, const runtime::Log& log)
    : file_(first.file),
      interval_(interval),
      rehearse_(std::move(rehearse)),
      clock_(clock),
      log_(log.component("config")),
      thread_(pthread_self()),
      current_(std::move(first)),
      tried_(current_.hash),
      seen_(current_.hash) {
  stats_.with([&](auto& stats) { stats.last_success = clock_.now(); });
}

std::variant<settings::Settings, std::string> Reload::read() const {
  auto loaded = settings::load(file_);
  if (const auto* problems = std::get_if<std::vector<settings::Problem>>(&loaded)) {
    std::string all;
    for (const auto& problem : *problems) (all += all.empty() ? "" : "\n") += settings::to_string(problem);
    return all;
  }
  auto& settings = std::get<settings::Settings>(loaded);
  if (auto problem = rehearse_(settings); !problem.empty()) return problem;
  return std::move(settings);
}

void Reload::attempt(std::string_view asked_by) {
  auto result = read();
  if (const auto* why = std::get_if<std::string>(&result)) {
    tried_ = hash_of_file();
    return refuse(*why);
  }
  auto& settings = std::get<settings::Settings>(result);
  tried_ = settings.hash;
  const auto differences = settings::differences(current_, settings);
  log_.info("the configuration was read again",
            {{"asked_by", asked_by}, {"changes", differences.size()}, {"same_file", settings.hash == current_.hash}});
  for (std::size_t i = 0; i < differences.size() && i < most_logged; ++i)
    log_.info("changed", {{"setting", settings::to_string(differences[i])}});
  answer(answer_of(differences, settings.hash));
  if (settings.hash == current_.hash) return succeeded();
  next_ = std::move(settings);
}

std::string Reload::hash_of_file() const {
  std::ifstream in(file_, std::ios::binary);
  std::stringstream text;
  text << in.rdbuf();
  return content_hash(text.str()).hex();
}

void Reload::look(SteadyTime now) {
  if (interval_ <= Millis{0} || now < next_look_) return;
  next_look_ = now + interval_;
  const auto before = std::exchange(seen_, hash_of_file());
  if (seen_ == before && seen_ != tried_) attempt("a look at the file");
}

bool Reload::take() {
  if (!next_) return false;
  before_ = std::exchange(current_, *std::exchange(next_, std::nullopt));
  return true;
}

void Reload::running() {
  if (!before_) return;
  before_.reset();
  succeeded();
}

void Reload::succeeded() {
  stats_.with([&](auto& stats) {
    stats.last_successful = true;
    stats.last_success = clock_.now();
    ++stats.succeeded;
  });
}

bool Reload::failed(const std::string& what) {
  if (!before_) return false;
  current_ = *std::exchange(before_, std::nullopt);
  refuse(what);
  return true;
}

void Reload::refuse(const std::string& why) {
  log_.error("the configuration stays as it was", {{"file", file_.string()}, {"err", why}});
  stats_.with([&](auto& stats) {
    stats.last_successful = false;
    ++stats.failed;
  });
  answer(json(400, {{"status", "error"}, {"errorType", "bad_data"}, {"error", why}}));
}

void Reload::ask(runtime::Respond respond) {
  asking_.with([&](auto& asking) { asking.push_back(std::move(respond)); });
  pthread_kill(thread_, SIGHUP);
}

void Reload::answer(const HttpResponse& response) {
  auto asking = asking_.with([](auto& asking) { return std::exchange(asking, {}); });
  for (const auto& respond : asking) respond(response);
}

sinks::SelfStats::Reloads Reload::stats() const {
  return stats_.with([](const auto& stats) { return stats; });
}

runtime::Route reload_route(Reload& reload, bool enabled) {
  auto handler = [&reload, enabled](runtime::HttpRequest&&, runtime::Respond respond) {
    if (enabled) return reload.ask(std::move(respond));
    respond(json(403, {{"status", "error"},
                       {"errorType", "forbidden"},
                       {"error", "start the daemon with --web.enable-lifecycle, or send it a SIGHUP"}}));
  };
  return {"POST", "/-/reload", "/-/reload", 0, std::move(handler)};
}

}  // namespace pilotwatch::app
