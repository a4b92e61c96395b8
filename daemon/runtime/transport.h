// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/socket.h>

#include <array>
#include <boost/asio/async_result.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <cerrno>
#include <functional>
#include <memory>
#include <string>
#include <utility>

/// The bytes under HTTP: TCP, or TLS over it. Behind functions that are no templates, so that Beast is compiled once
/// for both and Asio's TLS in tls.cc only. Private to runtime/; everything runs on the io thread.
namespace pilotwatch::runtime {

using IoExecutor = boost::asio::io_context::executor_type;
using Socket = boost::asio::basic_stream_socket<boost::asio::ip::tcp, IoExecutor>;
using IoHandler = std::function<void(boost::system::error_code, std::size_t)>;
/// A message has a header and a body: they go out in one call.
using Gathered = std::array<boost::asio::const_buffer, 2>;

class Transport {
 public:
  static constexpr std::size_t discarded_at_once = 1 << 20;

  virtual ~Transport() = default;

  /// Before anything else. TCP is ready at once and calls `done` from within.
  virtual void handshake(std::function<void(boost::system::error_code)> done) = 0;
  /// After a handshake that failed: why, as a label; nullptr when the client went away before it said anything.
  [[nodiscard]] virtual const char* handshake_failure() const { return nullptr; }

  /// One read or write may be under way at a time, and what they point to must live until the handler runs.
  virtual void read_some(boost::asio::mutable_buffer into, IoHandler handler) = 0;
  virtual void write_some(const Gathered& from, IoHandler handler) = 0;
  /// Says that no more will come; `done` when that is said. Afterwards only discard_some and close.
  virtual void end(std::function<void()> done) = 0;

  /// What still comes after end(), as it is on the wire, and without copying it (tcp(7), MSG_TRUNC): who is refused under
  /// overload must not take the time of those who are not. The transport lives until the handler has been called.
  void discard_some(IoHandler handler) {
    socket().async_wait(Socket::wait_read, [this, handler = std::move(handler)](boost::system::error_code error) {
      if (error) return handler(error, 0);
      const auto bytes = ::recv(socket().native_handle(), nullptr, discarded_at_once, MSG_TRUNC | MSG_DONTWAIT);
      if (bytes > 0) return handler({}, static_cast<std::size_t>(bytes));
      if (bytes < 0 && (errno == EAGAIN || errno == EINTR)) return handler({}, 0);
      if (bytes == 0) return handler(boost::asio::error::eof, 0);
      handler({errno, boost::system::system_category()}, 0);
    });
  }
  /// What is under way ends with an error.
  void cancel() {
    boost::system::error_code ignored;
    socket().cancel(ignored);
  }
  void close() {
    boost::system::error_code ignored;
    socket().close(ignored);
  }
  virtual Socket& socket() = 0;
};

[[nodiscard]] std::unique_ptr<Transport> make_tcp_transport(Socket socket);

/// A Transport as Beast wants a stream. Costs an allocation a call: Beast's handlers can be moved only, a std::function
/// must be copied.
class Stream {
 public:
  using executor_type = IoExecutor;
  explicit Stream(Transport& transport) : transport_(&transport) {}
  [[nodiscard]] executor_type get_executor() const { return transport_->socket().get_executor(); }

  template <class Buffers, class Token>
  auto async_read_some(const Buffers& buffers, Token&& token) {
    return boost::asio::async_initiate<Token, void(boost::system::error_code, std::size_t)>(
        [transport = transport_](auto handler, const Buffers& given) {
          boost::asio::mutable_buffer into;
          for (auto at = boost::asio::buffer_sequence_begin(given);
               at != boost::asio::buffer_sequence_end(given) && into.size() == 0; ++at) {
            into = boost::asio::mutable_buffer(*at);
          }
          transport->read_some(into, copyable(std::move(handler)));
        },
        token, buffers);
  }

  template <class Buffers, class Token>
  auto async_write_some(const Buffers& buffers, Token&& token) {
    return boost::asio::async_initiate<Token, void(boost::system::error_code, std::size_t)>(
        [this](auto handler, const Buffers& given) {
          transport_->write_some(gathered(given), copyable(std::move(handler)));
        },
        token, buffers);
  }

 private:
  static constexpr std::size_t small = 16 << 10;

  /// Beast gives each field of a header as some pieces: these are put together, so that a header leaves as a whole, and
  /// what is large goes out from where it is.
  template <class Buffers>
  Gathered gathered(const Buffers& given) {
    Gathered out;
    small_.clear();
    for (auto at = boost::asio::buffer_sequence_begin(given); at != boost::asio::buffer_sequence_end(given); ++at) {
      const boost::asio::const_buffer piece(*at);
      if (small_.size() + piece.size() > small) {
        out[1] = piece;
        break;
      }
      small_.append(static_cast<const char*>(piece.data()), piece.size());
    }
    out[0] = boost::asio::buffer(small_);
    return out;
  }

  template <class Handler>
  static IoHandler copyable(Handler handler) {
    return [held = std::make_shared<Handler>(std::move(handler))](boost::system::error_code error, std::size_t bytes) {
      std::move (*held)(error, bytes);
    };
  }

  Transport* transport_;
  std::string small_;  ///< what is being written
};

}  // namespace pilotwatch::runtime
