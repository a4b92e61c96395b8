// SPDX-License-Identifier: Apache-2.0
#include "sinks/dns_lookup.h"

#include <ares.h>
#include <arpa/inet.h>
#include <arpa/nameser.h>
#include <netdb.h>
#include <poll.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <mutex>

#include "base/result.h"
#include "base/text.h"

namespace pilotwatch::sinks {
namespace {

using std::chrono::steady_clock;

constexpr int try_ms = 1'000, tries = 3;  ///< of one server; the whole is bounded by the caller's timeout
constexpr int max_addresses = 4'096;  ///< more than an answer has room for

void init_ares() {
  static std::once_flag once;
  std::call_once(once, [] { PW_ASSERT(ares_library_init(ARES_LIB_INIT_ALL) == ARES_SUCCESS); });
}

DnsFailure failure_of(int status) {
  switch (status) {
    case ARES_ENODATA:
    case ARES_ENOTFOUND:
      return DnsFailure::no_record;
    case ARES_ESERVFAIL:
    case ARES_EREFUSED:
    case ARES_ENOTIMP:
      return DnsFailure::server;
    case ARES_ETIMEOUT:
    case ARES_ECANCELLED:
      return DnsFailure::timeout;
    case ARES_ECONNREFUSED:
      return DnsFailure::unreachable;
    default:
      return DnsFailure::malformed;
  }
}

template <class Address, class Ttl>
int read_addresses(const unsigned char* bytes, int size, int family, Address Ttl::*address,
                   int (*parse)(const unsigned char*, int, hostent**, Ttl*, int*), std::vector<DnsRecord>& out) {
  std::vector<Ttl> found(max_addresses);
  int count = max_addresses;
  const int status = parse(bytes, size, nullptr, found.data(), &count);
  if (status != ARES_SUCCESS) return status;
  for (int i = 0; i < count; ++i) {
    char text[INET6_ADDRSTRLEN];
    if (inet_ntop(family, &(found[static_cast<std::size_t>(i)].*address), text, sizeof text) != nullptr) out.push_back({text});
  }
  return status;
}

int read_services(const unsigned char* bytes, int size, std::vector<DnsRecord>& out) {
  ares_srv_reply* first = nullptr;
  const int status = ares_parse_srv_reply(bytes, size, &first);
  const std::unique_ptr<ares_srv_reply, void (*)(void*)> owner(first, ares_free_data);
  if (status != ARES_SUCCESS) return status;
  for (const auto* service = first; service != nullptr; service = service->next) {
    std::string host = service->host;
    if (host.ends_with('.')) host.pop_back();
    out.push_back({std::move(host), service->port});
  }
  return status;
}

/// One question and what became of it.
struct Question {
  settings::DnsType type;
  bool over = false;
  DnsAnswer answer{};

  void take(int status, const unsigned char* bytes, int size) {
    over = true;
    if (status == ARES_SUCCESS) status = read(bytes, size);
    if (status == ARES_SUCCESS && !answer.records.empty()) return;
    if (status == ARES_SUCCESS) status = ARES_ENODATA;
    answer.records.clear();
    fail(failure_of(status), ares_strerror(status));
  }
  void fail(DnsFailure failure, const std::string& why) {
    if (answer.failure != DnsFailure::none) return;  // that it was cancelled says less than why
    answer.failure = failure;
    answer.error = to_valid_utf8(why);
  }

