// SPDX-License-Identifier: Apache-2.0
#include "base/result.h"

#include <cstdio>
#include <cstdlib>

namespace pilotwatch {

void assertion_failed(const char* expression, const char* file, int line) {
  std::fprintf(stderr, "pilotwatch: bug: %s does not hold at %s:%d\n", expression, file, line);
  std::abort();
}

}  // namespace pilotwatch
