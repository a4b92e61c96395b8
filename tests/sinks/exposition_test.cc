// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <limits>

#include "sinks/families.h"
#include "sinks/metrics.h"

using namespace pilotwatch;
using sinks::Exposition;

namespace {

/// All kinds of series we have, with names and help that try to break out of their place.
std::vector<prometheus::MetricFamily> hostile() {
  sinks::Families out;
  out.add_counter("pw_things_total", "Back\\slash, \"quotes\" and\nnewline.", {{"who", "a\\b\"c\nd\xff"}, {"none", ""}},
                  3.0);
  out.add_counter("pw_things_total", "", {{"who", "é\t{}"}}, std::uint64_t{9'007'199'254'740'991});
  out.add_gauge("pw_level", "Plain.", {}, 0.1 + 0.2);
  out.add_gauge("pw_edge", "Not a number at all.", {{"n", "1"}}, std::numeric_limits<double>::quiet_NaN());
  out.add_gauge("pw_edge", "", {{"n", "2"}}, std::numeric_limits<double>::infinity());
  out.add_gauge("pw_edge", "", {{"n", "3"}}, -std::numeric_limits<double>::infinity());
  out.add_gauge("pw_absent", "No value, no family.", {}, std::optional<double>{});
  const double bounds[] = {0.005, 2.5};
  const std::uint64_t counts[] = {1, 0, 2};
  out.add_histogram("pw_seconds", "Durations.", {{"pilot", "p"}}, bounds, counts, 7.25);
  return out.take();
}

}  // namespace

TEST_CASE("The text format escapes help and label values and keeps every digit") {
  CHECK(sinks::expose(hostile(), Exposition::text) == R"(# HELP pw_edge Not a number at all.
# TYPE pw_edge gauge
pw_edge{n="1"} NaN
pw_edge{n="2"} +Inf
pw_edge{n="3"} -Inf
# HELP pw_level Plain.
# TYPE pw_level gauge
pw_level 0.30000000000000004
# HELP pw_seconds Durations.
# TYPE pw_seconds histogram
pw_seconds_bucket{pilot="p",le="0.005"} 1
pw_seconds_bucket{pilot="p",le="2.5"} 1
pw_seconds_bucket{pilot="p",le="+Inf"} 3
pw_seconds_sum{pilot="p"} 7.25
pw_seconds_count{pilot="p"} 3
# HELP pw_things_total Back\\slash, "quotes" and\nnewline.
# TYPE pw_things_total counter
pw_things_total{who="a\\b\"c\nd)"
                                                      "\ufffd"
                                                      R"("} 3
pw_things_total{who="é)"
                                                      "\t"
                                                      R"({}"} 9007199254740991
)");
}

TEST_CASE("OpenMetrics names counter families without _total, escapes quotes in help and ends with EOF") {
  const auto text = sinks::expose(hostile(), Exposition::openmetrics);
  CHECK_THAT(text, Catch::Contains("# HELP pw_things Back\\\\slash, \\\"quotes\\\" and\\nnewline.\n"
                                   "# TYPE pw_things counter\n"
                                   "pw_things_total{who=\"a\\\\b\\\"c\\nd\ufffd\"} 3\n"));
  CHECK_THAT(text, Catch::EndsWith("\n# EOF\n"));
}

TEST_CASE("A histogram of an empty past has all its buckets") {
  sinks::Families out;
  const double bounds[] = {1};
  out.add_histogram("pw_seconds", "Durations.", {}, bounds, {}, 0);
  CHECK(out.series() == 4);
  CHECK(sinks::expose(out.take(), Exposition::text) ==
        "# HELP pw_seconds Durations.\n# TYPE pw_seconds histogram\npw_seconds_bucket{le=\"1\"} 0\n"
        "pw_seconds_bucket{le=\"+Inf\"} 0\npw_seconds_sum 0\npw_seconds_count 0\n");
}

TEST_CASE("The format follows the Accept header, text where in doubt") {
  const std::pair<const char*, Exposition> headers[] = {
      {"", Exposition::text},
      {"*/*", Exposition::text},
      {"text/html,application/xhtml+xml,*/*;q=0.8", Exposition::text},
      {"application/openmetrics-text", Exposition::openmetrics},
      {"application/openmetrics-text; version=0.0.1", Exposition::text},
      {"application/openmetrics-text;version=1.0.0;q=0", Exposition::text},
      {"application/openmetrics-text;version=1.0.0;q=x", Exposition::text},
      // Prometheus 2.42
      {"application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
       "text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
       Exposition::openmetrics},
      // Prometheus 3 with protobuf
      {"application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.6,"
       "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
       Exposition::openmetrics},
      {"text/plain;version=0.0.4 , application/openmetrics-text ; version=1.0.0 ; q=0.5", Exposition::text},
  };
  for (const auto& [accept, format] : headers) {
    INFO(accept);
    CHECK(sinks::negotiate(accept) == format);
  }
  CHECK(std::string(sinks::content_type(Exposition::text)) == "text/plain; version=0.0.4; charset=utf-8");
  CHECK(std::string(sinks::content_type(Exposition::openmetrics)) ==
        "application/openmetrics-text; version=1.0.0; charset=utf-8");
}
