// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/id.h"
#include "base/time.h"
#include "record/action.h"
#include "record/record.h"

namespace pilotwatch::record {

/// Lines refused before they became records, by stream and reason; part of the journal so that counters survive.
struct RejectCounts {
  std::array<std::array<std::uint64_t, reason_count>, stream_count> by_stream{};
  void add(const Reject& reject) {
    ++by_stream[static_cast<std::size_t>(reject.stream)][static_cast<std::size_t>(reject.reason)];
  }
  [[nodiscard]] std::uint64_t total() const;
};

/// What one source handed over at once: its accepted lines and the number of refused ones.
struct Submission {
  std::string source;  ///< "http" or the name of a file source
  Batch batch;
  RejectCounts rejects;
  std::uint64_t bytes = 0;           ///< as received
  std::uint64_t dropped_fields = 0;  ///< members that no allow-list names (policy `drop`)
  std::uint64_t ignored = 0;         ///< foreign records that are none of ours
  std::string packed{};              ///< by pack(): what pack_entry() need not do again; "" = not done. No part of it
};

/// A limit as it is from its entry on.
struct LimitDefinition {
  std::string pilot, limit;
  std::string text;  ///< all of it, one `key: value` a line
  Id128 judgement;   ///< hash of what its judgement depends on: another one is another epoch
};

/// One row of the journal. The state of the daemon is the fold of its entries in order: nothing else changes it.
struct Entry {
  Instant wall;                         ///< when it was committed; the `now` of pilots with `clock: wall`
  std::vector<Submission> submissions;  ///< may be empty: then the entry only moves time on
  /// All limits that are in force from here on, before the submissions; nullopt = as before.
  std::optional<std::vector<LimitDefinition>> limits{};
  std::vector<Action> actions{};  ///< in their order, after the limits and before the submissions
};

/// The binary form of an Entry, before compression. decode_entry reads every version that was ever written and throws
/// CorruptBytes on anything else.
inline constexpr std::uint64_t entry_version = 5;  ///< that is written
[[nodiscard]] std::string encode_entry(const Entry& entry);
/// encode_entry in zstd frames one behind the other (base/bytes.h decompress() reads them as one).
[[nodiscard]] std::string pack_entry(const Entry& entry);
/// Does the submission's part of pack_entry() beforehand, on whatever thread. Nothing of it may change afterwards. Cost:
/// about half a microsecond a record.
void pack(Submission& submission);
[[nodiscard]] Entry decode_entry(std::string_view bytes);

}  // namespace pilotwatch::record
