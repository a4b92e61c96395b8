// SPDX-License-Identifier: Apache-2.0
#include "sources/tail_wake.h"

#include <catch2/catch.hpp>
#include <filesystem>
#include <thread>

#include "support/scratch_dir.h"

namespace fs = std::filesystem;
using namespace pilotwatch;
using namespace pilotwatch::sources;
using pilotwatch::testing::append;
using pilotwatch::testing::ScratchDir;
using Why = TailWake::Why;

namespace {

constexpr Millis long_time{3'600'000};  // a test that would take it hangs
constexpr Millis no_time{0};

struct Woken {
  explicit Woken(const std::string& pattern = "log*") : wake({dir.path() / pattern}) { wake.watch(); }
  ScratchDir dir;
  TailWake wake;
};

}  // namespace

TEST_CASE("wake: a change ends the sleep, and is told once") {
  Woken w;
  CHECK(w.wake.watches() == 1);
  CHECK(w.wake.wait(no_time, true) == Why::time_is_up);
  append(w.dir.path() / "log", "a\n");
  CHECK(w.wake.wait(long_time, true) == Why::changed);
  CHECK(w.wake.wait(no_time, true) == Why::time_is_up);
  append(w.dir.path() / "log", "b\n");
  CHECK(w.wake.wait(long_time, true) == Why::changed);
}

TEST_CASE("wake: a change while it sleeps ends the sleep") {
  Woken w;
  std::thread writer([&] { append(w.dir.path() / "log", "a\n"); });
  CHECK(w.wake.wait(long_time, true) == Why::changed);
  writer.join();
}

TEST_CASE("wake: renamed, deleted and new files may be rotation, whatever their names") {
  Woken w("log");
  append(w.dir.path() / "other", "");
  CHECK(w.wake.wait(long_time, true) == Why::changed);
  fs::rename(w.dir.path() / "other", w.dir.path() / "another");
  CHECK(w.wake.wait(long_time, true) == Why::changed);
  fs::remove(w.dir.path() / "another");
  CHECK(w.wake.wait(long_time, true) == Why::changed);
}

TEST_CASE("wake: what is written to files that no pattern means does not end the sleep") {
  Woken w("log*");
  append(w.dir.path() / "other", "a\n");
  CHECK(w.wake.wait(long_time, true) == Why::changed);  // it is new
  append(w.dir.path() / "other", "b\n");
  CHECK(w.wake.wait(Millis{1}, true) == Why::time_is_up);
  append(w.dir.path() / "other", "c\n");
  append(w.dir.path() / "log.1", "a\n");
  CHECK(w.wake.wait(long_time, true) == Why::changed);
}

TEST_CASE("wake: changes can be left for the next sleep") {
  Woken w;
  append(w.dir.path() / "log", "a\n");
  CHECK(w.wake.wait(Millis{1}, false) == Why::time_is_up);
  CHECK(w.wake.wait(long_time, true) == Why::changed);
}

TEST_CASE("wake: stopped, it sleeps no more") {
  Woken w;
  std::thread stopper([&] { w.wake.stop(); });
  CHECK(w.wake.wait(long_time, true) == Why::stopped);
  stopper.join();
  w.wake.stop();
  append(w.dir.path() / "log", "a\n");
  CHECK(w.wake.wait(long_time, true) == Why::stopped);
  CHECK(w.wake.wait(no_time, false) == Why::stopped);
}

TEST_CASE("wake: a folder is watched once it is there, and again when it has been made anew") {
  const ScratchDir dir;
  const auto folder = dir.path() / "logs";
  TailWake wake({folder / "a", folder / "b"});
  wake.watch();
  CHECK(wake.watches() == 0);
  CHECK(wake.errors() == 0);
  for (int round = 0; round < 2; ++round) {
    fs::create_directory(folder);
    wake.watch();
    wake.watch();
    CHECK(wake.watches() == 1);
    append(folder / "a", "x\n");
    CHECK(wake.wait(long_time, true) == Why::changed);
    fs::remove_all(folder);
    CHECK(wake.wait(long_time, true) == Why::changed);
    CHECK(wake.watches() == 0);
  }
  CHECK(wake.errors() == 0);
}

TEST_CASE("wake: of a pattern with wildcards in its folders, the one above them is watched") {
  const ScratchDir dir;
  TailWake wake({dir.path() / "*" / "log"});
  wake.watch();
  CHECK(wake.watches() == 1);
  fs::create_directory(dir.path() / "new");
  CHECK(wake.wait(long_time, true) == Why::changed);
}

TEST_CASE("wake: a folder that cannot be watched is counted once, and sleeps take their time") {
  const ScratchDir dir;
  const auto loop = dir.path() / "loop";
  fs::create_symlink("loop", loop);  // not even root can
  TailWake wake({loop / "log"});
  for (int i = 0; i < 3; ++i) wake.watch();
  CHECK(wake.errors() == 1);
  CHECK(wake.watches() == 0);
  CHECK(wake.wait(Millis{1}, true) == Why::time_is_up);
}
