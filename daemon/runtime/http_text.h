// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ctime>
#include <string>
#include <string_view>

/// Small texts of HTTP; no Asio, no Beast.
namespace pilotwatch::runtime {

/// "Mon, 05 Jan 2026 00:00:00 GMT" (RFC 9110, 5.6.7).
[[nodiscard]] std::string http_date(std::time_t time);

/// A line break in a header would end it: whatever a handler puts there stays one header.
[[nodiscard]] std::string one_line(std::string text);

/// ASCII only, as names of headers are.
[[nodiscard]] std::string lower_case(std::string_view text);

}  // namespace pilotwatch::runtime
