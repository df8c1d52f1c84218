// JSON and MessagePack of the echo's message, text to struct and struct to text, beside the libraries that C++ programs
// use for it. All alternate in each round. Prints one JSON object: per size and operation the nanoseconds of each
// (median of the rounds) and how many times as long as tutti each took (median of the rounds' quotients).
//   codec_peers ROUNDS
#include <rapidjson/document.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <boost/json.hpp>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "../../cpu_clock.hpp"
#include "by_hand.hpp"
#include "message/json_reader.hpp"
#include "message/json_writer.hpp"
#include "message/msgpack.hpp"
#ifdef BENCH_MSGPACK_CXX
#include <msgpack.hpp>
#endif

namespace {

using bench::Line;
using bench::Message;

Message message_of(int lines) {
  Message message{.id = 17, .name = "ada", .paid = true};
  for (int i = 0; i < lines; ++i) message.lines.push_back({"sku-" + std::to_string(i), i, i + 0.25});
  return message;
}

[[noreturn]] void wrong(const char* what) {
  std::fprintf(stderr, "%s did not read what was written\n", what);
  std::exit(1);
}

Message from_boost(const std::string& text) {
  const boost::json::value document = boost::json::parse(text);
  const boost::json::object& object = document.as_object();
  Message message{.id = object.at("id").as_int64(), .paid = object.at("paid").as_bool()};
  message.name = object.at("name").as_string();
  for (const boost::json::value& element : object.at("lines").as_array()) {
    const boost::json::object& line = element.as_object();
    message.lines.push_back(
        {std::string(line.at("sku").as_string()), line.at("quantity").as_int64(), line.at("price").as_double()});
  }
  return message;
}

std::string to_boost(const Message& message) {
  boost::json::array lines;
  lines.reserve(message.lines.size());
  for (const Line& line : message.lines) {
    lines.push_back(boost::json::object{{"sku", line.sku}, {"quantity", line.quantity}, {"price", line.price}});
  }
  return boost::json::serialize(boost::json::object{
      {"id", message.id}, {"name", message.name}, {"paid", message.paid}, {"lines", std::move(lines)}});
}

Message from_nlohmann(const std::string& text) {
  const nlohmann::json document = nlohmann::json::parse(text);
  Message message{.id = document.at("id").get<std::int64_t>(), .paid = document.at("paid").get<bool>()};
  message.name = document.at("name").get_ref<const std::string&>();
  for (const nlohmann::json& line : document.at("lines")) {
    message.lines.push_back({line.at("sku").get_ref<const std::string&>(), line.at("quantity").get<std::int64_t>(),
                             line.at("price").get<double>()});
  }
  return message;
}

std::string to_nlohmann(const Message& message) {
  nlohmann::json lines = nlohmann::json::array();
  for (const Line& line : message.lines) {
    lines.push_back({{"sku", line.sku}, {"quantity", line.quantity}, {"price", line.price}});
  }
  return nlohmann::json{{"id", message.id}, {"name", message.name}, {"paid", message.paid}, {"lines", std::move(lines)}}
      .dump();
}

Message from_rapidjson(const std::string& text) {
  rapidjson::Document document;
  if (document.Parse(text.data(), text.size()).HasParseError()) wrong("RapidJSON");
  Message message{.id = document["id"].GetInt64(), .paid = document["paid"].GetBool()};
  message.name.assign(document["name"].GetString(), document["name"].GetStringLength());
  for (const auto& line : document["lines"].GetArray()) {
    message.lines.push_back({std::string(line["sku"].GetString(), line["sku"].GetStringLength()),
                             line["quantity"].GetInt64(), line["price"].GetDouble()});
  }
  return message;
}

void to_rapidjson(const Message& message, rapidjson::StringBuffer& out) {
  rapidjson::Writer<rapidjson::StringBuffer> writer(out);
  writer.StartObject();
  writer.Key("id");
  writer.Int64(message.id);
  writer.Key("name");
  writer.String(message.name.data(), static_cast<rapidjson::SizeType>(message.name.size()));
  writer.Key("paid");
  writer.Bool(message.paid);
  writer.Key("lines");
  writer.StartArray();
  for (const Line& line : message.lines) {
    writer.StartObject();
    writer.Key("sku");
    writer.String(line.sku.data(), static_cast<rapidjson::SizeType>(line.sku.size()));
    writer.Key("quantity");
    writer.Int64(line.quantity);
    writer.Key("price");
    writer.Double(line.price);
    writer.EndObject();
  }
  writer.EndArray();
  writer.EndObject();
}

#ifdef BENCH_MSGPACK_CXX
struct PackedLine {
  std::string sku;
  std::int64_t quantity = 0;
  double price = 0;
  MSGPACK_DEFINE_MAP(sku, quantity, price)
};
struct PackedMessage {
  std::int64_t id = 0;
  std::string name;
  bool paid = false;
  std::vector<PackedLine> lines;
  MSGPACK_DEFINE_MAP(id, name, paid, lines)
};
#endif

using Contest = std::map<std::string, std::function<void()>>;

double nanoseconds(int runs, const std::function<void()>& run) {
  const auto start = bench::cpu_time();
  for (int i = 0; i < runs; ++i) run();
  return static_cast<double>((bench::cpu_time() - start).count()) / runs;
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

void print(const char* what, const Contest& contest, int rounds, std::size_t bytes) {
  const int runs = static_cast<int>(400'000 / bytes) + 1;
  std::map<std::string, std::vector<double>> seen, quotients;
  for (int round = 0; round <= rounds; ++round) {
    std::map<std::string, double> now;
    for (const auto& [name, run] : contest) now[name] = nanoseconds(runs, run);
    if (round == 0) continue;  // warms up
    for (const auto& [name, taken] : now) {
      seen[name].push_back(taken);
      quotients[name].push_back(taken / now.at("tutti"));
    }
  }
  std::printf("\"%s\": {", what);
  const char* comma = "";
  for (const auto& [name, values] : seen) {
    std::printf("%s\"%s\": {\"ns\": %.1f, \"times\": %.3f}", comma, name.c_str(), median(values),
                median(quotients[name]));
    comma = ", ";
  }
  std::printf("}");
}

void compare(int lines, int rounds) {
  const auto& shape = tutti::detail::shape_of<Message>();
  const Message message = message_of(lines);
  tutti::message::Buffer json, packed;
  if (!tutti::message::write_json(shape, &message, json).empty()) wrong("tutti");
  if (!tutti::message::write_msgpack(shape, &message, packed).empty()) wrong("tutti");
  std::string text(json.view());
  text.reserve(text.size() + 64);

  const auto same = [&](const char* name, const Message& read) {
    if (read.name != message.name || read.lines.size() != message.lines.size()) wrong(name);
  };
  const Contest decode = {
      {"tutti",
       [&] {
         Message read;
         if (!tutti::message::read_json(shape, &read, text).empty()) wrong("tutti");
       }},
      {"simdjson by hand",
       [&] {
         Message read;
         if (!bench::read_by_hand(text, read)) wrong("simdjson");
       }},
      {"Boost.JSON", [&] { same("Boost.JSON", from_boost(text)); }},
      {"nlohmann", [&] { same("nlohmann", from_nlohmann(text)); }},
      {"RapidJSON", [&] { same("RapidJSON", from_rapidjson(text)); }},
  };
  tutti::message::Buffer out;
  std::string appended;
  rapidjson::StringBuffer rapid;
  const Contest encode = {
      {"tutti",
       [&] {
         out.clear();
         if (!tutti::message::write_json(shape, &message, out).empty()) wrong("tutti");
       }},
      {"by hand",
       [&] {
         appended.clear();
         bench::write_by_hand(message, appended);
       }},
      {"Boost.JSON", [&] { (void)to_boost(message); }},
      {"nlohmann", [&] { (void)to_nlohmann(message); }},
      {"RapidJSON",
       [&] {
         rapid.Clear();
         to_rapidjson(message, rapid);
       }},
  };
  std::printf("{\"json_bytes\": %zu, \"msgpack_bytes\": %zu, ", text.size(), packed.size());
  print("json decode", decode, rounds, text.size());
  std::printf(", ");
  print("json encode", encode, rounds, text.size());

  Contest unpack = {{"tutti", [&] {
                       Message read;
                       if (!tutti::message::read_msgpack(shape, &read, packed.view()).empty()) wrong("tutti");
                     }}};
  Contest pack = {{"tutti", [&] {
                     out.clear();
                     if (!tutti::message::write_msgpack(shape, &message, out).empty()) wrong("tutti");
                   }}};
#ifdef BENCH_MSGPACK_CXX
  PackedMessage other{message.id, message.name, message.paid, {}};
  for (const Line& line : message.lines) other.lines.push_back({line.sku, line.quantity, line.price});
  msgpack::sbuffer buffer;
  unpack["msgpack-cxx"] = [&] {
    PackedMessage read;
    msgpack::unpack(packed.view().data(), packed.size()).get().convert(read);
    if (read.lines.size() != message.lines.size()) wrong("msgpack-cxx");
  };
  pack["msgpack-cxx"] = [&] {
    buffer.clear();
    msgpack::pack(buffer, other);
  };
#endif
  std::printf(", ");
  print("msgpack decode", unpack, rounds, packed.size());
  std::printf(", ");
  print("msgpack encode", pack, rounds, packed.size());
  std::printf("}");
}

}  // namespace

int main(int argc, char** argv) {
  const int rounds = argc > 1 ? std::atoi(argv[1]) : 21;
  std::printf("[");
  const char* comma = "";
  for (const int lines : {0, 22, 440}) {
    std::printf("%s", comma);
    compare(lines, rounds);
    comma = ",\n ";
  }
  std::printf("]\n");
}
