// Services as main would run them, each a Process on a thread of its own, and a shard for the test's calls whose Host
// has no compositions: all that it calls is elsewhere. They find each other by a watched file, as in a fleet.
#include <unistd.h>

#include <algorithm>
#include <condition_variable>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <iterator>
#include <map>
#include <mutex>
#include <optional>
#include <span>
#include <thread>
#include <utility>

#include <tutti/testing.hpp>
#include <tutti/wait.hpp>

#include "message/json_writer.hpp"
#include "observe/log/sink.hpp"
#include "observe/trace/tracer.hpp"
#include "runtime/shard.hpp"
#include "service/composition.hpp"
#include "service/host.hpp"
#include "service/process.hpp"
#include "settings/settings.hpp"
#include "testing/problem.hpp"
#include "world/real.hpp"

namespace tutti::testing {
namespace {

constexpr std::string_view test_name = "test";  // whose token the test's own calls carry

// Files lie in it side by side: databases, tokens, the endpoints.
class TemporaryFolder {
 public:
  explicit TemporaryFolder(world::World& world) : files_(world.files()) {
    const char* const given = std::getenv("TMPDIR");
    path_ = std::string(given && *given ? given : "/tmp") + "/tutti-live-" + std::to_string(::getpid()) + "-" +
            world.random().id();
    if (const int error = files_.make_directories(path_))
      throw Error(Code::unavailable, "cannot make the folder " + path_ + ": " + std::strerror(error));
  }
  // What cannot be removed is left to the system's own cleaning.
  ~TemporaryFolder() {
    for (const std::string& name : files_.list(path_)) (void)files_.remove(file(name));
    (void)files_.remove(path_);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  [[nodiscard]] std::string file(std::string_view name) const { return path_ + "/" + std::string(name); }
  [[nodiscard]] const std::string& path() const noexcept { return path_; }
  [[nodiscard]] bool holds(std::string_view name) const { return files_.status(file(name)).has_value(); }
  // At once as a whole: who reads it meanwhile sees the old one.
  void write(std::string_view name, std::string_view text) const {
    const std::string fresh = file(name) + ".new";
    int error = 0;
    if (const auto opened = files_.open(fresh, world::Open::create, error)) {
      error = opened->truncate(0);
      if (error == 0) error = opened->write(0, std::as_bytes(std::span(text))).error;
    }
    if (error == 0) error = files_.rename(fresh, file(name));
    if (error != 0) throw Error(Code::unavailable, "cannot write " + file(name) + ": " + std::strerror(error));
  }

 private:
  world::Files& files_;
  std::string path_;
};

// A fake that is served like any method. The test changes it while the thread that serves it asks it.
class Fake {
 public:
  explicit Fake(const tutti::detail::MethodSpec& method) : method_(method) {}

  void answer_with(tutti::detail::Handler handler) {
    const std::scoped_lock lock(mutex_);
    handler_ = std::make_shared<tutti::detail::Handler>(std::move(handler));
  }
  void fail(Code code, int times) {
    const std::scoped_lock lock(mutex_);
    code_ = code;
    failures_ = times;
  }
  // In the test's hands: it grows only here.
  detail::Recorded& received() {
    const std::scoped_lock lock(mutex_);
    for (std::string& json : arrived_) received_.json.push_back(std::move(json));
    arrived_.clear();
    return received_;
  }
  [[nodiscard]] const tutti::detail::MethodSpec& method() const noexcept { return method_; }

  void operator()(void* request, void* reply, const Context& context, std::vector<std::string>& problems) {
    const std::shared_ptr<tutti::detail::Handler> handler = arrive(request);
    try {
      (*handler)(request, reply, context);
    } catch (...) {
      if (const std::string problem = undeclared_of_fake(method_, std::current_exception()); !problem.empty())
        problems.push_back(problem);
      throw;
    }
  }

