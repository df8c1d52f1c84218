// One shard in a simulated world, driven from the test: turns while there is something to do, then the clock jumps to
// whatever comes next. The Interceptor is where the test sees and changes what passes between services.
#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include <tutti/testing.hpp>
#include <tutti/wait.hpp>

#include "message/json_reader.hpp"
#include "message/json_writer.hpp"
#include "observe/log/sink.hpp"
#include "observe/trace/tracer.hpp"
#include "runtime/shard.hpp"
#include "service/dispatcher.hpp"
#include "service/environment.hpp"
#include "service/host.hpp"
#include "service/nameko_channel.hpp"
#include "service/value.hpp"
#include "settings/settings.hpp"
#include "testing/problem.hpp"
#include "testing/thread_refusal.hpp"
#include "testing/virtual_clock.hpp"
#include "world/simulated.hpp"

namespace tutti::testing {
namespace {

constexpr int attempts_max = 3;  // of one call, as the client's default
constexpr std::chrono::nanoseconds backoff_first = std::chrono::milliseconds(10);
constexpr std::chrono::nanoseconds settle_max = std::chrono::hours(1);

}  // namespace

struct Bed::Parts final : tutti::detail::Interceptor {
  Parts(std::vector<Composed> composed, BedRules rules)
      : services(std::move(composed)),
        world({.seed = rules.seed}),
        sources({.files = world.files(), .arguments = flags_of(rules.settings), .prefixes = prefixes_of(services)}) {
    tutti::detail::LibrarySettings library;
    sources.load(tutti::detail::shape_of<tutti::detail::LibrarySettings>(), &library, "tutti");
    tracer.emplace(observe::TracerSettings{}, world.clock(), world.random(), nullptr);
    environment.emplace(tutti::detail::Environment::Parts{.world = world,
                                                          .library = library,
                                                          .sources = sources,
                                                          .log_sink = lines,
                                                          .log_style = observe::LogStyle::json,
                                                          .tracer = *tracer});
    shard.emplace(world, runtime::ShardSettings{});
    {
      const runtime::CurrentShard current(*shard);
      host.emplace(*shard, *environment, this);
    }
    try {
      on_fiber([&] {
        try {
          for (const Composed& one : services) host->add(one);
          sources.finish(tutti::detail::names_of(services));
          host->start(true);
        } catch (...) {
          (void)host->stop(shard->now());
          throw;
        }
      });
    } catch (...) {
      close();
      throw;
    }
  }
  ~Parts() override {
    try {
      on_fiber([&] {
        for (const auto& client : clients) client->stop();
        (void)host->stop(shard->now() + std::chrono::seconds(10));
      });
    } catch (const std::exception& error) {
      note(std::string("stopping the services failed: ") + error.what());
    }
    close();
    for (const std::string& part : expected)
      report_problem("expected a problem that contains \"" + part + "\"; there was none");
  }

  void close() {
    const runtime::CurrentShard current(*shard);
    host.reset();
    environment->close();
  }

  void note(const std::string& problem) {
    const auto met = std::ranges::find_if(
        expected, [&](const std::string& part) { return problem.find(part) != std::string::npos; });
    if (met == expected.end()) return report_problem(problem);
    expected.erase(met);
  }

  // A client that is connected. Its session refers to the host and ends before it.
  class Client final : public detail::ChannelConnection, private net::WebSocket {
   public:
    Client(Parts& parts, tutti::detail::ServedChannel& channel, std::shared_ptr<const void> handshake)
        : parts_(parts),
          name_(channel.full_name()),
          outgoing_(channel.spec().outgoing()),
          nameko_(channel.rules.frames == Frames::nameko) {
      session_ = channel.connect(
          {.identity = parts.acting, .trace = parts.tracer->begin({}), .handshake = std::move(handshake)});
      parts_.on_fiber([this] {
        session_->opened(*this);
        tell_closed();
      });
    }

    void send(const tutti::detail::Shape& shape, const void* message) override {
      std::string text;
      if (const Violations violations = message::write_json(shape, message, text); !violations.empty()) {
        throw Error(Code::invalid_argument, name_ + ": " + violations.to_string());
      }
      send_text(nameko_ ? tutti::detail::call_frame_of(shape, text) : text);
    }
    void send_text(std::string_view text) override {
      if (code_) throw Error(Code::failed_precondition, "the connection to " + name_ + " is closed: " + reason_);
      parts_.on_fiber([this, text] {
        session_->received(wire::websocket::MessageKind::text, std::string(text));
        tell_closed();
      });
    }
    void close(std::uint16_t code) override {
      if (code_) return;
      close(code, "the client closed it");
      parts_.on_fiber([this] { tell_closed(); });
    }
    detail::Recorded& received() override { return received_; }
    std::optional<std::uint16_t> closed() const override { return code_; }

