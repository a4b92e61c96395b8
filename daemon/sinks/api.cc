// SPDX-License-Identifier: Apache-2.0
#include "sinks/api.h"

#include <exception>
#include <utility>

#include "base/version.h"
#include "sinks/api_parts.h"
#include "sinks/metrics.h"
#include "sinks/schema.h"

namespace pilotwatch::sinks {

using runtime::HttpRequest;
using runtime::HttpResponse;
using runtime::Respond;
using runtime::Route;

namespace {

using Context = std::shared_ptr<const ApiContext>;
using Answer = std::function<HttpResponse(const ApiInput&)>;

HttpResponse json_response(unsigned status, std::string body) {
  return {status, "application/json", std::move(body), {{"X-Content-Type-Options", "nosniff"}}};
}

/// Waits for a fresh snapshot, then answers. What goes wrong in one request stays in it.
Route reading(std::string pattern, Context context, Answer answer) {
  auto handler = [context = std::move(context), answer = std::move(answer)](HttpRequest&& request, Respond respond) {
    context->fresh([context, answer, request = std::move(request),
                    respond = std::move(respond)](const std::shared_ptr<const judge::Snapshot>& snapshot) {
      HttpResponse response;
      try {
        const SelfStats self = context->self();
        response = answer({request, *snapshot, self, context->external_url, context->dashboard_url,
                           context->next_send});
      } catch (const std::exception& error) {
        response = failure(500, "internal", error.what());
      }
      respond(std::move(response));
    });
  };
  return {"GET", pattern, pattern, 0, std::move(handler)};
}

/// For what must be answered even when the core is stuck.
Route immediate(std::string pattern, std::function<HttpResponse()> answer) {
  auto handler = [answer = std::move(answer)](HttpRequest&&, const Respond& respond) { respond(answer()); };
  return {"GET", pattern, pattern, 0, std::move(handler)};
}

HttpResponse healthy() { return {200, "text/plain; charset=utf-8", "Pilotwatch is Healthy.\n"}; }

HttpResponse ready(const SelfStats& self) {
  if (self.ready) return {200, "text/plain; charset=utf-8", "Pilotwatch is Ready.\n"};
  std::string detail = "Pilotwatch is not ready";
  if (!self.ready_detail.empty()) detail += ": " + self.ready_detail;
  return {503, "text/plain; charset=utf-8", detail + ".\n", {{"Retry-After", "1"}}};
}

Json build_info() {
  return {{"version", version()}, {"revision", revision()}, {"compiler", compiler()}, {"application", "pilotwatch"}};
}

HttpResponse metrics_answer(const ApiInput& in, const ApiContext& context) {
  const auto format = negotiate(in.request.header("accept"));
  const auto all = scrape(in.snapshot, in.self);
  if (context.scraped) context.scraped(all.series, all.left_out);
  return {200, content_type(format), expose(all.families, format), {{"Vary", "Accept"}}};
}

}  // namespace

HttpResponse success_text(std::string_view data, const Json& beside) {
  std::string body = R"({"status":"success","data":)";
  body += data;
  if (!beside.empty()) (body += ',') += dump(beside).substr(1);
  body += beside.empty() ? "}\n" : "\n";
  return json_response(200, std::move(body));
}

HttpResponse success(const Json& data) { return success_text(dump(data)); }

HttpResponse failure(unsigned status, std::string_view type, std::string_view what) {
  return json_response(status, dump({{"status", "error"}, {"errorType", type}, {"error", what}}) + "\n");
}

std::vector<Route> reader_routes(ApiContext given) {
  const auto context = std::make_shared<const ApiContext>(std::move(given));
  return {
      reading("/", context, page_answer),
      reading("/breaches/{episode}", context, breach_page_answer),
      reading("/pilots/{pilot}/limits/{limit}", context, limit_page_answer),
      reading("/metrics", context, [context](const ApiInput& in) { return metrics_answer(in, *context); }),
      immediate("/-/healthy", healthy),
      immediate("/-/ready", [context] { return ready(context->self()); }),
      immediate("/version", [] { return json_response(200, dump(build_info()) + "\n"); }),
      immediate("/api/v1/schema/backtest",
                [] {
                  return HttpResponse{200, "application/schema+json", std::string(backtest_schema())};
                }),
      immediate("/api/v1/status/buildinfo", [] { return success(build_info()); }),
      reading("/api/v1/rules", context, rules_answer),
      reading("/api/v1/alerts", context, alerts_answer),
      reading("/api/v1/pilots", context, pilots_answer),
      reading("/api/v1/pilots/{pilot}/windows", context, windows_answer),
      reading("/api/v1/pilots/{pilot}/confusion", context, confusion_answer),
      reading("/api/v1/pilots/{pilot}/changes", context, changes_answer),
      reading("/api/v1/pilots/{pilot}/limits", context, limits_answer),
      reading("/api/v1/pilots/{pilot}/digest", context, digest_answer),
      reading("/api/v1/pilots/{pilot}/explain", context, explain_answer),
      reading("/api/v1/transitions", context, transitions_answer),
      immediate("/api/v1/notifiers", [context] { return notifiers_answer(context->self()); }),
      reading("/api/v1/pauses", context, pauses_answer),
      reading("/api/v1/acknowledgements", context, acknowledgements_answer),
  };
}

}  // namespace pilotwatch::sinks
