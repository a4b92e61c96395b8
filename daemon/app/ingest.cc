// SPDX-License-Identifier: Apache-2.0
// Standard input to a running daemon, for pipes.
#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <stdexcept>

#include "app/commands.h"
#include "app/sender.h"
#include "base/url.h"

namespace pilotwatch::app {
namespace {

using std::chrono::steady_clock;

constexpr std::size_t read_piece = 64 << 10;

/// Bytes of standard input, gathered until enough have come or the first of them has waited long enough.
class Input {
 public:
  /// `quotes`: a newline within double quotes ends no line (CSV).
  Input(std::size_t enough, std::chrono::milliseconds patience, bool quotes)
      : enough_(enough), patience_(patience), quotes_(quotes) {}

  /// Whole lines; "" at the end. The last line may lack its newline.
  std::string next() {
    while (!ended_) {
      const bool lines = complete_ > 0;
      if (lines && (gathered_.size() >= enough_ || steady_clock::now() >= due_)) return take(complete_);
      read_some(lines);
    }
    return take(gathered_.size());
  }

 private:
  std::string take(std::size_t size) {
    std::string out = gathered_.substr(0, size);
    gathered_.erase(0, size);
    complete_ = 0;  // what is left is part of a line
    due_ = steady_clock::now() + patience_;
    return out;
  }

  /// Waits for bytes: for as long as it takes, or, when there are lines already, until these are due.
  void read_some(bool lines) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(due_ - steady_clock::now());
    pollfd input{STDIN_FILENO, POLLIN, 0};
    const int ready = ::poll(&input, 1, lines ? static_cast<int>(std::max<std::int64_t>(left.count(), 0)) : -1);
    if (ready == 0 || (ready < 0 && errno == EINTR)) return;
    char piece[read_piece];
    const auto got = ::read(STDIN_FILENO, piece, sizeof piece);
    if (got < 0 && errno != EINTR) throw std::runtime_error(std::string("standard input: ") + std::strerror(errno));
    if (got == 0) ended_ = true;
    if (got <= 0) return;
    if (complete_ == 0) due_ = steady_clock::now() + patience_;
    add({piece, static_cast<std::size_t>(got)});
  }

  void add(std::string_view piece) {
    for (std::size_t i = 0; i < piece.size(); ++i) {
      if (quotes_ && piece[i] == '"') quoted_ = !quoted_;
      if (piece[i] == '\n' && !quoted_) complete_ = gathered_.size() + i + 1;
    }
    gathered_.append(piece);
  }

  const std::size_t enough_;
  const std::chrono::milliseconds patience_;
  std::string gathered_;
  steady_clock::time_point due_ = steady_clock::now();
  const bool quotes_;
  std::size_t complete_ = 0;  ///< bytes of whole lines
  bool quoted_ = false, ended_ = false;
};

std::string target(const IngestOptions& options) {
  std::string out = "/v1/" + options.stream;
  char separator = '?';
  const auto add = [&](const char* name, const std::string& value) {
    if (value.empty()) return;
    ((out += separator) += name) += '=' + url_encoded(value);
    separator = '&';
  };
  add("pilot", options.pilot);
  add("source", options.source);
  return out;
}

}  // namespace

int ingest(const IngestOptions& options) {
  const bool csv = options.format == "csv";
  const char* type = csv ? "Content-Type: text/csv" : "Content-Type: application/x-ndjson";
  Sender sender(options.client, target(options), {type}, std::chrono::seconds{options.patience_s});
  Input input(options.batch_bytes, std::chrono::milliseconds{options.flush_ms}, csv);
  std::string header;  // of CSV: each body begins with it
  for (auto lines = input.next(); !lines.empty(); lines = input.next()) {
    if (csv && header.empty()) {
      header = lines.substr(0, lines.find('\n') + 1);
      lines.erase(0, header.size());
      if (lines.empty()) continue;
    }
    if (lines.find_first_not_of(" \t\r\n") != std::string::npos) sender.send(header + lines);
  }
  std::fprintf(stderr, "%s\n", sender.summary().c_str());
  return sender.counts().rejected > 0 ? 1 : 0;
}

}  // namespace pilotwatch::app
