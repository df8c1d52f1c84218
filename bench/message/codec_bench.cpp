// What the table costs: the codecs over shapes beside code written by hand for the same struct over simdjson's
// on-demand reader, alternating, median of the rounds. Prints nanoseconds of CPU time per document; arguments: none.
#include <simdjson.h>

#include <algorithm>
#include <cstdio>
#include <string>
#include <vector>

#include <tutti/contract.hpp>

#include "../cpu_clock.hpp"
#include "message/json_reader.hpp"
#include "message/json_writer.hpp"
#include "message/msgpack.hpp"

namespace bench {

struct Line {
  std::string sku;
  std::int64_t quantity;
  double price;
  bool gift;
};
struct Order {
  std::string id;
  std::string customer;
  std::int64_t total;
  std::vector<Line> lines;
};

Order order_of(int lines) {
  Order order{"o-1700000000", "ada.lovelace@example.org", 199900, {}};
  for (int i = 0; i < lines; ++i) {
    order.lines.push_back({"sku-" + std::to_string(1000 + i), i + 1, 12.75 + i / 8.0, i % 3 == 0});
  }
  return order;
}

// As one would write it: each value checked, keys in any order.
bool by_hand(simdjson::ondemand::parser& parser, const simdjson::padded_string& text, Order& order) {
  simdjson::ondemand::document document;
  simdjson::ondemand::object object;
  if (parser.iterate(text).get(document) || document.get_object().get(object)) return false;
  for (auto field : object) {
    std::string_view key;
    std::string_view string;
    if (field.unescaped_key().get(key)) return false;
    if (key == "id") {
      if (field.value().get_string().get(string)) return false;
      order.id.assign(string);
    } else if (key == "customer") {
      if (field.value().get_string().get(string)) return false;
      order.customer.assign(string);
    } else if (key == "total") {
      if (field.value().get_int64().get(order.total)) return false;
    } else if (key == "lines") {
      simdjson::ondemand::array array;
      if (field.value().get_array().get(array)) return false;
      for (auto element : array) {
        simdjson::ondemand::object item;
        if (element.get_object().get(item)) return false;
        Line& line = order.lines.emplace_back();
        for (auto part : item) {
          if (part.unescaped_key().get(key)) return false;
          if (key == "sku") {
            if (part.value().get_string().get(string)) return false;
            line.sku.assign(string);
          } else if (key == "quantity") {
            if (part.value().get_int64().get(line.quantity)) return false;
          } else if (key == "price") {
            if (part.value().get_double().get(line.price)) return false;
          } else if (key == "gift") {
            if (part.value().get_bool().get(line.gift)) return false;
          }
        }
      }
    }
  }
  return document.current_location().error() != simdjson::SUCCESS;  // only at the end there is none
}

// Nanoseconds per run.
double timed(int runs, auto run) {
  const auto start = cpu_time();
  for (int i = 0; i < runs; ++i) run();
  return static_cast<double>((cpu_time() - start).count()) / runs;
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

void compare(int lines) {
  const auto& shape = tutti::detail::shape_of<Order>();
  const Order order = order_of(lines);
  std::string json;
  tutti::message::Buffer msgpack;
  if (!tutti::message::write_json(shape, &order, json).empty()) std::abort();
  if (!tutti::message::write_msgpack(shape, &order, msgpack).empty()) std::abort();
  const simdjson::padded_string padded(json);
  simdjson::ondemand::parser parser;
  tutti::message::Buffer out;

  std::vector<double> hand, table, ratio, write, pack, unpack;
  const int runs = static_cast<int>(2'000'000 / json.size()) + 1;
  for (int round = 0; round < 21; ++round) {
    hand.push_back(timed(runs, [&] {
      Order read{};
      if (!by_hand(parser, padded, read)) std::abort();
    }));
    table.push_back(timed(runs, [&] {
      Order read{};
      if (!tutti::message::read_json(shape, &read, json).empty()) std::abort();
    }));
    ratio.push_back(table.back() / hand.back());
    write.push_back(timed(runs, [&] {
      out.clear();
      if (!tutti::message::write_json(shape, &order, out).empty()) std::abort();
    }));
    pack.push_back(timed(runs, [&] {
      out.clear();
      if (!tutti::message::write_msgpack(shape, &order, out).empty()) std::abort();
    }));
    unpack.push_back(timed(runs, [&] {
      Order read{};
      if (!tutti::message::read_msgpack(shape, &read, msgpack.view()).empty()) std::abort();
    }));
  }
  std::printf(
      "%6zu bytes: read by hand %8.0f ns, by table %8.0f ns (%.2f x); write %8.0f ns; msgpack read %8.0f ns, write "
      "%8.0f ns\n",
      json.size(), median(hand), median(table), median(ratio), median(write), median(unpack), median(pack));
}

}  // namespace bench

int main() {
  for (const int lines : {0, 2, 15, 300}) bench::compare(lines);
}
