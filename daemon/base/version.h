// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace pilotwatch {

[[nodiscard]] std::string_view version();   ///< "0.1.0"
[[nodiscard]] std::string_view revision();  ///< git commit the build directory was configured at, or ""
[[nodiscard]] std::string_view compiler();  ///< "gcc 12.2.0"

}  // namespace pilotwatch
