// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <iterator>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "record/cursor.h"
#include "record/dead_letter.h"
#include "record/delivery.h"
#include "record/entry.h"

/// What was acknowledged, on disk: one SQLite database, WAL, synchronous=FULL.
namespace pilotwatch::journal {

/// The store cannot be opened or is not ours; the text says what to do.
class OpenError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};
/// The store is damaged: nothing can be read of it, or not all. See quarantine().
class DamagedError : public OpenError {
 public:
  using OpenError::OpenError;
};
/// Why a write failed; label `reason`.
enum class WriteFailure : std::uint8_t { disk_full, io, damaged, other };
inline constexpr const char* write_failure_names[] = {"disk_full", "io", "damaged", "other"};
inline constexpr std::size_t write_failure_count = std::size(write_failure_names);

/// A write failed (disk full, I/O error): nothing of it is in the journal, and the next write may succeed again.
class WriteError : public std::runtime_error {
 public:
  explicit WriteError(const std::string& what, WriteFailure failure = WriteFailure::other)
      : std::runtime_error(what), why(failure) {}
  WriteFailure why;
};
/// Records would make the store larger than Options::max_bytes; nothing of them is in the journal.
class FullError : public WriteError {
 public:
  using WriteError::WriteError;
};

/// The journal could not be read; nothing is known to be damaged.
class ReadError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

struct Checkpoint {
  std::uint64_t sequence = 0;                ///< of the last entry that is in it; 0 = none
  std::map<std::string, std::string> parts;  ///< by name
};

/// Parts whose names begin so are read one by one, when somebody asks for them.
inline constexpr std::string_view block_prefix = "block/";

/// One part as it is stored: zstd; empty: of that name there is none any more.
struct PackedPart {
  std::string name, body;
};

/// What the settings say of the store.
struct Options {
  /// What is deleted is overwritten in the file (SQLite's secure_delete), as `retention` promises. Costs a write of as
  /// much again.
  bool overwrite = false;
  /// Records are refused where the database, without its free pages, and the write-ahead log would have more than 7/8 of
  /// it; the rest is for checkpoints, without which nothing could be deleted. 0 = no bound.
  std::uint64_t max_bytes = 0;
};

struct StoreStats {
  std::uint64_t db_bytes = 0, wal_bytes = 0, free_bytes = 0, entries = 0;
  std::uint64_t used_bytes = 0;        ///< database without its free pages, and write-ahead log
  std::uint64_t reusable_bytes = 0;    ///< free pages of the database
  std::uint64_t max_bytes = 0;         ///< Options::max_bytes
  bool full = false;                   ///< records are refused; not for the room of a log that can be emptied
  std::uint64_t forgotten_entries = 0; ///< deleted by forget(), since ever
  std::uint64_t lost_entries = 0;      ///< that damaged stores of this one held, and that could not be read any more
  std::vector<std::string> set_aside;  ///< damaged stores that still lie beside this one, by name
};

/// Damage in the outbox, which goes on in another table.
struct OutboxLoss {
  std::uint64_t times = 0;
  std::map<std::string, std::uint64_t> lost;  ///< events that waited, by webhook
  std::uint64_t unknown = 0;                  ///< of the times: nobody can say what was lost
};

inline constexpr int schema_version = 6;  ///< older databases are migrated when they are opened
inline constexpr int most_wal_pages = 65'536;  ///< 256 MB: then append() copies the write-ahead log itself
inline constexpr std::size_t max_entry_bytes = std::size_t{1} << 30;

/// Any thread; each call is atomic, and none of them waits for more than one small transaction of another, unless it is
/// replay() or dead_letters(). One process at a time: a lock file refuses the second.
class Journal {
 public:
  /// Creates folder (mode 0700) and database where they do not exist. Throws OpenError, DamagedError.
  explicit Journal(const std::filesystem::path& folder, Options options = {});
  ~Journal();
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;

  /// One transaction: the entry and the cursors (replaced by source and id; those that are `gone` go). Returns its
  /// sequence (1, 2, ...) once it is durable. Throws FullError (never without submissions: time must move on),
  /// WriteError; if the outcome of COMMIT was unknown, the database has
  /// been asked, and the entry is in there if and only if this returns. Where even that failed, a later append may find
  /// the entry: it throws, and last_sequence() is ahead of the caller.
  /// `letters`: rejected lines, of which the newest `keep_letters` are kept.
  std::uint64_t append(const record::Entry& entry, std::span<const record::Cursor> cursors,
                       std::span<const record::DeadLetter> letters = {}, std::uint64_t keep_letters = 0);

  /// A checkpoint: its parts are staged, by and by, and count all at once when it is finished; until then, and where it
  /// never is, the one before holds. A part replaces the one of its name; `drop_others`: what has not been staged goes.
  /// `shape`: the fact of that name. Each is one transaction. Throw WriteError.
  void stage(std::span<const PackedPart> parts);
  void finish_checkpoint(std::uint64_t sequence, bool drop_others, const std::string& shape);
  /// Deletes some parts that no checkpoint needs any more or, with `staged`, that have been staged for one that will not
  /// be finished. False: it has come to the end of them all, and begins anew.
  bool sweep(bool staged);
  /// Without blocks. Throws CorruptBytes where only the checkpoint is damaged, DamagedError, ReadError.
  [[nodiscard]] Checkpoint read_checkpoint();
  /// Of a damaged checkpoint those of the parts named that are whole. Throws DamagedError, ReadError.
  [[nodiscard]] Checkpoint read_checkpoint_parts(std::span<const char* const> names);

