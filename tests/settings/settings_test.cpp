#include "settings/settings.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <tutti/contract.hpp>

#include "settings/process.hpp"

namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using tutti::settings::Effective;
using tutti::settings::Failure;
using tutti::settings::loaded;
using tutti::settings::problems_of;
using tutti::settings::Process;
using tutti::settings::Sources;

enum class Currency { eur, usd };

struct Retry {
  int attempts = 3;
  std::chrono::milliseconds first{200};
};
struct Rule {
  std::string name;
  tutti::Range<int, 1, 100> percent;
};
struct ByMail {
  std::string address;
};
struct ByHook {
  std::string url;
};
struct Settings {
  tutti::Range<std::int64_t, 1, 1'000'000> limit_minor{1000};
  tutti::Secret gateway_key = {};
  Currency currency = Currency::eur;
  bool dry_run = false;
  Retry retry = {};
  std::optional<int> port = {};
  std::optional<Retry> slow = {};
  std::vector<std::string> hosts = {"a"};
  std::vector<Rule> rules = {};
  std::map<std::string, std::string> labels = {};
  std::map<std::string, Retry> targets = {};
  std::optional<std::variant<ByMail, ByHook>> report = {};
};

TEST(Settings, have_the_defaults_of_the_struct) {
  Process process;

  const auto settings = loaded<Settings>(process);

  EXPECT_EQ(settings.limit_minor, 1000);
  EXPECT_EQ(settings.hosts, (std::vector<std::string>{"a"}));
}

TEST(Settings, come_from_each_source_over_the_one_before) {
  Process process;

  process.yaml("payments: {limit_minor: 1}\n");
  EXPECT_EQ(loaded<Settings>(process).limit_minor, 1);
  process.mounted("payments.limit_minor", "2\n");
  EXPECT_EQ(loaded<Settings>(process).limit_minor, 2);
  process.variable("PAYMENTS_LIMIT_MINOR", "3");
  EXPECT_EQ(loaded<Settings>(process).limit_minor, 3);
  process.flags({"--payments.limit_minor=4"});
  EXPECT_EQ(loaded<Settings>(process).limit_minor, 4);
  process.flags({"--payments.limit_minor", "5"});
  EXPECT_EQ(loaded<Settings>(process).limit_minor, 5);
}

