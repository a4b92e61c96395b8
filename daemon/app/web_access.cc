// SPDX-License-Identifier: Apache-2.0
#include "app/web_access.h"

#include <sys/stat.h>

#include <algorithm>

#include "base/id.h"
#include "runtime/tls.h"
#include "settings/document.h"

namespace pilotwatch::app {
namespace {

using settings::Problem;
using settings::WebConfig;

/// Times of files move in steps of some milliseconds, on old file systems of two seconds.
constexpr std::chrono::seconds young_age{2};

Problem problem_at(const WebConfig& config, const settings::Place& place, std::string message) {
  return {config.file, place.line, place.column, place.path, std::move(message)};
}

bool readable_by_all(const std::filesystem::path& file) {
  struct stat status {};
  return stat(file.c_str(), &status) == 0 && (status.st_mode & S_IROTH) != 0;
}

/// Gathers files and what is in them.
class Reader {
 public:
  explicit Reader(AccessReading& out) : out_(out) {}

  Result<std::string> read(const std::filesystem::path& file) {
    out_.files.push_back(file);
    auto text = settings::read_text(file);
    const std::string what = text.has_value() ? *text : text.error().what;
    content_ += std::to_string(what.size()) + ':';
    content_ += what;
    return text;
  }
  void finish() { out_.content = content_hash(content_).hex(); }

