// Testing services. A Bed hosts the same compositions as main in a simulated world without faults: virtual time, no
// sockets, no threads, but real codecs and real databases in memory. Live hosts them in the real world: sockets, files,
// the real client. What is the same with both is a Stage; what a test does not host it fakes.
//
//   #include <gtest/gtest.h>     // before this header: then mistakes that the Bed finds fail the test that runs
//   tutti::testing::Bed bed{{orders::service, orders::compose}};
//   bed.fake(payments::charge, [](const payments::Charge&) { return payments::Receipt{.id = "r"}; });
//   EXPECT_EQ(bed.call(orders::place, {.customer = "ada"}).state, orders::State::paid);
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <iosfwd>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <tutti/app.hpp>
#include <tutti/main.hpp>

namespace tutti::testing {

namespace detail {

// Where the mistakes go that a Bed finds. Without a test framework's own way they end the program.
using Report = void (*)(const std::string& problem);
void set_report(Report report) noexcept;

[[nodiscard]] std::string printed(const tutti::detail::Shape& shape, const void* value);
// "items[3].price: 901, expected 900", a line each; empty: the same.
[[nodiscard]] std::string difference(const tutti::detail::Shape& shape, const void* actual, const void* expected);
void decode(const tutti::detail::Shape& shape, void* value, std::string_view json);

// Messages that passed, as JSON, and the typed copies that the test was given.
struct Recorded {
  std::vector<std::string> json;
  std::shared_ptr<void> typed;

  template <class T>
  const std::vector<T>& as() {
    if (!typed) typed = std::make_shared<std::vector<T>>();
    auto& values = *static_cast<std::vector<T>*>(typed.get());
    while (values.size() < json.size()) {
      T value{};
      decode(tutti::detail::shape_of<T>(), &value, json[values.size()]);
      values.push_back(std::move(value));
    }
    return values;
  }
};

// The client's end of a channel in a Bed.
class ChannelConnection {
 public:
  virtual ~ChannelConnection() = default;
  virtual void send(const tutti::detail::Shape& shape, const void* message) = 0;
  virtual void send_text(std::string_view text) = 0;
  virtual void close(std::uint16_t code) = 0;
  [[nodiscard]] virtual Recorded& received() = 0;
  [[nodiscard]] virtual std::optional<std::uint16_t> closed() const = 0;
};

}  // namespace detail

// A client of a channel, as a browser is one. When a function returns, its handler has ended; what it waited for has
// taken virtual time. Must not be used after its Bed has gone.
template <class Incoming, class Outgoing>
class ChannelClient {
 public:
  explicit ChannelClient(std::shared_ptr<detail::ChannelConnection> connection) : connection_(std::move(connection)) {}

  // Throws tutti::Error(failed_precondition) once it is closed.
  void send(const Incoming& message) { connection_->send(tutti::detail::shape_of<Incoming>(), &message); }
  // What a client of another mind sends.
  void send_text(std::string_view text) { connection_->send_text(text); }
  void close(std::uint16_t code = 1000) { connection_->close(code); }
  // All that has come since it was connected, in order.
  [[nodiscard]] const std::vector<Outgoing>& received() { return connection_->received().template as<Outgoing>(); }
  // The code of whoever closed; nothing while it is open.
  [[nodiscard]] std::optional<std::uint16_t> closed() const { return connection_->closed(); }

 private:
  std::shared_ptr<detail::ChannelConnection> connection_;
};

// Where a test hosts services and calls them. One test can run on a Bed and on Live: it takes a Stage&.
class Stage {
 public:
  virtual ~Stage() = default;
  Stage(const Stage&) = delete;
  Stage& operator=(const Stage&) = delete;

  // Calls as another service would, and returns the reply or throws the contract's error. In a Bed virtual time goes on
  // until the call is done.
  template <class M>
  typename M::reply call(const M& method, typename M::request request, const CallOptions& options = {}) {
    static_assert(!M::has_stream_in && !M::has_stream_out,
                  "tutti: a method with a stream is called inside bed.run([&](tutti::Caller& call) { ... })");
    if constexpr (std::is_void_v<typename M::reply>) {
      run([&](Caller& caller) { caller(method, std::move(request), options); });
    } else {
      std::optional<typename M::reply> reply;
      run([&](Caller& caller) { reply.emplace(caller(method, std::move(request), options)); });
      return std::move(*reply);
    }
  }
  template <class M>
  requires(!M::has_request) typename M::reply call(const M& method) {
    static_assert(!M::has_stream_out,
                  "tutti: a method with a stream is called inside bed.run([&](tutti::Caller& call) { ... })");
    if constexpr (std::is_void_v<typename M::reply>) {
      run([&](Caller& caller) { caller(method); });
    } else {
      std::optional<typename M::reply> reply;
      run([&](Caller& caller) { reply.emplace(caller(method)); });
      return std::move(*reply);
    }
  }
  // On a fiber, so that it may wait; returns when it has ended, throws what it throws.
  template <class F>
  void run(F&& program) {
    using Program = std::remove_reference_t<F>;
    run_program(const_cast<void*>(static_cast<const void*>(&program)),
                [](void* p, Caller& caller) { (*static_cast<Program*>(p))(caller); });
  }
  // The test's calls come from this identity from now on; tutti::Identity{} is nobody. At first it is "local", who may
  // everything.
  virtual void act_as(Identity identity) = 0;

