// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "record/record.h"

namespace pilotwatch::decode {

/// Fills the table of strings of one Batch; each distinct text once.
class Interner {
 public:
  explicit Interner(record::Batch& batch) : batch_(batch) {}

  record::StringRef operator()(std::string_view text) {
    if (text.empty()) return record::no_string;
    auto& recent = recent_[place(text)];
    if (recent < batch_.strings.size() && batch_.strings[recent] == text) return recent;
    return recent = find(text);
  }

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const noexcept { return std::hash<std::string_view>{}(text); }
  };
  /// Most texts of a batch come again and again: a look at where such a one was the last time is cheaper than a hash of
  /// all of it.
  static std::size_t place(std::string_view text) {
    std::uint64_t first = 0, last = 0;
    if (const auto size = text.size(); size >= 8) {
      std::memcpy(&first, text.data(), 8);
      std::memcpy(&last, text.data() + size - 8, 8);
    } else if (size >= 4) {
      std::memcpy(&first, text.data(), 4);
      std::memcpy(&last, text.data() + size - 4, 4);
    } else {
      first = static_cast<unsigned char>(text.front());
      last = static_cast<unsigned char>(text.back());
    }
    return ((first ^ (last << 1) ^ text.size()) * 0x9E37'79B9'7F4A'7C15U) >> (64 - recent_bits);
  }

  record::StringRef find(std::string_view text) {
    if (const auto found = known_.find(text); found != known_.end()) return found->second;
    const auto ref = static_cast<record::StringRef>(batch_.strings.size());
    batch_.strings.emplace_back(text);
    known_.emplace(std::string(text), ref);
    return ref;
  }

  static constexpr int recent_bits = 7;
  record::Batch& batch_;
  std::array<record::StringRef, std::size_t{1} << recent_bits> recent_{};
  boost::unordered_flat_map<std::string, record::StringRef, Hash, std::equal_to<>> known_;
};

}  // namespace pilotwatch::decode
