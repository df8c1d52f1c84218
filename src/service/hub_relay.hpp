// What is sent by a hub reaches the clients of every instance of the service: each instance has a queue of its own at the
// broker, which ends with it, and hears what the others announce. At most once: a client that has to know asks when it
// connects. Lives on the first shard, next to the bus whose connections it uses.
#pragma once

#include <cstddef>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include <tutti/wait.hpp>

#include "bus/consumer.hpp"
#include "bus/publisher.hpp"
#include "runtime/parker.hpp"
#include "service/announcement_queue.hpp"
#include "service/channel.hpp"

namespace tutti::detail {

class Host;

class HubRelay {
 public:
  // The instance's id tells its own announcements from those of others.
  HubRelay(Host& host, std::string_view instance, bus::Publisher& publisher) : host_(host), instance_(instance), publisher_(publisher) {}
  ~HubRelay();
  HubRelay(const HubRelay&) = delete;
  HubRelay& operator=(const HubRelay&) = delete;

  // Each channel that is served here, before the consumer starts.
  void add(ServedChannel& channel, bus::Consumer& consumer);
  void start();
  // To the other instances. Does not wait.
  void announce(std::string_view channel, std::shared_ptr<const Announcement> announcement);
  // What waits is sent, at most until then.
  void drain(Instant until);

 private:
  void take(ServedChannel& channel, const bus::Delivery& delivery);
  void run();
  void send(const std::deque<WaitingAnnouncement>& batch);

  Host& host_;
  const std::string instance_;
  bus::Publisher& publisher_;
  std::map<std::string, ServedChannel*, std::less<>> channels_;  // by full name
  AnnouncementQueue waiting_;
  std::size_t lost_ = 0;  // since the log last said so
  bool ending_ = false;
  runtime::Parker parker_;
  Family family_;
};

}  // namespace tutti::detail
