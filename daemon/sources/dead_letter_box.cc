// SPDX-License-Identifier: Apache-2.0
#include "sources/dead_letter_box.h"

namespace pilotwatch::sources {

void DeadLetterBox::add(const std::vector<record::DeadLetter>& letters) {
  letters_.with([&](auto& kept) {
    kept.insert(kept.end(), letters.begin(), letters.end());
    while (kept.size() > keep_) kept.pop_front();
  });
}

void DeadLetterBox::forget(Instant before) {
  letters_.with([&](auto& kept) {
    while (!kept.empty() && kept.front().wall < before) kept.pop_front();
  });
}

std::vector<record::DeadLetter> DeadLetterBox::newest(std::string_view source, std::string_view reason,
                                                      std::size_t limit) const {
  return letters_.with([&](const auto& kept) {
    std::vector<record::DeadLetter> out;
    for (auto letter = kept.rbegin(); letter != kept.rend() && out.size() < limit; ++letter) {
      const std::string_view own = record::reason_names[static_cast<std::size_t>(letter->reject.reason)];
      if ((source.empty() || letter->source == source) && (reason.empty() || own == reason)) out.push_back(*letter);
    }
    return out;
  });
}

std::size_t DeadLetterBox::size() const {
  return letters_.with([](const auto& kept) { return kept.size(); });
}

}  // namespace pilotwatch::sources
