// SPDX-License-Identifier: Apache-2.0
// Which alerts are to be sent when; alert_target.cc sends them.
#include "sinks/alertmanager.h"

#include <utility>

#include "base/guarded.h"
#include "sinks/alert_target.h"

namespace pilotwatch::sinks {
namespace {

/// What was last queued of an alert.
struct Queued {
  Instant at, starts_at;
  std::optional<Instant> resolved_at;
};
using Known = std::map<std::map<std::string, std::string>, Queued>;

bool is_due(const Alert& alert, const Queued& last, Instant now, Millis resend_delay) {
  const bool changed = alert.resolved_at != last.resolved_at || alert.starts_at != last.starts_at;
  return changed || now < last.at || now - last.at >= resend_delay;  // a clock set back must not silence us
}

}  // namespace

std::string alerts_url(std::string base) {
  while (!base.empty() && base.back() == '/') base.pop_back();
  return base + "/api/v2/alerts";
}

struct Alertmanagers::Impl {
  Millis resend_delay{};
  std::vector<std::unique_ptr<AlertTarget>> targets;
  Guarded<Known> known;
};

Alertmanagers::Alertmanagers(const settings::Notify& notify, const Clock& clock, const SteadyClock& steady,
                             const Connect& connect)
    : impl_(std::make_unique<Impl>()) {
  impl_->resend_delay = notify.resend_delay;
  for (const auto& to : notify.alertmanagers) {
    impl_->targets.push_back(std::make_unique<AlertTarget>(notify, to, clock, steady, connect(alerts_url(to.url))));
  }
}

Alertmanagers::~Alertmanagers() { stop(Millis{0}); }

void Alertmanagers::start() {
  for (const auto& target : impl_->targets) target->start();
}

void Alertmanagers::update(std::vector<Alert> alerts, Instant now) {
  // Under the lock to its end, so that two updates cannot queue the older version last.
  impl_->known.with([&](Known& known) {
    Known still;
    std::vector<Alert> due;
    for (Alert& alert : alerts) {
      const auto last = known.find(alert.labels);
      const bool send = last == known.end() || is_due(alert, last->second, now, impl_->resend_delay);
      still.emplace(alert.labels, send ? Queued{now, alert.starts_at, alert.resolved_at} : last->second);
      if (send) due.push_back(std::move(alert));
    }
    known = std::move(still);
    if (due.empty()) return;
    for (const auto& target : impl_->targets) target->push(due);
  });
}

std::optional<Instant> Alertmanagers::next_send(const std::map<std::string, std::string>& labels) const {
  if (impl_->targets.empty()) return std::nullopt;
  return impl_->known.with([&](const Known& known) -> std::optional<Instant> {
    const auto last = known.find(labels);
    if (last == known.end()) return std::nullopt;
    return last->second.at + impl_->resend_delay;
  });
}

std::optional<Millis> Alertmanagers::step(std::size_t target) { return impl_->targets.at(target)->step(); }

void Alertmanagers::stop(Millis grace) {
  for (const auto& target : impl_->targets) target->begin_stop(grace);
  for (const auto& target : impl_->targets) target->join();
}

std::vector<TargetStats> Alertmanagers::stats() const {
  std::vector<TargetStats> out;
  for (const auto& target : impl_->targets) out.push_back(target->stats());
  return out;
}

}  // namespace pilotwatch::sinks
