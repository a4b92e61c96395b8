// SPDX-License-Identifier: Apache-2.0
#include "app/client.h"

#include <curl/curl.h>

#include <algorithm>
#include <fstream>
#include <stdexcept>

#include "base/text.h"

namespace pilotwatch::app {
namespace {

constexpr long max_retry_after_s = 30;

struct CleanUp {
  void operator()(CURL* curl) const { curl_easy_cleanup(curl); }
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using Headers = std::unique_ptr<curl_slist, CleanUp>;

void add(Headers& headers, const std::string& line) {
  if (auto* longer = curl_slist_append(headers.get(), line.c_str())) {
    (void)headers.release();
    headers.reset(longer);
  }
}

bool on_loopback(const std::string& url) {
  return std::ranges::any_of(std::initializer_list<const char*>{"://127.", "://localhost", "://[::1]"},
                             [&](const char* start) { return url.find(start) != std::string::npos; });
}

std::string first_token(const std::string& file) {
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);) {
    const auto first = line.find_first_not_of(" \t\r");
    if (first == std::string::npos || line[first] == '#') continue;
    return line.substr(first, line.find_last_not_of(" \t\r") - first + 1);
  }
  throw std::runtime_error(file + ": cannot be read, or holds no token");
}

std::size_t append(const char* data, std::size_t size, std::size_t count, void* body) {
  static_cast<std::string*>(body)->append(data, size * count);
  return size * count;
}

int on_progress(void* cancelled, curl_off_t /*total*/, curl_off_t /*now*/, curl_off_t /*up*/, curl_off_t /*sent*/) {
  return (*static_cast<const std::function<bool()>*>(cancelled))() ? 1 : 0;
}

}  // namespace

struct Client::Impl {
  explicit Impl(const ClientOptions& options)
      : url(options.url), cancelled(options.cancelled), curl(curl_easy_init()) {
    if (!curl) throw std::runtime_error("libcurl cannot be initialised");
    while (url.ends_with('/')) url.pop_back();
    if (!options.token_file.empty()) authorization = "Authorization: Bearer " + first_token(options.token_file);
    curl_easy_setopt(curl.get(), CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl.get(), CURLOPT_TIMEOUT, options.timeout_s);
    if (cancelled) {
      curl_easy_setopt(curl.get(), CURLOPT_NOPROGRESS, 0L);
      curl_easy_setopt(curl.get(), CURLOPT_XFERINFOFUNCTION, &on_progress);
      curl_easy_setopt(curl.get(), CURLOPT_XFERINFODATA, &cancelled);
    }
    curl_easy_setopt(curl.get(), CURLOPT_WRITEFUNCTION, &append);
    curl_easy_setopt(curl.get(), CURLOPT_PROTOCOLS_STR, "http,https");
    if (!options.user.empty()) curl_easy_setopt(curl.get(), CURLOPT_USERPWD, options.user.c_str());
    if (!options.ca_file.empty()) {  // instead of the system's, of which libcurl knows a folder besides
      curl_easy_setopt(curl.get(), CURLOPT_CAINFO, options.ca_file.c_str());
      curl_easy_setopt(curl.get(), CURLOPT_CAPATH, nullptr);
    }
    if (on_loopback(url)) curl_easy_setopt(curl.get(), CURLOPT_PROXY, "");  // whatever the environment says
  }

  ClientAnswer perform(const std::string& path) {
    ClientAnswer out;
    const auto target = url + path;
    curl_easy_setopt(curl.get(), CURLOPT_URL, target.c_str());
    curl_easy_setopt(curl.get(), CURLOPT_WRITEDATA, &out.body);
    const auto code = curl_easy_perform(curl.get());
    if (code != CURLE_OK) throw std::runtime_error(target + ": " + curl_easy_strerror(code));
    curl_easy_getinfo(curl.get(), CURLINFO_RESPONSE_CODE, &out.status);
    curl_off_t seconds = 0;
    curl_easy_getinfo(curl.get(), CURLINFO_RETRY_AFTER, &seconds);
    out.retry_after_s = std::clamp(static_cast<long>(seconds), 1L, max_retry_after_s);
    return out;
  }

  void use_headers(const std::vector<std::string>& lines) {
    headers.reset();
    add(headers, "Expect:");
    if (!authorization.empty()) add(headers, authorization);
    for (const auto& line : lines) add(headers, line);
    curl_easy_setopt(curl.get(), CURLOPT_HTTPHEADER, headers.get());
  }

  std::string url, authorization;
  std::function<bool()> cancelled;
  std::unique_ptr<CURL, CleanUp> curl;
  Headers headers;
};

Client::Client(const ClientOptions& options) : impl_(std::make_unique<Impl>(options)) {}
Client::~Client() = default;
Client::Client(Client&&) noexcept = default;
Client& Client::operator=(Client&&) noexcept = default;

ClientAnswer Client::get(const std::string& path) {
  impl_->use_headers({});
  curl_easy_setopt(impl_->curl.get(), CURLOPT_HTTPGET, 1L);
  return impl_->perform(path);
}

ClientAnswer Client::post(const std::string& path, std::string_view body, const std::vector<std::string>& headers) {
  impl_->use_headers(headers);
  curl_easy_setopt(impl_->curl.get(), CURLOPT_POST, 1L);
  curl_easy_setopt(impl_->curl.get(), CURLOPT_POSTFIELDS, body.data());
  curl_easy_setopt(impl_->curl.get(), CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body.size()));
  return impl_->perform(path);
}

std::string Client::described(const std::string& path, const ClientAnswer& answer) const {
  return impl_->url + path + ": HTTP " + std::to_string(answer.status) + ": " +
         ellipsis(to_valid_utf8(answer.body), 500);
}

}  // namespace pilotwatch::app
