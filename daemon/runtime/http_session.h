// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <unordered_set>

#include "base/guarded.h"
#include "runtime/http.h"
#include "runtime/http_target.h"

/// What http.cc (listener, start, stop) and http_session.cc (one connection) share. Not for other rooms.
namespace pilotwatch::runtime {

using IoExecutor = boost::asio::io_context::executor_type;
using Socket = boost::asio::basic_stream_socket<boost::asio::ip::tcp, IoExecutor>;

class Connection {
 public:
  virtual ~Connection() = default;
  virtual void start() = 0;
  virtual void wind_up() = 0;  ///< closes when idle, else after the answer that is under way
  virtual void close() = 0;    ///< at once
};

/// Owned by the server and by every Respond, so that a late answer finds an io_context to be dropped in.
struct Hub {
  Hub(HttpOptions given, std::vector<Route> routes)
      : options(std::move(given)), router(std::move(routes)), work(io.get_executor()) {}

  const HttpOptions options;
  const Router router;
  boost::asio::io_context io{1};
  boost::asio::executor_work_guard<IoExecutor> work;
  Guarded<HttpStats> stats;

  // The rest belongs to the thread that runs `io`.
  std::unordered_set<std::shared_ptr<Connection>> connections;
  std::uint64_t buffered_bytes = 0;  ///< of bodies that are being read
  bool stopping = false;
  std::function<void()> on_empty;  ///< stopping, and the last connection is gone

  void add(const std::shared_ptr<Connection>& connection);
  void remove(const std::shared_ptr<Connection>& connection);
  void count_refused(const char* reason);
  [[nodiscard]] bool full() const { return connections.size() >= options.max_connections; }
};

/// `over_limit`: answers 503 without reading anything and goes away.
[[nodiscard]] std::shared_ptr<Connection> make_session(std::shared_ptr<Hub> hub, Socket socket, bool over_limit);

}  // namespace pilotwatch::runtime
