// Any bytes as a fleet file and as a file of variables: read, or refused with a sentence, and what is read can be
// printed.
#include "fleet/fleet_file.hpp"

#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <fstream>

#include "fleet/fleet_text.hpp"
#include "fleet/refusal.hpp"

using namespace tutti::fleet;

namespace {

// A folder of its own, so that a relative path in the file meets nothing.
struct Folder {
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "fleet-fuzz-XXXXXX").string();
    if (!::mkdtemp(name.data())) std::abort();
    path = name;
  }
  ~Folder() { std::filesystem::remove_all(path); }
  std::filesystem::path path;
};

template <class Read>
void refused_or_read(const Read& read) {
  try {
    read();
  } catch (const Refusal& refusal) {
    if (*refusal.what() == '\0') std::abort();
  }
}

}  // namespace

// As in yaml_fuzz.cpp: what libfyaml 0.7.12 loses is not ours.
extern "C" const char* __lsan_default_suppressions();
extern "C" const char* __lsan_default_suppressions() { return "leak:libfyaml"; }

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Folder folder;
  const std::string text(reinterpret_cast<const char*>(data), size);
  const std::filesystem::path file = folder.path / "compose.yaml";
  std::ofstream(file, std::ios::binary) << text;
  refused_or_read([&] { (void)to_text(read_fleet({.files = {file}, .surroundings = {{"SET", "1"}}})); });
  refused_or_read([&] {
    (void)read_variables(".env", text, [](std::string_view name) -> std::optional<std::string> {
      if (name.size() % 2 == 0) return std::nullopt;
      return std::string(name);
    });
  });
  return 0;
}
