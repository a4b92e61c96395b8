// SPDX-License-Identifier: Apache-2.0
#include "runtime/worker.h"

#include <catch2/catch.hpp>
#include <future>
#include <vector>

using pilotwatch::runtime::Worker;

TEST_CASE("worker: runs jobs in order on its own thread, and what is queued before it stops") {
  std::vector<int> seen;
  std::promise<void> go;
  auto gate = go.get_future();
  std::thread::id where;
  {
    Worker worker("pw-test");
    worker.post([&] {
      where = std::this_thread::get_id();
      gate.wait();
    });
    for (int i = 0; i < 100; ++i) worker.post([&seen, i] { seen.push_back(i); });
    go.set_value();
    worker.stop();
    worker.post([&seen] { seen.push_back(-1); });  // too late: dropped
  }
  CHECK(where != std::this_thread::get_id());
  REQUIRE(seen.size() == 100);
  for (int i = 0; i < 100; ++i) CHECK(seen[static_cast<std::size_t>(i)] == i);
}