    // On a fiber: the service stops.
    void stop() {
      if (!code_) close(wire::websocket::close_code::going_away, "the service stops");
      tell_closed();
      session_.reset();
    }

   private:
    void send(net::WebSocketMessage& message) override {
      if (code_) return;
      if (!nameko_) return received_.json.push_back(message.text());
      if (auto event = tutti::detail::message_of_event(outgoing_, message.text())) received_.json.push_back(*event);
    }
    void close(std::uint16_t code, std::string_view reason) override {
      if (code_) return;
      code_ = code;
      reason_ = reason;
    }
    void tell_closed() {
      if (code_ && !std::exchange(told_, true)) session_->closed(*code_, reason_);
    }

    Parts& parts_;
    std::string name_;
    const tutti::detail::Shape& outgoing_;
    const bool nameko_;  // how its frames are
    std::unique_ptr<net::WebSocketSession> session_;
    detail::Recorded received_;
    std::optional<std::uint16_t> code_;
    std::string reason_;
    bool told_ = false;
  };

  std::shared_ptr<detail::ChannelConnection> connect(const tutti::detail::ChannelSpec& spec,
                                                     std::shared_ptr<const void> handshake) {
    const std::string name = std::string(spec.service->name) + "." + std::string(spec.name);
    tutti::detail::Composition* const composition = host->composition(spec.service->name);
    tutti::detail::ServedChannel* const channel = composition ? composition->find_channel(spec.name) : nullptr;
    if (channel == nullptr) throw Error(Code::not_found, "no service of this Bed serves the channel " + name);
    if (const std::string refusal = channel->refusal_of(acting); !refusal.empty()) {
      throw Error(acting.anonymous() ? Code::unauthenticated : Code::permission_denied, refusal);
    }
    return clients.emplace_back(std::make_shared<Client>(*this, *channel, std::move(handshake)));
  }

  // ---- driving -----------------------------------------------------------------------------------------------

  // One step: what is ready runs; if nothing is, the clock moves, not beyond `until`. False: nothing left until then.
  bool step(Instant until) {
    if (shard->turn()) return true;
    const Instant next = std::min(shard->next_timer(), world.next_event());
    if (next > until || next == Instant::never()) return false;
    world.advance_to(next);
    return true;
  }

  template <class F>
  void on_fiber(F&& body) {
    if (runtime::on_fiber())
      throw Error(Code::failed_precondition, "a Bed is driven by its test, not from inside of a handler or a fake");
    bool done = false;
    std::exception_ptr error;
    {
      const runtime::CurrentShard current(*shard);
      shard->spawn({.name = "test"}, [&] {
        try {
          body();
        } catch (...) {
          error = std::current_exception();
        }
        done = true;
      });
    }
    while (!done) {
      if (step(Instant::never())) continue;
      // The fiber refers to this frame: it has to end before this returns.
      note("the call waits for something that never comes: no timer and no other fiber is left to wake it");
      end_program("a Bed stands still");
    }
    if (error) std::rethrow_exception(error);
  }

  [[nodiscard]] bool idle() {
    if (host->bus().numbers().waiting != 0) return false;
    return std::ranges::all_of(host->compositions(),
                               [](const auto& composition) { return composition->in_flight == 0; });
  }

  // ---- what passes ---------------------------------------------------------------------------------------------

  bool intercept(tutti::detail::CallPath& path, const tutti::detail::MethodSpec& method, void* request, void* reply,
                 const CallOptions& options) override {
    const std::string name = name_of(method);
    fail_if_told(name, method, options);
    const auto fake = fakes.find(name);
    if (fake == fakes.end() && host->find(method) == nullptr) return false;
    if (method.request) record(calls[name], method.request(), request, name, Code::invalid_argument);
    if (fake == fakes.end()) return false;
    answer(fake->second, path, method, reply, options);
    return true;
  }

  void fail_if_told(const std::string& name, const tutti::detail::MethodSpec& method, const CallOptions& options) {
    const auto told = failures.find(name);
    if (told == failures.end()) return;
    const bool may_repeat = method.rules.repeat == Repeat::safe ||
                            (method.rules.repeat == Repeat::by_key && !options.idempotency_key.empty());
    std::chrono::nanoseconds pause = backoff_first;
    for (int attempt = 1; told->second.times > 0; ++attempt) {
      --told->second.times;
      const Code code = told->second.code;
      if (!may_repeat || code != Code::unavailable || attempt == attempts_max) {
        throw Error(code, name + " failed because the test said so");
      }
      tutti::sleep(pause);
      pause *= 2;
    }
  }

