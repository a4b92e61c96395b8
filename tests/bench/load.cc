// SPDX-License-Identifier: Apache-2.0
// Sends records over HTTP: load HOST:PORT FILE RECORDS_A_REQUEST CONNECTIONS [SECONDS [RATE FIRST]]
//
// Without RATE the lines of the file, as fast as they are answered, until its end or for SECONDS. With RATE so many bodies
// a second by the clock, whatever the answers are (0: as they come): each is the first RECORDS_A_REQUEST lines with ids of
// its own in the place of xxxxxxxxxxxx, from number FIRST on; one that is refused comes again.
// One thread, one epoll; each connection waits for its answer before it sends again. Prints one JSON object.
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

using std::chrono::steady_clock;

void require(bool good, const char* what) {
  if (!good) throw std::runtime_error(std::string(what) + ": " + std::strerror(errno));
}

std::string_view mapped(const char* path) {
  const int fd = ::open(path, O_RDONLY | O_CLOEXEC);
  require(fd >= 0, path);
  struct stat info {};
  require(::fstat(fd, &info) == 0, "fstat");
  const auto size = static_cast<std::size_t>(info.st_size);
  void* memory = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, 0);
  require(memory != MAP_FAILED, "mmap");
  ::close(fd);
  return {static_cast<const char*>(memory), size};
}

/// Cuts the text after each `lines` lines.
std::vector<std::string_view> bodies_of(std::string_view text, std::size_t lines) {
  std::vector<std::string_view> out;
  std::size_t start = 0, count = 0;
  for (std::size_t at = text.find('\n'); at != std::string_view::npos; at = text.find('\n', at + 1)) {
    if (++count % lines != 0) continue;
    out.push_back(text.substr(start, at + 1 - start));
    start = at + 1;
  }
  if (start < text.size()) out.push_back(text.substr(start));
  return out;
}

struct Connection {
  int fd = -1;
  std::string head, answer, own;  ///< own: the body, where each has its own
  std::string_view body;
  bool again = false;  ///< it was refused
  steady_clock::time_point due;
  std::size_t sent = 0;
  steady_clock::time_point since;
  bool busy = false;
};

/// The whole answer, and nothing behind it; 0 while it is not all there.
std::size_t answer_size(std::string_view answer) {
  const auto head = answer.find("\r\n\r\n");
  if (head == std::string_view::npos) return 0;
  const auto length = answer.find("Content-Length: ");
  if (length == std::string_view::npos || length > head) throw std::runtime_error("an answer without a length");
  const auto size = head + 4 + std::strtoull(answer.data() + length + 16, nullptr, 10);
  return answer.size() >= size ? size : 0;
}

