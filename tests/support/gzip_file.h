// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <zlib.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>

namespace pilotwatch::testing {

/// One member; "ab": behind what is there.
inline void write_gzip(const std::filesystem::path& path, std::string_view bytes, const char* mode = "wb") {
  gzFile out = ::gzopen(path.c_str(), mode);
  ::gzwrite(out, bytes.data(), static_cast<unsigned>(bytes.size()));
  ::gzclose(out);
}

inline std::string file_bytes(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

/// In place: the inode stays.
inline void write_file(const std::filesystem::path& path, std::string_view bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}

/// About 19 bytes each, which do not compress well.
inline std::string random_lines(std::size_t count) {
  std::string out;
  std::uint64_t state = 1;
  for (std::size_t i = 0; i < count; ++i) out += std::to_string(state = state * 6364136223846793005U + i) + "\n";
  return out;
}

}  // namespace pilotwatch::testing