 private:
  std::shared_ptr<tutti::detail::Handler> arrive(const void* request) {
    const std::scoped_lock lock(mutex_);
    if (failures_ > 0) {
      --failures_;
      throw Error(code_, name_of(method_) + " failed because the test said so");
    }
    std::string json;
    if (request) (void)message::write_json(method_.request(), request, json);
    arrived_.push_back(std::move(json));
    return handler_;
  }

  const tutti::detail::MethodSpec& method_;
  std::mutex mutex_;
  std::shared_ptr<tutti::detail::Handler> handler_;
  std::vector<std::string> arrived_;
  detail::Recorded received_;
  int failures_ = 0;
  Code code_ = Code::ok;
};

// The tokens of this Live: a service's says its name, the test's whoever the test acts as.
class Tokens {
 public:
  Tokens(Random& random, const TemporaryFolder& folder) : random_(random), folder_(folder) {}

  // The file with the token, made when first asked for.
  std::string file_of(std::string_view name) {
    const std::scoped_lock lock(mutex_);
    const std::string file = std::string(name) + ".token";
    for (const auto& [token, known] : names_) {
      if (known == name) return folder_.file(file);
    }
    const std::string token = random_.id() + random_.id();
    names_.emplace("Bearer " + token, name);
    folder_.write(file, token);
    return folder_.file(file);
  }
  void act_as(Identity identity) {
    const std::scoped_lock lock(mutex_);
    tester_ = std::move(identity);
  }
  [[nodiscard]] std::optional<Identity> identity_of(std::string_view authorization) const {
    const std::scoped_lock lock(mutex_);
    const auto found = names_.find(authorization);
    if (found == names_.end()) return {};
    if (found->second == test_name) return tester_;
    return Identity{.name = found->second, .permissions = {"*"}};
  }

 private:
  Random& random_;
  const TemporaryFolder& folder_;
  mutable std::mutex mutex_;
  std::map<std::string, std::string, std::less<>> names_;  // by what stands in the header
  Identity tester_ = default_tester();
};

class KnowsTokens final : public Authenticator {
 public:
  explicit KnowsTokens(const Tokens& tokens) : tokens_(tokens) {}
  [[nodiscard]] std::optional<Identity> authenticate(const Credentials& credentials) const override {
    return tokens_.identity_of(credentials.authorization);
  }

 private:
  const Tokens& tokens_;
};

// What was given on the command line, read.
struct Given {
  Given(world::World& world, std::vector<std::string> flags, std::vector<std::string> prefixes)
      : sources({.files = world.files(), .arguments = std::move(flags), .prefixes = std::move(prefixes)}) {
    sources.load(tutti::detail::shape_of<tutti::detail::LibrarySettings>(), &library, "tutti");
  }
  settings::Sources sources;
  tutti::detail::LibrarySettings library;
};

class RunningProcess {
 public:
  RunningProcess(world::World& world, observe::LogSink& lines, std::vector<Composed> services,
                 std::vector<std::string> flags, std::vector<std::string> prefixes)
      : name_(services.front().service.name),
        given_(world, std::move(flags), std::move(prefixes)),
        process_({.world = world,
                  .sources = given_.sources,
                  .library = given_.library,
                  .services = std::move(services),
                  .log_sink = lines,
                  .log_style = observe::LogStyle::json,
                  .version = "live",
                  .handle_signals = false}) {
    thread_ = std::thread([this] {
      try {
        exit_code_ = process_.run();
      } catch (...) {
        failure_ = std::current_exception();
      }
    });
    if (process_.wait_until_ready()) return;
    thread_.join();
    std::rethrow_exception(failure_);
  }
  ~RunningProcess() {
    process_.ask_to_stop();
    thread_.join();
    if (failure_ || exit_code_ != tutti::detail::exit_code::drained)
      report_problem("the process of " + name_ + " did not end cleanly: exit code " + std::to_string(exit_code_) +
                     "; its log says why");
  }
  RunningProcess(const RunningProcess&) = delete;
  RunningProcess& operator=(const RunningProcess&) = delete;

