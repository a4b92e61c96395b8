// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <string_view>
#include <vector>

#include "decode/interner.h"
#include "decode/schema.h"

namespace pilotwatch::decode {

/// The names of features and attributes in one batch, looked up once each as long as its records give them in one order,
/// which is what programs do: the name at a place is compared with the one that stood there last.
class Names {
 public:
  enum Of : std::size_t { features, attributes };
  struct Name {
    std::string_view text;  ///< the schema's
    settings::FeatureKind kind{};
    record::StringRef ref = record::no_string;
  };

  /// nullptr: the pilot has none of that name. Valid until the next call.
  const Name* find(const PilotSchema& schema, Of of, std::size_t place, std::string_view key, Interner& intern) {
    if (schema_ != &schema) {
      schema_ = &schema;
      for (auto& last : last_) last.clear();
    }
    auto& last = last_[of];
    if (place < last.size() && last[place].text == key && !key.empty()) return &last[place];
    Name found;
    if (of == features) {
      const auto known = schema.features.find(key);
      if (known == schema.features.end()) return nullptr;
      found = {known->first, known->second, intern(key)};
    } else {
      const auto known = schema.attributes.find(key);
      if (known == schema.attributes.end()) return nullptr;
      found = {*known, {}, intern(key)};
    }
    if (place >= last.size()) last.resize(place + 1);
    last[place] = found;
    return &last[place];
  }

 private:
  const PilotSchema* schema_ = nullptr;
  std::array<std::vector<Name>, 2> last_;
};

}  // namespace pilotwatch::decode
