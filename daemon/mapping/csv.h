// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// RFC 4180, and what writers of CSV do beside it. Private to mapping/.
namespace pilotwatch::mapping {

/// One row, in the order of its columns.
struct CsvRow {
  std::vector<std::string> cells;
  std::uint32_t line = 0;  ///< where the row begins, from 1
  std::string_view text;   ///< as it stands there; of a broken row its first line
  /// Why it cannot be used, "" = it can: a quote that never ends, text behind a closing quote, too long, not UTF-8.
  std::string problem;
};

/// Reads rows off the front of bytes. Lines end with \n or \r\n; empty lines are left out; a byte order mark too.
class CsvReader {
 public:
  CsvReader(std::string_view bytes, char separator, std::uint64_t max_row_bytes);
  /// nullopt at the end.
  [[nodiscard]] std::optional<CsvRow> next();

 private:
  void read_row(CsvRow& row);
  [[nodiscard]] std::string cell(CsvRow& row);
  [[nodiscard]] std::string quoted_cell(CsvRow& row);
  void skip_line();
  [[nodiscard]] bool at_line_end() const;

  std::string_view bytes_;
  std::size_t at_ = 0;
  char separator_;
  std::uint64_t max_row_bytes_;
  std::uint32_t line_ = 1;
};

}  // namespace pilotwatch::mapping
