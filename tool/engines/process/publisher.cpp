#include "engines/process/publisher.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "engines/process/endpoints.hpp"
#include "fleet/running_fleet.hpp"
#include "fleet/whole_file.hpp"

namespace tutti::engines {
namespace {

std::string_view word(State state) {
  switch (state) {
    case State::waiting:
      return "waiting";
    case State::starting:
      return "starting";
    case State::ready:
      return "ready";
    case State::backing_off:
      return "backing off";
    case State::stopping:
      return "stopping";
    case State::ended:
      return "ended";
  }
  return "";
}

fleet::InstanceRecord record_of(const Instance& i) {
  return {.instance = i.speaker.label,
          .state = std::string(word(i.state)),
          .pid = std::max(i.pid, 0),
          .restarts = i.restarts,
          .http = i.addresses.http,
          .admin = i.addresses.admin,
          .amqp = i.addresses.amqp};
}

}  // namespace

void Publisher::publish(std::span<const Instance> instances) {
  std::vector<fleet::InstanceRecord> record;
  for (const Instance& i : instances) record.push_back(record_of(i));
  std::string problem = fleet::replace_whole(places_.endpoints, endpoints_text(instances));
  if (std::string second = fleet::write_record(places_.data, record); problem.empty()) problem = std::move(second);
  if (problem.empty() && !last_problem_.empty()) printer_.say(fleet_speaker, "the fleet's files can be written again");
  if (!problem.empty() && problem != last_problem_)
    printer_.say(fleet_speaker, "the fleet's files cannot be written and stay as they were: " + problem,
                 Printer::Tone::alarm);
  last_problem_ = std::move(problem);
}

}  // namespace tutti::engines
