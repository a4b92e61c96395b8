// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <unordered_set>

#include "base/guarded.h"
#include "runtime/basic_auth.h"
#include "runtime/http.h"
#include "runtime/http_target.h"
#include "runtime/transport.h"

/// What http.cc (listener, start, stop) and session*.cc (one connection) share. Not for other rooms.
namespace pilotwatch::runtime {

class Connection {
 public:
  virtual ~Connection() = default;
  virtual void start() = 0;
  /// Closes when idle, else after the answer that is under way; one that has just been opened stays for its request.
  virtual void wind_up() = 0;
  virtual void give_up_waiting() = 0;  ///< closes when nothing has been asked for
  virtual void close() = 0;    ///< at once
};

/// One request an interval on average, a burst at once. Not thread-safe.
class RateLimit {
 public:
  using Clock = std::chrono::steady_clock;
  [[nodiscard]] bool admits(const Access& access, Clock::time_point now);

 private:
  Clock::time_point paid_until_{};  ///< the time that the requests so far have used up, at one an interval
};

/// Owned by the server and by every Respond, so that a late answer finds an io_context to be dropped in.
struct Hub {
  Hub(HttpOptions given, std::vector<Route> routes);

  const HttpOptions options;
  const Router router;
  boost::asio::io_context io{1};
  boost::asio::executor_work_guard<IoExecutor> work;
  Guarded<HttpStats> stats;
  Guarded<std::shared_ptr<const Access>> access;  ///< never null

  // The rest belongs to the thread that runs `io`.
  std::unordered_set<std::shared_ptr<Connection>> connections;
  std::map<std::string, std::uint64_t> by_address;  ///< connections of each client
  std::uint64_t buffered_bytes = 0;                 ///< of bodies that are being read
  PasswordChecker passwords;
  RateLimit rate_limit;
  bool stopping = false;
  std::function<void()> on_empty;  ///< stopping, and the last connection is gone

  void add(const std::shared_ptr<Connection>& connection);
  void remove(const std::shared_ptr<Connection>& connection);
  void count_refused(const char* reason);
  [[nodiscard]] std::shared_ptr<const Access> current_access() const;
};

/// A place among Hub::by_address for as long as it lives.
class AddressPlace {
 public:
  AddressPlace(std::shared_ptr<Hub> hub, std::string address);
  ~AddressPlace();
  AddressPlace(const AddressPlace&) = delete;
  AddressPlace& operator=(const AddressPlace&) = delete;
  /// So many more than the limit that is for one address.
  [[nodiscard]] bool over_limit(std::uint64_t by) const;

 private:
  const std::shared_ptr<Hub> hub_;
  const std::string address_;
};

/// `refused_for`: a reason of refusal_reasons; the connection is answered 503 without anything being read, and goes
/// away. nullptr = it is served.
[[nodiscard]] std::shared_ptr<Connection> make_session(std::shared_ptr<Hub> hub, std::unique_ptr<Transport> transport,
                                                       std::unique_ptr<AddressPlace> place, const char* refused_for);

}  // namespace pilotwatch::runtime
