// Two OpenAPI or AsyncAPI documents of one service, compared as the others would feel it. What a caller sends (requests,
// events that are handled) may be asked less of, what it gets (replies, events that are announced) may hold more; the
// other way round breaks somebody.
#include <algorithm>
#include <charconv>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <tutti/error.hpp>

#include "message/json_parts.hpp"
#include "message/json_reader.hpp"
#include "service/documents.hpp"

namespace tutti::detail {
namespace {

using Element = std::string_view;  // JSON text of a value; empty: absent
using Kind = ContractDifference::Kind;

enum class Side { request, reply };

std::map<std::string, Element> members(Element object) {
  std::map<std::string, Element> all;
  if (!object.starts_with('{')) return all;
  for (message::JsonPart& part : message::json_parts(object)) all.emplace(std::move(part.name), part.text);
  return all;
}

std::vector<Element> items(Element array) {
  std::vector<Element> all;
  if (!array.starts_with('[')) return all;
  for (const message::JsonPart& part : message::json_parts(array)) all.push_back(part.text);
  return all;
}

Element member(Element object, std::string_view key) {
  if (!object.starts_with('{')) return {};
  for (const message::JsonPart& part : message::json_parts(object)) {
    if (part.name == key) return part.text;
  }
  return {};
}

std::string text_at(Element object, std::string_view key) { return message::json_string(member(object, key)).value_or(""); }

std::vector<std::string> texts_at(Element object, std::string_view key) {
  std::vector<std::string> texts;
  for (const Element item : items(member(object, key))) {
    if (std::optional<std::string> text = message::json_string(item)) texts.push_back(std::move(*text));
  }
  return texts;
}

std::optional<double> number_at(Element object, std::string_view key) {
  const Element text = member(object, key);
  double number = 0;
  if (std::from_chars(text.data(), text.data() + text.size(), number).ec != std::errc()) return std::nullopt;
  return number;
}

bool contains(const std::vector<std::string>& list, const std::string& item) {
  for (const std::string& each : list) {
    if (each == item) return true;
  }
  return false;
}

class Comparison {
 public:
  Comparison(Element before, Element after)
      : before_(before), after_(after), schemas_before_(schemas_of(before)), schemas_after_(schemas_of(after)) {}

  std::vector<ContractDifference> run_events() {
    const auto old_operations = operations(before_), new_operations = operations(after_);
    for (const auto& [name, operation] : old_operations) {
      const auto found = new_operations.find(name);
      if (found != new_operations.end()) {
        compare_operation(name, operation, found->second);
      } else if (name.starts_with(handling)) {
        compatible(name + " is gone; its queue " + text_at(operation, "x-tutti-queue") + " stays until it is removed");
      } else {
        breaking(name + " is gone");
      }
    }
    for (const auto& [name, operation] : new_operations) {
      if (!old_operations.contains(name)) compatible(name + " is new");
    }
    return std::move(found_);
  }

  std::vector<ContractDifference> run() {
    const auto old_methods = methods(before_), new_methods = methods(after_);
    for (const auto& [name, old_method] : old_methods) {
      const auto found = new_methods.find(name);
      if (found == new_methods.end()) {
        breaking(name + " is gone");
      } else {
        compare_method(name, old_method, found->second);
      }
    }
    for (const auto& [name, method] : new_methods) {
      if (!old_methods.contains(name)) compatible(name + " is new");
    }
    return std::move(found_);
  }

 private:
  struct Method {
    std::string route;
    Element operation;
  };

  static constexpr std::string_view handling = "handle.";  // how the names of such operations begin

  static std::map<std::string, Element> operations(Element document) {
    const Element all = member(document, "operations");
    if (all.empty()) throw Error(Code::invalid_argument, "this is no contract: it has no operations");
    return members(all);
  }

  // "#/channels/orders.placed/messages/event", and what that refers to.
  static Element referred(Element document, Element element) {
    for (int depth = 0; depth < 8; ++depth) {
      const std::string reference = text_at(element, "$ref");
      if (!reference.starts_with("#/")) return element;
      element = document;
      for (std::size_t at = 2; at <= reference.size() && !element.empty();) {
        const std::size_t end = std::min(reference.find('/', at), reference.size());
        element = member(element, reference.substr(at, end - at));
        at = end + 1;
      }
      if (element.empty()) throw Error(Code::invalid_argument, "the contract refers to \"" + reference + "\", which it does not have");
    }
    return element;
  }

