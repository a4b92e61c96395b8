// SPDX-License-Identifier: Apache-2.0
#include "sources/file_patterns.h"

#include <dirent.h>
#include <fnmatch.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <functional>
#include <memory>
#include <set>

namespace pilotwatch::sources {
namespace {

namespace fs = std::filesystem;

bool has_wildcard(const std::string& part) { return part.find_first_of("*?[") != std::string::npos; }
bool not_there(int error) { return error == ENOENT || error == ENOTDIR; }

/// Calls visit(name, inode) for each entry of a folder; notes it as an error where it cannot be read.
void each_entry(const fs::path& folder, std::vector<fs::path>& errors,
                const std::function<void(const char*, std::uint64_t)>& visit) {
  const std::unique_ptr<DIR, int (*)(DIR*)> open(::opendir(folder.empty() ? "." : folder.c_str()), &::closedir);
  if (!open) {
    if (!not_there(errno)) errors.push_back(folder);
    return;
  }
  for (;;) {
    errno = 0;
    const dirent* entry = ::readdir(open.get());
    if (entry == nullptr) break;
    const std::string_view name(entry->d_name);
    if (name != "." && name != "..") visit(entry->d_name, entry->d_ino);
  }
  if (errno != 0) errors.push_back(folder);
}

void add_file(Scan& scan, const fs::path& path, bool named) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) {
    if (!not_there(errno)) scan.errors.push_back(path);
  } else if (S_ISREG(status.st_mode)) {
    scan.files.push_back({path, status_of(status)});
  } else if (named) {
    ++scan.irregular;
  }
}

class Scanner {
 public:
  void add(const fs::path& pattern) {
    named_ = !has_wildcard(pattern.string());
    walk({}, pattern.begin(), pattern.end());
  }
  Scan take() { return std::move(scan_); }

 private:
  void walk(const fs::path& so_far, fs::path::iterator part, fs::path::iterator end) {
    if (part == end) {
      if (paths_.insert(so_far).second) add_file(scan_, so_far, named_);
      return;
    }
    if (!has_wildcard(part->string())) return walk(so_far / *part, std::next(part), end);
    std::vector<std::string> names;
    each_entry(so_far, scan_.errors, [&](const char* name, std::uint64_t) {
      if (::fnmatch(part->c_str(), name, FNM_PERIOD) == 0) names.emplace_back(name);
    });
    std::ranges::sort(names);
    for (const auto& name : names) walk(so_far / name, std::next(part), end);
  }

  Scan scan_;
  std::set<fs::path> paths_;
  bool named_ = true;
};

/// What is left of `text` behind one or more of `characters`.
std::string_view behind(std::string_view text, std::string_view characters) {
  const auto at = text.find_first_not_of(characters);
  return at == std::string_view::npos ? "" : text.substr(at);
}

/// A separator, a digit, and what else numbers and dates are made of; `rest` is what follows.
bool takes_number(std::string_view text, std::string_view& rest) {
  if (text.size() < 2 || std::string_view(".-_").find(text[0]) == std::string_view::npos) return false;
  if (text[1] < '0' || text[1] > '9') return false;
  text.remove_prefix(1);
  rest = behind(text, "0123456789-_T:");
  while (rest.size() > 1 && rest[0] == '.' && rest[1] >= '0' && rest[1] <= '9')
    rest = behind(rest.substr(1), "0123456789-_T:");
  return true;
}

}  // namespace

Scan scan_files(const std::vector<fs::path>& patterns) {
  Scanner scanner;
  for (const auto& pattern : patterns) scanner.add(pattern);
  return scanner.take();
}

bool may_be_missed(const fs::path& path, const std::vector<fs::path>& errors) {
  return std::ranges::any_of(errors, [&](const fs::path& error) {
    return std::ranges::mismatch(error, path).in1 == error.end();  // part by part: it begins the path
  });
}

fs::path watched_folder(const fs::path& pattern) {
  fs::path out;
  for (const auto& part : pattern.parent_path()) {
    if (has_wildcard(part.string())) break;
    out /= part;
  }
  return out.empty() ? "." : out;
}

bool is_matched(const fs::path& path, const std::vector<fs::path>& patterns) {
  return std::ranges::any_of(patterns, [&](const fs::path& pattern) {
    return path == pattern || ::fnmatch(pattern.c_str(), path.c_str(), FNM_PATHNAME | FNM_PERIOD) == 0;
  });
}

bool is_rotated_name(std::string_view name, std::string_view base) {
  std::string_view rest;
  if (name.starts_with(base) && takes_number(name.substr(base.size()), rest) && (rest.empty() || rest == ".gz"))
    return true;
  const auto dot = base.rfind('.');
  if (dot == std::string_view::npos || dot == 0 || !name.starts_with(base.substr(0, dot))) return false;
  const auto ending = base.substr(dot);
  if (!takes_number(name.substr(dot), rest) || !rest.starts_with(ending)) return false;
  rest.remove_prefix(ending.size());
  return rest.empty() || rest == ".gz";
}

Scan rotated_files(const fs::path& path) {
  Scan out;
  const auto base = path.filename().string();
  each_entry(path.parent_path(), out.errors, [&](const char* name, std::uint64_t) {
    if (is_rotated_name(name, base)) add_file(out, path.parent_path() / name, false);
  });
  std::ranges::stable_sort(out.files, {}, [](const FoundFile& file) { return file.status.modified_ns; });
  return out;
}

std::optional<NamesByInode> inodes_in(const fs::path& folder) {
  NamesByInode out;
  std::vector<fs::path> failed;
  each_entry(folder, failed, [&](const char* name, std::uint64_t inode) { out.emplace(inode, name); });
  return failed.empty() ? std::optional(std::move(out)) : std::nullopt;
}

}  // namespace pilotwatch::sources
