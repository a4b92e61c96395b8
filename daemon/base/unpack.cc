// SPDX-License-Identifier: Apache-2.0
#include "base/unpack.h"

#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <memory>
#include <new>

namespace pilotwatch {
namespace {

constexpr std::size_t piece = 64 << 10;

Unpacked damaged(const char* format) {
  return {{}, UnpackError{false, std::string("not a whole ") + format + " stream"}};
}
Unpacked too_large(std::uint64_t max_bytes) {
  return {{}, UnpackError{true, "unpacked it is larger than " + std::to_string(max_bytes) + " bytes"}};
}

/// Room for the next piece of output; one byte beyond the bound tells "exactly full" from "too much".
std::size_t make_room(std::string& out, std::uint64_t max_bytes) {
  const auto have = out.size();
  const auto room = std::min<std::uint64_t>(piece, max_bytes + 1 - have);
  if (out.capacity() < have + room) out.reserve(std::min<std::uint64_t>(2 * (have + room), max_bytes + 1));
  out.resize(have + static_cast<std::size_t>(room));
  return have;
}

class Inflater {
 public:
  Inflater() {
    constexpr int gzip_only = 16 + MAX_WBITS;
    if (inflateInit2(&stream_, gzip_only) != Z_OK) throw std::bad_alloc();
  }
  ~Inflater() { inflateEnd(&stream_); }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;

  Unpacked run(std::string_view packed, std::uint64_t max_bytes) {
    // zlib wants what it reads to be mutable, and does not write there.
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
    stream_.avail_in = static_cast<uInt>(packed.size());
    Unpacked out;
    while (true) {
      const auto have = make_room(out.bytes, max_bytes);
      stream_.next_out = reinterpret_cast<Bytef*>(out.bytes.data() + have);
      stream_.avail_out = static_cast<uInt>(out.bytes.size() - have);
      const int status = inflate(&stream_, Z_NO_FLUSH);
      out.bytes.resize(out.bytes.size() - stream_.avail_out);
      if (out.bytes.size() > max_bytes) return too_large(max_bytes);
      if (status == Z_STREAM_END) {
        if (stream_.avail_in == 0) return out;
        if (inflateReset(&stream_) != Z_OK) return damaged("gzip");
      } else if (status == Z_MEM_ERROR) {
        throw std::bad_alloc();
      } else if (status != Z_OK) {  // Z_BUF_ERROR, too: there was room, so it wanted more input
        return damaged("gzip");
      }
    }
  }

 private:
  z_stream stream_{};
};

Unpacked unzstd(std::string_view packed, std::uint64_t max_bytes) {
  const std::unique_ptr<ZSTD_DCtx, decltype(&ZSTD_freeDCtx)> context(ZSTD_createDCtx(), ZSTD_freeDCtx);
  if (!context) throw std::bad_alloc();
  // A frame may ask for a window of gigabytes before it has shown a byte.
  ZSTD_DCtx_setParameter(context.get(), ZSTD_d_windowLogMax, 27);
  ZSTD_inBuffer in{packed.data(), packed.size(), 0};
  Unpacked out;
  std::size_t expected = 1;
  while (true) {
    const auto have = make_room(out.bytes, max_bytes);
    ZSTD_outBuffer room{out.bytes.data() + have, out.bytes.size() - have, 0};
    const auto consumed = in.pos;
    expected = ZSTD_decompressStream(context.get(), &room, &in);
    out.bytes.resize(have + room.pos);
    if (ZSTD_isError(expected) != 0) return damaged("zstd");
    if (out.bytes.size() > max_bytes) return too_large(max_bytes);
    if (expected == 0 && in.pos == in.size) return out;
    if (room.pos == 0 && in.pos == consumed) return damaged("zstd");
  }
}

}  // namespace

Unpacked unpack(Packing packing, std::string_view packed, std::uint64_t max_bytes) {
  switch (packing) {
    case Packing::gzip:
      return Inflater().run(packed, max_bytes);
    case Packing::zstd:
      return packed.empty() ? damaged("zstd") : unzstd(packed, max_bytes);
    case Packing::identity:
      break;
  }
  if (packed.size() > max_bytes) return too_large(max_bytes);
  return {std::string(packed)};
}

}  // namespace pilotwatch
