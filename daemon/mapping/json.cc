// SPDX-License-Identifier: Apache-2.0
#include "mapping/json.h"

#include <charconv>
#include <cmath>
#include <vector>

#include "base/text.h"

namespace pilotwatch::mapping {
namespace {

using record::Reason;

/// Builds the document while it is read, so that bounds hold before memory is taken.
class Builder : public nlohmann::json_sax<Json> {
 public:
  explicit Builder(const JsonBounds& bounds) : bounds_(bounds) {}

  bool null() override { return add(nullptr) != nullptr; }
  bool boolean(bool value) override { return add(value) != nullptr; }
  bool number_integer(number_integer_t value) override { return add(value) != nullptr; }
  bool number_unsigned(number_unsigned_t value) override { return add(value) != nullptr; }
  bool number_float(number_float_t value, const string_t& text) override {
    if (text.find_first_of(".eE") == std::string::npos) return fail(Reason::number, "a whole number beyond 64 bits");
    return add(value) != nullptr;
  }
  bool string(string_t& value) override { return add(std::move(value)) != nullptr; }
  bool binary(binary_t&) override { return false; }
  bool start_object(std::size_t) override { return open(Json::object()); }
  bool start_array(std::size_t) override { return open(Json::array()); }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }

  bool key(string_t& name) override {
    const auto& object = *open_.back();
    if (object.contains(name)) return fail(Reason::schema, "'" + ellipsis(name, 64) + "': given twice");
    if (object.size() >= max_members) return fail(Reason::schema, "more than 1024 members");
    key_ = std::move(name);
    return true;
  }

  bool parse_error(std::size_t, const std::string&, const Json::exception& error) override {
    constexpr int number_too_large = 406;
    if (error.id == number_too_large) return fail(Reason::number, "a number is malformed or too large");
    return fail(Reason::json, "not valid JSON");
  }

  [[nodiscard]] Json& result() { return root_; }
  [[nodiscard]] const Refusal& refusal() const { return refusal_; }

 private:
  bool fail(Reason reason, std::string detail) {
    refusal_ = {reason, std::move(detail)};
    return false;
  }

  Json* add(Json value) {
    if (++count_ > bounds_.values) {
      fail(Reason::schema, "more than " + std::to_string(bounds_.values) + " values");
      return nullptr;
    }
    if (open_.empty()) {
      root_ = std::move(value);
      return &root_;
    }
    auto& parent = *open_.back();
    if (parent.is_array()) {
      parent.push_back(std::move(value));
      return &parent.back();
    }
    // Not operator[]: it would look for the key once more.
    auto& members = parent.get_ref<Json::object_t&>();
    members.Container::emplace_back(std::move(key_), std::move(value));
    return &members.back().second;
  }

  bool open(Json value) {
    if (open_.size() >= bounds_.depth)
      return fail(Reason::depth, "nested deeper than " + std::to_string(bounds_.depth) + " levels");
    auto* added = add(std::move(value));
    if (added == nullptr) return false;
    open_.push_back(added);
    return true;
  }

  bool close() {
    open_.pop_back();
    return true;
  }

  JsonBounds bounds_;
  Json root_;
  std::vector<Json*> open_;  ///< each the last element of the one before it, which does not grow meanwhile
  std::string key_;
  std::size_t count_ = 0;
  Refusal refusal_{Reason::json, "not valid JSON"};
};

}  // namespace

Json parse_json(std::string_view text, const JsonBounds& bounds) {
  // The parser takes a NUL for the end.
  if (text.find('\0') != std::string_view::npos) throw Refusal{Reason::json, "not valid JSON: a NUL byte"};
  Builder builder(bounds);
  if (Json::sax_parse(text.begin(), text.end(), &builder)) return std::move(builder.result());
  auto refusal = builder.refusal();
  if (refusal.reason == Reason::json && to_valid_utf8(text) != text) refusal = {Reason::utf8, "not valid UTF-8"};
  throw refusal;
}

std::string to_line(const Json& value) { return value.dump(-1, ' ', false, Json::error_handler_t::replace); }

const char* kind_of(const Json& value) {
  switch (value.type()) {
    case Json::value_t::null:
      return "null";
    case Json::value_t::object:
      return "an object";
    case Json::value_t::array:
      return "an array";
    case Json::value_t::string:
      return "a string";
    case Json::value_t::boolean:
      return "a boolean";
    default:
      return "a number";
  }
}

bool is_scalar(const Json& value) { return value.is_string() || value.is_number() || value.is_boolean(); }

std::string text_of(const Json& scalar) {
  return scalar.is_string() ? scalar.get_ref<const std::string&>() : to_line(scalar);
}

const Json* member(const Json& value, std::string_view name) {
  if (!value.is_object()) return nullptr;
  for (const auto& [key, found] : value.get_ref<const Json::object_t&>()) {
    if (key == name) return found.is_null() ? nullptr : &found;
  }
  return nullptr;
}

Json typed(const std::string& text) {
  if (text == "true" || text == "True") return true;
  if (text == "false" || text == "False") return false;
  constexpr std::size_t exact_digits = 15, longest = 40;
  std::string_view digits = text;
  if (digits.starts_with('-')) digits.remove_prefix(1);
  const bool starts_well = !digits.empty() && digits.front() >= '0' && digits.front() <= '9' &&
                           !(digits.size() > 1 && digits.front() == '0' && digits[1] >= '0' && digits[1] <= '9');
  if (!starts_well || text.size() > longest || digits.back() == '.') return text;
  if (digits.find_first_not_of("0123456789") == std::string_view::npos) {
    if (digits.size() > exact_digits) return text;
    return std::stoll(text);
  }
  double value = 0;
  const auto end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, value);
  if (parsed.ec != std::errc{} || parsed.ptr != end || !std::isfinite(value)) return text;
  return value;
}

}  // namespace pilotwatch::mapping
