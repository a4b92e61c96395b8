// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <cstring>
#include <random>
#include <string>
#include <string_view>

/// Writes the same invented telemetry as OTLP in JSON and in protobuf, byte by byte after the specification and with no
/// part of the reader.
namespace pilotwatch::mapping::testing {

/// Protobuf's encoding.
class Wire {
 public:
  Wire& varint(unsigned field, std::uint64_t value) {
    raw(field << 3);
    raw(value);
    return *this;
  }
  Wire& fixed64(unsigned field, std::uint64_t value) {
    raw(field << 3 | 1);
    for (int i = 0; i < 8; ++i) bytes += static_cast<char>(value >> (8 * i) & 255);
    return *this;
  }
  Wire& real(unsigned field, double value) {
    std::uint64_t bits = 0;
    std::memcpy(&bits, &value, sizeof bits);
    return fixed64(field, bits);
  }
  Wire& add(unsigned field, std::string_view value) {
    raw(field << 3 | 2);
    raw(value.size());
    bytes += value;
    return *this;
  }
  std::string bytes;

 private:
  void raw(std::uint64_t value) {
    for (; value > 127; value >>= 7) bytes += static_cast<char>(value | 128);
    bytes += static_cast<char>(value);
  }
};

struct Both {
  std::string json, wire;
};

struct OtlpMessage {
  std::string logs_json, logs_protobuf, traces_json, traces_protobuf;
};

class OtlpWriter {
 public:
  explicit OtlpWriter(unsigned seed) : random_(seed) {}

  OtlpMessage write() {
    OtlpMessage out;
    const auto resource = attributes(1, "res.");
    const auto scope = attributes(3, "scope.");
    const std::string head_json = R"({"resource":{)" + resource.json + R"(},"unknown":[1,{"x":[]}],)";
    const std::string scope_json = R"([{"scope":{"name":"s","version":"2",)" + scope.json + "},";
    const auto scope_wire = Wire().add(1, "s").add(2, "2").bytes + scope.wire;
    const auto wrap = [&](const std::string& records) {
      const auto scopes = Wire().add(1, scope_wire).bytes + records + Wire().add(3, "schema").bytes;
      return Wire().add(1, Wire().add(1, resource.wire).add(2, scopes).add(99, "unknown").bytes).bytes;
    };
    Both logs, spans;
    for (int i = 0; i < 3; ++i) {
      append(logs, log());
      append(spans, span());
    }
    out.logs_json = R"({"resourceLogs":[)" + head_json + R"("scopeLogs":)" + scope_json + R"("logRecords":[)" +
                    logs.json + "]}]}]}";
    out.traces_json =
        R"({"resourceSpans":[)" + head_json + R"("scopeSpans":)" + scope_json + R"("spans":[)" + spans.json + "]}]}]}";
    out.logs_protobuf = wrap(logs.wire);
    out.traces_protobuf = wrap(spans.wire);
    return out;
  }

 private:
  std::uint64_t below(std::uint64_t n) { return random_() % n; }

  static void append(Both& to, const Both& record) {
    to.json += (to.json.empty() ? "" : ",") + record.json;
    to.wire += Wire().add(2, record.wire).bytes;
  }

  std::string id(std::size_t size) {
    std::string out(size, '\0');
    for (auto& c : out) c = static_cast<char>(below(256));
    return out;
  }
  std::string hex(const std::string& bytes) {
    const std::string_view digits = below(2) == 0 ? "0123456789abcdef" : "0123456789ABCDEF";
    std::string out;
    for (const unsigned char c : bytes) (out += digits[c >> 4]) += digits[c & 15];
    return out;
  }
  std::string whole(std::int64_t value) {
    const auto text = std::to_string(value);
    return below(2) == 0 ? text : "\"" + text + "\"";
  }

