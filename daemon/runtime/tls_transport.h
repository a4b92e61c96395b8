// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "runtime/tls.h"
#include "runtime/transport.h"

namespace pilotwatch::runtime {

/// Keeps `context` for as long as the connection lives.
[[nodiscard]] std::unique_ptr<Transport> make_tls_transport(Socket socket, std::shared_ptr<const TlsContext> context);

}  // namespace pilotwatch::runtime
