// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <yaml-cpp/yaml.h>

#include <charconv>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/time.h"
#include "settings/load.h"

/// The layer between yaml-cpp and the sections: it knows paths, positions and words, but no key. Private to settings/.
namespace pilotwatch::settings {

/// Gathers complaints while reading goes on.
class Problems {
 public:
  explicit Problems(std::filesystem::path file) : file_(std::move(file)) {}
  void add(const YAML::Mark& at, std::string path, std::string message);
  [[nodiscard]] std::size_t count() const { return found_.size(); }
  /// In the order of lines; those of one place in the order of reading.
  [[nodiscard]] std::vector<Problem> in_order() &&;

 private:
  std::filesystem::path file_;
  std::vector<Problem> found_;
};

/// 'text' for a message: cut at 60 bytes, on one line.
[[nodiscard]] std::string in_quotes(std::string_view text);
/// "; did you mean 'x'?" or nothing.
[[nodiscard]] std::string suggestion(std::string_view word, std::span<const std::string_view> known);
/// The same with the list of what would be right: "; did you mean 'x'? known: x, y".
[[nodiscard]] std::string instead(std::string_view word, std::string_view title,
                                  std::span<const std::string_view> known);
/// The number that `text` is from its first to its last character.
template <class T>
[[nodiscard]] std::optional<T> parse_all(std::string_view text) {
  T value{};
  const auto end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, value);
  return parsed.ec == std::errc{} && parsed.ptr == end ? std::optional(value) : std::nullopt;
}

struct Whole {
  std::uint64_t from = 0, to = std::numeric_limits<std::uint64_t>::max();
};
struct Real {
  double from = -std::numeric_limits<double>::infinity(), to = std::numeric_limits<double>::infinity();
};
enum class Zero { allowed, refused };

/// One node of the file with its path. Each read complains and answers nullopt where the node is not what it should be.
class Value {
 public:
  Value(YAML::Node node, const YAML::Mark& key, std::string path, Problems& problems,
        std::optional<YAML::Mark> place = std::nullopt)
      : node_(std::move(node)), key_(key), path_(std::move(path)), problems_(&problems), place_(place) {}

  void problem(std::string message) const { problems_->add(mark(), path_, std::move(message)); }
  /// For a key that should not be here at all, whatever its value.
  void key_problem(std::string message) const { problems_->add(place_.value_or(key_), path_, std::move(message)); }
  /// "must be <expected>, got 'x'<hint>"
  void wrong(std::string_view expected, const std::string& hint = "") const;

  [[nodiscard]] std::optional<std::string> text() const;
  [[nodiscard]] std::optional<std::string> filled_text() const;
  /// A name that becomes a label and part of URLs: 1 to 64 of [A-Za-z0-9_.:-].
  [[nodiscard]] std::optional<std::string> name() const;
  /// true or false.
  [[nodiscard]] std::optional<bool> flag() const;
  [[nodiscard]] std::optional<double> number(const Real& range) const;
  [[nodiscard]] std::optional<std::uint64_t> whole(const Whole& range) const;
  /// Bytes, or Prometheus' sizes: 64MB = 64 * 1024 * 1024.
  [[nodiscard]] std::optional<std::uint64_t> size(const Whole& range) const;
  [[nodiscard]] std::optional<Millis> duration(Zero zero) const;
  template <class E>
  [[nodiscard]] std::optional<E> choice(std::span<const char* const> names) const {
    const auto index = choice_index(names);
    return index ? std::optional(static_cast<E>(*index)) : std::nullopt;
  }
  /// The elements of a list; a complaint and none where it is not one.
  [[nodiscard]] std::vector<Value> items() const;

  /// Complains unless `name` is one of `known`; `what` as in "a feature".
  bool must_be_known(std::string_view name, std::string_view what, std::span<const std::string_view> known) const;

  [[nodiscard]] const YAML::Node& node() const { return node_; }
  [[nodiscard]] const YAML::Mark& key() const { return key_; }
  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] Problems& problems() const { return *problems_; }
  /// Where problems of it are reported: where it stands, or, for what a preset brings along, where the preset is named.
  [[nodiscard]] YAML::Mark mark() const { return place_.value_or(node_.Mark()); }
  [[nodiscard]] const std::optional<YAML::Mark>& place() const { return place_; }

 private:
  [[nodiscard]] std::optional<std::size_t> choice_index(std::span<const char* const> names) const;

  YAML::Node node_;
  YAML::Mark key_;
  std::string path_;
  Problems* problems_;
  std::optional<YAML::Mark> place_;  ///< of this value and all in it; none = where they stand
};

/// Reads the keys of one map, remembers which were asked for, and complains about the rest.
class MapReader {
 public:
  explicit MapReader(const Value& map);

  [[nodiscard]] std::optional<Value> take(std::string_view key);
  /// Complains where the key is missing.
  [[nodiscard]] std::optional<Value> require(std::string_view key);
  /// Whether the map has the key; it is not taken by that.
  [[nodiscard]] bool has(std::string_view key) const;
  /// Takes over the key with its value where the map has none of its own: a preset's.
  void inherit(std::string key, const Value& value);

  /// Reads `key` with one of Value's readers; `out` keeps its default where the key is absent or wrong.
  ///   map.read("bins", reference.bins, &Value::whole, Whole{2, 1000});
  template <class T, class Read, class... Args>
  void read(std::string_view key, T& out, Read reader, const Args&... args) {
    read_into(take(key), out, reader, args...);
  }
  /// The same for a key that must be there. False where it is absent or wrong.
  template <class T, class Read, class... Args>
  bool read_required(std::string_view key, T& out, Read reader, const Args&... args) {
    return read_into(require(key), out, reader, args...);
  }

  template <class E>
  void read_choice(std::string_view key, E& out, std::span<const char* const> names) {
    read_into(take(key), out, &Value::choice<E>, names);
  }
  template <class E>
  bool read_required_choice(std::string_view key, E& out, std::span<const char* const> names) {
    return read_into(require(key), out, &Value::choice<E>, names);
  }

  /// Every key, for maps whose keys are the user's; nothing is unknown then.
  [[nodiscard]] std::vector<std::pair<std::string, Value>> take_all();

  /// To be called once, when every key that exists has been asked for.
  void finish() const;

  [[nodiscard]] const Value& value() const { return map_; }

 private:
  struct Entry {
    std::string key;
    Value value;
    bool taken = false;
  };
  [[nodiscard]] Entry* find(std::string_view key);

  template <class T, class Read, class... Args>
  static bool read_into(const std::optional<Value>& value, T& out, Read reader, const Args&... args) {
    if (!value) return false;
    auto result = ((*value).*reader)(args...);
    if (!result) return false;
    out = *std::move(result);
    return true;
  }

  Value map_;
  std::vector<Entry> entries_;
  std::vector<std::string> known_;
};

/// Complains about the second of two equal names.
class UniqueNames {
 public:
  void add(const Value& value, const std::string& name);
  /// Reads a required name and adds it; "" where it is missing or none.
  std::string read(MapReader& map, std::string_view key);

 private:
  std::map<std::string, int> lines_;
};

}  // namespace pilotwatch::settings
