// SPDX-License-Identifier: Apache-2.0
// What the record path keeps beside the state: it must say what the plain thing would.
#include <catch2/catch.hpp>
#include <map>
#include <random>

#include "engine/batch_memo.h"
#include "engine/day_finder.h"
#include "engine/position_counts.h"
#include "engine/values.h"
#include "engine/wait_list.h"

namespace pilotwatch::engine {
namespace {

std::string bytes_of(const auto& counts) {
  ByteWriter out;
  counts.write(out);
  return out.take();
}

TEST_CASE("position counts: they are what sparse counts are, with the same bytes") {
  const auto seed = GENERATE(take(5, random(0u, 1u << 30)));
  CAPTURE(seed);
  std::mt19937_64 rng{seed};
  const auto large = GENERATE(0, 50, 7001);  // every so many steps a weight that soon needs more than 32 bits; 0: never
  CAPTURE(large);
  for (const std::uint32_t positions : {1U, 5U, 200U, 10'001U}) {
    SparseCounts plain, plain_other;
    PositionCounts counts, other;
    for (int i = 0; i < 8000; ++i) {
      const auto position = i % 97 == 0 ? unseen_category : static_cast<std::uint32_t>(rng() % positions);
      const auto times = large > 0 && i % large == large - 1 ? std::int64_t{3'000'000'000} : static_cast<std::int64_t>(rng() % 4) + 1;
      auto& own = i % 3 == 0 ? other : counts;
      auto& same = i % 3 == 0 ? plain_other : plain;
      own.add(position, times);
      same.add(position, times);
      if (i % 5 == 0) {
        own.add(position, -times);
        same.add(position, -times);
      }
      if (i % 500 != 499) continue;
      REQUIRE(bytes_of(counts) == bytes_of(plain));
      REQUIRE(counts.total() == plain.total());
      REQUIRE(counts.at(position) == plain.at(position));
      PositionCounts sum = counts;
      SparseCounts plain_sum = plain;
      sum += other;
      plain_sum += plain_other;
      REQUIRE(bytes_of(sum) == bytes_of(plain_sum));
      const auto saved = bytes_of(sum);
      ByteReader in(saved);
      PositionCounts read;
      read.read(in);
      REQUIRE(bytes_of(read) == saved);
      REQUIRE(read.items().size() == plain_sum.items().size());
    }
  }
}

TEST_CASE("wait list: it is a map, whatever the order in which things come") {
  const auto seed = GENERATE(take(5, random(0u, 1u << 30)));
  CAPTURE(seed);
  std::mt19937_64 rng{seed};
  for (const int disorder : {0, 3, 40, 5000}) {
    WaitList<int, int> list;
    std::map<int, int> plain;
    for (int i = 0; i < 4000; ++i) {
      const int key = 10 * (i - static_cast<int>(rng() % static_cast<unsigned>(disorder + 1))) + i % 10;
      if (!plain.emplace(key, i).second) continue;
      if (i % 7 == 0) {
        list.add_erasable(key, i);
        if (i % 2 == 0) {
          list.erase(key);
          plain.erase(key);
        }
      } else {
        list.add(key, i);
      }
      if (i % 3 == 0 && !plain.empty()) {
        REQUIRE(list.first() == plain.begin()->first);
        REQUIRE(list.take_first() == std::pair(plain.begin()->first, plain.begin()->second));
        plain.erase(plain.begin());
      }
      REQUIRE(list.size() == plain.size());
    }
    std::vector<std::pair<int, int>> all;
    list.each([&](int key, int value) { all.emplace_back(key, value); });
    REQUIRE(all == std::vector<std::pair<int, int>>(plain.begin(), plain.end()));
  }
}

TEST_CASE("category names: numbers stay while something has them, and are given anew after that") {
  CategoryNames names;
  const auto a = names.number_of("a"), b = names.number_of("b"), c = names.number_of("");
  CHECK(names.number_of("b") == b);
  names.keep_only({true, false, true});
  CHECK(names.in_use() == 2);
  CHECK(names.number_of("a") == a);
  CHECK(names.number_of("") == c);
  CHECK(names.number_of("d") == b);
  CHECK(names.number_of("b") == 3);
  CHECK(names.name(b) == "d");
}

TEST_CASE("batch memo: knows the batch in hand and no other") {
  record::Batch batch, other;
  batch.strings = other.strings = {"", "a", "b"};
  BatchMemo memo(2);
  int looks = 0;
  const auto look = [&](const record::Batch& in, std::size_t kind, record::StringRef text) {
    return memo.at(in, kind, text, [&] { return static_cast<std::uint32_t>(++looks); });
  };
  CHECK(look(batch, 0, 1) == 1);  // none is in hand
  memo.begin(batch);
  CHECK(look(batch, 0, 1) == 2);
  CHECK(look(batch, 1, 1) == 3);
  CHECK(look(batch, 0, 2) == 4);
  CHECK(look(batch, 0, 1) == 2);
  CHECK(look(batch, 1, 1) == 3);
  CHECK(look(other, 0, 1) == 5);
  CHECK_FALSE(memo.find(other, 0, 1));
  memo.forget();
  CHECK(look(batch, 0, 1) == 6);
  memo.end();
  CHECK_FALSE(memo.find(batch, 0, 1));
  batch.strings.resize(3000);
  memo.begin(batch);
  CHECK(look(batch, 1, 2999) == 7);
  CHECK(look(batch, 1, 2999) == 8);  // so many texts are not kept
  CHECK(memo.find(batch, 1, 0) == std::nullopt);
}

TEST_CASE("day finder: the zone's own days, also where clocks change") {
  const auto seed = GENERATE(take(5, random(0u, 1u << 30)));
  CAPTURE(seed);
  std::mt19937_64 rng{seed};
  for (const char* name : {"UTC", "Europe/Amsterdam", "America/St_Johns", "Asia/Kathmandu", "America/Asuncion",
                           "Pacific/Apia", "Australia/Lord_Howe"}) {
    CAPTURE(name);
    const auto zone = Zone::find(name).value();
    const DayFinder finder(zone);
    for (int i = 0; i < 4000; ++i) {
      // 1990 to 2035, some of them close together.
      const Instant around{std::chrono::seconds{631'152'000 + static_cast<std::int64_t>(rng() % 1'420'000'000)}};
      for (int k = 0; k < 4; ++k) {
        const auto time = around + Millis{static_cast<std::int64_t>(rng() % 200'000'000)};
        REQUIRE(finder.day_of(time) == day_of(zone, time));
        REQUIRE(finder.day_end(time) == start_of(zone, day_of(zone, time) + 1));
      }
    }
  }
}

}  // namespace
}  // namespace pilotwatch::engine
