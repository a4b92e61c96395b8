// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/time.h"
#include "record/record.h"
#include "settings/source.h"

/// Foreign bytes to records of the wire format, as JSON text: what other systems write becomes what decode/ reads.
namespace pilotwatch::mapping {

/// How the bytes are cut into foreign records.
enum class Framing : std::uint8_t {
  json,         ///< NDJSON, an array of objects, or one object
  csv,          ///< RFC 4180
  cloudevent,   ///< CloudEvents binary mode: `attributes` and the bytes as data
  cloudevents,  ///< structured mode, or a batch
  otlp_logs_json,
  otlp_logs_protobuf,
  otlp_traces_json,
  otlp_traces_protobuf,
};

struct Input {
  std::string_view bytes;
  Framing framing = Framing::json;
  /// csv: the header line; "" = the first line of `bytes` is it. One that cannot be used refuses every row.
  std::string_view csv_header;
  /// cloudevent: attributes by name without "ce-", per cent decoded or not, and "datacontenttype".
  std::vector<std::pair<std::string, std::string>> attributes;
  record::Stream stream = record::Stream::unknown;  ///< what records without `type` are
  std::optional<Instant> received;                  ///< for formats that have no time of their own ("$received")
};

inline constexpr std::size_t max_depth = 32;                 ///< of nested arrays and objects in a foreign record
inline constexpr std::size_t max_members = 1024;             ///< of an object, and columns of CSV
inline constexpr std::size_t max_rows = 10'000;              ///< of one foreign record
inline constexpr std::size_t max_output_bytes = 256U << 20;  ///< of one call; what would go beyond it is refused
inline constexpr std::size_t max_details = 10'000, max_rejects = 1'000'000;

struct Output {
  std::string records;               ///< NDJSON in the wire format, one record a line
  std::vector<std::uint32_t> lines;  ///< of each of them: the foreign line (element, event, row) it came from, from 1
  /// Foreign lines that could not be mapped, in order; all of them. Beyond `max_details` they have no detail, and at
  /// `max_rejects` the rest of the input is refused as one.
  std::vector<record::Reject> rejects;
  std::uint64_t ignored = 0;  ///< foreign records that are none of ours (a log line that is no GenAI event)
};

/// One source's mapping, ready for use. Never throws on input. Not thread-safe.
class Translator {
 public:
  /// `source` must outlive it. `max_line_bytes` bounds one foreign record.
  Translator(const settings::Source& source, std::uint64_t max_line_bytes);
  ~Translator();
  Translator(const Translator&) = delete;
  Translator& operator=(const Translator&) = delete;

  /// Whether such input is in the wire format already: translate() would only copy it.
  [[nodiscard]] bool passes(Framing framing) const;
  [[nodiscard]] Output translate(const Input& input);
  /// What stands at these foreign lines (ascending), each at most `max_bytes` of it, for people; "" = it cannot be
  /// told. Of OTLP the flat form. Costs another walk over the input.
  [[nodiscard]] static std::vector<std::string> texts_at(const settings::Source& source, const Input& input,
                                                         std::uint64_t max_line_bytes,
                                                         const std::vector<std::uint32_t>& lines,
                                                         std::size_t max_bytes);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace pilotwatch::mapping
