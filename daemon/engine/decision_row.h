// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <functional>
#include <string>

#include "engine/decision.h"

namespace pilotwatch::engine {

/// How a pilot's decisions are packed: what its settings give one, in so many bytes. What can change later (outcome,
/// rank, complaints) is kept beside it, and so is a weight other than 1.
struct RowLayout {
  explicit RowLayout(const settings::Pilot& settings);

  enum Flag : std::uint8_t { predicted = 1, failed = 2, scored = 4, has_values = 8, weighted = 16, complained = 32 };
  static constexpr std::size_t time_at = 16, flags_at = 24, version_at = 25, groups_at = 26;

  bool numbers, scores, ranks;
  std::size_t groupings, values;
  std::size_t bytes = 0;

  void pack(const Decision& d, std::byte* at) const;  ///< `bytes` bytes
  [[nodiscard]] Decision unpack(const std::byte* at) const;
};

/// Gives the block of that name, or throws CorruptBytes where it is damaged or missing, or whatever the store throws.
using ReadBlock = std::function<std::string(const std::string& name)>;

}  // namespace pilotwatch::engine
