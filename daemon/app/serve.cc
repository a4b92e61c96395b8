// SPDX-License-Identifier: Apache-2.0
// The composition root: everything is built here, in order, and stopped in reverse.
#include <csignal>
#include <cstdio>
#include <ctime>
#include <memory>

#include "app/commands.h"
#include "app/core.h"
#include "app/descriptors.h"
#include "app/intake.h"
#include "app/listen_address.h"
#include "app/references.h"
#include "app/series_log.h"
#include "app/web_access.h"
#include "app/webhooks.h"
#include "journal/salvage.h"
#include "runtime/http.h"
#include "runtime/log.h"
#include "runtime/worker.h"
#include "settings/load.h"
#include "sinks/alertmanager.h"
#include "sinks/api.h"
#include "sources/file_tail.h"
#include "sources/http_ingest.h"
#include "sources/http_inspect.h"
#include "sources/otlp.h"

namespace pilotwatch::app {
namespace {

constexpr std::chrono::milliseconds reader_patience{2000};
constexpr std::chrono::milliseconds http_grace{2000};
constexpr Millis alert_grace{5000};

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

class Daemon {
 public:
  /// `web`: null without --web.config.file; must have started, and outlive this.
  Daemon(const ServeOptions& options, settings::Settings settings, runtime::HttpOptions http, ListenAddress otlp,
         WebAccess* web, const runtime::Log& log)
      : settings_(std::move(settings)),
        log_(log),
        web_(web),
        started_(clock_.now()),
        journal_(options.storage_path,
                 {.overwrite = settings_.retention.has_value(), .max_bytes = settings_.max_store_bytes}),
        fold_(settings_),
        alertmanagers_(settings_.notify, clock_),
        external_url_(options.external_url),
        webhooks_(settings_, journal_, clock_, external_url_, log_) {
    const auto key_file = std::filesystem::path(options.storage_path) / "id.key";
    auto key = load_or_create_id_key(key_file);
    if (key.has_error()) throw journal::OpenError(key.error().what);
    load_references(settings_, *key, fold_,
                    [this](const settings::Pilot& pilot, const std::string& id) { pin_reference(pilot, id); });
    core_ = std::make_unique<Core>(Core::Parts{settings_, journal_, fold_, clock_, log_, dead_letters_,
                                               [this](const judge::Snapshot& limits) { publish_alerts(limits); },
                                               system_steady_clock(), Drive::thread, &webhooks_.writer()});
    intake_ = std::make_unique<Intake>(Intake::Parts{settings_, *core_, clock_, log_, tap_, *key});
    for (const auto& source : settings_.sources) {  // on this thread: once the core runs, the journal is its own
      if (source.kind != settings::SourceKind::file) continue;
      tails_.push_back(std::make_unique<sources::FileTail>(source, settings_.ingest.max_line_bytes,
                                                           journal_.cursors(source.name), *intake_, &log_));
    }
    access_ = std::make_shared<sources::SourceAccess>(settings_, settings::SourceKind::http);
    build_otlp_server(http, otlp);
    build_server(std::move(http));
  }

  /// Also when restore() has thrown: what is being rendered uses the server and the core, which go first.
  ~Daemon() { render_.stop(); }
  Daemon(const Daemon&) = delete;
  Daemon& operator=(const Daemon&) = delete;

  int run(const sigset_t& signals) {
    server_->start();
    const bool tls = web_ != nullptr && web_->access()->tls != nullptr;
    if (default_url_) external_url_ = (tls ? "https://" : "http://") + address_ + ":" + std::to_string(server_->port());
    log_.info("Listening", {{"address", address_ + ":" + std::to_string(server_->port())}});
    if (otlp_server_) {
      otlp_server_->start();
      log_.info("Listening for OTLP", {{"address", otlp_address_ + ":" + std::to_string(otlp_server_->port())}});
    }
    log_.info(tls ? "TLS is enabled." : "TLS is disabled.", {{"http2", false}});
    core_->restore();
    alertmanagers_.start();
    webhooks_.start();
    intake_->start();  // first: /-/ready must not say yes while deliveries are refused
    core_->start();
    for (auto& tail : tails_) tail->start();
    log_.info("Server is ready to receive records.", {{"pilots", settings_.pilots.size()}});
    const int signal = wait_for_signal(signals);
    log_.info("stopping", {{"signal", signal}});
    stop();
    log_.info("See you next time!");
    return 0;
  }

