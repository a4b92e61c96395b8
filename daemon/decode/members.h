// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simdjson.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <iterator>
#include <string>
#include <string_view>

#include "base/text.h"
#include "decode/object.h"

/// What the readers of all kinds of records share: values with a path for the refusal, and the members of an object.
namespace pilotwatch::decode {

[[noreturn]] void refuse(record::Reason reason, std::string_view path, std::string_view what);
/// A name out of the data, for a detail: quoted and cut, as all data there.
[[nodiscard]] inline std::string foreign_key(std::string_view key) { return "'" + ellipsis(key, 64) + "'"; }
[[nodiscard]] const char* type_name(const simdjson::dom::element& e);
[[noreturn]] void wrong_type(std::string_view path, std::string_view expected, const simdjson::dom::element& got);
[[nodiscard]] bool is_number(const simdjson::dom::element& e);

// All of these throw Refusal where the value is not what it should be.
[[nodiscard]] double number(const simdjson::dom::element& e, std::string_view path);
/// At most max_text_bytes.
[[nodiscard]] std::string text(const simdjson::dom::element& e, std::string_view path);
[[nodiscard]] bool boolean(const simdjson::dom::element& e, std::string_view path);
[[nodiscard]] simdjson::dom::object object_of(const simdjson::dom::element& e, std::string_view path);
/// Numbers below 1e11 are Unix seconds, others milliseconds; strings are RFC 3339.
[[nodiscard]] Instant read_time(const simdjson::dom::element& e, std::string_view path);
void check_range(Instant time, const settings::Pilot& pilot, const Reading& reading);
/// A foreign identifier; `kind` separates decisions, complaints, incidents, ...
[[nodiscard]] Id128 read_id(const simdjson::dom::element& e, std::string_view path, std::string_view kind,
                            const PilotSchema& schema, const Reading& reading);
/// The decision's label or number; regression takes numbers, other tasks the configured classes.
[[nodiscard]] record::Value read_target(const simdjson::dom::element& e, std::string_view path,
                                        const PilotSchema& schema, const Reading& reading);
/// One of the words of `names`, whose index is the enumerator.
template <class E, std::size_t N>
[[nodiscard]] E read_choice(const simdjson::dom::element& e, std::string_view path, const char* const (&names)[N]) {
  const auto word = text(e, path);
  const auto found = std::find(std::begin(names), std::end(names), word);
  if (found != std::end(names)) return static_cast<E>(found - std::begin(names));
  std::string known = "must be one of ";
  for (std::size_t i = 0; i < N; ++i) (known += i == 0 ? "" : ", ") += names[i];
  refuse(record::Reason::schema, path, known);
}

/// The members of one object, each read once; what nobody asked for is the unknown rest.
class Members {
 public:
  explicit Members(const simdjson::dom::object& from) {
    for (const auto field : from) {
      if (size_ == fields_.size()) refuse(record::Reason::schema, "", "more than 64 members");
      for (std::size_t i = 0; i < size_; ++i) {
        if (fields_[i].key == field.key) refuse(record::Reason::schema, foreign_key(field.key), "given twice");
      }
      fields_[size_++] = {field.key, field.value, false};
    }
  }

  /// nullptr when absent or null.
  const simdjson::dom::element* take(std::string_view key) {
    for (std::size_t i = 0; i < size_; ++i) {
      if (fields_[i].key != key) continue;
      fields_[i].taken = true;
      return fields_[i].value.is_null() ? nullptr : &fields_[i].value;
    }
    return nullptr;
  }

  const simdjson::dom::element& require(std::string_view key) {
    const auto* found = take(key);
    if (found == nullptr) refuse(record::Reason::schema, key, "is required");
    return *found;
  }

  /// Counts, or refuses, what no rule of the wire format names.
  void finish(const settings::Pilot& pilot, std::uint64_t& dropped) const {
    for (std::size_t i = 0; i < size_; ++i) {
      if (fields_[i].taken) continue;
      if (pilot.unknown_fields == settings::UnknownFields::reject)
        refuse(record::Reason::unknown_field, foreign_key(fields_[i].key), "is not allow-listed");
      ++dropped;
    }
  }

 private:
  struct Field {
    std::string_view key;
    simdjson::dom::element value;
    bool taken = false;
  };
  std::array<Field, 64> fields_;
  std::size_t size_ = 0;
};

}  // namespace pilotwatch::decode