class Load {
 public:
  Load(std::string_view target, std::vector<std::string_view> bodies, std::size_t connections, double seconds)
      : target_(target), bodies_(std::move(bodies)), seconds_(seconds), epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
    require(epoll_ >= 0, "epoll_create1");
    connections_.resize(connections);
    for (auto& connection : connections_) open(connection);
  }

  /// By the clock; see above.
  void offer(double rate, std::uint64_t first) {
    rate_ = rate;
    number_ = first;
    offering_ = true;
    const auto body = bodies_.at(0);
    for (auto at = body.find(placeholder); at != std::string_view::npos; at = body.find(placeholder, at + 1))
      places_.push_back(at);
    for (auto& connection : connections_) connection.own = body;
  }

  void run() {
    start_ = steady_clock::now();
    for (std::size_t i = 0; i < connections_.size(); ++i) {
      connections_[i].due = start_ + after(rate_ > 0 ? static_cast<double>(i) / rate_ : 0);
      next(connections_[i]);
    }
    std::vector<epoll_event> events(connections_.size());
    while (busy_ > 0 || waits()) {
      const bool by_clock = waits();
      const int ready = ::epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), by_clock ? 1 : 10'000);
      if (ready == 0 && !by_clock) throw std::runtime_error("no answer for 10 seconds");
      if (by_clock) {
        for (auto& connection : connections_) {
          if (!connection.busy) next(connection);
        }
      }
      for (int i = 0; i < ready; ++i) serve(*static_cast<Connection*>(events[static_cast<std::size_t>(i)].data.ptr));
    }
    wall_ = std::chrono::duration<double>(steady_clock::now() - start_).count();
  }

  void print() {
    std::sort(latencies_.begin(), latencies_.end());
    const auto at = [&](double share) {
      if (latencies_.empty()) return 0.0;
      return latencies_[static_cast<std::size_t>(share * static_cast<double>(latencies_.size() - 1))] * 1e3;
    };
    std::cout << "{\"requests\": " << latencies_.size() << ", \"accepted\": " << accepted_ << ", \"wall_s\": " << wall_
              << ", \"records_per_s\": " << static_cast<double>(accepted_) / wall_ << ", \"p50_ms\": " << at(0.5)
              << ", \"p99_ms\": " << at(0.99) << ", \"max_ms\": " << at(1) << ", \"status\": {";
    const char* comma = "";
    for (const auto& [status, count] : status_) {
      std::cout << comma << '"' << status << "\": " << count;
      comma = ", ";
    }
    std::cout << "}}\n";
  }

 private:
  void open(Connection& connection) {
    const auto colon = target_.rfind(':');
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(std::atoi(std::string(target_.substr(colon + 1)).c_str())));
    if (::inet_pton(AF_INET, std::string(target_.substr(0, colon)).c_str(), &address.sin_addr) != 1)
      throw std::runtime_error("not an IPv4 address");
    connection.fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    require(connection.fd >= 0, "socket");
    require(::connect(connection.fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0, "connect");
    const int on = 1;
    ::setsockopt(connection.fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    require(::fcntl(connection.fd, F_SETFL, O_NONBLOCK) == 0, "fcntl");
    epoll_event event{.events = EPOLLIN | EPOLLOUT | EPOLLET, .data = {.ptr = &connection}};
    require(::epoll_ctl(epoll_, EPOLL_CTL_ADD, connection.fd, &event) == 0, "epoll_ctl");
  }

  static steady_clock::duration after(double seconds) {
    return std::chrono::duration_cast<steady_clock::duration>(std::chrono::duration<double>(seconds));
  }
  [[nodiscard]] bool over() const {
    return seconds_ > 0 && std::chrono::duration<double>(steady_clock::now() - start_).count() > seconds_;
  }
  /// Somebody's turn comes by the clock.
  [[nodiscard]] bool waits() const { return rate_ > 0 && !over(); }

  /// Ids of its own, 12 digits, for a body that has not been refused.
  void stamp(Connection& c) {
    if (!std::exchange(c.again, false)) {
      char digits[13];
      for (std::size_t i = 0; i < places_.size(); ++i) {
        std::snprintf(digits, sizeof digits, "%07u%05u", static_cast<unsigned>(number_ % 10'000'000), static_cast<unsigned>(i));
        std::memcpy(c.own.data() + places_[i], digits, 12);
      }
      ++number_;
    }
    c.body = c.own;
    const auto now = steady_clock::now();
    if (rate_ > 0) c.due = std::max(c.due + after(static_cast<double>(connections_.size()) / rate_), now - after(0.1));
  }

  void next(Connection& connection) {
    if (over()) return;
    if (offering_) {
      if (rate_ > 0 && steady_clock::now() < connection.due) return;
      if (connection.fd < 0) open(connection);
      stamp(connection);
    } else {
      if (next_ == bodies_.size()) return;
      connection.body = bodies_[next_++];
    }
    connection.head = "POST /v1/records HTTP/1.1\r\nHost: " + std::string(target_) +
                      "\r\nContent-Type: application/x-ndjson\r\nContent-Length: " +
                      std::to_string(connection.body.size()) + "\r\n\r\n";
    connection.sent = 0;
    connection.since = steady_clock::now();
    connection.busy = true;
    ++busy_;
    send(connection);
  }

  void send(Connection& c) {
    while (c.sent < c.head.size() + c.body.size()) {
      iovec pieces[2];
      int count = 0;
      if (c.sent < c.head.size()) pieces[count++] = {c.head.data() + c.sent, c.head.size() - c.sent};
      const auto from = c.sent > c.head.size() ? c.sent - c.head.size() : 0;
      pieces[count++] = {const_cast<char*>(c.body.data()) + from, c.body.size() - from};
      const auto written = ::writev(c.fd, pieces, count);
      if (written < 0 && (errno == EAGAIN || errno == EINTR)) return;
      if (written < 0 && offering_) return;  // refused meanwhile: the answer is there all the same
      require(written > 0, "writev");
      c.sent += static_cast<std::size_t>(written);
    }
  }

  void serve(Connection& c) {
    if (!c.busy) return;
    send(c);
    while (c.busy) {
      char buffer[16 << 10];
      const auto got = ::recv(c.fd, buffer, sizeof buffer, 0);
      if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
      if (got <= 0 && offering_) {  // no answer at all: status 0
        c.answer = "HTTP/1.1 0\r\nConnection: close\r\n\r\n";
        return finish(c);
      }
      require(got > 0, "recv");
      c.answer.append(buffer, static_cast<std::size_t>(got));
      if (answer_size(c.answer) != 0) finish(c);
    }
  }

  void finish(Connection& c) {
    const auto now = steady_clock::now();
    const int status = std::atoi(c.answer.c_str() + 9);
    ++status_[status];
    c.again = offering_ && status != 200;
    if (const auto end = c.answer.find("\r\n\r\n"); c.answer.find("onnection: close") < end) {
      ::close(c.fd);
      c.fd = -1;
    }
    if (const auto accepted = c.answer.find("\"accepted\":"); accepted != std::string::npos)
      accepted_ += std::strtoull(c.answer.c_str() + accepted + 11, nullptr, 10);
    latencies_.push_back(std::chrono::duration<double>(now - c.since).count());
    c.answer.clear();
    c.busy = false;
    --busy_;
    next(c);
  }

  static constexpr std::string_view placeholder = "xxxxxxxxxxxx";

  std::string_view target_;
  std::vector<std::string_view> bodies_;
  double seconds_;
  int epoll_;
  std::vector<Connection> connections_;
  std::size_t next_ = 0, busy_ = 0;
  std::uint64_t accepted_ = 0;
  std::map<int, std::uint64_t> status_;
  std::vector<double> latencies_;
  bool offering_ = false;
  double rate_ = 0;
  std::uint64_t number_ = 0;
  std::vector<std::size_t> places_;
  steady_clock::time_point start_;
  double wall_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc < 5) {
    std::cerr << "load HOST:PORT FILE RECORDS_A_REQUEST CONNECTIONS [SECONDS [RATE FIRST]]\n";
    return 2;
  }
  try {
    Load load(argv[1], bodies_of(mapped(argv[2]), std::strtoull(argv[3], nullptr, 10)),
              std::strtoull(argv[4], nullptr, 10), argc > 5 ? std::atof(argv[5]) : 0);
    if (argc > 7) load.offer(std::atof(argv[6]), std::strtoull(argv[7], nullptr, 10));
    load.run();
    load.print();
  } catch (const std::exception& error) {
    std::cerr << "load: " << error.what() << '\n';
    return 1;
  }
}
