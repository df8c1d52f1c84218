// A service that asks a slow source at most once in 30 seconds for each question.
#include <tutti/tutti.hpp>

namespace weather {

using namespace std::chrono_literals;

struct Ask {
  std::string town;
};
struct Report {
  std::string town;
  std::int64_t asked = 0;  // how often the source was, for this one
};
inline constexpr tutti::Service service{"weather", "1.0"};
inline constexpr tutti::Method<Report(Ask)> report{
    service, "report", tutti::get("/weather/{town}"), {.repeat = tutti::Repeat::safe}};

class Weather {
 public:
  Report report(const Ask& request) {
    const std::int64_t asked = ++asked_;
    tutti::sleep(50ms);  // the source
    return {.town = request.town, .asked = asked};
  }

 private:
  std::int64_t asked_ = 0;
};

void compose(tutti::App& app) {
  auto& weather = app.make<Weather>();
  app.serve(report, weather, &Weather::report, {.cached = {.lasts = 30s, .entries_max = 1000}});
}

}  // namespace weather

int main(int argc, char** argv) { return tutti::main(argc, argv, {{weather::service, weather::compose}}); }
