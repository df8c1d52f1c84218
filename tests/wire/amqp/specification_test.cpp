// Our methods against the specification's XML (Debian's amqp-specs), and against another implementation: librabbitmq
// reads what we write, and what it writes from that is the same again.
#include <amqp.h>
#include <amqp_framing.h>
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "samples.hpp"

namespace tutti::wire::amqp {
namespace {

// "queue.declare 50.10" with one "shortstr queue" for each field.
using MethodTable = std::map<std::string, std::vector<std::string>>;

class FieldLister {
 public:
  void octet(std::string_view name, std::uint8_t) { add("octet", name); }
  void short_number(std::string_view name, std::uint16_t) { add("short", name); }
  void long_number(std::string_view name, std::uint32_t) { add("long", name); }
  void longlong_number(std::string_view name, std::uint64_t) { add("longlong", name); }
  void shortstr(std::string_view name, std::string_view) { add("shortstr", name); }
  void longstr(std::string_view name, std::string_view) { add("longstr", name); }
  void table(std::string_view name, Table) { add("table", name); }
  void bit(std::string_view name, bool) { add("bit", name); }
  void reserved_short() { add("short", "reserved"); }
  void reserved_shortstr() { add("shortstr", "reserved"); }
  void reserved_longstr() { add("longstr", "reserved"); }
  void reserved_bit() { add("bit", "reserved"); }
  std::vector<std::string> fields;

 private:
  void add(std::string_view type, std::string_view name) {
    fields.push_back(std::string(type) + " " + std::string(name));
  }
};

std::string line_of(const MethodKey& key) {
  return std::string(key.name) + " " + std::to_string(key.class_id) + "." + std::to_string(key.method_id) +
         (key.content == Content::follows ? " content" : "");
}

MethodTable our_methods() {
  MethodTable out;
  for_each_method([&](const auto& method) {
    FieldLister lister;
    method.fields(method, lister);
    out[line_of(method.key)] = lister.fields;
  });
  return out;
}

// The value of ` name="value"`, or nothing.
std::string attribute(const std::string& element, const std::string& name) {
  const std::string opening = " " + name + "=\"";
  const std::size_t at = element.find(opening);
  if (at == std::string::npos) return "";
  const std::size_t begin = at + opening.size();
  return element.substr(begin, element.find('"', begin) - begin);
}

// One element in each line, as the stripped XML has it.
class Specification {
 public:
  explicit Specification(std::istream& in) {
    for (std::string line; std::getline(in, line);) take(line);
  }
  MethodTable methods;

 private:
  void take(const std::string& line) {
    const auto is = [&](const char* element) { return line.find(element) != std::string::npos; };
    if (is("<domain ")) types_[attribute(line, "name")] = attribute(line, "type");
    if (is("<class ")) {
      class_name_ = attribute(line, "name");
      class_id_ = attribute(line, "index");
      fields_ = nullptr;
    }
    if (is("<method ")) {
      fields_ = &methods[class_name_ + "." + attribute(line, "name") + " " + class_id_ + "." +
                         attribute(line, "index") + (attribute(line, "content") == "1" ? " content" : "")];
    }
    if (is("<field ") && fields_ != nullptr) {
      const std::string domain = attribute(line, "domain");
      const std::string type = domain.empty() ? attribute(line, "type") : types_[domain];
      fields_->push_back(type + " " + (attribute(line, "reserved") == "1" ? "reserved" : attribute(line, "name")));
    }
  }

  std::map<std::string, std::string> types_;
  std::string class_name_;
  std::string class_id_;
  std::vector<std::string>* fields_ = nullptr;  // null: those of the class, its properties
};

// What RabbitMQ added without a word in the XML.
const std::set<std::string> extensions{"connection.blocked 10.60", "connection.unblocked 10.61",
                                       "connection.update-secret 10.70", "connection.update-secret-ok 10.71"};

TEST(Specification, has_our_methods_and_no_others) {
  std::ifstream in("/usr/share/amqp/specs/0-9-1-rabbit/amqp0-9-1.stripped.extended.xml");
  if (!in) GTEST_SKIP() << "the package amqp-specs is not installed";
  const Specification specification(in);
  MethodTable ours = our_methods();
  for (const std::string& extension : extensions) EXPECT_EQ(ours.erase(extension), 1u) << extension;

  EXPECT_EQ(ours, specification.methods);
}

class Pool {
 public:
  Pool() { init_amqp_pool(&pool_, 4096); }
  ~Pool() { empty_amqp_pool(&pool_); }
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;
  amqp_pool_t* get() { return &pool_; }

