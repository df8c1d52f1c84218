#include <tutti/main.hpp>

#include <sys/auxv.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "message/json_reader.hpp"
#include "message/json_writer.hpp"
#include "runtime/shard.hpp"
#include "service/command_line.hpp"
#include "service/dead_letters.hpp"
#include "service/documents.hpp"
#include "service/process.hpp"
#include "service/systemd_unit.hpp"
#include "service/value.hpp"
#include "world/real.hpp"
#include "world/simulated.hpp"

extern char** environ;

namespace tutti {
namespace detail {
namespace {

constexpr std::size_t contract_bytes_max = 16 * 1024 * 1024;

void say(std::FILE* to, std::string_view text) { std::fwrite(text.data(), 1, text.size(), to); }

std::map<std::string, std::string, std::less<>> environment_variables() {
  std::map<std::string, std::string, std::less<>> variables;
  for (char** entry = environ; entry && *entry; ++entry) {
    const std::string_view text = *entry;
    const std::size_t equals = text.find('=');
    if (equals != std::string_view::npos) variables.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  return variables;
}

bool contains(const std::vector<std::string>& names, std::string_view name) { return std::ranges::find(names, name) != names.end(); }

// The file that a path leads to, without links; empty: there is none.
std::string real_path(const std::string& path) {
  const std::unique_ptr<char, decltype(&std::free)> found(::realpath(path.c_str(), nullptr), &std::free);
  return found ? found.get() : std::string();
}

// Where this binary is, absolute, by the path it was called by: a symbolic link that an upgrade switches
// (/opt/shop/current) must not become the version it points to today.
std::string called_path() {
  const std::string file = real_path("/proc/self/exe");
  std::string called = reinterpret_cast<const char*>(::getauxval(AT_EXECFN));
  if (called.starts_with("./")) called.erase(0, 2);
  if (!called.starts_with('/')) called = real_path(".") + "/" + called;
  const bool lasts = !called.starts_with("/dev/fd/");  // as fexecve(3) calls it
  const bool checked = file.empty() || real_path(called) == file;  // empty: there is no /proc, as in a chroot
  return lasts && checked ? called : file;
}

// Everything that a command needs before it does its work.
class Program {
 public:
  Program(CommandLine line, std::vector<Composed> services)
      : line_(std::move(line)), services_(std::move(services)), sources_(given()) {
    sources_.load(shape_of<LibrarySettings>(), &library_, "tutti");
    for (const std::string& name : library_.services) {
      if (std::ranges::none_of(services_, [&](const Composed& s) { return s.service.name == name; })) {
        std::string known;
        for (const Composed& s : services_) known += (known.empty() ? "" : ", ") + std::string(s.service.name);
        throw Error(Code::failed_precondition, "tutti.services (TUTTI_SERVICES) names \"" + name + "\", which is not in this binary; it has " + known);
      }
    }
    std::erase_if(services_, [&](const Composed& s) { return !library_.services.empty() && !contains(library_.services, s.service.name); });
  }

  int serve() {
    if (!line_.operands.empty()) return bad_usage("serve takes no operand, but \"" + line_.operands.front() + "\" was given");
    observe::LogPipe pipe(STDOUT_FILENO);
    Process process({.world = *world_, .sources = sources_, .library = library_, .services = services_, .log_sink = pipe, .log_style = log_style(),
                     .version = std::string(services_.front().version), .handle_signals = true});
    return process.run();
  }

  int settings() {
    const bool json = !line_.operands.empty() && line_.operands.front() == "json";
    if (line_.operands.size() > 1 || (!json && !line_.operands.empty())) return bad_usage("settings takes nothing or json");
    Described described(*this);
    sources_.finish(names_of(services_));
    for (const std::string& note : sources_.notes()) say(stderr, note + "\n");
    say(stdout, json ? settings::to_json(sources_.effective()) + "\n" : settings::to_table(sources_.effective()));
    return exit_code::drained;
  }

  int contract() {
    std::vector<std::string> operands = line_.operands;
    const bool events = std::erase(operands, "--asyncapi") > 0;
    Described described(*this);
    if (!operands.empty() && operands.front() == "diff") return contract_diff(described);
    if (operands.size() > 1) return bad_usage("contract takes one service's name or diff OLD.json");
    const std::string_view service = operands.empty() ? "" : std::string_view(operands.front());
    const std::string document = events ? asyncapi_document(described.host(), service) : openapi_document(described.host(), service);
    if (document.empty()) return bad_usage("there is no service \"" + operands.front() + "\" in this binary");
    say(stdout, document + "\n");
    return exit_code::drained;
  }

  int call() {
    const auto& operands = line_.operands;
    if (operands.empty() || operands.size() > 2) return bad_usage("call takes METHOD and its request as JSON: " + line_.program + " call charge '{...}'");
    Described described(*this);
    const MethodSpec* const method = find_method(described.host(), operands[0]);
    if (!method) return bad_usage("there is no method \"" + operands[0] + "\"; --help lists the commands, contract the methods");
    if (method->stream_in || method->stream_out) return bad_usage(operands[0] + " has a stream, which call does not carry; use curl");
    // The running service is where the same settings make it listen.
    const bool rpc = !is_off(library_.rpc.listen);
    const std::string_view key = rpc ? "tutti.rpc.listen" : "tutti.http.listen";
    const std::string& address = rpc ? library_.rpc.listen : library_.http.listen;
    if (const std::string why = no_address(key, address); !why.empty()) return bad_usage(why);
    client::TargetSettings& target = library_.targets[std::string(method->service->name)];
    target.transport = rpc ? client::Transport::rpc : client::Transport::http;
    target.endpoints = {address};
    target.endpoints_file = {};
    return on_a_fiber([&](client::Client& client) {
      Value request, reply;
      if (method->request) {
        request = Value(method->request());
        request.construct();
        const Violations violations = message::read_json(method->request(), request.get(), operands.size() == 2 ? operands[1] : "{}");
        if (!violations.empty()) {
          say(stderr, operands[0] + ": " + violations.to_string() + "\n");
          return exit_code::usage;
        }
      }
      if (method->reply) reply = Value(method->reply());
      const std::string idempotency_key = world_->random().id();
      try {
        client.call(*method, request.get(), reply.get(), {.deadline = runtime::Shard::current().now() + method->rules.deadline, .idempotency_key = method->rules.repeat == Repeat::by_key ? std::string_view(idempotency_key) : std::string_view()});
      } catch (const Error& error) {
        const int code = tell_failure(*method, std::current_exception());
        if (error.code() == Code::unavailable) say(stderr, nobody_there(key, address));
        return code;
      } catch (...) {
        return tell_failure(*method, std::current_exception());
      }
      if (method->reply) {
        reply.adopt();
        std::string text;
        (void)message::write_json(method->reply(), reply.get(), text);
        say(stdout, text + "\n");
      }
      return exit_code::drained;
    });
  }

  int health() {
    if (!line_.operands.empty()) return bad_usage("health takes no operand, but \"" + line_.operands.front() + "\" was given");
    const std::string& address = library_.admin.listen;
    if (const std::string why = no_address("tutti.admin.listen", address); !why.empty()) return bad_usage(why);
    constexpr std::string_view local = "unix:";
    if (address.starts_with(local)) {
      return bad_usage("tutti.admin.listen is a Unix socket, which health does not ask; curl --unix-socket " + address.substr(local.size()) + " http://localhost/readyz");
    }
    return on_a_fiber([&](client::Client& client) {
      try {
        const HttpReply reply = client.http().send({.url = "http://" + address + "/readyz", .deadline = std::chrono::seconds(3)});
        say(reply.status == 200 ? stdout : stderr, reply.body + "\n");
        return reply.status == 200 ? exit_code::drained : exit_code::failed;
      } catch (const Error& error) {
        say(stderr, line_.program + ": " + error.what() + "\n" + nobody_there("tutti.admin.listen", address));
        return exit_code::failed;
      }
    });
  }

  int dead_letters() {
    std::string wrong;
    const DeadLettersCommand command = parse_dead_letters(line_.operands, wrong);
    if (!wrong.empty()) return bad_usage(wrong);
    std::vector<DeadQueue> queues;
    {
      Described described(*this);
      queues = dead_queues_of(described.host());
    }
    if (queues.empty()) return bad_usage("no service of this binary handles events");
    if (library_.broker.uri.empty()) {
      throw Error(Code::failed_precondition, "tutti.broker.uri is not set; without a broker an event that is given up is in the log only");
    }
    return in_host([&](Host& host) {
      try {
        return run_dead_letters(host, queues, command, stdout, stderr);
      } catch (const Error& error) {
        say(stderr, line_.program + ": " + error.what() + "\n");
        return exit_code::failed;
      }
    });
  }

  int systemd() {
    if (!line_.operands.empty()) return bad_usage("systemd takes settings as flags only");
    say(stdout, unit_text({.name = line_.program, .program = called_path(), .flags = line_.flags, .library = library_}));
    return exit_code::drained;
  }

  int run_caller(const std::function<void(Caller&)>& program) {
    MemoryLog log;
    return in_host([&](Host& host) {
      CallPath path(host, nullptr);
      Caller caller(path);
      program(caller);
      return exit_code::drained;
    });
  }

  int bad_usage(const std::string& why) const {
    say(stderr, line_.program + ": " + why + "\n" + line_.program + " --help shows the usage\n");
    return exit_code::usage;
  }

 private:
  struct MemoryLog {
    observe::MemorySink sink;
  };

  // Why a running service cannot be found by this setting; empty: it can.
  static std::string no_address(std::string_view key, const std::string& listen) {
    if (is_off(listen)) return std::string(key) + " is off; there is nobody to ask";
    const auto address = world::parse_address(listen);
    if (address && address->kind != world::Address::Kind::local && address->port == 0) {
      return std::string(key) + " is " + listen + ", which is any free port; give the one that the running service told when it was ready";
    }
    return {};
  }
  std::string nobody_there(std::string_view key, const std::string& address) const {
    return "is " + line_.program + " running? It was sought at " + address + " (" + std::string(key) + ")\n";
  }

  static bool is_off(std::string_view listen) { return listen.empty() || listen == "off"; }

  settings::Given given() const {
    settings::Given given{.files = world_->files(), .environment = environment_variables(), .arguments = line_.flags, .prefixes = {"tutti"}};
    for (const Composed& service : services_) given.prefixes.emplace_back(service.service.name);
    return given;
  }

  observe::LogStyle log_style() const {
    const auto variable = [](const char* name) { return std::getenv(name); };
    const observe::LogFormat format = library_.log.format == LogSettings::Format::json   ? observe::LogFormat::json
                                      : library_.log.format == LogSettings::Format::text ? observe::LogFormat::human
                                                                                         : observe::LogFormat::automatic;
    return observe::style_for(format, {.terminal = ::isatty(STDOUT_FILENO) == 1, .no_color = variable("NO_COLOR"), .term = variable("TERM")});
  }

  // The services composed but not started, in a world of its own: databases open in memory, nothing is touched.
  class Described {
   public:
    explicit Described(Program& program)
        : tracer_({}, world_.clock(), world_.random(), nullptr),
          environment_({.world = world_, .library = program.library_, .sources = program.sources_, .log_sink = sink_, .log_style = observe::LogStyle::json, .tracer = tracer_}),
          shard_(world_, {}),
          current_(shard_),
          host_(std::make_unique<Host>(shard_, environment_)) {
      for (const Composed& composed : program.services_) host_->add(composed);
    }
    ~Described() { host_.reset(); }
    Host& host() { return *host_; }

   private:
    world::SimulatedWorld world_;
    observe::MemorySink sink_;
    observe::Tracer tracer_;
    Environment environment_;
    runtime::Shard shard_;
    runtime::CurrentShard current_;
    std::unique_ptr<Host> host_;
  };

  int contract_diff(Described& described) {
    if (line_.operands.size() != 2) return bad_usage("contract diff takes one file: the contract as it was (" + line_.program + " contract > old.json)");
    int error = 0;
    const auto old = world_->files().read_all(line_.operands[1], contract_bytes_max, error);
    if (!old) {
      say(stderr, line_.program + ": cannot read " + line_.operands[1] + ": " + std::string(std::strerror(error)) + "\n");
      return exit_code::usage;
    }
    std::vector<ContractDifference> differences;
    try {
      differences = contract_differences(*old, is_asyncapi(*old) ? asyncapi_document(described.host(), "") : openapi_document(described.host(), ""));
    } catch (const Error& wrong) {
      throw Error(wrong.code(), line_.operands[1] + ": " + wrong.what());
    }
    bool breaks = false;
    for (const ContractDifference& difference : differences) {
      const bool breaking = difference.kind == ContractDifference::Kind::breaking;
      breaks = breaks || breaking;
      say(stdout, std::string(breaking ? "breaking: " : "compatible: ") + difference.text + "\n");
    }
    return breaks ? exit_code::failed : exit_code::drained;
  }

  static const MethodSpec* find_method(Host& host, std::string_view name) {
    if (ServedMethod* served = host.find(name)) return served->spec;
    for (const auto& composition : host.compositions()) {
      if (ServedMethod* served = composition->find(name)) return served->spec;
    }
    return nullptr;
  }

  int tell_failure(const MethodSpec& method, const std::exception_ptr& exception) const {
    for (const ErrorSpec& error : method.errors) {
      struct Told {
        const ErrorSpec& error;
        std::string text = {};
      } told{error};
      const bool held = error.holds(exception, &told, [](void* self, const void* value) {
        auto& t = *static_cast<Told*>(self);
        (void)message::write_json(t.error.shape(), value, t.text);
      });
      if (held) {
        say(stderr, std::string(method.service->name) + "." + std::string(error.shape().name) + " " + told.text + "\n");
        return exit_code::failed;
      }
    }
    try {
      std::rethrow_exception(exception);
    } catch (const Error& error) {
      say(stderr, std::string(name_of(error.code())) + ": " + error.what() + "\n");
    } catch (const std::exception& error) {
      say(stderr, std::string(error.what()) + "\n");
    }
    return exit_code::failed;
  }

  // Runs `work(host)` on a fiber of a shard of the real world.
  template <class Work>
  int in_host(Work work) {
    observe::MemorySink sink;
    observe::Tracer tracer({}, world_->clock(), world_->random(), nullptr);
    Environment environment({.world = *world_, .library = library_, .sources = sources_, .log_sink = sink, .log_style = observe::LogStyle::json, .tracer = tracer});
    runtime::Shard shard(*world_, {});
    const runtime::CurrentShard current(shard);
    Host host(shard, environment);
    int code = exit_code::failed;
    std::exception_ptr failure;
    shard.spawn({.name = "program"}, [&] {
      try {
        code = work(host);
      } catch (...) {
        failure = std::current_exception();
      }
      shard.stop();
    });
    shard.run();
    if (failure) std::rethrow_exception(failure);
    return code;
  }

  template <class Work>
  int on_a_fiber(Work work) {
    return in_host([&](Host& host) { return work(host.client()); });
  }

  CommandLine line_;
  std::vector<Composed> services_;
  std::unique_ptr<world::World> world_ = world::real_world();
  settings::Sources sources_;
  LibrarySettings library_;
};

int run_command(CommandLine line, std::vector<Composed> services) {
  const std::string command = line.command;
  const std::string name = line.program;
  if (command == "help") {
    say(stdout, usage(line, services));
    return exit_code::drained;
  }
  if (command == "version") {
    for (const Composed& service : services) {
      say(stdout, std::string(service.service.name) + " " + std::string(service.version) + " (contract " + std::string(service.service.contract_version) + ")\n");
    }
    return exit_code::drained;
  }
  try {
    Program program(std::move(line), std::move(services));
    if (command == "serve") return program.serve();
    if (command == "settings") return program.settings();
    if (command == "contract") return program.contract();
    if (command == "call") return program.call();
    if (command == "health") return program.health();
    if (command == "dead-letters") return program.dead_letters();
    if (command == "systemd") return program.systemd();
    return program.bad_usage("\"" + command + "\" is no command");
  } catch (const settings::Failure& failure) {
    say(stderr, std::string(failure.what()) + "\n");
    return exit_code::settings;
  } catch (const Error& error) {
    say(stderr, name + ": " + error.what() + "\n");
    if (error.code() == Code::failed_precondition || error.code() == Code::invalid_argument) return exit_code::settings;
    if (error.code() == Code::unavailable || error.code() == Code::permission_denied || error.code() == Code::already_exists) return exit_code::address;
    return exit_code::failed;
  } catch (const std::exception& error) {
    say(stderr, name + ": " + error.what() + "\n");
    return exit_code::failed;
  }
}

}  // namespace
}  // namespace detail

int main(int argc, char** argv, const Composed& service) { return main(argc, argv, {service}); }

int main(int argc, char** argv, std::initializer_list<Composed> services) {
  return detail::run_command(detail::parse_command_line({argv, static_cast<std::size_t>(argc)}), services);
}

int run(int argc, char** argv, const std::function<void(Caller&)>& program) {
  detail::CommandLine line = detail::parse_command_line({argv, static_cast<std::size_t>(argc)});
  const std::string name = line.program;
  try {
    return detail::Program(std::move(line), {}).run_caller(program);
  } catch (const std::exception& error) {
    detail::say(stderr, name + ": " + error.what() + "\n");
    return detail::exit_code::failed;
  }
}

}  // namespace tutti
