// SPDX-License-Identifier: Apache-2.0
#include "app/reload.h"

#include <csignal>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <utility>

#include "base/id.h"
#include "runtime/service_manager.h"

namespace pilotwatch::app {
namespace {

using nlohmann::ordered_json;
using runtime::HttpResponse;

constexpr std::size_t most_logged = 50;  // differences

HttpResponse json(unsigned status, const ordered_json& body) {
  return {status, "application/json", body.dump(-1, ' ', false, ordered_json::error_handler_t::replace) + "\n"};
}

ordered_json or_null(const std::optional<std::string>& text) { return text ? ordered_json(*text) : ordered_json(); }

HttpResponse answer_of(const std::vector<settings::Difference>& differences, const std::string& hash, bool rebuild) {
  auto changes = ordered_json::array();
  for (const auto& difference : differences) {
    changes.push_back({{"path", difference.path}, {"before", or_null(difference.before)}, {"after", or_null(difference.after)}});
  }
  return json(200, {{"status", "success"}, {"data", {{"config_hash", hash}, {"rebuild", rebuild}, {"changes", std::move(changes)}}}});
}

HttpResponse come_back() {
  auto out = json(503, {{"status", "error"}, {"errorType", "unavailable"}, {"error", "reloading or stopping"}});
  out.headers.emplace_back("Retry-After", "1");
  return out;
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

std::variant<Reload::Reading, std::string> Reload::read() const {
  auto loaded = settings::load(file_);
  if (const auto* problems = std::get_if<std::vector<settings::Problem>>(&loaded)) {
    std::string all;
    for (const auto& problem : *problems) (all += all.empty() ? "" : "\n") += settings::to_string(problem);
    return all;
  }
  auto& settings = std::get<settings::Settings>(loaded);
  auto rehearsal = rehearse_(settings);
  if (!rehearsal.problem.empty()) return std::move(rehearsal.problem);
  return Reading{std::move(settings), rehearsal.rebuild};
}

void Reload::attempt(std::string_view asked_by) {
  tried_ = hash_of_file();  // before it is read: what is written meanwhile has not been tried
  try {
    auto result = read();
    if (const auto* why = std::get_if<std::string>(&result)) return refuse(*why);
    take_over(std::get<Reading>(std::move(result)), asked_by);
  } catch (const std::exception& error) {  // memory, most likely
    refuse(error.what());
  }
}

void Reload::take_over(Reading reading, std::string_view asked_by) {
  auto& settings = reading.settings;
  const auto differences = settings::differences(current_, settings);
  const bool same = settings.hash == current_.hash, rebuild = reading.rebuild && !same;
  log_.info("the configuration was read again",
            {{"asked_by", asked_by}, {"changes", differences.size()}, {"same_file", same}, {"rebuild", rebuild}});
  for (std::size_t i = 0; i < differences.size() && i < most_logged; ++i)
    log_.info("changed", {{"setting", settings::to_string(differences[i])}});
  if (same) {
    succeeded();  // before it is answered: who has the answer finds it counted
    runtime::tell_service_manager("The configuration is in force");
  }
  answer(answer_of(differences, settings.hash, rebuild));
  if (!same) next_ = std::move(settings);
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
  close();
  return true;
}

void Reload::close() {
  asking_.with([](Asking& asking) { asking.closed = true; });
  answer(come_back());
}

void Reload::running() {
  asking_.with([](Asking& asking) { asking.closed = false; });
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
  runtime::tell_service_manager(std::string(refused_words) + ": " + why);
  stats_.with([&](auto& stats) {
    stats.last_successful = false;
    ++stats.failed;
  });
  answer(json(400, {{"status", "error"}, {"errorType", "bad_data"}, {"error", why}}));
}

void Reload::ask(runtime::Respond respond) {
  const bool closed = asking_.with([&](Asking& asking) {
    if (!asking.closed) asking.who.push_back(std::move(respond));
    return asking.closed;
  });
  if (closed) return respond(come_back());
  pthread_kill(thread_, SIGHUP);
}

void Reload::answer(const HttpResponse& response) {
  const auto who = asking_.with([](Asking& asking) { return std::exchange(asking.who, {}); });
  for (const auto& respond : who) respond(response);
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