 private:
  int read(const unsigned char* bytes, int size) {
    switch (type) {
      case settings::DnsType::a:
        return read_addresses(bytes, size, AF_INET, &ares_addrttl::ipaddr, ares_parse_a_reply, answer.records);
      case settings::DnsType::aaaa:
        return read_addresses(bytes, size, AF_INET6, &ares_addr6ttl::ip6addr, ares_parse_aaaa_reply, answer.records);
      case settings::DnsType::srv:
        return read_services(bytes, size, answer.records);
    }
    return ARES_ENOTIMP;
  }
};

void on_answer(void* question, int status, int /*timeouts*/, unsigned char* bytes, int size) {
  static_cast<Question*>(question)->take(status, bytes, size);
}

/// Must go before the questions that it was asked.
class Channel {
 public:
  /// `flags`: ARES_FLAG_...
  Channel(const std::vector<std::string>& servers, int flags) {
    init_ares();
    ares_options options{};
    options.flags = flags;
    options.timeout = try_ms;
    options.tries = tries;
    status_ = ares_init_options(&channel_, &options, ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES);
    if (status_ != ARES_SUCCESS || servers.empty()) return;
    std::string list;
    for (const auto& server : servers) list += (list.empty() ? "" : ",") + server;
    status_ = ares_set_servers_ports_csv(channel_, list.c_str());
  }
  ~Channel() {
    if (channel_ != nullptr) ares_destroy(channel_);
  }
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;

  void ask(const std::string& name, Question& question) {
    if (status_ != ARES_SUCCESS) return question.take(status_, nullptr, 0);
    const int type = question.type == settings::DnsType::a ? ns_t_a : question.type == settings::DnsType::aaaa ? ns_t_aaaa : ns_t_srv;
    ares_search(channel_, name.c_str(), ns_c_in, type, on_answer, &question);
  }
  /// All that is asked ends.
  void cancel() { ares_cancel(channel_); }
  /// Waits for at most 100 ms, and does what there is to do.
  void work();

 private:
  ares_channel channel_ = nullptr;
  int status_ = ARES_SUCCESS;
};

void Channel::work() {
  ares_socket_t sockets[ARES_GETSOCK_MAXNUM];
  const auto wanted = static_cast<unsigned>(ares_getsock(channel_, sockets, ARES_GETSOCK_MAXNUM));
  std::vector<pollfd> polled;
  for (unsigned i = 0; i < ARES_GETSOCK_MAXNUM; ++i) {
    const bool reads = ARES_GETSOCK_READABLE(wanted, i) != 0, writes = ARES_GETSOCK_WRITABLE(wanted, i) != 0;
    const int events = (reads ? POLLIN : 0) | (writes ? POLLOUT : 0);
    if (events != 0) polled.push_back({sockets[i], static_cast<short>(events), 0});
  }
  timeval most{0, 100'000}, rest{};
  const auto* wait = ares_timeout(channel_, &most, &rest);
  const int ms = static_cast<int>(wait->tv_sec * 1000 + wait->tv_usec / 1000) + 1;
  if (poll(polled.data(), polled.size(), ms) <= 0) {
    ares_process_fd(channel_, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
    return;
  }
  for (const auto& one : polled) {
    const bool in = (one.revents & (POLLIN | POLLERR | POLLHUP)) != 0, out = (one.revents & (POLLOUT | POLLERR)) != 0;
    if (in || out) ares_process_fd(channel_, in ? one.fd : ARES_SOCKET_BAD, out ? one.fd : ARES_SOCKET_BAD);
  }
}

DnsAnswer ask(const std::vector<std::string>& servers, int flags, const std::string& name, settings::DnsType type,
              steady_clock::time_point until, const std::function<bool()>& give_up) {
  Question question{type};
  Channel channel(servers, flags);
  channel.ask(name, question);
  while (!question.over) {
    if (give_up()) question.fail(DnsFailure::given_up, "given up");
    if (steady_clock::now() >= until) question.fail(DnsFailure::timeout, "no answer in time");
    question.answer.failure == DnsFailure::none ? channel.work() : channel.cancel();
  }
  return question.answer;
}

}  // namespace

Resolve dns_resolver(std::vector<std::string> servers) {
  return [servers = std::move(servers)](const std::string& name, settings::DnsType type, Millis timeout,
                                        const std::function<bool()>& give_up) {
    const auto until = steady_clock::now() + timeout;
    auto answer = ask(servers, 0, name, type, until, give_up);
    // Where all servers answer that they cannot, c-ares says that none was reached, unless it need not ask others.
    if (answer.failure == DnsFailure::unreachable) answer = ask(servers, ARES_FLAG_NOCHECKRESP, name, type, until, give_up);
    return answer;
  };
}

}  // namespace pilotwatch::sinks
