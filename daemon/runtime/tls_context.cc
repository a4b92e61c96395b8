// SPDX-License-Identifier: Apache-2.0
#include "runtime/tls_context.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <optional>
#include <string_view>
#include <utility>

namespace pilotwatch::runtime {
namespace {

template <auto release>
struct Release {
  template <class T>
  void operator()(T* object) const {
    release(object);
  }
};
using Bio = std::unique_ptr<BIO, Release<BIO_free>>;
using Certificate = std::unique_ptr<X509, Release<X509_free>>;
using Key = std::unique_ptr<EVP_PKEY, Release<EVP_PKEY_free>>;
using Names = std::unique_ptr<GENERAL_NAMES, Release<GENERAL_NAMES_free>>;

/// Without key exchange by RSA, and without CBC.
constexpr const char* default_suites = "ECDHE+AESGCM:ECDHE+CHACHA20";

/// What OpenSSL says last; its queue is empty then.
std::string openssl_says() {
  const auto code = ERR_peek_last_error();
  ERR_clear_error();
  const char* text = code == 0 ? nullptr : ERR_reason_error_string(code);
  return text == nullptr ? "unknown error" : text;
}

Bio reader(const std::string& pem) { return Bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()))); }

/// Without this OpenSSL would ask on the terminal.
int no_passphrase(char*, int, int, void*) { return -1; }

std::vector<Certificate> certificates(const std::string& pem) {
  std::vector<Certificate> out;
  const auto bio = reader(pem);
  while (Certificate next{PEM_read_bio_X509(bio.get(), nullptr, no_passphrase, nullptr)})
    out.push_back(std::move(next));
  ERR_clear_error();  // the end of the text is an error, too
  return out;
}

std::chrono::sys_seconds not_after(const X509* certificate) {
  std::tm time{};
  if (ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &time) != 1) return {};
  return std::chrono::sys_seconds(std::chrono::seconds(timegm(&time)));
}

std::optional<TlsProblem> use_certificate(SSL_CTX* context, const std::string& pem, std::chrono::sys_seconds& expires) {
  auto chain = certificates(pem);
  if (chain.empty()) return TlsProblem{TlsPart::certificate, "holds no certificate (PEM)"};
  expires = not_after(chain.front().get());
  if (SSL_CTX_use_certificate(context, chain.front().get()) != 1) {
    return TlsProblem{TlsPart::certificate, "cannot be used: " + openssl_says()};
  }
  for (std::size_t i = 1; i < chain.size(); ++i) {
    expires = std::min(expires, not_after(chain[i].get()));
    if (SSL_CTX_add1_chain_cert(context, chain[i].get()) != 1) {
      return TlsProblem{TlsPart::certificate, "certificate " + std::to_string(i + 1) + ": " + openssl_says()};
    }
  }
  return std::nullopt;
}

std::optional<TlsProblem> use_key(SSL_CTX* context, const std::string& pem) {
  const Key key(PEM_read_bio_PrivateKey(reader(pem).get(), nullptr, no_passphrase, nullptr));
  if (!key) {
    ERR_clear_error();
    return TlsProblem{TlsPart::key, "holds no private key that can be read (PEM, without passphrase)"};
  }
  if (X509_check_private_key(SSL_CTX_get0_certificate(context), key.get()) != 1) {
    ERR_clear_error();
    return TlsProblem{TlsPart::key, "is not the key of the certificate"};
  }
  if (SSL_CTX_use_PrivateKey(context, key.get()) != 1) return TlsProblem{TlsPart::key, openssl_says()};
  return std::nullopt;
}

bool verifies(ClientCertificate client) {
  return client == ClientCertificate::verify_if_given || client == ClientCertificate::require_and_verify;
}

std::optional<TlsProblem> use_client_ca(SSL_CTX* context, const std::string& pem) {
  const auto authorities = certificates(pem);
  if (authorities.empty()) return TlsProblem{TlsPart::client_ca, "holds no certificate (PEM)"};
  for (const auto& authority : authorities) {
    if (X509_STORE_add_cert(SSL_CTX_get_cert_store(context), authority.get()) != 1 ||
        SSL_CTX_add_client_CA(context, authority.get()) != 1) {
      return TlsProblem{TlsPart::client_ca, "cannot be used: " + openssl_says()};
    }
  }
  return std::nullopt;
}

std::optional<TlsProblem> use_suites(SSL_CTX* context, const TlsOptions& options) {
  std::string list;
  for (const auto& name : options.cipher_suites) {
    if (name.find("_WITH_") == std::string::npos) continue;  // of TLS 1.3, where there is nothing to choose
    const std::string known = OPENSSL_cipher_name(name.c_str());
    if (known == "(NONE)") return TlsProblem{TlsPart::cipher_suites, "OpenSSL does not know " + name};
    list += (list.empty() ? "" : ":") + known;
  }
  const bool only_13 = !options.cipher_suites.empty() && list.empty();
  if (SSL_CTX_set_cipher_list(context, list.empty() ? default_suites : list.c_str()) != 1) {
    return TlsProblem{TlsPart::cipher_suites, "cannot be used: " + openssl_says()};
  }
  const int lowest = only_13 ? std::max(options.min_version, TLS1_3_VERSION) : options.min_version;
  if (lowest > options.max_version || SSL_CTX_set_min_proto_version(context, lowest) != 1 ||
      SSL_CTX_set_max_proto_version(context, options.max_version) != 1) {
    return TlsProblem{TlsPart::versions, "no version of TLS is left"};
  }
  return std::nullopt;
}

