// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <deque>
#include <map>
#include <utility>

namespace pilotwatch::engine {

/// What waits for its turn, by key: a map, but cheap where things come nearly in order. Keys are unique.
template <class Key, class T>
class WaitList {
 public:
  using Item = std::pair<Key, T>;

  /// One that only take_first() takes.
  void add(Key key, T value) {
    auto place = run_.end();
    std::size_t passed = 0;
    while (place != run_.begin() && key < std::prev(place)->first && ++passed <= most_passed) --place;
    if (passed > most_passed) {
      others_.emplace(std::move(key), std::move(value));
    } else {
      run_.emplace(place, std::move(key), std::move(value));
    }
  }
  /// One that erase() may take.
  void add_erasable(Key key, T value) { others_.emplace(std::move(key), std::move(value)); }
  void erase(const Key& key) { others_.erase(key); }

  [[nodiscard]] bool empty() const { return run_.empty() && others_.empty(); }
  [[nodiscard]] std::size_t size() const { return run_.size() + others_.size(); }
  [[nodiscard]] const Key& first() const { return run_is_first() ? run_.front().first : others_.begin()->first; }
  Item take_first() {
    if (run_is_first()) {
      Item out = std::move(run_.front());
      run_.pop_front();
      return out;
    }
    auto node = others_.extract(others_.begin());
    return {std::move(node.key()), std::move(node.mapped())};
  }
  /// Calls f(key, value) for each, in order.
  template <class F>
  void each(F&& f) const {
    auto other = others_.begin();
    for (const auto& [key, value] : run_) {
      for (; other != others_.end() && other->first < key; ++other) f(other->first, other->second);
      f(key, value);
    }
    for (; other != others_.end(); ++other) f(other->first, other->second);
  }

 private:
  static constexpr std::size_t most_passed = 16;
  [[nodiscard]] bool run_is_first() const {
    return others_.empty() || (!run_.empty() && run_.front().first < others_.begin()->first);
  }

  std::deque<Item> run_;  ///< in order; what comes is near its end
  std::map<Key, T> others_;
};

}  // namespace pilotwatch::engine
