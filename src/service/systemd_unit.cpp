#include "service/systemd_unit.hpp"

#include <algorithm>
#include <chrono>
#include <optional>

#include "world/network.hpp"

namespace tutti::detail {
namespace {

constexpr std::uint16_t first_unprivileged_port = 1024;

// One word of a command line; % and $ would be expanded.
std::string word(std::string_view text) {
  std::string out;
  bool quote = text.empty();
  for (const char c : text) {
    if (c == '%' || c == '$') out += c;
    if (c == '"' || c == '\\') out += '\\';
    if (c == ' ' || c == '\t' || c == '\'' || c == '"' || c == ';' || c == '\\') quote = true;
    out += c;
  }
  return quote ? '"' + out + '"' : out;
}

bool privileged(std::string_view listen) {
  const std::optional<world::Address> address = world::parse_address(listen);
  return address && address->kind != world::Address::Kind::local && address->port != 0 &&
         address->port < first_unprivileged_port;
}

}  // namespace

std::string unit_text(const SystemdUnit& unit) {
  const LibrarySettings& library = unit.library;
  const std::string name(unit.name);
  std::string command = word(unit.program);
  for (const std::string& flag : unit.flags) command += " " + word(flag);
  const auto stop =
      std::chrono::ceil<std::chrono::seconds>(library.drain_delay + library.drain_deadline) + std::chrono::seconds(5);
  const bool low_port =
      privileged(library.http.listen) || privileged(library.rpc.listen) || privileged(library.admin.listen);

  std::string out;
  out += "# /etc/systemd/system/" + name + ".service, written by `" + name +
         " systemd`.\n"
         "# Settings: " +
         word(unit.program) + " settings. Put them into /etc/" + name +
         ".env, one NAME=VALUE a line.\n"
         "# Secrets as files: LoadCredential=SERVICE.KEY:/etc/" +
         name +
         "/KEY, named as in `settings`, and Environment=TUTTI_SETTINGS_DIR=%d\n"
         "[Unit]\n"
         "Description=" +
         name +
         "\n"
         "Wants=network-online.target\n"
         "After=network-online.target\n"
         "\n"
         "[Service]\n"
         "Type=notify\n"
         "ExecStart=" +
         command +
         "\n"
         "EnvironmentFile=-/etc/" +
         name +
         ".env\n"
         "Environment=TUTTI_DATA=%S/" +
         name +
         "\n"
         "StateDirectory=" +
         name +
         "\n"
         "RuntimeDirectory=" +
         name +
         "\n"
         "WorkingDirectory=%S/" +
         name +
         "\n"
         "Restart=always\n"
         "RestartSec=1\n"
         "# Usage and settings do not mend themselves (docs/reference/exit-codes.md).\n"
         "RestartPreventExitStatus=2 78\n"
         "# The drain delay and deadline, and some time to close.\n"
         "TimeoutStopSec=" +
         std::to_string(stop.count()) +
         "\n"
         "LimitNOFILE=65536\n"
         "UMask=0077\n"
         "\n"
         "# Nothing but its own state, its sockets and its processor.\n"
         "DynamicUser=yes\n"
         "NoNewPrivileges=yes\n";
  out += low_port ? "# It listens below port "
                    "1024.\nCapabilityBoundingSet=CAP_NET_BIND_SERVICE\nAmbientCapabilities=CAP_NET_BIND_SERVICE\n"
                  : "CapabilityBoundingSet=\nPrivateUsers=yes\n";
  out +=
      "PrivateDevices=yes\n"
      "PrivateTmp=yes\n"
      "ProtectSystem=strict\n"
      "ProtectHome=yes\n"
      "ProtectClock=yes\n"
      "ProtectControlGroups=yes\n"
      "ProtectHostname=yes\n"
      "ProtectKernelLogs=yes\n"
      "ProtectKernelModules=yes\n"
      "ProtectKernelTunables=yes\n"
      "ProtectProc=invisible\n"
      "LockPersonality=yes\n"
      "MemoryDenyWriteExecute=yes\n"
      "RemoveIPC=yes\n"
      "RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX\n"
      "RestrictNamespaces=yes\n"
      "RestrictRealtime=yes\n"
      "RestrictSUIDSGID=yes\n"
      "SystemCallArchitectures=native\n"
      "SystemCallErrorNumber=EPERM\n"
      "SystemCallFilter=@system-service\n"
      "SystemCallFilter=~@privileged\n"
      "\n"
      "[Install]\n"
      "WantedBy=multi-user.target\n";
  return out;
}

}  // namespace tutti::detail
