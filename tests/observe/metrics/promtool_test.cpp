// A foreign reader of our text: Prometheus' own checker (Debian package prometheus).
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>

#include <gtest/gtest.h>

#include "observe/metrics/process.hpp"
#include "observe/metrics/prometheus.hpp"
#include "observe/metrics/request_durations.hpp"

namespace tutti::observe {
namespace {

TEST(Promtool, finds_nothing_to_complain_about) {
  if (std::system("promtool --version >/dev/null 2>&1") != 0) GTEST_SKIP() << "promtool is not installed";
  Metrics orders({{"service.name", "orders"}});
  Metrics payments({{"service.name", "payments"}});
  observe_process(orders);
  RequestDurations::http_server(orders, "GET", "/orders/{id}").record(200, std::chrono::milliseconds(3));
  RequestDurations::http_client(orders, "GET", "catalog").record(0, std::chrono::milliseconds(3));
  RequestDurations::rpc_server(payments, "tutti", "payments.charge").record(Code::ok, std::chrono::milliseconds(30));
  RequestDurations::rpc_client(orders, "tutti", "payments.charge").record(Code::unavailable, std::chrono::seconds(30));
  orders.counter("shop.orders.placed", {.unit = "{order}"}).add(1, {{"note", "a\\b\nc \"d\" \xFF \xE2\x82\xAC"}});
  orders.gauge("shop.stock").set(1e-300);
  payments.observe("tutti.fibers", {.description = "Fibers"}, {{"shard", "0"}}, [] { return 2; });
  const std::array<const Metrics*, 2> parts{&orders, &payments};

  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> text(std::tmpfile(), &std::fclose);
  ASSERT_NE(text, nullptr);
  std::fputs(prometheus_text(parts).c_str(), text.get());
  std::fflush(text.get());
  const auto path = "/proc/" + std::to_string(::getpid()) + "/fd/" + std::to_string(::fileno(text.get()));
  const auto command = "promtool check metrics < " + path + " 2>&1";
  auto* checker = ::popen(command.c_str(), "r");
  ASSERT_NE(checker, nullptr);
  std::string complaints;
  std::array<char, 1024> piece;
  while (std::fgets(piece.data(), piece.size(), checker) != nullptr) complaints += piece.data();
  const int status = ::pclose(checker);

  EXPECT_EQ(status, 0);
  EXPECT_EQ(complaints, "");
}

}  // namespace
}  // namespace tutti::observe