  [[nodiscard]] const tutti::detail::Listening& listening() const noexcept { return process_.listening(); }

 private:
  const std::string name_;
  Given given_;
  tutti::detail::Process process_;
  std::exception_ptr failure_;
  int exit_code_ = tutti::detail::exit_code::failed;
  std::thread thread_;
};

// The shard that the test's programs run on.
class Tester {
 public:
  Tester(world::World& world, observe::LogSink& lines, std::vector<std::string> flags)
      : given_(world, std::move(flags), {"tutti"}),
        tracer_({}, world.clock(), world.random(), nullptr),
        environment_({.world = world,
                      .library = given_.library,
                      .sources = given_.sources,
                      .log_sink = lines,
                      .log_style = observe::LogStyle::json,
                      .tracer = tracer_}),
        shard_(world, {}) {
    {
      const runtime::CurrentShard current(shard_);
      host_.emplace(shard_, environment_);
    }
    thread_ = std::thread([this] { shard_.run(); });
  }
  ~Tester() {
    shard_.stop();
    thread_.join();
    {
      const runtime::CurrentShard current(shard_);
      host_.reset();
    }
    environment_.close();
  }
  Tester(const Tester&) = delete;
  Tester& operator=(const Tester&) = delete;

  void run(void* program, void (*run)(void* program, Caller& caller)) {
    std::exception_ptr error;
    std::mutex mutex;
    std::condition_variable changed;
    bool done = false;
    shard_.post([&] {
      shard_.spawn({.name = "test"}, [&] {
        try {
          tutti::detail::CallPath path(*host_, nullptr);
          Caller caller(path);
          run(program, caller);
        } catch (...) {
          error = std::current_exception();
        }
        const std::scoped_lock lock(mutex);
        done = true;
        changed.notify_one();  // under the lock: this frame ends as soon as it is free
      });
    });
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return done; });
    if (error) std::rethrow_exception(error);
  }
  [[nodiscard]] tutti::detail::Environment& environment() noexcept { return environment_; }

 private:
  Given given_;
  observe::Tracer tracer_;
  tutti::detail::Environment environment_;
  runtime::Shard shard_;
  std::optional<tutti::detail::Host> host_;
  std::thread thread_;
};

std::string group_of(std::string_view service, const char* transport, const world::Address& address) {
  return R"({"targets":[")" + world::to_string(address) + R"("],"labels":{"service":")" + std::string(service) +
         R"(","transport":")" + transport + R"("}})";
}

constexpr std::string_view endpoints_file = "endpoints.json";

}  // namespace

struct Live::Parts {
  Parts(std::vector<Composed> composed, LiveRules given) : services(std::move(composed)), rules(std::move(given)) {}
  ~Parts() {
    tester.reset();
    while (!processes.empty()) processes.pop_back();
    tell_problems();
  }

  void refuse_inside() const {
    if (runtime::on_fiber())
      throw Error(Code::failed_precondition, "Live is driven by its test, not from inside of a handler or a fake");
  }

  // What fakes did wrong, told by the test's own thread.
  void tell_problems() {
    std::vector<std::string> told;
    {
      const std::scoped_lock lock(mutex);
      told.swap(problems);
    }
    for (const std::string& problem : told) report_problem(problem);
  }

  // ---- fakes ----------------------------------------------------------------------------------------------------

  [[nodiscard]] bool hosted(std::string_view service) const {
    for (const Composed& one : services) {
      if (one.service.name == service) return true;
    }
    return false;
  }

  Fake& fake_of(const tutti::detail::MethodSpec& method) {
    const auto found = fakes.find(name_of(method));
    if (found != fakes.end()) return *found->second;
    throw Error(Code::failed_precondition,
                name_of(method) + " is not faked: Live sees and changes only what its fakes answer");
  }

