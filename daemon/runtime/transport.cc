// SPDX-License-Identifier: Apache-2.0
#include "runtime/transport.h"

namespace pilotwatch::runtime {
namespace {

using boost::system::error_code;

class Tcp final : public Transport {
 public:
  explicit Tcp(Socket socket) : socket_(std::move(socket)) {}

  void handshake(std::function<void(error_code)> done) override { done({}); }
  void read_some(boost::asio::mutable_buffer into, IoHandler handler) override {
    socket_.async_read_some(boost::asio::buffer(into), std::move(handler));
  }
  void write_some(const Gathered& from, IoHandler handler) override {
    socket_.async_write_some(from, std::move(handler));
  }
  void end(std::function<void()> done) override {
    error_code ignored;
    socket_.shutdown(Socket::shutdown_send, ignored);
    done();
  }
  Socket& socket() override { return socket_; }

 private:
  Socket socket_;
};

}  // namespace

std::unique_ptr<Transport> make_tcp_transport(Socket socket) { return std::make_unique<Tcp>(std::move(socket)); }

}  // namespace pilotwatch::runtime
