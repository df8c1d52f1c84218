// Load for calls over a broker: fibers that call bench.echo again and again, for some seconds. Prints one line of JSON:
// calls, p50 and p99 in microseconds.
//   LOAD_IN_FLIGHT=32 LOAD_SECONDS=2 amqp_rpc_load --tutti.broker.uri=amqp://... --tutti.targets.bench.transport=amqp
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include <tutti/tutti.hpp>

#include "../limit/echo.hpp"

namespace bench {
inline constexpr tutti::Service service{"bench", "1.0"};
inline constexpr tutti::Method<Message(Message)> echo{service, "echo", tutti::post("/echo")};
}  // namespace bench

namespace {

using Clock = std::chrono::steady_clock;

int number_of(const char* variable, int otherwise) {
  const char* const text = std::getenv(variable);
  return text ? std::atoi(text) : otherwise;
}

void load(tutti::Caller& call) {
  const bench::Message message{.id = 17, .name = "ada", .paid = true};
  (void)call(bench::echo, message);  // connected
  std::vector<double> took;
  const Clock::time_point end = Clock::now() + std::chrono::seconds(number_of("LOAD_SECONDS", 2));
  tutti::Scope scope;
  for (int i = 0; i < number_of("LOAD_IN_FLIGHT", 32); ++i) {
    scope.spawn([&] {
      while (Clock::now() < end) {
        const Clock::time_point start = Clock::now();
        if (call(bench::echo, message).id != message.id) std::abort();
        took.push_back(std::chrono::duration<double, std::micro>(Clock::now() - start).count());
      }
    });
  }
  scope.join();
  std::sort(took.begin(), took.end());
  std::printf("{\"calls\": %zu, \"p50_us\": %.0f, \"p99_us\": %.0f}\n", took.size(), took[took.size() / 2],
              took[took.size() * 99 / 100]);
}

}  // namespace

int main(int argc, char** argv) { return tutti::run(argc, argv, load); }
