// SPDX-License-Identifier: Apache-2.0
#include "sinks/alert_queue.h"

#include <algorithm>
#include <utility>

namespace pilotwatch::sinks {

void AlertQueue::push(Alert alert) {
  const auto known = index_.find(alert.labels);
  if (known != index_.end()) {
    *known->second = std::move(alert);
    return;
  }
  auto labels = alert.labels;
  alerts_.push_back(std::move(alert));
  index_.emplace(std::move(labels), std::prev(alerts_.end()));
  drop_oldest();
}

std::vector<Alert> AlertQueue::take(std::uint64_t at_most) {
  std::vector<Alert> out;
  while (!alerts_.empty() && out.size() < at_most) {
    index_.erase(alerts_.front().labels);
    out.push_back(std::move(alerts_.front()));
    alerts_.pop_front();
  }
  return out;
}

void AlertQueue::put_back(std::vector<Alert> alerts) {
  for (auto alert = alerts.rbegin(); alert != alerts.rend(); ++alert) {
    if (index_.count(alert->labels) != 0) continue;
    auto labels = alert->labels;
    alerts_.push_front(std::move(*alert));
    index_.emplace(std::move(labels), alerts_.begin());
  }
  drop_oldest();
}

void AlertQueue::drop_oldest() {
  while (alerts_.size() > capacity_) {
    index_.erase(alerts_.front().labels);
    alerts_.pop_front();
    ++dropped_;
  }
}

}  // namespace pilotwatch::sinks
