// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/id.h"
#include "base/time.h"
#include "record/entry.h"
#include "settings/settings.h"

/// Bytes to records: the only place where foreign identifiers are seen and where JSON is read.
namespace pilotwatch::decode {

struct Input {
  std::string_view bytes;  ///< NDJSON, a JSON array of objects, or one object over several lines
  record::Stream stream = record::Stream::unknown;  ///< what records without `type` are
  std::string_view pilot;                           ///< for records without `pilot`
  std::span<const std::string> pilots{};            ///< the only ones that may be written to; empty = all
  std::string_view idempotency_key{};  ///< identity of records without `id`, with their line; "" = their content
  bool keep_text = false;              ///< rejects hold the beginning of their line
  Instant wall;                        ///< for the accepted range of times
  bool any_time = false;               ///< backtest: no range
};

struct Output {
  record::Batch batch;  ///< in the order of lines
  record::RejectCounts rejects;
  std::vector<record::Reject> errors;  ///< the first `max_errors`, in the order of lines
  std::uint64_t lines = 0;             ///< = batch.records + rejects; empty lines are not counted
  std::uint64_t dropped_fields = 0;
};
inline constexpr std::size_t max_errors = 200;
inline constexpr std::size_t max_kept_text = 2048;  ///< bytes of a refused line
inline constexpr std::size_t max_depth = 32;        ///< of nested arrays and objects in a record
inline constexpr std::size_t max_text_bytes = 256;  ///< of ids, labels, versions, categories, segment values

/// Turns bytes into records by the settings' allow-lists. Lines that cannot be used are Rejects: decode() never throws
/// on input. `line` counts from 1: the line of NDJSON, the element of an array. Not thread-safe: one decoder a thread.
/// Cost: about 1 us for a record of 300 bytes with 10 features.
class Decoder {
 public:
  /// `settings` must outlive the decoder.
  Decoder(const settings::Settings& settings, const IdKey& key);
  ~Decoder();
  Decoder(const Decoder&) = delete;
  Decoder& operator=(const Decoder&) = delete;

  [[nodiscard]] Output decode(const Input& input);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace pilotwatch::decode
