// What a composition is given: the place where a service's handlers, timers, settings and stores are wired.
// compose(App&) runs once per shard at start; nothing is wired afterwards.
#pragma once

#include <chrono>
#include <concepts>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <typeindex>
#include <utility>

#include <tutti/caller.hpp>
#include <tutti/channel.hpp>
#include <tutti/clock.hpp>
#include <tutti/context.hpp>
#include <tutti/contract.hpp>
#include <tutti/database.hpp>
#include <tutti/detail/handler.hpp>
#include <tutti/http.hpp>
#include <tutti/http_client.hpp>
#include <tutti/metrics.hpp>
#include <tutti/random.hpp>
#include <tutti/wait.hpp>

namespace tutti {

enum class Delivery : std::uint8_t {
  pool,       // one instance of the service handles each event (default)
  broadcast,  // every instance (and every shard's copy)
  singleton,  // one consumer for all services of any name
};

struct RetryRules {
  int attempts = 5;  // in all, the first included
  std::chrono::nanoseconds first = std::chrono::milliseconds(500);  // doubled each time
  std::chrono::nanoseconds longest = std::chrono::minutes(5);
};

struct EventRules {
  Delivery delivery = Delivery::pool;
  RetryRules retry = {};
  std::string name = {};  // the handler's, in its queue's name with a broker; empty: "on_<event>"
};

// Who runs a timer.
enum class Once : std::uint8_t {
  per_instance,  // each instance its own (default)
  per_fleet,     // one instance of the service, chosen at the broker; another takes over within 10 s
};

struct TimerRules {
  Once once = Once::per_instance;
  std::string name = {};  // per_fleet: the same in all instances and versions, [a-z0-9_.-]
};

// What goes on when requests come faster than they can be answered (docs/guide/overload.md).
enum class Priority : std::uint8_t {
  normal,
  low,   // refused first
  high,  // not refused for that reason: what a load balancer asks to see whether this instance lives
};

// The replies of a method that only reads (Repeat::safe), kept for a while: by its request and by who asks. Whoever asks
// the same while the handler runs waits for that answer. Failures are not kept. Each shard has its own.
struct CacheRules {
  std::chrono::nanoseconds lasts{0};         // how old an answer may get; 0: none is kept
  std::size_t entries_max = 1000;            // the one that was not asked for longest goes
  std::size_t bytes_max = 16 * 1024 * 1024;  // of all requests and replies together
};

struct ServeRules {
  std::size_t in_flight_max = 0;  // 0: the setting tutti.in_flight_max alone
  Priority priority = Priority::normal;
  CacheRules cached = {};
};

// One call on its way to the handler, as middleware sees it.
struct Call {
  const Context& context;
  const detail::MethodSpec* method;  // null for a raw handler
  std::string_view route;            // of a raw handler
};

// Calls the rest of the chain; throws what the handler throws.
class Next {
 public:
  Next(void* state, void (*run)(void*)) noexcept : state_(state), run_(run) {}
  void operator()() const { run_(state_); }

 private:
  void* state_;
  void (*run_)(void*);
};

// Who is asking? Given the credentials of one call, says who it is; nothing: these credentials say nothing to me.
// Throws tutti::Error(unauthenticated) for credentials that are wrong.
struct Credentials {
  std::string_view authorization = {};  // HTTP's header, or the RPC metadata of that name
  std::optional<std::uint32_t> peer_user = {};  // Unix socket: the peer's uid by the kernel's word
  std::optional<std::uint32_t> peer_group = {};
  std::string_view certificate_name = {};
};
class Authenticator {
 public:
  virtual ~Authenticator() = default;
  [[nodiscard]] virtual std::optional<Identity> authenticate(const Credentials& credentials) const = 0;
};
// Tokens compared in constant time. "Authorization: Bearer <token>".
struct BearerToken {
  std::string token;
  Identity identity;
};
[[nodiscard]] std::unique_ptr<Authenticator> bearer_tokens(std::vector<BearerToken> tokens);
// Unix-socket peers by user id. An empty list: the process's own user, as `local` with every permission.
struct LocalPeer {
  std::uint32_t user;
  Identity identity;
};
[[nodiscard]] std::unique_ptr<Authenticator> local_peers(std::vector<LocalPeer> peers = {});

class Publisher;

namespace detail {
class Composition;  // src/service/composition.hpp: what App fills
}

class App {
 public:
  explicit App(detail::Composition& composition) noexcept : composition_(&composition) {}
  App(const App&) = delete;
  App& operator=(const App&) = delete;

