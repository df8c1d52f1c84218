#include "fleet/fleet_tree.hpp"

#include <set>

#include "fleet/check_keys.hpp"
#include "fleet/refusal.hpp"
#include "fleet/whole_file.hpp"

namespace tutti::fleet {
namespace {

using yaml::Form;

// Compose's short forms become the long ones, so that two files merge whatever form each uses.
void normalise_list(Value& value, const std::string& what, char separator) {
  if (value.form == Form::mapping) return;
  if (value.form == Form::scalar) {
    if (!value.null) refuse(value, what + " is " + in_quotes(value.text) + "; expected a mapping or a list");
    value.form = Form::mapping;
    return;
  }
  Value out{.form = Form::mapping, .place = value.place};
  for (Value& item : value.items) {
    if (item.form != Form::scalar) refuse(item, what + ": expected a text");
    const std::size_t at = separator == '\0' ? std::string::npos : item.text.find(separator);
    Value inner{.form = separator == '\0' ? Form::mapping : Form::scalar,
                .null = at == std::string::npos && separator != '\0',
                .place = item.place};
    if (at != std::string::npos) inner.text = item.text.substr(at + 1);
    const std::string name = item.text.substr(0, at);
    out.at(name) = std::move(inner);
  }
  value = std::move(out);
}

void normalise_service(Value& service, const std::string& subject) {
  for (auto& [name, value] : service.entries) {
    if (name == "environment") normalise_list(value, subject + "environment", '=');
    if (name == "depends_on") normalise_list(value, subject + "depends_on", '\0');
    if ((name == "env_file" || name == "profiles") && value.form == Form::scalar) {
      Value list{.form = Form::sequence, .place = value.place};
      list.items.push_back(value);
      value = std::move(list);
    }
  }
}

void merge(Value& base, Value&& over, const std::string& key) {
  static const std::set<std::string, std::less<>> replaced{"command", "entrypoint", "test"};
  if (over.form == Form::mapping && base.form == Form::mapping) {
    base.place = over.place;
    for (auto& [name, value] : over.entries) {
      if (base.find(name) == nullptr)
        base.entries.emplace_back(name, std::move(value));
      else
        merge(base.at(name), std::move(value), name);
    }
  } else if (over.form == Form::sequence && base.form == Form::sequence && !replaced.contains(key)) {
    for (Value& item : over.items) base.items.push_back(std::move(item));
  } else if (!(over.form == Form::scalar && over.null && base.form != Form::scalar)) {
    base = std::move(over);
  }
}

void check_service(const std::string& name, Value& value, std::vector<std::string>& ignored) {
  const std::string subject = "service " + in_quotes(name) + ": ";
  check_keys(mapping(value, "service " + in_quotes(name)), "services", subject, ignored);
  normalise_service(value, subject);
  for (const auto& [key, inner] : value.entries) {
    if (key == "deploy" || key == "healthcheck" || key == "x-tutti")
      check_keys(mapping(inner, subject + key), "services." + key, subject + key + ".", ignored);
    if (key == "depends_on")
      for (const auto& [target, how] : inner.entries)
        check_keys(mapping(how, subject + "depends_on." + target), "services.depends_on",
                   subject + "depends_on." + target + ".", ignored);
  }
}

void check_tree(Value& root, std::vector<std::string>& ignored) {
  check_keys(mapping(root, "the file"), "", "", ignored);
  for (auto& [section, value] : root.entries) {
    if (section == "x-tutti") check_keys(mapping(value, section), section, section + ".", ignored);
    if (section != "services" && section != "secrets") continue;
    mapping(value, section);
    for (auto& [name, inner] : value.entries) {
      if (section == "services") {
        check_service(name, inner, ignored);
      } else {
        const std::string subject = "secret " + in_quotes(name);
        check_keys(mapping(inner, subject), "secrets", subject + ": ", ignored);
      }
    }
  }
}

}  // namespace

void lay_over(FleetTree& tree, const std::filesystem::path& file, const settings::Lookup& lookup) {
  const yaml::Document document = yaml::read(whole_text(file, ""), {}, yaml::FlowLines::anywhere);
  if (document.problem) throw Refusal(exit_code::settings, yaml::to_string(file.string(), *document.problem));
  Value root = value_of(document.root, file.string(), lookup, tree.notes);
  check_tree(root, tree.ignored);
  if (root.null) return;
  if (tree.root.form != Form::mapping)
    tree.root = std::move(root);
  else
    merge(tree.root, std::move(root), "");
}

}  // namespace tutti::fleet
