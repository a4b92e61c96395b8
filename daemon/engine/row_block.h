// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/decision_row.h"

namespace pilotwatch::engine {

/// Old decisions as they are on disk: consecutive slots, byte by byte of their rows (so that they compress well), then
/// what is known of some of them. Immutable.
class RowBlock {
 public:
  static constexpr std::size_t rows = 512;

  /// Makes the bytes of one. Cost: some 20 ns a decision.
  class Builder {
   public:
    explicit Builder(const RowLayout& layout) : layout_(&layout), columns_(layout.bytes * rows, '\0') {}
    /// The next row as RowLayout packs it, and what else is known of it: null, 1 or no_rank = nothing. At most `rows`.
    void add(const std::byte* packed, std::uint64_t weight, std::uint64_t rank, const OutcomeRow* outcome,
             std::uint32_t complaints, Instant first_complaint);
    void add(const Decision& d);
    [[nodiscard]] bool full() const { return row_ == rows; }
    [[nodiscard]] std::string take();  ///< and begins anew; it must be full

   private:
    struct Part {
      ByteWriter bytes;
      std::uint64_t count = 0, row = 0;
      ByteWriter& next(std::uint64_t at);
    };
    const RowLayout* layout_;
    std::string columns_;
    std::size_t row_ = 0;
    Part weights_, ranks_, outcomes_, complaints_;
  };

  /// Throws CorruptBytes. `layout` must outlive it.
  RowBlock(const RowLayout& layout, std::string bytes);
  [[nodiscard]] std::optional<std::size_t> find(const Id128& id) const;
  [[nodiscard]] Decision operator[](std::size_t row) const;  ///< complete
  [[nodiscard]] std::size_t bytes() const;

 private:
  template <class T>
  using Some = std::vector<std::pair<std::uint16_t, T>>;  ///< of some rows, in order
  struct Complaints {
    std::uint32_t count = 0;
    Instant first;
  };
  template <class T, class Read>
  void read_some(ByteReader& in, Some<T>& out, Read&& read) const;

  const RowLayout* layout_;
  std::string bytes_;
  const char* columns_ = nullptr;  ///< in bytes_
  Some<std::uint64_t> weights_, ranks_;
  Some<OutcomeRow> outcomes_;
  Some<Complaints> complaints_;
};

/// The common form of an outcome, here and in the log. Throws CorruptBytes.
void write_outcome(ByteWriter& out, const OutcomeRow& row);
[[nodiscard]] OutcomeRow read_outcome(ByteReader& in);

}  // namespace pilotwatch::engine
