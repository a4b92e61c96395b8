// SPDX-License-Identifier: Apache-2.0
#include "base/id.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <sodium.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <utility>

namespace pilotwatch {
namespace {

constexpr char hex_digits[] = "0123456789abcdef";

std::uint64_t little_endian(const unsigned char* bytes) {
  std::uint64_t value = 0;
  for (int i = 7; i >= 0; --i) value = value << 8 | bytes[i];
  return value;
}

std::string to_hex(const unsigned char* bytes, std::size_t size) {
  std::string out;
  for (std::size_t i = 0; i < size; ++i) {
    out += hex_digits[bytes[i] >> 4];
    out += hex_digits[bytes[i] & 15];
  }
  return out;
}

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

Result<IdKey> parse_key(const std::string& text, const std::filesystem::path& file) {
  IdKey key{};
  const bool long_enough = text.size() >= 32 && text.find_first_not_of("\r\n", 32) == std::string::npos;
  for (std::size_t i = 0; i < 32 && long_enough; ++i) {
    const int digit = hex_value(text[i]);
    if (digit < 0) return Error{file.string() + ": not a key (32 hex digits expected)"};
    key[i / 2] = static_cast<unsigned char>(key[i / 2] << 4 | digit);
  }
  if (!long_enough) return Error{file.string() + ": not a key (32 hex digits expected)"};
  return key;
}

Result<IdKey> create_key(const std::filesystem::path& file) {
  IdKey key{};
  if (RAND_bytes(key.data(), static_cast<int>(key.size())) != 1)
    return Error{"no random bytes to be had for " + file.string()};
  const std::string text = to_hex(key.data(), key.size()) + "\n";
  const int fd = ::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0) return Error{"cannot create " + file.string() + ": " + std::strerror(errno)};
  const bool written = ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size()) && ::fsync(fd) == 0;
  ::close(fd);
  if (!written) return Error{"cannot write " + file.string() + ": " + std::strerror(errno)};
  return key;
}

}  // namespace

std::string Id128::hex() const {
  std::string out;
  for (const auto part : {hi, lo}) {
    for (int shift = 60; shift >= 0; shift -= 4) out += hex_digits[part >> shift & 15];
  }
  return out;
}

IdHasher::IdHasher(const IdKey& key) : key_(key) {
  static_assert(crypto_shorthash_siphashx24_KEYBYTES == sizeof(IdKey) && crypto_shorthash_siphashx24_BYTES == 16);
  const int ready = sodium_init();  // 1: it was already
  PW_ASSERT(ready >= 0);
}

Id128 IdHasher::hash(std::string_view domain, std::string_view id) {
  // The length of the domain goes first, so that ("ab", "c") and ("a", "bc") differ.
  const std::uint64_t domain_size = domain.size();
  message_.assign(reinterpret_cast<const char*>(&domain_size), sizeof domain_size);
  message_.append(domain).append(id);
  std::array<unsigned char, 16> out{};
  crypto_shorthash_siphashx24(out.data(), reinterpret_cast<const unsigned char*>(message_.data()), message_.size(),
                              key_.data());
  return {little_endian(out.data() + 8), little_endian(out.data())};
}

Id128 content_hash(std::string_view bytes) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> out{};
  unsigned size = 0;
  const bool done = EVP_Digest(bytes.data(), bytes.size(), out.data(), &size, EVP_sha256(), nullptr) == 1;
  PW_ASSERT(done && size >= 16);
  return {little_endian(out.data() + 8), little_endian(out.data())};
}

Result<IdKey> load_or_create_id_key(const std::filesystem::path& file) {
  struct stat status {};
  if (::stat(file.c_str(), &status) != 0) {
    if (errno == ENOENT) return create_key(file);
    return Error{"cannot read " + file.string() + ": " + std::strerror(errno)};
  }
  if ((status.st_mode & 077) != 0) {
    return Error{file.string() + " can be read by others; it makes the stored ids guessable: chmod 600 it"};
  }
  errno = 0;
  std::ifstream in(file, std::ios::binary);
  std::string text(128, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (const int error = errno; !in.is_open() || in.bad())
    return Error{"cannot read " + file.string() + ": " + std::strerror(error)};
  text.resize(static_cast<std::size_t>(in.gcount()));
  return parse_key(text, file);
}

}  // namespace pilotwatch
