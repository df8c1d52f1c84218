#include "catalog/catalog.hpp"

#include "catalog/migrations.hpp"

namespace catalog {

Product Catalog::get(const Get& request) {
  auto product = products_.one<Product>("select * from products where sku = ?", request.sku);
  if (!product) throw Unknown{request.sku};
  return *product;
}

Found Catalog::find(const Find& request) {
  // instr instead of like: a % in the customer's text is only a letter.
  return {products_.query<Product>(
      "select * from products where instr(lower(name || ' ' || about), lower(?)) > 0 order by name limit 100", request.text)};
}

Product Catalog::set_image(const SetImage& request) {
  products_.run("update products set image = ? where sku = ?", request.image, request.sku);
  return get({request.sku});
}

void compose(tutti::App& app) {
  auto& catalog = app.make<Catalog>(app.database("products", {.migrations = migrations}));
  app.serve(get, catalog, &Catalog::get);
  app.serve(find, catalog, &Catalog::find);
  app.serve(set_image, catalog, &Catalog::set_image);
}

}  // namespace catalog
