// Under load a charge comes before a report: docs/guide/overload.md.
#include <tutti/tutti.hpp>

namespace payments {

struct Charge {
  std::string order;
  std::int64_t cents = 0;
};
struct Charged {
  std::string order;
};
struct Report {
  std::int64_t cents = 0;
};
struct Nothing {};
inline constexpr tutti::Service service{"payments", "1.0"};
inline constexpr tutti::Method<Charged(Charge)> charge{service, "charge", tutti::post("/charges")};
inline constexpr tutti::Method<Report(Nothing)> report{
    service, "report", tutti::get("/report"), {.repeat = tutti::Repeat::safe}};

class Payments {
 public:
  Charged charge(const Charge& request) {
    charged_.push_back(request.cents);
    return {request.order};
  }
  Report report(const Nothing&, const tutti::Context& context) {
    tutti::Span span = context.span("sum up the charges");
    Report report;
    for (const std::int64_t cents : charged_) report.cents += cents;
    return report;
  }

 private:
  std::vector<std::int64_t> charged_;
};

void answer_up(tutti::Request&, tutti::Responder& reply) { reply.send("up\n", "text/plain"); }

void compose(tutti::App& app) {
  auto& payments = app.make<Payments>();
  app.serve(charge, payments, &Payments::charge, {.priority = tutti::Priority::high});
  app.serve(report, payments, &Payments::report, {.priority = tutti::Priority::low});
  app.raw("GET", "/up", answer_up, tutti::Priority::high);
}

}  // namespace payments

int main(int argc, char** argv) { return tutti::main(argc, argv, {{payments::service, payments::compose}}); }
