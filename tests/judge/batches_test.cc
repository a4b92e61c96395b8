// SPDX-License-Identifier: Apache-2.0
// What texts mean is looked up once a batch: how records are cut into batches changes nothing, also where there are more
// versions, values and categories than have a place of their own.
#include <random>

#include "support/budget_scenario.h"

using namespace pilotwatch;
using namespace pilotwatch::testing;

namespace {

settings::Settings crowded() {
  auto errors = budget("errors", settings::Metric::error_rate, .3);
  auto pilot = watched({errors});
  pilot.segments.attributes = {"g", "h"};
  pilot.segments.pairs = {{"g", "h"}};
  pilot.segments.max_values = 4;
  pilot.features = {{"place", settings::FeatureKind::categorical}, {"income", settings::FeatureKind::numeric}};
  pilot.windows = {{settings::WindowKind::day, 0}, {settings::WindowKind::count, 50}};
  pilot.reference.first = 200;
  return settings_of({pilot});
}

std::vector<std::string> lines(std::mt19937_64& rng, int n) {
  std::vector<std::string> out;
  const auto text = [&](const char* prefix, std::uint64_t of) {
    return '"' + std::string(prefix) + std::to_string(rng() % of) + '"';
  };
  for (auto& c : cases(rng(), n, [](int) { return .2; })) {
    // Mostly few names, at times any of many; a feature's value is another's name, and so on.
    const bool any = rng() % 4 == 0;
    c.rest = R"(,"model_version":)" + text("v", any ? 40 : 2) + R"(,"segments":{"g":)" + text("v", any ? 9 : 3) +
             R"(,"h":)" + text("h", any ? 9 : 2) + R"(},"features":{"place":)" +
             text(rng() % 2 == 0 ? "v" : "p", any ? 3000 : 6) + R"(,"income":)" + std::to_string(rng() % 1000) + "}";
    out.push_back(prediction(c));
    if (rng() % 2 == 0) out.push_back(outcome(c, std::chrono::minutes{1}));
  }
  return out;
}

}  // namespace

TEST_CASE("batches: however records are cut into them, the state is the same to the byte") {
  const auto seed = GENERATE(take(4, random(0u, 1u << 30)));
  CAPTURE(seed);
  std::mt19937_64 rng{seed};
  const auto all = lines(rng, 6000);
  Scenario one_by_one(crowded()), cut(crowded());
  for (const auto& line : all) one_by_one.send(line);
  for (std::size_t at = 0; at < all.size();) {
    const auto end = std::min(all.size(), at + 1 + rng() % 900);
    std::string batch;
    while (at < end) batch += all[at++];
    cut.send(batch);
  }
  cut.sequence = one_by_one.sequence;
  const auto counters = one_by_one.fold.snapshot(Instant{})->pilots.front().counters;
  CHECK(counters.label_overflows.size() >= 3);  // there were more than have a place
  CHECK(counters.versions.size() > 10);
  CHECK(transition_text(one_by_one) == transition_text(cut));
  CHECK(one_by_one.saved() == cut.saved());
}
