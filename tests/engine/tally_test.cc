// SPDX-License-Identifier: Apache-2.0
#include "engine/tally.h"

#include <catch2/catch.hpp>
#include <map>
#include <random>

#include "support/scenario.h"

using namespace pilotwatch;
using namespace pilotwatch::engine;

TEST_CASE("sparse counts: agree with a plain map, and merging equals adding all at once") {
  const auto seed = GENERATE(take(200, random(0u, 1u << 30)));
  CAPTURE(seed);
  std::mt19937_64 rng{seed};
  std::map<std::uint32_t, std::uint64_t> plain;
  SparseCounts all, left, right;
  for (int i = 0; i < 200; ++i) {
    const auto position = static_cast<std::uint32_t>(rng() % 40);
    if (rng() % 3 == 0 && plain.contains(position)) {  // take back
      all.add(position, -1);
      left.add(position, -1);
      if (--plain[position] == 0) plain.erase(position);
    } else {
      all.add(position, 2);
      (rng() % 2 == 0 ? left : right).add(position, 2);
      plain[position] += 2;
    }
  }
  SparseCounts merged = left;
  merged += right;
  const auto items = all.items();
  REQUIRE(items.size() == plain.size());
  for (const auto& [position, count] : plain) CHECK(all.at(position) == count);
  std::uint64_t total = 0;
  for (const auto& item : merged.items()) total += item.second;
  CHECK(total == all.total());
}

TEST_CASE("cells: merge equals all at once, byte for byte, whatever the order") {
  const auto cell_of = [](std::uint64_t i) {
    Cell cell;
    cell.overall.decisions = i;
    Decision d;
    d.has_outcome = d.has_score = true;
    d.actual = static_cast<double>(i % 2);
    d.score = static_cast<double>(i) / 64;
    auto pilot = testing::binary_pilot();
    pilot.scores.max_distinct = 8;  // fewer than the scores: brackets, too, must not depend on the order
    cell.overall.scored.add(d, pilot, false, 1);
    cell.groups[{1, 0}].scored.add(d, pilot, true, 3);
    cell.overall.confusion.add(static_cast<std::uint32_t>(i % 4), 3);
    cell.groups[{0, static_cast<std::uint16_t>(i % 3)}].errors = i;
    cell.features.resize(2);
    cell.features[i % 2].positions.add(static_cast<std::uint32_t>(i), 1);
    return cell;
  };
  Cell forward, backward;
  for (std::uint64_t i = 1; i <= 50; ++i) forward += cell_of(i);
  for (std::uint64_t i = 50; i >= 1; --i) backward += cell_of(i);
  ByteWriter a, b;
  forward.write(a);
  backward.write(b);
  CHECK(a.bytes() == b.bytes());
  ByteReader in(a.bytes());
  Cell back;
  back.read(in);
  ByteWriter c;
  back.write(c);
  CHECK(c.bytes() == a.bytes());
}

TEST_CASE("tally: counts that are not in order are damage, and no reason to crash") {
  ByteWriter out;
  for (const std::uint64_t number : {3, 0, 1, 40, 1, 1, 1}) out.u64(number);  // three counts, at 0, 40 and 1
  PositionCounts counts;
  ByteReader in(out.bytes());
  CHECK_THROWS_AS(counts.read(in), CorruptBytes);
}
