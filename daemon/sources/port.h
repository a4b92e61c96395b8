// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/unpack.h"
#include "mapping/translator.h"
#include "record/cursor.h"
#include "record/record.h"
#include "settings/source.h"

/// The narrow waist between whatever brings bytes and the core.
namespace pilotwatch::sources {

using mapping::Framing;
using record::Cursor;

/// What became of a submission.
struct Reply {
  enum class Status : std::uint8_t {
    committed,    ///< durable; the counts below hold
    overloaded,   ///< nothing was taken: come back after `retry_after_s`
    unavailable,  ///< nothing was acknowledged (disk full, shutting down): come back later
    refused,      ///< nothing was taken, whole: `http_status` and `detail` say why; the same again will not help
    rehearsed,    ///< dry run: nothing was taken; `records` and `errors` say what would have become of it
  };
  Status status = Status::committed;
  std::uint64_t accepted = 0, duplicate = 0, rejected = 0, ignored = 0;
  std::vector<record::Reject> errors;  ///< the first 20
  unsigned retry_after_s = 1;
  unsigned http_status = 400;  ///< when refused
  std::string detail;          ///< for the person, when not committed
  std::string records;         ///< rehearsed: a JSON array of the first ones, {"line", "record"}
};

/// Bytes on their way in.
struct Delivery {
  const settings::Source* source = nullptr;  ///< never null; outlives the delivery
  std::string bytes;
  Packing packing = Packing::identity;
  Framing framing = Framing::json;
  std::string csv_header;                                       ///< of csv in pieces; "" = the bytes begin with it
  std::vector<std::pair<std::string, std::string>> attributes;  ///< of a CloudEvent in binary mode
  record::Stream stream = record::Stream::unknown;              ///< what records without `type` are
  std::string pilot;                                            ///< for records without `pilot`; may be ""
  std::string idempotency_key;  ///< identity of records without `id`, together with their line; "" = their content
  bool strict = false;          ///< refused whole (422) where one line is
  bool dry_run = false;
  std::vector<Cursor> cursors;      ///< committed together with the records; a file source may have nothing else to say
  std::function<void(Reply)> done;  ///< called exactly once, on any thread; must not block
};

/// Whether a body says nothing at all, where there must be something: a CloudEvent can be in the headers alone, and an
/// empty OTLP message is one.
[[nodiscard]] inline bool is_empty_body(Framing framing, std::string_view bytes) {
  const bool needs_bytes = framing == Framing::json || framing == Framing::csv || framing == Framing::cloudevents;
  return needs_bytes && bytes.find_first_not_of(" \t\r\n") == std::string_view::npos;
}
inline constexpr const char* empty_body = "the body is empty; send one JSON object a line, or an array of objects";

class Port {
 public:
  virtual ~Port() = default;
  /// Takes the delivery, or answers `done` at once with `overloaded` or `unavailable`. Never blocks. Any thread.
  virtual void deliver(Delivery delivery) = 0;
  /// What deliver() would answer at once to a delivery of `bytes` from a client; nullopt: it would take it. Any thread.
  [[nodiscard]] virtual std::optional<Reply> refuses(std::uint64_t bytes) {
    (void)bytes;
    return std::nullopt;
  }
};

}  // namespace pilotwatch::sources