  /// Deletes some of the oldest entries: those from before `before` that the finished checkpoint holds, never the newest.
  /// Of one that says which limits are in force (record::Entry::limits) or what somebody decided (actions) only the
  /// submissions go: later ones are judged by them. One small transaction, of about half a megabyte unless one entry has more. False: there are none left.
  /// One thread. Throws WriteError.
  bool forget(Instant before);
  /// Deletes rejected lines from before `before`, and empties the write-ahead log where it holds what was deleted; at
  /// the end of a row of forget(). Throws WriteError.
  void finish_forgetting(Instant before);
  /// Gives some free pages at the end of the file back where more than a quarter of it, and 4 MB, are free, until it is
  /// an eighth. One small transaction. False: nothing to do, or a database from before version 4 that was too large to be
  /// converted. Throws WriteError.
  bool shrink();
  /// A part of the checkpoint that counts, unpacked, while others write. Throws CorruptBytes where it is damaged or there is
  /// none, DamagedError, ReadError. Cost: about 60 microseconds for 25 kB that the system has in memory.
  [[nodiscard]] std::string read_block(const std::string& name);

  /// Copies the write-ahead log into the database when it has grown, without holding up who appends for more than the
  /// last of it. To be called now and then by one thread. Throws WriteError.
  void tend_wal();
  /// Copies all of it and cuts it off, unless somebody reads it, a backup. Throws WriteError.
  void cut_wal();

  /// Calls visit(sequence, entry) for each entry after `after`, in order; what `visit` does may use the journal. Throws
  /// DamagedError, ReadError.
  void replay(std::uint64_t after, const std::function<void(std::uint64_t, const record::Entry&)>& visit);
  [[nodiscard]] std::uint64_t last_sequence() const;
  /// The commit time of the last entry; nullopt where there is none. Throws DamagedError, ReadError.
  [[nodiscard]] std::optional<Instant> last_wall();
  /// That of the first entry after this one; the epoch where there is none. Throws DamagedError, ReadError.
  [[nodiscard]] Instant wall_after(std::uint64_t sequence);
  /// Entries up to this number have been forgotten; 0 = none.
  [[nodiscard]] std::uint64_t forgotten_through() const;
  /// Where the source stands, file by file, in the order of their ids. Throws DamagedError, ReadError.
  [[nodiscard]] std::vector<record::Cursor> cursors(const std::string& source);

  /// The rejected lines that have been kept, oldest first, without what is no longer to be kept: all but the newest
  /// `keep`, and, unless `keep_text`, lines and the data in details, which are taken from the disk. Throws WriteError.
  [[nodiscard]] std::vector<record::DeadLetter> dead_letters(std::uint64_t keep, bool keep_text);

  /// The outbox of webhooks: in one transaction the events that follow from entries, all up to `through`. One that is
  /// there already (id and webhook) stays as it is. Of what waits for a webhook the newest within its capacity stay;
  /// returns how many of the others were given up (record::DeliveryState::queue_full). What no longer waits is a log of
  /// 10,000. Cost: that of what is added and given up. Throws WriteError; then nothing has changed.
  using Capacities = std::map<std::string, record::DeliveryBounds>;  ///< by webhook
  using GaveWay = std::map<std::string, record::GaveWay>;            ///< by webhook; only where there were some
  GaveWay add_deliveries(std::span<const record::Delivery> deliveries, std::uint64_t through,
                         const Capacities& capacities);
  /// What follows from entries up to this one has been added; nullopt: nothing ever was. Throws DamagedError,
  /// ReadError.
  [[nodiscard]] std::optional<std::uint64_t> outbox_through();
  /// Nothing is added any more. Throws WriteError.
  void forget_outbox_through();
  /// The one that waits for the webhook and is to be tried first. Throws DamagedError, ReadError.
  [[nodiscard]] std::optional<record::Delivery> next_delivery(const std::string& webhook);
  /// What has become of one, by id and webhook. Throws WriteError.
  void note_delivery(const record::Delivery& delivery);
  /// Whatever waits for the webhook becomes `state`; returns how many. Throws WriteError.
  std::uint64_t give_up_deliveries(const std::string& webhook, record::DeliveryState state);
  /// Of what waits for webhooks that are not in `kept` the oldest `most` events become `removed`; returns how many of
  /// which, nothing where none is left. Throws WriteError.
  std::map<std::string, std::uint64_t> remove_deliveries(const Capacities& kept, std::uint64_t most);
  /// What was lost where the table of all that was damaged and has been mended; nullopt: nothing happened since the last
  /// call. Any thread, cheap.
  [[nodiscard]] std::optional<OutboxLoss> take_outbox_loss();
  /// Throws DamagedError, ReadError.
  [[nodiscard]] record::DeliveryBacklog backlog(const std::string& webhook);
  /// Newest first, without bodies; `webhook`: "" = of all. Throws DamagedError, ReadError.
  [[nodiscard]] std::vector<record::Delivery> deliveries(const std::string& webhook, std::uint64_t limit);

  /// Small facts beside the state: the shape of the settings, reference ids.
  [[nodiscard]] std::string fact(const std::string& key);
  void set_fact(const std::string& key, const std::string& value);

  [[nodiscard]] StoreStats stats() const;  ///< any thread

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace pilotwatch::journal
