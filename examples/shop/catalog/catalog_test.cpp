// What the first migration brings, as a customer searches it.
#include <gtest/gtest.h>

#include <tutti/testing.hpp>

#include "catalog/catalog.hpp"

namespace {

struct CatalogTest : ::testing::Test {
  tutti::testing::Bed bed{{catalog::service, catalog::compose}};
};

TEST_F(CatalogTest, finds_by_name_and_description_in_any_case) {
  EXPECT_EQ(bed.call(catalog::find, {.text = ""}).items.size(), 10u);
  const auto found = bed.call(catalog::find, {.text = "STONEWARE"}).items;
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found.front().sku, "mug");
  EXPECT_TRUE(bed.call(catalog::find, {.text = "%"}).items.empty());
}

TEST_F(CatalogTest, remembers_where_an_image_is) {
  (void)bed.call(catalog::set_image, {.sku = "mug", .image = "/images/mug"});
  EXPECT_EQ(bed.call(catalog::get, {.sku = "mug"}).image, "/images/mug");
  EXPECT_THROW((void)bed.call(catalog::set_image, {.sku = "ghost", .image = ""}), catalog::Unknown);
}

}  // namespace
