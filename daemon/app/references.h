// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <stdexcept>
#include <string>

#include "base/id.h"
#include "judge/fold.h"
#include "settings/settings.h"

namespace pilotwatch::app {

/// A reference file that cannot be used; the text names it and says why.
class ReferenceError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Reads the reference files of the settings (predictions in the wire format, and outcomes that name them, for
/// Reference::outcomes; other records and other pilots' are skipped) and freezes them in the fold. `check(pilot,
/// reference id)` is called for each. Throws ReferenceError.
void load_references(const settings::Settings& settings, const IdKey& key, judge::Fold& fold,
                     const std::function<void(const settings::Pilot&, const std::string& id)>& check);

}  // namespace pilotwatch::app
