// SPDX-License-Identifier: Apache-2.0
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <system_error>

#include "app/environment_parts.h"
#include "journal/inspect.h"

namespace pilotwatch::app {
namespace {

namespace fs = std::filesystem;
using journal::Inspection;

constexpr Millis patience{5000};                     ///< for the quick check
constexpr std::uint64_t little_room = 256ULL << 20;  ///< a checkpoint and some minutes of records
constexpr Millis tolerated{std::chrono::minutes{1}};

std::string user_name(uid_t user) {
  const auto* entry = ::getpwuid(user);
  return entry == nullptr ? std::to_string(user) : entry->pw_name;
}

class StoreLook {
 public:
  StoreLook(const Surroundings& surroundings, const Clock& clock, Findings& out)
      : surroundings_(surroundings),
        folder_(surroundings.storage),
        place_(surroundings.storage.string()),
        clock_(clock),
        out_(out) {}

  StoreFacts look() {
    struct stat status {};
    if (::stat(folder_.c_str(), &status) != 0) {
      missing(errno);
      return {};
    }
    if (!S_ISDIR(status.st_mode)) {
      out_.add_at(Level::error, place_, "is no folder; --storage.path names the folder of the store");
      return {};
    }
    access(status);
    const auto found = journal::inspect(folder_, patience);
    room(folder_, found);
    auto key = id_key(found);
    database(found);
    return {std::move(key), found.references};
  }

 private:
  void missing(int error) {
    if (error != ENOENT && error != ENOTDIR)
      return out_.add_at(Level::error, place_, std::string("cannot be looked at: ") + std::strerror(error));
    auto parent = fs::absolute(folder_).lexically_normal();
    std::error_code ignored;
    while (parent.has_relative_path() && !fs::exists(parent, ignored)) parent = parent.parent_path();
    if (::access(parent.c_str(), W_OK | X_OK) != 0) {
      return out_.add_at(Level::error, place_,
                         "does not exist and cannot be made: " + parent.string() + ": " + std::strerror(errno) +
                             "; make it, owned by the user of the daemon");
    }
    out_.add_at(Level::note, place_, "does not exist yet; the daemon makes it");
    room(parent, {});
  }

  void access(const struct stat& status) {
    const int error = ::access(folder_.c_str(), R_OK | W_OK | X_OK) == 0 ? 0 : errno;
    if (error != 0)
      out_.add_at(Level::error, place_,
                  std::string("cannot be read and written: ") + std::strerror(error) +
                      "; the store needs both (this looks as user " + user_name(::geteuid()) + ")");
    if (status.st_uid != ::geteuid())
      out_.add_at(Level::note, place_,
                  "belongs to " + user_name(status.st_uid) + ", and this looks as " + user_name(::geteuid()) +
                      ": ask as the user of the daemon");
    struct stat database {};
    const bool open = (status.st_mode & S_IXOTH) != 0 && ::stat((folder_ / "pilotwatch.db").c_str(), &database) == 0 &&
                      (database.st_mode & S_IROTH) != 0;
    if (open) out_.add_at(Level::warning, place_, "every user can read the store: chmod 700 " + place_);
  }

  void room(const fs::path& where, const Inspection& found) {
    std::error_code error;
    const auto space = fs::space(where, error);
    if (error) return;
    const auto bound = surroundings_.settings.max_store_bytes;
    const auto used = std::min(found.used_bytes, bound);
    const auto free = static_cast<std::uint64_t>(space.available);
    if (bound > 0 && free < bound - used) {
      out_.add(Level::warning, "storage.max_bytes",
               "lets the store grow by " + bytes_words(bound - used) + ", and the file system of " + place_ + " has " +
                   bytes_words(free) + " left: it fills up first");
    } else if (free < little_room) {
      out_.add_at(Level::warning, place_,
                  "its file system has only " + bytes_words(free) + " left; records are refused when it is full");
    }
  }

  std::optional<IdKey> id_key(const Inspection& found) {
    const auto file = folder_ / "id.key";
    std::error_code error;
    if (!fs::exists(file, error)) {  // a look must not make one
      if (found.there)
        out_.add_at(Level::error, file.string(),
                    "is missing beside a store: with a new key no record that comes again is known; put back the one "
                    "of the backup");
      return std::nullopt;
    }
    const auto key = load_or_create_id_key(file);
    if (key.has_value()) return *key;
    out_.add_at(Level::error, file.string(), key.error().what);
    return std::nullopt;
  }

  void database(const Inspection& found) const {
    const auto file = (folder_ / "pilotwatch.db").string();
    if (!found.lock_problem.empty()) {
      out_.add_at(Level::warning, (folder_ / "lock").string(),
                  "cannot be asked whether a daemon runs on this store: " + found.lock_problem +
                      "; ask as the user of the daemon (this looks as " + user_name(::geteuid()) + ")");
    } else if (found.in_use) {
      out_.add_at(Level::note, place_, "a daemon runs on this store");
    }
    if (found.replacing) return out_.add_at(Level::warning, file, "is being salvaged; the next start finishes that");
    if (!found.there) {
      if (found.lock_problem.empty()) out_.add_at(Level::note, place_, "holds no store yet; the first start makes one");
      return;  // else: one that cannot be seen, perhaps
    }
    if (!found.problem.empty()) return out_.add_at(Level::error, file, found.problem);
    if (found.suspect || found.whole == Inspection::Whole::no) {
      return out_.add_at(Level::error, file,
                         "is damaged" + (found.damage.empty() ? "" : ": " + found.damage) +
                             "; the next start sets it aside and saves what can be read: back it up before");
    }
    out_.add_at(Level::note, file, wholeness(found));
    if (found.newest && *found.newest > clock_.now() + tolerated)
      out_.add_at(Level::warning, file,
                  "its newest entry is of " + format_rfc3339(*found.newest) +
                      ", later than the clock of this machine: windows close only when that is reached; set the clock");
  }

  static std::string wholeness(const Inspection& found) {
    const auto size = bytes_words(found.bytes);
    switch (found.whole) {
      case Inspection::Whole::yes:
        return "is whole (" + size + ", schema " + std::to_string(found.schema) + ")";
      case Inspection::Whole::as_far_as_looked:
        return "is whole as far as " + format_duration(patience) + " of reading went (" + size + ")";
      default:
        return std::string("is not checked while a daemon ") + (found.lock_problem.empty() ? "runs" : "may run") +
               " on it (" + size +
               "); pilotwatch backup makes a copy and checks that";
    }
  }

  const Surroundings& surroundings_;
  const fs::path& folder_;
  const std::string place_;
  const Clock& clock_;
  Findings& out_;
};

}  // namespace

StoreFacts look_at_store(const Surroundings& surroundings, const Clock& clock, Findings& out) {
  return StoreLook(surroundings, clock, out).look();
}

}  // namespace pilotwatch::app
