#include "engines/process/output.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <unistd.h>

#include <string>
#include <vector>

namespace tutti::engines {
namespace {

using ::testing::ElementsAre;

class OutputOfAnInstance : public ::testing::Test {
 protected:
  OutputOfAnInstance() {
    int ends[2];
    EXPECT_EQ(::pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
    output_.open(ends[0]);
    write_ = ends[1];
  }
  ~OutputOfAnInstance() override {
    output_.close();
    if (write_ >= 0) ::close(write_);
  }

  void write(std::string_view text) {
    EXPECT_EQ(::write(write_, text.data(), text.size()), static_cast<ssize_t>(text.size()));
  }
  std::vector<std::string> read() {
    std::vector<std::string> lines;
    output_.read([&](std::string_view line) { lines.emplace_back(line); });
    return lines;
  }

  Output output_;
  int write_ = -1;
};

TEST_F(OutputOfAnInstance, is_cut_into_lines_wherever_the_bytes_are_cut) {
  const std::string text = "one\n\ntwo\nth";
  for (std::size_t at = 0; at <= text.size(); ++at) {
    write(text.substr(0, at));
    std::vector<std::string> lines = read();
    write(text.substr(at) + "ree\n");
    for (std::string& line : read()) lines.push_back(std::move(line));

    EXPECT_THAT(lines, ElementsAre("one", "", "two", "three")) << "cut at " << at;
  }
}

TEST_F(OutputOfAnInstance, ends_with_what_has_no_newline) {
  write("one\ntwo");
  ::close(std::exchange(write_, -1));

  EXPECT_THAT(read(), ElementsAre("one", "two"));
  EXPECT_EQ(output_.fd(), -1);
}

TEST_F(OutputOfAnInstance, is_printed_in_pieces_where_a_line_is_too_long) {
  const std::string half(Output::line_bytes_max / 2, 'x');
  write(half);
  EXPECT_THAT(read(), ElementsAre());
  write(half + "\n");
  EXPECT_THAT(read(), ElementsAre(half + half, ""));

  write(half);
  EXPECT_THAT(read(), ElementsAre());
  write(half + "y\n");
  EXPECT_THAT(read(), ElementsAre(half + half, "y"));
}

}  // namespace
}  // namespace tutti::engines
