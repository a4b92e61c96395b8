// SPDX-License-Identifier: Apache-2.0
#include "engine/decision_log.h"

#include <algorithm>

namespace pilotwatch::engine {

void DecisionLog::begin(std::uint64_t number) {
  const auto oldest = oldest_;
  *this = {};
  on_ = true;
  first_ = sealed_ = number;
  oldest_ = std::min(oldest, number);
}

void DecisionLog::resume(std::uint64_t first, std::deque<Slot> starts, std::string tail) {
  on_ = true;
  first_ = oldest_ = first;
  starts_ = std::move(starts);
  sealed_ = first_ + starts_.size() - (tail.empty() ? 0 : 1);
  tail_ = {};
  tail_.raw(tail);
}

void DecisionLog::seal() {
  if (tail_.bytes().empty()) return;
  unsaved_bytes_ += tail_.bytes().size();
  unsaved_.push_back(tail_.take());
  tail_ = {};
  ++sealed_;
}

void DecisionLog::save_complete(const Save& save) {
  for (auto number = sealed_ - unsaved_.size(); !unsaved_.empty(); unsaved_.pop_front())
    save(part_name(number++), std::move(unsaved_.front()));
  unsaved_bytes_ = 0;
}

void DecisionLog::save_tail(const Save& save) const {
  if (!tail_.bytes().empty()) save(part_name(sealed_), tail_.bytes());
}

void DecisionLog::drop_before(std::size_t slot) {
  while (starts_.size() > 1 && starts_[1] <= slot) {
    starts_.pop_front();
    ++first_;
  }
}

void DecisionLog::save_dropped(const Save& save) const {
  for (auto number = oldest_; number < first_; ++number) save(part_name(number), "");
}

void DecisionLog::confirm() { oldest_ = first_; }

std::size_t DecisionLog::bytes() const { return tail_.bytes().capacity() + unsaved_bytes_ + starts_.size() * 4; }

}  // namespace pilotwatch::engine
