// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <string>
#include <string_view>

#include "record/record.h"

namespace pilotwatch::decode {

/// Fills the table of strings of one Batch; each distinct text once.
class Interner {
 public:
  explicit Interner(record::Batch& batch) : batch_(batch) { known_.emplace("", record::no_string); }

  record::StringRef operator()(std::string_view text) {
    if (const auto found = known_.find(text); found != known_.end()) return found->second;
    const auto ref = static_cast<record::StringRef>(batch_.strings.size());
    batch_.strings.emplace_back(text);
    known_.emplace(std::string(text), ref);
    return ref;
  }

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const noexcept { return std::hash<std::string_view>{}(text); }
  };
  record::Batch& batch_;
  boost::unordered_flat_map<std::string, record::StringRef, Hash, std::equal_to<>> known_;
};

}  // namespace pilotwatch::decode
