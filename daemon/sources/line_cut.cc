// SPDX-License-Identifier: Apache-2.0
#include "sources/line_cut.h"

namespace pilotwatch::sources {
namespace {

/// Walks over rows of RFC 4180. A quote opens a field only where the field begins; elsewhere it is a character. Which
/// character separates fields is not known here, so each of the usual ones begins one.
class RowWalk {
 public:
  /// True at the newline that ends a row.
  bool step(char byte) {
    if (quoted_) {
      if (byte == '"') quoted_ = false, after_quote_ = true;
      return false;
    }
    if (byte == '"' && (begins_ || after_quote_)) {  // after a quote: it was an escape, "" within the field
      quoted_ = true;
      begins_ = after_quote_ = false;
      return false;
    }
    after_quote_ = false;
    begins_ = byte == ',' || byte == ';' || byte == '\t' || byte == '\n';
    return byte == '\n';
  }

 private:
  bool quoted_ = false, after_quote_ = false, begins_ = true;
};

std::size_t rows_length(std::string_view bytes, bool first_only) {
  RowWalk walk;
  std::size_t whole = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (!walk.step(bytes[i])) continue;
    whole = i + 1;
    if (first_only) break;
  }
  return whole;
}

}  // namespace

std::size_t whole_records(std::string_view bytes, settings::SourceFormat format) {
  if (format == settings::SourceFormat::csv) return rows_length(bytes, false);
  const auto last = bytes.rfind('\n');
  if (last == std::string_view::npos) return 0;
  const auto first = bytes.find_first_not_of(" \t\r\n");
  return first < last && bytes[first] == '[' ? bytes.find('\n', first) + 1 : last + 1;
}

std::size_t first_record(std::string_view bytes, settings::SourceFormat format) {
  return format == settings::SourceFormat::csv ? rows_length(bytes, true) : bytes.find('\n') + 1;
}

}  // namespace pilotwatch::sources
