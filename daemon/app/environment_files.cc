// SPDX-License-Identifier: Apache-2.0
#include <sys/stat.h>

#include <exception>

#include "app/daemon.h"
#include "app/environment_parts.h"
#include "app/references.h"
#include "runtime/tls.h"
#include "settings/document.h"
#include "sinks/alertmanager.h"
#include "sinks/webhook_signature.h"
#include "sources/survey.h"
#include "sources/tokens.h"

namespace pilotwatch::app {
namespace {

using settings::Places;
namespace fs = std::filesystem;

bool open_to_all(const fs::path& file) {
  struct stat status {};
  return ::stat(file.c_str(), &status) == 0 && (status.st_mode & S_IROTH) != 0;
}

void look_at_pattern(const fs::path& pattern, const std::string& path, Findings& out) {
  const auto found = sources::survey(pattern);
  for (const auto& one : found.unreadable)
    out.add(Level::error, path,
            one.path.string() + ": cannot be read: " + one.why + (one.denied ? "; let the user of the daemon read it" : ""));
  if (found.more_unreadable > 0)
    out.add(Level::error, path, "and " + std::to_string(found.more_unreadable) + " more that cannot be read");
  if (!found.missing.empty()) {
    out.add(Level::warning, path,
            "the folder " + found.missing.string() + " does not exist; nothing is read until it does");
  } else if (found.files == 0 && found.unreadable.empty()) {
    out.add(Level::note, path, pattern.string() + ": no such file yet; it is followed as soon as there is one");
  } else if (found.files > 0) {
    out.add(Level::note, path,
            pattern.string() + ": " + std::to_string(found.files) + (found.files == 1 ? " file" : " files"));
  }
}

void look_at_tokens(const settings::Source& source, const std::string& path, Findings& out) {
  try {
    static_cast<void>(sources::TokenFile(source.token_file));
    if (open_to_all(source.token_file))
      out.add(Level::warning, path,
              source.token_file.string() + ": the tokens can be read by every user: chmod 640 it");
  } catch (const std::exception& error) {
    out.add(Level::error, path, error.what());
  }
}

void look_at_sources(const settings::Settings& settings, Findings& out) {
  for (std::size_t i = 0; i < settings.sources.size(); ++i) {
    const auto& source = settings.sources[i];
    const auto path = Places::element("sources", i);
    for (std::size_t j = 0; j < source.files.size(); ++j)
      look_at_pattern(source.files[j], Places::element(path + ".file", j), out);
    if (!source.token_file.empty()) look_at_tokens(source, path + ".token_file", out);
  }
}

/// When the first of them ends; says so where there is none.
std::optional<Instant> look_at_certificates(const fs::path& file, const std::string& path, Findings& out) {
  const auto text = settings::read_text(file);
  if (text.has_error()) {
    out.add(Level::error, path, file.string() + ": " + text.error().what);
    return std::nullopt;
  }
  const auto ends = runtime::certificate_expiry(*text);
  if (!ends) out.add(Level::error, path, file.string() + ": holds no certificate (PEM)");
  return ends;
}

void look_at_webhook(const settings::Webhook& hook, const std::string& path, Findings& out) {
  for (std::size_t i = 0; i < hook.secret_files.size(); ++i) {
    const auto keys = sinks::read_webhook_secrets(std::span(&hook.secret_files[i], 1));
    if (keys.has_error()) out.add(Level::error, Places::element(path + ".secret_files", i), keys.error().what);
  }
  if (!hook.ca_file.empty()) look_at_certificates(hook.ca_file, path + ".ca_file", out);
}

void look_at_secret(const fs::path& file, const std::string& path, Findings& out) {
  if (open_to_all(file)) out.add(Level::warning, path, file.string() + ": can be read by every user: chmod 640 it");
}

void look_at_credential(const fs::path& file, const std::string& path, Findings& out) {
  if (file.empty()) return;
  const auto text = sinks::read_credential(file);
  if (text.has_error()) return out.add(Level::error, path, text.error().what);
  look_at_secret(file, path, out);
}

/// Password, token, certificates and key for an Alertmanager; `path`: of its entry.
void look_at_access(const settings::AlertmanagerAccess& access, const std::string& path, const Clock& clock,
                    Findings& out) {
  look_at_credential(access.password_file, path + ".basic_auth.password_file", out);
  look_at_credential(access.bearer_token_file, path + ".bearer_token_file", out);
  const auto tls = path + ".tls_config";
  if (!access.ca_file.empty()) look_at_certificates(access.ca_file, tls + ".ca_file", out);
  if (access.cert_file.empty()) return;
  if (const auto ends = look_at_certificates(access.cert_file, tls + ".cert_file", out)) {
    const auto end = expiry(*ends, clock.now());
    if (end.level != Level::note) out.add(end.level, tls + ".cert_file", access.cert_file.string() + ": " + end.words);
  }
  const auto key = settings::read_text(access.key_file);
  if (key.has_error())
    return out.add(Level::error, tls + ".key_file", access.key_file.string() + ": " + key.error().what);
  look_at_secret(access.key_file, tls + ".key_file", out);
}

/// Each by itself, so that one that cannot be used hides no other.
void look_at_reference(const settings::Settings& all, std::size_t index, const StoreFacts& facts, Findings& out) {
  const auto& pilot = all.pilots[index];
  const auto path = Places::element("pilots", index) + ".reference.file";
  settings::Settings one;
  one.file = all.file;
  one.pilots.push_back(pilot);
  try {
    judge::Fold fold(one);
    load_references(one, facts.key.value_or(IdKey{}), fold, [&](const settings::Pilot&, const std::string& id) {
      const auto known = facts.references.find(pin_of(pilot));
      if (!facts.key || known == facts.references.end() || known->second == id) return;
      out.add(Level::error, path,
              pilot.reference.file.string() + ": has changed since it was frozen (was " + known->second + ", is " + id +
                  "): the daemon does not start; put the old file back, or give the new one another name");
    });
  } catch (const std::exception& error) {
    out.add(Level::error, path, error.what());
  }
}

}  // namespace

void look_at_files(const Surroundings& surroundings, const StoreFacts& facts, const Clock& clock, Findings& out) {
  const auto& settings = surroundings.settings;
  look_at_sources(settings, out);
  const auto& notify = settings.notify;
  for (std::size_t i = 0; i < notify.alertmanagers.size(); ++i)
    look_at_access(notify.alertmanagers[i].access, out.places().alertmanager(i, false), clock, out);
  for (std::size_t i = 0; i < notify.lookups.size(); ++i)
    look_at_access(notify.lookups[i].access, out.places().alertmanager(i, true), clock, out);
  for (std::size_t i = 0; i < settings.notify.webhooks.size(); ++i)
    look_at_webhook(settings.notify.webhooks[i], Places::element("notify.webhooks", i), out);
  for (std::size_t i = 0; i < settings.pilots.size(); ++i) {
    if (!settings.pilots[i].reference.file.empty()) look_at_reference(settings, i, facts, out);
  }
}

}  // namespace pilotwatch::app
