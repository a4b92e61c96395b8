// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <random>

#include "settings/support.h"

using namespace pilotwatch::settings;
using namespace pilotwatch::settings::testing;

TEST_CASE("settings: a damaged file gives settings or problems, never an exception") {
  const std::string original = read_file(PILOTWATCH_SOURCE "/config/demo.yml");
  REQUIRE(original.size() > 1000);
  constexpr std::uint32_t seed = 20260105;
  CAPTURE(seed);
  std::mt19937 random(seed);
  const auto below = [&](std::size_t n) { return static_cast<std::size_t>(random() % n); };
  constexpr std::string_view telling = "{}[]:,#&*!|>'\"%@`- \n\t?~0\x80\xFF";
  std::size_t valid_ones = 0;
  for (int run = 0; run < 2000; ++run) {
    std::string text = original;
    for (std::size_t change = 0; change <= below(4); ++change) {
      const auto at = below(text.size());
      switch (below(4)) {
        case 0:
          text[at] = static_cast<char>(below(256));
          break;
        case 1:
          text[at] = telling[below(telling.size())];
          break;
        case 2:
          text.erase(at, 1 + below(40));
          break;
        default:
          text.insert(at, text.substr(below(text.size()), below(60)));
          break;
      }
    }
    CAPTURE(run);
    std::variant<Settings, std::vector<Problem>> parsed;
    REQUIRE_NOTHROW(parsed = parse(text, "p.yml"));
    if (const auto* found = std::get_if<std::vector<Problem>>(&parsed)) {
      REQUIRE(!found->empty());
      const auto order = [](const Problem& a, const Problem& b) {
        return std::pair(a.line, a.column) < std::pair(b.line, b.column);
      };
      REQUIRE(std::is_sorted(found->begin(), found->end(), order));
      for (const auto& problem : *found) REQUIRE(to_string(problem).find('\n') == std::string::npos);
    } else {
      ++valid_ones;
    }
  }
  CHECK(valid_ones > 100);  // comments and texts can change
  CHECK(valid_ones < 1900);
}