  // Makes an object that lives as long as the composition (this shard's copy).
  template <class T, class... Args>
  T& make(Args&&... args) {
    auto owned = std::make_shared<T>(std::forward<Args>(args)...);
    T& made = *owned;
    keep(std::move(owned));
    return made;
  }
  // One object for all shards; T must be thread-safe. Made by the first shard that asks.
  template <class T, class... Args>
  T& shared(Args&&... args) {
    return *static_cast<T*>(shared_object(std::type_index(typeid(T)), [&]() -> std::shared_ptr<void> { return std::make_shared<T>(std::forward<Args>(args)...); }).get());
  }

  // app.serve(charge, payments, &Payments::charge);  app.serve(hello, [](const Hello& h) { return Greeting{...}; });
  template <class M, class F>
  void serve(const M& method, F&& handler, ServeRules rules = {}) {
    add_method(detail::spec_of(method), detail::handler_of<M>(std::forward<F>(handler)), rules);
  }
  template <class M, class Object, class Member>
    requires std::is_member_function_pointer_v<Member>
  void serve(const M& method, Object& object, Member member, ServeRules rules = {}) {
    add_method(detail::spec_of(method), detail::handler_of<M>(object, member), rules);
  }
  // An overloaded member resolves to the plain form.
  template <class M, class Object>
    requires(M::has_request && !M::has_stream_in && !M::has_stream_out)
  void serve(const M& method, Object& object, typename M::reply (Object::*member)(const typename M::request&), ServeRules rules = {}) {
    add_method(detail::spec_of(method), detail::handler_of<M>(object, member), rules);
  }

  // A channel: what its clients send. The handler takes `Peer<Outgoing>&` and `const Incoming&`, and may take the
  // channel's handshake and a Context.
  template <class In, class Out, class Asked, class F>
  void serve(const Channel<In, Out, Asked>& channel, F&& handler, ChannelRules rules = {}) {
    add_channel(detail::spec_of(channel), detail::message_handler_of<In, Out, Asked>(std::forward<F>(handler)), rules);
  }
  template <class In, class Out, class Asked, class Object, class Member>
    requires std::is_member_function_pointer_v<Member>
  void serve(const Channel<In, Out, Asked>& channel, Object& object, Member member, ChannelRules rules = {}) {
    add_channel(detail::spec_of(channel), detail::message_handler_of<In, Out, Asked>(detail::Bound<Object, Member>{&object, member}), rules);
  }
  // A client has come (before its first message), or has gone (after its last; nothing can be sent to it any more). The
  // handler takes `Peer<Outgoing>&`, and may take the handshake and a Context.
  template <class In, class Out, class Asked, class F>
  void opened(const Channel<In, Out, Asked>& channel, F&& handler) {
    add_arrivals(detail::spec_of(channel), Arrivals::opened, detail::peer_handler_of<Out, Asked>(std::forward<F>(handler)));
  }
  template <class In, class Out, class Asked, class Object, class Member>
  void opened(const Channel<In, Out, Asked>& channel, Object& object, Member member) {
    opened(channel, detail::Bound<Object, Member>{&object, member});
  }
  template <class In, class Out, class Asked, class F>
  void closed(const Channel<In, Out, Asked>& channel, F&& handler) {
    add_arrivals(detail::spec_of(channel), Arrivals::closed, detail::peer_handler_of<Out, Asked>(std::forward<F>(handler)));
  }
  template <class In, class Out, class Asked, class Object, class Member>
  void closed(const Channel<In, Out, Asked>& channel, Object& object, Member member) {
    closed(channel, detail::Bound<Object, Member>{&object, member});
  }
  // All clients of a channel that this composition serves.
  template <class In, class Out, class Asked>
  [[nodiscard]] Hub<Out> hub(const Channel<In, Out, Asked>& channel) {
    return Hub<Out>(hub_of(detail::spec_of(channel)));
  }

