// SPDX-License-Identifier: Apache-2.0
#include "sources/tail_settle.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <chrono>

#include "sources/gzip_reader.h"

namespace pilotwatch::sources {
namespace {

using State = Followed::State;

constexpr std::uint64_t block_bytes = 1 << 20;
constexpr std::size_t max_compared = 8;  // live files whose first bytes are the same
constexpr unsigned still_looks_at_least = 10;
constexpr unsigned patience_looks = 20;  // for a file that one with more bytes repeats to be read to its end

/// Whether a gzip file that is not whole will stay as it is, as far as can be told.
bool abandoned(const FileBook& book, Followed& file, const OpenFile& open) {
  if (file.still_looks < still_looks_at_least) ++file.still_looks;
  if (file.still_looks < still_looks_at_least) return false;
  if (std::chrono::steady_clock::now() - file.examined_at < book.patience) return false;
  const std::filesystem::path place = open.place();
  if (place.empty()) return true;
  struct stat status {};
  const auto original = place.parent_path() / place.stem();
  return ::stat(original.c_str(), &status) != 0 && (errno == ENOENT || errno == ENOTDIR);
}

std::uint64_t marker_at(OpenFile& open, std::uint64_t offset, std::uint64_t bytes) {
  return short_hash(open.read_at(offset - bytes, bytes));
}

/// Whether `known` begins as the file whose bytes before known.at.offset have this hash.
bool same_before(OpenFile& open, const Followed& known, std::uint64_t content) {
  const auto& at = known.at;
  if (at.offset == 0) return true;
  if (at.content != 0) return at.content == content;
  return at.marker_bytes > 0 && marker_at(open, at.offset, at.marker_bytes) == at.marker;
}

/// Of `known` (by greatest offset first) the first whose delivered bytes are all at the beginning of this file; an
/// orphan before others.
Followed* delivered_from(OpenFile& open, std::uint64_t size, const std::vector<Followed*>& known) {
  Followed* best = nullptr;
  ContentHash hash;
  std::uint64_t hashed = 0;
  for (auto at = known.rbegin(); at != known.rend(); ++at) {
    const auto offset = (*at)->at.offset;
    if (offset > size) break;
    while (hashed < offset) {
      const auto bytes = open.read_at(hashed, std::min(block_bytes, offset - hashed));
      if (bytes.empty()) return best;
      hash.add(bytes);
      hashed += bytes.size();
    }
    if (!same_before(open, **at, hash.value())) continue;
    const bool longer = best == nullptr || offset > best->at.offset;
    if (longer || best->state != State::orphan) best = *at;
  }
  return best;
}

/// Whether the two have the same bytes as far as both reach, the live one `live_size` bytes; what has been compared
/// once is not read again.
bool repeats(FileBook& book, Followed& file, Followed& live, std::uint64_t live_size) {
  OpenFile* theirs = book.open(live);
  OpenFile* ours = book.open(file);
  if (theirs == nullptr || ours == nullptr || (theirs = book.open(live)) == nullptr) return false;
  const auto end = std::min(file.size, live_size);
  if (file.verified > end) file.verified = 0;
  while (file.verified < end) {
    const auto size = std::min(block_bytes, end - file.verified);
    const auto bytes = ours->read_at(file.verified, size);
    if (bytes != theirs->read_at(file.verified, size)) {
      file.verified = 0;
      return false;
    }
    if (bytes.empty()) break;
    file.verified += bytes.size();
  }
  return true;
}

/// Whether a live file is to be read to its end, or to be cut, before this one can be judged. What counts is what the
/// live one is by now: a copy is made, and its original cut, between two looks or in the middle of one.
bool waits(FileBook& book, Followed& file, const std::vector<Followed*>& known) {
  std::size_t compared = 0;
  for (Followed* live : known) {
    if (live->state != State::following || live->at.compressed) continue;
    if (++compared > max_compared) break;
    OpenFile* theirs = book.open(*live);
    if (theirs == nullptr) continue;
    const auto size = theirs->status().size;
    if (size < live->size || !unchanged(book, *live)) return true;  // cut: the next look makes it an orphan
    if (!repeats(book, file, *live, size)) continue;
    if (file.size <= size && !file.at.compressed) return true;
    if (size > live->at.offset && ++file.quiet_looks <= patience_looks) return true;
  }
  return false;
}

}  // namespace

bool examine(FileBook& book, Followed& file, OpenFile& open) {
  const auto status = open.status();
  if (!file.extent || file.examined_size != status.size || file.examined_ns != status.modified_ns) {
    file.extent = open.extent();
    if (file.extent->end == GzipExtent::End::damaged) ++book.errors;
    file.examined_size = status.size;
    file.examined_ns = status.modified_ns;
    file.examined_at = std::chrono::steady_clock::now();
    file.still_looks = 0;
  }
  if (file.damaged() && (status.size == 0 || !abandoned(book, file, open))) return false;
  file.size = file.damaged() ? std::max(file.extent->readable, file.at.offset) : file.extent->readable;
  file.packed_size = status.size;
  return true;
}

void place_at(FileBook& book, Followed& file, std::uint64_t offset, std::uint64_t content) {
  OpenFile* open = book.open(file);
  if (open == nullptr) return;
  book.set_fingerprint(file, open->head(std::min(file.size, fingerprint_max)));
  file.at.offset = file.scanned = offset;
  file.at.content = content;
  file.at.marker_bytes = std::min(offset, marker_max);
  file.at.marker = marker_at(*open, offset, file.at.marker_bytes);
}

bool unchanged(FileBook& book, Followed& file) {
  OpenFile* open = book.open(file);
  if (open == nullptr) return true;
  const auto& at = file.at;
  if (short_hash(open->head(at.fingerprint_bytes)) != at.fingerprint) return false;
  return at.compressed || at.marker_bytes == 0 || marker_at(*open, at.offset, at.marker_bytes) == at.marker;
}

Settled settle(FileBook& book, Followed& file) {
  OpenFile* open = book.open(file);
  if (open == nullptr) return {};
  if (file.at.compressed && !examine(book, file, *open)) return {};
  if (file.size == 0 && !file.at.compressed) return {};
  const auto known = book.same_head(open->head(std::min(file.size, fingerprint_max)), file.at.id);
  Followed* from = known.empty() ? nullptr : delivered_from(*open, file.size, known);
  if (from != nullptr && from->state == State::orphan) {
    const auto copied = from->at.offset;
    return {Settled::As::goes_on, &book.take_over(file, *from), copied};
  }
  if (!known.empty() && waits(book, file, known)) return {};
  file.state = State::following;
  file.quiet_looks = 0;
  const auto offset = from == nullptr ? 0 : from->at.offset;
  place_at(book, file, offset, offset == 0 ? ContentHash().value() : from->at.content);
  return {Settled::As::begins, &file, offset};
}

}  // namespace pilotwatch::sources