  static void record(detail::Recorded& to, const tutti::detail::Shape& shape, const void* value,
                     const std::string& name, Code code) {
    std::string json;
    if (const Violations violations = message::write_json(shape, value, json); !violations.empty()) {
      throw Error(code, name + ": " + violations.to_string());
    }
    to.json.push_back(std::move(json));
  }

  // As over a wire: the fake gets what the JSON says, and so does its caller.
  void answer(tutti::detail::Handler& fake, tutti::detail::CallPath& path, const tutti::detail::MethodSpec& method,
              void* reply, const CallOptions& options) {
    const std::string name = name_of(method);
    tutti::detail::Composition* const from = path.from() ? path.from() : host->compositions().front().get();
    tutti::detail::CallState state{.composition = from,
                                   .method = &method,
                                   .method_name = method.name,
                                   .entry = tutti::detail::EntryPoint::in_process};
    state.deadline = shard->now() + std::min(options.deadline.value_or(method.rules.deadline), method.rules.deadline);
    state.identity = path.from() ? Identity{.name = std::string(path.from()->name()), .permissions = {"*"}} : acting;
    state.idempotency_key = options.idempotency_key;
    if (const auto* caller = tutti::detail::current_call()) {
      state.trace = caller->trace;
      state.request_id = caller->request_id;
    }
    tutti::detail::Value received, answered;
    if (method.request) {
      received = tutti::detail::Value(method.request());
      received.construct();
      if (const Violations violations = message::read_json(method.request(), received.get(), calls[name].json.back());
          !violations.empty()) {
        throw Error(Code::invalid_argument, name + ": " + violations.to_string());
      }
    }
    if (method.reply) answered = tutti::detail::Value(method.reply());
    try {
      const tutti::detail::CurrentCall current(state);
      fake(received.get(), answered.get(), Context(state));
    } catch (...) {
      rethrow_declared(method);
    }
    if (!method.reply) return;
    answered.adopt();
    std::string json;
    if (const Violations violations = message::write_json(method.reply(), answered.get(), json); !violations.empty()) {
      const std::string problem =
          "the fake of " + name + " answers what its contract does not allow: " + violations.to_string();
      note(problem);
      throw Error(Code::internal, problem);
    }
    tutti::detail::Value copy(method.reply());
    copy.construct();
    (void)message::read_json(method.reply(), copy.get(), json);
    method.reply().move(reply, copy.get());
  }

  [[noreturn]] void rethrow_declared(const tutti::detail::MethodSpec& method) {
    const std::string problem = undeclared_of_fake(method, std::current_exception());
    if (problem.empty()) throw;
    note(problem);
    throw Error(Code::internal, problem);
  }

  void missing(tutti::detail::CallPath& path, const tutti::detail::MethodSpec& method) override {
    const std::string caller = path.from() ? std::string(path.from()->name()) : "the test";
    const bool streams = method.stream_in || method.stream_out;
    const std::string problem =
        caller + " calls " + name_of(method) + ", which nobody answers; " +
        (streams ? "host " + std::string(method.service->name) + " in the Bed: a stream cannot be faked"
                 : "write: " + line_to_write(method));
    note(problem);
    throw Error(Code::unimplemented, problem);
  }

  void undeclared(const tutti::detail::CallState& state, std::string_view what) override {
    note(std::string(state.composition->name()) + "." + std::string(state.method_name) + " let " + std::string(what) +
         " out; declare it in Throws or translate it");
  }

  void once_forgotten(const tutti::detail::CallState& state) override {
    note(std::string(state.composition->name()) + "." + std::string(state.method_name) +
         " may be repeated by key, but its handler answered without database.once; do its work inside of once");
  }

  void repeated_differently(const tutti::detail::MethodSpec& method, const std::string& difference) override {
    note(name_of(method) + " was sent twice with one key and answered differently: " + difference);
  }

  void published(const tutti::detail::EventMessage& message) override {
    if (!from_test) events[name_of(*message.event)].json.push_back(message.body);
  }

  void given_up(const tutti::detail::EventMessage& message) override {
    dead_letters[name_of(*message.event)].json.push_back(message.body);
  }

  [[nodiscard]] Identity tester() const override { return acting; }

