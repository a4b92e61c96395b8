// SPDX-License-Identifier: Apache-2.0
#include "sinks/http_post.h"

#include <curl/curl.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <mutex>
#include <string_view>
#include <utility>

#include "base/result.h"
#include "base/version.h"

namespace pilotwatch::sinks {
namespace {

constexpr std::size_t kept_body_bytes = 512;

void init_curl() {
  static std::once_flag once;
  std::call_once(once, [] { PW_ASSERT(curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK); });
}

std::optional<Instant> http_time(const std::string& text) {
  const std::time_t seconds = curl_getdate(text.c_str(), nullptr);
  if (seconds == -1) return std::nullopt;
  return Instant{std::chrono::seconds{seconds}};
}

/// Seconds, or a date (RFC 9110, 10.2.3).
std::optional<Millis> retry_after(const std::string& text, Instant now) {
  std::uint32_t seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (error == std::errc() && end == text.data() + text.size()) return std::chrono::seconds{seconds};
  const auto date = http_time(text);
  return date ? std::optional(std::max(Millis{0}, *date - now)) : std::nullopt;
}

struct Answer {
  PostResult result;
  Instant now;
};

std::size_t on_header(char* data, std::size_t size, std::size_t count, void* user) {
  auto& answer = *static_cast<Answer*>(user);
  const std::string_view line(data, size * count);
  const auto colon = line.find(':');
  if (colon == std::string_view::npos) return size * count;
  std::string name(line.substr(0, colon));
  std::transform(name.begin(), name.end(), name.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  std::string_view rest = line.substr(colon + 1);
  const auto first = rest.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return size * count;
  const std::string value(rest.substr(first, rest.find_last_not_of(" \t\r\n") - first + 1));
  if (name == "date") answer.result.date = http_time(value);
  if (name == "retry-after") answer.result.retry_after = retry_after(value, answer.now);
  return size * count;
}

std::size_t on_body(char* data, std::size_t size, std::size_t count, void* user) {
  auto& body = static_cast<Answer*>(user)->result.body;
  body.append(data, std::min(size * count, kept_body_bytes - std::min(kept_body_bytes, body.size())));
  return size * count;
}

PostFailure failure_of(CURLcode code) {
  switch (code) {
    case CURLE_OPERATION_TIMEDOUT:
      return PostFailure::timeout;
    case CURLE_ABORTED_BY_CALLBACK:
      return PostFailure::given_up;
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
      return PostFailure::tls;
    default:
      return PostFailure::unreachable;
  }
}

}  // namespace

struct HttpPost::Impl {
  Impl(std::string to, PostOptions how) : url(std::move(to)), options(std::move(how)) {
    init_curl();
    multi = curl_multi_init();
    easy = curl_easy_init();
    PW_ASSERT(multi != nullptr && easy != nullptr);
  }
  ~Impl() {
    curl_easy_cleanup(easy);
    curl_multi_cleanup(multi);
    curl_slist_free_all(headers);
  }

  void set_up(Millis timeout, Answer& answer);
  void set_body(const PostRequest& request);
  [[nodiscard]] PostResult result(CURLcode code, Answer& answer);
  [[nodiscard]] std::string certificate() const;
  void set_headers(const PostRequest& request);
  CURLcode perform(const std::function<bool()>& give_up);
  [[nodiscard]] bool may_connect(const IpAddress& address) const;
  /// libcurl's, once for each address that it is about to try.
  static curl_socket_t open_socket(void* self, curlsocktype purpose, curl_sockaddr* to);

