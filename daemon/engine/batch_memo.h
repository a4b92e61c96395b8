// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "record/record.h"

namespace pilotwatch::engine {

/// What the texts of the batch in hand mean to a pilot, by their number in it: looked up by text once a batch instead of
/// once a record. No state; knows nothing of any other batch.
class BatchMemo {
 public:
  /// `kinds`: of meanings, each a number of its own for one text.
  explicit BatchMemo(std::size_t kinds) : kinds_(kinds) {}

  void begin(const record::Batch& batch) {
    batch_ = &batch;
    width_ = std::min(batch.strings.size(), most_texts);
    forget();
  }
  void end() { batch_ = nullptr; }
  /// Numbers mean something else from here on.
  void forget() { known_.assign(kinds_ * width_, unknown); }

  [[nodiscard]] std::optional<std::uint32_t> find(const record::Batch& batch, std::size_t kind,
                                                  record::StringRef text) const {
    if (&batch != batch_ || text >= width_) return std::nullopt;
    const auto known = known_[kind * width_ + text];
    return known == unknown ? std::nullopt : std::optional(known);
  }
  void keep(const record::Batch& batch, std::size_t kind, record::StringRef text, std::uint32_t meaning) {
    if (&batch == batch_ && text < width_) known_[kind * width_ + text] = meaning;
  }
  /// find(), or what `look_up` gives, which is kept.
  template <class LookUp>
  std::uint32_t at(const record::Batch& batch, std::size_t kind, record::StringRef text, LookUp&& look_up) {
    if (const auto known = find(batch, kind, text)) return *known;
    const std::uint32_t meaning = look_up();
    keep(batch, kind, text, meaning);
    return meaning;
  }

 private:
  static constexpr std::uint32_t unknown = ~std::uint32_t{0};
  static constexpr std::size_t most_texts = 1024;  ///< names and frequent values come early in a batch

  std::size_t kinds_, width_ = 0;
  const record::Batch* batch_ = nullptr;
  std::vector<std::uint32_t> known_;
};

}  // namespace pilotwatch::engine
