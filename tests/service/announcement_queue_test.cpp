#include "service/announcement_queue.hpp"

#include <gtest/gtest.h>

#include <string>

namespace tutti::detail {
namespace {

std::size_t push(AnnouncementQueue& queue, const std::string& name, std::size_t bytes) {
  return queue.push({nullptr, std::make_shared<const Announcement>(
                                  Announcement{.name = name, .text = std::string(bytes, 'x')})});
}

std::string names_in(AnnouncementQueue& queue) {
  std::string names;
  for (const WaitingAnnouncement& one : queue.take_all()) names += one.announcement->name + " ";
  return names;
}

TEST(AnnouncementQueue, gives_all_in_their_order) {
  AnnouncementQueue queue;
  EXPECT_EQ(push(queue, "a", 1), 0u);
  EXPECT_EQ(push(queue, "b", 1), 0u);

  EXPECT_EQ(names_in(queue), "a b ");
  EXPECT_TRUE(queue.empty());
}

TEST(AnnouncementQueue, loses_the_oldest_over_its_number) {
  AnnouncementQueue queue;
  for (std::size_t i = 0; i < announcements_waiting_max; ++i) EXPECT_EQ(push(queue, "a", 0), 0u);

  EXPECT_EQ(push(queue, "b", 0), 1u);

  EXPECT_EQ(queue.take_all().size(), announcements_waiting_max);
}

TEST(AnnouncementQueue, loses_the_oldest_over_its_bytes) {
  constexpr std::size_t third = announcement_bytes_waiting_max / 3;
  AnnouncementQueue queue;
  for (const char* name : {"a", "b", "c"}) EXPECT_EQ(push(queue, name, third), 0u);

  EXPECT_EQ(push(queue, "d", third + 3), 2u);
  EXPECT_EQ(names_in(queue), "c d ");

  EXPECT_EQ(push(queue, "e", announcement_bytes_waiting_max), 0u);  // what was taken counts no more
  EXPECT_EQ(push(queue, "f", announcement_bytes_waiting_max + 1), 1u);
  EXPECT_EQ(names_in(queue), "f ");
}

}  // namespace
}  // namespace tutti::detail
