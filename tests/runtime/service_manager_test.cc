// SPDX-License-Identifier: Apache-2.0
#include "runtime/service_manager.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <string>
#include <vector>

#include "support/scratch_dir.h"

using namespace pilotwatch;
using runtime::ServiceWatchdog;
using namespace std::chrono_literals;

namespace {

/// The other end of $NOTIFY_SOCKET, for as long as it lives.
class Manager {
 public:
  explicit Manager(std::optional<std::string> period = {}) : socket_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0)) {
    const auto path = (folder_.path() / "notify").string();
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    REQUIRE(path.size() < sizeof address.sun_path);
    std::strcpy(address.sun_path, path.c_str());
    REQUIRE(::bind(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
    ::setenv("NOTIFY_SOCKET", path.c_str(), 1);
    if (period) ::setenv("WATCHDOG_USEC", period->c_str(), 1);
  }
  ~Manager() {
    ::unsetenv("NOTIFY_SOCKET");
    ::unsetenv("WATCHDOG_USEC");
    ::close(socket_);
  }
  Manager(const Manager&) = delete;
  Manager& operator=(const Manager&) = delete;

  /// What has been told since the last call; a datagram that was sent is there.
  std::vector<std::string> told() {
    std::vector<std::string> out;
    char text[4096];
    for (ssize_t n = 0; (n = ::recv(socket_, text, sizeof text, 0)) >= 0;)
      out.emplace_back(text, static_cast<std::size_t>(n));
    return out;
  }

 private:
  pilotwatch::testing::ScratchDir folder_;
  int socket_;
};

using Told = std::vector<std::string>;

}  // namespace

TEST_CASE("watchdog: it is told for as long as the loop goes round, four times a period") {
  Manager manager("4000000");
  ServiceWatchdog watchdog;
  const SteadyTime t0{1h};
  CHECK(watchdog.due(t0));
  watchdog.look(1, t0);
  CHECK(manager.told() == Told{"WATCHDOG=1"});
  CHECK_FALSE(watchdog.due(t0 + 999ms));
  watchdog.look(2, t0 + 999ms);  // not due yet
  CHECK(manager.told().empty());
  for (int i = 1; i < 100; ++i) watchdog.look(1, t0 + i * 1s);  // it hangs
  CHECK(manager.told().empty());
  CHECK(watchdog.due(t0 + 100s));
  watchdog.look(2, t0 + 100s);
  CHECK(manager.told() == Told{"WATCHDOG=1"});
}

TEST_CASE("watchdog: what takes long by right has an hour") {
  Manager manager("4000000");
  ServiceWatchdog watchdog;
  watchdog.hold();
  watchdog.resume();
  CHECK(manager.told() == Told{"WATCHDOG_USEC=3600000000", "WATCHDOG_USEC=4000000"});
}

TEST_CASE("watchdog: where nobody asks nothing is told") {
  Manager manager;
  ServiceWatchdog watchdog;
  CHECK_FALSE(watchdog.due(SteadyTime{1h}));
  watchdog.look(1, SteadyTime{1h});
  watchdog.hold();
  watchdog.resume();
  CHECK(manager.told().empty());
}

TEST_CASE("what is told is one line, whatever it is made of") {
  Manager manager;
  runtime::tell_service_manager("a\x01 b\nREADY=1", runtime::ServiceState::as_before);
  CHECK(manager.told() == Told{"STATUS=a  b"});
}