  // Answers the method in place of whoever serves it; the last fake counts. It may take a Context and throw the
  // contract's errors. Live: before the first call, of services that are not hosted, and run by another thread.
  template <class M, class F>
  void fake(const M& method, F&& answer) {
    static_assert(!M::has_stream_in && !M::has_stream_out,
                  "tutti: a method with a stream cannot be faked; host its service in the Bed");
    add_fake(tutti::detail::spec_of(method), tutti::detail::handler_of<M>(std::forward<F>(answer)));
  }
  // The next `times` attempts fail with this code. The caller repeats what a real client would: methods that are safe
  // or called by key, when the target was unavailable, three attempts in all. Live: of a faked method.
  template <class M>
  void fail(const M& method, Code code, int times = 1) {
    add_failure(tutti::detail::spec_of(method), code, times);
  }
  // Requests that were made of the method, in order; each attempt counts that reached a fake or a handler. Live: of a
  // faked method.
  template <class M>
  [[nodiscard]] const std::vector<typename M::request>& calls(const M& method) {
    return recorded_calls(tutti::detail::spec_of(method)).template as<typename M::request>();
  }

  // Asks again and again while time goes on, virtual in a Bed; false if the condition has not held within that time.
  template <class F>
  [[nodiscard]] bool eventually(F&& condition, std::chrono::nanoseconds within = std::chrono::seconds(10)) {
    constexpr std::chrono::nanoseconds pause = std::chrono::milliseconds(50);
    for (auto waited = std::chrono::nanoseconds(0);; waited += pause) {
      if (condition()) return true;
      if (waited >= within) return false;
      pass(pause);
    }
  }

  // "orders.main"; use it inside run(), or through its functions that wait. Throws not_found.
  [[nodiscard]] virtual Database& database(std::string_view name) = 0;
  // Lines that were logged since the last time, as JSON.
  [[nodiscard]] virtual std::vector<std::string> log() = 0;

 protected:
  Stage() = default;

 private:
  virtual void run_program(void* program, void (*run)(void* program, Caller& caller)) = 0;
  virtual void add_fake(const tutti::detail::MethodSpec& method, tutti::detail::Handler handler) = 0;
  virtual void add_failure(const tutti::detail::MethodSpec& method, Code code, int times) = 0;
  virtual detail::Recorded& recorded_calls(const tutti::detail::MethodSpec& method) = 0;
  virtual void pass(std::chrono::nanoseconds time) = 0;
};

struct BedRules {
  std::map<std::string, std::string> settings = {};  // {"orders.limit", "5"}, as flags on the command line
  std::uint64_t seed = 1;
};

class Bed final : public Stage {
 public:
  Bed(std::initializer_list<Composed> services, BedRules rules = {});
  Bed(const Composed& service, BedRules rules);
  ~Bed() override;

  // Events that the hosted services published.
  template <class T>
  [[nodiscard]] const std::vector<T>& published(const Event<T>& event) {
    return recorded_events(tutti::detail::spec_of(event)).template as<T>();
  }
  // Events that a handler of a hosted service gave up after its last attempt, once for each such handler.
  template <class T>
  [[nodiscard]] const std::vector<T>& dead_letters(const Event<T>& event) {
    return recorded_dead_letters(tutti::detail::spec_of(event)).template as<T>();
  }
  // Hands the event to the hosted handlers and returns when they have ended.
  template <class T>
  void publish(const Event<T>& event, const T& message) {
    publish_event(tutti::detail::spec_of(event), &message);
  }

  // Connects to a hosted channel as act_as() says, once its `opened` handler has ended. Throws tutti::Error:
  // permission_denied, unauthenticated, not_found (no service here serves it).
  template <class In, class Out>
  [[nodiscard]] ChannelClient<In, Out> connect(const Channel<In, Out>& channel) {
    return ChannelClient<In, Out>(connect_to(tutti::detail::spec_of(channel), {}));
  }
  // To a channel with a handshake.
  template <class In, class Out, class Handshake>
  [[nodiscard]] ChannelClient<In, Out> connect(const Channel<In, Out, Handshake>& channel, const Handshake& handshake) {
    return ChannelClient<In, Out>(
        connect_to(tutti::detail::spec_of(channel), std::make_shared<const Handshake>(handshake)));
  }

  // Time goes on by this much: timers fire, pauses end.
  void advance(std::chrono::nanoseconds by);
  // Until no call and no event is being handled; time goes on as far as that needs, an hour at most.
  void settle();
  [[nodiscard]] Clock& clock() noexcept;
  [[nodiscard]] Time now();

