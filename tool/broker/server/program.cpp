#include "broker/server/program.hpp"

#include <algorithm>
#include <csignal>
#include <iostream>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <system_error>

#include <tutti/error.hpp>

#include "broker/server/admin.hpp"
#include "broker/server/server.hpp"
#include "runtime/signals.hpp"
#include "runtime/timers.hpp"
#include "world/real.hpp"

namespace tutti::broker {
namespace {

constexpr std::size_t users_bytes_max = 1024 * 1024;
constexpr std::chrono::nanoseconds stop_time = std::chrono::seconds(5);
constexpr std::chrono::nanoseconds certificate_look_pause = std::chrono::seconds(1);

world::Address address_of(const char* option, const std::string& text) {
  const auto address = world::parse_address(text);
  if (!address)
    throw std::runtime_error(std::string(option) + " is \"" + text +
                             "\"; expected an address with a port like 127.0.0.1:5672");
  return *address;
}

// Null: without TLS.
std::unique_ptr<net::TlsServer> tls_of(world::World& world, const ProgramSettings& settings) {
  if (settings.tls_listen.empty()) {
    if (!settings.certificate.empty() || !settings.key.empty() || !settings.client_authorities.empty())
      throw std::runtime_error("--certificate, --key and --client-ca need --tls-listen ADDRESS");
    return nullptr;
  }
  if (settings.certificate.empty() || settings.key.empty())
    throw std::runtime_error("--tls-listen needs --certificate FILE and --key FILE, both PEM");
  return net::make_tls_server(world.files(), settings.certificate.string(), settings.key.string(),
                              settings.client_authorities.string());
}

// A second broker of this machine shall not fail for a listener that nobody asked for.
std::unique_ptr<Admin> admin_of(runtime::Shard& shard, Server& server, const std::string& wanted) {
  if (!wanted.empty()) return serve_admin(shard, server, address_of("--admin", wanted));
  world::Address usual = address_of("--admin", std::string(default_admin));
  try {
    return serve_admin(shard, server, usual);
  } catch (const Error& error) {
    if (error.code() != Code::unavailable) throw;
    usual.port = 0;
    return serve_admin(shard, server, usual);
  }
}

std::string whole_file(world::World& world, const std::filesystem::path& path) {
  int error = 0;
  const auto text = world.files().read_all(path.string(), users_bytes_max, error);
  if (!text) throw std::runtime_error("cannot read " + path.string() + ": " + std::generic_category().message(error));
  return *text;
}

BrokerSettings broker_settings(world::World& world, const ProgramSettings& settings,
                               const std::vector<world::Address>& listen) {
  BrokerSettings out;
  out.folder = settings.data.string();
  out.free_bytes = free_bytes;
  out.memory_bytes_max = settings.memory_bytes_max.value_or(out.memory_bytes_max);
  out.free_bytes_min = settings.free_bytes_min.value_or(out.free_bytes_min);
  out.hosts.insert(out.hosts.end(), settings.hosts.begin(), settings.hosts.end());
  if (!settings.users.empty()) {
    out.users = users_of(whole_file(world, settings.users));
    return out;
  }
  for (const world::Address& address : listen)
    if (!world::is_loopback(address))
      throw std::runtime_error("the user guest is for this machine only; listening on " + world::to_string(address) +
                               " needs --users FILE");
  return out;
}

[[noreturn]] void refuse_line(std::size_t number, const std::string& why) {
  throw std::runtime_error("line " + std::to_string(number) + " of the users " + why);
}

// Of "[shop warehouse]".
std::vector<std::string> hosts_of(std::string_view line, std::size_t number) {
  std::vector<std::string> hosts;
  if (line.ends_with(']')) {
    std::istringstream names(std::string(line.substr(1, line.size() - 2)));
    for (std::string name; names >> name;) hosts.push_back(name);
  }
  if (hosts.empty()) refuse_line(number, "names no virtual hosts; expected [HOST] or [HOST HOST...]");
  return hosts;
}

// Written whole at once: who sees it may read it.
class ReadyFile {
 public:
  ReadyFile(world::World& world, const std::filesystem::path& path, const std::string& content)
      : world_(world), path_(path.string()) {
    if (const int error = path_.empty() ? 0 : world_.files().replace(path_, content); error != 0)
      throw std::runtime_error("cannot write " + path_ + ": " + std::generic_category().message(error));
  }
  ~ReadyFile() {
    if (!path_.empty()) (void)world_.files().remove(path_);  // gone already is as good
  }
  ReadyFile(const ReadyFile&) = delete;
  ReadyFile& operator=(const ReadyFile&) = delete;

