// SPDX-License-Identifier: Apache-2.0
#include "base/version.h"

namespace pilotwatch {

std::string_view version() { return PILOTWATCH_VERSION; }
std::string_view revision() { return PILOTWATCH_REVISION; }
std::string_view compiler() {
#if defined(__clang__)
  return "clang " __clang_version__;
#else
  return "gcc " __VERSION__;
#endif
}

}  // namespace pilotwatch
