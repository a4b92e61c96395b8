// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/id.h"

namespace pilotwatch::engine {

/// Records that wait for the one they belong to, by its id. Which of them go where there are too many is decided by the
/// order in which ids came to wait here, so a replay drops the same. Cost: a look in a map; about 24 bytes an id beside it.
template <class Row>
class Parked {
 public:
  /// Those that wait for `id`; null: none.
  [[nodiscard]] std::vector<Row>* find(const Id128& id) {
    const auto found = waiting_.find(id);
    return found == waiting_.end() ? nullptr : &found->second.rows;
  }
  void add(const Id128& id, Row row) {
    auto& waiting = waiting_[id];
    if (waiting.rows.empty()) {
      waiting.number = next_++;
      order_.emplace_back(waiting.number, id);
    }
    waiting.rows.push_back(std::move(row));
    ++rows_;
  }
  /// What `id` was waited for with; it waits no more.
  std::vector<Row> take(const Id128& id) {
    const auto found = waiting_.find(id);
    if (found == waiting_.end()) return {};
    auto out = std::move(found->second.rows);
    rows_ -= out.size();
    waiting_.erase(found);
    if (order_.size() > 2 * waiting_.size() + 64) std::erase_if(order_, [this](const auto& at) { return !waits(at); });
    return out;
  }
  /// Gives up whatever waits for the ids that have been waited for longest, until at most `most` rows are left. How many
  /// rows went.
  std::size_t keep(std::size_t most) {
    const auto before = rows_;
    while (rows_ > most) {
      const auto oldest = order_.front();
      order_.pop_front();
      if (waits(oldest)) take(oldest.second);
    }
    return before - rows_;
  }
  [[nodiscard]] std::size_t size() const { return rows_; }

  /// `write(row)` for each, in the order of waiting: the same whenever it is written, whatever has come and gone.
  template <class Write>
  void write(ByteWriter& out, Write&& write) const {
    out.u64(waiting_.size());
    for (const auto& at : order_) {
      if (!waits(at)) continue;
      const auto& rows = waiting_.at(at.second).rows;
      out.id(at.second);
      out.u64(rows.size());
      for (const auto& row : rows) write(row);
    }
  }
  /// Into an empty one; `read()` gives a row. `least`: bytes that one takes.
  template <class Read>
  void read(ByteReader& in, std::size_t least, Read&& read) {
    for (auto left = in.count(17); left > 0; --left) {
      const auto id = in.id();
      for (auto rows = in.count(least); rows > 0; --rows) add(id, read());
    }
  }

 private:
  struct Waiting {
    std::uint64_t number = 0;
    std::vector<Row> rows;
  };
  using Place = std::pair<std::uint64_t, Id128>;
  [[nodiscard]] bool waits(const Place& at) const {
    const auto found = waiting_.find(at.second);
    return found != waiting_.end() && found->second.number == at.first;
  }

  std::map<Id128, Waiting> waiting_;
  std::deque<Place> order_;  ///< of ids that wait and of some that did; by number
  std::uint64_t next_ = 0;
  std::size_t rows_ = 0;
};

}  // namespace pilotwatch::engine
