// SPDX-License-Identifier: Apache-2.0
// The composition root: what the command line says, and one daemon after another under the settings in force.
#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <ctime>
#include <memory>

#include "app/commands.h"
#include "app/daemon.h"
#include "app/descriptors.h"
#include "app/listen_address.h"
#include "app/references.h"
#include "app/reload.h"
#include "app/web_access.h"
#include "app/web_urls.h"
#include "app/webhooks.h"
#include "base/id.h"
#include "journal/journal.h"
#include "journal/salvage.h"
#include "runtime/http.h"
#include "runtime/log.h"
#include "runtime/service_manager.h"
#include "settings/load.h"

namespace pilotwatch::app {
namespace {

/// SIGTERM, SIGINT and SIGHUP come to the main thread, which waits for them; no thread is interrupted.
sigset_t block_signals() {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&set, signal);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);  // a file that may not grow is a write that fails
  return set;
}

int usage_error(const std::string& what) {
  std::fprintf(stderr, "pilotwatch: %s\n", what.c_str());
  return 2;
}

int tell(const std::vector<settings::Problem>& problems) {
  for (const auto& problem : problems) std::fprintf(stderr, "%s\n", settings::to_string(problem).c_str());
  return 2;
}

/// What the flags say of the listener; the error names the flag.
Result<runtime::HttpOptions> http_options(const ServeOptions& options) {
  runtime::HttpOptions out;
  const auto address = parse_address(options.listen_address);
  if (!address) return Error{"--web.listen-address: not HOST:PORT: '" + options.listen_address + "'"};
  out.address = address->host;
  out.port = address->port;
  out.max_connections = options.max_connections;
  out.max_connections_per_address = options.max_connections_per_address;
  out.max_header_bytes = options.max_header_bytes;
  const auto read = parse_duration(options.read_timeout), idle = parse_duration(options.idle_timeout);
  if (read.has_error() || *read <= Millis{0}) return Error{"--web.read-timeout: not a duration such as 30s"};
  if (idle.has_error() || *idle <= Millis{0}) return Error{"--web.idle-timeout: not a duration such as 1m"};
  out.read_timeout = *read;
  out.idle_timeout = *idle;
  return out;
}

/// Builds daemons, one after the other, until one of them was told to stop.
class Supervisor {
 public:
  Supervisor(const ServeOptions& options, runtime::HttpOptions http, ListenAddress otlp, WebAccess* web, Reload& reload,
             Known& known, const Clock& clock, const runtime::Log& log)
      : options_(options),
        http_(std::move(http)),
        otlp_(std::move(otlp)),
        web_(web),
        reload_(reload),
        known_(known),
        clock_(clock),
        log_(log),
        started_(clock.now()) {
    http_.listener = std::make_shared<const runtime::Listener>(http_.address, http_.port);
  }

  void run(const sigset_t& signals) {
    std::chrono::seconds pause{1};
    for (bool ran = false;;) {
      try {
        if (one(signals) == DaemonEnd::signal) break;
        ran = true;
        pause = std::chrono::seconds{1};
      } catch (const std::exception& error) {
        if (reload_.failed(error.what())) {
          ran = true;
          continue;
        }
        // What ran a moment ago cannot begin again: the disk, perhaps, or memory. Who watches others does not give up.
        if (!ran) throw;
        runtime::ServiceWatchdog().hold();  // for another hour
        log_.error("cannot begin again; trying further", {{"err", error.what()}, {"pause", Millis{pause}}});
        if (told_to_end(signals, pause)) break;
        pause = std::min(2 * pause, std::chrono::seconds{30});
      }
    }
    log_.info("See you next time!");
  }

 private:
  DaemonEnd one(const sigset_t& signals) {
    try {
      return run_daemon(parts(), signals);
    } catch (const journal::DamagedError& error) {
      log_.error("the store is damaged; saving what can be read", {{"err", error.what()}});
      const auto saved = journal::salvage(options_.storage_path, clock_.now());
      log_.error("the damaged store was set aside and replaced", {{"file", saved.damaged.string()},
                                                                  {"saved_entries", saved.saved},
                                                                  {"lost_entries", saved.lost},
                                                                  {"end_unknown", saved.end_unknown}});
    }
    return run_daemon(parts(), signals);
  }

  /// Waits for so long.
  static bool told_to_end(const sigset_t& signals, std::chrono::seconds time) {
    const auto until = std::chrono::steady_clock::now() + time;
    for (auto rest = time; rest.count() > 0;
         rest = std::chrono::ceil<std::chrono::seconds>(until - std::chrono::steady_clock::now())) {
      const timespec patience{rest.count(), 0};
      if (const int signal = sigtimedwait(&signals, nullptr, &patience); signal > 0 && signal != SIGHUP) return true;
    }
    return false;
  }

  /// Whoever connects to a daemon that ends is refused at once, instead of waiting for another.
  void close_listeners() {
    http_.listener.reset();
    otlp_listener_.reset();
  }

