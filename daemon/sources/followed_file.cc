// SPDX-License-Identifier: Apache-2.0
#include "sources/followed_file.h"

#include <algorithm>
#include <cerrno>
#include <utility>

namespace pilotwatch::sources {

FileBook::FileBook(std::string source, std::size_t max_open, std::vector<Cursor> from)
    : source_(std::move(source)), max_open_(max_open) {
  for (auto& cursor : from) {
    last_id_ = std::max(last_id_, cursor.id);
    Followed file;
    file.state = cursor.finished ? Followed::State::finished : Followed::State::following;
    file.home = cursor.path;
    file.place = cursor.place.empty() ? cursor.path : cursor.place;
    file.modified_ns = cursor.modified_ns;
    file.scanned = cursor.offset;
    // Of a compressed one that is not finished the length is found out when it is seen.
    file.packed_size = cursor.compressed && cursor.finished ? cursor.size : 0;
    file.size = cursor.compressed ? cursor.offset : std::max(cursor.size, cursor.offset);
    file.at = std::move(cursor);
    index(files_.insert_or_assign(file.at.id, std::move(file)).first->second);
  }
}

Followed& FileBook::add(const std::filesystem::path& path, const FileStatus& status) {
  Followed file;
  file.at.source = source_;
  file.at.id = ++last_id_;
  file.at.device = status.device;
  file.at.inode = status.inode;
  file.at.compressed = path.extension() == ".gz";
  file.home = file.place = path;
  file.modified_ns = status.modified_ns;
  file.packed_size = file.at.compressed ? status.size : 0;
  file.size = file.at.compressed ? 0 : status.size;
  Followed& added = files_.emplace(file.at.id, std::move(file)).first->second;
  index(added);
  return added;
}

Followed* FileBook::find(std::uint64_t id) {
  const auto found = files_.find(id);
  return found == files_.end() ? nullptr : &found->second;
}

Followed* FileBook::find_inode(std::uint64_t device, std::uint64_t inode) {
  const auto found = by_inode_.find({device, inode});
  return found == by_inode_.end() ? nullptr : find(found->second);
}

void FileBook::erase(std::uint64_t id) {
  Followed* file = find(id);
  if (file == nullptr) return;
  close(*file);
  unindex(*file);
  files_.erase(id);
}

Followed& FileBook::split(Followed& file) {
  FileStatus status;
  status.device = file.at.device;
  status.inode = file.at.inode;
  const auto place = file.place;
  const auto home = file.home;
  auto descriptor = std::move(file.file);
  file.file.reset();
  recent_.remove(file.at.id);
  by_inode_.erase({file.at.device, file.at.inode});
  const bool was_finished = file.state == Followed::State::finished;
  file.state = was_finished ? Followed::State::finished : Followed::State::orphan;
  file.at.device = file.at.inode = 0;  // it has no file now
  file.missing_looks = 0;
  Followed& next = add(home, status);  // nodes of a map stay where they are
  next.at.compressed = place.extension() == ".gz";
  next.place = place;
  if (descriptor && next.at.compressed == file.at.compressed) {  // else it is to be opened in the other way
    next.file = std::move(descriptor);
    recent_.push_back(next.at.id);
  }
  return next;
}

Followed& FileBook::take_over(Followed& copy, Followed& orphan) {
  const auto copy_id = copy.at.id;
  unindex(copy);
  unindex(orphan);
  Cursor at = orphan.at;
  at.device = copy.at.device;
  at.inode = copy.at.inode;
  at.compressed = copy.at.compressed;
  std::ranges::replace(recent_, copy_id, at.id);
  Followed moved = std::move(copy);
  moved.at = std::move(at);
  moved.home = orphan.home;  // its successor appears where it was, not where the copy is
  moved.after = orphan.after;
  moved.successor = orphan.successor;
  moved.scanned = moved.at.offset;
  moved.state = Followed::State::following;
  moved.left = true;
  moved.at_home = false;
  files_.erase(copy_id);
  orphan = std::move(moved);
  index(orphan);
  return orphan;
}

std::vector<Followed*> FileBook::same_head(std::string_view head, std::uint64_t except) {
  std::vector<Followed*> out;
  for (const auto& [length, by_hash] : by_head_) {
    if (length > head.size()) break;
    const auto [from, to] = by_hash.equal_range(short_hash(head.substr(0, length)));
    for (auto at = from; at != to; ++at) {
      if (at->second != except) out.push_back(find(at->second));
    }
  }
  std::ranges::sort(out, [](const Followed* a, const Followed* b) {
    return std::pair(a->at.offset, a->at.id) > std::pair(b->at.offset, b->at.id);
  });
  return out;
}

void FileBook::set_fingerprint(Followed& file, std::string_view head) {
  head = head.substr(0, fingerprint_max);
  unindex(file);
  file.at.fingerprint_bytes = head.size();
  file.at.fingerprint = short_hash(head);
  index(file);
}

void FileBook::index(const Followed& file) {
  if (file.at.inode != 0) by_inode_[{file.at.device, file.at.inode}] = file.at.id;
  if (file.at.fingerprint_bytes > 0) by_head_[file.at.fingerprint_bytes].emplace(file.at.fingerprint, file.at.id);
}

void FileBook::unindex(const Followed& file) {
  const auto inode = by_inode_.find({file.at.device, file.at.inode});
  if (inode != by_inode_.end() && inode->second == file.at.id) by_inode_.erase(inode);
  const auto by_hash = by_head_.find(file.at.fingerprint_bytes);
  if (by_hash == by_head_.end()) return;
  const auto [from, to] = by_hash->second.equal_range(file.at.fingerprint);
  for (auto at = from; at != to; ++at) {
    if (at->second != file.at.id) continue;
    by_hash->second.erase(at);
    break;
  }
  if (by_hash->second.empty()) by_head_.erase(by_hash);
}

OpenFile* FileBook::open(Followed& file) {
  if (file.file) {
    if (recent_.back() != file.at.id) {
      recent_.remove(file.at.id);
      recent_.push_back(file.at.id);
    }
    return &*file.file;
  }
  while (recent_.size() >= max_open_) close_one(file.at.id);
  int error = 0;
  auto opened = OpenFile::open(file.place, file.at.compressed ? &unpackers_ : nullptr, error);
  if (!opened) {
    if (error != ENOENT) ++errors;
    return nullptr;
  }
  const auto status = opened->status();
  if (status.device != file.at.device || status.inode != file.at.inode) return nullptr;  // the next look sees to it
  file.file = std::move(opened);
  recent_.push_back(file.at.id);
  return &*file.file;
}

void FileBook::close(Followed& file) {
  if (!file.file) return;
  if (auto place = file.file->place(); !place.empty() && !file.at_home) file.place = std::move(place);
  file.file.reset();
  recent_.remove(file.at.id);
}

/// The one that can best be found again: of those at their path the longest unused, then of all.
void FileBook::close_one(std::uint64_t for_id) {
  for (const bool left_too : {false, true}) {
    for (const auto id : recent_) {
      Followed* file = find(id);
      if (id == for_id || (file->left && !left_too)) continue;
      close(*file);
      return;
    }
  }
}

}  // namespace pilotwatch::sources