  Fake& new_fake(const tutti::detail::MethodSpec& method) {
    const std::string name = name_of(method);
    if (hosted(method.service->name))
      throw Error(Code::failed_precondition,
                  name + " cannot be faked: this Live hosts " + std::string(method.service->name));
    if (tester)
      throw Error(Code::failed_precondition, name + " is faked too late: Live needs its fakes before the first call");
    return *fakes.emplace(name, std::make_unique<Fake>(method)).first->second;
  }

  void serve_fakes(App& app, std::string_view service) {
    for (const auto& [name, fake] : fakes) {
      if (fake->method().service->name != service) continue;
      struct Served {
        Parts& parts;
        Fake& fake;
      };
      tutti::detail::Handler handler(
          new Served{*this, *fake}, [](void* served) noexcept { delete static_cast<Served*>(served); },
          [](void* served, void* request, void* reply, const Context& context, void*, void*) {
            auto& its = *static_cast<Served*>(served);
            std::vector<std::string> wrong;
            try {
              its.fake(request, reply, context, wrong);
            } catch (...) {
              const std::scoped_lock lock(its.parts.mutex);
              std::ranges::move(wrong, std::back_inserter(its.parts.problems));
              throw;
            }
          });
      tutti::detail::Composition& composition = app.composition();
      composition.methods.push_back(
          std::make_unique<tutti::detail::ServedMethod>(tutti::detail::ServedMethod{.spec = &fake->method(),
                                                                                    .handler = std::move(handler),
                                                                                    .rules = {},
                                                                                    .composition = &composition,
                                                                                    .full_name = name}));
    }
  }

  [[nodiscard]] std::vector<Composed> faked_services() {
    std::vector<Composed> faked;
    for (const auto& [name, fake] : fakes) {
      const Service& service = *fake->method().service;
      if (!faked.empty() && faked.back().service.name == service.name) continue;  // fakes are sorted by their names
      faked.push_back({service, [this, &service](App& app) { serve_fakes(app, service.name); }});
    }
    return faked;
  }

  // ---- processes ------------------------------------------------------------------------------------------------

  // What everybody is told, and then what the test says: of two flags the later one counts.
  [[nodiscard]] std::vector<std::string> flags_for(std::string_view name, const std::vector<Composed>& all) {
    std::vector<std::string> flags{"--tutti.http.listen=127.0.0.1:0", "--tutti.rpc.listen=127.0.0.1:0",
                                   "--tutti.admin.listen=off", "--tutti.data=" + folder.path()};
    for (const Composed& one : all) {
      const std::string target = "--tutti.targets." + std::string(one.service.name);
      flags.push_back(target + ".endpoints_file=" + folder.file(endpoints_file));
      flags.push_back(target + ".transport=" + (rules.wire == Wire::rpc ? "rpc" : "http"));
      flags.push_back(target + ".bearer_token_file=" + tokens.file_of(name));
    }
    for (const auto& [key, value] : rules.settings) {
      if (name == test_name && !key.starts_with("tutti.")) continue;
      flags.push_back("--" + key + "=" + value);
    }
    return flags;
  }

  // Its callers are known by their tokens, before the service's own authenticators are asked.
  [[nodiscard]] Composed with_tokens(const Composed& composed) {
    return {composed.service,
            [this, compose = composed.compose](App& app) {
              app.authenticate(std::make_unique<KnowsTokens>(tokens));
              compose(app);
            },
            composed.version};
  }

  void start_process(std::vector<Composed> composed, const std::vector<Composed>& all) {
    std::vector<Composed> known;
    for (const Composed& one : composed) known.push_back(with_tokens(one));
    const std::string name(composed.front().service.name);
    const auto& running = *processes.emplace_back(
        std::make_unique<RunningProcess>(*world, lines, std::move(known), flags_for(name, all), prefixes_of(all)));
    for (const Composed& one : composed) {
      const auto& [http, rpc, admin] = running.listening();
      if (http) {
        urls[std::string(one.service.name)] = "http://" + world::to_string(*http);
        endpoints.push_back(group_of(one.service.name, "http", *http));
      }
      if (rpc) endpoints.push_back(group_of(one.service.name, "rpc", *rpc));
    }
    write_endpoints();
  }

