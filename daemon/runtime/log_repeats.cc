// SPDX-License-Identifier: Apache-2.0
#include "runtime/log_repeats.h"

#include <algorithm>

namespace pilotwatch::runtime {

std::optional<std::uint64_t> LogRepeats::take(const std::string& text, std::size_t level, SteadyTime now) {
  const auto found = std::ranges::find_if(
      known_, [&](const Known& known) { return known.line.level == level && known.line.text == text; });
  std::uint64_t left_out = 0;
  if (found != known_.end()) {
    if (now - found->written < quiet) {
      ++found->line.left_out;
      return std::nullopt;
    }
    left_out = found->line.left_out;
    known_.erase(found);
  } else if (known_.size() == remembered) {
    if (known_.front().line.left_out > 0) owed_.push_back(std::move(known_.front().line));
    known_.erase(known_.begin());
  }
  known_.push_back({{text, level, 0}, now});
  return left_out;
}

std::vector<LogRepeats::Line> LogRepeats::settle(SteadyTime now) {
  auto out = std::exchange(owed_, {});
  if (now < next_look_) return out;
  next_look_ = now + std::chrono::seconds{1};
  const auto first_young = std::ranges::find_if(known_, [&](const Known& known) { return now - known.written < quiet; });
  for (auto at = known_.begin(); at != first_young; ++at) {
    if (at->line.left_out > 0) out.push_back(std::move(at->line));
  }
  known_.erase(known_.begin(), first_young);
  return out;
}

std::vector<LogRepeats::Line> LogRepeats::settle_all() {
  auto out = std::exchange(owed_, {});
  for (auto& known : known_) {
    if (known.line.left_out > 0) out.push_back(std::move(known.line));
  }
  known_.clear();
  return out;
}

}  // namespace pilotwatch::runtime
