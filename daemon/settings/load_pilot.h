// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>

#include "settings/reader.h"
#include "settings/settings.h"

namespace pilotwatch::settings {

/// One element of `pilots`. Problems go to the value's gatherer; the result is usable only when there were none.
[[nodiscard]] Pilot read_pilot(const Value& value, const std::filesystem::path& folder);

/// `limits` of a pilot whose other sections have been read.
void read_limits(const Value& value, Pilot& pilot);

/// A word of window_kind_names, or {count: N}.
[[nodiscard]] std::optional<Window> read_window(const Value& value);

}  // namespace pilotwatch::settings
