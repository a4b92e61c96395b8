// SPDX-License-Identifier: Apache-2.0
// Reading: chunks of whole records, by turns. How files are found and followed is in tail_look.cc.
#include "sources/tail_reader.h"

#include <algorithm>
#include <string_view>
#include <system_error>
#include <utility>

#include "sources/gzip_reader.h"
#include "sources/line_cut.h"
#include "sources/tail_settle.h"

namespace pilotwatch::sources {
namespace {

using State = Followed::State;

constexpr std::uint64_t chunk_bytes = 1 << 20;
constexpr std::uint64_t turn_bytes = 256 << 10;  // of one file where others wait too
constexpr std::size_t chunk_files = 256;
constexpr int patience_polls = 300;  // for a gzip file without its end: two and a half minutes

std::int64_t wall_ms() {
  return std::chrono::duration_cast<Millis>(std::chrono::system_clock::now().time_since_epoch()).count();
}

/// The length of the empty line that the bytes begin with; 0 = none.
std::size_t blank_line(std::string_view bytes) {
  return bytes.starts_with("\r\n") ? 2 : bytes.starts_with('\n') ? 1 : 0;
}

/// Behind a byte order mark and empty lines, which CsvReader passes over too; `size` where nothing else is there.
std::uint64_t first_row(OpenFile& open, std::uint64_t size) {
  std::uint64_t at = open.read_at(0, 3) == "\xEF\xBB\xBF" ? 3 : 0;
  while (at < size) {
    const auto block = open.read_at(at, std::min(chunk_bytes, size - at));
    std::size_t blank = 0;
    while (const auto length = blank_line(std::string_view(block).substr(blank))) blank += length;
    at += blank;
    const bool cut_apart = blank > 0 && block.size() - blank == 1 && block.back() == '\r';
    if (blank < block.size() && !cut_apart) return at;
    if (block.empty()) break;
  }
  return size;
}

/// Up to and with the newline; 0 while there is none.
std::uint64_t line_length(OpenFile& open, std::uint64_t begin, std::uint64_t size) {
  for (auto at = begin; at < size;) {
    const auto block = open.read_at(at, std::min(chunk_bytes, size - at));
    if (const auto newline = block.find('\n'); newline != std::string::npos) return at + newline + 1 - begin;
    if (block.empty()) break;
    at += block.size();
  }
  return 0;
}

}  // namespace

TailReader::TailReader(const settings::Source& source, std::uint64_t max_line_bytes, std::vector<Cursor> from)
    : source_(source),
      max_line_bytes_(max_line_bytes),
      book_(source.name, static_cast<std::size_t>(source.max_open_files), std::move(from)),
      skip_present_(source.start_at == settings::StartAt::end && book_.all().empty()) {
  book_.patience = patience_polls * source.poll_interval;
  for (auto& [id, file] : book_.all()) {
    if (id == 0) continue;  // only says that the source has been followed
    if (file.home.empty())
      file.home = file.place = source.files.front();  // a row of schema version 1: one file, one path
    const auto newest = at_path_.try_emplace(file.home, id).first;
    if (book_.find(newest->second)->modified_ns <= file.modified_ns) newest->second = id;
  }
}

std::optional<TailReader::Chunk> TailReader::next() {
  in_flight_.clear();
  if (ready_.empty() || Clock::now() - last_look_ >= source_.poll_interval) look();
  Chunk chunk;
  const auto order = turns();
  for (const auto id : order) {
    Followed* file = book_.find(id);
    if (file == nullptr || file->state != State::following) {
      ready_.erase(id);
      continue;
    }
    if (file->at.compressed) {  // one that has lost its place is unpacked again from its beginning
      if (unpacking_ != 0 && unpacking_ != id) continue;
      unpacking_ = id;
    }
    bool fits = true;
    apart(id, [&] { fits = append_next(chunk, *file, order.size() > 1 ? turn_bytes : chunk_bytes); });
    const Cursor* last = chunk.cursors.empty() ? nullptr : &chunk.cursors.back();
    const bool more = last != nullptr && last->id == id && last->offset < file->size;
    if (unpacking_ == id && !more) unpacking_ = 0;
    if (!fits) break;
    if (chunk.bytes.size() >= chunk_bytes || chunk.cursors.size() >= chunk_files) break;
  }
  if (chunk.cursors.empty() && !urgent_) return std::nullopt;
  for (const auto& cursor : chunk.cursors) in_flight_.insert(cursor.id);
  chunk.cursors.insert(chunk.cursors.begin(), pending_.begin(), pending_.end());  // older than what was read now
  chunk.pending = pending_.size();
  return chunk;
}

/// The ready files in the order in which they are read, each once.
std::vector<std::uint64_t> TailReader::turns() const {
  std::vector<std::uint64_t> out(ready_.upper_bound(last_served_), ready_.end());
  out.insert(out.end(), ready_.begin(), ready_.upper_bound(last_served_));
  std::ranges::stable_partition(out, [&](std::uint64_t id) { return id == unpacking_; });
  return out;
}

/// Work on one file: that it cannot be read, or is a damaged gzip, must not stop the others. It is tried again at the
/// next look; a gzip is examined first.
void TailReader::apart(std::uint64_t id, const std::function<void()>& work) {
  const auto failed = [&] {
    ++stats_.read_errors;
    ready_.erase(id);
  };
  try {
    work();
  } catch (const DamagedGzip&) {
    failed();
    Followed* file = book_.find(id);
    if (file != nullptr && file->state == State::following && file->packed_size > 0) {
      file->packed_size = 0;
      file->extent.reset();
    }
  } catch (const std::system_error&) {
    failed();
  }
}

/// False where the file's records cannot stand in the same chunk.
bool TailReader::append_next(Chunk& chunk, Followed& file, std::uint64_t budget) {
  auto piece = read(file, budget);
  if (!piece) {
    ready_.erase(file.at.id);
    return true;
  }
  OpenFile* open = book_.open(file);
  if (open == nullptr) return true;
  auto cursor = cursor_after(file, *open, *piece);  // before a header is cut off; it may read, which may fail
  if (chunk.cursors.empty()) {
    chunk.csv_header = file.at.offset >= file.header_end ? piece->header : "";
  } else if (source_.format == settings::SourceFormat::csv) {
    Followed* first = book_.find(chunk.cursors.front().id);
    if (!first->csv_header || *first->csv_header != piece->header) return false;
    if (file.at.offset < file.header_end) piece->bytes.erase(0, file.header_end - file.next_byte());
  }
  // In the middle of a chunk a line that begins with '[' is a line as others are; at its beginning it goes alone.
  const auto begin = chunk.bytes.find_first_not_of(" \t\r\n");
  if (!chunk.cursors.empty() && begin != std::string::npos && chunk.bytes[begin] == '[') return false;
  chunk.bytes += piece->bytes;
  chunk.cursors.push_back(std::move(cursor));
  return true;
}

Cursor TailReader::cursor_after(Followed& file, OpenFile& open, const Piece& piece) {
  Cursor at = file.at;
  const auto known = piece.exact ? piece.bytes.size() : 0;
  if (at.content != 0 && piece.content != 0) {
    at.content = piece.content;
  } else if (at.content != 0) {
    ContentHash hash(at.content);
    const auto end = piece.end - known;
    for (auto from = at.offset; from < end; from += std::min(chunk_bytes, end - from))
      hash.add(open.read_at(from, std::min(chunk_bytes, end - from)));
    hash.add(std::string_view(piece.bytes).substr(0, known));
    at.content = hash.value();
  }
  at.offset = piece.end;
  at.marker_bytes = std::min(at.offset, marker_max);
  at.marker = short_hash(known >= at.marker_bytes ? piece.bytes.substr(known - at.marker_bytes)
                                                  : open.read_at(at.offset - at.marker_bytes, at.marker_bytes));
  at.size = at.compressed ? file.packed_size : file.size;
  at.modified_ns = file.modified_ns;
  at.seen_ms = wall_ms();
  at.path = file.home;
  // Where it really is: what a symbolic link pointed at cannot be found by the link when that is swapped.
  at.place = open.place();
  if (at.place == file.home) at.place.clear();
  return at;
}

void TailReader::advance(const Chunk& committed) {
  for (const auto& cursor : committed.cursors) {
    Followed* file = book_.find(cursor.id);
    if (!in_flight_.contains(cursor.id) || file == nullptr) continue;
    // Meanwhile it may have been renamed or cut; what was delivered of its content stays so.
    file->at.offset = cursor.offset;
    file->at.marker = cursor.marker;
    file->at.marker_bytes = cursor.marker_bytes;
    file->at.content = cursor.content;
    file->at.seen_ms = cursor.seen_ms;
    file->scanned = cursor.offset;
    file->flush = file->flush && file->unread() > 0;
    last_served_ = cursor.id;
  }
  in_flight_.clear();
  // Only what went with it: looks while it waited may have added more.
  const auto gone = std::min(committed.pending, pending_.size());
  pending_.erase(pending_.begin(), pending_.begin() + static_cast<std::ptrdiff_t>(gone));
  urgent_ = urgent_ && !pending_.empty();
}

void TailReader::give_up(const Chunk& refused) {
  stats_.lost_refused += refused.bytes.size();
  advance(refused);
}

std::optional<TailReader::Piece> TailReader::read(Followed& file, std::uint64_t budget) {
  OpenFile* open = book_.open(file);
  if (open == nullptr) return std::nullopt;
  if (source_.format == settings::SourceFormat::csv && !read_header(file, *open)) {
    file.scanned = std::max(file.scanned, file.size);  // no row is whole, so that nobody waits for one
    if (!file.flush) return std::nullopt;
  }
  std::optional<Piece> piece;
  if (std::max(file.scanned, file.at.offset) < file.size) {
    Piece lines;
    const auto from = file.next_byte();
    lines.bytes = open->read_at(from, std::min(budget, file.size - from));
    const auto read_bytes = lines.bytes.size();
    if (const auto length = whole_records(lines.bytes, source_.format); length > 0) {
      lines.bytes.resize(length);
      lines.end = from + length;
      lines.exact = true;
      piece = std::move(lines);
    } else {
      file.scanned = std::max<std::uint64_t>(file.scanned, from + read_bytes);
      if (read_bytes >= budget) piece = read_long(file, *open);
    }
  }
  if (!piece && file.flush && !file.damaged()) piece = read_unfinished(file, *open);
  // Read before it was looked at: so that bytes of a file cut meanwhile are not taken for the next ones of the old.
  if (piece && !unchanged(book_, file)) {
    cut(file, open->status());
    return std::nullopt;
  }
  if (piece && file.csv_header) piece->header = *file.csv_header;
  return piece;
}

/// A record longer than was read: found by its end, kept up to one byte more than is taken, so that it is refused as
/// line_too_long and counted, whatever its length. A row of csv whose quotes do not end within the bound is cut at its
/// first newline: a quote that is not closed must not swallow the file.
std::optional<TailReader::Piece> TailReader::read_long(Followed& file, OpenFile& open) {
  if (source_.format == settings::SourceFormat::csv) {
    const auto bytes = open.read_at(file.next_byte(), std::min(file.size - file.next_byte(), max_line_bytes_ + 1));
    if (const auto length = first_record(bytes, source_.format); length > 0)
      return Piece{bytes.substr(0, length), "", file.next_byte() + length, true};
    if (bytes.size() <= max_line_bytes_) return std::nullopt;
  }
  // One that grows is not read again where no newline was; a compressed one is read on in any case.
  const auto begin = file.next_byte();
  auto from = source_.format == settings::SourceFormat::csv || file.at.compressed ? begin : file.scanned;
  const bool whole = from == file.at.offset;
  std::string bytes = from == begin ? "" : open.read_at(begin, std::min(from - begin, max_line_bytes_ + 1));
  ContentHash hash(file.at.content);
  while (from < file.size) {
    const auto block = open.read_at(from, std::min(chunk_bytes, file.size - from));
    if (block.empty()) return std::nullopt;
    const auto newline = block.find('\n');
    const auto line = std::string_view(block).substr(0, newline);
    bytes += line.substr(0, max_line_bytes_ + 1 - bytes.size());
    if (newline != std::string::npos) {
      hash.add(std::string_view(block).substr(0, newline + 1));
      return Piece{bytes + '\n', "", from + newline + 1, false, whole ? hash.value() : 0};
    }
    hash.add(block);
    from += block.size();
    file.scanned = std::max(file.scanned, from);
  }
  return std::nullopt;
}

/// What stands at the end of a file that nobody writes to any more.
std::optional<TailReader::Piece> TailReader::read_unfinished(Followed& file, OpenFile& open) {
  if (file.unread() == 0) return std::nullopt;
  auto bytes = open.read_at(file.next_byte(), std::min(file.size - file.next_byte(), max_line_bytes_ + 1));
  if (bytes.empty()) return std::nullopt;
  return Piece{std::move(bytes) + '\n', "", file.size};
}

/// The first row of a csv file that is not empty; false while it is not whole. Of one too long its beginning is kept,
/// by which its rows are refused: without a header the first of them would be taken for it.
bool TailReader::read_header(Followed& file, OpenFile& open) const {
  if (file.csv_header) return true;
  const auto begin = first_row(open, file.size);
  auto bytes = open.read_at(begin, std::min(file.size - begin, max_line_bytes_ + 1));
  std::uint64_t length = first_record(bytes, source_.format);
  if (length == 0 && bytes.size() > max_line_bytes_) length = line_length(open, begin, file.size);
  if (length == 0) return false;
  if (length < bytes.size()) bytes.resize(length);
  file.csv_header = std::move(bytes);
  file.header_begin = begin;
  file.header_end = begin + length;
  return true;
}

TailStats TailReader::stats() const {
  TailStats out = stats_;
  out.read_errors += book_.errors;
  out.inflated_bytes = book_.unpackers().inflated();
  out.ignored_files = ignored_;
  out.open_files = book_.open_count();
  for (const auto& [id, file] : book_.all()) {
    if (file.state == State::finished) continue;
    out.active_files += file.state == State::orphan ? 0 : 1;
    out.unread_bytes += file.state == State::fresh ? file.size - std::min(file.size, file.verified) : file.unread();
  }
  return out;
}

}  // namespace pilotwatch::sources