 private:
  void pin_reference(const settings::Pilot& pilot, const std::string& id) {
    const std::string key = "reference " + pilot.name + " " + pilot.reference.file.filename().string();
    const std::string known = journal_.fact(key);
    if (known.empty()) return journal_.set_fact(key, id);
    if (known == id) return;
    throw ReferenceError(pilot.reference.file.string() + ": the reference of pilot " + pilot.name +
                         " has changed since it was frozen (was " + known + ", is " + id +
                         "). Put the old file back, or give the new one another name");
  }

  /// Only where a source of that kind asks for it.
  void build_otlp_server(runtime::HttpOptions http, const ListenAddress& address) {
    if (std::ranges::none_of(settings_.sources, [](const auto& s) { return s.kind == settings::SourceKind::otlp; })) {
      return;
    }
    http.address = address.host;
    http.port = address.port;
    otlp_address_ = in_brackets(address.host);
    log_exceptions(http);
    otlp_access_ = std::make_shared<sources::SourceAccess>(settings_, settings::SourceKind::otlp);
    otlp_server_ =
        std::make_unique<runtime::HttpServer>(std::move(http), sources::otlp_routes(*intake_, settings_, otlp_access_));
    if (web_ != nullptr) otlp_server_->set_access(web_->access());
  }

  void log_exceptions(runtime::HttpOptions& http) {
    http.on_exception = [this](std::string_view handler, std::string_view what) {
      log_.error("a request handler failed", {{"handler", handler}, {"err", what}});
    };
  }

  void build_server(runtime::HttpOptions http) {
    address_ = in_brackets(http.address);
    default_url_ = external_url_.empty();  // then it follows from the port that the listener gets
    log_exceptions(http);
    auto routes = sources::ingest_routes(*intake_, settings_, access_);
    for (auto& route : sources::inspect_routes(settings_, dead_letters_, tap_)) routes.push_back(std::move(route));
    sinks::ApiContext context;
    // Megabytes of JSON or HTML are made beside the core, which only hands over the snapshot.
    context.fresh = [this](auto reader) {
      core_->fresh([this, reader = std::move(reader)](auto snapshot) mutable {
        render_.post([reader = std::move(reader), snapshot = std::move(snapshot)] { reader(snapshot); });
      });
    };
    context.self = [this] { return self_stats(); };
    context.scraped = [this](auto series, auto left_out) { series_log_.scraped(series, left_out); };
    context.external_url = external_url_;
    context.next_send = [this](const judge::LimitStatus& status) {
      return alertmanagers_.next_send(sinks::alert_labels(status, settings_.notify));
    };
    for (auto& route : sinks::reader_routes(std::move(context))) routes.push_back(std::move(route));
    for (auto& route : webhooks_.routes([this](auto job) { render_.post(std::move(job)); }))
      routes.push_back(std::move(route));
    server_ = std::make_unique<runtime::HttpServer>(std::move(http), std::move(routes));
    if (web_ != nullptr) server_->set_access(web_->access());
  }

  void publish_alerts(const judge::Snapshot& limits) {
    const auto now = clock_.now();
    alertmanagers_.update(sinks::alerts_of(limits, settings_.notify, external_url_, now), now);
  }

  sinks::SelfStats self_stats() {
    sinks::SelfStats out;
    out.now = clock_.now();
    out.started = started_;
    out.config_hash = settings_.hash;
    out.config_loaded = started_;
    out.config_file = settings_.file.string();
    out.evaluation_interval = settings_.evaluation_interval;
    out.max_pilots = settings_.max_pilots;
    out.max_series = settings_.max_series;
    core_->describe(out);
    intake_->describe(out);
    out.token_file_failures = access_->failures() + (otlp_access_ ? otlp_access_->failures() : 0);
    out.log_messages = log_.counts();
    for (const auto& tail : tails_) {
      const auto t = tail->stats();
      out.tails.push_back({tail->name(), t.unread_bytes, t.active_files, t.open_files, t.ignored_files,
                           t.rotations_rename, t.rotations_truncate, t.lost_truncated, t.lost_deleted, t.lost_refused,
                           t.lost_damaged, t.copied_bytes, t.compressed_files, t.read_errors, t.watches, t.watch_errors});
    }
    out.targets = alertmanagers_.stats();
    out.webhooks = webhooks_.stats();
    out.outbox = webhooks_.outbox();
    out.http = server_->stats();
    if (otlp_server_) out.http += otlp_server_->stats();
    if (web_ != nullptr) out.web = web_->stats();
    return out;
  }

