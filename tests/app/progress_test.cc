// SPDX-License-Identifier: Apache-2.0
#include "app/progress.h"

#include <catch2/catch.hpp>

#include "app/screen_text.h"

using namespace pilotwatch;
using namespace pilotwatch::app;
using std::chrono::milliseconds;

namespace {

class Hand final : public SteadyClock {
 public:
  [[nodiscard]] SteadyTime now() const override { return time; }
  SteadyTime time{};
};

}  // namespace

TEST_CASE("progress: a share, a bar as wide as there is room for, and a guess at the rest") {
  CHECK(progress_text({"backing up", 512, 2048, true, 3.2}, 80) ==
        "backing up [#######.......................] 25 %, 512 B of 2 kB, 4 s left");
  CHECK(progress_text({"backing up", 512, 2048, true, 3.2}, 53) == "backing up [##........] 25 %, 512 B of 2 kB, 4 s left");
  CHECK(progress_text({"backing up", 512, 2048, true, 3.2}, 44).find('[') == std::string::npos);
  CHECK(columns(progress_text({"backing up", 512, 2048, true, 3.2}, 20)) == 20);
  CHECK(progress_text({"reading", 1500, 3000, false, 300.0}, 200) ==
        "reading [###############...............] 50 %, 1.5k of 3k, 5 min left");
  CHECK(progress_text({"reading", 1, 2, false, 8000.0}, 200).find("3 h left") != std::string::npos);
  CHECK(progress_text({"reading", 10, 5, false, {}}, 200).find("100 %") != std::string::npos);
}

TEST_CASE("progress: where nobody knows how much there is, what has been done") {
  CHECK(progress_text({"reading", 950, 0, true, {}}, 80) == "reading, 950 B");
}

TEST_CASE("progress: on a terminal a bar that goes away, elsewhere a line now and then") {
  const bool terminal = GENERATE(true, false);
  CAPTURE(terminal);
  Hand hand;
  std::string out;
  {
    Progress progress("reading", false, {terminal, 60, [&](const std::string& text) { out += text; }}, hand);
    progress.update(1, 100);
    hand.time += milliseconds{999};
    progress.update(2, 100);
    CHECK(out.empty());  // over within a second: not worth a word
    hand.time += milliseconds{1};
    progress.update(10, 100);
    CHECK(out.empty() != terminal);
    hand.time += milliseconds{9000};
    progress.update(50, 100);
    CHECK((out.find("50 %") != std::string::npos));
    CHECK((out.find("10 s left") != std::string::npos));
    const auto so_far = out.size();
    hand.time += milliseconds{100};
    progress.update(51, 100);
    CHECK(out.size() == so_far);
  }
  CHECK((out.find('\n') != std::string::npos) != terminal);
  if (terminal) CHECK(out.ends_with(" \r"));
}
