// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <concepts>
#include <cstdint>

#include "base/bytes.h"

namespace pilotwatch::stats {

/// What a detector says after an observation.
enum class Signal : std::uint8_t { none, warning, alarm };

/// Every detector of one stream of numbers, with a guarantee (sequential/) or without (classical/).
///
///   step(x)     looks at one observation, in order; constant memory, no allocation once it runs
///   write/read  the exact state: a detector that was read goes on bit for bit as the one that was written would have
///   formula     id of the variant: the same name is not the same detector
template <class D>
concept Detector = requires(D detector, const D& state, double x, ByteWriter& out, ByteReader& in) {
  { detector.step(x) } -> std::same_as<Signal>;
  { state.write(out) } -> std::same_as<void>;
  { detector.read(in) } -> std::same_as<void>;
  { D::formula } -> std::convertible_to<const char*>;
};

}  // namespace pilotwatch::stats
