// The process as the kernel sees it: CPU, memory, descriptors, under the names that every Prometheus dashboard knows.
// Read when somebody looks. Belongs to the real world: main adds it, a simulation has none.
#pragma once

#include <tutti/metrics.hpp>

namespace tutti::observe {

// process_cpu_seconds_total, process_resident_memory_bytes, process_virtual_memory_bytes, process_open_fds,
// process_max_fds, process_threads, process_start_time_seconds. Call it once per process, for one Metrics.
void observe_process(Metrics& metrics);

}  // namespace tutti::observe
