#include "observe/otlp/exporter.hpp"

namespace tutti::observe {

bool worth_another_try(int status) noexcept {
  return status == 0 || status == 429 || status == 502 || status == 503 || status == 504;
}

std::chrono::nanoseconds pause_before_retry(const ExporterSettings& settings, const ExportReply& last, int attempts,
                                            Random& random) {
  if (last.retry_after) return std::clamp(*last.retry_after, std::chrono::nanoseconds(0), settings.backoff_max);
  auto pause = settings.backoff;
  for (int i = 1; i < attempts && pause < settings.backoff_max; ++i) pause *= 2;
  pause = std::min(pause, settings.backoff_max);
  const auto half = pause.count() / 2;
  if (half == 0) return pause;
  return std::chrono::nanoseconds(half) +
         std::chrono::nanoseconds(static_cast<std::int64_t>(random.next() % static_cast<std::uint64_t>(half)));
}

}  // namespace tutti::observe
