// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "mapping/json.h"
#include "settings/mapping.h"

/// Foreign times. Private to mapping/.
namespace pilotwatch::mapping {

/// As the wire format has them, exact to the millisecond. Throws Refusal where the value is not of the rule's form.
[[nodiscard]] Json as_time(const settings::FieldRule& rule, const Json& value, bool cells_are_text);

}  // namespace pilotwatch::mapping
