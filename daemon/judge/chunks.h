// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "engine/reference.h"
#include "record/record.h"
#include "settings/settings.h"

namespace pilotwatch::judge {

/// What a limit with evidence `reference_chunks` compares a figure with: how the figure itself spreads over chunks of
/// the reference.
struct ChunkBound {
  double mean = 0, sd = 0;
  std::uint64_t chunks = 0;
  std::optional<double> lower, upper;  ///< of the sides that the limit looks at
  std::string reference;               ///< id of the reference whose chunks they are, or that they compare with; or ""

  void write(ByteWriter& out) const;
  void read(ByteReader& in);
};

constexpr std::size_t least_chunks = 2;  ///< one value has no spread

/// The bound from the figure's values over the chunks.
///
///   upper = min(mean + k sd, greatest value the metric can have),   lower likewise
///   sd with divisor chunks - ddof; with leave_one_out times sqrt(1 + 1/chunks), as for one more chunk
///
/// Shapes     at least `least_chunks` values.
/// Guarantee  none. With few chunks the sd is a poor one, and a chunk compared with a reference that contains it is
/// nearer
///            to it than a new one: where nothing changed 18 to 25 % of windows are beyond with 5 chunks, 5 % with 10,
///            2 to 3 % with 20 (distances, chunks of 500 cases, k = 3, ddof 0).
/// Source     NannyML's StandardDeviationThreshold (ddof 0, clipped to the metric's range, strictly beyond).
[[nodiscard]] ChunkBound chunk_bound(const settings::Limit& limit, std::span<const double> values,
                                     std::string reference);

/// The chunks of a reference file.
struct ChunkValues {
  std::string reference;  ///< its id
  /// By limit name and group ("" = the whole pilot): the values over its windows, in their order.
  std::map<std::pair<std::string, std::string>, std::vector<double>> values;
};

/// The values of all limits of the pilot whose chunks are the windows of the reference file. `batch`: its records, of
/// which others than the pilot's are skipped. A window that the limit would not judge (too few cases, suppressed) is no
/// chunk. With leave_one_out each chunk is compared with the rows outside of it.
/// Cost  one pass over the batch; with leave_one_out one more and a sort of the rows for each window of the limit.
[[nodiscard]] ChunkValues chunk_values(const settings::Pilot& pilot, const record::Batch& batch,
                                       const engine::Reference& reference);

}  // namespace pilotwatch::judge
