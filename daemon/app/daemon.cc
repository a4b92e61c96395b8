// SPDX-License-Identifier: Apache-2.0
#include "app/daemon.h"

#include <ctime>
#include <utility>

#include "app/alerts_out.h"
#include "app/core.h"
#include "app/found_alertmanagers.h"
#include "app/intake.h"
#include "app/listen_address.h"
#include "app/references.h"
#include "app/series_log.h"
#include "app/shown_settings.h"
#include "app/watchdog.h"
#include "app/web_urls.h"
#include "app/webhooks.h"
#include "runtime/service_manager.h"
#include "runtime/worker.h"
#include "sinks/alertmanager.h"
#include "sinks/api.h"
#include "sinks/api_actions.h"
#include "sinks/api_status.h"
#include "sinks/discovery.h"
#include "sources/file_tail.h"
#include "sources/http_ingest.h"
#include "sources/http_inspect.h"
#include "sources/otlp.h"

namespace pilotwatch::app {
namespace {

constexpr std::chrono::milliseconds reader_patience{2000};
constexpr std::chrono::milliseconds http_grace{2000};
constexpr Millis alert_grace{5000}, reload_grace{500};

/// Where nobody has said it, as the listener is reached from its own host.
std::string external_url_of(const DaemonParts& parts) {
  if (!parts.options.external_url.empty()) return parts.options.external_url;
  const bool tls = parts.web != nullptr && parts.web->access()->tls != nullptr;
  const auto port = std::to_string(parts.http.listener->port());
  return (tls ? "https://" : "http://") + in_brackets(parts.http.address) + ":" + port +
         encoded_path(parts.options.route_prefix);
}

class Daemon {
 public:
  explicit Daemon(DaemonParts parts)
      : settings_(std::move(parts.settings)),
        log_(parts.log),
        web_(parts.web),
        reload_(parts.reload),
        known_(parts.known),
        last_(std::move(parts.last)),
        started_(parts.started),
        journal_(parts.options.storage_path,
                 {.overwrite = settings_.retention.has_value(), .max_bytes = settings_.max_store_bytes}),
        fold_(settings_),
        alerts_out_(journal_, settings_.notify.resolved_retention),
        alertmanagers_(settings_.notify, clock_, system_steady_clock(), sinks::post_to, &log_),
        found_alertmanagers_(journal_, settings_.notify.lookups, log_),
        discovery_(settings_.notify, {alertmanagers_, clock_, log_, sinks::dns_resolver(settings_.notify.dns_servers),
                                      &found_alertmanagers_}),
        external_url_(external_url_of(parts)),
        webhooks_(settings_, journal_, clock_, external_url_, log_) {
    const auto key_file = std::filesystem::path(parts.options.storage_path) / "id.key";
    auto key = load_or_create_id_key(key_file);
    if (key.has_error()) throw journal::OpenError(key.error().what);
    load_references(settings_, *key, fold_,
                    [this](const settings::Pilot& pilot, const std::string& id) { pin_reference(pilot, id); });
    known_.shape = fold_.shape();
    core_ = std::make_unique<Core>(Core::Parts{settings_, journal_, fold_, clock_, log_, dead_letters_,
                                               [this](const judge::Snapshot& limits) { publish_alerts(limits); },
                                               system_steady_clock(), Drive::thread, &webhooks_.writer(), tell_replay});
    watchdog_ = std::make_unique<Watchdog>(*core_);
    intake_ = std::make_unique<Intake>(Intake::Parts{settings_, *core_, clock_, log_, tap_, *key});
    for (const auto& source : settings_.sources) {  // on this thread: once the core runs, the journal is its own
      if (source.kind != settings::SourceKind::file) continue;
      tails_.push_back(std::make_unique<sources::FileTail>(source, settings_.ingest.max_line_bytes,
                                                           journal_.cursors(source.name), *intake_, &log_));
    }
    access_ = std::make_shared<sources::SourceAccess>(settings_, settings::SourceKind::http);
    build_otlp_server(parts.http, std::move(parts.otlp));
    build_server(std::move(parts.http), parts.options);
  }

  /// Also when restore() has thrown: what is being rendered uses the server and the core, which go first.
  ~Daemon() { render_.stop(); }
  Daemon(const Daemon&) = delete;
  Daemon& operator=(const Daemon&) = delete;

  DaemonEnd run(const sigset_t& signals) {
    server_->start();
    const bool tls = web_ != nullptr && web_->access()->tls != nullptr;
    log_.info("Listening", {{"address", address_ + ":" + std::to_string(server_->port())}});
    if (otlp_server_) {
      otlp_server_->start();
      log_.info("Listening for OTLP", {{"address", otlp_address_ + ":" + std::to_string(otlp_server_->port())}});
    }
    log_.info(tls ? "TLS is enabled." : "TLS is disabled.", {{"http2", false}});
    runtime::tell_service_manager("Reading the store");
    core_->restore();
    alertmanagers_.start();
    discovery_.start();
    webhooks_.start();
    intake_->start();  // first: /-/ready must not say yes while deliveries are refused
    core_->start();
    for (auto& tail : tails_) tail->start();
    log_.info("Server is ready to receive records.", {{"pilots", settings_.pilots.size()}});
    reload_.running();
    tell_ready();
    watchdog_->start();
    const auto end = wait_for_end(signals);
    stop(end == DaemonEnd::reload ? reload_grace : alert_grace);
    return end;
  }

