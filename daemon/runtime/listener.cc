// SPDX-License-Identifier: Apache-2.0
#include "runtime/listener.h"

#include <fcntl.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <cerrno>
#include <system_error>

namespace pilotwatch::runtime {

namespace asio = boost::asio;
using asio::ip::tcp;

Listener::Listener(const std::string& address, std::uint16_t port) {
  const std::string name = address + ':' + std::to_string(port);
  boost::system::error_code error;
  const auto throw_if = [&](const char* doing) {
    if (error) throw std::system_error(error, doing + name);
  };
  asio::io_context io;
  tcp::resolver resolver(io);
  const auto found = resolver.resolve(address, std::to_string(port), tcp::resolver::passive, error);
  throw_if("resolve ");
  const tcp::endpoint endpoint = found.begin()->endpoint();
  tcp::acceptor acceptor(io);
  acceptor.open(endpoint.protocol(), error);
  throw_if("listen on ");
  acceptor.set_option(asio::socket_base::reuse_address(true), error);
  acceptor.bind(endpoint, error);
  throw_if("listen on ");
  acceptor.listen(asio::socket_base::max_listen_connections, error);
  throw_if("listen on ");
  port_ = acceptor.local_endpoint().port();
  ipv6_ = endpoint.address().is_v6();
  fd_ = acceptor.release();
}

Listener::~Listener() { ::close(fd_); }

int Listener::share() const {
  const int fd = ::fcntl(fd_, F_DUPFD_CLOEXEC, 0);
  if (fd < 0) throw std::system_error(errno, std::generic_category(), "share the listening socket");
  return fd;
}

}  // namespace pilotwatch::runtime
