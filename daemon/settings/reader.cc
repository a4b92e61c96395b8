// SPDX-License-Identifier: Apache-2.0
#include "settings/reader.h"

#include <algorithm>

#include "base/text.h"

namespace pilotwatch::settings {
namespace {

/// Keys come from the user and go into paths: short and on one line, too.
std::string one_line(std::string_view text) {
  std::string out = ellipsis(text, 60);
  std::replace_if(
      out.begin(), out.end(), [](unsigned char c) { return c < 0x20 || c == 0x7F; }, ' ');
  return out;
}

std::string child_path(const std::string& parent, std::string_view key) {
  return parent.empty() ? one_line(key) : parent + "." + one_line(key);
}

std::string twice(int first_line) { return "given twice; the first is in line " + std::to_string(first_line); }

}  // namespace

void Problems::add(const YAML::Mark& at, std::string path, std::string message) {
  // yaml-cpp counts from 0, and gives -1 for a place it does not know.
  const int line = std::max(at.line, 0) + 1, column = std::max(at.column, 0) + 1;
  found_.push_back({file_, line, column, std::move(path), std::move(message)});
}

std::vector<Problem> Problems::in_order() && {
  std::stable_sort(found_.begin(), found_.end(), [](const Problem& a, const Problem& b) {
    return std::pair(a.line, a.column) < std::pair(b.line, b.column);
  });
  return std::move(found_);
}

std::string in_quotes(std::string_view text) { return "'" + one_line(text) + "'"; }

std::string suggestion(std::string_view word, std::span<const std::string_view> known) {
  const auto best = closest(word, known);
  return best ? "; did you mean '" + *best + "'?" : "";
}

std::string instead(std::string_view word, std::string_view title, std::span<const std::string_view> known) {
  const auto meant = suggestion(word, known);
  return (meant.empty() ? "; " : meant + " ") + std::string(title) + ": " + (known.empty() ? "none" : join(known));
}

MapReader::MapReader(const Value& map) : map_(map) {
  if (!map.node().IsMap()) {
    map.wrong("a map of keys and values");
    return;
  }
  for (const auto& pair : map.node()) {
    if (!pair.first.IsScalar()) {
      map.problems().add(map.place().value_or(pair.first.Mark()), map.path(), "keys must be text");
      continue;
    }
    const std::string& key = pair.first.Scalar();
    const std::string path = child_path(map.path(), key);
    // yaml-cpp keeps both and finds the first; the user meant one of them.
    if (const auto* first = find(key)) {
      map.problems().add(pair.first.Mark(), path, twice(first->value.key().line + 1));
      continue;
    }
    entries_.push_back({key, Value(pair.second, pair.first.Mark(), path, map.problems(), map.place())});
  }
}

MapReader::Entry* MapReader::find(std::string_view key) {
  const auto found = std::find_if(entries_.begin(), entries_.end(), [&](const Entry& e) { return e.key == key; });
  return found == entries_.end() ? nullptr : &*found;
}

std::optional<Value> MapReader::take(std::string_view key) {
  if (std::find(known_.begin(), known_.end(), key) == known_.end()) known_.emplace_back(key);
  auto* found = find(key);
  if (found == nullptr) return std::nullopt;
  const bool first_time = !std::exchange(found->taken, true);
  if (!found->value.node().IsNull()) return found->value;
  // A default that applies because a line was left unfinished would be a surprise.
  if (first_time) found->value.key_problem("has no value; leave the key out for its default");
  return std::nullopt;
}

std::optional<Value> MapReader::require(std::string_view key) {
  if (map_.node().IsMap() && find(key) == nullptr) {
    map_.problems().add(map_.mark(), child_path(map_.path(), key), "is required");
  }
  return take(key);
}

bool MapReader::has(std::string_view key) const {
  return std::any_of(entries_.begin(), entries_.end(), [&](const Entry& e) { return e.key == key; });
}

void MapReader::inherit(std::string key, const Value& value) {
  if (!has(key)) entries_.push_back({std::move(key), value});
}

std::vector<std::pair<std::string, Value>> MapReader::take_all() {
  std::vector<std::pair<std::string, Value>> out;
  for (const auto& entry : entries_) {
    if (auto value = take(entry.key)) out.emplace_back(entry.key, std::move(*value));
  }
  return out;
}

void MapReader::finish() const {
  const std::vector<std::string_view> known(known_.begin(), known_.end());
  for (const auto& entry : entries_) {
    if (!entry.taken) entry.value.key_problem("unknown key" + instead(entry.key, "known", known));
  }
}

void UniqueNames::add(const Value& value, const std::string& name) {
  const auto [first, fresh] = lines_.emplace(name, value.mark().line + 1);
  if (!fresh) value.problem(in_quotes(name) + " is " + twice(first->second));
}

std::string UniqueNames::read(MapReader& map, std::string_view key) {
  const auto value = map.require(key);
  auto name = value ? value->name() : std::nullopt;
  if (name) add(*value, *name);
  return std::move(name).value_or("");
}

}  // namespace pilotwatch::settings
