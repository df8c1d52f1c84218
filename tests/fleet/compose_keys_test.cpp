#include "fleet/compose_keys.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

namespace tutti::fleet {
namespace {

TEST(ComposeKeys, are_listed_in_the_reference_as_the_reader_treats_them) {
  std::ostringstream page;
  page << std::ifstream(TUTTI_FLEET_PAGE).rdbuf();

  EXPECT_NE(page.str().find(keys_as_markdown()), std::string::npos) << "docs/reference/fleet-file.md must contain:\n"
                                                                    << keys_as_markdown();
}

TEST(ComposeKeys, suggest_the_nearest_name) {
  EXPECT_EQ(nearest_key("services", "enviroment"), "environment");
  EXPECT_EQ(nearest_key("services", "zzzzzzzzzzzz"), "");
}

}  // namespace
}  // namespace tutti::fleet
