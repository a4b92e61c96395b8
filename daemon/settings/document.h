// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "settings/reader.h"

/// From a file's bytes to one YAML document.
namespace pilotwatch::settings {

/// Everything in the file; the error says why it cannot be read.
[[nodiscard]] Result<std::string> read_text(const std::filesystem::path& file);

/// The root of the only document. nullopt with a problem where it is no text, not YAML or one of several, and where it
/// is empty: then with "the file is empty; <when_empty>", or without a problem where `when_empty` is "".
[[nodiscard]] std::optional<YAML::Node> document(std::string_view yaml, Problems& problems,
                                                 const std::string& when_empty);

}  // namespace pilotwatch::settings
