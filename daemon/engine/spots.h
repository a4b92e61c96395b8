// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "engine/decision.h"
#include "engine/tally.h"

namespace pilotwatch::engine {

/// One cell, and the tallies of its groups as they are asked for.
class Spot {
 public:
  [[nodiscard]] Cell& cell() const { return *cell_; }
  Tally& group(std::size_t attribute, std::uint16_t value) {
    auto& known = groups_[attribute];
    if (value < known.size() && known[value] != nullptr) return *known[value];
    if (known.size() <= value) known.resize(value + std::size_t{1}, nullptr);
    return *(known[value] = &cell_->groups[{static_cast<std::uint16_t>(attribute), value}]);
  }

 private:
  friend class Spots;
  std::size_t place_ = 0;
  std::int64_t start_ = 0;
  std::uint16_t version_ = 0;
  Cell* cell_ = nullptr;
  std::array<std::vector<Tally*>, max_groupings> groups_;
};

/// The cells that were counted in last: most records count where the one before did, which spares them the maps. Cells
/// and tallies stay where they are until they are erased: who erases one calls forget(). No state.
class Spots {
 public:
  /// The cell of that place (a number for each map of cells), start and version; `find` gives it where it is not known.
  template <class Find>
  Spot& at(std::size_t place, std::int64_t start, std::uint16_t version, Find&& find) {
    const auto hash = static_cast<std::uint64_t>(start) + 3 * std::uint64_t{version} + 5 * place;
    auto& spot = spots_[hash % spots_.size()];
    if (spot.cell_ != nullptr && spot.place_ == place && spot.start_ == start && spot.version_ == version) return spot;
    spot.place_ = place;
    spot.start_ = start;
    spot.version_ = version;
    spot.cell_ = &find();
    for (auto& known : spot.groups_) known.clear();
    return spot;
  }
  void forget() { spots_.fill({}); }

 private:
  std::array<Spot, 8> spots_;
};

}  // namespace pilotwatch::engine
