// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

/// The server's side of TLS by OpenSSL; no Asio here.
namespace pilotwatch::runtime {

/// What is asked of clients, as in Go's crypto/tls.
enum class ClientCertificate : std::uint8_t {
  none,
  request,             ///< asked for, never looked at
  require_any,         ///< must be there; who signed it is not looked at
  verify_if_given,     ///< may be absent; one that is there must be good
  require_and_verify,  ///< must be there and good
};

struct TlsOptions {
  std::string certificate;  ///< PEM: the server's, then those between it and the root
  std::string key;          ///< PEM, without passphrase
  std::string client_ca;    ///< PEM: who signs clients' certificates; needed where they are verified
  ClientCertificate client = ClientCertificate::none;
  /// A client's certificate must have one of these names (DNS, IP, e-mail or URI); empty = any.
  std::vector<std::string> allowed_sans;
  int min_version = 0x0303, max_version = 0x0304;  ///< 0x0301 = TLS 1.0 ... 0x0304 = TLS 1.3
  /// IANA names, in order of preference, for TLS 1.2; those of 1.3 are always on. Empty = ECDHE with AES-GCM or
  /// ChaCha20. Only names of TLS 1.3 = TLS 1.2 is off.
  std::vector<std::string> cipher_suites;
  bool prefer_server_cipher_suites = true;
  std::vector<std::string> curves;  ///< P-256, P-384, P-521, X25519; empty = OpenSSL's
};

enum class TlsPart : std::uint8_t { certificate, key, client_ca, cipher_suites, curves, versions };
struct TlsProblem {
  TlsPart part;
  std::string what;
};

/// Certificates, keys and rules, ready to use for any number of connections. Immutable.
class TlsContext;

/// The first thing that is wrong, or a context. Opens no file; never asks for a passphrase. Cost: milliseconds.
[[nodiscard]] std::variant<std::shared_ptr<const TlsContext>, TlsProblem> make_tls_context(const TlsOptions& options);

/// When the first of the server's certificates ends to be valid.
[[nodiscard]] std::chrono::sys_seconds certificate_expiry(const TlsContext& context);
/// The same of certificates as text (PEM); nullopt where there is none.
[[nodiscard]] std::optional<std::chrono::sys_seconds> certificate_expiry(const std::string& pem);

}  // namespace pilotwatch::runtime
