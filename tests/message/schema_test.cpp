// The schema says what the JSON codec takes: bounds, names, what must be there, and definitions that end for
// recursive types.
#include "message/schema.hpp"

#include <gtest/gtest.h>

#include "message/everything.hpp"

namespace schema {

using tutti::detail::shape_of;
using tutti::message::schema_json;
using tutti::message::Schemas;

enum class Currency { eur, usd };
struct Charge {
  tutti::Text<1, 40> order;
  tutti::Range<std::int64_t, 1, 100> amount;
  Currency currency = Currency::eur;
  tutti::Pattern<"[a-z]+"> sku;
  std::optional<std::string> note;
  tutti::Items<int, 1, 3> few;
};
constexpr auto describe(tutti::Of<Charge>) {
  return tutti::about("Take money for an order.", tutti::field(&Charge::order, "The order's id", "o-17"),
                      tutti::field(&Charge::amount, "In the smallest unit", "1999").named("amount-minor"),
                      tutti::field(&Charge::note).deprecated());
}
struct Reply {
  int status;
  std::string body;
};
constexpr auto describe(tutti::Of<Reply>) { return tutti::about("", tutti::status(&Reply::status)); }
struct Kinds {
  bool flag;
  std::uint8_t byte;
  float single;
  tutti::Bytes bytes;
  tutti::Time at;
  std::chrono::seconds pause;
  std::map<std::string, int> counts;
  std::array<bool, 2> pair;
  tutti::Secret password;
  std::variant<everything::Circle, everything::Square> figure;
};

TEST(Schema, of_a_record_names_bounds_and_notes) {
  EXPECT_EQ(
      schema_json(shape_of<Charge>(), "payments."),
      R"({"$schema":"https://json-schema.org/draft/2020-12/schema","$ref":"#/$defs/payments.Charge","$defs":{)"
      R"("payments.Charge":{"type":"object","description":"Take money for an order.","properties":{)"
      R"("order":{"type":"string","minLength":1,"maxLength":40,"description":"The order's id","examples":["o-17"]},)"
      R"("amount-minor":{"type":"integer","format":"int64","minimum":1,"maximum":100,)"
      R"("description":"In the smallest unit","examples":[1999]},)"
      R"("currency":{"$ref":"#/$defs/payments.Currency"},)"
      R"("sku":{"type":"string","pattern":"^(?:[a-z]+)$"},)"
      R"("note":{"anyOf":[{"type":"string"},{"type":"null"}],"deprecated":true},)"
      R"("few":{"type":"array","items":{"type":"integer","format":"int32","minimum":-2147483648,"maximum":2147483647},)"
      R"("minItems":1,"maxItems":3}},"required":["order","amount-minor","sku","few"]},)"
      R"("payments.Currency":{"type":"string","enum":["eur","usd"]}}})");
}

TEST(Schema, of_every_other_kind) {
  Schemas schemas("#/", "");
  schemas.use(shape_of<Kinds>());
  EXPECT_EQ(schemas.definitions().at("Kinds"),
            R"({"type":"object","properties":{"flag":{"type":"boolean"},)"
            R"("byte":{"type":"integer","minimum":0,"maximum":255},"single":{"type":"number","format":"float"},)"
            R"("bytes":{"type":"string","contentEncoding":"base64"},"at":{"type":"string","format":"date-time"},)"
            R"("pause":{"type":"string","format":"duration"},)"
            R"("counts":{"type":"object","additionalProperties":{"type":"integer","format":"int32",)"
            R"("minimum":-2147483648,"maximum":2147483647}},)"
            R"("pair":{"type":"array","items":{"type":"boolean"},"minItems":2,"maxItems":2},)"
            R"("password":{"type":"string","format":"password","writeOnly":true},)"
            R"("figure":{"oneOf":[{"$ref":"#/Circle.tagged"},{"$ref":"#/Square.tagged"}]}},)"
            R"("required":["flag","byte","single","bytes","at","pause","pair","password","figure"]})");
  EXPECT_EQ(schemas.definitions().at("Circle.tagged"),
            R"({"type":"object","properties":{"type":{"const":"Circle"},"centre":{"$ref":"#/Point"},)"
            R"("radius":{"type":"number","format":"double"}},"required":["type","centre","radius"]})");
}

TEST(Schema, of_a_recursive_type_ends) {
  EXPECT_EQ(schema_json(shape_of<everything::Node>(), ""),
            R"({"$schema":"https://json-schema.org/draft/2020-12/schema","$ref":"#/$defs/Node","$defs":{"Node":)"
            R"({"type":"object","properties":{"name":{"type":"string"},"children":{"type":"array",)"
            R"("items":{"$ref":"#/$defs/Node"}}},"required":["name"]}}})");
}

TEST(Schema, of_an_http_body_leaves_out_what_travels_elsewhere) {
  Schemas schemas("#/", "");
  EXPECT_EQ(schemas.body(shape_of<Reply>(), {.http_fields = tutti::message::HttpFields::elsewhere}),
            R"({"type":"object","properties":{"body":{"type":"string"}},"required":["body"]})");
}

TEST(Schema, is_json_for_every_kind) {
  EXPECT_TRUE(tutti::message::check_json(schema_json(shape_of<everything::Everything>(), "a.")).empty());
}

}  // namespace schema
