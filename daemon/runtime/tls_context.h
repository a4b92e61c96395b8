// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <openssl/ssl.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "runtime/tls.h"

/// Between tls_context.cc (OpenSSL alone) and tls_transport.cc (Asio's TLS, nowhere else).
namespace pilotwatch::runtime {

class TlsContext {
 public:
  using Handle = std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)>;

  TlsContext(Handle made, const TlsOptions& options, std::chrono::sys_seconds expires);
  TlsContext(const TlsContext&) = delete;
  TlsContext& operator=(const TlsContext&) = delete;

  /// A connection to be. It must not outlive this.
  [[nodiscard]] SSL* connection() const { return SSL_new(handle.get()); }
  /// OpenSSL asks whether a client's certificate will do; 1 = yes.
  static int on_client_certificate(X509_STORE_CTX* chain, void* context);

  const Handle handle;
  const ClientCertificate client;
  const std::vector<std::string> allowed_sans;
  const std::chrono::sys_seconds expires;
};

}  // namespace pilotwatch::runtime
