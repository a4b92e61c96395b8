// SPDX-License-Identifier: Apache-2.0
// The deterministic simulation of the daemon: see world.h.
//   daemon_simulation [--seed N | --seeds A..B] [--crash-points N] [--steps N] [--verbose]
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

#include "sim/world.h"

namespace {

using pilotwatch::sim::World;

struct Options {
  std::uint64_t first = 1, last = UINT64_MAX, crash_points = 0;
  unsigned steps = 300;
  bool verbose = false;
};

[[noreturn]] void usage() {
  std::fprintf(stderr, "daemon_simulation [--seed N | --seeds A..B] [--crash-points N] [--steps N] [--verbose]\n");
  std::exit(2);
}

Options read(int argc, char** argv) {
  Options out;
  for (int i = 1; i < argc; ++i) {
    const std::string name = argv[i];
    if (name == "--verbose") {
      out.verbose = true;
      continue;
    }
    if (++i == argc) usage();
    const std::string value = argv[i];
    const auto number = [](const std::string& text) { return std::strtoull(text.c_str(), nullptr, 10); };
    if (name == "--seed") {
      out.first = out.last = number(value);
    } else if (name == "--seeds" && value.find("..") != std::string::npos) {
      out.first = number(value);
      out.last = number(value.substr(value.find("..") + 2));
    } else if (name == "--crash-points") {
      out.crash_points = number(value);
    } else if (name == "--steps") {
      out.steps = static_cast<unsigned>(number(value));
    } else {
      usage();
    }
  }
  if (out.last == UINT64_MAX && out.crash_points == 0) out.crash_points = 1000;
  return out;
}

/// How many crashes it had; none: it failed.
std::optional<std::uint64_t> run(std::uint64_t seed, const Options& options) {
  World world(seed, options.verbose);
  try {
    world.run(options.steps);
    if (options.verbose) std::printf("seed %llu: %s\n", static_cast<unsigned long long>(seed), world.summary().c_str());
    return world.crashes();
  } catch (const std::exception& error) {
    for (const auto& step : world.last_steps()) std::printf("  %s\n", step.c_str());
    std::printf("seed %llu: %s\n", static_cast<unsigned long long>(seed), world.summary().c_str());
    std::string what = error.what();
    std::replace(what.begin(), what.end(), '\n', ' ');
    std::printf("FAILED: %s\nagain: daemon_simulation --seed %llu --steps %u\n", what.c_str(),
                static_cast<unsigned long long>(seed), options.steps);
    return std::nullopt;
  }
}

}  // namespace

int main(int argc, char** argv) {
  const auto options = read(argc, argv);
  std::uint64_t crashes = 0, seed = options.first;
  const auto began = std::chrono::steady_clock::now();
  for (; seed <= options.last && (options.crash_points == 0 || crashes < options.crash_points); ++seed) {
    const auto more = run(seed, options);
    if (!more) return 1;
    crashes += *more;
  }
  const auto seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  std::printf("seeds %llu..%llu: %llu crash points, nothing lost, nothing doubled (%.1f s)\n",
              static_cast<unsigned long long>(options.first), static_cast<unsigned long long>(seed - 1),
              static_cast<unsigned long long>(crashes), seconds);
  return 0;
}
