// JSON Schema 2020-12 of a shape: what the JSON codec takes and writes, in a form that others' tools read. Records and
// enumerations with a name are defined once and referred to, so recursive types end.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include <tutti/detail/shape.hpp>

#include "message/rules.hpp"

namespace tutti::message {

// Collects definitions while schemas are asked for; an OpenAPI document has one for all its methods.
class Schemas {
 public:
  // `base` stands before a name in a reference ("#/components/schemas/"), `prefix` before a type's name ("payments.").
  Schemas(std::string base, std::string prefix) : base_(std::move(base)), prefix_(std::move(prefix)) {}

  // The schema as JSON: a reference for a record or enumeration, otherwise in place.
  std::string use(const detail::Shape& shape);
  // A record's object schema in place, without the fields that `rules` leave out: the body of an HTTP request.
  std::string body(const detail::Shape& record, const WriteRules& rules);
  // "payments.Charge" -> its schema; sorted, so that documents do not change without a reason.
  [[nodiscard]] const std::map<std::string, std::string>& definitions() const { return definitions_; }
  // A JSON object of them all.
  [[nodiscard]] std::string definitions_json() const;

 private:
  std::string in_place(const detail::Shape& shape);
  std::string record(const detail::Shape& shape, std::uint64_t left_out, std::string_view tag);
  std::string variant(const detail::Shape& shape);
  std::string reference(const std::string& name) const;

  std::string base_;
  std::string prefix_;
  std::map<std::string, std::string> definitions_;
};

// One document with "$schema" and "$defs".
[[nodiscard]] std::string schema_json(const detail::Shape& shape, const std::string& prefix);

}  // namespace tutti::message
