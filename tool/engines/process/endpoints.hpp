// The watched file of endpoints, in Prometheus' file_sd format: one group an instance that is ready, for each service
// that it hosts and each way to reach it.
#pragma once

#include <span>
#include <string>

#include "engines/process/instance.hpp"

namespace tutti::engines {

[[nodiscard]] std::string endpoints_text(std::span<const Instance> instances);

}  // namespace tutti::engines
