// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>

/// A client that can misbehave: plain POSIX sockets, byte by byte if need be, and a deadline on every wait.
namespace pilotwatch::testing {

struct HttpReply {
  int status = 0;
  std::map<std::string, std::string> headers;  ///< names in lower case
  std::string body;
};

class HttpClient {
 public:
  explicit HttpClient(std::uint16_t port, std::chrono::milliseconds deadline = std::chrono::seconds{20})
      : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)), deadline_(deadline) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
      ::close(fd_);
      throw std::runtime_error("cannot connect to port " + std::to_string(port));
    }
  }
  ~HttpClient() { close(); }
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  /// False when the server does not take everything (it closed, or stopped reading).
  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      if (!wait(POLLOUT)) return false;
      const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }

  /// The next answer; `head`: there is no body whatever Content-Length says.
  HttpReply read(bool head = false) {
    HttpReply reply;
    while (rest_.find("\r\n\r\n") == std::string::npos) receive_or_throw();
    const auto end = rest_.find("\r\n\r\n") + 4;
    parse_header(rest_.substr(0, end), reply);
    rest_.erase(0, end);
    if (head || reply.status < 200) return reply;
    const auto length = reply.headers.find("content-length");
    const std::size_t size = length == reply.headers.end() ? 0 : std::strtoull(length->second.c_str(), nullptr, 10);
    while (rest_.size() < size) receive_or_throw();
    reply.body = rest_.substr(0, size);
    rest_.erase(0, size);
    return reply;
  }

  HttpReply request(const std::string& method, const std::string& target, std::string_view body = {},
                    const std::string& headers = {}) {
    std::string head = method + " " + target + " HTTP/1.1\r\nHost: test\r\n" + headers;
    if (!body.empty()) head += "Content-Length: " + std::to_string(body.size()) + "\r\n";
    send(head + "\r\n" + std::string(body));
    return read(method == "HEAD");
  }

  /// True when the server ends the connection in time; bytes that still come are swallowed.
  bool closed_by_server() {
    for (;;) {
      if (!wait(POLLIN)) return false;
      char scratch[4096];
      if (::recv(fd_, scratch, sizeof scratch, 0) <= 0) return true;
    }
  }
  [[nodiscard]] bool has_unread() const { return !rest_.empty(); }

  void shutdown_send() const { ::shutdown(fd_, SHUT_WR); }
  void close() {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
  }

 private:
  bool wait(short events) const {
    pollfd entry{fd_, events, 0};
    return ::poll(&entry, 1, static_cast<int>(deadline_.count())) == 1;
  }

  void receive_or_throw() {
    if (!wait(POLLIN)) throw std::runtime_error("no answer in time; so far: " + rest_);
    char scratch[16384];
    const ssize_t got = ::recv(fd_, scratch, sizeof scratch, 0);
    if (got <= 0) throw std::runtime_error("connection ended without an answer; so far: " + rest_);
    rest_.append(scratch, static_cast<std::size_t>(got));
  }

  static void parse_header(std::string_view text, HttpReply& reply) {
    reply.status = text.starts_with("HTTP/1.") ? std::atoi(std::string(text.substr(9, 3)).c_str()) : -1;
    text.remove_prefix(text.find("\r\n") + 2);
    while (!text.starts_with("\r\n")) {
      const auto line = text.substr(0, text.find("\r\n"));
      const auto colon = line.find(": ");
      std::string name(line.substr(0, colon));
      for (char& c : name) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
      reply.headers[name] = std::string(line.substr(colon + 2));
      text.remove_prefix(line.size() + 2);
    }
  }

  int fd_;
  std::chrono::milliseconds deadline_;
  std::string rest_;
};

/// One request on a connection of its own.
inline HttpReply http(std::uint16_t port, const std::string& method, const std::string& target,
                      std::string_view body = {}, const std::string& headers = {}) {
  return HttpClient(port).request(method, target, body, headers);
}

}  // namespace pilotwatch::testing
