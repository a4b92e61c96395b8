// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <variant>

#include "decode/members.h"
#include "decode/schema.h"
#include "record/record.h"

namespace pilotwatch::decode {

/// What a reader of one kind of record is given; the members that all kinds share have been taken.
struct Given {
  Members& members;
  const PilotSchema& schema;
  const Reading& reading;
  Instant time;
};

using SideRecord = decltype(record::Record::body);

/// The streams beside predictions, outcomes and complaints. Throws Refusal. Names, teams and accounts of people are in
/// no allow-list: such members are dropped and counted, or refused, like every other unknown one.
[[nodiscard]] SideRecord read_side_record(record::Stream stream, const Given& given);

}  // namespace pilotwatch::decode
