// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "app/outbox.h"
#include "runtime/http.h"
#include "sinks/webhook.h"

namespace pilotwatch::app {

/// Throws std::runtime_error for the first file of secrets of a webhook that cannot be used.
void check_secrets(const settings::Settings& settings);

/// Outbox, senders and their part of the API, put together for the daemon.
class WebhookSink {
 public:
  /// All must outlive it. Throws where the journal cannot be read, and where a secret cannot be used.
  WebhookSink(const settings::Settings& settings, journal::Journal& journal, const Clock& clock,
              const std::string& external_url, const runtime::Log& log)
      : journal_(journal),
        store_(sound(settings, journal)),
        senders_(settings.notify, store_, clock, &log),
        writer_(settings, journal, senders_, external_url, log) {}

  [[nodiscard]] OutboxWriter& writer() { return writer_; }
  [[nodiscard]] std::vector<sinks::WebhookStats> stats() const { return senders_.stats(); }
  [[nodiscard]] sinks::OutboxStats outbox() const { return writer_.stats(); }
  void start() {
    writer_.give_up_removed();
    senders_.start();
  }
  void begin_stop(Millis grace) { senders_.begin_stop(grace); }
  /// After the core has ended.
  void stop(Millis grace) {
    senders_.stop(grace);
    writer_.tell_mended();  // what they met meanwhile
  }
  /// `aside` runs what waits for the store on a thread that may.
  [[nodiscard]] std::vector<runtime::Route> routes(std::function<void(std::function<void()>)> aside);

 private:
  /// The journal, unless a file of secrets cannot be used: a start is when somebody looks.
  static journal::Journal& sound(const settings::Settings& settings, journal::Journal& journal);

  journal::Journal& journal_;
  StoredOutbox store_;
  sinks::Webhooks senders_;
  OutboxWriter writer_;
};

}  // namespace pilotwatch::app
