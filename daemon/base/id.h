// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "base/result.h"

namespace pilotwatch {

/// A 128-bit keyed hash that stands for a foreign identifier; the identifier itself is never kept.
struct Id128 {
  std::uint64_t hi = 0, lo = 0;
  auto operator<=>(const Id128&) const = default;
  [[nodiscard]] std::string hex() const;
};

struct Id128Hash {
  using is_avalanching = void;  // already uniformly distributed
  std::size_t operator()(const Id128& id) const noexcept { return static_cast<std::size_t>(id.lo); }
};

using IdKey = std::array<unsigned char, 16>;

/// SipHash-2-4-128 (libsodium's) under a secret key. Not thread-safe: one hasher a thread. About 50 ns a call.
class IdHasher {
 public:
  explicit IdHasher(const IdKey& key);

  /// `domain` separates what may not be joined: pilots, and kinds of identifiers within a pilot.
  [[nodiscard]] Id128 hash(std::string_view domain, std::string_view id);

 private:
  IdKey key_;
  std::string message_;  ///< kept for its memory
};

/// Unkeyed 128 bits of SHA-256 over `bytes`, for content identity (references, settings), not for identifiers.
[[nodiscard]] Id128 content_hash(std::string_view bytes);

/// Reads 32 hex digits from `file`; creates it (mode 0600, random) where it does not exist.
/// Errors: unreadable, malformed, or readable by others.
[[nodiscard]] Result<IdKey> load_or_create_id_key(const std::filesystem::path& file);

}  // namespace pilotwatch