TEST(Settings, read_every_kind_of_field_from_yaml) {
  Process process;
  process.yaml(R"(
payments:
  limit_minor: 0x10
  gateway_key: hush
  currency: usd
  dry_run: true
  retry: {attempts: 5, first: 1.5s}
  port: 8080
  slow: {attempts: 9}
  hosts: [b, c]
  rules:
    - {name: first, percent: 10}
    - {name: second, percent: 20}
  labels: {env: prod, team: x}
  targets: {shop: {attempts: 1}}
  report: {type: ByHook, url: http://x}
)");

  const auto settings = loaded<Settings>(process);

  EXPECT_EQ(settings.limit_minor, 16);
  EXPECT_EQ(settings.gateway_key, "hush");
  EXPECT_EQ(settings.currency, Currency::usd);
  EXPECT_TRUE(settings.dry_run);
  EXPECT_EQ(settings.retry.attempts, 5);
  EXPECT_EQ(settings.retry.first, std::chrono::milliseconds(1500));
  EXPECT_EQ(settings.port, 8080);
  EXPECT_EQ(settings.slow->attempts, 9);
  EXPECT_EQ(settings.slow->first, std::chrono::milliseconds(200));
  EXPECT_EQ(settings.hosts, (std::vector<std::string>{"b", "c"}));
  EXPECT_EQ(settings.rules.at(1).percent, 20);
  EXPECT_EQ(settings.labels.at("team"), "x");
  EXPECT_EQ(settings.targets.at("shop").attempts, 1);
  EXPECT_EQ(std::get<ByHook>(*settings.report).url, "http://x");
}

TEST(Settings, read_nested_fields_lists_and_maps_from_the_environment) {
  Process process;
  process.variable("PAYMENTS_RETRY_ATTEMPTS", "7")
      .variable("PAYMENTS_SLOW_FIRST", "1s")
      .variable("PAYMENTS_HOSTS", "x, y");
  process.variable("PAYMENTS_LABELS", "env=prod")
      .variable("PAYMENTS_TARGETS_SHOP_ATTEMPTS", "2")
      .variable("PAYMENTS_PORT", "");

  const auto settings = loaded<Settings>(process);

  EXPECT_EQ(settings.retry.attempts, 7);
  EXPECT_EQ(settings.slow->first, std::chrono::seconds(1));
  EXPECT_EQ(settings.hosts, (std::vector<std::string>{"x", "y"}));
  EXPECT_EQ(settings.labels.at("env"), "prod");
  EXPECT_EQ(settings.targets.at("shop").attempts, 2);
  EXPECT_FALSE(settings.port);
}

TEST(Settings, read_flags_with_and_without_a_value) {
  Process process;
  process.flags({"--payments.dry_run", "--payments.retry.attempts", "-1", "--payments.labels.env=prod"});

  const auto settings = loaded<Settings>(process);

  EXPECT_TRUE(settings.dry_run);
  EXPECT_EQ(settings.retry.attempts, -1);
  EXPECT_EQ(settings.labels.at("env"), "prod");
}

TEST(Settings, read_structures_from_mounted_yaml) {
  Process process;
  process.yaml("payments: {rules: [{name: old, percent: 1}]}\n")
      .mounted("payments.rules", "- {name: new, percent: 2}\n");

  EXPECT_EQ(loaded<Settings>(process).rules.at(0).name, "new");
  process.mounted("payments.rules", "- {name: new, percent: 101}\n");
  EXPECT_THAT(problems_of<Settings>(process), ElementsAre("/run/secrets/payments.rules:1:24: payments.rules[0].percent "
                                                          "is \"101\"; expected a whole number from 1 to 100"));
}

TEST(Settings, put_variables_into_yaml) {
  Process process;
  process.yaml("payments: {limit_minor: '${LIMIT:-500}', hosts: ['${HOST}'], gateway_key: a$$b}\n")
      .variable("HOST", "h");

  const auto settings = loaded<Settings>(process);

  EXPECT_EQ(settings.limit_minor, 500);
  EXPECT_EQ(settings.hosts, (std::vector<std::string>{"h"}));
  EXPECT_EQ(settings.gateway_key, "a$b");
}

TEST(Settings, do_not_start_on_a_variable_that_is_missing) {
  Process process;
  process.yaml("payments:\n  hosts: [$NONE]\n  gateway_key: ${KEY:?where is the key}\n");

  EXPECT_THAT(
      problems_of<Settings>(process),
      ElementsAre(
          "/etc/s.yaml:2:11: payments.hosts[0]: variable \"NONE\" is not set; set it, or give a default: ${NONE:-...}",
          "/etc/s.yaml:3:16: payments.gateway_key: variable \"KEY\" is required but not set: where is the key"));
}

TEST(Settings, tell_all_mistakes_of_all_sources_together) {
  Process process;
  process.yaml("payments:\n  limit_minor: tow\n  dry_run: yes\n  retry: 5\n")
      .mounted("payments.currency", "chf\n")
      .variable("PAYMENTS_PORT", "http")
      .flags({"--payments.retry.first=5", "--payments.hosts"});

  EXPECT_THAT(
      problems_of<Settings>(process),
      ElementsAre(
          "/etc/s.yaml:2:16: payments.limit_minor is \"tow\"; expected a whole number from 1 to 1000000",
          "/etc/s.yaml:3:12: payments.dry_run is \"yes\"; expected true or false (write true)",
          "/etc/s.yaml:4:10: payments.retry is \"5\"; expected a mapping with the keys attempts, first",
          "mounted file /run/secrets/payments.currency: payments.currency is \"chf\"; expected one of eur, usd",
          "environment variable PAYMENTS_PORT: payments.port is \"http\"; expected a whole number from -2147483648 to "
          "2147483647",
          "flag --payments.retry.first: payments.retry.first is \"5\"; expected a duration like 500ms, 30s or PT0.5S",
          "flag --payments.hosts has no value; expected a list separated by commas"));
}

TEST(Settings, suggest_the_nearest_name_in_every_source) {
  Process process;
  process.yaml("payments:\n  limt_minor: 5\n  retry: {atempts: 1}\n")
      .mounted("payments.gateway_kee", "hush")
      .variable("PAYMENTS_CURENCY", "usd")
      .flags({"--payments.dry-run", "--paymnts.port=1"});

  EXPECT_THAT(
      problems_of<Settings>(process),
      ElementsAre("flag --paymnts.port is unknown; did you mean --payments.port",
                  "/etc/s.yaml:2:3: unknown key \"payments.limt_minor\"; did you mean \"payments.limit_minor\"",
                  "/etc/s.yaml:3:11: unknown key \"payments.retry.atempts\"; did you mean \"payments.retry.attempts\"",
                  "mounted file /run/secrets/payments.gateway_kee: unknown key \"payments.gateway_kee\"; did you mean "
                  "\"payments.gateway_key\"",
                  "environment variable PAYMENTS_CURENCY is unknown; did you mean \"PAYMENTS_CURRENCY\"",
                  "flag --payments.dry-run is unknown; did you mean \"payments.dry_run\""));
}

TEST(Settings, leave_other_services_and_reserved_names_alone) {
  Process process;
  process.yaml("orders: {anything: $NONE}\npaymets: {}\n")
      .file("/run/secrets/orders.key", "x")
      .file("/run/secrets/..data", "x");
  process.variable("TUTTI_SETTINGS_DIR", "/run/secrets").variable("PATH", "/bin").variable("TUTTI_OF_THE_BUILD", "x");
  struct Library {
    int threads = 1;
  };

  EXPECT_THAT(problems_of<Settings>(process), IsEmpty());
  EXPECT_THAT(problems_of<Library>(process, "tutti"), IsEmpty());
  EXPECT_THAT(
      Sources(process.given()).notes(),
      ElementsAre(
          "/etc/s.yaml:1:1: section \"orders\" belongs to no service of this program",
          "/etc/s.yaml:2:1: section \"paymets\" belongs to no service of this program; did you mean \"payments\""));
}

TEST(Settings, are_not_confused_by_the_links_of_kubernetes_and_docker) {
  Process process;
  process.variable("PAYMENTS_SERVICE_HOST", "10.0.0.1").variable("PAYMENTS_SERVICE_PORT_HTTP", "80");
  process.variable("PAYMENTS_DB_PORT", "tcp://10.0.0.1:80").variable("PAYMENTS_PORT_80_TCP_ADDR", "10.0.0.1");

  EXPECT_THAT(problems_of<Settings>(process), IsEmpty());
}

TEST(Settings, belong_to_the_longest_prefix) {
  Process process;
  process.prefixes({"orders", "orders-archive"})
      .variable("ORDERS_ARCHIVE_ATTEMPTS", "8")
      .variable("ORDERS_ATTEMPTS", "4");

  EXPECT_EQ(loaded<Retry>(process, "orders").attempts, 4);
  EXPECT_EQ(loaded<Retry>(process, "orders-archive").attempts, 8);
}

TEST(Settings, show_no_secret_in_a_message) {
  struct Keys {
    tutti::Secret key = {};
    std::vector<tutti::Secret> keys = {};
  };
  Process process;
  process.yaml("payments: {key: [hush], keys: {hush: hush}}\n")
      .variable("PAYMENTS_KEY", "hush\xFF")
      .variable("PAYMENTS_KEZ", "hush");

  const auto problems = problems_of<Keys>(process);

  EXPECT_EQ(problems.size(), 4u);
  for (const auto& problem : problems) EXPECT_THAT(problem, ::testing::Not(HasSubstr("hush")));
}

TEST(Settings, demand_what_has_no_default) {
  struct Demanding {
    int limit;
    tutti::Text<1, 40> region;
    std::string note = {};
  };
  Process process;

  EXPECT_THAT(problems_of<Demanding>(process),
              ElementsAre(HasSubstr("payments.limit is not set; expected a whole number from -2147483648 to "
                                    "2147483647; set PAYMENTS_LIMIT, the mounted "
                                    "file payments.limit, --payments.limit or payments.limit in the YAML file"),
                          HasSubstr("payments.region is not set; expected a text of 1 to 40 characters")));
  process.variable("PAYMENTS_LIMIT", "1").variable("PAYMENTS_REGION", "eu");
  EXPECT_THAT(problems_of<Demanding>(process), IsEmpty());
}

TEST(Settings, demand_the_fields_of_a_list_s_records) {
  Process process;
  process.yaml("payments:\n  rules:\n    - name: a\n");

  EXPECT_THAT(problems_of<Settings>(process),
              ElementsAre("/etc/s.yaml:3:7: payments.rules[0].percent is not set; expected a whole number from 1 to "
                          "100; set it in the YAML file"));
}

struct Window {
  int from = 1;
  int to = 2;
};
void check(const Window& window, tutti::Violations& violations) {
  if (window.from > window.to) violations.add("from", "at most \"to\"", std::to_string(window.from));
}

TEST(Settings, run_the_type_s_own_check) {
  struct Checked {
    Window window = {};
  };
  Process process;
  process.variable("PAYMENTS_WINDOW_FROM", "3");

  EXPECT_THAT(
      problems_of<Checked>(process),
      ElementsAre("environment variable PAYMENTS_WINDOW_FROM: payments.window.from is 3; expected at most \"to\""));
}

TEST(Settings, say_what_is_wrong_with_the_files_themselves) {
  Process process;
  process.flags({"--settings=/none.yaml", "--settings-dir", "/none", "stray", "--settings"});

  const auto problems = problems_of<Settings>(process);

  EXPECT_THAT(
      problems,
      ElementsAre(
          "argument \"stray\" is not understood; expected a flag like --payments.key=value",
          "flag --settings has no value; expected a path",
          "settings file \"/none.yaml\" cannot be read: No such file or directory; check --settings or TUTTI_SETTINGS",
          "settings directory \"/none\" does not exist; check --settings-dir or TUTTI_SETTINGS_DIR"));
}

TEST(Settings, say_where_the_yaml_file_is_wrong) {
  Process twice;
  twice.yaml("payments: {}\npayments: {}\n");
  EXPECT_THAT(problems_of<Settings>(twice),
              ElementsAre("/etc/s.yaml:2:1: key \"payments\" is written twice (first in line 1); remove one of them"));

  Process list;
  list.yaml("- a\n");
  EXPECT_THAT(problems_of<Settings>(list),
              ElementsAre("/etc/s.yaml:1:1: the file is a list; expected a mapping with a section for each service"));
}

TEST(Settings, end_the_start_with_one_failure) {
  Process process;
  process.variable("PAYMENTS_LIMIT_MINOR", "0").variable("PAYMENTS_PORT", "x");
  Settings settings;
  Sources sources(process.given());

  try {
    sources.load(tutti::detail::shape_of<Settings>(), &settings, "payments");
    FAIL() << "no failure";
  } catch (const tutti::Error& error) {
    EXPECT_EQ(error.code(), tutti::Code::invalid_argument);
    EXPECT_THAT(std::string(error.what()), HasSubstr("PAYMENTS_LIMIT_MINOR"));
    EXPECT_THAT(std::string(error.what()), HasSubstr("\nenvironment variable PAYMENTS_PORT"));
  }
}

TEST(Settings, are_a_mistake_for_a_service_that_has_none) {
  Process process;
  process.variable("PAYMENTS_LIMIT", "1");
  Sources sources(process.given());

  EXPECT_NO_THROW(sources.finish({"tutti"}));
  EXPECT_THROW(sources.finish({"tutti", "payments"}), Failure);
}

TEST(Settings, are_listed_with_value_and_source) {
  Process process;
  process.yaml("payments:\n  rules: [{name: r, percent: 5}]\n  labels: {env: prod}\n")
      .mounted("payments.gateway_key", "hush")
      .variable("PAYMENTS_RETRY_ATTEMPTS", "7")
      .flags({"--payments.port=80"});
  Settings settings;
  Sources sources(process.given());

  sources.load(tutti::detail::shape_of<Settings>(), &settings, "payments");

  std::string list;
  for (const Effective& one : sources.effective()) list += one.key + "=" + one.value + " " + one.source + "\n";
  EXPECT_EQ(list,
            "payments.limit_minor=1000 default\n"
            "payments.gateway_key=*** /run/secrets/payments.gateway_key\n"
            "payments.currency=eur default\n"
            "payments.dry_run=false default\n"
            "payments.retry.attempts=7 PAYMENTS_RETRY_ATTEMPTS\n"
            "payments.retry.first=200ms default\n"
            "payments.port=80 --payments.port\n"
            "payments.slow= default\n"
            "payments.hosts=a default\n"
            "payments.rules[0].name=r /etc/s.yaml:2:18\n"
            "payments.rules[0].percent=5 /etc/s.yaml:2:30\n"
            "payments.labels.env=prod /etc/s.yaml:3:17\n"
            "payments.targets= default\n"
            "payments.report= default\n");
}

TEST(Settings, are_printed_as_a_table_and_as_json) {
  const std::vector<Effective> settings{{"a.key", "x", "default"}, {"a.longer", "q\"\n", "A_LONGER"}};

  EXPECT_EQ(to_table(settings), "KEY       VALUE  SOURCE\na.key     x      default\na.longer  q\"     A_LONGER\n");
  EXPECT_EQ(to_json(settings),
            "[\n {\"key\":\"a.key\",\"value\":\"x\",\"source\":\"default\"},\n "
            "{\"key\":\"a.longer\",\"value\":\"q\\\"\\u000a\",\"source\":\"A_LONGER\"}\n]\n");
}

TEST(Settings, of_one_name_have_one_type) {
  Process process;
  Settings settings;
  Retry retry;
  Sources sources(process.given());
  sources.load(tutti::detail::shape_of<Settings>(), &settings, "payments");

  EXPECT_NO_THROW(sources.load(tutti::detail::shape_of<Settings>(), &settings, "payments"));
  EXPECT_THROW(sources.load(tutti::detail::shape_of<Retry>(), &retry, "payments"), tutti::Error);
}

}  // namespace
