// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "base/time.h"
#include "settings/mapping.h"

namespace pilotwatch::settings {

/// What brings the bytes.
enum class SourceKind : std::uint8_t {
  http,  ///< POST /v1/..., CloudEvents included
  file,  ///< files that a program appends to
  otlp,  ///< OTLP/HTTP on its own listener
};

/// How bytes of files and of bodies without a telling Content-Type are cut into records.
enum class SourceFormat : std::uint8_t { json, csv };
inline constexpr const char* source_format_names[] = {"json", "csv"};

/// Where reading begins in the files that are there when a source is followed for the very first time.
enum class StartAt : std::uint8_t { beginning, end };
inline constexpr const char* start_at_names[] = {"beginning", "end"};

inline constexpr const char* separator_names[] = {",", ";", "tab"};

/// One of YAML `sources`.
struct Source {
  std::string name;  ///< label `source`; "http" is what comes by HTTP without naming a source
  SourceKind kind = SourceKind::http;
  std::vector<std::filesystem::path> files{};  ///< kind file: paths or globs, relative to the config file made absolute
  SourceFormat format = SourceFormat::json;
  char separator = ',';                ///< of csv
  std::string pilot{};                 ///< for records without `pilot`; "" = they must name one
  std::vector<std::string> pilots{};   ///< the only ones it may write; empty = all
  std::filesystem::path token_file{};  ///< kinds http and otlp: bearer tokens, one a line; "" = none is asked for
  Mapping mapping{};
  Millis poll_interval{500};              ///< kind file
  StartAt start_at = StartAt::beginning;  ///< kind file
  std::uint64_t max_open_files = 256;     ///< kind file: descriptors; more files are read by turns
  Millis ignore_older{0};                 ///< kind file: unknown files unchanged for so long are left alone; 0 = none
};

}  // namespace pilotwatch::settings
