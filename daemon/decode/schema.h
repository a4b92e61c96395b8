// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <boost/unordered/unordered_flat_set.hpp>
#include <array>
#include <cstdint>
#include <functional>
#include <iterator>
#include <string>
#include <string_view>

#include "settings/settings.h"

namespace pilotwatch::decode {

struct TextHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const noexcept { return std::hash<std::string_view>{}(text); }
};
template <class V>
using TextMap = boost::unordered_flat_map<std::string, V, TextHash, std::equal_to<>>;
using TextSet = boost::unordered_flat_set<std::string, TextHash, std::equal_to<>>;

/// What an identifier names; those of different kinds are not joined.
enum class IdKind : std::uint8_t { decision, complaint, incident, review, feedback, change };
inline constexpr const char* id_kind_names[] = {"decision", "complaint", "incident", "review", "feedback", "change"};

/// What may be read of one pilot's records, ready for look-ups.
struct PilotSchema {
  const settings::Pilot* settings = nullptr;
  TextMap<settings::FeatureKind> features;
  TextSet attributes;
  TextSet classes;  ///< empty = any label (numbers have none)
  std::array<std::string, std::size(id_kind_names)> id_domains;  ///< of IdHasher

  [[nodiscard]] bool numeric_target() const { return settings::predicts_numbers(settings->task); }
  [[nodiscard]] bool truth_values() const {
    return settings->task == settings::Task::binary || settings->task == settings::Task::generative;
  }
};

}  // namespace pilotwatch::decode
