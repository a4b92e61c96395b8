// SPDX-License-Identifier: Apache-2.0
#include "sim/life.h"

#include <utility>

#include "sim/check.h"

namespace pilotwatch::sim {

Life::Life(Parts parts)
    : parts_(std::move(parts)),
      fold_(parts_.settings),
      dead_letters_(parts_.settings.ingest.dead_letters),
      alertmanagers_(parts_.settings.notify, parts_.time.wall_clock, parts_.time.steady_clock, parts_.connect) {}

void Life::start() {
  journal_ = std::make_unique<journal::Journal>(
      parts_.folder, journal::Options{.overwrite = parts_.settings.retention.has_value(), .max_bytes = 0});
  born_with_ = journal_->last_sequence();
  const auto publish = [this](const judge::Snapshot& limits) {
    const auto now = parts_.time.wall();
    alertmanagers_.update(sinks::alerts_of(limits, parts_.settings.notify, "http://pilotwatch", now), now);
  };
  core_ = std::make_unique<app::Core>(app::Core::Parts{parts_.settings, *journal_, fold_, parts_.time.wall_clock,
                                                       parts_.log, dead_letters_, publish, parts_.time.steady_clock,
                                                       Drive::steps});
  listen();
  intake_ =
      std::make_unique<app::Intake>(app::Intake::Parts{parts_.settings, *core_, parts_.time.wall_clock, parts_.log,
                                                       tap_, IdKey{}, parts_.time.steady_clock, Drive::steps});
  core_->restore();
  core_->start();
  intake_->start();
  running_ = true;
}

/// Beside the core, which listens too.
void Life::listen() {
  fold_.on_transition = [this, core = std::move(fold_.on_transition)](const judge::Transition& t) {
    told_[fold_.sequence() + 1].push_back(text(t));
    core(t);
  };
}

void Life::stop() {
  intake_->stop();
  core_->stop();
}

void Life::check_bounds() const {
  sinks::SelfStats stats;
  intake_->describe(stats);
  core_->describe(stats);
  require(stats.queue_requests <= stats.queue_capacity + 1,
          "more waits than may wait");  // what follows a file has a place
  require(stats.dead_letters <= parts_.settings.ingest.dead_letters, "more rejected lines are kept than may be");
  for (const auto& target : alertmanagers_.stats())
    require(target.queue_length <= target.queue_capacity, "more alerts wait than may wait");
}

}  // namespace pilotwatch::sim
