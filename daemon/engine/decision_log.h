// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <string>

#include "base/bytes.h"

namespace pilotwatch::engine {

/// What has happened to decisions, in numbered parts. A part is a sequence of events; what they say last holds.
class DecisionLog {
 public:
  using Slot = std::uint32_t;
  using Save = std::function<void(std::string name, std::string bytes)>;
  enum class Event : std::uint8_t { decision, outcome, rank, complaints };
  static constexpr std::size_t part_bytes = 256 << 10;  ///< a part is complete once it holds this much
  [[nodiscard]] static std::string part_name(std::uint64_t number) { return "block/log/" + std::to_string(number); }

  /// Until then nobody needs one.
  [[nodiscard]] bool on() const { return on_; }
  /// A new log. Its first part has that number.
  void begin(std::uint64_t number);
  /// The log that has been read up to here; `tail`: what the last part holds so far.
  void resume(std::uint64_t first, std::deque<Slot> starts, std::string tail);

  /// `decisions`: how many there are before the event.
  template <class Write>
  void add(std::size_t decisions, Event event, Slot slot, Write&& write) {
    if (tail_.bytes().empty()) starts_.push_back(static_cast<Slot>(decisions));
    tail_.u64(static_cast<std::uint64_t>(event));
    tail_.u64(slot);
    write(tail_);
    if (tail_.bytes().size() >= part_bytes) seal();
  }
  void seal();  ///< the part that is being written gets no more
  void save_complete(const Save& save);
  void save_tail(const Save& save) const;
  /// Drops the parts that speak of decisions before `slot` only; save_dropped() gives them out as "".
  void drop_before(std::size_t slot);
  void save_dropped(const Save& save) const;
  void confirm();  ///< what save_dropped() gave out is gone

  [[nodiscard]] std::uint64_t first() const { return first_; }
  [[nodiscard]] std::uint64_t sealed() const { return sealed_; }  ///< the number of the part that is being written
  [[nodiscard]] std::size_t tail_size() const { return tail_.bytes().size(); }
  [[nodiscard]] std::size_t bytes() const;

 private:
  bool on_ = false;
  ByteWriter tail_;
  std::uint64_t first_ = 0, sealed_ = 0;
  std::uint64_t oldest_ = 0;         ///< the first part that may be on disk
  std::deque<Slot> starts_;          ///< by part from first_ on: how many decisions there were before it
  std::deque<std::string> unsaved_;  ///< the last of the complete ones, which are not on disk yet
  std::size_t unsaved_bytes_ = 0;
};

}  // namespace pilotwatch::engine
