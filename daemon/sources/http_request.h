// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/unpack.h"
#include "runtime/http.h"
#include "sources/port.h"
#include "sources/tokens.h"

/// What the sources over HTTP share in reading a request.
namespace pilotwatch::sources {

/// "Application/JSON; charset=utf-8" -> "application/json"
[[nodiscard]] std::string media_type(std::string_view header);
/// By Content-Encoding; nullopt: one that nobody here knows.
[[nodiscard]] std::optional<Packing> packing_of(const runtime::HttpRequest& request);
/// `problem` of a decision that refuses, with WWW-Authenticate where it asks for a token.
[[nodiscard]] runtime::HttpResponse refusal_of(const SourceAccess::Decision& decision);
/// By the header alone: whether a source has a token for it.
[[nodiscard]] bool has_token(SourceAccess& access, const runtime::HttpRequest& request);
/// By the header alone: what the port would answer at once to a body of that length.
[[nodiscard]] std::optional<Reply> refused_at_once(Port& port, const runtime::HttpRequest& request);

}  // namespace pilotwatch::sources
