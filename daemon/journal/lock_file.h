// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

namespace pilotwatch::journal {

/// The lock dies with the process, whatever way that happens. One of the open file (F_OFD_SETLK), since of such a lock
/// can be asked whether somebody has it, without taking it for a moment; and one by flock, which programs before it
/// took and which does not see the other. Private to journal/.
class LockFile {
 public:
  /// Creates the file (mode 0600) where it does not exist. Throws OpenError.
  explicit LockFile(const std::filesystem::path& file);
  ~LockFile();
  LockFile(const LockFile&) = delete;
  LockFile& operator=(const LockFile&) = delete;

  enum class Held : std::uint8_t { no, yes, unknown };
  struct Answer {
    Held held = Held::no;
    std::string why;  ///< unknown: what stood in the way
  };
  /// Whether somebody has it; no: also where there is no such file. Makes no file and takes nothing: a daemon that
  /// starts meanwhile does not notice. Programs that know but flock are not seen.
  [[nodiscard]] static Answer ask(const std::filesystem::path& file);

  /// Why it cannot be had, for who reads that. `error`: errno of the attempt.
  [[nodiscard]] static std::string refusal(const std::filesystem::path& file, int error);

 private:
  [[noreturn]] void refuse(const std::filesystem::path& file, int error) const;

  int fd_;
};

}  // namespace pilotwatch::journal
