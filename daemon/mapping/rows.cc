// SPDX-License-Identifier: Apache-2.0
#include "mapping/rows.h"

#include <algorithm>
#include <vector>

namespace pilotwatch::mapping {
namespace {

using record::Reason;
using settings::RowForm;
using Take = std::function<void(const Json&, std::size_t, std::size_t)>;

[[noreturn]] void refuse(const std::string& what) { throw Refusal{Reason::mapping, "each: " + what}; }

const Json& array_of(const Json* value, const std::string& what) {
  if (value == nullptr) refuse(what + " is missing");
  if (!value->is_array()) refuse(what + " is " + kind_of(*value) + ", not an array");
  return *value;
}

std::size_t bounded(std::size_t rows) {
  if (rows > max_rows) refuse("more than 10000 rows");
  return rows;
}

std::vector<std::string> names_of(const Json* names) {
  std::vector<std::string> out;
  if (names == nullptr) return out;
  for (const auto& name : array_of(names, "the list of names")) {
    if (!is_scalar(name)) refuse("a name is no text");
    out.push_back(text_of(name));
  }
  if (out.size() > max_members) refuse("more than 1024 columns");
  auto sorted = out;
  std::ranges::sort(sorted);
  if (std::ranges::adjacent_find(sorted) != sorted.end()) refuse("two columns have one name");
  return out;
}

/// An object of the cells by name; without names, or where a row is a single value, the row as it is.
Json named(const std::vector<std::string>& names, const Json& row) {
  if (names.empty() || (!row.is_array() && names.size() != 1)) return row;
  const bool one = !row.is_array();
  if (!one && row.size() != names.size()) refuse("a row has not as many values as there are columns");
  Json::object_t out;
  for (std::size_t i = 0; i < names.size(); ++i) out.Container::emplace_back(names[i], one ? row : row[i]);
  return out;
}

void rows(const Json& list, const std::vector<std::string>& names, const Take& take) {
  const auto count = bounded(list.size());
  for (std::size_t i = 0; i < count; ++i) {
    if (names.empty()) {
      take(list[i], i, count);
    } else {
      take(named(names, list[i]), i, count);
    }
  }
}

void split(const Json& value, const Take& take) {
  if (!value.is_object()) refuse(std::string("must be an object with columns and data, is ") + kind_of(value));
  rows(array_of(member(value, "data"), "data"), names_of(member(value, "columns")), take);
}

/// The values of a tensor in their order, whether the shape is in the nesting or not.
void flatten(const Json& data, std::vector<const Json*>& out) {
  for (const auto& item : data) {
    if (item.is_array()) {
      flatten(item, out);
    } else {
      out.push_back(&item);
    }
  }
}

struct Tensor {
  std::string name;
  std::vector<const Json*> values;
  std::size_t rows = 0, width = 1;
  bool array = false;  ///< a row has an array of values, even if of one
};

/// The sizes, and whether their product is the number of values.
void read_shape(const Json& shape, Tensor& out) {
  if (shape.empty()) refuse("an empty shape");
  std::size_t product = 1;
  for (std::size_t i = 0; i < shape.size(); ++i) {
    const auto& side = shape[i];
    const auto size = side.is_number_unsigned() ? side.get<std::size_t>() : 0;
    if (!side.is_number_unsigned() || size > 100'000'000) refuse("a shape must be of small whole numbers");
    if (i == 0) out.rows = bounded(size);
    if (i > 0) out.width *= size;
    product *= size;
    if (product > 100'000'000 || out.width > max_members) refuse("a tensor is too large");
  }
  if (product != out.values.size()) refuse("a tensor has not as many values as its shape says");
  out.array = out.width != 1;
}

Tensor tensor_of(const Json& value, const char* data) {
  Tensor out;
  if (const auto* name = member(value, "name"); name != nullptr && name->is_string()) out.name = text_of(*name);
  const auto* values = member(value, data);
  if (values == nullptr) refuse(std::string("a tensor without ") + data + " (binary tensors cannot be read)");
  flatten(array_of(values, data), out.values);
  read_shape(array_of(member(value, "shape"), "shape"), out);
  return out;
}

Json row_of(const Tensor& tensor, std::size_t row) {
  if (!tensor.array) return *tensor.values[row];
  Json out = Json::array();
  for (std::size_t i = 0; i < tensor.width; ++i) out.push_back(*tensor.values[row * tensor.width + i]);
  return out;
}

void tensors(const Json& list, const Take& take) {
  if (array_of(&list, "the list of tensors").size() > max_members) refuse("more than 1024 tensors");
  std::vector<Tensor> all;
  std::vector<std::string> names;
  for (const auto& item : list) {
    all.push_back(tensor_of(item, "data"));
    if (all.back().rows != all.front().rows) refuse("tensors have different numbers of rows");
    if (std::ranges::find(names, all.back().name) != names.end()) refuse("two tensors have one name");
    names.push_back(all.back().name);
  }
  const auto count = all.empty() ? 0 : all.front().rows;
  for (std::size_t i = 0; i < count; ++i) {
    Json::object_t row;
    for (const auto& tensor : all) row.Container::emplace_back(tensor.name, row_of(tensor, i));
    take(row, i, count);
  }
}

void ndarray(const Json& value, const Take& take) {
  if (!value.is_object()) refuse(std::string("must be an object with ndarray or tensor, is ") + kind_of(value));
  const auto names = names_of(member(value, "names"));
  if (const auto* list = member(value, "ndarray")) return rows(array_of(list, "ndarray"), names, take);
  const auto* inner = member(value, "tensor");
  if (inner == nullptr) refuse("has neither ndarray nor tensor");
  const auto tensor = tensor_of(*inner, "values");
  for (std::size_t i = 0; i < tensor.rows; ++i) take(named(names, row_of(tensor, i)), i, tensor.rows);
}

}  // namespace

void for_each_row(const Json& value, RowForm form, const Take& take) {
  switch (form) {
    case RowForm::rows:
      return rows(array_of(&value, "the value"), {}, take);
    case RowForm::split:
      return split(value, take);
    case RowForm::tensors:
      return tensors(value, take);
    case RowForm::ndarray:
      return ndarray(value, take);
  }
}

}  // namespace pilotwatch::mapping
