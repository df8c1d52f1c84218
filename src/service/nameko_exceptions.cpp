#include "service/nameko_exceptions.hpp"

#include <vector>

#include "message/json_parts.hpp"
#include "message/json_text.hpp"
#include "wire/codes.hpp"

namespace tutti::detail {

namespace nameko = wire::nameko;

namespace {

// "deadline_exceeded" as the name of a class: "DeadlineExceeded".
std::string class_name_of(std::string_view code) {
  std::string name;
  bool upper = true;
  for (const char c : code) {
    if (c == '_') {
      upper = true;
      continue;
    }
    name += upper && c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    upper = false;
  }
  return name;
}

std::string one_text(std::string_view text) {
  std::string array = "[";
  message::append_json_text(array, text);
  return array + "]";
}

// What Python's str() says of an exception: its argument, if it is one text.
std::string text_of(const std::string& exc_args, const std::string& otherwise) {
  const std::vector<message::JsonPart> args = message::json_parts(exc_args);
  return args.size() == 1 ? message::json_string(args.front().text).value_or(otherwise) : otherwise;
}

}  // namespace

nameko::Failure nameko_exception(std::string_view path, const std::string& argument) {
  return {.exc_type = std::string(path.substr(path.rfind('.') + 1)),
          .exc_path = std::string(path),
          .exc_args = one_text(argument),
          .value = argument};
}

nameko::Failure nameko_exception_of(const Failure& failure) {
  if (!failure.contract_error) {
    const std::string_view code = wire::rpc_name_of(failure.code);
    nameko::Failure raised = nameko_exception(std::string(nameko::code_path_prefix).append(code), failure.message);
    raised.exc_type = failure.type == wire::overloaded_type ? nameko::overloaded_class : class_name_of(code);
    return raised;
  }
  nameko::Failure raised = nameko_exception(failure.type, "");
  raised.fields = json_of(failure);
  raised.exc_args = nameko::arguments_of_record(failure.contract_error->shape(), raised.fields);
  raised.value = text_of(raised.exc_args, raised.fields);
  return raised;
}

}  // namespace tutti::detail
