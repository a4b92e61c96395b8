// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <catch2/catch.hpp>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>

#include "app/screen_text.h"

/// Texts as they should be, in tests/app/golden/.
namespace pilotwatch::testing {

inline std::string golden_path(const std::string& name) { return PILOTWATCH_SOURCE "/tests/app/golden/" + name; }

inline std::string golden(const std::string& name) {
  std::ifstream in(golden_path(name), std::ios::binary);
  std::stringstream out;
  out << in.rdbuf();
  return out.str();
}

inline void check_golden(const std::string& name, const std::string& text) {
  const char* write = std::getenv("PILOTWATCH_GOLDEN");
  if (write != nullptr && std::string(write) == "write") std::ofstream(golden_path(name), std::ios::binary) << text;
  CHECK(golden(name) == text);
}

/// Printable lines of at most so many columns, without spaces at their ends.
inline void check_lines(const std::string& text, std::size_t width) {
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) {
    INFO(line);
    CHECK(app::columns(line) <= width);
    CHECK(app::printable(line) == line);
    CHECK((line.empty() || line.back() != ' '));
  }
}

}  // namespace pilotwatch::testing
