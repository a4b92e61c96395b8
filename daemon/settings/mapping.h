// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

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

struct Mapping {
  SourcePreset preset = SourcePreset::pilotwatch;

  /// Records of the wire format pass unread.
  [[nodiscard]] bool identity() const { return preset == SourcePreset::pilotwatch; }
};

}  // namespace pilotwatch::settings