  int wait_for_signal(const sigset_t& signals) {
    const timespec patience{0, 250'000'000};
    while (true) {
      const int signal = sigtimedwait(&signals, nullptr, &patience);
      core_->release_readers(reader_patience);
      renew_access();
      if (signal == SIGHUP) {
        log_.warn("SIGHUP: this version reads its configuration at the start only; restart to apply changes");
      } else if (signal > 0) {
        // From here on a second signal ends the process at once: the journal makes that safe.
        std::signal(SIGTERM, SIG_DFL);
        std::signal(SIGINT, SIG_DFL);
        pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);
        return signal;
      }
    }
  }

  /// Certificates are replaced while the daemon runs; nobody tells it.
  void renew_access() {
    if (web_ == nullptr) return;
    auto access = web_->changed();
    if (!access) return;
    if (otlp_server_) otlp_server_->set_access(access);
    server_->set_access(std::move(access));
  }

  void stop() {
    for (auto& tail : tails_) tail->stop();
    intake_->stop();
    core_->stop();
    webhooks_.begin_stop(alert_grace);
    alertmanagers_.stop(alert_grace);
    webhooks_.stop(alert_grace);
    render_.stop();
    if (otlp_server_) otlp_server_->stop(http_grace);
    server_->stop(http_grace);
  }

  SystemClock clock_;
  settings::Settings settings_;
  const runtime::Log& log_;
  WebAccess* const web_;
  Instant started_;
  journal::Journal journal_;
  judge::Fold fold_;
  sinks::Alertmanagers alertmanagers_;
  std::string external_url_;
  WebhookSink webhooks_;
  runtime::Worker render_{"pw-render"};
  sources::DeadLetterBox dead_letters_{settings_.ingest.dead_letters};
  sources::Tap tap_;
  SeriesLog series_log_{log_};
  std::unique_ptr<Core> core_;
  std::unique_ptr<Intake> intake_;
  std::shared_ptr<sources::SourceAccess> access_, otlp_access_;
  std::unique_ptr<runtime::HttpServer> server_, otlp_server_;
  std::vector<std::unique_ptr<sources::FileTail>> tails_;
  std::string address_, otlp_address_;
  bool default_url_ = false;
};

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

int run_daemon(const ServeOptions& options, const settings::Settings& settings, const runtime::HttpOptions& http,
               const runtime::Log& log) {
  const SystemClock clock;
  const auto otlp = parse_address(options.otlp_listen_address);
  if (!otlp) return usage_error("--otlp.listen-address: not HOST:PORT: '" + options.otlp_listen_address + "'");
  std::optional<WebAccess> web;
  if (!options.web_config_file.empty()) {
    const auto problems = web.emplace(options.web_config_file, log, clock).start();
    if (!problems.empty()) return tell(problems);
  }
  const auto signals = block_signals();
  const auto run = [&] { return Daemon(options, settings, http, *otlp, web ? &*web : nullptr, log).run(signals); };
  try {
    try {
      return run();
    } catch (const journal::DamagedError& error) {
      log.error("the store is damaged; saving what can be read", {{"err", error.what()}});
      const auto saved = journal::salvage(options.storage_path, clock.now());
      log.error("the damaged store was set aside and replaced",
                {{"file", saved.damaged.string()}, {"saved_entries", saved.saved}, {"lost_entries", saved.lost},
                 {"end_unknown", saved.end_unknown}});
    }
    return run();
  } catch (const ReferenceError& error) {
    log.error("a reference cannot be used", {{"err", error.what()}});
    return 2;
  } catch (const std::exception& error) {
    log.error("cannot go on", {{"err", error.what()}});
    return 1;
  }
}

}  // namespace

int serve(const ServeOptions& options) {
  const auto level = runtime::parse_log_level(options.log_level);
  const auto format = runtime::parse_log_format(options.log_format);
  auto http = http_options(options);
  if (http.has_error()) return usage_error(http.error().what);
  if (!level) return usage_error("--log.level: one of debug, info, warn, error");
  if (!format) return usage_error("--log.format: one of logfmt, json");
  auto loaded = settings::load(options.config_file);
  if (const auto* problems = std::get_if<std::vector<settings::Problem>>(&loaded)) return tell(*problems);
  auto log_options = runtime::default_log_options();
  log_options.level = *level;
  log_options.format = *format;
  const runtime::Log log(log_options);
  auto& settings = std::get<settings::Settings>(loaded);
  share_descriptors(settings, *http, log);
  return run_daemon(options, settings, *http, log);
}

}  // namespace pilotwatch::app
