// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>

/// What is done with the files of a store as they are; private to journal/. `folder` holds the store, under its lock.
namespace pilotwatch::journal {

/// A file or a folder. Throws WriteError.
void make_durable(const std::filesystem::path& path);

/// Puts `fresh`, a whole and closed database of the same folder, in the place of the store's, which from then on is
/// called as the path returned: `pilotwatch.db.damaged-<stamp>`. Either nothing of that has happened after a crash, or
/// finish_replacing() does the rest. Throws WriteError; then the same holds.
std::filesystem::path replace_database(const std::filesystem::path& folder, const std::filesystem::path& fresh,
                                       const std::string& stamp);

/// Whether a replacement was begun and is not finished.
[[nodiscard]] bool is_replacing(const std::filesystem::path& folder);

/// Goes on with that, and does nothing where none was begun. Throws WriteError.
void finish_replacing(const std::filesystem::path& folder);

/// Leaves `pilotwatch.db.suspect` beside the store, until it is replaced: writing has met damage that a start would not
/// see. As far as that can be written.
void mark_suspect(const std::filesystem::path& folder) noexcept;

/// Whether that lies beside a database.
[[nodiscard]] bool is_suspect(const std::filesystem::path& folder);

}  // namespace pilotwatch::journal
