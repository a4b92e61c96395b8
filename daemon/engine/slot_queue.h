// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>

#include "base/bytes.h"

namespace pilotwatch::engine {

/// A queue of slots that mostly come in order: a byte each, or two. On disk: chunks that never change, and the rest of it.
class SlotQueue {
 public:
  using Slot = std::uint32_t;
  using Save = std::function<void(std::string name, std::string bytes)>;

  void push(Slot slot);
  [[nodiscard]] std::optional<Slot> front() const { return front_; }
  void pop();  ///< there must be one
  [[nodiscard]] bool empty() const { return !front_; }
  [[nodiscard]] std::size_t bytes() const;

  /// Gives out the chunks that are not on disk yet, and "" for those that are and nobody needs any more. `all`: nothing
  /// is on disk.
  void save(bool all, const std::string& prefix, const Save& save);
  void confirm() { oldest_ = dropped_; }  ///< what save() said is on disk
  void write(ByteWriter& out) const;      ///< the rest of it
  /// `chunk`: gives one that save() gave out. Every slot must be less than `slots`. Throws CorruptBytes.
  void read(ByteReader& in, Slot slots, const std::function<std::string(std::uint64_t number)>& chunk);
  /// The same queue as if nothing had ever been taken out of it.
  [[nodiscard]] SlotQueue anew() const;

 private:
  /// Reads on where another has stopped: chunk by chunk, each beginning with the distance from 0.
  struct Place {
    std::uint64_t chunk = 0;  ///< number
    std::size_t offset = 0;
    Slot before = 0;
  };
  [[nodiscard]] std::optional<Slot> next(Place& place) const;
  void drop_read();

  std::deque<std::string> sealed_;  ///< numbers first_, first_ + 1, ...
  std::uint64_t first_ = 0;
  std::uint64_t unsaved_ = 0;  ///< the first chunk that is not on disk
  std::uint64_t oldest_ = 0, dropped_ = 0;  ///< the first chunk that may still be on disk, and that may after save()
  ByteWriter tail_;
  Slot last_ = 0;  ///< in tail_
  Place place_;    ///< behind front_
  std::optional<Slot> front_;
};

}  // namespace pilotwatch::engine
