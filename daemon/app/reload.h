// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <pthread.h>

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/guarded.h"
#include "base/steady.h"
#include "base/time.h"
#include "runtime/http.h"
#include "runtime/log.h"
#include "settings/differences.h"
#include "settings/load.h"
#include "sinks/self_stats.h"

namespace pilotwatch::app {

/// The settings in force, and others in their place: whenever somebody asks (SIGHUP, POST /-/reload), or the file has
/// changed. A file that cannot be used changes nothing.
///
///   ask, file has changed -> read, look for problems -> answer with what differs -> take() -> the daemon ends and begins
///   anew under current() -> running(), or failed(): those before are in force again
///
/// One thread, the one it is made on, but for what says otherwise.
class Reload {
 public:
  /// What shows beyond the file itself (references, secrets).
  struct Rehearsal {
    std::string problem;   ///< "" = none
    bool rebuild = false;  ///< every figure would have to be made again of the journal
  };
  /// Of a reload that changed nothing, for whoever looks at the service.
  static constexpr const char* refused_words = "the configuration could not be reloaded, what was in force still is";
  using Rehearse = std::function<Rehearsal(const settings::Settings&)>;
  /// `interval`: from one look at the file to the next; 0 = never looks. SIGHUP must be blocked for all threads.
  Reload(settings::Settings first, Millis interval, Rehearse rehearse, const Clock& clock, const runtime::Log& log);

  [[nodiscard]] const settings::Settings& current() const { return current_; }

  /// Reads the file now. Answers everybody who has asked.
  void attempt(std::string_view asked_by);
  /// The same if it is time to look, and the file is another than at the last attempt; one that is still being written
  /// is another at the next look, too, and waits.
  void look(SteadyTime now);
  /// Whether other settings wait; then current() are these, and who asks is told to come back, until a daemon runs.
  [[nodiscard]] bool take();
  /// Who asks is told to come back; for a daemon that ends. Any thread.
  void close();

  /// A daemon runs under current().
  void running();
  /// It could not begin. Then those before are in force, and what could not be done is told like a bad file; false: there
  /// are none before.
  bool failed(const std::string& what);

  /// Any thread: answered by the next attempt(), for which this wakes the thread that it is made on with a SIGHUP.
  void ask(runtime::Respond respond);
  /// Any thread.
  [[nodiscard]] sinks::SelfStats::Reloads stats() const;

 private:
  struct Reading {
    settings::Settings settings;
    bool rebuild = false;
  };
  [[nodiscard]] std::variant<Reading, std::string> read() const;
  void take_over(Reading reading, std::string_view asked_by);
  [[nodiscard]] std::string hash_of_file() const;
  void succeeded();
  void refuse(const std::string& why);
  void answer(const runtime::HttpResponse& response);

  const std::filesystem::path file_;
  const Millis interval_;
  const Rehearse rehearse_;
  const Clock& clock_;
  const runtime::Log log_;
  const pthread_t thread_;
  settings::Settings current_;
  std::optional<settings::Settings> next_, before_;
  SteadyTime next_look_{};
  std::string tried_, seen_;  ///< hashes of the file: at the last attempt, at the last look
  struct Asking {
    bool closed = false;
    std::vector<runtime::Respond> who;
  };
  Guarded<Asking> asking_;
  Guarded<sinks::SelfStats::Reloads> stats_;
};

/// POST /-/reload; refused unless `enabled`, since a web page that somebody looks at could ask for it as well.
[[nodiscard]] runtime::Route reload_route(Reload& reload, bool enabled);

}  // namespace pilotwatch::app
