#include "engines/process/restart_policy.hpp"

namespace tutti::engines {

using fleet::Restart;

bool is_started_again(const fleet::DesiredService& service, Ending ending, int restarts) {
  switch (service.restart) {
    case Restart::no:
      return false;
    case Restart::always:
    case Restart::unless_stopped:
      return true;
    case Restart::on_failure:
      return ending == Ending::failure && (service.restart_max == 0 || restarts < service.restart_max);
  }
  return false;
}

std::string describe_restart(const fleet::DesiredService& service) {
  return service.restart == Restart::no ? "restart is no"
                                        : "restart is on-failure:" + std::to_string(service.restart_max);
}

}  // namespace tutti::engines
