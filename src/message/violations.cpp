// Violations are kept up to a limit and told as one sentence: people read them in a problem document or a log line.
#include <tutti/violations.hpp>

#include <utility>

namespace tutti {

void Violations::add(std::string_view path, std::string_view expected, std::string_view found) {
  add(Violation{std::string(path), std::string(expected), std::string(found)});
}

void Violations::add(Violation violation) {
  ++total_;
  if (list_.size() < kept_max) list_.push_back(std::move(violation));
}

std::string Violations::to_string() const {
  std::string text;
  for (const Violation& violation : list_) {
    if (!text.empty()) text += "; ";
    if (!violation.path.empty()) text += violation.path + ": ";
    text += "expected " + violation.expected + ", found " + violation.found;
  }
  if (total_ > list_.size()) text += " (and " + std::to_string(total_ - list_.size()) + " more)";
  return text;
}

}  // namespace tutti
