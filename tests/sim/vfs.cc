// SPDX-License-Identifier: Apache-2.0
#include "sim/vfs.h"

#include <sqlite3.h>

#include <array>
#include <cstring>
#include <memory>
#include <new>
#include <stdexcept>
#include <vector>

namespace pilotwatch::sim {
namespace {

struct Handle;

/// What the processes (here: the connections) that have a file open share of it: locks, and the index of the
/// write-ahead log. Gone with the last of them.
struct Shared {
  int readers = 0;
  Handle* writer = nullptr;  ///< RESERVED or more
  bool exclusive = false;
  std::vector<std::unique_ptr<char[]>> regions;
  std::array<int, SQLITE_SHM_NLOCK> shm_readers{};
  std::array<Handle*, SQLITE_SHM_NLOCK> shm_writer{};
};

struct Handle {
  sqlite3_file base;  // first: SQLite's
  Disk::FilePtr file;
  std::shared_ptr<Shared> shared;
  bool scratch = false;  ///< SQLite's own, of no consequence
  int lock = SQLITE_LOCK_NONE;
  std::array<bool, SQLITE_SHM_NLOCK> shm_reads{};
};

struct Host {
  Disk* disk = nullptr;
  std::function<std::int64_t()> time_ms;
  Random random{0};
  std::map<const Disk::File*, std::weak_ptr<Shared>> shared;
};
Host host;

Handle& of(sqlite3_file* file) { return *reinterpret_cast<Handle*>(file); }

int close(sqlite3_file* file) {
  auto& self = of(file);
  for (auto& writer : self.shared->shm_writer) writer = writer == &self ? nullptr : writer;
  self.~Handle();
  return SQLITE_OK;
}

int read(sqlite3_file* file, void* to, int bytes, sqlite3_int64 at) {
  auto& self = of(file);
  const auto want = static_cast<std::size_t>(bytes & 0x1ffff);
  std::size_t got = 0;
  if (self.scratch) {
    got = static_cast<std::size_t>(at) < self.file->now.size()
              ? std::min(want, self.file->now.size() - static_cast<std::size_t>(at))
              : 0;
    std::memcpy(to, self.file->now.data() + (got > 0 ? at : 0), got);
  } else if (host.disk->read(*self.file, static_cast<std::uint64_t>(at), static_cast<char*>(to), want, got) !=
             Disk::Result::ok) {
    return SQLITE_IOERR_READ;
  }
  if (got == want) return SQLITE_OK;
  std::memset(static_cast<char*>(to) + got, 0, want - got);
  return SQLITE_IOERR_SHORT_READ;
}

int write(sqlite3_file* file, const void* from, int bytes, sqlite3_int64 at) {
  auto& self = of(file);
  // SQLite's own for Unix writes no more at once either, and does not say so.
  const auto offset = static_cast<std::size_t>(at), size = static_cast<std::size_t>(bytes & 0x1ffff);
  if (self.scratch) {
    if (self.file->now.size() < offset + size) self.file->now.resize(offset + size);
    std::memcpy(self.file->now.data() + offset, from, size);
    return SQLITE_OK;
  }
  switch (host.disk->write(*self.file, offset, static_cast<const char*>(from), size)) {
    case Disk::Result::ok:
      return SQLITE_OK;
    case Disk::Result::full:
      return SQLITE_FULL;
    case Disk::Result::failed:
      break;
  }
  return SQLITE_IOERR_WRITE;
}

int truncate(sqlite3_file* file, sqlite3_int64 bytes) {
  auto& self = of(file);
  if (self.scratch) return self.file->now.resize(static_cast<std::size_t>(bytes)), SQLITE_OK;
  return host.disk->cut(*self.file, static_cast<std::uint64_t>(bytes)) == Disk::Result::ok ? SQLITE_OK
                                                                                           : SQLITE_IOERR_TRUNCATE;
}

int sync(sqlite3_file* file, int) {
  auto& self = of(file);
  return self.scratch || host.disk->sync(*self.file) == Disk::Result::ok ? SQLITE_OK : SQLITE_IOERR_FSYNC;
}

int file_size(sqlite3_file* file, sqlite3_int64* bytes) {
  *bytes = static_cast<sqlite3_int64>(of(file).file->now.size());
  return SQLITE_OK;
}

int lock(sqlite3_file* file, int level) {
  auto& self = of(file);
  auto& shared = *self.shared;
  if (self.lock >= level) return SQLITE_OK;
  if (shared.exclusive || (level > SQLITE_LOCK_SHARED && shared.writer != nullptr && shared.writer != &self))
    return SQLITE_BUSY;
  if (self.lock == SQLITE_LOCK_NONE) ++shared.readers;
  if (level > SQLITE_LOCK_SHARED) shared.writer = &self;
  if (level == SQLITE_LOCK_EXCLUSIVE && shared.readers > 1) return self.lock = SQLITE_LOCK_PENDING, SQLITE_BUSY;
  shared.exclusive = level == SQLITE_LOCK_EXCLUSIVE;
  self.lock = level;
  return SQLITE_OK;
}

int unlock(sqlite3_file* file, int level) {
  auto& self = of(file);
  auto& shared = *self.shared;
  if (self.lock <= level) return SQLITE_OK;
  if (shared.writer == &self) {
    shared.writer = nullptr;
    shared.exclusive = false;
  }
  if (level == SQLITE_LOCK_NONE) --shared.readers;
  self.lock = level;
  return SQLITE_OK;
}

int check_reserved_lock(sqlite3_file* file, int* reserved) {
  *reserved = of(file).shared->writer != nullptr ? 1 : 0;
  return SQLITE_OK;
}

int file_control(sqlite3_file*, int, void*) { return SQLITE_NOTFOUND; }
int sector_size(sqlite3_file*) { return 4096; }
/// As on Linux, whose default it is: a torn write leaves what is around it alone.
int device_characteristics(sqlite3_file*) { return SQLITE_IOCAP_POWERSAFE_OVERWRITE; }

int shm_map(sqlite3_file* file, int region, int bytes, int extend, void volatile** out) {
  auto& regions = of(file).shared->regions;
  const auto index = static_cast<std::size_t>(region);
  *out = nullptr;
  if (regions.size() <= index && extend == 0) return SQLITE_OK;
  while (regions.size() <= index) regions.push_back(std::make_unique<char[]>(static_cast<std::size_t>(bytes)));
  *out = regions[index].get();
  return SQLITE_OK;
}

int shm_lock(sqlite3_file* file, int offset, int n, int flags) {
  auto& self = of(file);
  auto& shared = *self.shared;
  const auto begin = static_cast<std::size_t>(offset), end = static_cast<std::size_t>(offset + n);
  const bool alone = (flags & SQLITE_SHM_EXCLUSIVE) != 0;
  if ((flags & SQLITE_SHM_UNLOCK) != 0) {
    for (auto i = begin; i < end; ++i) {
      if (alone && shared.shm_writer[i] == &self) shared.shm_writer[i] = nullptr;
      if (!alone && self.shm_reads[i]) --shared.shm_readers[i];
      if (!alone) self.shm_reads[i] = false;
    }
    return SQLITE_OK;
  }
  for (auto i = begin; i < end; ++i) {
    const int others = shared.shm_readers[i] - (self.shm_reads[i] ? 1 : 0);
    if (shared.shm_writer[i] != nullptr && shared.shm_writer[i] != &self) return SQLITE_BUSY;
    if (alone && others > 0) return SQLITE_BUSY;
  }
  for (auto i = begin; i < end; ++i) {
    if (alone) shared.shm_writer[i] = &self;
    if (!alone && !self.shm_reads[i]) ++shared.shm_readers[i];
    if (!alone) self.shm_reads[i] = true;
  }
  return SQLITE_OK;
}

void shm_barrier(sqlite3_file*) {}
int shm_unmap(sqlite3_file*, int) { return SQLITE_OK; }  // the index goes with the last handle

const sqlite3_io_methods methods = {2,
                                    close,
                                    read,
                                    write,
                                    truncate,
                                    sync,
                                    file_size,
                                    lock,
                                    unlock,
                                    check_reserved_lock,
                                    file_control,
                                    sector_size,
                                    device_characteristics,
                                    shm_map,
                                    shm_lock,
                                    shm_barrier,
                                    shm_unmap,
                                    nullptr,
                                    nullptr};

int open(sqlite3_vfs*, const char* name, sqlite3_file* file, int flags, int* out_flags) {
  file->pMethods = nullptr;
  const bool scratch = name == nullptr;
  auto found = scratch ? std::make_shared<Disk::File>() : host.disk->find(name);
  if (!found && ((flags & SQLITE_OPEN_CREATE) == 0 || host.disk->dead())) return SQLITE_CANTOPEN;
  if (!found) found = host.disk->create(name);
  auto& self = *new (file) Handle();
  self.base.pMethods = &methods;
  self.scratch = scratch;
  auto& known = host.shared[found.get()];
  self.shared = known.lock();
  if (!self.shared) known = self.shared = std::make_shared<Shared>();
  self.file = std::move(found);
  if (out_flags != nullptr) *out_flags = flags;
  return SQLITE_OK;
}

int remove(sqlite3_vfs*, const char* name, int durable) {
  return host.disk->remove(name, durable != 0) == Disk::Result::ok ? SQLITE_OK : SQLITE_IOERR_DELETE;
}

int access(sqlite3_vfs*, const char* name, int, int* out) {
  const auto file = host.disk->find(name);
  *out = file != nullptr ? 1 : 0;
  return SQLITE_OK;
}

int full_path(sqlite3_vfs*, const char* name, int bytes, char* out) {
  sqlite3_snprintf(bytes, out, "%s", name);
  return SQLITE_OK;
}

int randomness(sqlite3_vfs*, int bytes, char* out) {
  for (int i = 0; i < bytes; ++i) out[i] = static_cast<char>(host.random.bits());
  return bytes;
}

int sleep(sqlite3_vfs*, int micros) { return micros; }

int current_time_64(sqlite3_vfs*, sqlite3_int64* out) {
  *out = host.time_ms() + 210866760000000;  // of the Julian calendar
  return SQLITE_OK;
}
int current_time(sqlite3_vfs* vfs, double* out) {
  sqlite3_int64 ms = 0;
  current_time_64(vfs, &ms);
  *out = static_cast<double>(ms) / 86'400'000.0;
  return SQLITE_OK;
}
int last_error(sqlite3_vfs*, int, char*) { return 0; }

sqlite3_vfs vfs = {2,
                   static_cast<int>(sizeof(Handle)),
                   512,
                   nullptr,
                   "sim",
                   nullptr,
                   open,
                   remove,
                   access,
                   full_path,
                   nullptr,
                   nullptr,
                   nullptr,
                   nullptr,
                   randomness,
                   sleep,
                   current_time,
                   last_error,
                   current_time_64,
                   nullptr,
                   nullptr,
                   nullptr};

}  // namespace

Vfs::Vfs(Disk& disk, const std::function<std::int64_t()>& time_ms, std::uint64_t seed) {
  host.disk = &disk;
  host.time_ms = time_ms;
  host.random = Random(seed);
  host.shared.clear();
  if (sqlite3_vfs_register(&vfs, 1) != SQLITE_OK) throw std::runtime_error("SQLite takes no simulated disk");
  sqlite3_randomness(0, nullptr);  // what it has of earlier worlds is forgotten
}

Vfs::~Vfs() {
  sqlite3_vfs_unregister(&vfs);
  host.disk = nullptr;
}

}  // namespace pilotwatch::sim
