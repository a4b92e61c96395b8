// SPDX-License-Identifier: Apache-2.0
#include "sinks/webhook_signature.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>

namespace pilotwatch::sinks {
namespace {

constexpr std::string_view prefix = "whsec_";
constexpr std::size_t least_key_bytes = 24, most_key_bytes = 64;
constexpr std::size_t most_file_bytes = 1024;

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r\n");
  return first == std::string_view::npos ? std::string_view()
                                         : text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

/// "" where it is no base64: OpenSSL's decoder alone would take blanks and = anywhere.
std::string from_base64(std::string_view text) {
  const auto end = text.find_last_not_of('=') + 1;
  const auto padding = text.size() - end;
  constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  if (text.size() % 4 != 0 || padding > 2 || text.substr(0, end).find_first_not_of(alphabet) != std::string_view::npos)
    return "";
  std::string out(text.size() / 4 * 3, '\0');
  const int size = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                                   reinterpret_cast<const unsigned char*>(text.data()), static_cast<int>(text.size()));
  if (size < 0) return "";
  out.resize(static_cast<std::size_t>(size) - padding);
  return out;
}

Result<std::string> read_secret(const std::filesystem::path& file) {
  struct stat status {};
  if (::stat(file.c_str(), &status) != 0) return Error{file.string() + ": " + std::strerror(errno)};
  if ((status.st_mode & 077) != 0)
    return Error{file.string() + ": can be read by others, who could sign in our name: chmod 600 it"};
  std::ifstream in(file, std::ios::binary);
  std::string text(most_file_bytes, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(in.gcount()));
  if (in.bad() || text.empty()) return Error{file.string() + ": cannot be read, or is empty"};
  auto key = parse_webhook_secret(text);
  if (key.has_error()) return Error{file.string() + ": " + key.error().what};
  return key;
}

}  // namespace

std::string to_base64(std::string_view bytes) {
  std::string out(4 * ((bytes.size() + 2) / 3) + 1, '\0');
  const int size =
      EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                      reinterpret_cast<const unsigned char*>(bytes.data()), static_cast<int>(bytes.size()));
  out.resize(static_cast<std::size_t>(size));
  return out;
}

Result<std::string> parse_webhook_secret(std::string_view text) {
  text = trimmed(text);
  if (!text.starts_with(prefix)) return Error{"a secret begins with whsec_"};
  auto key = from_base64(text.substr(prefix.size()));
  if (key.size() < least_key_bytes || key.size() > most_key_bytes)
    return Error{"behind whsec_ a secret is 24 to 64 bytes in base64"};
  return {boost::system::in_place_value, std::move(key)};
}

Result<std::vector<std::string>> read_webhook_secrets(std::span<const std::filesystem::path> files) {
  std::vector<std::string> out;
  for (const auto& file : files) {
    auto key = read_secret(file);
    if (key.has_error()) return key.error();
    out.push_back(*std::move(key));
  }
  return out;
}

std::string webhook_signature(std::string_view key, std::string_view id, std::string_view timestamp,
                              std::string_view body) {
  std::string content;
  content.reserve(id.size() + timestamp.size() + body.size() + 2);
  content.append(id).append(".").append(timestamp).append(".").append(body);
  std::array<unsigned char, EVP_MAX_MD_SIZE> mac{};
  unsigned size = 0;
  const auto* done = HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
                          reinterpret_cast<const unsigned char*>(content.data()), content.size(), mac.data(), &size);
  PW_ASSERT(done != nullptr && size == 32);
  return "v1," + to_base64({reinterpret_cast<const char*>(mac.data()), size});
}

std::vector<std::string> webhook_headers(std::span<const std::string> keys, std::string_view id, Instant attempt,
                                         std::string_view body) {
  const auto timestamp = std::to_string(std::chrono::floor<std::chrono::seconds>(attempt).time_since_epoch().count());
  std::string signatures;
  for (const auto& key : keys) {
    if (!signatures.empty()) signatures += ' ';
    signatures += webhook_signature(key, id, timestamp, body);
  }
  return {"webhook-id: " + std::string(id), "webhook-timestamp: " + timestamp, "webhook-signature: " + signatures};
}

}  // namespace pilotwatch::sinks
