// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>

namespace pilotwatch::journal {

inline constexpr std::uint64_t page_bytes = 4096;  ///< of our databases

/// Copies the store in `folder` into `to`, also while a daemon uses it: what was committed when it began, all of it or
/// nothing. `to` must not exist, be empty, or hold what an interrupted backup has left; it gets the database, checked, and the key of the ids (mode 0600), so it is as
/// confidential as the store. `progress` is called with pages copied and all pages.
/// Throws OpenError: no store of ours, or `to` is not empty. Throws WriteError: it cannot be written.
void back_up(const std::filesystem::path& folder, const std::filesystem::path& to,
             const std::function<void(std::uint64_t done, std::uint64_t all)>& progress);

}  // namespace pilotwatch::journal
