// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <random>
#include <string>

#include "record/entry.h"

namespace pilotwatch::testing {

inline std::string noise(std::size_t bytes, std::uint64_t seed) {  // must not compress
  std::mt19937_64 rng(seed);
  std::string out(bytes, '\0');
  for (auto& byte : out) byte = static_cast<char>(rng());
  return out;
}

/// Committed at that millisecond, of some thousand bytes.
inline record::Entry entry(std::int64_t wall, std::size_t bytes = 4000) {
  record::Submission s;
  s.source = "test";
  s.batch.strings.push_back(noise(bytes, static_cast<std::uint64_t>(wall)));
  return {Instant{Millis{wall}}, {s}};
}

}  // namespace pilotwatch::testing
