#include "observe/metrics/request_durations.hpp"

#include <algorithm>
#include <charconv>

namespace tutti::observe {
namespace {

std::string known_method(std::string_view method) {
  constexpr std::array<std::string_view, 9> known{"GET",  "POST",    "PUT",   "PATCH",  "DELETE",
                                                  "HEAD", "OPTIONS", "TRACE", "CONNECT"};
  return std::find(known.begin(), known.end(), method) != known.end() ? std::string(method) : "_OTHER";
}

}  // namespace

RequestDurations::RequestDurations(Metrics& metrics, std::string_view name, std::string_view description,
                                   FixedLabels labels)
    : histogram_(&metrics.histogram(name, {.unit = "s", .description = description})), labels_(std::move(labels)) {}

RequestDurations RequestDurations::http_server(Metrics& metrics, std::string_view method, std::string_view route) {
  return {metrics,
          "http.server.request.duration",
          "Duration of HTTP requests answered",
          {{{"http.request.method", known_method(method)}, {"http.route", std::string(route)}}}};
}

RequestDurations RequestDurations::http_client(Metrics& metrics, std::string_view method, std::string_view server) {
  return {metrics,
          "http.client.request.duration",
          "Duration of HTTP requests made",
          {{{"http.request.method", known_method(method)}, {"server.address", std::string(server)}}}};
}

RequestDurations RequestDurations::rpc_server(Metrics& metrics, std::string_view system, std::string_view method) {
  return {metrics,
          "rpc.server.call.duration",
          "Duration of calls answered",
          {{{"rpc.system.name", std::string(system)}, {"rpc.method", std::string(method)}}}};
}

RequestDurations RequestDurations::rpc_client(Metrics& metrics, std::string_view system, std::string_view method) {
  return {metrics,
          "rpc.client.call.duration",
          "Duration of calls made",
          {{{"rpc.system.name", std::string(system)}, {"rpc.method", std::string(method)}}}};
}

void RequestDurations::record(int status, std::chrono::nanoseconds duration) {
  if (status == 0) return record_outcome(0, "error.type", "no_response", duration);
  char text[12];
  const auto end = std::to_chars(text, text + sizeof text, status).ptr;
  record_outcome(status, "http.response.status_code", {text, end}, duration);
}

void RequestDurations::record(Code code, std::chrono::nanoseconds duration) {
  record_outcome(static_cast<int>(code), "rpc.response.status_code", name_of(code), duration);
}

void RequestDurations::record_outcome(int outcome, std::string_view label, std::string_view value,
                                      std::chrono::nanoseconds duration) {
  Slot* unused = nullptr;
  for (auto& slot : slots_) {
    if (slot.outcome == outcome) return slot.series->record(duration);
    if (slot.series == nullptr) {
      unused = &slot;
      break;
    }
  }
  const std::array<Label, 3> labels{
      {{labels_[0].first, labels_[0].second}, {labels_[1].first, labels_[1].second}, {label, value}}};
  auto& series = histogram_->with(labels);
  if (unused != nullptr) *unused = {outcome, &series};
  series.record(duration);
}

}  // namespace tutti::observe
