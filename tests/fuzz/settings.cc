// SPDX-License-Identifier: Apache-2.0
// The configuration; what is shown of a valid one must be valid.
#include "fuzz/support.h"
#include "settings/show.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace pilotwatch;
  const auto result = settings::parse({reinterpret_cast<const char*>(data), size}, "fuzz.yml");
  if (const auto* parsed = std::get_if<settings::Settings>(&result)) {
    const auto note = [](const settings::Pilot&, const settings::Limit&) { return std::string(); };
    const auto again = settings::parse(settings::show(*parsed, note), "fuzz.yml");
    PW_ASSERT(std::holds_alternative<settings::Settings>(again));
  }
  return 0;
}
