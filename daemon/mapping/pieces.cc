// SPDX-License-Identifier: Apache-2.0
#include "mapping/pieces.h"

#include <algorithm>

namespace pilotwatch::mapping {
namespace {

constexpr std::string_view blanks = " \t\r\n";

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(blanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

/// Follows brackets and quotes, a character at a time.
class Nesting {
 public:
  /// Whether the character ends a value that began with a bracket: the outermost bracket closes.
  bool closes(char c) {
    if (in_string_) {
      if (escaped_) {
        escaped_ = false;
      } else if (c == '\\') {
        escaped_ = true;
      } else if (c == '"') {
        in_string_ = false;
      }
      return false;
    }
    if (c == '"') in_string_ = true;
    if (c == '[' || c == '{') ++depth_;
    if ((c != ']' && c != '}') || depth_ == 0) return false;
    return --depth_ == 0;
  }
  /// A comma here stands between the elements of the outermost array.
  [[nodiscard]] bool between_elements() const { return depth_ == 1 && !in_string_; }

 private:
  std::size_t depth_ = 0;
  bool in_string_ = false, escaped_ = false;
};

/// Where the value that begins with the first character's bracket ends, behind its last bracket; npos = nowhere.
std::size_t end_of_value(std::string_view text) {
  Nesting nesting;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (nesting.closes(text[i])) return i + 1;
  }
  return std::string_view::npos;
}

bool second_line_is_an_object(std::string_view text) {
  const auto end = text.find('\n');
  if (end == std::string_view::npos) return false;
  auto rest = trimmed(text.substr(end + 1));
  rest = trimmed(rest.substr(0, rest.find('\n')));
  return rest.starts_with('{') && rest.ends_with('}');  // in an array a comma would follow, or stand before it
}

void elements(std::string_view array, const std::function<void(const Piece&)>& take) {
  Nesting nesting;
  std::uint32_t line = 0;
  std::size_t start = 1;
  const auto inner_end = array.size() - 1;
  if (trimmed(array.substr(1, inner_end - 1)).empty()) return;
  for (std::size_t i = 0; i < array.size(); ++i) {
    const bool end = nesting.closes(array[i]);
    if (!end && !(array[i] == ',' && nesting.between_elements())) continue;
    // An empty one is a mistake that whoever parses it will name.
    take({trimmed(array.substr(start, i - start)), ++line});
    start = i + 1;
  }
}

void lines(std::string_view text, const std::function<void(const Piece&)>& take) {
  std::uint32_t line = 0;
  while (!text.empty()) {
    const auto end = text.find('\n');
    const auto piece = trimmed(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    ++line;
    if (!piece.empty()) take({piece, line});
  }
}

}  // namespace

void for_each_piece(std::string_view bytes, const std::function<void(const Piece&)>& take) {
  if (bytes.starts_with("\xEF\xBB\xBF")) bytes.remove_prefix(3);
  const auto text = trimmed(bytes);
  if (text.empty()) return;
  const bool array = text.front() == '[', object = text.front() == '{';
  // A value that spans all there is, and more than the first line.
  const auto end = array || object ? end_of_value(text) : std::string_view::npos;
  if (array && end == text.size()) return elements(text, take);
  // A broken array gets one answer, unless it is lines of which the first happens to begin with a bracket.
  if (array && end == std::string_view::npos && !second_line_is_an_object(text))
    return take({trimmed(text.substr(0, text.find('\n'))), 1});
  if (object && end == text.size() && text.find('\n') != std::string_view::npos) return take({text, 1});
  lines(bytes, take);
}

std::string on_one_line(std::string_view json) {
  std::string out(json);
  std::ranges::replace(out, '\n', ' ');
  std::ranges::replace(out, '\r', ' ');
  return out;
}

}  // namespace pilotwatch::mapping
