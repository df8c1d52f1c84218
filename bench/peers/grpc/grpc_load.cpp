// Load for the gRPC echo: N channels, each with a connection of its own, with M calls in flight on each, for a bounded
// time. Prints what rpc_load prints.
//   grpc_load ADDRESS CONNECTIONS IN_FLIGHT SECONDS
#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <vector>

#include "echo.grpc.pb.h"

namespace {

using Clock = std::chrono::steady_clock;

struct Call {
  bench::Bench::Stub* stub = nullptr;
  std::unique_ptr<grpc::ClientContext> context = {};
  std::unique_ptr<grpc::ClientAsyncResponseReader<bench::Message>> reader = {};
  bench::Message answer = {};
  grpc::Status status = {};
  Clock::time_point started = {};

  void start(const bench::Message& message, grpc::CompletionQueue& queue) {
    started = Clock::now();
    context = std::make_unique<grpc::ClientContext>();
    reader = stub->AsyncEcho(context.get(), message, &queue);
    reader->Finish(&answer, &status, this);
  }
};

double microseconds(std::vector<std::uint32_t>& nanoseconds, double share) {
  const auto at =
      nanoseconds.begin() + static_cast<std::ptrdiff_t>(static_cast<double>(nanoseconds.size() - 1) * share);
  std::nth_element(nanoseconds.begin(), at, nanoseconds.end());
  return *at / 1e3;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) {
    std::fputs("usage: grpc_load ADDRESS CONNECTIONS IN_FLIGHT SECONDS\n", stderr);
    return 2;
  }
  bench::Message message;
  message.set_id(17);
  message.set_name("ada");
  message.set_paid(true);
  grpc::ChannelArguments own;
  own.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);  // else channels to one address share a connection
  std::vector<std::unique_ptr<bench::Bench::Stub>> stubs;
  std::vector<std::unique_ptr<Call>> calls;
  grpc::CompletionQueue queue;
  for (int i = 0; i < std::atoi(argv[2]); ++i) {
    const auto channel = grpc::CreateCustomChannel(argv[1], grpc::InsecureChannelCredentials(), own);
    if (!channel->WaitForConnected(std::chrono::system_clock::now() + std::chrono::seconds(5))) {
      std::fputs("cannot connect\n", stderr);
      return 1;
    }
    stubs.push_back(bench::Bench::NewStub(channel));
    for (int j = 0; j < std::atoi(argv[3]); ++j) {
      calls.push_back(std::make_unique<Call>());
      calls.back()->stub = stubs.back().get();
    }
  }
  std::vector<std::uint32_t> nanoseconds;
  nanoseconds.reserve(std::size_t{1} << 20);
  const Clock::time_point begin = Clock::now();
  const Clock::time_point end = begin + std::chrono::milliseconds(static_cast<int>(std::atof(argv[4]) * 1000));
  for (const auto& call : calls) call->start(message, queue);
  std::size_t in_flight = calls.size();
  void* tag = nullptr;
  for (bool fine = false; in_flight > 0 && queue.Next(&tag, &fine);) {
    auto* const call = static_cast<Call*>(tag);
    if (!fine || !call->status.ok() || call->answer.id() != message.id()) {
      std::fprintf(stderr, "a call failed: %s\n", call->status.error_message().c_str());
      return 1;
    }
    const Clock::time_point now = Clock::now();
    nanoseconds.push_back(static_cast<std::uint32_t>((now - call->started).count()));
    if (now < end) {
      call->start(message, queue);
    } else {
      --in_flight;
    }
  }
  const std::chrono::duration<double> taken = Clock::now() - begin;
  std::printf("{\"calls\": %zu, \"per_second\": %.0f, \"p50_us\": %.1f, \"p99_us\": %.1f}\n", nanoseconds.size(),
              static_cast<double>(nanoseconds.size()) / taken.count(), microseconds(nanoseconds, 0.5),
              microseconds(nanoseconds, 0.99));
  std::fflush(stdout);
  std::_Exit(0);  // its background threads take their time
}