 private:
  static void tell_replay(std::uint64_t done, std::uint64_t all) {
    runtime::tell_service_manager("Replaying the journal: " + std::to_string(done) + " of " + std::to_string(all) +
                                  " entries");
    runtime::ask_service_manager_for(std::chrono::minutes{1});
  }

  void tell_ready() const {
    const auto n = settings_.pilots.size();
    runtime::tell_service_manager("Watching " + std::to_string(n) + (n == 1 ? " pilot" : " pilots") +
                                      (reload_.stats().last_successful ? "" : "; " + std::string(Reload::refused_words)),
                                  runtime::ServiceState::ready);
  }

  void pin_reference(const settings::Pilot& pilot, const std::string& id) {
    const std::string key = pin_of(pilot);
    const std::string known = journal_.fact(key);
    known_.pins[key] = known.empty() ? id : known;
    if (known.empty()) return journal_.set_fact(key, id);
    if (known == id) return;
    throw ReferenceError(pilot.reference.file.string() + ": the reference of pilot " + pilot.name +
                         " has changed since it was frozen (was " + known + ", is " + id +
                         "). Put the old file back, or give the new one another name");
  }

  /// Only where a source of that kind asks for it.
  void build_otlp_server(runtime::HttpOptions http, std::optional<OtlpListener> given) {
    if (!given) return;
    http.listener = std::move(given->listener);
    otlp_address_ = in_brackets(given->host);
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

  void build_server(runtime::HttpOptions http, const ServeOptions& options) {
    address_ = in_brackets(http.address);
    log_exceptions(http);
    auto routes = sources::ingest_routes(*intake_, settings_, access_);
    for (auto& route : sources::inspect_routes(settings_, dead_letters_, tap_)) routes.push_back(std::move(route));
    sinks::ApiContext context;
    context.fresh = fresh();
    context.self = [this] { return self_stats(); };
    context.scraped = [this](auto series, auto left_out) { series_log_.scraped(series, left_out); };
    context.external_url = external_url_;
    context.dashboard_url = settings_.notify.dashboard_url;
    context.next_send = [this](const judge::LimitStatus& status) {
      return alertmanagers_.next_send(sinks::alert_labels(status, settings_.notify));
    };
    for (auto& route : sinks::reader_routes(std::move(context))) routes.push_back(std::move(route));
    for (auto& route : webhooks_.routes([this](auto job) { render_.post(std::move(job)); }))
      routes.push_back(std::move(route));
    for (auto& route : sinks::action_routes(
             {[this](auto action, auto done) { core_->act(std::move(action), std::move(done)); }, fresh()}))
      routes.push_back(std::move(route));
    for (auto& route : status_routes(options)) routes.push_back(std::move(route));
    routes.push_back(reload_route(reload_, options.enable_lifecycle));
    server_ =
        std::make_unique<runtime::HttpServer>(std::move(http), under_prefix(std::move(routes), options.route_prefix));
    if (web_ != nullptr) server_->set_access(web_->access());
  }

  std::vector<runtime::Route> status_routes(const ServeOptions& options) {
    std::error_code unknown;
    return sinks::status_routes({shown_settings(settings_), flags_of(options),
                                 std::filesystem::current_path(unknown).string(),
                                 settings_.retention ? format_duration(*settings_.retention) : "",
                                 [this] { return self_stats(); }});
  }

  /// Megabytes of JSON or HTML are made beside the core, which only hands over the snapshot.
  sinks::Fresh fresh() {
    return [this](auto reader) {
      core_->fresh([this, reader = std::move(reader)](auto snapshot) mutable {
        render_.post([reader = std::move(reader), snapshot = std::move(snapshot)] { reader(snapshot); });
      });
    };
  }

  void publish_alerts(const judge::Snapshot& limits) {
    const auto now = clock_.now();
    auto alerts = sinks::alerts_of(limits, settings_.notify, external_url_, now);
    if (settings_.notify.watchdog) alerts.push_back(sinks::watchdog_alert(settings_.notify, external_url_, started_));
    alerts_out_.complete(alerts, now);
    alertmanagers_.update(std::move(alerts), now);
  }

  sinks::SelfStats self_stats() {
    sinks::SelfStats out;
    out.now = clock_.now();
    out.started = started_;
    out.config_hash = settings_.hash;
    out.reloads = reload_.stats();
    out.config_file = settings_.file.string();
    out.evaluation_interval = settings_.evaluation_interval;
    out.max_pilots = settings_.max_pilots;
    out.max_series = settings_.max_series;
    core_->describe(out);
    intake_->describe(out);
    out.token_file_failures = access_->failures() + (otlp_access_ ? otlp_access_->failures() : 0);
    out.log_messages = log_.counts();
    out.log_left_out = log_.left_out();
    for (const auto& tail : tails_) {
      const auto t = tail->stats();
      out.tails.push_back({tail->name(), t.unread_bytes, t.active_files, t.open_files, t.ignored_files,
                           t.rotations_rename, t.rotations_truncate, t.lost_truncated, t.lost_deleted, t.lost_refused,
                           t.lost_damaged, t.copied_bytes, t.compressed_files, t.read_errors, t.watches, t.watch_errors});
    }
    out.targets = alertmanagers_.stats();
    out.lookups = discovery_.stats();
    out.undelivered_by_lookup = alertmanagers_.undelivered();
    out.webhooks = webhooks_.stats();
    out.outbox = webhooks_.outbox();
    out.http = server_->stats();
    if (otlp_server_) out.http += otlp_server_->stats();
    if (web_ != nullptr) out.web = web_->stats();
    return out;
  }

  DaemonEnd wait_for_end(const sigset_t& signals) {
    const timespec patience{0, 250'000'000};
    while (true) {
      const int signal = sigtimedwait(&signals, nullptr, &patience);
      core_->release_readers(reader_patience);
      renew_access();
      log_.settle();
      if (signal == SIGHUP) {
        reload_.attempt("SIGHUP or /-/reload");
      } else if (signal > 0) {
        log_.info("stopping", {{"signal", signal}});
        runtime::tell_service_manager("Stopping", runtime::ServiceState::stopping);
        // From here on a second signal ends the process at once: the journal makes that safe.
        let_end();
        reload_.close();
        last_();
        return DaemonEnd::signal;
      } else {
        reload_.look(std::chrono::steady_clock::now());
      }
      if (reload_.take()) {
        runtime::tell_service_manager("Reloading the configuration", runtime::ServiceState::reloading);
        watchdog_->hold();
        return DaemonEnd::reload;
      }
    }
  }

  /// SIGHUP stays blocked: it ends nothing.
  static void let_end() {
    sigset_t ending;
    sigemptyset(&ending);
    for (const int signal : {SIGTERM, SIGINT}) {
      std::signal(signal, SIG_DFL);
      sigaddset(&ending, signal);
    }
    pthread_sigmask(SIG_UNBLOCK, &ending, nullptr);
  }

  /// Certificates are replaced while the daemon runs; nobody tells it.
  void renew_access() {
    if (web_ == nullptr) return;
    auto access = web_->changed();
    if (!access) return;
    if (otlp_server_) otlp_server_->set_access(access);
    server_->set_access(std::move(access));
  }

  /// `grace`: for what waits to be sent. After a reload it is sent by the daemon that follows.
  void stop(Millis grace) {
    watchdog_->stop();
    // First: who comes from now on waits for the daemon that follows, if there is one.
    if (otlp_server_) otlp_server_->stop_accepting();
    server_->stop_accepting();
    for (auto& tail : tails_) tail->stop();
    intake_->stop();
    core_->stop();
    webhooks_.begin_stop(grace);
    discovery_.stop();
    alertmanagers_.stop(grace);
    webhooks_.stop(grace);
    if (otlp_server_) otlp_server_->stop(http_grace);
    server_->stop(http_grace);
    render_.stop();  // answers what the server had open
  }

  SystemClock clock_;
  settings::Settings settings_;
  const runtime::Log& log_;
  WebAccess* const web_;
  Reload& reload_;
  Known& known_;
  std::function<void()> last_;
  Instant started_;
  journal::Journal journal_;
  judge::Fold fold_;
  AlertsOut alerts_out_;
  sinks::Alertmanagers alertmanagers_;
  FoundAlertmanagers found_alertmanagers_;
  sinks::Discovery discovery_;
  const std::string external_url_;
  WebhookSink webhooks_;
  runtime::Worker render_{"pw-render"};
  sources::DeadLetterBox dead_letters_{settings_.ingest.dead_letters};
  sources::Tap tap_;
  SeriesLog series_log_{log_};
  std::unique_ptr<Core> core_;
  std::unique_ptr<Watchdog> watchdog_;
  std::unique_ptr<Intake> intake_;
  std::shared_ptr<sources::SourceAccess> access_, otlp_access_;
  std::unique_ptr<runtime::HttpServer> server_, otlp_server_;
  std::vector<std::unique_ptr<sources::FileTail>> tails_;
  std::string address_, otlp_address_;
};

}  // namespace

std::string pin_of(const settings::Pilot& pilot) {
  return "reference " + pilot.name + " " + pilot.reference.file.filename().string();
}

DaemonEnd run_daemon(DaemonParts parts, const sigset_t& signals) { return Daemon(std::move(parts)).run(signals); }

}  // namespace pilotwatch::app