  Both value(int depth) {
    switch (below(depth > 2 ? 5 : 7)) {
      case 0:
        return {R"({"stringValue":"t\u00e9"})", Wire().add(1, "t\xC3\xA9").bytes};
      case 1:
        return {R"({"boolValue":true})", Wire().varint(2, 1).bytes};
      case 2: {
        const auto number = static_cast<std::int64_t>(random_()) - (std::int64_t{1} << 31);
        return {R"({"intValue":)" + whole(number) + "}", Wire().varint(3, static_cast<std::uint64_t>(number)).bytes};
      }
      case 3:
        return {R"({"doubleValue":0.1})", Wire().real(4, 0.1).bytes};
      case 4:
        return {R"({"bytesValue":"AAE="})", Wire().add(7, std::string_view("\0\1", 2)).bytes};
      case 5: {
        const auto inner = value(depth + 1);
        return {R"({"arrayValue":{"values":[)" + inner.json + "]}}",
                Wire().add(5, Wire().add(1, inner.wire).bytes).bytes};
      }
      default: {
        const auto inner = value(depth + 1);
        return {R"({"kvlistValue":{"values":[{"key":"k","value":)" + inner.json + "}]}}",
                Wire().add(6, Wire().add(1, Wire().add(1, "k").add(2, inner.wire).bytes).bytes).bytes};
      }
    }
  }

  Both attributes(unsigned field, const std::string& prefix) {
    Both out{R"("attributes":[)", ""};
    for (std::uint64_t i = 0, n = 1 + below(4); i < n; ++i) {
      const auto key = prefix + std::to_string(i);
      const auto content = value(0);
      out.json += (i == 0 ? "" : ",") + (R"({"key":")" + key) + R"(","value":)" + content.json + "}";
      out.wire += Wire().add(field, Wire().add(1, key).add(2, content.wire).bytes).bytes;
    }
    out.json += "]";
    return out;
  }

  Both log() {
    const auto trace = id(16), span = id(8);
    const auto time = std::int64_t{1'700'000'000'000'000'000} + static_cast<std::int64_t>(random_());
    const auto own = attributes(6, "attr.");
    const auto body = value(0);
    return {R"({"timeUnixNano":)" + whole(time) +
                R"(,"severityNumber":9,"severityText":"INFO","eventName":"e","traceId":")" + hex(trace) +
                R"(","spanId":")" + hex(span) + R"(","body":)" + body.json + "," + own.json + "}",
            Wire().fixed64(1, static_cast<std::uint64_t>(time)).varint(2, 9).add(3, "INFO").add(5, body.wire).bytes +
                own.wire + Wire().varint(7, 1).add(9, trace).add(10, span).add(12, "e").bytes};
  }

  Both span() {
    const auto trace = id(16), own_id = id(8), linked = id(16);
    const auto start = std::int64_t{1'700'000'000'000'000'000} + static_cast<std::int64_t>(random_());
    const auto end = start + static_cast<std::int64_t>(below(1'000'000'000));
    const auto own = attributes(9, "attr.");
    const auto of_link = attributes(4, "l.");
    const auto code = below(3);
    return {R"({"traceId":")" + hex(trace) + R"(","spanId":")" + hex(own_id) +
                R"(","name":"n","kind":3,"startTimeUnixNano":)" + whole(start) + R"(,"endTimeUnixNano":)" + whole(end) +
                R"(,"status":{"code":)" + std::to_string(code) + R"(,"message":"m"},"links":[{"traceId":")" +
                hex(linked) + R"(","spanId":"",)" + of_link.json +
                R"(}],"events":[{"name":"ev","timeUnixNano":"5"}],)" + own.json + "}",
            Wire().add(1, trace)
                    .add(2, own_id)
                    .add(5, "n")
                    .varint(6, 3)
                    .fixed64(7, static_cast<std::uint64_t>(start))
                    .fixed64(8, static_cast<std::uint64_t>(end))
                    .bytes +
                own.wire +
                Wire()
                    .add(11, Wire().fixed64(1, 5).add(2, "ev").bytes)
                    .add(13, Wire().add(1, linked).bytes + of_link.wire)
                    .add(15, Wire().add(2, "m").varint(3, code).bytes)
                    .bytes};
  }

  std::mt19937 random_;
};

inline OtlpMessage random_otlp(unsigned seed) { return OtlpWriter(seed).write(); }

}  // namespace pilotwatch::mapping::testing
