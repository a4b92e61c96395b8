// SPDX-License-Identifier: Apache-2.0
// Everything of Asio's TLS, its non-template functions too: half a minute to compile with optimisation.
#include "runtime/tls_transport.h"

#include <openssl/err.h>

#include <algorithm>
#include <boost/asio/ssl/impl/src.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>
#include <cstring>
#include <string_view>
#include <vector>

#include "runtime/tls_context.h"

namespace pilotwatch::runtime {
namespace {

namespace ssl = boost::asio::ssl;
using boost::system::error_code;

constexpr std::string_view plain_http =
    "HTTP/1.0 400 Bad Request\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\n"
    "This port speaks HTTPS; the request was plain HTTP.\n";
constexpr std::size_t record = 16 << 10;  ///< the most that goes into one TLS record

class Tls final : public Transport {
 public:
  Tls(Socket socket, std::shared_ptr<const TlsContext> context)
      : context_(std::move(context)), stream_(std::move(socket), context_->connection()) {}

  void handshake(std::function<void(error_code)> done) override;
  [[nodiscard]] const char* handshake_failure() const override;

  void read_some(boost::asio::mutable_buffer into, IoHandler handler) override {
    stream_.async_read_some(boost::asio::buffer(into), std::move(handler));
  }
  void write_some(const Gathered& from, IoHandler handler) override;
  void end(std::function<void()> done) override;
  Socket& socket() override { return stream_.next_layer(); }

 private:
  [[nodiscard]] int failure_reason() const;
  void end_tcp() {
    error_code ignored;
    socket().shutdown(Socket::shutdown_send, ignored);
  }

  const std::shared_ptr<const TlsContext> context_;  // first: the stream must go before it
  ssl::stream<Socket> stream_;
  error_code failed_with_;
  bool ready_ = false;
  std::vector<char> together_;
};

void Tls::handshake(std::function<void(error_code)> done) {
  stream_.async_handshake(ssl::stream_base::server, [this, done = std::move(done)](error_code error) {
    failed_with_ = error;
    ready_ = !error;
    if (failure_reason() != SSL_R_HTTP_REQUEST) return done(error);
    // A scrape configuration without `scheme: https`, most likely; nothing of TLS has been sent yet.
    boost::asio::async_write(socket(), boost::asio::buffer(plain_http),
                             [done, error](error_code, std::size_t) { done(error); });
  });
}

/// OpenSSL's word for why the handshake failed; 0 where the network did.
int Tls::failure_reason() const {
  if (failed_with_.category() != boost::asio::error::get_ssl_category()) return 0;
  return ERR_GET_REASON(static_cast<unsigned long>(failed_with_.value()));
}

const char* Tls::handshake_failure() const {
  const int reason = failure_reason();
  if (reason == SSL_R_CERTIFICATE_VERIFY_FAILED || reason == SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE) {
    return "tls_certificate";
  }
  auto* connection = const_cast<ssl::stream<Socket>&>(stream_).native_handle();
  // Whoever only looks whether the port is open is no failure.
  return BIO_number_read(SSL_get_rbio(connection)) == 0 ? nullptr : "tls_handshake";
}

/// Header and body of a small answer in one record. Of a large body the rest is alone, and goes out from where it is.
void Tls::write_some(const Gathered& from, IoHandler handler) {
  if (from[0].size() == 0) return stream_.async_write_some(boost::asio::buffer(from[1]), std::move(handler));
  if (from[1].size() == 0 || from[0].size() >= record) {
    return stream_.async_write_some(boost::asio::buffer(from[0]), std::move(handler));
  }
  const std::size_t more = std::min(from[1].size(), record - from[0].size());
  together_.resize(from[0].size() + more);
  std::memcpy(together_.data(), from[0].data(), from[0].size());
  std::memcpy(together_.data() + from[0].size(), from[1].data(), more);
  stream_.async_write_some(boost::asio::buffer(together_), std::move(handler));
}

/// TLS says that it is over, then TCP does: a client that goes by either is told.
void Tls::end(std::function<void()> done) {
  if (!ready_) {
    end_tcp();
    return done();
  }
  ready_ = false;
  // Ends when the client has said the same, or sends something else instead.
  stream_.async_shutdown([this, done = std::move(done)](error_code) {
    end_tcp();
    done();
  });
}

}  // namespace

std::unique_ptr<Transport> make_tls_transport(Socket socket, std::shared_ptr<const TlsContext> context) {
  return std::make_unique<Tls>(std::move(socket), std::move(context));
}

}  // namespace pilotwatch::runtime
