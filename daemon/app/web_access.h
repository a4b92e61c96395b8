// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/guarded.h"
#include "base/time.h"
#include "runtime/access.h"
#include "runtime/log.h"
#include "settings/web_config.h"
#include "sinks/self_stats.h"

/// From the web configuration, and the certificates it names, to what the listener goes by; again whenever they change.
namespace pilotwatch::app {

/// A web configuration that can be used.
struct LoadedAccess {
  std::shared_ptr<const runtime::Access> access;
  std::vector<std::string> warnings;           ///< what works, but should not be left so
  std::optional<Instant> certificate_expires;  ///< the first of the server's chain; none without TLS
  bool http2 = false;                          ///< the file asks for it by name
};

/// One look at the files.
struct AccessReading {
  std::variant<LoadedAccess, std::vector<settings::Problem>> result;
  std::vector<std::filesystem::path> files;  ///< that it depends on, whether they are there or not
  std::string content;                       ///< hash of all that was read
};

/// Reads everything; each problem stands where the file names what is wrong. `now`: for certificates that are over.
[[nodiscard]] AccessReading read_access(const std::filesystem::path& file, Instant now);

/// Keeps what was good last. A bad new file is logged and counted, and changes nothing.
class WebAccess {
 public:
  WebAccess(std::filesystem::path file, const runtime::Log& log, const Clock& clock);

  /// The first reading: every problem, or none.
  [[nodiscard]] std::vector<settings::Problem> start();
  /// What is in force from now on, where one of the files has changed since; else null. Costs a stat() a file.
  [[nodiscard]] std::shared_ptr<const runtime::Access> changed();

  [[nodiscard]] const std::shared_ptr<const runtime::Access>& access() const { return access_; }
  /// Any thread.
  [[nodiscard]] sinks::SelfStats::Web stats() const;

 private:
  /// Of each file: device, inode, size, times of change. Another fingerprint means: read again.
  struct Fingerprint {
    std::string text;
    bool young = false;  ///< so fresh that a later change may leave the fingerprint as it is
  };
  [[nodiscard]] Fingerprint fingerprint(const std::vector<std::filesystem::path>& files) const;
  void take(LoadedAccess&& loaded);
  void fail(const std::vector<settings::Problem>& problems);

  const std::filesystem::path file_;
  const runtime::Log log_;
  const Clock& clock_;
  std::vector<std::filesystem::path> files_;
  Fingerprint seen_;
  std::string content_;
  std::shared_ptr<const runtime::Access> access_;
  Guarded<sinks::SelfStats::Web> stats_;
};

}  // namespace pilotwatch::app
