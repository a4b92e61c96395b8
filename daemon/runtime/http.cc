// SPDX-License-Identifier: Apache-2.0
#include "runtime/http.h"

#include <pthread.h>

#include <algorithm>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/http/status.hpp>
#include <system_error>
#include <thread>

#include "base/text.h"
#include "runtime/http_session.h"
#include "runtime/tls_transport.h"

namespace pilotwatch::runtime {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

constexpr std::size_t max_told_address = 8;  // as told_full(), of one address
constexpr std::chrono::milliseconds accept_pause{100};
constexpr std::chrono::milliseconds fresh_grace{200};  ///< at a stop, for connections that have not asked for anything yet

void append_json_text(std::string& out, std::string_view text) {
  static constexpr char hex[] = "0123456789abcdef";
  out += '"';
  for (const char c : to_valid_utf8(text)) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += {'\\', c};
    } else if (byte < 0x20) {
      out += {'\\', 'u', '0', '0', hex[byte >> 4], hex[byte & 15]};
    } else {
      out += c;
    }
  }
  out += '"';
}

void throw_if(const error_code& error, const std::string& what) {
  if (error) throw std::system_error(error, what);
}

}  // namespace

std::string_view HttpRequest::header(std::string_view lower_case_name) const {
  const auto at = headers.find(std::string(lower_case_name));
  return at == headers.end() ? std::string_view() : std::string_view(at->second);
}

std::string_view HttpRequest::parameter(std::string_view name) const {
  for (const auto& [key, value] : query) {
    if (key == name) return value;
  }
  return {};
}

HttpStats& HttpStats::operator+=(const HttpStats& other) {
  for (const auto& [key, count] : other.requests) requests[key] += count;
  for (const auto& [handler, duration] : other.durations) {
    durations[handler].first += duration.first;
    durations[handler].second += duration.second;
  }
  for (const auto& [reason, count] : other.refused) refused[reason] += count;
  connections += other.connections;
  max_connections += other.max_connections;
  password_checks += other.password_checks;
  return *this;
}

HttpResponse problem(unsigned status, std::string_view detail) {
  const auto title = boost::beast::http::obsolete_reason(boost::beast::http::int_to_status(status));
  HttpResponse out;
  out.status = status;
  out.content_type = "application/problem+json";
  out.body = R"({"type":"about:blank","title":)";
  append_json_text(out.body, {title.data(), title.size()});
  out.body += ",\"status\":" + std::to_string(status) + ",\"detail\":";
  append_json_text(out.body, detail);
  out.body += "}\n";
  return out;
}

bool RateLimit::admits(const Access& access, Clock::time_point now) {
  if (access.request_interval.count() == 0) return true;
  const auto interval = std::chrono::duration_cast<Clock::duration>(access.request_interval);
  const auto paid_until = std::max(paid_until_, now) + interval;
  if (paid_until - now > interval * static_cast<std::int64_t>(access.request_burst)) return false;
  paid_until_ = paid_until;
  return true;
}

Hub::Hub(HttpOptions given, std::vector<Route> routes)
    : options(std::move(given)),
      router(std::move(routes)),
      work(io.get_executor()),
      access(std::make_shared<const Access>()) {
  stats.with([&](HttpStats& s) {
    s.max_connections = options.max_connections;
    for (const char* reason : refusal_reasons) s.refused[reason] = 0;
  });
}

std::shared_ptr<const Access> Hub::current_access() const {
  return access.with([](const std::shared_ptr<const Access>& now) { return now; });
}

AddressPlace::AddressPlace(std::shared_ptr<Hub> hub, std::string address)
    : hub_(std::move(hub)), address_(std::move(address)) {
  ++hub_->by_address[address_];
}

AddressPlace::~AddressPlace() {
  const auto at = hub_->by_address.find(address_);
  if (--at->second == 0) hub_->by_address.erase(at);
}

bool AddressPlace::over_limit(std::uint64_t by) const {
  const auto most = hub_->options.max_connections_per_address;
  return most > 0 && hub_->by_address.at(address_) > most + by;
}

void Hub::add(const std::shared_ptr<Connection>& connection) {
  connections.insert(connection);
  stats.with([&](HttpStats& s) { s.connections = connections.size(); });
}

void Hub::remove(const std::shared_ptr<Connection>& connection) {
  connections.erase(connection);
  stats.with([&](HttpStats& s) { s.connections = connections.size(); });
  if (stopping && connections.empty() && on_empty) on_empty();
}

void Hub::count_refused(const char* reason) {
  stats.with([&](HttpStats& s) { ++s.refused[reason]; });
}

struct HttpServer::Impl {
  Impl(HttpOptions options, std::vector<Route> routes)
      : listener(std::move(options.listener)),
        hub(std::make_shared<Hub>(std::move(options), std::move(routes))),
        acceptor(hub->io),
        timer(hub->io) {}

  void bind();
  void accept();
  void on_accept(error_code error, Socket socket);
  void run();
  void stop_accepting();
  void wind_up();
  void begin_stop(std::chrono::milliseconds grace);
  void close_all();

