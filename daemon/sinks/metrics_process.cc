// SPDX-License-Identifier: Apache-2.0
#include <dirent.h>
#include <sys/resource.h>
#include <unistd.h>

#include <fstream>
#include <sstream>

#include "sinks/families.h"

// prometheus-cpp has no process collector. What /proc does not tell is left out.
namespace pilotwatch::sinks {
namespace {

/// Fields of /proc/self/stat from `state` on (proc(5) calls that the third): the name before it may hold anything.
std::vector<std::string> stat_fields() {
  std::ifstream file("/proc/self/stat");
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  const auto name_end = text.rfind(')');
  std::vector<std::string> fields;
  if (name_end == std::string::npos) return fields;
  std::istringstream rest(text.substr(name_end + 1));
  for (std::string field; rest >> field;) fields.push_back(std::move(field));
  return fields;
}

std::optional<double> boot_time_s() {
  std::ifstream file("/proc/stat");
  for (std::string word; file >> word;) {
    double seconds = 0;
    if (word == "btime" && file >> seconds) return seconds;
  }
  return std::nullopt;
}

std::optional<std::uint64_t> open_files() {
  DIR* folder = opendir("/proc/self/fd");
  if (folder == nullptr) return std::nullopt;
  std::uint64_t entries = 0;
  while (readdir(folder) != nullptr) ++entries;  // NOLINT(concurrency-mt-unsafe): this stream is ours alone
  closedir(folder);
  return entries < 3 ? 0 : entries - 3;  // ".", ".." and the folder itself
}

}  // namespace

void add_process(Families& out) {
  const auto fields = stat_fields();
  constexpr std::size_t utime = 11, stime = 12, start_time = 19, virtual_size = 20, resident_pages = 21;
  if (fields.size() > resident_pages) {
    const auto ticks_per_s = static_cast<double>(sysconf(_SC_CLK_TCK));
    out.add_counter("process_cpu_seconds_total", "Total user and system CPU time spent in seconds.", {},
                    (std::stod(fields[utime]) + std::stod(fields[stime])) / ticks_per_s);
    out.add_gauge("process_virtual_memory_bytes", "Virtual memory size in bytes.", {}, std::stod(fields[virtual_size]));
    out.add_gauge("process_resident_memory_bytes", "Resident memory size in bytes.", {},
                  std::stod(fields[resident_pages]) * static_cast<double>(sysconf(_SC_PAGESIZE)));
    if (const auto boot = boot_time_s()) {
      out.add_gauge("process_start_time_seconds", "Start time of the process since unix epoch in seconds.", {},
                    *boot + std::stod(fields[start_time]) / ticks_per_s);
    }
  }
  if (const auto files = open_files()) {
    out.add_gauge("process_open_fds", "Number of open file descriptors.", {}, *files);
  }
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    out.add_gauge("process_max_fds", "Maximum number of open file descriptors.", {},
                  static_cast<double>(limit.rlim_cur));
  }
}

}  // namespace pilotwatch::sinks