  void act_as(Identity identity) override;
  [[nodiscard]] Database& database(std::string_view name) override;
  [[nodiscard]] std::vector<std::string> log() override;

  // A mistake that contains this text is expected, once; if it does not come, that is a mistake itself.
  void expect_problem(std::string_view part);

  struct Parts;

 private:
  void run_program(void* program, void (*run)(void* program, Caller& caller)) override;
  void add_fake(const tutti::detail::MethodSpec& method, tutti::detail::Handler handler) override;
  void add_failure(const tutti::detail::MethodSpec& method, Code code, int times) override;
  detail::Recorded& recorded_calls(const tutti::detail::MethodSpec& method) override;
  void pass(std::chrono::nanoseconds time) override { advance(time); }
  detail::Recorded& recorded_events(const tutti::detail::EventSpec& event);
  detail::Recorded& recorded_dead_letters(const tutti::detail::EventSpec& event);
  std::shared_ptr<detail::ChannelConnection> connect_to(const tutti::detail::ChannelSpec& channel,
                                                        std::shared_ptr<const void> handshake);
  void publish_event(const tutti::detail::EventSpec& event, const void* message);

  std::unique_ptr<Parts> parts_;
};

enum class Wire : std::uint8_t { rpc, http };  // streams need http
enum class Placement : std::uint8_t {
  apart,     // each service with listeners of its own: calls between them go over the wire
  together,  // one process hosts them all, as main(argc, argv, {a, b}) does
};

struct LiveRules {
  std::map<std::string, std::string> settings = {};  // as BedRules; the library's own too: {"tutti.threads", "2"}
  Wire wire = Wire::rpc;                             // of the test's calls and of those between services
  Placement placement = Placement::apart;
};

// The services start before the first call, in the order given (first those that others need), and drain at the end.
// Time is real, databases are files in a temporary folder, ports are free ones.
class Live final : public Stage {
 public:
  Live(std::initializer_list<Composed> services, LiveRules rules = {});
  Live(const Composed& service, LiveRules rules);
  ~Live() override;

  // Starts now what would start before the first call. Throws what keeps a service from starting.
  void start();
  // "http://127.0.0.1:41234", for whatever speaks HTTP.
  [[nodiscard]] std::string url(const Service& service);

  void act_as(Identity identity) override;
  [[nodiscard]] Database& database(std::string_view name) override;
  [[nodiscard]] std::vector<std::string> log() override;

 private:
  struct Parts;
  void run_program(void* program, void (*run)(void* program, Caller& caller)) override;
  void add_fake(const tutti::detail::MethodSpec& method, tutti::detail::Handler handler) override;
  void add_failure(const tutti::detail::MethodSpec& method, Code code, int times) override;
  detail::Recorded& recorded_calls(const tutti::detail::MethodSpec& method) override;
  void pass(std::chrono::nanoseconds time) override;

  std::unique_ptr<Parts> parts_;
};

// What EXPECT_TRUE(same(a, b)) says: which fields differ.
class Sameness {
 public:
  explicit Sameness(std::string difference) : difference_(std::move(difference)) {}
  [[nodiscard]] bool holds() const noexcept { return difference_.empty(); }
  [[nodiscard]] const std::string& difference() const noexcept { return difference_; }
  // gtest's AssertionResult, without naming it.
  template <class Result>
  requires requires(Result result, const std::string& text) {
    result << text;
    result.failure_message();
  }
  operator Result() const {
    Result result(holds());
    result << difference_;
    return result;
  }

 private:
  std::string difference_;
};

template <class T>
[[nodiscard]] Sameness same(const T& actual, const std::type_identity_t<T>& expected) {
  return Sameness(detail::difference(tutti::detail::shape_of<T>(), &actual, &expected));
}

// Messages are plain structs: printed by their shape, unless somebody taught them how to be printed.
template <class T>
concept Printable = tutti::detail::is_message<T> && !requires(const T& value, std::ostream& out) {
  out << value;
}
&&!requires(const T& value, std::ostream* out) { PrintTo(value, out); }
&&!requires(const T& value) { value.begin(); };

}  // namespace tutti::testing

#ifdef GOOGLETEST_INCLUDE_GTEST_GTEST_H_
namespace tutti::testing::detail {
inline void fail_test(const std::string& problem) { ADD_FAILURE() << problem; }
inline const bool reports_to_gtest = (set_report(&fail_test), true);
}  // namespace tutti::testing::detail

// Messages live in the users' namespaces, where no PrintTo of ours is found; this is how gtest asks for any type.
namespace testing::internal {
template <tutti::testing::Printable T>
class UniversalPrinter<T> {
 public:
  static void Print(const T& value, std::ostream* out) {
    *out << tutti::testing::detail::printed(tutti::detail::shape_of<T>(), &value);
  }
};
}  // namespace testing::internal
#endif