  static Element payload_of(Element document, Element operation) {
    const std::vector<Element> all = items(member(operation, "messages"));
    return all.empty() ? Element() : member(referred(document, all.front()), "payload");
  }

  void compare_operation(const std::string& name, Element before, Element after) {
    const std::string old_address = text_at(referred(before_, member(before, "channel")), "address");
    const std::string new_address = text_at(referred(after_, member(after, "channel")), "address");
    if (old_address != new_address) breaking(name + ": its address was " + old_address + " and is " + new_address);
    const std::string old_queue = text_at(before, "x-tutti-queue"), new_queue = text_at(after, "x-tutti-queue");
    if (old_queue != new_queue) breaking(name + ": its queue was " + old_queue + " and is " + new_queue + "; what lies in the old one is not handled");
    const Element old_payload = payload_of(before_, before), new_payload = payload_of(after_, after);
    if (old_payload.empty() || new_payload.empty()) throw Error(Code::invalid_argument, "the operation " + name + " has no message");
    compare_schema(name + ": the message", old_payload, new_payload, text_at(after, "action") == "send" ? Side::reply : Side::request);
  }

  void breaking(std::string what) { found_.push_back({Kind::breaking, std::move(what)}); }
  void compatible(std::string what) { found_.push_back({Kind::compatible, std::move(what)}); }

  static std::map<std::string, Method> methods(Element document) {
    std::map<std::string, Method> all;
    const Element paths = member(document, "paths");
    if (paths.empty()) throw Error(Code::invalid_argument, "this is no contract: it has no paths");
    for (const auto& [path, operations] : members(paths)) {
      for (const auto& [verb, operation] : members(operations)) all.emplace(text_at(operation, "operationId"), Method{verb + " " + path, operation});
    }
    return all;
  }

  void compare_method(const std::string& name, const Method& before, const Method& after) {
    if (before.route != after.route) breaking(name + ": its route was " + before.route + " and is " + after.route);
    const std::string old_repeat = text_at(before.operation, "x-tutti-repeat"), new_repeat = text_at(after.operation, "x-tutti-repeat");
    if (old_repeat != new_repeat) {
      (new_repeat == "unsafe" ? breaking(name + ": may no longer be repeated (" + old_repeat + " became unsafe)") : compatible(name + ": repeat was " + old_repeat + " and is " + new_repeat));
    }
    compare_order(name, texts_at(before.operation, "x-tutti-order"), texts_at(after.operation, "x-tutti-order"));
    compare_member(name + ": the request", before.operation, after.operation, "x-tutti-request", Side::request);
    compare_parameters(name, before.operation, after.operation);
    const Element old_responses = member(before.operation, "responses"), new_responses = member(after.operation, "responses");
    if (!old_responses.empty() && !new_responses.empty()) compare_responses(name, members(old_responses), members(new_responses));
    const auto old_errors = texts_at(before.operation, "x-tutti-throws"), new_errors = texts_at(after.operation, "x-tutti-throws");
    for (const std::string& error : new_errors) {
      if (!contains(old_errors, error)) compatible(name + ": may now throw " + error + "; callers built before see tutti::Error with its code");
    }
    for (const std::string& error : old_errors) {
      if (!contains(new_errors, error)) compatible(name + ": no longer throws " + error);
    }
  }

  void compare_order(const std::string& name, const std::vector<std::string>& before, const std::vector<std::string>& after) {
    for (std::size_t i = 0; i < before.size(); ++i) {
      if (i < after.size() && before[i] == after[i]) continue;
      if (contains(after, before[i])) breaking(name + ": the request's field \"" + before[i] + "\" has moved; the order of fields is part of the contract, new ones go to the end");
      return;  // one word about it is enough; removals are told by the schema
    }
  }

  // Where a parameter travels is part of the contract, too; what it may hold is compared with the request's type.
  void compare_parameters(const std::string& name, Element before, Element after) {
    const auto places = [](Element operation) {
      std::map<std::string, std::string> all;
      for (const Element parameter : items(member(operation, "parameters"))) all[text_at(parameter, "name")] = text_at(parameter, "in");
      return all;
    };
    const auto old_places = places(before), new_places = places(after);
    for (const auto& [parameter, place] : old_places) {
      const auto found = new_places.find(parameter);
      if (found == new_places.end()) {
        if (parameter != "Idempotency-Key") breaking(name + ": the " + place + " parameter \"" + parameter + "\" is gone");
      } else if (found->second != place) {
        breaking(name + ": \"" + parameter + "\" was in the " + place + " and is in the " + found->second);
      }
    }
  }

