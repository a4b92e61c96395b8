// SPDX-License-Identifier: Apache-2.0
// Looking: which files there are, what became of those known, and what rotation has made.
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "sources/tail_reader.h"
#include "sources/tail_settle.h"

namespace pilotwatch::sources {
namespace {

using State = Followed::State;

constexpr unsigned quiet_before_successor = 2;
constexpr unsigned quiet_before_finish = 1000;
constexpr unsigned orphan_looks = 5;           // a copy is there before its original is cut; races take a look or two
constexpr unsigned orphan_looks_at_most = 50;  // while a file that may be the copy cannot be judged
constexpr unsigned adoption_looks = 3;
constexpr std::size_t max_bare_paths = 16;  // a folder is listed for each at every look
constexpr std::int64_t forget_after_ms = std::int64_t{30} * 24 * 3600 * 1000;
constexpr std::size_t max_finished = 100'000;

std::int64_t wall_ns() { return std::chrono::nanoseconds(std::chrono::system_clock::now().time_since_epoch()).count(); }

}  // namespace

void TailReader::look() {
  ++look_;
  last_look_ = Clock::now();
  folders_.clear();
  ignored_ = 0;
  const auto scan = scan_files(source_.files);
  stats_.read_errors += scan.errors.size() + scan.irregular;
  for (const auto& found : scan.files) {
    const Followed* known = book_.find_inode(found.status.device, found.status.inode);
    apart(known == nullptr ? 0 : known->at.id, [&] { note(found); });
  }
  for (const auto state : {State::fresh, State::following}) {
    for (const auto id : ids(state)) {
      Followed* file = book_.find(id);
      if (file == nullptr || file->seen == look_) continue;
      if (!may_be_missed(file->home, scan.errors)) {
        apart(id, [&] { look_for_absent(*file); });
      } else if (file->file) {  // nobody knows whether it was renamed; its bytes are there all the same
        apart(id, [&] { observe(*file, file->file->status()); });
      }
    }
  }
  for (const auto id : ids(State::following)) {
    if (Followed* file = book_.find(id); file->seen == look_ && file->at_home == file->left) leave(*file);
  }
  adopt_rotated();
  settle_fresh();
  if (skip_present_) {
    skip_present_ = false;
    for (const auto id : ids(State::fresh)) book_.find(id)->present_at_first = book_.find(id)->at.compressed;
    unseen_at_first_ = scan.errors;
    Cursor known;  // from now on the source has been followed, even if there was no file
    known.source = source_.name;
    known.finished = true;
    pending_.push_back(known);
    urgent_ = true;
  }
  std::erase_if(unseen_at_first_,
                [&](const auto& path) { return std::ranges::find(scan.errors, path) == scan.errors.end(); });
  give_up_orphans();
  leave_for_successors();
  forget_vanished();
}

std::vector<std::uint64_t> TailReader::ids(State state) const {
  std::vector<std::uint64_t> out;
  for (const auto& [id, file] : book_.all()) {
    if (file.state == state && id != 0) out.push_back(id);
  }
  return out;
}

void TailReader::note(const FoundFile& found) {
  Followed* file = book_.find_inode(found.status.device, found.status.inode);
  if (file == nullptr) {
    if (ignored(found)) {
      ++ignored_;
      return;
    }
    file = &book_.add(found.path, found.status);
    file->seen = look_;
    static_cast<void>(book_.open(*file));  // from now on it cannot be lost unseen
    return arrived(*file);
  }
  const bool first_sight = file->seen != look_;
  const auto id = file->at.id;
  if (first_sight) file->at_home = false;
  file->seen = look_;
  if (found.path == file->home) file->at_home = true;
  if (found.path == file->home || !file->at_home) file->place = found.path;
  if (file->at_home) at_path_[file->home] = id;
  if (!first_sight) return;
  // What is open can be deleted without loss; where there are too many files, those that are read are open.
  const bool spare = book_.open_count() < source_.max_open_files / 2;
  if (spare && !file->file && file->state == State::following && !file->at.compressed)
    static_cast<void>(book_.open(*file));
  observe(*file, found.status);
}

bool TailReader::ignored(const FoundFile& found) const {
  const auto age = std::chrono::nanoseconds(wall_ns() - found.status.modified_ns);
  return source_.ignore_older > Millis{0} && age > source_.ignore_older;
}

/// A new content at its path.
void TailReader::arrived(Followed& file) {
  file.at_home = true;
  const auto before = at_path_.find(file.home);
  Followed* previous = before == at_path_.end() ? nullptr : book_.find(before->second);
  if (previous != nullptr) {
    ++stats_.rotations_rename;
    previous->successor = file.at.id;
    file.after = previous->at.id;
    expect_rotated(file.home, previous->modified_ns);
  }
  at_path_[file.home] = file.at.id;
}

/// What a look at a known file says.
void TailReader::observe(Followed& file, const FileStatus& status) {
  const auto seen_size = file.at.compressed ? file.packed_size : file.size;
  if (file.state == State::fresh) {
    // Written to, and nothing is known by which it would be seen if bytes came and were truncated between two looks: a
    // copy may have them. Where many files grow at once, only of those that are no longer than before.
    const bool expect = status.size <= seen_size || adoptions_.size() < max_bare_paths;
    const bool changed = status.modified_ns != file.modified_ns || status.size != seen_size;
    if (changed && expect) expect_rotated(file.home, file.modified_ns);
    (file.at.compressed ? file.packed_size : file.size) = status.size;
    file.modified_ns = status.modified_ns;
    return;
  }
  if (file.state == State::orphan && unchanged(book_, file)) file.state = State::following;  // it is back
  if (status.size == seen_size && status.modified_ns == file.modified_ns) return mark_ready(file);
  // By no byte a gzip file is known of which none could be read.
  const bool unknown = file.at.compressed && file.state == State::finished && file.at.fingerprint_bytes == 0;
  if (status.size < (file.at.compressed ? seen_size : file.at.offset) || unknown || !unchanged(book_, file))
    return cut(file, status);
  if (file.at.compressed) {
    file.modified_ns = status.modified_ns;
    return examine_again(file, status);
  }
  if (status.size < file.size) {  // only what had not been read yet was cut off
    ++stats_.rotations_truncate;
    stats_.lost_truncated += file.size - status.size;
    file.scanned = file.at.offset;
    file.csv_header.reset();
    file.header_begin = file.header_end = 0;
  }
  if (status.size > file.size) file.quiet_looks = 0;
  file.size = status.size;
  file.modified_ns = status.modified_ns;
  if (file.at.fingerprint_bytes < fingerprint_max) {
    if (OpenFile* open = book_.open(file))
      book_.set_fingerprint(file, open->read_at(0, std::min(file.size, fingerprint_max)));
  }
  if (file.state == State::finished && file.unread() > 0) file.state = State::following;  // somebody went on with it
  mark_ready(file);
}

/// A compressed file that is not as it was, or that an earlier process had not read to its end.
void TailReader::examine_again(Followed& file, const FileStatus& status) {
  if (status.size == file.packed_size && file.state == State::finished) return;  // touched
  file.packed_size = 0;
  OpenFile* open = book_.open(file);
  if (open == nullptr || !examine(book_, file, *open)) return;
  if (file.size < file.at.offset) return cut(file, status);
  if (file.state == State::finished && file.unread() == 0) return finish(file);
  if (file.state == State::finished) file.state = State::following;
  mark_ready(file);
}

/// The file has other bytes than those that were delivered from it: it was truncated, or its inode is used again.
void TailReader::cut(Followed& file, const FileStatus& status) {
  ready_.erase(file.at.id);
  // Of a file that was gone, the inode is used for one that a pattern finds.
  const bool left = file.left;
  const bool reused = file.seen == look_ && (left || file.state == State::finished || !file.at_home);
  file.truncated = !reused;
  if (!reused) ++stats_.rotations_truncate;
  expect_rotated(file.home, file.modified_ns);
  Followed& next = book_.split(file);
  next.seen = look_;
  observe(next, status);
  if (reused) {
    next.home = next.place;
    if (is_matched(next.home, source_.files)) return arrived(next);
    next.left = next.released = true;
    return;
  }
  next.at_home = file.at_home;
  next.left = next.released = left;
  if (const auto at = at_path_.find(next.home); at != at_path_.end() && at->second == file.at.id)
    at->second = next.at.id;
}

/// A file that no pattern finds any more: renamed, deleted, or lost from sight while it was closed.
void TailReader::look_for_absent(Followed& file) {
  file.at_home = false;
  if (!file.left) {
    leave(file);
    expect_rotated(file.home, file.modified_ns);
  }
  if (file.file) {
    const auto status = file.file->status();
    const bool empty_or_copy = file.state == State::fresh && status.links == 0 && file.verified >= status.size;
    if (empty_or_copy && ++file.missing_looks > quiet_before_finish) return book_.erase(file.at.id);
    return observe(file, status);
  }
  if (find_closed(file)) return;
  if (file.state == State::fresh) {  // it was there for a moment, and never open
    stats_.lost_deleted += file.size - std::min(file.size, file.verified);
    return book_.erase(file.at.id);
  }
  ready_.erase(file.at.id);
  file.state = State::orphan;
  file.missing_looks = 0;
}

bool TailReader::is_at(const Followed& file, const std::filesystem::path& path, FileStatus& status, bool& unsure) {
  struct stat raw {};
  if (::stat(path.c_str(), &raw) != 0) {
    unsure = unsure || (errno != ENOENT && errno != ENOTDIR);
    return false;
  }
  status = status_of(raw);
  // Where the inode is another's by now, this one's file is gone.
  return status.device == file.at.device && status.inode == file.at.inode &&
         book_.find_inode(status.device, status.inode) == &file;
}

/// Where it was seen last, else by its inode in the folder of its path; with the bytes that it had, as numbers of
/// inodes are used again, for files too that are nobody's log. True also where nobody can tell: the path cannot be
/// looked at, or the folder cannot be listed.
bool TailReader::find_closed(Followed& file) {
  FileStatus status;
  bool unsure = false;
  const auto place = file.place;
  const auto found_at = [&](const std::filesystem::path& path) {
    file.place = path;
    if (is_at(file, path, status, unsure) && (file.state == State::fresh ? path == place : has_its_bytes(file, status)))
      return true;
    book_.close(file);
    file.place = place;
    return false;
  };
  bool found = found_at(place);
  const auto folder = file.home.parent_path();
  if (!found && !folders_.contains(folder) && !folders_.emplace(folder, inodes_in(folder)).first->second)
    ++stats_.read_errors;
  if (const auto names = folders_.find(folder); !found && names->second) {
    for (auto [at, end] = names->second->equal_range(file.at.inode); !found && at != end; ++at)
      found = found_at(folder / at->second);
  } else {
    unsure = unsure || !found;
  }
  if (found) observe(file, status);
  return found || unsure;
}

bool TailReader::has_its_bytes(Followed& file, const FileStatus& status) {
  return file.at.fingerprint_bytes > 0 && (file.at.compressed || status.size >= file.at.offset) &&
         unchanged(book_, file);
}

void TailReader::expect_rotated(const std::filesystem::path& path, std::int64_t since_ns) {
  if (since_ns == 0) return;  // a row of schema version 1 does not say
  auto& adoption = adoptions_[path];
  adoption.since_ns = adoption.looks == 0 ? since_ns : std::min(adoption.since_ns, since_ns);
  adoption.looks = adoption_looks;
}

/// Files that rotation has made of a path since it was known last: copies and gzips of what was there, and files that
/// were at the path for so short a time (or while this process was down) that no look saw them. Older ones are history
/// that nobody asked for.
void TailReader::adopt_rotated() {
  for (auto at = adoptions_.begin(); at != adoptions_.end();) {
    const auto scan = rotated_files(at->first);
    stats_.read_errors += scan.errors.size();
    at->second.unlisted = std::ranges::find(scan.errors, at->first.parent_path()) != scan.errors.end();
    for (const auto& found : scan.files) {
      if (found.status.modified_ns < at->second.since_ns) continue;
      if (Followed* known = book_.find_inode(found.status.device, found.status.inode)) {
        const bool without_file = known->state == State::finished || known->state == State::orphan;
        if (!without_file || known->seen == look_) continue;
        known->seen = look_;  // gone on with by a late writer, or its inode is used again
        known->place = found.path;
        apart(known->at.id, [&] { observe(*known, found.status); });
        continue;
      }
      Followed& file = book_.add(found.path, found.status);
      file.home = at->first;  // where it was, or the file that it is a copy of
      file.seen = look_;
      file.left = file.released = true;
      static_cast<void>(book_.open(file));
    }
    // Where nothing is at the path, what comes and goes there between two looks is rotated without a trace.
    const auto newest = at_path_.find(at->first);
    const Followed* last = newest == at_path_.end() ? nullptr : book_.find(newest->second);
    const bool nothing_there = last != nullptr && last->seen != look_ && adoptions_.size() <= max_bare_paths;
    if (!nothing_there && !at->second.unlisted) --at->second.looks;
    at = at->second.looks == 0 ? adoptions_.erase(at) : std::next(at);
  }
}

void TailReader::settle_fresh() {
  for (const auto id : ids(State::fresh)) apart(id, [&] { settle_one(id); });
}

void TailReader::settle_one(std::uint64_t id) {
  Followed* file = book_.find(id);
  const bool left = file->left;
  const auto home = file->home;
  const auto after = file->after, successor = file->successor;
  const auto settled = settle(book_, *file);
  if (settled.as == Settled::As::undecided) return;
  stats_.copied_bytes += settled.copied;
  if (settled.file->at.compressed) ++stats_.compressed_files;
  if (settled.as == Settled::As::goes_on) {
    if (const auto at = at_path_.find(home); at != at_path_.end() && at->second == id) at->second = settled.file->at.id;
    if (Followed* previous = book_.find(after); previous != nullptr) previous->successor = settled.file->at.id;
    if (Followed* next = book_.find(successor); next != nullptr) next->after = settled.file->at.id;
    settled.file->released = true;
  } else if (!left && (skip_present_ || settled.file->present_at_first || may_be_missed(home, unseen_at_first_))) {
    begin_at_end(*settled.file);
  }
  mark_ready(*settled.file);
}

/// Behind the last whole record. What comes before it is not read, so the hash of the content is not known.
void TailReader::begin_at_end(Followed& file) {
  constexpr std::uint64_t tail_bytes = 1 << 20;
  OpenFile* open = book_.open(file);
  if (open == nullptr) return;
  const auto from = file.size - std::min(file.size, tail_bytes);
  const auto newline = open->read_at(from, file.size - from).rfind('\n');
  const bool to_size = newline == std::string::npos || file.damaged();
  place_at(book_, file, to_size ? file.size : from + newline + 1, 0);
  file.extent.reset();  // what is missing of it nobody has asked for
  Cursor at = file.at;
  at.size = file.at.compressed ? file.packed_size : file.size;
  at.modified_ns = file.modified_ns;
  at.seen_ms = wall_ns() / 1'000'000;
  at.path = file.home;
  pending_.push_back(std::move(at));
}

void TailReader::give_up_orphans() {
  bool judging = std::ranges::any_of(adoptions_, [](const auto& at) { return at.second.looks == adoption_looks; });
  for (const auto& [id, file] : book_.all()) judging = judging || (file.state == State::fresh && file.left);
  for (const auto id : ids(State::orphan)) {
    Followed& file = *book_.find(id);
    if (in_flight_.contains(id) || is_being_compressed(file.home)) continue;
    const auto adoption = adoptions_.find(file.home);
    if (adoption != adoptions_.end() && adoption->second.unlisted && file.unread() > 0) continue;
    if (++file.missing_looks <= (judging ? orphan_looks_at_most : orphan_looks)) continue;
    (file.truncated ? stats_.lost_truncated : stats_.lost_deleted) += file.unread();
    urgent_ = urgent_ || file.unread() > 0;  // so that it is not counted again after a restart
    file.extent.reset();                     // of a file that is gone
    finish(file);
  }
}

/// Whether a gzip that may have been made of what was at `path` has no end yet.
bool TailReader::is_being_compressed(const std::filesystem::path& path) const {
  return std::ranges::any_of(book_.all(), [&](const auto& entry) {
    const Followed& file = entry.second;
    return file.state == State::fresh && file.damaged() &&
           (file.home == path || (file.home.parent_path() == path.parent_path() &&
                                  is_rotated_name(file.home.filename().string(), path.filename().string())));
  });
}

void TailReader::leave(Followed& file) {
  file.left = !file.at_home;
  file.released = file.flush = false;
  file.quiet_looks = 0;
}

/// Renamed and deleted files, once nobody writes to them any more.
void TailReader::leave_for_successors() {
  for (const auto id : ids(State::following)) {
    Followed& file = *book_.find(id);
    const bool whole_unread = std::max(file.scanned, file.at.offset) < file.size;
    const bool known = file.at.compressed && file.packed_size > 0;
    if (known && !in_flight_.contains(id) && (file.unread() == 0 || (file.damaged() && !whole_unread))) {
      finish(file);
      continue;
    }
    if (known) file.flush = !file.damaged();  // nothing will follow its last line
    if (!file.left && !file.flush) continue;
    const Followed* successor = book_.find(file.successor);
    if (!whole_unread && (successor == nullptr || successor->size > 0 || successor->left)) ++file.quiet_looks;
    if (successor != nullptr && !file.released && !whole_unread &&
        (successor->left || file.quiet_looks >= quiet_before_successor))
      release(file);
    if (file.quiet_looks < quiet_before_finish || in_flight_.contains(id)) continue;
    file.flush = file.unread() > 0;
    if (!file.flush) finish(file);
    mark_ready(file);
  }
}

void TailReader::release(Followed& file) {
  file.released = true;
  file.flush = file.unread() > 0;
  mark_ready(file);
  if (const Followed* successor = book_.find(file.successor)) mark_ready(*successor);
}

void TailReader::finish(Followed& file) {
  if (file.packed_size > 0 && file.damaged()) {
    const auto& extent = *file.extent;
    // Of what is missing at the end nobody knows how much it was.
    const auto unpacked = extent.unpacked - std::min(extent.unpacked, file.at.offset);
    stats_.lost_damaged += std::max<std::uint64_t>(1, unpacked + extent.packed_rest);
    urgent_ = true;  // so that it is not counted again after a restart
  }
  file.extent.reset();
  ready_.erase(file.at.id);
  file.state = State::finished;
  book_.close(file);
  if (const Followed* successor = book_.find(file.successor)) mark_ready(*successor);
  Cursor at = file.at;
  at.finished = true;
  at.size = at.compressed ? file.packed_size : file.size;
  at.modified_ns = file.modified_ns;
  at.seen_ms = wall_ns() / 1'000'000;
  at.path = file.home;
  at.place = file.place == file.home ? "" : file.place.string();
  if (at.offset > 0 || at.compressed) pending_.push_back(std::move(at));
}

/// Rows of what has not been there for long, and the oldest where there are too many.
void TailReader::forget_vanished() {
  auto finished = ids(State::finished);
  std::erase_if(finished, [&](std::uint64_t id) { return book_.find(id)->seen == look_; });
  const auto too_many = finished.size() - std::min(finished.size(), max_finished);
  const auto before_ms = wall_ns() / 1'000'000 - forget_after_ms;
  for (std::size_t i = 0; i < finished.size(); ++i) {
    const Followed& file = *book_.find(finished[i]);
    if (i >= too_many && file.at.seen_ms > before_ms) continue;
    Cursor at = file.at;
    at.gone = true;
    pending_.push_back(std::move(at));
    if (const auto path = at_path_.find(file.home); path != at_path_.end() && path->second == file.at.id)
      at_path_.erase(path);
    book_.erase(finished[i]);
  }
}

void TailReader::mark_ready(const Followed& file) {
  if (file.state != State::following) return;
  const auto* before = book_.find(file.after);
  if (before != nullptr && before->state == State::following && before->left &&
      (!before->released || (before->flush && before->unread() > 0)))
    return;
  if (std::max(file.scanned, file.at.offset) < file.size || (file.flush && file.unread() > 0))
    ready_.insert(file.at.id);
}

}  // namespace pilotwatch::sources
