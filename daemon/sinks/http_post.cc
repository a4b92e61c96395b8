// SPDX-License-Identifier: Apache-2.0
#include "sinks/http_post.h"

#include <curl/curl.h>

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

}  // namespace

struct HttpPost::Impl {
  explicit Impl(std::string to) : url(std::move(to)) {
    init_curl();
    multi = curl_multi_init();
    easy = curl_easy_init();
    PW_ASSERT(multi != nullptr && easy != nullptr);
    headers = curl_slist_append(headers, "Content-Type: application/json");
    headers = curl_slist_append(headers, "Expect:");  // no extra round trip for bodies of some hundred kB
  }
  ~Impl() {
    curl_easy_cleanup(easy);
    curl_multi_cleanup(multi);
    curl_slist_free_all(headers);
  }

  void set_up(const std::string& json, Millis timeout, Answer& answer);
  CURLcode perform(const std::function<bool()>& give_up);

  std::string url;
  CURLM* multi = nullptr;  // only because curl_easy_perform cannot be interrupted
  CURL* easy = nullptr;
  curl_slist* headers = nullptr;
  std::array<char, CURL_ERROR_SIZE> error{};
};

void HttpPost::Impl::set_up(const std::string& json, Millis timeout, Answer& answer) {
  static const std::string agent = "pilotwatch/" + std::string(version());
  error[0] = '\0';
  curl_easy_setopt(easy, CURLOPT_URL, url.c_str());
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(easy, CURLOPT_PROXY, "");  // what the settings name is called, not what the environment says
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy, CURLOPT_USERAGENT, agent.c_str());
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
  curl_easy_setopt(easy, CURLOPT_POSTFIELDS, json.c_str());
  curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(json.size()));
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

HttpPost::HttpPost(std::string url) : impl_(std::make_unique<Impl>(std::move(url))) {}
HttpPost::~HttpPost() = default;

PostResult HttpPost::post(const std::string& json, Millis timeout, Instant now, const std::function<bool()>& give_up) {
  Answer answer;
  answer.now = now;
  impl_->set_up(json, timeout, answer);
  const CURLcode code = impl_->perform(give_up);
  if (code == CURLE_OK) {
    curl_easy_getinfo(impl_->easy, CURLINFO_RESPONSE_CODE, &answer.result.status);
  } else {
    answer.result.error = impl_->error[0] != '\0' ? impl_->error.data() : curl_easy_strerror(code);
  }
  return answer.result;
}

Post post_to(const std::string& url) {
  return [post = std::make_shared<HttpPost>(url)](const auto& json, Millis timeout, Instant now, const auto& give_up) {
    return post->post(json, timeout, now, give_up);
  };
}

}  // namespace pilotwatch::sinks
