// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simdjson.h>

#include <algorithm>
#include <boost/container/static_vector.hpp>
#include <cstdint>
#include <iterator>
#include <string>
#include <string_view>

#include "base/text.h"
#include "decode/object.h"

/// What the readers of all kinds of records share: values with a path for the refusal, and the members of an object.
namespace pilotwatch::decode {

/// Where in a record something is: "features." and "amount". Put together only where it is refused.
struct Path {
  Path(const char* text) : member(text) {}
  Path(std::string_view text) : member(text) {}
  Path(const std::string& text) : member(text) {}
  Path(std::string_view of, std::string_view name) : object(of), member(name) {}
  std::string_view object, member;
};

[[noreturn]] void refuse(record::Reason reason, const Path& path, std::string_view what);
/// A name out of the data, for a detail: quoted and cut, as all data there.
[[nodiscard]] inline std::string foreign_key(std::string_view key) { return "'" + ellipsis(key, 64) + "'"; }
[[nodiscard]] const char* type_name(const simdjson::dom::element& e);
[[noreturn]] void wrong_type(const Path& path, std::string_view expected, const simdjson::dom::element& got);
[[nodiscard]] bool is_number(const simdjson::dom::element& e);

// All of these throw Refusal where the value is not what it should be.
[[nodiscard]] double number(const simdjson::dom::element& e, const Path& path);
/// At most max_text_bytes. As long as the element.
[[nodiscard]] std::string_view text(const simdjson::dom::element& e, const Path& path);
[[nodiscard]] bool boolean(const simdjson::dom::element& e, const Path& path);
[[nodiscard]] simdjson::dom::object object_of(const simdjson::dom::element& e, const Path& path);
/// Numbers below 1e11 are Unix seconds, others milliseconds; strings are RFC 3339.
[[nodiscard]] Instant read_time(const simdjson::dom::element& e, const Path& path);
void check_range(Instant time, const settings::Pilot& pilot, const Reading& reading);
/// A foreign identifier.
[[nodiscard]] Id128 read_id(const simdjson::dom::element& e, const Path& path, IdKind kind,
                            const PilotSchema& schema, const Reading& reading);
/// The decision's label or number; regression takes numbers, other tasks the configured classes.
[[nodiscard]] record::Value read_target(const simdjson::dom::element& e, const Path& path,
                                        const PilotSchema& schema, const Reading& reading);
/// One of the words of `names`, whose index is the enumerator.
template <class E, std::size_t N>
[[nodiscard]] E read_choice(const simdjson::dom::element& e, const Path& path, const char* const (&names)[N]) {
  const auto word = text(e, path);
  const auto found = std::find(std::begin(names), std::end(names), word);
  if (found != std::end(names)) return static_cast<E>(found - std::begin(names));
  std::string known = "must be one of ";
  for (std::size_t i = 0; i < N; ++i) (known += i == 0 ? "" : ", ") += names[i];
  refuse(record::Reason::schema, path, known);
}

/// The text of a label: JSON `1`, `1.0` and `"1"` name one; `true` and `false` are "1" and "0" where `truth_values`.
/// Throws Refusal for anything but strings, numbers and booleans, and for more than max_text_bytes. No longer than the
/// element.
class Label {
 public:
  Label(const simdjson::dom::element& e, const Path& path, bool truth_values);
  Label(const Label&) = delete;
  Label& operator=(const Label&) = delete;
  [[nodiscard]] std::string_view text() const { return text_; }

 private:
  char buffer_[24];
  std::string long_;
  std::string_view text_;
};

/// The members of one object, each read once; what nobody asked for is the unknown rest.
class Members {
 public:
  explicit Members(const simdjson::dom::object& from) {
    for (const auto field : from) {
      if (fields_.size() == most) refuse(record::Reason::schema, "", "more than 64 members");
      for (const auto& known : fields_) {
        if (known.key == field.key) refuse(record::Reason::schema, foreign_key(field.key), "given twice");
      }
      fields_.push_back({field.key, field.value, false});
    }
  }

  /// nullptr when absent or null.
  const simdjson::dom::element* take(std::string_view key) {
    for (std::size_t i = 0; i < fields_.size(); ++i) {
      // Most writers have an order of their own and keep to it: the next one stands behind the last.
      auto& field = fields_[next_];
      next_ = next_ + 1 == fields_.size() ? 0 : next_ + 1;
      if (field.key != key) continue;
      field.taken = true;
      return field.value.is_null() ? nullptr : &field.value;
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
    for (const auto& field : fields_) {
      if (field.taken) continue;
      if (pilot.unknown_fields == settings::UnknownFields::reject)
        refuse(record::Reason::unknown_field, foreign_key(field.key), "is not allow-listed");
      ++dropped;
    }
  }

 private:
  struct Field {
    std::string_view key;
    simdjson::dom::element value;
    bool taken = false;
  };
  static constexpr std::size_t most = 64;
  boost::container::static_vector<Field, most> fields_;
  std::size_t next_ = 0;
};

}  // namespace pilotwatch::decode
