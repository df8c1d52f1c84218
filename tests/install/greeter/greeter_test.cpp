#include <gtest/gtest.h>

#include <tutti/testing.hpp>

#include "greeter.hpp"
#include "page.hpp"

TEST(Greeter, greets_by_name_when_built_against_the_installed_package) {
  tutti::testing::Bed bed{{greeter::service, greeter::compose}};
  EXPECT_EQ(bed.call(greeter::hello, {.name = "ada"}).text, "Hello, ada");
}

TEST(Greeter, embeds_files_with_the_installed_function) { EXPECT_EQ(std::size(greeter::page), 1u); }
