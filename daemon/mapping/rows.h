// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <functional>

#include "mapping/json.h"
#include "settings/mapping.h"

/// `each`: a batch payload, by rows or by columns, as its rows. Private to mapping/.
namespace pilotwatch::mapping {

/// Calls `take(row, index, rows)` for each. Throws Refusal where the value has not the form, or more than max_rows.
///   rows      an array; its elements are the rows
///   split     pandas: {columns, data}
///   tensors   Open Inference Protocol (KServe V2): [{name, shape, data}]; a tensor of several columns is an array
///   ndarray   Seldon: {names, ndarray} or {names, tensor: {shape, values}}
void for_each_row(const Json& value, settings::RowForm form,
                  const std::function<void(const Json&, std::size_t, std::size_t)>& take);

}  // namespace pilotwatch::mapping