  // An event of any service. The handler takes `const Message&`, and may take a Context.
  template <class E, class F>
    requires(!std::is_member_function_pointer_v<std::remove_reference_t<F>>)
  void on(const E& event, F&& handler, EventRules rules = {}) {
    add_subscription(detail::spec_of(event), detail::handler_of<E>(std::forward<F>(handler)), rules);
  }
  template <class E, class Object, class Member>
    requires std::is_member_function_pointer_v<Member>
  void on(const E& event, Object& object, Member member, EventRules rules = {}) {
    add_subscription(detail::spec_of(event), detail::handler_of<E>(object, member), rules);
  }

  // Events that this service publishes, for its AsyncAPI document: app.announces(placed, cancelled).
  template <class... Events>
    requires(sizeof...(Events) > 0)
  void announces(const Events&... events) {
    (add_announced(detail::spec_of(events)), ...);
  }

  // A timer on shard 0; it never overlaps itself. The first run is one period after start.
  template <class F>
  void every(std::chrono::nanoseconds period, F&& work, TimerRules rules = {}) {
    add_timer(period, std::function<void()>(std::forward<F>(work)), std::move(rules));
  }
  template <class Object, class R>
  void every(std::chrono::nanoseconds period, Object& object, R (Object::*member)(), TimerRules rules = {}) {
    add_timer(period, [&object, member] { (object.*member)(); }, std::move(rules));
  }

  // A raw HTTP handler: (Request&, Responder&).
  void raw(std::string_view verb, std::string_view path, std::function<void(Request&, Responder&)> handler,
           Priority priority = Priority::normal);
  // Embedded files below a prefix, with ETag; "index.html" answers the prefix itself.
  void files(std::string_view prefix, std::span<const EmbeddedFile> files);

  // Around every call of this composition, the first added outermost: (const Call&, Next).
  void around(std::function<void(const Call&, Next)> middleware);
  void authenticate(std::unique_ptr<Authenticator> authenticator);
  // Work that runs beside the handlers; at stop it is cancelled and awaited within the drain deadline.
  void spawn(std::string_view name, std::function<void()> work);
  // Part of /readyz: false (or an exception) makes the service not ready, with this name as the reason.
  void ready(std::string_view name, std::function<bool()> check);

  // Read from the five sources; kept for `payments settings`. One call per type and composition.
  template <class S>
  [[nodiscard]] const S& settings() {
    static_assert(std::is_default_constructible_v<S>, "tutti: settings must have defaults for every field or be constrained types");
    return *static_cast<const S*>(load_settings(detail::shape_of<S>()));
  }
  // The service's own database file; opened and migrated before the service is ready.
  [[nodiscard]] Database& database(std::string_view name, DatabaseRules rules = {});
  [[nodiscard]] Caller caller();
  [[nodiscard]] Publisher& publisher();
  [[nodiscard]] HttpClient& http_client();
  [[nodiscard]] Metrics& metrics();
  [[nodiscard]] Clock& clock();
  [[nodiscard]] Random& random();
  [[nodiscard]] const Logger& log();

  [[nodiscard]] detail::Composition& composition() const noexcept { return *composition_; }

 private:
  void keep(std::shared_ptr<void> object);
  std::shared_ptr<void> shared_object(std::type_index type, const std::function<std::shared_ptr<void>()>& make);
  void add_method(const detail::MethodSpec& method, detail::Handler handler, ServeRules rules);
  enum class Arrivals : std::uint8_t { opened, closed };
  void add_channel(const detail::ChannelSpec& channel, detail::Handler handler, ChannelRules rules);
  void add_arrivals(const detail::ChannelSpec& channel, Arrivals which, detail::Handler handler);
  [[nodiscard]] detail::HubCore& hub_of(const detail::ChannelSpec& channel);
  void add_subscription(const detail::EventSpec& event, detail::Handler handler, EventRules rules);
  void add_announced(const detail::EventSpec& event);
  void add_timer(std::chrono::nanoseconds period, std::function<void()> work, TimerRules rules);
  const void* load_settings(const detail::Shape& shape);

  detail::Composition* composition_;
};

// Announces events outside of a transaction. Inside one: Transaction::publish, which leaves after the commit.
class Publisher {
 public:
  virtual ~Publisher() = default;
  template <class T>
  void operator()(const Event<T>& event, const T& message) {
    publish(detail::spec_of(event), &message);
  }

 private:
  virtual void publish(const detail::EventSpec& event, const void* message) = 0;
};

}  // namespace tutti
