#include "fleet/compose_keys.hpp"

#include <array>
#include <vector>

#include "settings/keys.hpp"

namespace tutti::fleet {
namespace {

// Edit together with docs/reference/fleet-file.md (tests/fleet/compose_keys_test.cpp prints what belongs there).
using enum Treatment;
constexpr auto table = std::to_array<ComposeKey>({
    {"", "services", honoured, ""},
    {"", "secrets", honoured, "from a file or a variable"},
    {"", "name", honoured, ""},
    {"", "version", ignored, "obsolete in Compose too"},
    {"", "networks", ignored, "processes share the host's network"},
    {"", "volumes", ignored, "a process sees the host's files; databases are kept under --data"},
    {"", "configs", refused, "mount settings as a secret, or set them under environment"},
    {"", "include", refused, "give several -f files instead"},
    {"", "models", refused, "tutti runs no models"},
    {"", "x-tutti", honoured, ""},
    {"services", "command", honoured, ""},
    {"services", "entrypoint", honoured, ""},
    {"services", "environment", honoured, ""},
    {"services", "env_file", honoured, ""},
    {"services", "depends_on", honoured, ""},
    {"services", "expose", ignored, "processes of one host reach each other anyway"},
    {"services", "healthcheck", honoured, ""},
    {"services", "profiles", honoured, ""},
    {"services", "secrets", honoured, ""},
    {"services", "working_dir", honoured, ""},
    {"services", "deploy", honoured, ""},
    {"services", "ports", honoured, "listens on 127.0.0.1 unless a host address is written"},
    {"services", "restart", honoured, "if absent: always, unlike Compose, so that what dies comes back"},
    {"services", "scale", honoured, "as deploy.replicas"},
    {"services", "stop_grace_period", honoured, "10s if absent"},
    {"services", "stop_signal", honoured, "SIGTERM if absent"},
    {"services", "image", ignored, "the process engine runs x-tutti.binary or command"},
    {"services", "build", ignored, "the process engine runs x-tutti.binary or command"},
    {"services", "platform", ignored, "the process engine runs x-tutti.binary or command"},
    {"services", "pull_policy", ignored, "the process engine runs x-tutti.binary or command"},
    {"services", "container_name", ignored, "has a meaning for containers only"},
    {"services", "hostname", ignored, "has a meaning for containers only"},
    {"services", "domainname", ignored, "has a meaning for containers only"},
    {"services", "labels", ignored, "has a meaning for containers only"},
    {"services", "label_file", ignored, "has a meaning for containers only"},
    {"services", "annotations", ignored, "has a meaning for containers only"},
    {"services", "attach", ignored, "has a meaning for containers only"},
    {"services", "networks", ignored, "processes share the host's network"},
    {"services", "network_mode", ignored, "processes share the host's network"},
    {"services", "dns", ignored, "processes share the host's network"},
    {"services", "dns_opt", ignored, "processes share the host's network"},
    {"services", "dns_search", ignored, "processes share the host's network"},
    {"services", "extra_hosts", ignored, "processes share the host's network"},
    {"services", "links", ignored, "processes share the host's network"},
    {"services", "external_links", ignored, "processes share the host's network"},
    {"services", "mac_address", ignored, "processes share the host's network"},
    {"services", "volumes", ignored, "a process sees the host's files; databases are kept under --data"},
    {"services", "volumes_from", ignored, "a process sees the host's files; databases are kept under --data"},
    {"services", "tmpfs", ignored, "a process sees the host's files; databases are kept under --data"},
    {"services", "shm_size", ignored, "a process sees the host's files; databases are kept under --data"},
    {"services", "storage_opt", ignored, "a process sees the host's files; databases are kept under --data"},
    {"services", "logging", ignored, "tutti prints every service's output"},
    {"services", "cap_add", ignored, "a process runs as who started tutti"},
    {"services", "cap_drop", ignored, "a process runs as who started tutti"},
    {"services", "privileged", ignored, "a process runs as who started tutti"},
    {"services", "read_only", ignored, "a process runs as who started tutti"},
    {"services", "security_opt", ignored, "a process runs as who started tutti"},
    {"services", "userns_mode", ignored, "a process runs as who started tutti"},
    {"services", "user", ignored, "a process runs as who started tutti"},
    {"services", "group_add", ignored, "a process runs as who started tutti"},
    {"services", "ipc", ignored, "a process runs as who started tutti"},
    {"services", "pid", ignored, "a process runs as who started tutti"},
    {"services", "uts", ignored, "a process runs as who started tutti"},
    {"services", "cgroup", ignored, "a process runs as who started tutti"},
    {"services", "cgroup_parent", ignored, "a process runs as who started tutti"},
    {"services", "isolation", ignored, "a process runs as who started tutti"},
    {"services", "runtime", ignored, "a process runs as who started tutti"},
    {"services", "init", ignored, "a process runs as who started tutti"},
    {"services", "credential_spec", ignored, "a process runs as who started tutti"},
    {"services", "use_api_socket", ignored, "a process runs as who started tutti"},
    {"services", "cpus", ignored, "the process engine sets no limits"},
    {"services", "cpu_count", ignored, "the process engine sets no limits"},
    {"services", "cpu_percent", ignored, "the process engine sets no limits"},
    {"services", "cpu_period", ignored, "the process engine sets no limits"},
    {"services", "cpu_quota", ignored, "the process engine sets no limits"},
    {"services", "cpu_rt_period", ignored, "the process engine sets no limits"},
    {"services", "cpu_rt_runtime", ignored, "the process engine sets no limits"},
    {"services", "cpu_shares", ignored, "the process engine sets no limits"},
    {"services", "cpuset", ignored, "the process engine sets no limits"},
    {"services", "mem_limit", ignored, "the process engine sets no limits"},
    {"services", "mem_reservation", ignored, "the process engine sets no limits"},
    {"services", "mem_swappiness", ignored, "the process engine sets no limits"},
    {"services", "memswap_limit", ignored, "the process engine sets no limits"},
    {"services", "oom_kill_disable", ignored, "the process engine sets no limits"},
    {"services", "oom_score_adj", ignored, "the process engine sets no limits"},
    {"services", "pids_limit", ignored, "the process engine sets no limits"},
    {"services", "blkio_config", ignored, "the process engine sets no limits"},
    {"services", "device_cgroup_rules", ignored, "the process engine sets no limits"},
    {"services", "devices", ignored, "the process engine sets no limits"},
    {"services", "gpus", ignored, "the process engine sets no limits"},
    {"services", "sysctls", ignored, "the process engine sets no limits"},
    {"services", "ulimits", ignored, "the process engine sets no limits"},
    {"services", "tty", ignored, "a service reads no terminal"},
    {"services", "stdin_open", ignored, "a service reads no terminal"},
    {"services", "develop", ignored, "tutti watches no sources"},
    {"services", "configs", refused, "mount settings as a secret, or set them under environment"},
    {"services", "extends", refused, "write the service out, use a YAML anchor, or give several -f files"},
    {"services", "post_start", refused, "make it a service of its own and order it by depends_on"},
    {"services", "pre_stop", refused, "make it a service of its own and order it by depends_on"},
    {"services", "provider", refused, "tutti runs programs only"},
    {"services", "models", refused, "tutti runs programs only"},
    {"services", "x-tutti", honoured, ""},
    {"services.deploy", "replicas", honoured, ""},
    {"services.deploy", "resources", ignored, "the process engine sets no limits"},
    {"services.deploy", "labels", ignored, "has a meaning for containers only"},
    {"services.deploy", "mode", ignored, "has a meaning for containers only"},
    {"services.deploy", "placement", ignored, "has a meaning for containers only"},
    {"services.deploy", "endpoint_mode", ignored, "has a meaning for containers only"},
    {"services.deploy", "update_config", ignored, "has a meaning for containers only"},
    {"services.deploy", "rollback_config", ignored, "has a meaning for containers only"},
    {"services.deploy", "restart_policy", ignored, "write restart"},
    {"services.healthcheck", "test", honoured, ""},
    {"services.healthcheck", "interval", honoured, ""},
    {"services.healthcheck", "timeout", honoured, ""},
    {"services.healthcheck", "retries", honoured, ""},
    {"services.healthcheck", "start_period", honoured, ""},
    {"services.healthcheck", "start_interval", honoured, ""},
    {"services.healthcheck", "disable", honoured, ""},
    {"services.depends_on", "condition", honoured, ""},
    {"services.depends_on", "required", honoured, ""},
    {"services.depends_on", "restart", ignored, "a restart of one service restarts no other"},
    {"services.env_file", "path", honoured, ""},
    {"services.env_file", "required", honoured, ""},
    {"services.env_file", "format", ignored, "read as Compose's own format"},
    {"services.ports", "target", honoured, ""},
    {"services.ports", "published", honoured, ""},
    {"services.ports", "host_ip", honoured, ""},
    {"services.ports", "protocol", honoured, "tcp only"},
    {"services.ports", "name", ignored, "has a meaning for containers only"},
    {"services.ports", "app_protocol", ignored, "has a meaning for containers only"},
    {"services.ports", "mode", ignored, "has a meaning for containers only"},
    {"services.secrets", "source", honoured, ""},
    {"services.secrets", "target", honoured, ""},
    {"services.secrets", "uid", ignored, "the file belongs to who started tutti and is readable to nobody else"},
    {"services.secrets", "gid", ignored, "the file belongs to who started tutti and is readable to nobody else"},
    {"services.secrets", "mode", ignored, "the file belongs to who started tutti and is readable to nobody else"},
    {"secrets", "file", honoured, ""},
    {"secrets", "environment", honoured, ""},
    {"secrets", "name", ignored, "has a meaning for containers only"},
    {"secrets", "labels", ignored, "has a meaning for containers only"},
    {"secrets", "external", refused, "give a file or a variable"},
    {"secrets", "driver", refused, "give a file or a variable"},
    {"secrets", "driver_opts", refused, "give a file or a variable"},
    {"secrets", "template_driver", refused, "give a file or a variable"},
    {"services.x-tutti", "binary", honoured, "the program, looked up beside tutti, then in PATH"},
    {"services.x-tutti", "with", honoured, "services that the binary of this one hosts too; they are not started"},
    {"services.x-tutti", "transport", honoured, "rpc (default with binary) or http: how others reach it"},
    {"services.x-tutti", "ports", honoured,
     "like `ports`, for what another service publishes where they are containers"},
    {"services.x-tutti", "owner", honoured, "who answers for it; shown by tutti config"},
    {"x-tutti", "broker", honoured, "false: no broker is started with the fleet; true: in any case"},
});

std::string_view word(Treatment treatment) {
  switch (treatment) {
    case honoured:
      return "honoured";
    case ignored:
      return "ignored";
    case refused:
      return "refused";
  }
  return "";
}

}  // namespace

std::span<const ComposeKey> compose_keys() noexcept { return table; }

const ComposeKey* find_key(std::string_view section, std::string_view name) noexcept {
  for (const ComposeKey& key : table)
    if (key.section == section && key.name == name) return &key;
  return nullptr;
}

std::string_view nearest_key(std::string_view section, std::string_view name) {
  std::vector<std::string_view> names;
  for (const ComposeKey& key : table)
    if (key.section == section) names.push_back(key.name);
  return settings::nearest(name, names);
}

std::string keys_as_markdown() {
  std::string out;
  std::string_view section = "-";
  for (const ComposeKey& key : table) {
    if (key.section != section) {
      section = key.section;
      out += std::string(out.empty() ? "" : "\n") + "### " +
             (section.empty() ? "Top level" : "`" + std::string(section) + "`") +
             "\n\n| key | | note |\n|---|---|---|\n";
    }
    out += "| `" + std::string(key.name) + "` | " + std::string(word(key.treatment)) + " | " + std::string(key.note) +
           " |\n";
  }
  return out;
}

}  // namespace tutti::fleet
