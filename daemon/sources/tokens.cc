// SPDX-License-Identifier: Apache-2.0
#include "sources/tokens.h"

#include <openssl/crypto.h>
#include <openssl/sha.h>
#include <sys/stat.h>

#include <algorithm>
#include <fstream>
#include <stdexcept>

namespace pilotwatch::sources {
namespace {

constexpr std::chrono::seconds between_looks{1};

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r\n");
  return first == std::string_view::npos ? std::string_view()
                                         : text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

/// What stands behind "Bearer ", whose case does not count (RFC 9110, 11.1); nullopt: another scheme.
std::optional<std::string_view> bearer(std::string_view authorization) {
  constexpr std::string_view scheme = "bearer ";
  if (authorization.size() < scheme.size()) return std::nullopt;
  for (std::size_t i = 0; i < scheme.size(); ++i) {
    const char c = authorization[i];
    if ((c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c) != scheme[i]) return std::nullopt;
  }
  return trimmed(authorization.substr(scheme.size()));
}

}  // namespace

TokenFile::TokenFile(std::filesystem::path path) : path_(std::move(path)) {
  State first;
  first.stamp = stamp();
  first.tokens = read();
  first.next_look = std::chrono::steady_clock::now() + between_looks;
  if (first.tokens.empty())
    throw std::runtime_error(path_.string() + ": token_file: cannot be read, or holds no token (one a line)");
  state_.with([&](State& state) { state = std::move(first); });
}

bool TokenFile::holds(std::string_view token) {
  const auto wanted = digest(token);
  return state_.with([&](State& state) {
    look_again(state);
    int found = 0;  // all are compared, so that the time says nothing about which one fits
    for (const auto& known : state.tokens) found |= CRYPTO_memcmp(known.data(), wanted.data(), wanted.size()) == 0;
    return found != 0 && !token.empty();
  });
}

std::uint64_t TokenFile::failures() const {
  return state_.with([](const State& state) { return state.failures; });
}

TokenFile::Digest TokenFile::digest(std::string_view token) {
  Digest out;
  SHA256(reinterpret_cast<const unsigned char*>(token.data()), token.size(), out.data());
  return out;
}

std::vector<TokenFile::Digest> TokenFile::read() const {
  std::vector<Digest> out;
  std::ifstream in(path_);
  for (std::string line; std::getline(in, line);) {
    const auto token = trimmed(line);
    if (!token.empty() && !token.starts_with('#')) out.push_back(digest(token));
  }
  return out;
}

std::optional<TokenFile::Stamp> TokenFile::stamp() const {
  struct stat status {};
  if (::stat(path_.c_str(), &status) != 0) return std::nullopt;
  return Stamp{status.st_mtim.tv_sec * 1'000'000'000 + status.st_mtim.tv_nsec,
               static_cast<std::uint64_t>(status.st_size), status.st_ino};
}

void TokenFile::look_again(State& state) const {
  const auto now = std::chrono::steady_clock::now();
  if (now < state.next_look) return;
  state.next_look = now + between_looks;
  const auto current = stamp();
  if (current && current == state.stamp) return;
  auto tokens = read();
  if (tokens.empty()) {
    ++state.failures;
    return;
  }
  state.tokens = std::move(tokens);
  state.stamp = current;
}

SourceAccess::SourceAccess(const settings::Settings& settings, settings::SourceKind kind)
    : settings_(settings), kind_(kind) {
  for (const auto& source : settings.sources) {
    if (source.kind != kind) continue;
    entries_.push_back({&source, source.token_file.empty() ? nullptr : std::make_unique<TokenFile>(source.token_file)});
  }
}

SourceAccess::Decision SourceAccess::decide(std::string_view authorization, std::string_view name) {
  const auto token = bearer(authorization);
  if (token && std::ranges::any_of(entries_, [](const Entry& entry) { return entry.tokens != nullptr; }))
    return by_token(*token, name);
  return name.empty() ? unnamed() : by_name(name);
}

bool SourceAccess::knows_token(std::string_view authorization) {
  const auto token = bearer(authorization);
  return token && holder(*token) != nullptr;
}

const SourceAccess::Entry* SourceAccess::holder(std::string_view token) {
  const Entry* found = nullptr;
  for (auto& entry : entries_) {
    if (entry.tokens && entry.tokens->holds(token) && found == nullptr) found = &entry;
  }
  return found;
}

SourceAccess::Decision SourceAccess::by_token(std::string_view token, std::string_view name) {
  const auto* found = holder(token);
  if (found == nullptr) return {nullptr, 401, "the token is not known"};
  if (!name.empty() && name != found->source->name) return {nullptr, 403, "the token is another source's"};
  return {found->source};
}

SourceAccess::Decision SourceAccess::by_name(std::string_view name) const {
  if (kind_ == settings::SourceKind::http && name == settings_.http.name) return unnamed();
  const auto found = std::ranges::find_if(entries_, [&](const Entry& entry) { return entry.source->name == name; });
  if (found == entries_.end()) return {nullptr, 404, "no source of that name takes records here"};
  if (found->tokens) return {nullptr, 401, "this source asks for its bearer token"};
  return {found->source};
}

SourceAccess::Decision SourceAccess::unnamed() const {
  if (kind_ == settings::SourceKind::http) {
    if (settings_.anonymous_ingest()) return {&settings_.http};
    return {nullptr, 401, "records are taken with a bearer token only"};
  }
  const Entry* open = nullptr;
  for (const auto& entry : entries_) {
    if (entry.tokens) continue;
    if (open != nullptr) return {nullptr, 404, "several sources may be meant; name one by ?source=NAME"};
    open = &entry;
  }
  if (open == nullptr) return {nullptr, 401, "records are taken with a bearer token only"};
  return {open->source};
}

std::uint64_t SourceAccess::failures() const {
  std::uint64_t sum = 0;
  for (const auto& entry : entries_) sum += entry.tokens ? entry.tokens->failures() : 0;
  return sum;
}

}  // namespace pilotwatch::sources