  std::shared_ptr<const Listener> listener;  ///< null until start(), unless it was given
  std::shared_ptr<Hub> hub;
  asio::basic_socket_acceptor<tcp, IoExecutor> acceptor;
  asio::basic_waitable_timer<std::chrono::steady_clock, asio::wait_traits<std::chrono::steady_clock>, IoExecutor> timer;
  std::uint16_t port = 0;
  std::thread thread;
};

void HttpServer::Impl::bind() {
  if (!listener) listener = std::make_shared<const Listener>(hub->options.address, hub->options.port);
  port = listener->port();
  error_code error;
  acceptor.assign(listener->ipv6() ? tcp::v6() : tcp::v4(), listener->share(), error);
  throw_if(error, "listen on port " + std::to_string(port));
}

void HttpServer::Impl::accept() {
  acceptor.async_accept(hub->io, [this](error_code error, Socket socket) { on_accept(error, std::move(socket)); });
}

void HttpServer::Impl::on_accept(error_code error, Socket socket) {
  if (error && !acceptor.is_open()) return;
  if (error) {
    // Out of descriptors, most likely. Trying again at once would spin until somebody hangs up.
    timer.expires_after(accept_pause);
    timer.async_wait([this](error_code cancelled) {
      if (!cancelled && acceptor.is_open()) accept();
    });
    return;
  }
  if (acceptor.is_open()) accept();  // first, so that nothing below can end the accepting
  socket.set_option(tcp::no_delay(true), error);
  const auto peer = socket.remote_endpoint(error);
  if (error) return;  // gone already
  auto place = std::make_unique<AddressPlace>(hub, peer.address().to_string());
  const auto most = hub->options.max_connections, open = hub->connections.size();
  const char* refused_for = place->over_limit(0) ? "address_connections" : open >= most ? "connections" : nullptr;
  if (place->over_limit(max_told_address) || open >= most + told_full(most)) return hub->count_refused(refused_for);
  const auto access = hub->current_access();
  auto transport =
      access->tls ? make_tls_transport(std::move(socket), access->tls) : make_tcp_transport(std::move(socket));
  const auto session = make_session(hub, std::move(transport), std::move(place), refused_for);
  hub->add(session);
  session->start();
}

void HttpServer::Impl::run() {
  pthread_setname_np(pthread_self(), "pw-http");
  for (;;) {
    try {
      hub->io.run();
      return;
    } catch (const std::exception& e) {
      // Sessions catch their own; what gets here (accepting, out of memory) must not end the thread.
      if (hub->options.on_exception) hub->options.on_exception("listener", e.what());
    }
  }
}

void HttpServer::Impl::stop_accepting() {
  if (hub->stopping) return;
  hub->stopping = true;
  error_code ignored;
  acceptor.close(ignored);
  listener.reset();  // nobody listens there any more, unless who gave it keeps it
  timer.cancel();
  wind_up();
}

void HttpServer::Impl::wind_up() {
  const std::vector<std::shared_ptr<Connection>> open(hub->connections.begin(), hub->connections.end());
  for (const auto& connection : open) connection->wind_up();
}

void HttpServer::Impl::begin_stop(std::chrono::milliseconds grace) {
  stop_accepting();
  hub->on_empty = [this] {
    timer.cancel();
    hub->work.reset();
  };
  if (hub->connections.empty()) return hub->on_empty();
  const auto first = std::min(grace, fresh_grace);
  timer.expires_after(first);
  timer.async_wait([this, rest = grace - first](error_code cancelled) {
    if (cancelled) return;
    const std::vector<std::shared_ptr<Connection>> open(hub->connections.begin(), hub->connections.end());
    for (const auto& connection : open) connection->give_up_waiting();
    if (hub->connections.empty()) return;
    timer.expires_after(rest);
    timer.async_wait([this](error_code ended) {
      if (!ended) close_all();
    });
  });
}

void HttpServer::Impl::close_all() {
  const std::vector<std::shared_ptr<Connection>> open(hub->connections.begin(), hub->connections.end());
  for (const auto& connection : open) connection->close();
}

HttpServer::HttpServer(HttpOptions options, std::vector<Route> routes)
    : impl_(std::make_unique<Impl>(std::move(options), std::move(routes))) {}

HttpServer::~HttpServer() { stop(std::chrono::milliseconds{0}); }

void HttpServer::set_access(std::shared_ptr<const Access> access) {
  impl_->hub->access.with([&](std::shared_ptr<const Access>& now) { now.swap(access); });
}

void HttpServer::start() {
  impl_->bind();
  impl_->accept();
  impl_->thread = std::thread([impl = impl_.get()] { impl->run(); });
}

void HttpServer::stop_accepting() {
  if (impl_->thread.joinable()) asio::post(impl_->hub->io, [impl = impl_.get()] { impl->stop_accepting(); });
}

void HttpServer::stop(std::chrono::milliseconds grace) {
  if (!impl_->thread.joinable()) return;
  asio::post(impl_->hub->io, [impl = impl_.get(), grace] { impl->begin_stop(grace); });
  impl_->thread.join();
  impl_->hub->passwords.stop();
}

std::uint16_t HttpServer::port() const { return impl_->port; }

HttpStats HttpServer::stats() const {
  auto out = impl_->hub->stats.with([](const HttpStats& stats) { return stats; });
  out.password_checks = impl_->hub->passwords.checks();
  return out;
}

}  // namespace pilotwatch::runtime
