// SPDX-License-Identifier: Apache-2.0
#include "sources/tap.h"

#include <algorithm>

namespace pilotwatch::sources {
namespace {

constexpr std::size_t max_events = 1000;
constexpr std::chrono::seconds open_time{10};

}  // namespace

bool Tap::open(std::string_view source) {
  return rings_.with([&](auto& rings) {
    const auto found = rings.find(source);
    if (found == rings.end()) return false;
    if (std::chrono::steady_clock::now() <= found->second.open_until) return true;
    rings.erase(found);
    return false;
  });
}

void Tap::add(std::string_view source, std::vector<std::string> events) {
  rings_.with([&](auto& rings) {
    const auto found = rings.find(source);
    if (found == rings.end()) return;
    auto& ring = found->second;
    for (auto& event : events) ring.events.push_back(std::move(event));
    for (; ring.events.size() > max_events; ++ring.first) ring.events.pop_front();
  });
}

Tap::Seen Tap::look(std::string_view source, std::optional<std::uint64_t> after) {
  return rings_.with([&](auto& rings) {
    auto& ring = rings.try_emplace(std::string(source)).first->second;
    ring.open_until = std::chrono::steady_clock::now() + open_time;
    Seen out;
    out.next = ring.first + ring.events.size();
    const auto from = std::min(after.value_or(out.next), out.next);
    out.missed = from < ring.first ? ring.first - from : 0;
    for (auto i = std::max(from, ring.first); i < out.next; ++i) out.events.push_back(ring.events[i - ring.first]);
    return out;
  });
}

}  // namespace pilotwatch::sources
