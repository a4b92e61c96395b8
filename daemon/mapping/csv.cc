// SPDX-License-Identifier: Apache-2.0
#include "mapping/csv.h"

#include "base/text.h"
#include "mapping/translator.h"

namespace pilotwatch::mapping {

CsvReader::CsvReader(std::string_view bytes, char separator, std::uint64_t max_row_bytes)
    : bytes_(bytes), separator_(separator), max_row_bytes_(max_row_bytes) {
  if (bytes_.starts_with("\xEF\xBB\xBF")) bytes_.remove_prefix(3);
}

bool CsvReader::at_line_end() const {
  return at_ == bytes_.size() || bytes_[at_] == '\n' || (bytes_[at_] == '\r' && at_ + 1 == bytes_.size()) ||
         (bytes_[at_] == '\r' && bytes_[at_ + 1] == '\n');
}

void CsvReader::skip_line() {
  const auto end = bytes_.find('\n', at_);
  at_ = end == std::string_view::npos ? bytes_.size() : end + 1;
  ++line_;
}

std::optional<CsvRow> CsvReader::next() {
  while (at_ < bytes_.size() && at_line_end()) skip_line();
  if (at_ == bytes_.size()) return std::nullopt;
  CsvRow row;
  row.line = line_;
  read_row(row);
  return row;
}

void CsvReader::read_row(CsvRow& row) {
  const auto start = at_;
  const auto first_line = line_;
  while (row.problem.empty()) {
    row.cells.push_back(cell(row));
    if (!row.problem.empty() || at_line_end()) break;
    ++at_;  // the separator
    if (row.cells.size() > max_members) row.problem = "more than 1024 columns";
  }
  const bool whole = row.problem.empty();  // then its end is known, whatever else is wrong with it
  if (whole && at_ - start > max_row_bytes_) row.problem = "longer than ingest.max_line_bytes";
  if (row.problem.empty() && to_valid_utf8(bytes_.substr(start, at_ - start)) != bytes_.substr(start, at_ - start))
    row.problem = "not valid UTF-8";
  if (whole) {
    row.text = bytes_.substr(start, at_ - start);
    return skip_line();
  }
  // What follows the first line of a broken row may be whole rows again: a lost quote costs one row.
  at_ = start;
  line_ = first_line;
  row.text = bytes_.substr(start, bytes_.find('\n', start) - start);
  skip_line();
}

std::string CsvReader::cell(CsvRow& row) {
  if (at_ < bytes_.size() && bytes_[at_] == '"') return quoted_cell(row);
  const auto start = at_;
  while (!at_line_end() && bytes_[at_] != separator_) {
    if (bytes_[at_] == '"') row.problem = "a quote within a field that does not begin with one";
    ++at_;
  }
  return std::string(bytes_.substr(start, at_ - start));
}

std::string CsvReader::quoted_cell(CsvRow& row) {
  std::string out;
  const auto start = at_++;
  while (at_ < bytes_.size() && at_ - start <= max_row_bytes_) {
    const char c = bytes_[at_++];
    if (c != '"') {
      out += c;
      if (c == '\n') ++line_;
      continue;
    }
    if (at_ < bytes_.size() && bytes_[at_] == '"') {
      out += '"';
      ++at_;
      continue;
    }
    if (!at_line_end() && bytes_[at_] != separator_) row.problem = "text behind the closing quote of a field";
    return out;
  }
  row.problem = at_ == bytes_.size() ? "a quoted field that never ends" : "longer than ingest.max_line_bytes";
  return out;
}

}  // namespace pilotwatch::mapping
