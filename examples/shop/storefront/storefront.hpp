// The service behind storefront/contract.hpp: every handler asks the service whose business it is.
#pragma once

#include <tutti/tutti.hpp>

#include "storefront/contract.hpp"

namespace storefront {

class Storefront {
 public:
  explicit Storefront(tutti::Caller call) : call_(call) {}

  catalog::Found browse(const catalog::Find& request);
  thumbnails::Stored upload(const thumbnails::Store& request, tutti::In<tutti::Bytes>& file);
  orders::Order order(const orders::Place& request, const tutti::Context& context);
  orders::Order pay(const orders::Pay& request);
  orders::Order cancel(const orders::Cancel& request);
  orders::Order show(const orders::Get& request);
  receipts::Receipt receipt(const receipts::Wanted& request);
  void image(tutti::Request& request, tutti::Responder& reply);

 private:
  tutti::Caller call_;
};

void compose(tutti::App& app);

}  // namespace storefront