 private:
  AccessReading& out_;
  std::string content_;
};

/// The text of a certificate or key; "" and a problem where its file cannot be read.
std::string pem_text(const WebConfig& config, const settings::Pem& pem, Reader& reader,
                     std::vector<Problem>& problems) {
  if (pem.file.empty()) return pem.text;
  auto text = reader.read(pem.file);
  if (text.has_value()) return *std::move(text);
  problems.push_back(problem_at(config, pem.place, pem.file.string() + " " + text.error().what));
  return {};
}

runtime::TlsOptions tls_options(const WebConfig& config, Reader& reader, std::vector<Problem>& problems) {
  const auto& tls = *config.tls;
  runtime::TlsOptions out;
  out.certificate = pem_text(config, tls.certificate, reader, problems);
  out.key = pem_text(config, tls.key, reader, problems);
  out.client_ca = pem_text(config, tls.client_ca, reader, problems);
  out.client = static_cast<runtime::ClientCertificate>(tls.client_auth);  // the same five in the same order
  out.allowed_sans = tls.client_allowed_sans;
  out.min_version = 0x0301 + static_cast<int>(tls.min_version);
  out.max_version = 0x0301 + static_cast<int>(tls.max_version);
  out.cipher_suites = tls.cipher_suites;
  out.prefer_server_cipher_suites = tls.prefer_server_cipher_suites;
  out.curves = tls.curve_preferences;
  return out;
}

Problem located(const WebConfig& config, const runtime::TlsProblem& problem) {
  const auto& tls = *config.tls;
  const auto of_pem = [&](const settings::Pem& pem) {
    const std::string name = pem.file.empty() ? "" : pem.file.string() + " ";
    return problem_at(config, pem.place, name + problem.what);
  };
  switch (problem.part) {
    case runtime::TlsPart::certificate:
      return of_pem(tls.certificate);
    case runtime::TlsPart::key:
      return of_pem(tls.key);
    case runtime::TlsPart::client_ca:
      return of_pem(tls.client_ca);
    case runtime::TlsPart::cipher_suites:
      return problem_at(config, tls.cipher_suites_place, problem.what);
    case runtime::TlsPart::curves:
      return problem_at(config, tls.curves_place, problem.what);
    case runtime::TlsPart::versions:
      return problem_at(config, tls.versions_place, problem.what);
  }
  return problem_at(config, {}, problem.what);
}

void warn_of_open_files(const WebConfig& config, LoadedAccess& out) {
  const auto warn = [&](const std::filesystem::path& file, const char* what) {
    if (readable_by_all(file)) out.warnings.push_back(file.string() + ": " + what + " can be read by every user");
  };
  if (config.tls && !config.tls->key.file.empty()) warn(config.tls->key.file, "the private key");
  if (config.tls && !config.tls->key.text.empty()) warn(config.file, "the private key");
  if (!config.users.empty()) warn(config.file, "the hashes of passwords");
}

void add_tls(const WebConfig& config, Reader& reader, Instant now, runtime::Access& access, LoadedAccess& out,
             std::vector<Problem>& problems) {
  const auto options = tls_options(config, reader, problems);
  if (!problems.empty()) return;
  auto made = runtime::make_tls_context(options);
  if (const auto* problem = std::get_if<runtime::TlsProblem>(&made))
    return problems.push_back(located(config, *problem));
  access.tls = std::get<std::shared_ptr<const runtime::TlsContext>>(std::move(made));
  out.certificate_expires = runtime::certificate_expiry(*access.tls);
  if (*out.certificate_expires <= now) {
    out.warnings.push_back("the certificate is over since " + format_rfc3339(*out.certificate_expires));
  }
}

std::variant<LoadedAccess, std::vector<Problem>> build(const WebConfig& config, Reader& reader, Instant now) {
  runtime::Access access;
  access.users = config.users;
  access.headers = config.headers;
  access.request_interval = config.rate_interval;
  access.request_burst = config.rate_burst;
  LoadedAccess out;
  out.http2 = config.http2.value_or(false);
  std::vector<Problem> problems;
  if (config.tls) add_tls(config, reader, now, access, out, problems);
  if (!problems.empty()) return problems;
  warn_of_open_files(config, out);
  out.access = std::make_shared<const runtime::Access>(std::move(access));
  return out;
}

std::variant<LoadedAccess, std::vector<Problem>> read_all(const std::filesystem::path& file, Reader& reader,
                                                          Instant now) {
  const auto text = reader.read(file);
  if (text.has_error()) return std::vector{Problem{file, 1, 1, "", text.error().what}};
  auto parsed = settings::parse_web_config(*text, file);
  if (auto* problems = std::get_if<std::vector<Problem>>(&parsed)) return std::move(*problems);
  return build(std::get<WebConfig>(parsed), reader, now);
}

}  // namespace

AccessReading read_access(const std::filesystem::path& file, Instant now) {
  AccessReading out;
  Reader reader(out);
  out.result = read_all(file, reader, now);
  reader.finish();
  return out;
}

WebAccess::WebAccess(std::filesystem::path file, const runtime::Log& log, const Clock& clock)
    : file_(std::move(file)), log_(log.component("web")), clock_(clock), files_{file_} {}

std::vector<Problem> WebAccess::start() {
  seen_ = fingerprint(files_);
  auto reading = read_access(file_, clock_.now());
  files_ = std::move(reading.files);
  content_ = std::move(reading.content);
  if (auto* problems = std::get_if<std::vector<Problem>>(&reading.result)) return std::move(*problems);
  take(std::get<LoadedAccess>(std::move(reading.result)));
  return {};
}

std::shared_ptr<const runtime::Access> WebAccess::changed() {
  // Before the reading: what changes while it goes on is seen by the next look.
  auto now_seen = fingerprint(files_);
  if (now_seen.text == seen_.text && !seen_.young) return nullptr;
  seen_ = std::move(now_seen);
  auto reading = read_access(file_, clock_.now());
  files_ = std::move(reading.files);
  if (reading.content == content_) return nullptr;
  content_ = std::move(reading.content);
  if (const auto* problems = std::get_if<std::vector<Problem>>(&reading.result)) return fail(*problems), nullptr;
  auto loaded = std::get<LoadedAccess>(std::move(reading.result));
  if ((loaded.access->tls == nullptr) != (access_->tls == nullptr)) {
    return fail({Problem{file_, 1, 1, "", "turns TLS on or off, which needs a restart"}}), nullptr;
  }
  if (loaded.access->users.empty() && !access_->users.empty()) log_.warn("no user has to give a password any more");
  take(std::move(loaded));
  log_.info("the web configuration and its certificates were read again");
  return access_;
}

void WebAccess::take(LoadedAccess&& loaded) {
  for (const auto& warning : loaded.warnings) log_.warn(warning);
  if (loaded.http2) log_.info("http2 has no effect: the daemon speaks HTTP/1.1 only");
  access_ = std::move(loaded.access);
  stats_.with([&](sinks::SelfStats::Web& stats) { stats = {true, true, clock_.now(), loaded.certificate_expires}; });
}

void WebAccess::fail(const std::vector<Problem>& problems) {
  stats_.with([](sinks::SelfStats::Web& stats) { stats.reloaded = false; });
  for (const auto& problem : problems) {
    log_.error("the web configuration cannot be used, the one before stays in force",
               {{"err", settings::to_string(problem)}});
  }
}

WebAccess::Fingerprint WebAccess::fingerprint(const std::vector<std::filesystem::path>& files) const {
  Fingerprint out;
  const auto now = clock_.now().time_since_epoch();
  for (const auto& file : files) {
    struct stat status {};
    if (stat(file.c_str(), &status) != 0) {
      out.text += "none;";
      continue;
    }
    for (const auto number :
         {static_cast<std::int64_t>(status.st_dev), static_cast<std::int64_t>(status.st_ino),
          static_cast<std::int64_t>(status.st_size), static_cast<std::int64_t>(status.st_mtim.tv_sec),
          static_cast<std::int64_t>(status.st_mtim.tv_nsec), static_cast<std::int64_t>(status.st_ctim.tv_nsec)}) {
      out.text += std::to_string(number) + ',';
    }
    if (now - std::chrono::seconds(std::max(status.st_mtim.tv_sec, status.st_ctim.tv_sec)) < young_age)
      out.young = true;
  }
  return out;
}

sinks::SelfStats::Web WebAccess::stats() const {
  return stats_.with([](const sinks::SelfStats::Web& stats) { return stats; });
}

}  // namespace pilotwatch::app