  void write_endpoints() const {
    std::string text = "[";
    for (const std::string& group : endpoints) text += (text.size() == 1 ? "" : ",\n ") + group;
    folder.write(endpoints_file, text + "]\n");
  }

  void start() {
    if (tester) return;
    refuse_inside();
    const std::vector<Composed> faked = faked_services();
    std::vector<Composed> all = faked;
    all.insert(all.end(), services.begin(), services.end());
    write_endpoints();
    try {
      for (const Composed& one : faked) start_process({one}, all);
      if (rules.placement == Placement::together) {
        start_process(services, all);
      } else {
        for (const Composed& one : services) start_process({one}, all);
      }
      tester.emplace(*world, lines, flags_for(test_name, all));
    } catch (...) {
      while (!processes.empty()) processes.pop_back();
      endpoints.clear();
      throw;
    }
  }

  // Declared in the order in which they are needed: destroyed the other way round.
  std::vector<Composed> services;
  LiveRules rules;
  std::unique_ptr<world::World> world = world::real_world();
  TemporaryFolder folder{*world};
  Tokens tokens{world->random(), folder};
  observe::MemorySink lines;
  std::mutex mutex;
  std::vector<std::string> problems;  // guarded by mutex
  std::map<std::string, std::unique_ptr<Fake>, std::less<>> fakes;
  std::vector<std::string> endpoints;
  std::map<std::string, std::string, std::less<>> urls;
  std::vector<std::unique_ptr<RunningProcess>> processes;
  std::optional<Tester> tester;
};

Live::Live(std::initializer_list<Composed> services, LiveRules rules)
    : parts_(std::make_unique<Parts>(std::vector<Composed>(services), std::move(rules))) {}
Live::Live(const Composed& service, LiveRules rules)
    : Live(std::initializer_list<Composed>{service}, std::move(rules)) {}
Live::~Live() = default;

void Live::start() { parts_->start(); }

std::string Live::url(const Service& service) {
  start();
  const auto found = parts_->urls.find(service.name);
  if (found == parts_->urls.end())
    throw Error(Code::not_found, "\"" + std::string(service.name) + "\" does not listen for http here");
  return found->second;
}

void Live::run_program(void* program, void (*run)(void* program, Caller& caller)) {
  parts_->refuse_inside();
  start();
  try {
    parts_->tester->run(program, run);
  } catch (...) {
    parts_->tell_problems();
    throw;
  }
  parts_->tell_problems();
}

void Live::act_as(Identity identity) { parts_->tokens.act_as(std::move(identity)); }

void Live::add_fake(const tutti::detail::MethodSpec& method, tutti::detail::Handler handler) {
  const auto found = parts_->fakes.find(name_of(method));
  Fake& fake = found != parts_->fakes.end() ? *found->second : parts_->new_fake(method);
  fake.answer_with(std::move(handler));
}

void Live::add_failure(const tutti::detail::MethodSpec& method, Code code, int times) {
  parts_->fake_of(method).fail(code, times);
}

detail::Recorded& Live::recorded_calls(const tutti::detail::MethodSpec& method) {
  return parts_->fake_of(method).received();
}

void Live::pass(std::chrono::nanoseconds time) {
  run([time](Caller&) { tutti::sleep(time); });
}

// Another connection to the service's file, as a second instance would open it.
Database& Live::database(std::string_view name) {
  start();
  const std::size_t point = name.find('.');
  if (point == std::string_view::npos || !parts_->folder.holds(std::string(name) + ".sqlite"))
    throw Error(Code::not_found, "no database is named \"" + std::string(name) + "\"");
  return parts_->tester->environment().database(name.substr(0, point), name.substr(point + 1), {});
}

std::vector<std::string> Live::log() { return parts_->lines.take(); }

}  // namespace tutti::testing
