// storefront is the shop's door: the page, and what the page asks for. It keeps nothing itself.
#pragma once

#include <tutti/contract.hpp>

#include "catalog/contract.hpp"
#include "orders/contract.hpp"
#include "receipts/contract.hpp"
#include "thumbnails/contract.hpp"

namespace storefront {

inline constexpr tutti::Service service{"storefront", "1.0"};
inline constexpr tutti::Method<catalog::Found(catalog::Find)> browse{
    service, "browse", tutti::get("/api/products"), {.repeat = tutti::Repeat::safe}};
inline constexpr tutti::Method<thumbnails::Stored(thumbnails::Store, tutti::Stream<tutti::Bytes>),
                               tutti::Throws<thumbnails::NotAnImage, catalog::Unknown>>
    upload{service, "upload", tutti::put("/api/products/{sku}/image"), {.deadline = std::chrono::seconds(30)}};
inline constexpr tutti::Method<orders::Order(orders::Place), tutti::Throws<orders::UnknownProduct, orders::TooMuch>> order{
    service, "order", tutti::post("/api/orders", 201), {.deadline = std::chrono::seconds(15)}};
inline constexpr tutti::Method<orders::Order(orders::Pay), tutti::Throws<orders::UnknownOrder, orders::NotPayable>> pay{
    service, "pay", tutti::post("/api/orders/{id}/payment"), {.deadline = std::chrono::seconds(15)}};
inline constexpr tutti::Method<orders::Order(orders::Cancel), tutti::Throws<orders::UnknownOrder>> cancel{
    service, "cancel", tutti::post("/api/orders/{id}/cancellation")};
inline constexpr tutti::Method<orders::Order(orders::Get), tutti::Throws<orders::UnknownOrder>> show{
    service, "show", tutti::get("/api/orders/{id}"), {.repeat = tutti::Repeat::safe}};
inline constexpr tutti::Method<receipts::Receipt(receipts::Wanted), tutti::Throws<receipts::NoReceipt>> receipt{
    service, "receipt", tutti::get("/api/orders/{order}/receipt"), {.repeat = tutti::Repeat::safe}};

}  // namespace storefront
