// SPDX-License-Identifier: Apache-2.0
#include "sources/tail_wake.h"

#include <fnmatch.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <system_error>
#include <utility>

#include "sources/file_patterns.h"

namespace pilotwatch::sources {
namespace {

/// Who writes into the folder as fast as it is read here (a trace of this very process) must not hold stop() up.
constexpr int most_reads = 16;

constexpr std::uint32_t interesting = IN_MODIFY | IN_CREATE | IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE;

}  // namespace

TailWake::TailWake(std::vector<std::filesystem::path> patterns)
    : patterns_(std::move(patterns)),
      stop_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      inotify_(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK)) {
  if (stop_.get() < 0) throw std::system_error(errno, std::generic_category(), "eventfd");
  if (inotify_.get() < 0) ++errors_;
}

void TailWake::stop() {
  const std::uint64_t one = 1;
  static_cast<void>(!::write(stop_.get(), &one, sizeof one));  // it can only fail by being set already
}

void TailWake::watch() {
  if (inotify_.get() < 0) return;
  for (const auto& pattern : patterns_) {
    const auto folder = watched_folder(pattern);
    if (std::ranges::any_of(folders_, [&](const auto& known) { return known.second == folder; })) continue;
    const int watch = ::inotify_add_watch(inotify_.get(), folder.c_str(), interesting);
    if (watch >= 0) {
      folders_[watch] = folder;
    } else if (errno != ENOENT && failed_.insert(folder).second) {
      ++errors_;
    }
  }
}

/// Whether there was an event about one of the files, or about names that may be theirs.
bool TailWake::drain() {
  alignas(inotify_event) std::array<char, 16 << 10> buffer;
  bool ours = false;
  for (int reads = 0; reads < most_reads; ++reads) {
    const ssize_t got = ::read(inotify_.get(), buffer.data(), buffer.size());
    if (got <= 0) return ours;
    for (ssize_t at = 0; at < got;) {
      const auto* event = reinterpret_cast<const inotify_event*>(buffer.data() + at);
      at += static_cast<ssize_t>(sizeof *event + event->len);
      if ((event->mask & IN_IGNORED) != 0) folders_.erase(event->wd);
      const char* name = event->len > 0 ? event->name : "";
      ours = ours || (event->mask & IN_MODIFY) == 0 || std::ranges::any_of(patterns_, [&](const auto& pattern) {
               return ::fnmatch(pattern.filename().c_str(), name, 0) == 0;
             });
    }
  }
  return ours;  // what is left makes poll() return at once
}

TailWake::Why TailWake::wait(Millis time, bool for_changes) {
  const auto until = std::chrono::steady_clock::now() + time;
  for (;;) {
    const auto left = std::chrono::ceil<Millis>(until - std::chrono::steady_clock::now());
    pollfd files[] = {{stop_.get(), POLLIN, 0}, {for_changes ? inotify_.get() : -1, POLLIN, 0}};  // -1 is passed over
    const auto timeout = std::clamp<std::int64_t>(left.count(), 0, 3'600'000);
    const int ready = ::poll(files, 2, static_cast<int>(timeout));
    if ((files[0].revents & POLLIN) != 0) return Why::stopped;
    if (ready > 0 && (files[1].revents & POLLIN) != 0 && drain()) return Why::changed;
    if (std::chrono::steady_clock::now() >= until) return Why::time_is_up;
  }
}

}  // namespace pilotwatch::sources
