// SPDX-License-Identifier: Apache-2.0
#include "sources/tap.h"

#include <algorithm>

namespace pilotwatch::sources {
namespace {

constexpr std::size_t max_events = 1000, max_bytes = 4 << 20;  // of one source
constexpr std::size_t max_event_bytes = 64 << 10;
constexpr std::chrono::seconds open_time{10};

}  // namespace

bool Tap::open(std::string_view source) {
  return rings_.with([&](auto& rings) {
    close_expired(rings);
    const auto found = rings.find(source);
    return found != rings.end() && found->second.open;
  });
}

void Tap::add(std::string_view source, std::vector<std::string> events) {
  rings_.with([&](auto& rings) {
    const auto found = rings.find(source);
    if (found == rings.end() || !found->second.open) return;
    auto& ring = found->second;
    for (auto& event : events) {
      if (event.size() > max_event_bytes) event = R"({"detail":"too large to be shown"})";
      ring.bytes += event.size();
      ring.events.push_back(std::move(event));
    }
    for (; ring.events.size() > max_events || ring.bytes > max_bytes; ++ring.first) {
      ring.bytes -= ring.events.front().size();
      ring.events.pop_front();
    }
  });
}

Tap::Seen Tap::look(std::string_view source, std::optional<std::uint64_t> after) {
  return rings_.with([&](auto& rings) {
    close_expired(rings);
    auto& ring = rings.try_emplace(std::string(source)).first->second;
    ring.open = true;
    ring.open_until = std::chrono::steady_clock::now() + open_time;
    Seen out;
    out.next = ring.first + ring.events.size();
    const auto from = std::min(after.value_or(out.next), out.next);
    out.missed = from < ring.first ? ring.first - from : 0;
    for (auto i = std::max(from, ring.first); i < out.next; ++i) out.events.push_back(ring.events[i - ring.first]);
    return out;
  });
}

/// What nobody looks at any more goes; the numbers go on.
void Tap::close_expired(Rings& rings) {
  const auto now = std::chrono::steady_clock::now();
  for (auto& [source, ring] : rings) {
    if (!ring.open || now <= ring.open_until) continue;
    ring.open = false;
    ring.first += ring.events.size();
    ring.events.clear();
    ring.bytes = 0;
  }
}

}  // namespace pilotwatch::sources
