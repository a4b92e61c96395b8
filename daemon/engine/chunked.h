// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/bytes.h"

namespace pilotwatch::engine {

/// An append-only table in chunks, so that a checkpoint writes only the chunks that changed.
/// T has `write(ByteWriter&) const` and `read(ByteReader&)`. Slots never move.
template <class T>
class Chunked {
 public:
  using Slot = std::uint32_t;
  static constexpr std::size_t chunk_size = 4096;

  Slot push(T value) {
    if (size_ % chunk_size == 0) {
      chunks_.emplace_back();
      chunks_.back().items.reserve(chunk_size);
    }
    chunks_.back().dirty = true;
    chunks_.back().items.push_back(std::move(value));
    return static_cast<Slot>(size_++);
  }
  [[nodiscard]] const T& operator[](Slot slot) const { return chunks_[slot / chunk_size].items[slot % chunk_size]; }
  [[nodiscard]] T& modify(Slot slot) {
    auto& chunk = chunks_[slot / chunk_size];
    chunk.dirty = true;
    return chunk.items[slot % chunk_size];
  }
  [[nodiscard]] std::size_t size() const { return size_; }

  /// Calls save(chunk number, bytes) for each chunk changed since the last call; `all`: for each.
  template <class Save>
  void save_chunks(bool all, Save&& save) {
    for (std::size_t i = 0; i < chunks_.size(); ++i) {
      if (!chunks_[i].dirty && !all) continue;
      ByteWriter out;
      out.u64(chunks_[i].items.size());
      for (const auto& item : chunks_[i].items) item.write(out);
      save(i, out.take());
      chunks_[i].dirty = false;
    }
  }
  /// Chunks must come in order.
  void load_chunk(std::string_view bytes) {
    ByteReader in(bytes);
    const auto count = in.count(8);
    for (std::size_t i = 0; i < count; ++i) {
      T item;
      item.read(in);
      push(std::move(item));
    }
    if (!chunks_.empty()) chunks_.back().dirty = false;
  }

 private:
  struct Chunk {
    std::vector<T> items;
    bool dirty = false;
  };
  std::vector<Chunk> chunks_;
  std::size_t size_ = 0;
};

}  // namespace pilotwatch::engine