std::optional<TlsProblem> use_curves(SSL_CTX* context, const std::vector<std::string>& curves) {
  if (curves.empty()) return std::nullopt;
  std::string list;
  for (const auto& curve : curves) list += (list.empty() ? "" : ":") + curve;
  if (SSL_CTX_set1_groups_list(context, list.c_str()) == 1) return std::nullopt;
  return TlsProblem{TlsPart::curves, "cannot be used: " + openssl_says()};
}

void use_options(SSL_CTX* context, const TlsOptions& options) {
  SSL_CTX_set_options(context, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
  if (options.prefer_server_cipher_suites) SSL_CTX_set_options(context, SSL_OP_CIPHER_SERVER_PREFERENCE);
  int mode = SSL_VERIFY_NONE;
  if (options.client != ClientCertificate::none) {
    mode = SSL_VERIFY_PEER;
    // A resumed session would bring a client's certificate along without its being looked at again.
    SSL_CTX_set_options(context, SSL_OP_NO_TICKET);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  }
  const bool required =
      options.client == ClientCertificate::require_any || options.client == ClientCertificate::require_and_verify;
  SSL_CTX_set_verify(context, required ? mode | SSL_VERIFY_FAIL_IF_NO_PEER_CERT : mode, nullptr);
}

std::string_view text_of(const ASN1_STRING* text) {
  return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
          static_cast<std::size_t>(ASN1_STRING_length(text))};
}

std::string address_of(const ASN1_STRING* bytes) {
  std::array<char, INET6_ADDRSTRLEN> out{};
  const int family = ASN1_STRING_length(bytes) == 4 ? AF_INET : AF_INET6;
  if (family == AF_INET6 && ASN1_STRING_length(bytes) != 16) return {};
  return inet_ntop(family, ASN1_STRING_get0_data(bytes), out.data(), out.size()) == nullptr ? "" : out.data();
}

/// DNS, e-mail, URI or IP; "" for other kinds.
std::string name_of(const GENERAL_NAME* name) {
  switch (name->type) {
    case GEN_DNS:
    case GEN_EMAIL:
    case GEN_URI:
      return std::string(text_of(name->d.ia5));
    case GEN_IPADD:
      return address_of(name->d.iPAddress);
    default:
      return {};
  }
}

bool has_name(X509* certificate, const std::vector<std::string>& allowed) {
  const Names names(static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  for (int i = 0; names && i < sk_GENERAL_NAME_num(names.get()); ++i) {
    const auto name = name_of(sk_GENERAL_NAME_value(names.get(), i));
    if (!name.empty() && std::find(allowed.begin(), allowed.end(), name) != allowed.end()) return true;
  }
  return false;
}

}  // namespace

TlsContext::TlsContext(Handle made, const TlsOptions& options, std::chrono::sys_seconds ends)
    : handle(std::move(made)), client(options.client), allowed_sans(options.allowed_sans), expires(ends) {
  SSL_CTX_set_cert_verify_callback(handle.get(), &TlsContext::on_client_certificate, this);
}

int TlsContext::on_client_certificate(X509_STORE_CTX* chain, void* context) {
  const auto& self = *static_cast<const TlsContext*>(context);
  if (verifies(self.client)) {
    if (X509_verify_cert(chain) != 1) return 0;
  } else {
    X509_STORE_CTX_set_error(chain, X509_V_OK);
  }
  if (self.allowed_sans.empty() || has_name(X509_STORE_CTX_get0_cert(chain), self.allowed_sans)) return 1;
  X509_STORE_CTX_set_error(chain, X509_V_ERR_APPLICATION_VERIFICATION);
  return 0;
}

std::variant<std::shared_ptr<const TlsContext>, TlsProblem> make_tls_context(const TlsOptions& options) {
  TlsContext::Handle made(SSL_CTX_new(TLS_server_method()), &SSL_CTX_free);
  if (!made) throw std::bad_alloc();
  std::chrono::sys_seconds expires{};
  auto problem = use_certificate(made.get(), options.certificate, expires);
  if (!problem) problem = use_key(made.get(), options.key);
  if (!problem && !options.client_ca.empty()) problem = use_client_ca(made.get(), options.client_ca);
  if (!problem && options.client_ca.empty() && verifies(options.client)) {
    problem = TlsProblem{TlsPart::client_ca, "is needed to verify clients' certificates"};
  }
  if (!problem) problem = use_suites(made.get(), options);
  if (!problem) problem = use_curves(made.get(), options.curves);
  if (problem) return *std::move(problem);
  use_options(made.get(), options);
  return std::make_shared<const TlsContext>(std::move(made), options, expires);
}

std::chrono::sys_seconds certificate_expiry(const TlsContext& context) { return context.expires; }

std::optional<std::chrono::sys_seconds> certificate_expiry(const std::string& pem) {
  std::optional<std::chrono::sys_seconds> out;
  for (const auto& certificate : certificates(pem)) {
    const auto ends = not_after(certificate.get());
    out = std::min(out.value_or(ends), ends);
  }
  return out;
}

}  // namespace pilotwatch::runtime