  // Declared in the order in which they are needed: destroyed the other way round.
  std::vector<Composed> services;
  world::SimulatedWorld world;
  observe::MemorySink lines;
  settings::Sources sources;
  std::map<std::string, tutti::detail::Handler, std::less<>> fakes;
  struct Failing {
    Code code;
    int times;
  };
  std::map<std::string, Failing, std::less<>> failures;
  std::map<std::string, detail::Recorded, std::less<>> calls, events, dead_letters;
  std::vector<std::string> expected;
  Identity acting = default_tester();
  bool from_test = false;
  std::optional<observe::Tracer> tracer;
  std::optional<tutti::detail::Environment> environment;
  std::optional<runtime::Shard> shard;
  std::optional<tutti::detail::Host> host;
  std::vector<std::shared_ptr<Client>> clients;
};

void note_problem(const tutti::detail::CallState& call, const std::string& problem) {
  if (auto* const bed = dynamic_cast<Bed::Parts*>(call.composition->host().interceptor())) bed->note(problem);
}

Bed::Bed(std::initializer_list<Composed> services, BedRules rules) {
  answer_with_virtual_time();
  refuse_threads_of_handlers();
  parts_ = std::make_unique<Parts>(std::vector<Composed>(services), std::move(rules));
}
Bed::Bed(const Composed& service, BedRules rules) : Bed(std::initializer_list<Composed>{service}, std::move(rules)) {}
Bed::~Bed() = default;

void Bed::run_program(void* program, void (*run)(void* program, Caller& caller)) {
  parts_->on_fiber([&] {
    tutti::detail::CallPath path(*parts_->host, nullptr);
    Caller caller(path);
    run(program, caller);
  });
}

void Bed::add_fake(const tutti::detail::MethodSpec& method, tutti::detail::Handler handler) {
  parts_->fakes.insert_or_assign(name_of(method), std::move(handler));
}

void Bed::add_failure(const tutti::detail::MethodSpec& method, Code code, int times) {
  parts_->failures.insert_or_assign(name_of(method), Parts::Failing{code, times});
}

detail::Recorded& Bed::recorded_calls(const tutti::detail::MethodSpec& method) {
  return parts_->calls[name_of(method)];
}
detail::Recorded& Bed::recorded_events(const tutti::detail::EventSpec& event) { return parts_->events[name_of(event)]; }
detail::Recorded& Bed::recorded_dead_letters(const tutti::detail::EventSpec& event) {
  return parts_->dead_letters[name_of(event)];
}

std::shared_ptr<detail::ChannelConnection> Bed::connect_to(const tutti::detail::ChannelSpec& channel,
                                                           std::shared_ptr<const void> handshake) {
  return parts_->connect(channel, std::move(handshake));
}

void Bed::publish_event(const tutti::detail::EventSpec& event, const void* message) {
  tutti::detail::EventMessage encoded{.event = &event, .id = parts_->world.random().id()};
  if (const Violations violations = message::write_json(event.message(), message, encoded.body); !violations.empty()) {
    throw Error(Code::invalid_argument,
                "the event " + name_of(event) + " breaks its contract: " + violations.to_string());
  }
  parts_->on_fiber([&] {
    parts_->from_test = true;
    struct Restore {
      bool& flag;
      ~Restore() { flag = false; }
    } restore{parts_->from_test};
    parts_->host->bus().publish(std::move(encoded));
  });
  settle();
}

void Bed::advance(std::chrono::nanoseconds by) {
  const Instant until = clock().instant() + by;
  while (parts_->step(until)) {
  }
  parts_->world.advance_to(until);
  while (parts_->shard->turn()) {
  }
}

void Bed::settle() {
  const Instant until = clock().instant() + settle_max;
  while (!parts_->idle() && parts_->step(until)) {
  }
  if (!parts_->idle()) parts_->note("after an hour of virtual time calls or events are still being handled");
}

void Bed::act_as(Identity identity) { parts_->acting = std::move(identity); }
Clock& Bed::clock() noexcept { return parts_->world.clock(); }
Time Bed::now() { return clock().now(); }

Database& Bed::database(std::string_view name) {
  std::string known;
  for (const auto& [one, database] : parts_->environment->databases()) {
    if (one == name) return *database;
    known += (known.empty() ? "" : ", ") + one;
  }
  throw Error(Code::not_found,
              "no database is named \"" + std::string(name) + "\"; open are: " + (known.empty() ? "none" : known));
}

std::vector<std::string> Bed::log() { return parts_->lines.take(); }
void Bed::expect_problem(std::string_view part) { parts_->expected.emplace_back(part); }

}  // namespace tutti::testing
