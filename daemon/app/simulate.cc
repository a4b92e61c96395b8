// SPDX-License-Identifier: Apache-2.0
// Writes or sends what the generator makes, at the speed asked for.
#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <memory>
#include <stdexcept>
#include <thread>

#include "app/commands.h"
#include "app/sender.h"
#include "app/simulation.h"

namespace pilotwatch::app {
namespace {

using std::chrono::steady_clock;

constexpr std::size_t max_batch_lines = 500;
constexpr std::chrono::seconds patience{120};  // with one batch, then the daemon will not come back by itself
constexpr std::chrono::milliseconds tick{50};  // what falls due within one goes out together

/// Where lines go, many at a time.
class Sink {
 public:
  virtual ~Sink() = default;
  virtual void write(const std::string& lines) = 0;
  [[nodiscard]] virtual std::string summary() const = 0;
};

class FileSink final : public Sink {
 public:
  explicit FileSink(const std::string& name) : name_(name == "-" ? "standard output" : name), file_(stdout) {
    if (name == "-") return;
    owned_.reset(std::fopen(name.c_str(), "wb"));
    file_ = owned_.get();
    if (file_ == nullptr) fail();
  }
  void write(const std::string& lines) override {
    if (std::fwrite(lines.data(), 1, lines.size(), file_) != lines.size() || std::fflush(file_) != 0) fail();
  }
  [[nodiscard]] std::string summary() const override { return " written"; }

 private:
  struct Close {
    void operator()(FILE* file) const { std::fclose(file); }
  };
  [[noreturn]] void fail() const { throw std::runtime_error(name_ + ": " + std::strerror(errno)); }

  std::string name_;
  std::unique_ptr<FILE, Close> owned_;
  FILE* file_;
};

class HttpSink final : public Sink {
 public:
  explicit HttpSink(const std::string& url)
      : sender_({.url = url}, "/v1/records", {"Content-Type: application/x-ndjson"}, patience) {}
  void write(const std::string& lines) override { sender_.send(lines); }
  [[nodiscard]] std::string summary() const override { return " sent: " + sender_.summary(); }

 private:
  Sender sender_;
};

/// When a line is due: `speed` simulated seconds a real second from the first line on.
class Pace {
 public:
  explicit Pace(double speed) : speed_(speed) {}

  [[nodiscard]] steady_clock::time_point due(Instant time) {
    if (speed_ <= 0) return steady_clock::time_point::min();
    if (!started_) first_ = time;
    started_ = true;
    const auto elapsed = std::chrono::duration<double, std::milli>(time - first_) / speed_;
    return start_ + std::chrono::ceil<std::chrono::milliseconds>(elapsed / tick.count()) * tick.count();
  }

 private:
  double speed_;
  Instant first_{};
  bool started_ = false;
  steady_clock::time_point start_ = steady_clock::now();
};

/// Batches of what has fallen due, at most `max_batch_lines`; returns the number of lines.
std::uint64_t play(Simulation& simulation, double speed, Sink& sink) {
  Pace pace(speed);
  std::uint64_t lines = 0;
  std::string batch;
  std::size_t batched = 0;
  const auto flush = [&] {
    if (batched > 0) sink.write(batch);
    batch.clear();
    batched = 0;
  };
  while (const auto line = simulation.next()) {
    const auto due = pace.due(line->time);
    if (batched == max_batch_lines || due > steady_clock::now()) flush();
    std::this_thread::sleep_until(due);
    (batch += line->json) += '\n';
    ++batched;
    ++lines;
  }
  flush();
  return lines;
}

}  // namespace

int simulate(const SimulateOptions& options) {
  const auto start = steady_clock::now();
  std::unique_ptr<Simulation> simulation;
  try {
    simulation = std::make_unique<Simulation>(options);
  } catch (const std::invalid_argument& error) {
    std::fprintf(stderr, "pilotwatch: %s\n", error.what());
    return 2;
  }
  std::unique_ptr<Sink> sink;
  if (options.url.empty()) {
    sink = std::make_unique<FileSink>(options.out);
  } else {
    sink = std::make_unique<HttpSink>(options.url);
  }
  const auto lines = play(*simulation, options.speed, *sink);
  const double seconds = std::chrono::duration<double>(steady_clock::now() - start).count();
  std::fprintf(stderr, "%llu lines%s, in %.1f s\n", static_cast<unsigned long long>(lines), sink->summary().c_str(),
               seconds);
  return 0;
}

}  // namespace pilotwatch::app
