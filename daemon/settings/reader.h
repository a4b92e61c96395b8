// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <yaml-cpp/yaml.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "settings/load.h"

/// Reading YAML without ever stopping at the first mistake; private to settings/.
namespace pilotwatch::settings {

/// Where problems of one file are gathered.
class Problems {
 public:
  explicit Problems(std::filesystem::path file) : file_(std::move(file)) {}
  void add(const YAML::Mark& mark, std::string path, std::string message);
  [[nodiscard]] std::vector<Problem> sorted() const;   ///< by line, then column
  [[nodiscard]] bool empty() const { return found_.empty(); }

 private:
  std::filesystem::path file_;
  std::vector<Problem> found_;
};

/// A value with its place. Getters answer nullopt after they have reported what is wrong.
class Value {
 public:
  Value(YAML::Node node, std::string path, Problems& problems) : node_(std::move(node)), path_(std::move(path)), problems_(&problems) {}

  void problem(const std::string& message) const { problems_->add(node_.Mark(), path_, message); }
  [[nodiscard]] std::optional<std::string> text() const;
  /// Letters, digits and _ . : - only, at most 64: it becomes a label and part of URLs.
  [[nodiscard]] std::optional<std::string> name() const;
  /// A label of a class: numbers without needless fraction, true and false as 1 and 0.
  [[nodiscard]] std::optional<std::string> label() const;
  [[nodiscard]] std::optional<double> number(double least, double greatest) const;
  [[nodiscard]] std::optional<std::uint64_t> whole(std::uint64_t least, std::uint64_t greatest) const;
  [[nodiscard]] std::optional<std::uint64_t> size() const;   ///< bytes: 1048576, 64MB, 1GB (powers of 1024)
  [[nodiscard]] std::optional<Millis> duration(Millis least = Millis{0}) const;
  /// Index into `names`.
  [[nodiscard]] std::optional<std::size_t> one_of(std::span<const char* const> names) const;
  [[nodiscard]] std::vector<Value> list() const;
  [[nodiscard]] const YAML::Node& node() const { return node_; }
  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] Problems& problems() const { return *problems_; }

 private:
  YAML::Node node_;
  std::string path_;
  Problems* problems_;
};

/// A mapping whose keys are read one by one; finish() reports what nobody asked for.
class Map {
 public:
  explicit Map(const Value& value);

  /// nullopt when absent or null (`key:` without value).
  std::optional<Value> get(std::string_view key);
  /// Reports a missing key at the mapping's own place.
  std::optional<Value> require(std::string_view key);
  /// Unknown and repeated keys, at the place of the key.
  void finish();
  [[nodiscard]] const Value& self() const { return self_; }

  // Shorthands: the value where it is given and right, else `out` stays what it is.
  void read(std::string_view key, std::string& out);
  void read(std::string_view key, Millis& out, Millis least = Millis{0});
  void read(std::string_view key, std::uint64_t& out, std::uint64_t least, std::uint64_t greatest);
  void read_size(std::string_view key, std::uint64_t& out);
  void read(std::string_view key, double& out, double least, double greatest);
  template <class Enum>
  bool read_enum(std::string_view key, Enum& out, std::span<const char* const> names) {
    const auto value = get(key);
    if (!value) return false;
    if (const auto index = value->one_of(names)) out = static_cast<Enum>(*index);
    return true;
  }

 private:
  [[nodiscard]] std::string path_of(std::string_view key) const;
  Value self_;
  std::vector<std::string_view> asked_;
};

}  // namespace pilotwatch::settings
