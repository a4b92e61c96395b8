// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace pilotwatch {

enum class Packing : std::uint8_t { identity, gzip, zstd };

/// Why packed bytes gave nothing.
struct UnpackError {
  bool too_large = false;  ///< more than `max_bytes` would have come out; else the bytes are damaged or cut short
  std::string what;
};

struct Unpacked {
  std::string bytes;
  std::optional<UnpackError> error{};
};

/// What was packed, of at most `max_bytes`: never holds more than that and 64 KiB, whatever the input promises.
/// Several gzip members, or zstd frames, behind each other are one text, as their formats say; anything else behind
/// them is damage. Throws nothing but std::bad_alloc. Any thread. Cost: about 3 ns a byte of output (gzip).
[[nodiscard]] Unpacked unpack(Packing packing, std::string_view packed, std::uint64_t max_bytes);

}  // namespace pilotwatch
