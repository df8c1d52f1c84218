#include "storefront/storefront.hpp"

#include "storefront/page.hpp"

namespace storefront {

catalog::Found Storefront::browse(const catalog::Find& request) { return call_(catalog::find, request); }

thumbnails::Stored Storefront::upload(const thumbnails::Store& request, tutti::In<tutti::Bytes>& file) {
  (void)call_(catalog::get, {.sku = std::string(request.sku)});  // no image of what is not sold
  const auto stored = call_(thumbnails::store, request, [&](tutti::Out<tutti::Bytes>& body) {
    while (auto piece = file.next()) body.write(*piece);
  });
  (void)call_(catalog::set_image, {.sku = stored.sku, .image = "/images/" + stored.sku});
  return stored;
}

// A customer's second click carries the first one's key, and gets the first one's order.
orders::Order Storefront::order(const orders::Place& request, const tutti::Context& context) {
  return call_(orders::place, request, {.idempotency_key = std::string(context.idempotency_key())});
}
orders::Order Storefront::pay(const orders::Pay& request) { return call_(orders::pay, request); }
orders::Order Storefront::cancel(const orders::Cancel& request) { return call_(orders::cancel, request); }
orders::Order Storefront::show(const orders::Get& request) { return call_(orders::get, request); }
receipts::Receipt Storefront::receipt(const receipts::Wanted& request) { return call_(receipts::get, request); }

void Storefront::image(tutti::Request& request, tutti::Responder& reply) {
  try {
    auto picture = call_(thumbnails::fetch, {.sku = std::string(request.parameter("sku"))});
    auto piece = picture.next();  // before the head is sent: it may be the error
    auto& out = reply.header("cache-control", "no-cache").stream("image/jpeg");
    for (; piece; piece = picture.next()) out.write({reinterpret_cast<const char*>(piece->data()), piece->size()});
  } catch (const thumbnails::NoThumbnail&) {
    reply.status(404).send("no image\n", "text/plain");
  }
}

void compose(tutti::App& app) {
  auto& storefront = app.make<Storefront>(app.caller());
  app.serve(browse, storefront, &Storefront::browse);
  app.serve(upload, storefront, &Storefront::upload);
  app.serve(order, storefront, &Storefront::order);
  app.serve(pay, storefront, &Storefront::pay);
  app.serve(cancel, storefront, &Storefront::cancel);
  app.serve(receipt, storefront, &Storefront::receipt);
  app.serve(show, storefront, &Storefront::show);
  app.raw("GET", "/images/{sku}", [&](tutti::Request& request, tutti::Responder& reply) { storefront.image(request, reply); });
  app.files("/", page);
}

}  // namespace storefront