  void compare_responses(const std::string& name, const std::map<std::string, Element>& before, const std::map<std::string, Element>& after) {
    for (const auto& [status, old_response] : before) {
      if (!status.starts_with('2')) continue;
      const auto found = after.find(status);
      if (found == after.end()) {
        breaking(name + ": no longer answers " + status);
        continue;
      }
      const Element old_content = member(old_response, "content"), new_content = member(found->second, "content");
      if (!old_content.empty() && new_content.empty()) breaking(name + ": the reply is gone");
      if (old_content.empty() || new_content.empty()) continue;
      const auto new_media = members(new_content);
      for (const auto& [media, old_body] : members(old_content)) {
        const auto same_media = new_media.find(media);
        if (same_media == new_media.end()) {
          breaking(name + ": no longer answers in " + media);
        } else {
          compare_member(name + ": the reply", old_body, same_media->second, "schema", Side::reply);
        }
      }
    }
  }

  void compare_member(const std::string& where, Element before, Element after, const char* key, Side side) {
    const Element old_schema = member(before, key), new_schema = member(after, key);
    const bool had = !old_schema.empty(), has = !new_schema.empty();
    if (had && has) compare_schema(where, old_schema, new_schema, side);
    if (had != has) breaking(where + (had ? " is gone" : " is new"));
  }

  static std::map<std::string, Element> schemas_of(Element document) { return members(member(member(document, "components"), "schemas")); }

  static Element resolved(const std::map<std::string, Element>& schemas, Element schema) {
    const std::string reference = text_at(schema, "$ref");
    constexpr std::string_view prefix = "#/components/schemas/";
    if (!reference.starts_with(prefix)) return schema;
    const auto found = schemas.find(reference.substr(prefix.size()));
    if (found == schemas.end()) {
      throw Error(Code::invalid_argument, "the contract refers to \"" + reference + "\", which it does not have");
    }
    return found->second;
  }

  static std::string type_of(Element schema) {
    if (std::string type = text_at(schema, "type"); !type.empty()) return type;
    std::string joined;
    for (const std::string& type : texts_at(schema, "type")) joined += (joined.empty() ? "" : " or ") + type;
    if (!joined.empty()) return joined;
    if (!member(schema, "oneOf").empty()) return "a choice";
    if (!member(schema, "anyOf").empty()) return "an optional";
    return "anything";
  }

  void compare_schema(const std::string& where, Element before, Element after, Side side) {
    const std::string old_name = text_at(before, "$ref"), new_name = text_at(after, "$ref");
    if (!old_name.empty() && !new_name.empty() && !visited_.emplace(old_name + " " + new_name + (side == Side::request ? " <" : " >")).second) return;
    before = resolved(schemas_before_, before);
    after = resolved(schemas_after_, after);
    const std::string old_type = type_of(before), new_type = type_of(after);
    if (old_type != new_type) return breaking(where + " was " + old_type + " and is " + new_type);
    if (const std::string f = text_at(before, "format"), g = text_at(after, "format"); f != g) breaking(where + ": its format was \"" + f + "\" and is \"" + g + "\"");
    compare_choices(where, texts_at(before, "enum"), texts_at(after, "enum"), side);
    compare_bound(where, before, after, "minimum", side);
    compare_bound(where, before, after, "maximum", side);
    compare_bound(where, before, after, "minLength", side);
    compare_bound(where, before, after, "maxLength", side);
    compare_bound(where, before, after, "minItems", side);
    compare_bound(where, before, after, "maxItems", side);
    if (const std::string p = text_at(before, "pattern"), q = text_at(after, "pattern"); p != q) {
      (side == Side::request && !q.empty() ? breaking(where + ": its pattern was \"" + p + "\" and is \"" + q + "\"") : compatible(where + ": its pattern was \"" + p + "\" and is \"" + q + "\""));
    }
    for (const char* key : {"items", "additionalProperties"}) {
      const Element old_items = member(before, key), new_items = member(after, key);
      if (old_items.starts_with('{') && new_items.starts_with('{')) compare_schema(where + "[]", old_items, new_items, side);
    }
    for (const char* key : {"oneOf", "anyOf"}) compare_alternatives(where, before, after, key, side);
    compare_fields(where, before, after, side);
  }

