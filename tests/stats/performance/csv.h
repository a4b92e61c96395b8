// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <catch2/catch.hpp>
#include <fstream>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace pilotwatch::stats::testing {

/// One row by column name. Numbers by `number`; "NA" and empty fields are for the test to skip.
using CsvRow = std::map<std::string, std::string>;
inline double number(const CsvRow& row, const std::string& column) { return std::stod(row.at(column)); }

inline std::vector<std::string> csv_fields(const std::string& line) {
  std::vector<std::string> out(1);
  bool quoted = false;
  for (const char c : line) {
    if (c == '"') {
      quoted = !quoted;
    } else if (c == ',' && !quoted) {
      out.emplace_back();
    } else if (c != '\r') {
      out.back() += c;
    }
  }
  return out;
}

/// Rows of a published data set, or nullopt (said aloud by name) on a machine that has not got it. No quotes inside
/// quotes, no line breaks in fields: the files have none.
inline std::optional<std::vector<CsvRow>> csv(const std::string& file) {
  const std::string path = std::string(PILOTWATCH_SHARED) + "/data/" + file;
  std::ifstream in(path);
  if (!in) {
    WARN("SKIPPED: " << path << " is absent");
    return std::nullopt;
  }
  std::string line;
  std::getline(in, line);
  const auto header = csv_fields(line);
  std::vector<CsvRow> rows;
  while (std::getline(in, line)) {
    const auto fields = csv_fields(line);
    REQUIRE(fields.size() == header.size());
    CsvRow row;
    for (std::size_t i = 0; i < header.size(); ++i) row[header[i]] = fields[i];
    rows.push_back(std::move(row));
  }
  return rows;
}

}  // namespace pilotwatch::stats::testing
