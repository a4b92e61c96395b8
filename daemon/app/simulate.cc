// SPDX-License-Identifier: Apache-2.0
// Writes or sends what the generator makes, at the speed asked for.
#include <curl/curl.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <memory>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <thread>

#include "app/commands.h"
#include "app/simulation.h"
#include "base/text.h"

namespace pilotwatch::app {
namespace {

using std::chrono::steady_clock;

constexpr std::size_t max_batch_lines = 500;
constexpr auto max_refusals = std::chrono::minutes{2};  // of one batch, then the daemon will not come back by itself
constexpr long max_retry_after_s = 30;
constexpr std::chrono::milliseconds tick{50};  // what falls due within one goes out together
constexpr long request_timeout_s = 60;

struct Totals {
  std::uint64_t accepted = 0, duplicate = 0, rejected = 0;
};

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

bool on_loopback(const std::string& url) {
  return std::ranges::any_of(std::initializer_list<const char*>{"://127.", "://localhost", "://[::1]"},
                             [&](const char* start) { return url.find(start) != std::string::npos; });
}

class HttpSink final : public Sink {
 public:
  explicit HttpSink(std::string url) : url_(std::move(url)), curl_(curl_easy_init()) {
    if (!curl_) throw std::runtime_error("libcurl cannot be initialised");
    while (url_.ends_with('/')) url_.pop_back();
    url_ += "/v1/records";
    headers_.reset(curl_slist_append(curl_slist_append(nullptr, "Content-Type: application/x-ndjson"), "Expect:"));
    curl_easy_setopt(curl_.get(), CURLOPT_URL, url_.c_str());
    curl_easy_setopt(curl_.get(), CURLOPT_HTTPHEADER, headers_.get());
    curl_easy_setopt(curl_.get(), CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl_.get(), CURLOPT_TIMEOUT, request_timeout_s);
    curl_easy_setopt(curl_.get(), CURLOPT_WRITEFUNCTION, &append);
    curl_easy_setopt(curl_.get(), CURLOPT_WRITEDATA, &body_);
    if (on_loopback(url_)) curl_easy_setopt(curl_.get(), CURLOPT_PROXY, "");  // whatever the environment says
  }

  /// Comes back until the daemon has committed the lines: a repeat of what it already has is counted once.
  void write(const std::string& lines) override {
    const auto give_up = steady_clock::now() + max_refusals;
    while (true) {
      const long status = post(lines);
      if (status == 200) return count();
      if (status != 429 && status != 503) throw std::runtime_error(refusal(status));
      if (steady_clock::now() > give_up)
        throw std::runtime_error(refusal(status) + " (again and again for two minutes)");
      std::this_thread::sleep_for(std::chrono::seconds{retry_after()});
    }
  }

  [[nodiscard]] std::string summary() const override {
    return " sent: " + std::to_string(totals_.accepted) + " accepted, " + std::to_string(totals_.duplicate) +
           " duplicate, " + std::to_string(totals_.rejected) + " rejected";
  }

 private:
  struct CleanUp {
    void operator()(CURL* curl) const { curl_easy_cleanup(curl); }
    void operator()(curl_slist* list) const { curl_slist_free_all(list); }
  };

  static std::size_t append(const char* data, std::size_t size, std::size_t count, void* body) {
    static_cast<std::string*>(body)->append(data, size * count);
    return size * count;
  }

  long post(const std::string& lines) {
    body_.clear();
    curl_easy_setopt(curl_.get(), CURLOPT_POSTFIELDS, lines.data());
    curl_easy_setopt(curl_.get(), CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(lines.size()));
    const auto code = curl_easy_perform(curl_.get());
    if (code != CURLE_OK) throw std::runtime_error(url_ + ": " + curl_easy_strerror(code));
    long status = 0;
    curl_easy_getinfo(curl_.get(), CURLINFO_RESPONSE_CODE, &status);
    return status;
  }

  [[nodiscard]] long retry_after() {
    curl_off_t seconds = 0;
    curl_easy_getinfo(curl_.get(), CURLINFO_RETRY_AFTER, &seconds);
    return std::clamp(static_cast<long>(seconds), 1L, max_retry_after_s);
  }

  [[nodiscard]] std::string refusal(long status) const {
    return url_ + ": HTTP " + std::to_string(status) + ": " + ellipsis(to_valid_utf8(body_), 500);
  }

  void count() {
    const auto answer = nlohmann::json::parse(body_, nullptr, false);
    if (!answer.is_object()) throw std::runtime_error(url_ + ": not the answer of a pilotwatch daemon");
    totals_.accepted += answer.value("accepted", std::uint64_t{0});
    totals_.duplicate += answer.value("duplicate", std::uint64_t{0});
    const auto rejected = answer.value("rejected", std::uint64_t{0});
    if (rejected > 0 && totals_.rejected == 0) {  // once is enough: the others are of the same kind
      std::fprintf(stderr, "pilotwatch: the daemon rejects lines, the first: %s\n", answer["errors"].dump().c_str());
    }
    totals_.rejected += rejected;
  }

  std::string url_, body_;
  std::unique_ptr<CURL, CleanUp> curl_;
  std::unique_ptr<curl_slist, CleanUp> headers_;
  Totals totals_;
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
