"""What protects the architecture: includes point down only, public headers compile alone and stay clean, nothing
reaches around the world, nothing is left over. Run from the repository's root."""
import concurrent.futures
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
# Lowest first; a folder may include itself and those before it. The build links in the same order.
LAYERS = ["world", "message", "runtime", "wire", "settings", "net", "observe", "bus", "client", "database", "service", "testing"]
INCLUDE = re.compile(r'^\s*#\s*include\s+(["<])([^">]+)[">]', re.M)


def sources(folder, *endings):
    return sorted(p for p in (ROOT / folder).rglob("*") if p.suffix in endings)


def text_of(path):
    return path.read_text(encoding="utf-8")


def code_of(path):
    """The text without comments and string literals, so that words in them are no finding."""
    text = re.sub(r"//[^\n]*", "", text_of(path))
    return re.sub(r'"(\\.|[^"\\\n])*"', '""', text)


class House(unittest.TestCase):
    def test_includes_point_down_only(self):
        wrong = []
        for path in sources("src", ".cpp", ".hpp"):
            here = path.relative_to(ROOT / "src").parts[0]
            for quote, name in INCLUDE.findall(text_of(path)):
                there = name.split("/")[0]
                if quote == '"' and there in LAYERS and LAYERS.index(there) > LAYERS.index(here):
                    wrong.append(f"{path.relative_to(ROOT)} includes {name}")
                if quote == '"' and there not in LAYERS and there != "tool":
                    wrong.append(f"{path.relative_to(ROOT)}: {name} is named by no folder of src")
        self.assertEqual(wrong, [])

    def test_public_headers_include_neither_boost_nor_src_nor_libraries(self):
        allowed_c = {"cstddef", "cstdint"}
        wrong = []
        for path in sources("include", ".hpp"):
            for quote, name in INCLUDE.findall(text_of(path)):
                standard = quote == "<" and "/" not in name and not name.endswith(".h") or name in allowed_c
                ours = quote == "<" and name.startswith("tutti/")
                test_library = "testing" in path.stem and name.startswith("gtest/")
                if not (standard or ours or test_library):
                    wrong.append(f"{path.relative_to(ROOT)} includes {name}")
                if name in ("iostream", "regex", "ranges", "format", "future"):
                    wrong.append(f"{path.relative_to(ROOT)} includes <{name}>: too heavy for a public header")
        self.assertEqual(wrong, [])

    def test_every_public_header_compiles_alone(self):
        compiler = os.environ.get("CXX", "g++")

        def compile_alone(path):
            name = path.relative_to(ROOT / "include")
            with tempfile.NamedTemporaryFile("w", suffix=".cpp") as unit:
                unit.write(f"#include <{name}>\n#include <{name}>\n")
                unit.flush()
                run = subprocess.run([compiler, "-std=c++20", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-fsyntax-only",
                                      f"-I{ROOT}/include", unit.name], capture_output=True, text=True)
            return "" if run.returncode == 0 else f"{name}: {run.stderr[:800]}"

        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            failures = [f for f in pool.map(compile_alone, sources("include", ".hpp")) if f]
        self.assertEqual(failures, [])

    def test_headers_are_guarded_and_open_by_teaching_their_concept(self):
        wrong = []
        for path in sources("src", ".hpp") + sources("include", ".hpp") + sources("tool", ".hpp"):
            text = text_of(path)
            if "#pragma once" not in text:
                wrong.append(f"{path.relative_to(ROOT)} has no #pragma once")
            if not text.startswith("// "):
                wrong.append(f"{path.relative_to(ROOT)} does not open with a comment that says what it is")
        self.assertEqual(wrong, [])

    def test_nothing_reaches_around_the_world(self):
        # The world's own implementation, the VFS over SQLite's own, OpenSSL, the resolver and the parts of the runtime
        # that are the machine itself (stacks, signals, threads) are the named exceptions.
        forbidden = re.compile(
            r"\b(system_clock::now|steady_clock::now|clock_gettime|gettimeofday|std::random_device|std::rand\b|\brand\(\)|getrandom|"
            r"std::ifstream|std::ofstream|std::fstream|std::filesystem|fopen|getaddrinfo|"
            r"epoll_wait|sleep_for|sleep_until|usleep|nanosleep)|(?<![\w>])::(open|socket|connect|bind|accept|recv|send)\(")
        exceptions = {"world", "testing/virtual_clock.cpp",
                      # Made by main over a real world only: stdout's reader and /proc are the machine itself.
                      "observe/log/pipe.cpp", "observe/metrics/process.cpp", "runtime/service_manager.cpp", "runtime/signals.cpp"}
        wrong = []
        for path in sources("src", ".cpp", ".hpp"):
            name = path.relative_to(ROOT / "src")
            if name.parts[0] in exceptions or str(name) in exceptions:
                continue
            for match in forbidden.finditer(code_of(path)):
                wrong.append(f"{name}: {match.group(0)}")
        self.assertEqual(wrong, [])

    def test_no_leftovers(self):
        leftover = re.compile(r"std::cerr|std::cout|printf\(\"DEBUG|\bFIXME\b|\bXXX\b|\bHACK\b|co_await|std::regex|#if 0")
        # Programs print: main, the commands, the fuzzers' replay.
        printing = {"std::cout", "std::cerr"}
        wrong = []
        for folder in ("src", "include", "tool", "examples", "tests"):
            for path in sources(folder, ".cpp", ".hpp"):
                for match in leftover.finditer(code_of(path)):
                    if match.group(0) in printing and folder in ("tool", "examples", "tests"):
                        continue
                    wrong.append(f"{path.relative_to(ROOT)}: {match.group(0)}")
        self.assertEqual(wrong, [])

    def test_the_mirror_is_exact(self):
        """tests/<folder> exists for each folder of src."""
        missing = [p.name for p in (ROOT / "src").iterdir() if p.is_dir() and not (ROOT / "tests" / p.name).is_dir()]
        self.assertEqual(missing, [])

    def test_every_package_has_a_line_in_the_dependencies(self):
        listed = (ROOT / "docs/dependencies.md").read_text(encoding="utf-8")
        missing = []
        for path in (ROOT / "scripts").glob("packages*"):
            for line in path.read_text(encoding="utf-8").splitlines():
                if line and not line.startswith("#") and f"`{line}`" not in listed:
                    missing.append(line)
        self.assertEqual(missing, [])

    def test_scripts_are_what_shellcheck_takes(self):
        if not shutil.which("shellcheck"):
            self.skipTest("there is no shellcheck; scripts/setup docker installs it")
        scripts = [p for folder in ("scripts", "cmake", "examples") for p in (ROOT / folder).rglob("*")
                   if p.is_file() and re.match(r"#!.*\b(ba)?sh\n", text_of(p))]
        self.assertGreater(len(scripts), 8)
        run = subprocess.run(["shellcheck", *scripts], capture_output=True, text=True)
        self.assertEqual(run.stdout, "")


if __name__ == "__main__":
    unittest.main()
