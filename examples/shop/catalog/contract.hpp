// catalog knows what the shop sells.
#pragma once

#include <tutti/contract.hpp>

namespace catalog {

using Sku = tutti::Pattern<"[a-z0-9-]{1,32}">;

struct Product {
  std::string sku;
  std::string name;
  std::string about;
  std::int64_t price_minor = 0;
  std::string image = "";  // where the storefront shows it; empty: no image yet
};
struct Get {
  Sku sku;
};
struct Find {
  tutti::Text<0, 80> text = "";
};
struct Found {
  std::vector<Product> items;
};
struct SetImage {
  Sku sku;
  tutti::Text<0, 200> image;
};
struct Unknown {
  static constexpr auto code = tutti::Code::not_found;
  std::string sku;
};

constexpr auto describe(tutti::Of<Find>) {
  return tutti::about("Search names and descriptions.", tutti::field(&Find::text, "Empty or absent: everything", "mug").optional());
}

inline constexpr tutti::Service service{"catalog", "1.0"};
inline constexpr tutti::Method<Product(Get), tutti::Throws<Unknown>> get{
    service, "get", tutti::get("/products/{sku}"), {.repeat = tutti::Repeat::safe}};
inline constexpr tutti::Method<Found(Find)> find{
    service, "find", tutti::get("/products"), {.repeat = tutti::Repeat::safe}};
inline constexpr tutti::Method<Product(SetImage), tutti::Throws<Unknown>> set_image{
    service, "set_image", tutti::put("/products/{sku}/image")};

}  // namespace catalog
