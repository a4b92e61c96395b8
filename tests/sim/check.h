// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <stdexcept>
#include <string>

namespace pilotwatch::sim {

/// Something that must never be: the world stops, and its seed is told.
class Violation : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// The first one of this world: who calls us back may swallow exceptions.
inline std::string& first_violation() {
  static std::string what;
  return what;
}

inline void require(bool holds, const std::string& what) {
  if (holds) return;
  if (first_violation().empty()) first_violation() = what;
  throw Violation(what);
}

}  // namespace pilotwatch::sim
