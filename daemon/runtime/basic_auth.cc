// SPDX-License-Identifier: Apache-2.0
#include "runtime/basic_auth.h"

#include <crypt.h>
#include <openssl/crypto.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include <algorithm>
#include <new>
#include <stdexcept>

#include "runtime/http_text.h"

namespace pilotwatch::runtime {
namespace {

constexpr std::size_t max_credentials = 1024;  ///< of base64; more is nobody's password

int base64_value(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  return c == '+' ? 62 : c == '/' ? 63 : -1;
}

std::optional<std::string> from_base64(std::string_view text) {
  if (text.empty() || text.size() % 4 != 0) return std::nullopt;
  for (int padding = 0; padding < 2 && text.ends_with('='); ++padding) text.remove_suffix(1);
  std::string out;
  unsigned bits = 0, have = 0;
  for (const char c : text) {
    const int value = base64_value(c);
    if (value < 0) return std::nullopt;
    bits = bits << 6 | static_cast<unsigned>(value);
    have += 6;
    if (have >= 8) {
      have -= 8;
      out += static_cast<char>(bits >> have & 0xFF);
    }
  }
  return out;
}

/// A hash that no password has, as slow as the slowest of the users': how long an answer takes names no user.
std::string nobody(const std::map<std::string, std::string>& users) {
  std::string cost = "04";
  for (const auto& [user, hash] : users) cost = std::max(cost, hash.substr(4, 2));
  return "$2b$" + cost + "$......................" + std::string(31, '.');
}

void append_sized(std::string& out, std::string_view part) {
  out += std::to_string(part.size());
  out += ':';
  out += part;
}

}  // namespace

std::optional<Credentials> parse_basic(std::string_view authorization) {
  const auto space = authorization.find(' ');
  if (space == std::string_view::npos || lower_case(authorization.substr(0, space)) != "basic") return std::nullopt;
  authorization.remove_prefix(std::min(authorization.find_first_not_of(' ', space), authorization.size()));
  if (authorization.size() > max_credentials) return std::nullopt;
  const auto text = from_base64(authorization);
  if (!text || text->find('\0') != std::string::npos) return std::nullopt;
  const auto colon = text->find(':');
  if (colon == std::string::npos) return std::nullopt;
  return Credentials{text->substr(0, colon), text->substr(colon + 1)};
}

bool is_password(const std::string& password, const std::string& hash) {
  // 32 kB with what bcrypt leaves of the password in it: too large for some stacks, and wiped afterwards.
  const auto wipe = [](crypt_data* data) {
    OPENSSL_cleanse(data, sizeof *data);
    delete data;
  };
  const std::unique_ptr<crypt_data, decltype(wipe)> scratch(new crypt_data{}, wipe);
  const char* computed = crypt_r(password.c_str(), hash.c_str(), scratch.get());
  if (computed == nullptr) return false;
  const std::string_view text(computed);
  return text.size() == hash.size() && CRYPTO_memcmp(text.data(), hash.data(), hash.size()) == 0;
}

PasswordChecker::PasswordChecker() {
  if (RAND_bytes(key_.data(), static_cast<int>(key_.size())) != 1) throw std::runtime_error("no random numbers");
}

PasswordChecker::Digest PasswordChecker::digest(const std::string& hash, const Credentials& credentials) const {
  std::string text;
  for (const auto& part :
       {std::string_view(credentials.user), std::string_view(hash), std::string_view(credentials.password)}) {
    append_sized(text, part);
  }
  Digest out{};
  unsigned size = 0;
  const auto* made = HMAC(EVP_sha256(), key_.data(), static_cast<int>(key_.size()),
                          reinterpret_cast<const unsigned char*>(text.data()), text.size(), out.data(), &size);
  OPENSSL_cleanse(text.data(), text.size());
  if (made == nullptr || size != out.size()) throw std::bad_alloc();
  return out;
}

bool PasswordChecker::remembers(const Access& access, const Credentials& credentials) const {
  const auto user = access.users.find(credentials.user);
  return user != access.users.end() && right_.contains(digest(user->second, credentials));
}

std::optional<PasswordChecker::Digest> PasswordChecker::work_out(const Access& access, const Credentials& credentials) {
  ++checks_;
  const auto user = access.users.find(credentials.user);
  const bool known = user != access.users.end();
  const bool right = is_password(credentials.password, known ? user->second : nobody(access.users));
  return right && known ? std::optional(digest(user->second, credentials)) : std::nullopt;
}

bool PasswordChecker::check(std::shared_ptr<const Access> access, Credentials credentials,
                            std::function<void(std::optional<Digest>)> done) {
  if (waiting_ >= max_waiting || stopping_) return false;
  if (!worker_) worker_ = std::make_unique<Worker>("pw-password");
  ++waiting_;
  worker_->post([this, access = std::move(access), credentials = std::move(credentials), done = std::move(done)] {
    if (!stopping_) {
      std::optional<Digest> right;
      try {
        right = work_out(*access, credentials);
      } catch (const std::exception&) {  // out of memory: nobody is let in by that
      }
      done(right);
    }
    --waiting_;
  });
  return true;
}

void PasswordChecker::remember(const Digest& digest) {
  if (!right_.insert(digest).second) return;
  order_.push_back(digest);
  if (order_.size() <= max_remembered) return;
  right_.erase(order_.front());
  order_.pop_front();
}

void PasswordChecker::stop() {
  stopping_ = true;
  if (worker_) worker_->stop();
}

}  // namespace pilotwatch::runtime
