// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/steady.h"
#include "base/time.h"
#include "judge/status.h"
#include "runtime/log.h"
#include "settings/settings.h"
#include "sinks/http_post.h"

namespace pilotwatch::sinks {

/// One alert as Alertmanager's API v2 takes it. Labels are identity: nothing that changes from look to look is in them.
struct Alert {
  std::map<std::string, std::string> labels, annotations;
  Instant starts_at;
  std::optional<Instant> resolved_at;  ///< set = resolved then
  std::string generator_url;
};

/// The alerts that are out (firing, or resolved less than `resolved_retention` ago), wall time. Pure.
[[nodiscard]] std::vector<Alert> alerts_of(const judge::Snapshot& snapshot, const settings::Notify& notify,
                                           const std::string& external_url, Instant now);

/// Always firing: for a receiver that pages when it does not. Whoever hands alerts over adds it each time, so it ends
/// where nothing is handed over any more. `since`: the same for as long as it can be.
[[nodiscard]] Alert watchdog_alert(const settings::Notify& notify, const std::string& external_url, Instant since);

/// What Alertmanager knows the alert of a limit by.
[[nodiscard]] std::map<std::string, std::string> alert_labels(const judge::LimitStatus& status,
                                                              const settings::Notify& notify);

/// The JSON array that is posted; firing alerts end at `now + validity` (resent long before), resolved ones at
/// resolved_at.
[[nodiscard]] std::string to_json(std::span<const Alert> alerts, Instant now, Millis validity);

/// Where an Alertmanager takes alerts.
[[nodiscard]] std::string alerts_url(std::string base);

/// What a file with a password or token says: one line, without blanks around it. An error has the file's name.
[[nodiscard]] Result<std::string> read_credential(const std::filesystem::path& file);
/// By libcurl. Passwords and tokens are read for each request; where one cannot be, nothing is sent. Where the answer
/// repeats them they are masked.
[[nodiscard]] Post post_to(const settings::Alertmanager& to);

/// An alert that an Alertmanager does not take, by its answer to that one alone. What is refused is sent again with the
/// next resend, so one alert is one of these, however often.
struct RefusedAlert {
  std::map<std::string, std::string> labels;
  Instant first, last;
  std::uint64_t times = 0;
  long status = 0;     ///< of the last answer
  std::string answer;  ///< the beginning of its text, valid UTF-8
};

/// `idle`: nothing has been sent yet. `failing`: of the last round something has to be sent again. `refusing`: it has
/// refused alerts and taken none, ever or in the last three rounds. `draining`: no longer found, or the daemon ends.
enum class TargetState : std::uint8_t { idle, ok, failing, refusing, draining };
inline constexpr const char* target_state_names[] = {"idle", "ok", "failing", "refusing", "draining"};

struct TargetStats {
  std::string target;
  std::string url;                   ///< settings have no credentials in URLs
  std::vector<std::string> lookups;  ///< the names of those that name it; none = the settings do
  TargetState state = TargetState::idle;
  std::optional<Instant> failing_since;
  std::uint64_t sent = 0, failed = 0, dropped_overflow = 0, dropped_rejected = 0, queue_length = 0, queue_capacity = 0;
  std::optional<Instant> last_success;
  std::uint64_t requests = 0;
  double request_seconds = 0;
  std::string last_error;
  std::optional<Instant> last_error_at;
  std::optional<double> skew_seconds;  ///< the Alertmanager's Date minus our clock, last seen
  std::vector<RefusedAlert> refused;   ///< the last 20, newest first
};

/// One bounded queue and one thread ("pw-alert") for each Alertmanager; all of them get everything: those of the
/// settings, and those that DNS knows (sinks/discovery.h), which come and go. `log`: null = says nothing.
class Alertmanagers {
 public:
  using Connect = std::function<Post(const settings::Alertmanager& to)>;
  Alertmanagers(const settings::Notify& notify, const Clock& clock, const SteadyClock& steady = system_steady_clock(),
                const Connect& connect = post_to, const runtime::Log* log = nullptr);
  ~Alertmanagers();
  Alertmanagers(const Alertmanagers&) = delete;
  Alertmanagers& operator=(const Alertmanagers&) = delete;

  void start();
  /// Without start(): what the target's thread would do next, see AlertTarget::step(). `target`: its number in stats().
  std::optional<Millis> step(std::size_t target);
  /// Hands over the alerts that are out now. What is new or changed (firing <-> resolved) is queued at once, the rest
  /// when `resend_delay` has passed since it was last queued. Any thread, never blocks.
  void update(std::vector<Alert> alerts, Instant now);
  /// When an alert that is out is queued again, if it does not change before: at the first update() from then on.
  /// nullopt: it is not out, or there is no Alertmanager. Any thread.
  [[nodiscard]] std::optional<Instant> next_send(const std::map<std::string, std::string>& labels) const;
  /// Tries to send what is queued for at most `grace`, then joins. Never resolves anything.
  void stop(Millis grace);
  /// Those of the settings, those found, and those that are draining.
  [[nodiscard]] std::vector<TargetStats> stats() const;

  /// What look-up `lookup` (its number in the settings) has found: all that it found before and that neither the
  /// settings nor another look-up names goes, after a drain of at most `drain`; who comes is given all that is out, by
  /// the last update(), or with the next one where there was none. Does not wait. Any thread.
  void found(std::size_t lookup, const std::vector<settings::Alertmanager>& now, Millis drain);
  /// Takes away those that have drained; true while there are others. Any thread.
  bool reap();
  /// Alerts that waited when their Alertmanager's drain was over.
  [[nodiscard]] std::uint64_t undelivered() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace pilotwatch::sinks
