// SPDX-License-Identifier: Apache-2.0
#include "sources/http_request.h"

#include <algorithm>
#include <charconv>

namespace pilotwatch::sources {

using runtime::HttpRequest;

std::string media_type(std::string_view header) {
  header = header.substr(0, header.find(';'));
  const auto first = header.find_first_not_of(" \t");
  if (first == std::string_view::npos) return "";
  std::string out(header.substr(first, header.find_last_not_of(" \t") - first + 1));
  std::ranges::transform(out, out.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return out;
}

std::optional<Packing> packing_of(const HttpRequest& request) {
  const auto encoding = media_type(request.header("content-encoding"));
  if (encoding.empty() || encoding == "identity") return Packing::identity;
  if (encoding == "gzip" || encoding == "x-gzip") return Packing::gzip;
  if (encoding == "zstd") return Packing::zstd;
  return std::nullopt;
}

runtime::HttpResponse refusal_of(const SourceAccess::Decision& decision) {
  auto out = runtime::problem(decision.status, decision.detail);
  if (decision.status == 401) out.headers.emplace_back("WWW-Authenticate", "Bearer realm=\"pilotwatch\"");
  return out;
}

bool has_token(SourceAccess& access, const HttpRequest& request) {
  return access.knows_token(request.header("authorization"));
}

std::optional<Reply> refused_at_once(Port& port, const HttpRequest& request) {
  const auto length = request.header("content-length");
  std::uint64_t bytes = 0;
  std::from_chars(length.data(), length.data() + length.size(), bytes);
  return port.refuses(bytes);
}

}  // namespace pilotwatch::sources
