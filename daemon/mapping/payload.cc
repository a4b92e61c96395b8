// SPDX-License-Identifier: Apache-2.0
#include "mapping/payload.h"

#include <algorithm>

#include "mapping/csv.h"
#include "mapping/rows.h"

namespace pilotwatch::mapping {
namespace {

using record::Reason;
using settings::RowForm;

constexpr std::uint64_t unbounded = UINT64_MAX;  // the foreign record was bounded before

Json rows_of(const Json& value, RowForm form) {
  Json out = Json::array();
  for_each_row(value, form, [&](const Json& row, std::size_t, std::size_t) { out.push_back(row); });
  return out;
}

/// {"a": [1, 2], "b": [3, 4]}: columns by name.
bool is_columns(const Json& value) {
  if (!value.is_object() || value.empty() || !value.front().is_array()) return false;
  return std::ranges::all_of(
      value, [&](const Json& column) { return column.is_array() && column.size() == value.front().size(); });
}

Json rows_of_columns(const Json& columns) {
  const auto count = columns.front().size();
  if (count > max_rows) throw Refusal{Reason::mapping, "more than 10000 rows"};
  Json out = Json::array();
  for (std::size_t i = 0; i < count; ++i) {
    Json row = Json::object();
    for (const auto& [name, column] : columns.items()) row[name] = column[i];
    out.push_back(std::move(row));
  }
  return out;
}

bool is_tensors(const Json& value) {
  return value.is_array() && !value.empty() && member(value.front(), "shape") != nullptr &&
         member(value.front(), "data") != nullptr;
}

}  // namespace

Json payload_rows(const Json& body) {
  if (const auto* split = member(body, "dataframe_split")) return rows_of(*split, RowForm::split);
  for (const auto* name : {"dataframe_records", "instances", "inputs", "predictions", "outputs"}) {
    const auto* value = member(body, name);
    if (value == nullptr) continue;
    if (is_tensors(*value)) return rows_of(*value, RowForm::tensors);
    if (is_columns(*value)) return rows_of_columns(*value);
    if (value->is_array()) return rows_of(*value, RowForm::rows);
    return Json::array({*value});
  }
  if (body.is_array()) return rows_of(body, RowForm::rows);
  return Json::array({body});
}

Json csv_rows(std::string_view text) {
  Json out = Json::array();
  CsvReader reader(text, ',', unbounded);
  while (auto row = reader.next()) {
    if (!row->problem.empty()) throw Refusal{Reason::csv, row->problem};
    if (out.size() >= max_rows) throw Refusal{Reason::mapping, "more than 10000 rows"};
    Json cells = Json::array();
    for (auto& cell : row->cells) cells.push_back(cell.empty() ? Json() : typed(cell));
    out.push_back(std::move(cells));
  }
  return out;
}

Json zipped(const Json& inputs, const Json& outputs) {
  if (!inputs.empty() && !outputs.empty() && inputs.size() != outputs.size())
    throw Refusal{Reason::mapping, "the answer has not as many rows as the request"};
  Json out = Json::array();
  for (std::size_t i = 0; i < std::max(inputs.size(), outputs.size()); ++i) {
    Json row = Json::object();
    if (!inputs.empty()) row["input"] = inputs[i];
    if (!outputs.empty()) row["output"] = outputs[i];
    out.push_back(std::move(row));
  }
  return out;
}

}  // namespace pilotwatch::mapping
