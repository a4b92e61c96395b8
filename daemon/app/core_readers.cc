// SPDX-License-Identifier: Apache-2.0
// What the core shows of the state: to readers, and as alerts.
#include <algorithm>

#include "app/core.h"

namespace pilotwatch::app {

void Core::fresh(std::function<void(std::shared_ptr<const judge::Snapshot>)> reader) {
  {
    const std::lock_guard lock(mutex_);
    if (ready_ && !stopping_) {
      readers_.push_back({std::move(reader), parts_.steady.now()});
      wake_.notify_one();
      return;
    }
  }
  reader(last_snapshot_.with([](const auto& snapshot) { return snapshot; }));
}

void Core::release_readers(std::chrono::milliseconds patience) {
  std::vector<Reader> late;
  {
    const std::lock_guard lock(mutex_);
    const auto limit = parts_.steady.now() - patience;
    const auto first_late =
        std::partition(readers_.begin(), readers_.end(), [&](const Reader& r) { return r.since > limit; });
    std::move(first_late, readers_.end(), std::back_inserter(late));
    readers_.erase(first_late, readers_.end());
  }
  const auto snapshot = last_snapshot_.with([](const auto& s) { return s; });
  for (auto& reader : late) reader.call(snapshot);
}

/// Without a state what was said last still holds: missing data never ends a breach.
void Core::publish_alerts() {
  alerts_changed_ = false;
  if (!parts_.publish_alerts) return;
  if (!lost_) light_.limits = parts_.fold.statuses();  // alerts follow from the limits alone
  publish_light();
}

/// While the running daemon restores its state, which may take longer than Alertmanager waits: between entries.
void Core::repeat_alerts() {
  if (started_ && parts_.publish_alerts && parts_.steady.now() >= next_repeat_) publish_light();
}

void Core::publish_light() {
  light_.wall = wall();
  next_repeat_ = parts_.steady.now() + parts_.settings.evaluation_interval;
  parts_.publish_alerts(light_);
}

void Core::serve_readers() {
  std::vector<Reader> readers;
  {
    const std::lock_guard lock(mutex_);
    readers.swap(readers_);
  }
  if (readers.empty()) return;
  finish_committed();
  if (lost_) {
    for (auto& reader : readers) reader.call(last_snapshot_.with([](const auto& last) { return last; }));
    return;
  }
  std::shared_ptr<const judge::Snapshot> now;
  try {
    auto snapshot = std::make_shared<judge::Snapshot>(*parts_.fold.snapshot(parts_.clock.now()));
    snapshot->last_evaluation = last_evaluation_;
    now = std::move(snapshot);
    last_snapshot_.with([&](auto& last) { last = now; });
  } catch (const std::bad_alloc&) {  // then they get what there was
    now = last_snapshot_.with([](const auto& last) { return last; });
  }
  for (auto& reader : readers) reader.call(now);
}

}  // namespace pilotwatch::app