 private:
  world::World& world_;
  std::string path_;
};

// Renewed certificates come by rename or as a mounted secret: new connections get them.
class CertificateWatch {
 public:
  CertificateWatch(runtime::Shard& shard, net::TlsServer& tls)
      : shard_(shard),
        tls_(tls),
        timer_([](void* self) noexcept { static_cast<CertificateWatch*>(self)->look(); }, this) {
    arm();
  }
  CertificateWatch(const CertificateWatch&) = delete;
  CertificateWatch& operator=(const CertificateWatch&) = delete;

 private:
  void arm() { timer_.arm(shard_.timers(), shard_.now() + certificate_look_pause); }
  void look() noexcept {
    try {
      if (tls_.refresh()) std::cout << "the TLS certificate was read again" << std::endl;
    } catch (const std::exception& error) {
      std::cerr << "tutti broker: the TLS certificate stays as it was: " << error.what() << std::endl;
    }
    arm();
  }

  runtime::Shard& shard_;
  net::TlsServer& tls_;
  runtime::Timer timer_;
};

}  // namespace

Users users_of(std::string_view text) {
  Users users;
  std::vector<std::string> hosts;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    if (line.empty() || line.starts_with('#')) continue;
    if (line.starts_with('[')) {
      hosts = hosts_of(line, number);
      continue;
    }
    const std::size_t colon = line.find(':');
    const bool has_password = colon != std::string_view::npos;
    const std::string_view password = has_password ? line.substr(colon + 1) : std::string_view();
    if (colon == 0 || (has_password && password.empty()))
      refuse_line(number, "is not NAME:PASSWORD, or NAME for one who has a certificate");
    const std::string name(line.substr(0, colon));
    if (!users.try_emplace(name, User{.password = std::string(password), .hosts = hosts}).second)
      refuse_line(number, "has the user \"" + name + "\" once more");
  }
  return users;
}

int run(const ProgramSettings& settings) {
  std::signal(SIGXFSZ, SIG_IGN);  // a limit on files is a full disk, and not the end
  const auto world = world::real_world();
  std::vector<world::Address> listen{address_of("--listen", settings.listen)};
  const std::unique_ptr<net::TlsServer> tls = tls_of(*world, settings);
  if (tls) listen.push_back(address_of("--tls-listen", settings.tls_listen));
  runtime::Shard shard(*world, {});
  std::unique_ptr<Broker> broker;
  std::unique_ptr<Server> server;
  std::unique_ptr<Admin> admin;
  std::unique_ptr<ReadyFile> ready;
  std::optional<runtime::Signals> signals;
  std::optional<CertificateWatch> certificates;
  {
    const runtime::CurrentShard current(shard);
    broker = std::make_unique<Broker>(shard, world->files(), broker_settings(*world, settings, listen));
    server = serve(shard, *broker, {.listen = listen.front(), .tls = tls.get(), .tls_listen = listen.back()});
    admin = admin_of(shard, *server, settings.admin);
    if (tls) certificates.emplace(shard, *tls);
    signals.emplace(shard, [&](int) {
      shard.spawn({.name = "stopping"}, [&] {
        server->stop(shard.now() + stop_time);
        admin.reset();
        server.reset();
        broker->close();
        shard.stop();
      });
    });
    const std::string address = world::to_string(server->address());
    broker->start();
    const auto tls_address = server->tls_address();
    std::cout << "listening on " << address
              << (tls_address ? ", with TLS on " + world::to_string(*tls_address) : std::string())
              << ", admin on http://" << world::to_string(admin->address()) << std::endl;
    ready = std::make_unique<ReadyFile>(*world, settings.ready_file, address + "\n");
  }
  shard.run();
  const runtime::CurrentShard current(shard);
  ready.reset();
  certificates.reset();
  signals.reset();
  return 0;
}

}  // namespace tutti::broker