  DaemonParts parts() {
    DaemonParts out{reload_.current(), options_, http_,    {},   web_,
                    reload_,           known_,   started_, log_, [this] { close_listeners(); }};
    share_descriptors(out.settings, out.http, log_);
    if (std::ranges::any_of(out.settings.sources, [](const auto& s) { return s.kind == settings::SourceKind::otlp; })) {
      if (!otlp_listener_) otlp_listener_ = std::make_shared<const runtime::Listener>(otlp_.host, otlp_.port);
      out.otlp = OtlpListener{otlp_.host, otlp_listener_};
    } else {
      otlp_listener_.reset();
    }
    return out;
  }

  const ServeOptions& options_;
  runtime::HttpOptions http_;
  const ListenAddress otlp_;
  WebAccess* const web_;
  Reload& reload_;
  Known& known_;
  const Clock& clock_;
  const runtime::Log& log_;
  const Instant started_;
  std::shared_ptr<const runtime::Listener> otlp_listener_;
};

/// What a reload would stumble over beyond the file itself.
Reload::Rehearsal rehearse(const ServeOptions& options, const Known& known, const settings::Settings& settings) {
  Reload::Rehearsal out;
  try {
    const auto key = load_or_create_id_key(std::filesystem::path(options.storage_path) / "id.key");
    if (key.has_error()) return {key.error().what};
    judge::Fold fold(settings);
    load_references(settings, *key, fold, [&](const settings::Pilot& pilot, const std::string& id) {
      const auto pin = known.pins.find(pin_of(pilot));
      if (pin != known.pins.end() && pin->second != id)
        throw ReferenceError(pilot.reference.file.string() + ": the reference of pilot " + pilot.name +
                             " has changed since it was frozen; give the new one another name");
    });
    check_secrets(settings);
    out.rebuild = fold.shape() != known.shape;
  } catch (const std::exception& error) {
    out.problem = error.what();
  }
  return out;
}

int supervise(const ServeOptions& options, settings::Settings settings, runtime::HttpOptions http,
              Millis reload_interval, const runtime::Log& log) {
  const SystemClock clock;
  const auto otlp = parse_address(options.otlp_listen_address);
  if (!otlp) return usage_error("--otlp.listen-address: not HOST:PORT: '" + options.otlp_listen_address + "'");
  std::optional<WebAccess> web;
  if (!options.web_config_file.empty()) {
    const auto problems = web.emplace(options.web_config_file, log, clock).start();
    if (!problems.empty()) return tell(problems);
  }
  const auto signals = block_signals();
  try {
    Known known;
    Reload reload(
        std::move(settings), reload_interval,
        [&](const settings::Settings& next) { return rehearse(options, known, next); }, clock, log);
    Supervisor(options, std::move(http), *otlp, web ? &*web : nullptr, reload, known, clock, log).run(signals);
    return 0;
  } catch (const ReferenceError& error) {
    log.error("a reference cannot be used", {{"err", error.what()}});
    return 2;
  } catch (const std::exception& error) {
    log.error("cannot go on", {{"err", error.what()}});
    return 1;
  }
}

}  // namespace

std::vector<std::pair<std::string, std::string>> flags_of(const ServeOptions& options) {
  return {{"config.auto-reload-interval", options.reload_interval},
          {"config.file", options.config_file},
          {"log.format", options.log_format},
          {"log.level", options.log_level},
          {"otlp.listen-address", options.otlp_listen_address},
          {"storage.path", options.storage_path},
          {"web.config.file", options.web_config_file},
          {"web.enable-lifecycle", options.enable_lifecycle ? "true" : "false"},
          {"web.external-url", options.external_url},
          {"web.idle-timeout", options.idle_timeout},
          {"web.listen-address", options.listen_address},
          {"web.max-connections", std::to_string(options.max_connections)},
          {"web.max-connections-per-address", std::to_string(options.max_connections_per_address)},
          {"web.max-header-bytes", std::to_string(options.max_header_bytes)},
          {"web.read-timeout", options.read_timeout},
          {"web.route-prefix", options.route_prefix.empty() ? "/" : options.route_prefix}};
}

int serve(const ServeOptions& given) {
  ServeOptions options = given;
  const auto urls = web_urls(given.external_url, given.route_prefix);
  if (urls.has_error()) return usage_error(urls.error().what);
  options.external_url = urls->external;
  options.route_prefix = urls->prefix;
  const auto level = runtime::parse_log_level(options.log_level);
  const auto format = runtime::parse_log_format(options.log_format);
  auto http = http_options(options);
  if (http.has_error()) return usage_error(http.error().what);
  const auto interval = parse_duration(options.reload_interval);
  if (interval.has_error() || *interval < Millis{0})
    return usage_error("--config.auto-reload-interval: not a duration such as 30s, or 0s");
  if (!level) return usage_error("--log.level: one of debug, info, warn, error");
  if (!format) return usage_error("--log.format: one of logfmt, json");
  auto loaded = settings::load(options.config_file);
  if (const auto* problems = std::get_if<std::vector<settings::Problem>>(&loaded)) return tell(*problems);
  auto log_options = runtime::default_log_options();
  log_options.level = *level;
  log_options.format = *format;
  const runtime::Log log(log_options);
  return supervise(options, std::get<settings::Settings>(std::move(loaded)), *http, *interval, log);
}

}  // namespace pilotwatch::app
