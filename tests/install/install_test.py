"""Installs the build tree into an empty prefix and builds another project against it, as a user of tutti does.

The project (greeter/) knows only find_package(tutti): a service, a Bed test and embedded files. Two more (payments/ and checkout/)
share a contract as a package. Compiler and flags are those of
the tree, because the sanitizers of a static library have to be those of the program that links it. Then the guide's first
service is built from its page.
"""

import argparse
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

import first_service

THIRD_PARTY = ("simdjson", "/boost/", "sqlite3", "/re2/", "libfyaml", "openssl")


def run(*command):
    done = subprocess.run([str(word) for word in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))}: exit {done.returncode}, expected 0\n{done.stdout}")
    return done.stdout


def check_package_names_no_build_paths(prefix, arguments, config="tutti-config.cmake", *more):
    files = sorted(prefix.rglob("*.cmake"))
    if not any(file.name == config for file in files):
        sys.exit(f"no {config} below {prefix}")
    for file in files:
        text = file.read_text()
        for word in (arguments.build, arguments.source, "fsanitize", "tutti_options", *more):
            if word in text:
                sys.exit(f"{file.name} names {word}, expected nothing of the build tree")


def check_contracts_need_no_third_party(prefix, arguments, folder):
    source = folder / "contract_only.cpp"
    source.write_text("#include <tutti/contract.hpp>\n")
    headers = run(arguments.compiler, "-std=c++20", "-M", "-I", prefix / "include", source)
    if "tutti/contract.hpp" not in headers:
        sys.exit("the compiler did not report tutti/contract.hpp among the headers it read")
    for word in THIRD_PARTY:
        if word in headers:
            sys.exit(f"<tutti/contract.hpp> includes headers of {word}, expected none of a third party")


def check_image_has_one_runtime(prefix, arguments, folder):
    """A program with the C++ runtime in itself and a shared library that brings another is refused, with what to do."""
    library, program = folder / "libcolour.so", folder / "painter"
    (folder / "colour.cpp").write_text("#include <string>\nstd::string colour() { return std::string(99, 'r'); }\n")
    (folder / "painter.cpp").write_text("#include <string>\nstd::string colour();\nint main() { return colour().size() != 99; }\n")
    run(arguments.compiler, "-shared", "-fPIC", "-o", library, folder / "colour.cpp")
    link = (arguments.compiler, "-o", program, folder / "painter.cpp", library, f"-Wl,-rpath,{folder}")
    image_root = prefix / "share" / "tutti" / "image-root"
    run(*link)
    run(image_root, program, folder / "shared-root")
    run(*link, "-static-libstdc++", "-static-libgcc")
    refused = subprocess.run([image_root, program, folder / "static-root"], capture_output=True, text=True)
    if refused.returncode != 1 or str(library) not in refused.stderr or "SHARED_RUNTIME" not in refused.stderr:
        sys.exit(f"image-root of a program with two C++ runtimes: exit {refused.returncode}, {refused.stderr!r}; expected 1, {library} and SHARED_RUNTIME")


def configure(arguments, project, build, prefixes, *more):
    return [arguments.cmake, "-S", project, "-B", build, "-G", arguments.generator,
            f"-DCMAKE_PREFIX_PATH={';'.join(map(str, prefixes))}", f"-DCMAKE_CXX_COMPILER={arguments.compiler}",
            f"-DCMAKE_CXX_FLAGS={arguments.flags}", f"-DCMAKE_EXE_LINKER_FLAGS={arguments.linker_flags}",
            f"-DCMAKE_CXX_COMPILER_LAUNCHER={arguments.launcher}", f"-DCMAKE_BUILD_TYPE={arguments.build_type}", *more]


def refused(*command):
    done = subprocess.run([str(word) for word in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode == 0:
        sys.exit(f"{' '.join(map(str, command))}: exit 0, expected a refusal\n{done.stdout}")
    return done.stdout


def check_contract_package(prefix, arguments, folder):
    """One project installs its service's contract, another builds against it; what would break that one is refused."""
    here, contracts = pathlib.Path(__file__).parent, folder / "contracts"
    for project in ("payments", "checkout"):
        shutil.copytree(here / project, folder / project)
    payments, checkout = folder / "payments-build", folder / "checkout-build"
    run(*configure(arguments, folder / "payments", payments, [prefix]))
    run(arguments.cmake, "--build", payments)
    run(arguments.cmake, "--install", payments, "--prefix", contracts)
    check_package_names_no_build_paths(contracts, arguments, "payments-contract-config.cmake", str(folder / "payments"), str(payments))
    document = contracts / "share" / "payments-contract" / "contract.json"
    if "/charges" not in json.loads(document.read_text())["paths"]:
        sys.exit(f"{document} does not tell of /charges")

    said = run(*configure(arguments, folder / "checkout", checkout, [prefix, contracts]))
    if str(document) not in said:
        sys.exit(f"payments_CONTRACT_DOCUMENT is not {document}:\n{said}")
    run(arguments.cmake, "--build", checkout)
    run(checkout / "checkout_test")
    newer = refused(*configure(arguments, folder / "checkout", folder / "newer-build", [prefix, contracts], "-DWANTED=2.0"))
    if "payments-contract" not in newer or "1.2.0" not in newer:
        sys.exit(f"a caller that wants 2.0 is not told that 1.2.0 is there:\n{newer}")

    header = folder / "payments" / "payments" / "contract.hpp"
    header.write_text(header.read_text().replace("amount_minor", "amount_cents"))
    broken = refused(arguments.cmake, "--build", payments)
    if "would break callers" not in broken or "breaking: " not in broken:
        sys.exit(f"a field that was renamed is not refused as breaking callers:\n{broken}")


def main():
    parser = argparse.ArgumentParser()
    for name in ("cmake", "generator", "build", "source", "compiler", "flags", "linker-flags", "launcher", "build-type"):
        parser.add_argument(f"--{name}", required=True)
    arguments = parser.parse_args()

    with tempfile.TemporaryDirectory(prefix="tutti-install-") as name:
        folder = pathlib.Path(name)
        prefix = folder / "tutti"
        project = folder / "greeter"
        build = folder / "build"
        run(arguments.cmake, "--install", arguments.build, "--prefix", prefix)
        check_package_names_no_build_paths(prefix, arguments)
        check_contracts_need_no_third_party(prefix, arguments, folder)
        check_image_has_one_runtime(prefix, arguments, folder)

        shutil.copytree(pathlib.Path(__file__).parent / "greeter", project)
        run(*configure(arguments, project, build, [prefix]))
        run(arguments.cmake, "--build", build)
        run(build / "greeter_test")
        if not run(build / "greeter", "--help").strip():
            sys.exit("greeter --help printed nothing, expected its settings")
        contract = run(build / "greeter", "contract")
        json.loads(contract)
        if "/hello/{name}" not in contract:
            sys.exit(f"greeter contract does not tell of /hello/{{name}}:\n{contract}")
        program = prefix / "bin" / "tutti"
        if program.exists():
            run(program, "--help")

        check_contract_package(prefix, arguments, folder)

        wrong = first_service.follow(folder, {**os.environ, "CXX": arguments.compiler, "CXXFLAGS": arguments.flags,
                                              "LDFLAGS": arguments.linker_flags, "CMAKE_GENERATOR": arguments.generator,
                                              "CMAKE_BUILD_TYPE": arguments.build_type,
                                              "CMAKE_CXX_COMPILER_LAUNCHER": arguments.launcher})
        if wrong:
            sys.exit(f"{first_service.PAGE.name}:\n" + "\n".join(wrong))


main()
