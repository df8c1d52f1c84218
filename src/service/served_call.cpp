#include "service/served_call.hpp"

#include "runtime/shard.hpp"
#include "service/environment.hpp"
#include "wire/codes.hpp"

namespace tutti::detail {
namespace {

observe::AccessLogSettings access_settings(const ServedMethod& served) {
  const LogSettings& log = served.composition->host().environment().library().log;
  return {.level = static_cast<LogLevel>(log.access), .sample = log.access_sampling};
}

}  // namespace

CallRoute::CallRoute(ServedMethod& its_served, std::string_view its_system)
    : served(its_served),
      system(its_system),
      durations(observe::RequestDurations::rpc_server(its_served.composition->metrics(), system, its_served.full_name)),
      access_log(its_served.composition->log_channel(), access_settings(its_served)) {}

void end_call(CallRoute& route, Span& span, const CallState& state, const Failure& failure, const CallEnd& end) {
  Host& host = route.served.composition->host();
  const auto duration = host.shard().read_clock() - end.received;
  route.durations.record(failure.code, duration);
  if (span.recording()) {
    span.set("rpc.system.name", route.system);
    span.set("rpc.method", route.served.full_name);
    if (failure.failed()) span.fail(failure.message);
  }
  if (!route.access_log.enabled()) return;
  observe::AccessRecord record{.at = {},
                               .protocol = end.protocol,
                               .method = route.served.full_name,
                               .code = wire::rpc_name_of(failure.code),
                               .duration = duration,
                               .bytes_in = end.bytes_in,
                               .bytes_out = end.bytes_out,
                               .request_id = state.request_id};
  if (!route.access_log.wants(record, state.trace)) return;
  record.at = host.environment().world().clock().now();
  route.access_log.write(record, state.trace);
}

}  // namespace tutti::detail
