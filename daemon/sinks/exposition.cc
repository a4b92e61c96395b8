// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <charconv>
#include <cmath>
#include <string>
#include <string_view>
#include <utility>

#include "base/text.h"
#include "sinks/metrics.h"

// Written here because prometheus-cpp's serializer neither escapes HELP nor keeps all digits, and one label value that
// is not UTF-8 would cost the whole scrape.
namespace pilotwatch::sinks {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

/// Backslash and newline always, quotes where asked.
void append_escaped(std::string& out, std::string_view text, bool quotes) {
  const auto plain = [](char c) { return c >= ' ' && c <= '~' && c != '\\' && c != '"'; };
  if (std::ranges::all_of(text, plain)) {  // nearly always: nothing to copy twice
    out += text;
    return;
  }
  for (const char c : to_valid_utf8(text)) {
    if (c == '\n') {
      out += "\\n";
    } else {
      if (c == '\\' || (quotes && c == '"')) out += '\\';
      out += c;
    }
  }
}

const char* type_name(MetricType type, Exposition format) {
  switch (type) {
    case MetricType::Counter:
      return "counter";
    case MetricType::Gauge:
      return "gauge";
    case MetricType::Summary:
      return "summary";
    case MetricType::Histogram:
      return "histogram";
    case MetricType::Untyped:
      break;
  }
  return format == Exposition::openmetrics ? "unknown" : "untyped";
}

class Writer {
 public:
  explicit Writer(Exposition format) : format_(format) {}

  void family(const MetricFamily& family) {
    std::string_view name = family.name;
    // OpenMetrics names a counter's family without the suffix that its samples bear.
    const bool total = name.ends_with("_total") && family.type == MetricType::Counter;
    if (total && openmetrics()) name.remove_suffix(6);
    head("HELP", name);
    append_escaped(out_, family.help, openmetrics());
    out_ += '\n';
    head("TYPE", name);
    out_ += type_name(family.type, format_);
    out_ += '\n';
    const std::string sample =
        openmetrics() && family.type == MetricType::Counter ? std::string(name) + "_total" : family.name;
    for (const auto& metric : family.metric) series(family.type, sample, metric);
  }

  std::string take() {
    if (openmetrics()) out_ += "# EOF\n";
    return std::move(out_);
  }

 private:
  [[nodiscard]] bool openmetrics() const { return format_ == Exposition::openmetrics; }

  void head(std::string_view keyword, std::string_view name) {
    out_ += "# ";
    out_ += keyword;
    out_ += ' ';
    out_ += name;
    out_ += ' ';
  }

  void series(MetricType type, std::string_view name, const ClientMetric& metric) {
    switch (type) {
      case MetricType::Counter:
        sample(name, "", metric, metric.counter.value);
        break;
      case MetricType::Gauge:
        sample(name, "", metric, metric.gauge.value);
        break;
      case MetricType::Untyped:
        sample(name, "", metric, metric.untyped.value);
        break;
      case MetricType::Histogram:
        histogram(name, metric);
        break;
      case MetricType::Summary:
        summary(name, metric);
        break;
    }
  }

  void histogram(std::string_view name, const ClientMetric& metric) {
    const auto& histogram = metric.histogram;
    for (const auto& bucket : histogram.bucket) {
      sample(name, "_bucket", metric, static_cast<double>(bucket.cumulative_count), "le", bucket.upper_bound);
    }
    if (histogram.bucket.empty() || !std::isinf(histogram.bucket.back().upper_bound)) {
      sample(name, "_bucket", metric, static_cast<double>(histogram.sample_count), "le", INFINITY);
    }
    sample(name, "_sum", metric, histogram.sample_sum);
    sample(name, "_count", metric, static_cast<double>(histogram.sample_count));
  }

  void summary(std::string_view name, const ClientMetric& metric) {
    for (const auto& quantile : metric.summary.quantile) {
      sample(name, "", metric, quantile.value, "quantile", quantile.quantile);
    }
    sample(name, "_sum", metric, metric.summary.sample_sum);
    sample(name, "_count", metric, static_cast<double>(metric.summary.sample_count));
  }

  void sample(std::string_view name, std::string_view suffix, const ClientMetric& metric, double value,
              std::string_view extra_name = {}, double extra = 0) {
    out_ += name;
    out_ += suffix;
    char separator = '{';
    for (const auto& label : metric.label) add_label(separator, label.name, label.value);
    if (!extra_name.empty()) add_label(separator, extra_name, format_number(extra));
    if (separator == ',') out_ += '}';
    out_ += ' ';
    out_ += format_number(value);
    out_ += '\n';
  }

  void add_label(char& separator, std::string_view name, std::string_view value) {
    out_ += separator;
    separator = ',';
    out_ += name;
    out_ += "=\"";
    append_escaped(out_, value, true);
    out_ += '"';
  }

  Exposition format_;
  std::string out_;
};

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

/// Cuts `text` at the first `separator` and returns what stood before it.
std::string_view next_part(std::string_view& text, char separator) {
  const auto end = text.find(separator);
  const auto part = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return trimmed(part);
}

struct MediaRange {
  std::string_view media, version;
  double q = 1;
};

MediaRange parse_range(std::string_view text) {
  MediaRange range{next_part(text, ';'), {}, 1};
  while (!text.empty()) {
    auto parameter = next_part(text, ';');
    const auto key = next_part(parameter, '=');
    const auto value = trimmed(parameter);
    if (key == "version") range.version = value;
    if (key == "q" && std::from_chars(value.data(), value.data() + value.size(), range.q).ec != std::errc{})
      range.q = 0;
  }
  return range;
}

}  // namespace

Exposition negotiate(std::string_view accept) {
  double text = 0, openmetrics = 0;
  while (!accept.empty()) {
    const auto range = parse_range(next_part(accept, ','));
    if (range.media == "application/openmetrics-text" && (range.version.empty() || range.version == "1.0.0")) {
      openmetrics = std::max(openmetrics, range.q);
    } else if (range.media == "text/plain" || range.media == "text/*") {
      text = std::max(text, range.q);
    }
  }
  return openmetrics > 0 && openmetrics >= text ? Exposition::openmetrics : Exposition::text;
}

const char* content_type(Exposition format) {
  return format == Exposition::openmetrics ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
                                           : "text/plain; version=0.0.4; charset=utf-8";
}

std::string expose(const std::vector<MetricFamily>& families, Exposition format) {
  Writer writer(format);
  for (const auto& family : families) writer.family(family);
  return writer.take();
}

}  // namespace pilotwatch::sinks
