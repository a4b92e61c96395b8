// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "sources/open_file.h"

/// Which files there are; private to the file tail.
namespace pilotwatch::sources {

/// A regular file that stands at a path now, symbolic links followed.
struct FoundFile {
  std::filesystem::path path;
  FileStatus status;
};

struct Scan {
  std::vector<FoundFile> files;  ///< in the order of the patterns, within one by name; a path once
  unsigned irregular = 0;        ///< paths without wildcards at which something stands that is no regular file
  std::vector<std::filesystem::path> errors;  ///< what could not be looked at, other than for not being there
};

/// Whether what stands at `path` may have been missed: it, or a folder above it, could not be looked at.
[[nodiscard]] bool may_be_missed(const std::filesystem::path& path, const std::vector<std::filesystem::path>& errors);

/// Looks for the files of `patterns`: paths, whose parts may have *, ? and [...] (a leading dot must be written). Costs
/// a stat(2) a file. What is missing at or below one of the errors may be there.
[[nodiscard]] Scan scan_files(const std::vector<std::filesystem::path>& patterns);

/// The folder in which a pattern's files appear, if that is one folder; for who wants to be told of changes. Else the
/// last one above the first part with a wildcard.
[[nodiscard]] std::filesystem::path watched_folder(const std::filesystem::path& pattern);

/// Whether one of the patterns means this path.
[[nodiscard]] bool is_matched(const std::filesystem::path& path, const std::vector<std::filesystem::path>& patterns);

/// Whether `name` is what rotation makes of `base`: a number or date behind it or before its ending, perhaps gzipped.
/// log: log.1, log-20260131, log.2.gz; log.ndjson: also log-20260131.ndjson, log.1.ndjson.gz.
[[nodiscard]] bool is_rotated_name(std::string_view name, std::string_view base);

/// Files beside `path` that rotation may have made of it, by time of change.
[[nodiscard]] Scan rotated_files(const std::filesystem::path& path);

/// Names in a folder by inode, without a stat(2) of each; none where it is not there, nullopt where it cannot be read.
using NamesByInode = std::unordered_multimap<std::uint64_t, std::string>;
[[nodiscard]] std::optional<NamesByInode> inodes_in(const std::filesystem::path& folder);

}  // namespace pilotwatch::sources