 private:
  amqp_pool_t pool_ = {};
};

amqp_bytes_t foreign(std::string_view bytes) { return {bytes.size(), const_cast<char*>(bytes.data())}; }

TEST(Librabbitmq, reads_every_method_and_writes_the_same_bytes) {
  std::set<std::string> unknown;
  for_each_method([&](const auto& method) {
    const std::string frame = frame_of(method);
    const std::string_view fields = payload_of(frame).substr(4);
    const auto id = static_cast<amqp_method_number_t>(method.key.class_id << 16 | method.key.method_id);
    if (amqp_method_name(id) == nullptr) {
      unknown.insert(line_of(method.key));
      return;
    }
    Pool pool;
    void* decoded = nullptr;

    ASSERT_EQ(amqp_decode_method(id, pool.get(), foreign(fields), &decoded), AMQP_STATUS_OK) << method.key.name;
    std::string again(4096, '\0');
    const int size = amqp_encode_method(id, decoded, foreign(again));

    ASSERT_GE(size, 0) << method.key.name;
    again.resize(static_cast<std::size_t>(size));
    EXPECT_EQ(again, fields) << method.key.name;
    EXPECT_EQ(parse_method(std::string(payload_of(frame).substr(0, 4)) + again).method, Method(method));
  });
  EXPECT_EQ(unknown, (std::set<std::string>{"connection.update-secret 10.70", "connection.update-secret-ok 10.71"}));
}

TEST(Librabbitmq, reads_every_type_of_a_table_and_writes_the_same_bytes) {
  std::string bytes;
  append_table(bytes, every_type().table());
  Pool pool;
  amqp_table_t table = {};
  std::size_t at = 0;

  ASSERT_EQ(amqp_decode_table(foreign(bytes), pool.get(), &table, &at), AMQP_STATUS_OK);
  ASSERT_EQ(at, bytes.size());
  std::string again(bytes.size(), '\0');
  at = 0;
  ASSERT_EQ(amqp_encode_table(foreign(again), &table, &at), AMQP_STATUS_OK);

  EXPECT_EQ(again, bytes);
  ASSERT_EQ(table.num_entries, 18);
  for (int i = 0; i < table.num_entries; ++i) {
    const amqp_bytes_t key = table.entries[i].key;
    ASSERT_EQ(key.len, 1u);
    EXPECT_EQ(table.entries[i].value.kind, static_cast<const char*>(key.bytes)[0]) << "a key is its type's letter";
  }
}

TEST(Librabbitmq, reads_all_properties_and_writes_the_same_bytes) {
  const Properties properties{.content_type = "application/json",
                              .content_encoding = "utf-8",
                              .headers = every_type().table(),
                              .delivery_mode = 2,
                              .priority = 5,
                              .correlation_id = "c-1",
                              .reply_to = "r-1",
                              .expiration = "5000",
                              .message_id = "m-1",
                              .timestamp = 1'767'225'600,
                              .type = "placed",
                              .user_id = "guest",
                              .app_id = "shop",
                              .cluster_id = "c"};
  std::string bytes;
  append_properties(bytes, properties);
  Pool pool;
  void* decoded = nullptr;

  ASSERT_EQ(amqp_decode_properties(AMQP_BASIC_CLASS, pool.get(), foreign(bytes), &decoded), AMQP_STATUS_OK);
  std::string again(4096, '\0');
  const int size = amqp_encode_properties(AMQP_BASIC_CLASS, decoded, foreign(again));

  ASSERT_GE(size, 0);
  again.resize(static_cast<std::size_t>(size));
  EXPECT_EQ(again, bytes);
}

}  // namespace
}  // namespace tutti::wire::amqp