  void compare_alternatives(const std::string& where, Element before, Element after, const char* key, Side side) {
    const Element old_list = member(before, key), new_list = member(after, key);
    if (old_list.empty() || new_list.empty()) return;
    std::map<std::string, Element> old_named, new_named;
    const auto name_all = [](Element list, std::map<std::string, Element>& named) {
      for (const Element item : items(list)) named.emplace(text_at(item, "$ref").empty() ? type_of(item) : text_at(item, "$ref"), item);
    };
    name_all(old_list, old_named);
    name_all(new_list, new_named);
    for (const auto& [name, schema] : old_named) {
      if (const auto found = new_named.find(name); found != new_named.end()) {
        compare_schema(where, schema, found->second, side);
      } else {
        side == Side::request ? breaking(where + ": no longer takes " + name) : compatible(where + ": is never " + name + " any more");
      }
    }
    for (const auto& [name, schema] : new_named) {
      if (!old_named.contains(name)) side == Side::reply ? breaking(where + ": may now be " + name + ", which callers built before refuse") : compatible(where + ": also takes " + name);
    }
  }

  void compare_choices(const std::string& where, const std::vector<std::string>& before, const std::vector<std::string>& after, Side side) {
    for (const std::string& name : before) {
      if (!contains(after, name)) side == Side::request ? breaking(where + ": \"" + name + "\" is no longer taken") : compatible(where + ": is never \"" + name + "\" any more");
    }
    for (const std::string& name : after) {
      if (!contains(before, name)) side == Side::reply ? breaking(where + ": may now be \"" + name + "\", which callers built before refuse") : compatible(where + ": also takes \"" + name + "\"");
    }
  }

  void compare_bound(const std::string& where, Element before, Element after, const char* key, Side side) {
    const std::optional<double> old_bound = number_at(before, key), new_bound = number_at(after, key);
    if (old_bound == new_bound) return;
    const bool lower = std::string_view(key).starts_with("min");
    const bool narrower = new_bound && (!old_bound || (lower ? *new_bound > *old_bound : *new_bound < *old_bound));
    const auto shown = [](std::optional<double> bound) {
      if (!bound) return std::string("unbounded");
      std::string digits = std::to_string(*bound);
      digits.erase(digits.find_last_not_of('0') + 1);
      if (digits.ends_with('.')) digits.pop_back();
      return digits;
    };
    const std::string what = where + ": " + key + " was " + shown(old_bound) + " and is " + shown(new_bound);
    // Narrower requests refuse callers; wider replies surprise readers that check.
    (narrower == (side == Side::request)) ? breaking(what) : compatible(what);
  }

  void compare_fields(const std::string& where, Element before, Element after, Side side) {
    const Element old_properties = member(before, "properties"), new_properties = member(after, "properties");
    if (old_properties.empty() || new_properties.empty()) return;
    const auto old_fields = members(old_properties), new_fields = members(new_properties);
    const auto old_required = texts_at(before, "required"), new_required = texts_at(after, "required");
    for (const auto& [name, schema] : old_fields) {
      const std::string field = where + "'s field \"" + name + "\"";
      const auto found = new_fields.find(name);
      if (found == new_fields.end()) {
        breaking(field + " is gone");
        continue;
      }
      const bool was = contains(old_required, name), is = contains(new_required, name);
      if (!was && is) side == Side::request ? breaking(field + " is now required") : compatible(field + " is now always there");
      if (was && !is) side == Side::reply ? breaking(field + " may now be absent") : compatible(field + " may now be absent");
      compare_schema(field, schema, found->second, side);
    }
    for (const auto& [name, schema] : new_fields) {
      if (old_fields.contains(name)) continue;
      const std::string field = where + "'s new field \"" + name + "\"";
      side == Side::request && contains(new_required, name) ? breaking(field + " is required") : compatible(field + " may be absent or ignored");
    }
  }

  Element before_, after_;
  std::map<std::string, Element> schemas_before_, schemas_after_;
  std::set<std::string> visited_;
  std::vector<ContractDifference> found_;
};

}  // namespace

std::vector<ContractDifference> contract_differences(std::string_view old_document, std::string_view new_document) {
  if (!message::check_json(old_document).empty()) {
    throw Error(Code::invalid_argument, "the old contract is no JSON document; make it with the command contract");
  }
  if (!message::check_json(new_document).empty()) throw Error(Code::internal, "the new contract is no JSON document");
  Comparison comparison(message::json_trimmed(old_document), message::json_trimmed(new_document));
  return is_asyncapi(old_document) ? comparison.run_events() : comparison.run();
}

bool is_asyncapi(std::string_view document) {
  return message::check_json(document).empty() && !member(message::json_trimmed(document), "asyncapi").empty();
}

}  // namespace tutti::detail