  std::string url;
  PostOptions options;
  std::string refused;     ///< the address that was not connected to last
  CURLM* multi = nullptr;  // only because curl_easy_perform cannot be interrupted
  CURL* easy = nullptr;
  curl_slist* headers = nullptr;
  std::array<char, CURL_ERROR_SIZE> error{};
};

bool HttpPost::Impl::may_connect(const IpAddress& address) const {
  if (!options.only_public_and || is_public(address)) return true;
  return std::ranges::any_of(*options.only_public_and, [&](const Network& n) { return n.contains(address); });
}

curl_socket_t HttpPost::Impl::open_socket(void* self, curlsocktype, curl_sockaddr* to) {
  auto& impl = *static_cast<Impl*>(self);
  const auto address = ip_of(to->addr);
  if (!address || !impl.may_connect(*address)) {
    impl.refused = address ? to_text(*address) : "no IP address";
    return CURL_SOCKET_BAD;
  }
  return ::socket(to->family, to->socktype | SOCK_CLOEXEC, to->protocol);
}

void HttpPost::Impl::set_headers(const PostRequest& request) {
  curl_slist_free_all(std::exchange(headers, nullptr));
  headers = curl_slist_append(headers, ("Content-Type: " + options.content_type).c_str());
  headers = curl_slist_append(headers, "Expect:");  // no extra round trip for bodies of some hundred kB
  for (const auto& line : request.headers) headers = curl_slist_append(headers, line.c_str());
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
}

void HttpPost::Impl::set_body(const PostRequest& request) {
  set_headers(request);
  curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request.body.c_str());
  curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
}

void HttpPost::Impl::set_up(Millis timeout, Answer& answer) {
  static const std::string agent = "pilotwatch/" + std::string(version());
  error[0] = '\0';
  refused.clear();
  curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, &Impl::open_socket);
  curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, this);
  curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
  if (!options.ca_file.empty()) {  // instead of the system's, of which libcurl knows a folder besides
    curl_easy_setopt(easy, CURLOPT_CAINFO, options.ca_file.c_str());
    curl_easy_setopt(easy, CURLOPT_CAPATH, nullptr);
  }
  if (!options.cert_file.empty()) {
    curl_easy_setopt(easy, CURLOPT_SSLCERT, options.cert_file.c_str());
    curl_easy_setopt(easy, CURLOPT_SSLKEY, options.key_file.c_str());
  }
  curl_easy_setopt(easy, CURLOPT_URL, url.c_str());
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(easy, CURLOPT_PROXY, "");  // what the settings name is called, not what the environment says
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy, CURLOPT_USERAGENT, agent.c_str());
  curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, static_cast<long>(timeout.count()));
  curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, error.data());
  curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
  curl_easy_setopt(easy, CURLOPT_HEADERDATA, &answer);
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, &answer);
}

CURLcode HttpPost::Impl::perform(const std::function<bool()>& give_up) {
  CURLcode result = CURLE_ABORTED_BY_CALLBACK;
  PW_ASSERT(curl_multi_add_handle(multi, easy) == CURLM_OK);
  for (int running = 1; running > 0 && !give_up();) {
    if (curl_multi_perform(multi, &running) != CURLM_OK) break;
    if (running > 0) curl_multi_poll(multi, nullptr, 0, 100, nullptr);
  }
  int left = 0;
  while (const CURLMsg* const message = curl_multi_info_read(multi, &left)) {
    if (message->msg == CURLMSG_DONE) result = message->data.result;
  }
  curl_multi_remove_handle(multi, easy);
  return result;
}

HttpPost::HttpPost(std::string url, PostOptions options)
    : impl_(std::make_unique<Impl>(std::move(url), std::move(options))) {}
HttpPost::~HttpPost() = default;

PostResult HttpPost::post(const PostRequest& request, Millis timeout, Instant now,
                          const std::function<bool()>& give_up) {
  Answer answer;
  answer.now = now;
  impl_->set_up(timeout, answer);
  impl_->set_body(request);
  return impl_->result(impl_->perform(give_up), answer);
}

LookResult HttpPost::look(Ask ask, Millis timeout, Instant now, const std::function<bool()>& give_up) {
  Answer answer;
  answer.now = now;
  impl_->set_up(timeout, answer);
  curl_easy_setopt(impl_->easy, CURLOPT_CERTINFO, 1L);
  curl_easy_setopt(impl_->easy, ask == Ask::connect ? CURLOPT_CONNECT_ONLY : CURLOPT_HTTPGET, 1L);
  LookResult out;
  out.answer = impl_->result(impl_->perform(give_up), answer);
  out.certificate = impl_->certificate();
  return out;
}

PostResult HttpPost::Impl::result(CURLcode code, Answer& answer) {
  auto& out = answer.result;
  if (code == CURLE_OK) {
    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &out.status);
    return out;
  }
  out.failure = failure_of(code);
  out.error = error[0] != '\0' ? error.data() : curl_easy_strerror(code);
  if (!refused.empty() && out.failure == PostFailure::unreachable) {
    out.failure = PostFailure::address_refused;
    out.error = "not connected to " + refused + ": no address of the open Internet, and in no network allowed";
  }
  return out;
}

/// The other side's own, the first of its chain.
std::string HttpPost::Impl::certificate() const {
  curl_certinfo* chain = nullptr;
  if (curl_easy_getinfo(easy, CURLINFO_CERTINFO, &chain) != CURLE_OK || chain == nullptr || chain->num_of_certs == 0)
    return {};
  constexpr std::string_view mark = "Cert:";
  for (const auto* entry = chain->certinfo[0]; entry != nullptr; entry = entry->next) {
    const std::string_view text(entry->data);
    if (text.starts_with(mark)) return std::string(text.substr(mark.size()));
  }
  return {};
}

Send send_to(const std::string& url, const PostOptions& options) {
  return [post = std::make_shared<HttpPost>(url, options)](const auto& request, Millis timeout, Instant now,
                                                           const auto& give_up) {
    return post->post(request, timeout, now, give_up);
  };
}

}  // namespace pilotwatch::sinks
