// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string_view>

#include "settings/source.h"

/// Where bytes of a growing file may be cut, so that no record is cut apart.
namespace pilotwatch::sources {

/// How much of these bytes, which begin with a record, are whole lines (json) or whole rows (csv) that may be delivered
/// together; 0 = none is whole. A line of json that begins with '[' goes alone: decode/ takes bytes that begin so for
/// one array, whole or refused, and it must not take its neighbours with it.
[[nodiscard]] std::size_t whole_records(std::string_view bytes, settings::SourceFormat format);

/// The length of the first line or row, its newline included; 0 = it is not whole.
[[nodiscard]] std::size_t first_record(std::string_view bytes, settings::SourceFormat format);

}  // namespace pilotwatch::sources
