#include "fleet/fleet_file.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

#include "fleet/fleet_text.hpp"
#include "fleet/refusal.hpp"

namespace tutti::fleet {
namespace {

class FleetFile : public ::testing::Test {
 protected:
  FleetFile() {
    std::string name = (std::filesystem::temp_directory_path() / "fleet-XXXXXX").string();
    folder_ = ::mkdtemp(name.data());
  }
  ~FleetFile() override { std::filesystem::remove_all(folder_); }

  std::filesystem::path write(const std::string& name, const std::string& text) {
    std::ofstream(folder_ / name) << text;
    return folder_ / name;
  }
  DesiredState read(const std::string& text, Variables surroundings = {}) {
    return read_fleet({.files = {write("compose.yaml", text)}, .surroundings = std::move(surroundings)});
  }
  std::string refusal_of(const std::string& text) {
    try {
      (void)read(text);
    } catch (const Refusal& refusal) {
      EXPECT_EQ(refusal.code(), exit_code::settings);
      return std::string(refusal.what()).substr(folder_.string().size() + 1);
    }
    return "nothing was refused";
  }

  std::filesystem::path folder_;
};

TEST_F(FleetFile, names_line_and_nearest_key_of_an_unknown_one) {
  EXPECT_EQ(refusal_of("services:\n  web:\n    comand: run\n"),
            "compose.yaml:3:5: service \"web\": key \"comand\" is not known; did you mean \"command\"");
}

TEST_F(FleetFile, refuses_what_it_cannot_honour) {
  EXPECT_EQ(refusal_of("services:\n  web:\n    command: x\n    extends: y\n"),
            "compose.yaml:4:5: service \"web\": extends is not supported; write the service out, use a YAML anchor, or "
            "give several -f files");
}

TEST_F(FleetFile, quotes_a_wrong_number) {
  EXPECT_EQ(refusal_of("services:\n  web:\n    command: x\n    deploy: {replicas: tow}\n"),
            "compose.yaml:4:14: service \"web\": deploy.replicas is \"tow\"; expected a whole number from 0 to 256");
}

TEST_F(FleetFile, notes_what_it_ignores) {
  const DesiredState state = read("services:\n  web:\n    command: x\n    image: nginx\n");

  ASSERT_EQ(state.ignored.size(), 1u);
  EXPECT_NE(state.ignored[0].find("compose.yaml:4:5: service \"web\": image is ignored"), std::string::npos);
}

TEST_F(FleetFile, publishes_ports_that_only_processes_publish) {
  const DesiredState state = read(
      "x-tutti: {broker: false}\nservices:\n  web:\n    x-tutti: {binary: web, ports: [\"8081:80\", \"8082:81\"]}\n    "
      "ports: [\"8081:80\"]\n");

  ASSERT_EQ(state.services[0].ports.size(), 2u);
  EXPECT_EQ(state.services[0].ports[0].first, 8081);
  EXPECT_EQ(state.services[0].ports[1].first, 8082);
}

TEST_F(FleetFile, takes_variables_from_the_surroundings_before_dot_env) {
  write(".env", "PORT=1\nNAME='from file'\n");
  const DesiredState state =
      read("services:\n  web:\n    command: x\n    ports: [\"${PORT}:80\"]\n    environment: {NAME: $NAME}\n",
           {{"PORT", "8081"}});

  EXPECT_EQ(state.services[0].ports[0].first, 8081);
  EXPECT_EQ(state.services[0].ports[0].host, "127.0.0.1");
  EXPECT_EQ(state.services[0].environment.at("NAME"), "from file");
}

TEST_F(FleetFile, merges_by_the_rules_of_compose) {
  const auto first =
      write("a.yaml", "services:\n  web:\n    command: [a, b]\n    environment: [A=1, B=1]\n    ports: [\"1:80\"]\n");
  const auto second =
      write("b.yaml", "services:\n  web:\n    command: [c]\n    environment: {B: 2}\n    ports: [\"2:80\"]\n");

  const DesiredState state = read_fleet({.files = {first, second}});

  EXPECT_EQ(state.services[0].command, std::vector<std::string>{"c"});
  EXPECT_EQ(state.services[0].environment, (std::map<std::string, std::string>{{"A", "1"}, {"B", "2"}}));
  EXPECT_EQ(state.services[0].ports.size(), 2u);
}

TEST_F(FleetFile, orders_services_behind_what_they_depend_on) {
  const DesiredState state =
      read("services:\n  a:\n    command: x\n    depends_on: {b: {condition: service_healthy}}\n  b: {command: x}\n");

  EXPECT_EQ(state.services[0].name, "b");
  EXPECT_EQ(state.services[1].depends_on[0].condition, Condition::healthy);
}

TEST_F(FleetFile, refuses_a_circle) {
  EXPECT_NE(refusal_of("services:\n  a: {command: x, depends_on: [b]}\n  b: {command: x, depends_on: [a]}\n")
                .find("depends on itself"),
            std::string::npos);
}

TEST_F(FleetFile, starts_a_hosted_service_with_its_host_only) {
  const DesiredState state = read(
      "x-tutti: {broker: false}\nservices:\n  orders:\n    x-tutti: {binary: shop, with: [payments]}\n  payments:\n    "
      "x-tutti: {binary: "
      "payments}\n    environment: {LIMIT: 5}\n"
      "  web:\n    command: x\n    depends_on: [payments]\n");

  ASSERT_EQ(state.services.size(), 2u);
  EXPECT_EQ(state.host_of("payments")->name, "orders");
  EXPECT_EQ(state.services[0].environment.at("LIMIT"), "5");
  EXPECT_EQ(state.services[1].depends_on[0].service, "orders");
}

TEST_F(FleetFile, lets_host_and_guest_depend_on_each_other) {
  const DesiredState state = read(
      "x-tutti: {broker: false}\nservices:\n  orders:\n    x-tutti: {binary: shop, with: [payments]}\n    depends_on: "
      "[payments, catalog]\n"
      "  payments:\n    x-tutti: {binary: payments}\n    depends_on: {catalog: {condition: service_healthy}}\n"
      "  catalog: {command: x}\n");

  ASSERT_EQ(state.services.size(), 2u);
  ASSERT_EQ(state.services[1].depends_on.size(), 2u);  // both conditions on catalog stay
  EXPECT_EQ(state.services[1].depends_on[1].condition, Condition::healthy);
}

TEST_F(FleetFile, leaves_out_services_of_other_profiles) {
  EXPECT_EQ(read("services:\n  a: {command: x}\n  b: {command: x, profiles: [debug]}\n").services.size(), 1u);
  EXPECT_EQ(
      read("services:\n  a: {command: x}\n  b: {command: x, profiles: [debug]}\n", {{"COMPOSE_PROFILES", "debug"}})
          .services.size(),
      2u);
}

TEST_F(FleetFile, mounts_a_secret_under_the_name_of_its_setting) {
  write("key.txt", "s3cret");
  const DesiredState state = read(
      "services:\n  a:\n    command: x\n    secrets: [payments.gateway_key]\nsecrets:\n  payments.gateway_key: {file: "
      "key.txt}\n");

  EXPECT_EQ(state.services[0].secrets[0].name, "payments.gateway_key");
  EXPECT_EQ(state.services[0].secrets[0].content, "s3cret");
  EXPECT_EQ(to_text(state).find("s3cret"), std::string::npos);
}

TEST(VariablesOfAFile, may_be_quoted_over_several_lines) {
  const auto nothing = [](std::string_view) -> std::optional<std::string> { return std::nullopt; };

  EXPECT_EQ(read_variables(".env", "KEY='-----BEGIN\n# no comment\n-----END' # one\nB=\"1\n2 $KEY\"\nC=3", nothing),
            (Variables{{"KEY", "-----BEGIN\n# no comment\n-----END"},
                       {"B", "1\n2 -----BEGIN\n# no comment\n-----END"},
                       {"C", "3"}}));
}

TEST(Duration, is_read_as_compose_writes_it) {
  EXPECT_EQ(parse_duration("1m30s"), std::chrono::milliseconds(90'000));
  EXPECT_EQ(parse_duration("500ms"), std::chrono::milliseconds(500));
  EXPECT_EQ(parse_duration("10"), std::nullopt);
  EXPECT_EQ(parse_duration("-1s"), std::nullopt);
}

}  // namespace
}  // namespace tutti::fleet
