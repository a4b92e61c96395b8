// SPDX-License-Identifier: Apache-2.0
#include "base/bytes.h"

#include <zstd.h>
#include <zstd_errors.h>

#include <algorithm>
#include <bit>
#include <memory>
#include <new>

namespace pilotwatch {

void ByteWriter::long_u64(std::uint64_t value) {
  char raw[10];
  std::size_t size = 0;
  while (value >= 0x80) {
    raw[size++] = static_cast<char>(value | 0x80);
    value >>= 7;
  }
  raw[size++] = static_cast<char>(value);
  bytes_.append(raw, size);
}

void ByteWriter::f64(double value) {
  static_assert(std::endian::native == std::endian::little);
  char raw[sizeof value];
  std::memcpy(raw, &value, sizeof value);
  bytes_.append(raw, sizeof raw);
}

void ByteWriter::id(const Id128& value) {
  char raw[16];
  std::memcpy(raw, &value.hi, 8);
  std::memcpy(raw + 8, &value.lo, 8);
  bytes_.append(raw, sizeof raw);
}

void ByteWriter::text(std::string_view value) {
  u64(value.size());
  bytes_.append(value);
}

std::string_view ByteReader::take(std::size_t size) {
  if (size > rest_.size()) throw CorruptBytes("blob ends too early");
  const auto out = rest_.substr(0, size);
  rest_.remove_prefix(size);
  return out;
}

std::uint64_t ByteReader::u64() {
  std::uint64_t value = 0;
  for (unsigned shift = 0; shift < 64; shift += 7) {
    const auto byte = static_cast<unsigned char>(take(1)[0]);
    if (shift == 63 && byte > 1) break;
    value |= static_cast<std::uint64_t>(byte & 0x7F) << shift;
    if (byte < 0x80) return value;
  }
  throw CorruptBytes("number too long");
}

std::int64_t ByteReader::i64() {
  const std::uint64_t raw = u64();
  return static_cast<std::int64_t>(raw >> 1) ^ -static_cast<std::int64_t>(raw & 1);
}

double ByteReader::f64() {
  double value = 0;
  std::memcpy(&value, take(sizeof value).data(), sizeof value);
  return value;
}

Id128 ByteReader::id() {
  Id128 value;
  const auto raw = take(16);
  std::memcpy(&value.hi, raw.data(), 8);
  std::memcpy(&value.lo, raw.data() + 8, 8);
  return value;
}

bool ByteReader::flag() {
  const char value = take(1)[0];
  if (value != '\0' && value != '\1') throw CorruptBytes("not a flag");
  return value == '\1';
}

std::string_view ByteReader::text() { return take(count()); }

std::size_t ByteReader::count(std::size_t min_bytes) {
  const std::uint64_t value = u64();
  if (value > rest_.size() / std::max<std::size_t>(min_bytes, 1)) throw CorruptBytes("count larger than the blob");
  return static_cast<std::size_t>(value);
}

namespace {

/// What zstd had no memory for is not damaged.
void need_memory(std::size_t result) {
  if (ZSTD_getErrorCode(result) == ZSTD_error_memory_allocation) throw std::bad_alloc();
}

/// What the frames say they hold together.
Result<std::size_t> stated_size(std::string_view frames, std::size_t max_bytes) {
  std::size_t sum = 0;
  do {
    const auto size = ZSTD_getFrameContentSize(frames.data(), frames.size());
    if (size == ZSTD_CONTENTSIZE_ERROR || size == ZSTD_CONTENTSIZE_UNKNOWN) return Error{"not a zstd frame"};
    if (size > max_bytes - sum) return Error{"unpacks to more than " + std::to_string(max_bytes) + " bytes"};
    sum += static_cast<std::size_t>(size);
    const std::size_t length = ZSTD_findFrameCompressedSize(frames.data(), frames.size());
    if (ZSTD_isError(length) != 0) return Error{std::string("damaged: ") + ZSTD_getErrorName(length)};
    frames.remove_prefix(length);
  } while (!frames.empty());
  return sum;
}

}  // namespace

std::string compress(std::string_view bytes, int level) {
  struct Free {
    void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
  };
  thread_local const std::unique_ptr<ZSTD_CCtx, Free> context(ZSTD_createCCtx());  // its tables are not small
  if (context == nullptr) throw std::bad_alloc();
  ZSTD_CCtx_setParameter(context.get(), ZSTD_c_compressionLevel, level);
  ZSTD_CCtx_setParameter(context.get(), ZSTD_c_checksumFlag, 1);  // else a bit that flips on disk is another value
  std::string out(ZSTD_compressBound(bytes.size()), '\0');
  const std::size_t size = ZSTD_compress2(context.get(), out.data(), out.size(), bytes.data(), bytes.size());
  need_memory(size);
  PW_ASSERT(ZSTD_isError(size) == 0);
  out.resize(size);
  return out;
}

Result<std::string> decompress(std::string_view bytes, std::size_t max_bytes) {
  const auto size = stated_size(bytes, max_bytes);
  if (size.has_error()) return size.error();
  std::string out(*size, '\0');
  const std::size_t got = ZSTD_decompress(out.data(), out.size(), bytes.data(), bytes.size());
  need_memory(got);
  if (ZSTD_isError(got) != 0) return Error{std::string("damaged: ") + ZSTD_getErrorName(got)};
  if (got != out.size()) return Error{"damaged: shorter than stated"};
  return {boost::system::in_place_value, std::move(out)};  // a string could be the Error too
}

}  // namespace pilotwatch
