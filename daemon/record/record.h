// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <iterator>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/id.h"
#include "base/time.h"

namespace pilotwatch::record {

/// Index into the strings of the Batch that holds the record.
using StringRef = std::uint32_t;
inline constexpr StringRef no_string = 0;  ///< Batch::strings[0] is always ""

/// A label by its canonical text, or a number (regression tasks and numeric features). monostate = null.
using Value = std::variant<std::monostate, double, StringRef>;

struct NamedValue {
  StringRef name;
  Value value;
};
struct NamedNumber {
  StringRef name;  ///< class, or quantile level as text
  double number;
};
struct NamedText {
  StringRef name, value;
};

/// Which part of a prediction a record is: systems that log requests and responses apart send two, of the same id.
enum class Part : std::uint8_t { whole, request, response };
inline constexpr const char* part_names[] = {"whole", "request", "response"};

/// What the pilot system decided about one case. `id` = keyed hash, unique within (pilot, type).
struct Prediction {
  Id128 id;
  Instant time;
  StringRef model_version = no_string;
  Value prediction;  ///< label (classification) or number (regression); null = not given
  std::vector<NamedNumber>
      quantiles;                ///< level -> value, ascending levels; then `prediction` is the 0.5 quantile if given
  std::optional<double> score;  ///< probability or plain number
  std::vector<NamedNumber> scores;   ///< class -> probability
  std::vector<NamedValue> features;  ///< allow-listed only
  std::vector<NamedText> segments;   ///< allow-listed only
  std::optional<double> latency_ms;
  std::uint64_t weight = 1;  ///< so many identical cases; 1 .. max_weight
  bool failed = false;
  Part part = Part::whole;
};
inline constexpr std::uint64_t max_weight = 1'000'000'000;

enum class OutcomeSource : std::uint8_t { natural, audit_sample, appeal, investigation };

/// What turned out. `prediction_id` joins; `content` orders corrections of equal time.
struct Outcome {
  Id128 prediction_id;
  Instant time;
  Value actual;
  OutcomeSource source = OutcomeSource::natural;
  std::uint64_t content = 0;
};

struct Complaint {
  Id128 id;
  Instant time;
  std::optional<Id128> prediction_id;
  StringRef category = no_string;
  std::optional<std::uint8_t> severity;  ///< 0 (remark) .. 4 (grave)
  StringRef channel = no_string;
  std::optional<Id128> incident;
  std::vector<NamedText> segments;
};

/// Where a complaint stands, as far as its handlers say.
enum class Step : std::uint8_t {
  acknowledged,
  first_response,
  extended,
  escalated,
  reopened,
  withdrawn,
  settled,
  decided,
  restored,
  closed,
};
inline constexpr const char* step_names[] = {"acknowledged", "first_response", "extended", "escalated", "reopened",
                                             "withdrawn",    "settled",        "decided",  "restored",  "closed"};
/// Who was right. Words, because "upheld" means opposite things to an ombudsman and to a court.
enum class FoundFor : std::uint8_t { person, partly_person, body, none };
inline constexpr const char* found_for_names[] = {"person", "partly_person", "body", "none"};

/// What became known about a complaint. Identity: (complaint, step, time).
struct ComplaintUpdate {
  Id128 complaint_id;
  Instant time;
  Step step = Step::acknowledged;
  std::optional<FoundFor> found_for;
};

/// When the person who decided saw what the system said.
enum class AiShown : std::uint8_t { first, after_own, never };
inline constexpr const char* ai_shown_names[] = {"first", "after_own", "never"};

/// What a person decided in the end, with the system's output before them or not. Says nothing about who it was.
struct Review {
  Id128 id;  ///< given, or the hash of the canonical record
  Id128 prediction_id;
  Instant time;  ///< when it was decided
  Value final;   ///< as Outcome::actual
  std::optional<Instant> opened_at;
  AiShown ai_shown = AiShown::first;
  bool seeded = false;        ///< the system's output was made wrong on purpose, to see whether it is noticed
  std::uint64_t content = 0;  ///< orders corrections of equal time
};

enum class Audience : std::uint8_t { staff, everyone };
inline constexpr const char* audience_names[] = {"staff", "public"};

/// One answer or remark. Never who gave it.
struct Feedback {
  Id128 id;  ///< given, or the hash of the canonical record
  Instant time;
  Audience audience = Audience::staff;
  std::optional<Id128> prediction_id;
  StringRef theme = no_string;
  std::optional<std::int8_t> stance;  ///< -2 (against) .. 2 (for)
  std::optional<double> value;
};

/// What about the system or its use was changed.
enum class What : std::uint8_t { model, threshold, data, prompt, policy, ui, staffing, other };
inline constexpr const char* what_names[] = {"model",  "threshold", "data",     "prompt",
                                             "policy", "ui",        "staffing", "other"};

struct Change {
  Id128 id;  ///< given, or the hash of the canonical record
  Instant time;
  What what = What::model;
  StringRef from = no_string, to = no_string;
  std::optional<bool> announced;  ///< to those who run the pilot, before it took effect
};

struct Record {
  StringRef pilot = no_string;
  std::uint32_t line = 0;  ///< in the submission, from 1; for answers only, not journaled
  std::variant<Prediction, Outcome, Complaint, ComplaintUpdate, Review, Feedback, Change> body;
};

/// In the order of Record::body; `unknown` stays last.
enum class Stream : std::uint8_t {
  predictions,
  outcomes,
  complaints,
  complaint_updates,
  reviews,
  feedback,
  changes,
  unknown,
};
inline constexpr const char* stream_names[] = {"predictions", "outcomes", "complaints", "complaint_updates",
                                               "reviews",     "feedback", "changes",    "unknown"};
inline constexpr std::size_t stream_count = std::size(stream_names);
static_assert(stream_count == std::variant_size_v<decltype(Record::body)> + 1);
[[nodiscard]] inline Stream stream_of(const Record& record) { return static_cast<Stream>(record.body.index()); }

/// Why a line was refused; exported as the label `reason`. Names and meaning: README, "Ingest".
enum class Reason : std::uint8_t {
  json,
  utf8,
  depth,
  line_too_long,
  schema,
  unknown_type,
  unknown_pilot,
  unknown_class,
  unknown_field,
  time,
  number,
  forbidden_pilot,
  csv,
  cloudevent,
  protobuf,
  mapping,
  unmapped,
  full,  ///< one more than the pilot's `bounds` let in
};
inline constexpr const char* reason_names[] = {"json",          "utf8",         "depth",         "line_too_long",
                                               "schema",        "unknown_type", "unknown_pilot", "unknown_class",
                                               "unknown_field", "time",         "number",        "forbidden_pilot",
                                               "csv",           "cloudevent",   "protobuf",      "mapping",
                                               "unmapped",     "full"};
inline constexpr std::size_t reason_count = std::size(reason_names);

/// A refused line: where, why, and what to do.
struct Reject {
  std::uint32_t line = 0;
  Stream stream = Stream::unknown;
  Reason reason = Reason::json;
  std::string detail;  ///< what of the data it repeats stands in quotes
  std::string text{};  ///< the beginning of the line itself, only where it was asked for
  std::string made{};  ///< of the record that a mapping made of it, likewise
};

/// Records that share a table of strings. Movable, cheap to move.
struct Batch {
  std::vector<std::string> strings{""};
  std::vector<Record> records;

  [[nodiscard]] const std::string& text(StringRef ref) const { return strings.at(ref); }
};

}  // namespace pilotwatch::record
