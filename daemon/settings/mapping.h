// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/time_pattern.h"
#include "base/zone.h"

/// How foreign records become records of the wire format; YAML `sources[].preset` and `sources[].map`.
namespace pilotwatch::settings {

/// Ready mappings, README "Presets of sources". `pilotwatch` is the wire format itself.
enum class SourcePreset : std::uint8_t {
  pilotwatch,
  kserve,
  seldon,
  otel_genai,
  openinference,
  sagemaker,
  mlflow,
  csv
};
inline constexpr const char* source_preset_names[] = {"pilotwatch",    "kserve",    "seldon", "otel-genai",
                                                      "openinference", "sagemaker", "mlflow", "csv"};

/// A single value as the configuration has it; `text` is its JSON, of texts what they say.
struct Scalar {
  enum class Kind : std::uint8_t { text, number, boolean } kind = Kind::text;
  std::string text;
};

/// Where a value stands in a foreign record.
struct Pointer {
  enum class Root : std::uint8_t {
    element,  ///< of `each`; without `each` the record
    whole,    ///< the record: "$/a"
    index,    ///< "#": which element of `each`, from 0; absent where there is only one
    only,     ///< "*": the only member of the element that no field of the rule names; absent where there are several
    literal,  ///< "=text"
    received  ///< "$received": when the bytes came
  } root = Root::element;
  std::vector<std::string> steps;  ///< literal: the text
  std::string text;                ///< as the configuration spells it, for messages
};

/// Pointers whose values are put together; mostly there is one. Absent where any is, but for "#".
using Joined = std::vector<Pointer>;

enum class TimeForm : std::uint8_t { any, rfc3339, unix_s, unix_ms, unix_us, unix_ns, pattern };
inline constexpr const char* time_form_names[] = {"any", "rfc3339", "unix_s", "unix_ms", "unix_us", "unix_ns"};
enum class LatencyUnit : std::uint8_t { ns, us, ms, s };
inline constexpr const char* latency_unit_names[] = {"ns", "us", "ms", "s"};

/// Where one member of a wire record comes from.
struct FieldRule {
  std::string member;                                  ///< "prediction", "features", "features.amount"
  std::vector<Joined> from;                            ///< the first that is there
  std::string with;                                    ///< between joined values
  std::optional<Scalar> value;                         ///< always this, instead of `from`
  std::optional<Scalar> absent;                        ///< YAML `default`: where none of `from` is there
  std::vector<std::pair<std::string, Scalar>> values;  ///< what each foreign value becomes
  std::optional<Scalar> otherwise;                     ///< YAML `else`: for those that `values` does not name
  std::vector<std::string> names;                      ///< of the elements of an array that becomes an object
  TimeForm time = TimeForm::any;
  TimePattern pattern;
  Zone zone;
  LatencyUnit unit = LatencyUnit::ms;
};

/// One of YAML `when`: all must hold.
struct Condition {
  Pointer at;
  std::optional<bool> present;
  std::vector<std::string> among;  ///< `equals` and `in`: the texts of what it may be
};

/// How `each` cuts a value into elements.
enum class RowForm : std::uint8_t { rows, split, tensors, ndarray };
inline constexpr const char* row_form_names[] = {"rows", "split", "tensors", "ndarray"};

struct Each {
  Pointer at;
  RowForm form = RowForm::rows;
  std::vector<Condition> when;  ///< on the element; others are passed over
};

/// What one foreign record, or each of its elements, becomes.
struct MapRule {
  std::string type;             ///< of the wire record
  bool extends = false;         ///< laid over the preset's rules of the type instead of replacing them
  std::vector<Condition> when;  ///< on the foreign record
  std::optional<Each> each;
  std::vector<FieldRule> fields;
};

struct Mapping {
  SourcePreset preset = SourcePreset::pilotwatch;
  std::vector<MapRule> rules;         ///< YAML `map`
  std::vector<MapRule> preset_rules;  ///< of the preset, in the same language

  /// Records of the wire format pass unread.
  [[nodiscard]] bool identity() const { return preset == SourcePreset::pilotwatch && rules.empty(); }
};

}  // namespace pilotwatch::settings
