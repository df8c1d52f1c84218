// Methods, events and channels as constants: what non-template code reads out of a contract.
#include <gtest/gtest.h>

#include <tutti/contract.hpp>

namespace ledger {

struct Charge {
  std::string order;
  std::int64_t amount = 0;
};
struct Receipt {
  std::string id;
};
struct Declined {
  static constexpr auto code = tutti::Code::resource_exhausted;
  static constexpr int http_status = 402;
  std::string reason;
};
struct Unknown {
  std::string id;
  int code = 0;  // a field, not the error's code
};
struct Named {
  std::string id;
};
constexpr auto describe(tutti::Of<Named>) { return tutti::about("", tutti::field(&Named::id).named("x-id")); }
struct Ping {};

inline constexpr tutti::Service service{"ledger", "1.0"};
inline constexpr tutti::Method<Receipt(Charge), tutti::Throws<Declined, Unknown>> charge{
    service,
    "charge",
    tutti::post("/charges/{order}", 201),
    {.repeat = tutti::Repeat::by_key, .deadline = std::chrono::seconds(2)}};
inline constexpr tutti::Method<void(Charge)> refund{service, "refund"};
inline constexpr tutti::Method<Receipt()> latest{
    service, "latest", tutti::get("/latest"), {.repeat = tutti::Repeat::safe}};
inline constexpr tutti::Method<void()> clear{service, "clear.v2", tutti::del("/all")};
inline constexpr tutti::Method<Receipt(Named)> find{service, "find", tutti::get("/named/{x-id}/receipt")};
inline constexpr tutti::Method<Receipt(Charge, tutti::Stream<tutti::Bytes>)> attach{
    service, "attach", {}, {.allow = "ledger:attach"}};
inline constexpr tutti::Method<tutti::Stream<Receipt>(Charge)> watch{service, "watch"};
inline constexpr tutti::Method<void(tutti::Stream<Receipt>)> load{service, "load"};
inline constexpr tutti::Event<Receipt> charged{service, "charged"};
inline constexpr tutti::Channel<std::variant<Charge, Ping>, Receipt> live{service, "live", "/live"};

}  // namespace ledger

namespace {

using tutti::detail::ErrorSpec;
using tutti::detail::shape_of;
using tutti::detail::spec_of;

TEST(Method, is_a_constant_that_non_template_code_reads) {
  const tutti::detail::MethodSpec& spec = spec_of(ledger::charge);

  EXPECT_EQ(&spec, &ledger::charge);
  EXPECT_EQ(spec.service, &ledger::service);
  EXPECT_EQ(spec.name, "charge");
  EXPECT_EQ(spec.route.verb, tutti::Verb::post);
  EXPECT_EQ(spec.route.path, "/charges/{order}");
  EXPECT_EQ(spec.route.status, 201);
  EXPECT_EQ(spec.rules.repeat, tutti::Repeat::by_key);
  EXPECT_EQ(spec.rules.deadline, std::chrono::seconds(2));
  EXPECT_EQ(&spec.request(), &shape_of<ledger::Charge>());
  EXPECT_EQ(&spec.reply(), &shape_of<ledger::Receipt>());
  EXPECT_EQ(spec.stream_in, nullptr);
  EXPECT_EQ(spec.stream_out, nullptr);
}

TEST(Method, answers_204_without_a_reply_unless_it_says_otherwise) {
  EXPECT_EQ(spec_of(ledger::refund).route.status, 204);
  EXPECT_EQ(spec_of(ledger::clear).route.status, 204);
  EXPECT_EQ(spec_of(ledger::latest).route.status, 200);
  EXPECT_EQ(spec_of(ledger::watch).route.status, 200);
}

TEST(Method, may_have_no_request_no_reply_or_streams) {
  EXPECT_EQ(spec_of(ledger::refund).reply, nullptr);
  EXPECT_EQ(spec_of(ledger::latest).request, nullptr);
  EXPECT_EQ(&spec_of(ledger::attach).stream_in(), &shape_of<tutti::Bytes>());
  EXPECT_EQ(spec_of(ledger::attach).rules.allow, "ledger:attach");
  EXPECT_EQ(spec_of(ledger::watch).reply, nullptr);
  EXPECT_EQ(&spec_of(ledger::watch).stream_out(), &shape_of<ledger::Receipt>());
  EXPECT_EQ(spec_of(ledger::load).request, nullptr);
  EXPECT_EQ(&spec_of(ledger::load).stream_in(), &shape_of<ledger::Receipt>());
}

TEST(Method, lists_its_errors_with_code_and_status) {
  const auto errors = spec_of(ledger::charge).errors;

  ASSERT_EQ(errors.size(), 2u);
  EXPECT_EQ(&errors[0].shape(), &shape_of<ledger::Declined>());
  EXPECT_EQ(errors[0].code, tutti::Code::resource_exhausted);
  EXPECT_EQ(errors[0].http_status, 402);
  EXPECT_EQ(errors[1].code, tutti::Code::failed_precondition);
  EXPECT_EQ(errors[1].http_status, 0);
  EXPECT_TRUE(spec_of(ledger::refund).errors.empty());
}

TEST(ContractError, is_recognised_in_an_exception) {
  const ErrorSpec& declined = spec_of(ledger::charge).errors[0];
  const ErrorSpec& unknown = spec_of(ledger::charge).errors[1];
  const std::exception_ptr thrown = std::make_exception_ptr(ledger::Declined{"no money"});
  std::string reason;
  const auto found = [](void* context, const void* error) {
    *static_cast<std::string*>(context) = static_cast<const ledger::Declined*>(error)->reason;
  };

  EXPECT_FALSE(unknown.holds(thrown, &reason, found));
  EXPECT_EQ(reason, "");
  EXPECT_TRUE(declined.holds(thrown, &reason, found));
  EXPECT_EQ(reason, "no money");
}

TEST(ContractError, is_raised_as_its_own_type) {
  ledger::Declined declined{"over the limit"};

  try {
    spec_of(ledger::charge).errors[0].raise(&declined);
    FAIL() << "nothing was thrown";
  } catch (const ledger::Declined& caught) {
    EXPECT_EQ(caught.reason, "over the limit");
  }
}

TEST(Event, names_its_message) {
  EXPECT_EQ(spec_of(ledger::charged).service, &ledger::service);
  EXPECT_EQ(spec_of(ledger::charged).name, "charged");
  EXPECT_EQ(&spec_of(ledger::charged).message(), &shape_of<ledger::Receipt>());
}

TEST(Channel, names_its_messages_both_ways) {
  EXPECT_EQ(spec_of(ledger::live).path, "/live");
  EXPECT_EQ(spec_of(ledger::live).incoming().kind, tutti::detail::Kind::variant);
  EXPECT_EQ(&spec_of(ledger::live).outgoing(), &shape_of<ledger::Receipt>());
}

}  // namespace
