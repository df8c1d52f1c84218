// storefront alone: its neighbours are faked. A stream cannot be faked, so a small thumbnails is hosted in the real
// one's place.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include <tutti/testing.hpp>

#include "storefront/storefront.hpp"

namespace {

const orders::Place one_mug{.customer = "Ada", .lines = {{.sku = "mug", .quantity = 1}}, .card = "4242424242424242"};

constexpr std::int64_t file_bytes_max = 1'000'000;

void thumbnails_stand_in(tutti::App& app) {
  app.serve(thumbnails::store, [](const thumbnails::Store& request, tutti::In<tutti::Bytes>& file) {
    std::int64_t bytes = 0;
    while (auto piece = file.next()) {
      bytes += static_cast<std::int64_t>(piece->size());
      if (bytes > file_bytes_max) throw thumbnails::NotAnImage{"too large"};
    }
    return thumbnails::Stored{.sku = request.sku, .width = request.width, .height = 1, .bytes = bytes};
  });
}

struct StorefrontTest : ::testing::Test {
  StorefrontTest() {
    bed.fake(catalog::get, [](const catalog::Get& get) -> catalog::Product {
      if (get.sku == "ghost") throw catalog::Unknown{get.sku};
      return {.sku = get.sku, .name = "Mug", .about = "", .price_minor = 900};
    });
    bed.fake(catalog::set_image, [](const catalog::SetImage& set) -> catalog::Product {
      return {.sku = set.sku, .name = "Mug", .about = "", .price_minor = 900, .image = set.image};
    });
  }
  thumbnails::Stored uploaded(const std::string& sku, std::size_t bytes) {
    thumbnails::Stored reply;
    bed.run([&](tutti::Caller& call) {
      reply = call(storefront::upload, {.sku = sku}, [&](tutti::Out<tutti::Bytes>& body) {
        const tutti::Bytes piece(64 * 1024);
        for (; written < bytes; written += piece.size()) body.write(piece);
      });
    });
    return reply;
  }
  std::size_t written = 0;
  tutti::testing::Bed bed{{storefront::service, storefront::compose}, {thumbnails::service, thumbnails_stand_in}};
};

TEST_F(StorefrontTest, orders_under_the_customers_key) {
  std::vector<std::string> keys;
  bed.fake(orders::place, [&](const orders::Place& place, const tutti::Context& context) -> orders::Order {
    keys.emplace_back(context.idempotency_key());
    return {.id = "o", .customer = place.customer, .lines = {}, .total_minor = 900, .state = orders::State::paid};
  });
  EXPECT_EQ(bed.call(storefront::order, one_mug, {.idempotency_key = "click"}).id, "o");
  ASSERT_FALSE(keys.empty());
  EXPECT_EQ(keys.front(), "click");
}

TEST_F(StorefrontTest, passes_on_the_errors_of_those_it_asks) {
  bed.fake(orders::place, [](const orders::Place&) -> orders::Order { throw orders::UnknownProduct{"mug"}; });
  EXPECT_THROW((void)bed.call(storefront::order, one_mug, {.idempotency_key = "k"}), orders::UnknownProduct);
}

TEST_F(StorefrontTest, gets_receipts_from_whom_they_are_kept_by) {
  bed.fake(receipts::get, [](const receipts::Wanted& get) -> receipts::Receipt {
    if (get.order == "none") throw receipts::NoReceipt{"there is no such order"};
    return {.text = "Receipt for Ada"};
  });
  EXPECT_EQ(bed.call(storefront::receipt, {.order = "o17"}).text, "Receipt for Ada");
  EXPECT_THROW((void)bed.call(storefront::receipt, {.order = "none"}), receipts::NoReceipt);
}

TEST_F(StorefrontTest, takes_no_image_of_what_is_not_sold) {
  EXPECT_THROW((void)uploaded("ghost", 50'000'000), catalog::Unknown);
  EXPECT_LT(written, 5'000'000u);
}

TEST_F(StorefrontTest, tells_the_catalog_where_the_image_is) {
  const auto stored = uploaded("mug", 500'000);
  EXPECT_EQ(stored.bytes, static_cast<std::int64_t>(written));
  ASSERT_EQ(bed.calls(catalog::set_image).size(), 1u);
  EXPECT_EQ(bed.calls(catalog::set_image).front().image, "/images/mug");
}

// What the reader refuses the one in the middle does not read either, and the product stays as it was.
TEST_F(StorefrontTest, stops_sending_a_file_that_is_too_large) {
  EXPECT_THROW((void)uploaded("mug", 50'000'000), thumbnails::NotAnImage);
  EXPECT_LT(written, 10'000'000u);  // file_bytes_max, and what was on its way twice
  EXPECT_TRUE(bed.calls(catalog::set_image).empty());
}

}  // namespace
