"""From sources to images: tutti's package in the toolchain, the README's service in an empty folder by the guide's own words, an
HTTPS call from inside an image, tests that stop a build, labels and sizes.
Usage: image_test.py BUILD_FOLDER [unittest arguments]; the build is an optimised one."""
import hashlib
import http.server
import json
import pathlib
import re
import shutil
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import unittest

from docker import ROOT, Container, ask, docker, free_port, run, until

BUILD = pathlib.Path(sys.argv.pop(1)).resolve() if len(sys.argv) > 1 else None
MEGABYTE = 1_000_000


def setUpModule():
    print(run(ROOT / "scripts/base-image", env={"BUILD": str(BUILD)}))


def blocks(page, kind):
    return re.findall(rf"^```{kind}\n(.*?)^```", (ROOT / page).read_text(), re.M | re.S)


def image(name):
    return json.loads(docker("image", "inspect", name))[0]


def in_installed(prefix):
    """tutti's package, unpacked: what a developer's machine has who installed it."""
    run("dpkg-deb", "-x", next(BUILD.glob("tutti_*.deb")), prefix)
    return f"-DCMAKE_PREFIX_PATH={prefix}/usr"


class Package(unittest.TestCase):
    def test_installs_whole_and_its_program_runs(self):
        toolchain = docker("image", "ls", "--format", "{{.Repository}}:{{.Tag}}", "tutti/toolchain").splitlines()[0]

        self.assertEqual(docker("run", "--rm", "--network", "none", toolchain, "dpkg", "--verify", "tutti"), "")
        self.assertRegex(docker("run", "--rm", "--network", "none", toolchain, "tutti", "--version"), r"\d+\.\d+\.\d+")

    def test_the_base_says_what_it_is_made_of(self):
        labels = image("tutti/base:bookworm")["Config"]["Labels"]

        self.assertRegex(labels["tutti.packages"], r"^sha256:[0-9a-f]{64}$")
        self.assertRegex((ROOT / "base.lock").read_text(), r"(?m)^debian 12\.\d+\npackages sha256:[0-9a-f]{64}\nsource ")


class Guide(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = pathlib.Path(temporary.name) / "greeter"
        self.folder.mkdir()
        self.installed = in_installed(pathlib.Path(temporary.name) / "prefix")
        (self.folder / "main.cpp").write_text(next(b for b in blocks("README.md", "cpp") if "tutti::main" in b))
        (self.folder / "CMakeLists.txt").write_text(blocks("docs/guide/containers.md", "cmake")[0])

    def test_the_readmes_service_goes_from_an_empty_folder_to_a_container_that_answers(self):
        port, answers = free_port(), []
        self.addCleanup(docker, "rm", "--force", "greeter", check=False)
        for line in blocks("docs/guide/containers.md", "console")[0].splitlines():
            if not line.startswith("$ "):
                self.assertIn(line, answers)
                continue
            command = line[2:].split(" #")[0].replace(":8080:8080", f":{port}:8080").replace("1:8080/", f"1:{port}/").replace("-B build", f"-B build {self.installed}")
            if command.startswith("curl"):
                until(lambda: ask(f"http://127.0.0.1:{port}/hello/Ada")[0] == 200, "the container to answer")
            answers = run("bash", "-c", command, cwd=self.folder).splitlines()

        self.assertEqual(json.loads(docker("inspect", "greeter"))[0]["State"]["ExitCode"], 0)
        made = image("greeter:1.0")
        self.assertLess(made["Size"], 10 * MEGABYTE)
        self.assertEqual(made["Config"]["User"], "65534:65534")
        self.assertEqual(list(made["Config"]["ExposedPorts"]), ["8080/tcp"])
        print(f"\nthe README's service as an image: {made['Size'] / MEGABYTE:.2f} MB")

        source = (self.folder / "main.cpp").read_text()
        (self.folder / "main.cpp").write_text(source.replace("Hello, ", "Good day, "))
        began = time.monotonic()
        docker("build", "--tag", "greeter:1.1", ".", cwd=self.folder)
        seconds = time.monotonic() - began
        print(f"rebuilt after a change of one line: {seconds:.1f} s")
        self.assertLess(seconds, 30)
        self.assertNotEqual(image("greeter:1.1")["Id"], made["Id"])

    def test_buildkit_makes_the_same_image(self):
        run("cmake", "-B", "build", self.installed, cwd=self.folder)
        docker("build", "--tag", "greeter:kit", ".", cwd=self.folder, env={"DOCKER_BUILDKIT": "1"})

        self.assertLess(image("greeter:kit")["Size"], 10 * MEGABYTE)
        with Container("greeter:kit", "--read-only") as c:
            self.assertEqual(json.loads(ask(c.until_ready().url() + "/hello/Bo")[1]), {"text": "Hello, Bo"})


class Weather(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = b'{"sky":"grey"}'
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Asker(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        temporary = tempfile.TemporaryDirectory()
        cls.addClassCleanup(temporary.cleanup)
        cls.temporary = pathlib.Path(temporary.name)
        cls.temporary.chmod(0o755)
        cls.folder = cls.temporary / "asker"
        shutil.copytree(ROOT / "tests/docker/asker", cls.folder)
        run("cmake", "-B", "build", in_installed(cls.temporary / "prefix"), cwd=cls.folder)
        run("git", "init", "-q", cls.folder)
        run("git", "-c", "user.name=t", "-c", "user.email=t@localhost", "commit", "-q", "--allow-empty", "-m", "first", cwd=cls.folder)
        (cls.folder / ".git/info/exclude").write_text("*\n")
        cls.name = run(ROOT / "cmake/image-build", cls.folder / "Dockerfile", cls.folder, "asker", env={"VERSION": "1.2.3"}).splitlines()[-1]

    def test_its_labels_say_where_it_comes_from_and_what_it_serves(self):
        revision = run("git", "rev-parse", "--short=12", "HEAD", cwd=self.folder)
        contract = subprocess.run(["docker", "run", "--rm", self.name, "contract"], capture_output=True, check=True).stdout
        labels = image(self.name)["Config"]["Labels"]

        self.assertEqual(self.name, f"asker:1.2.3-{revision}")
        self.assertEqual(labels["org.opencontainers.image.revision"], revision)
        self.assertEqual(labels["org.opencontainers.image.version"], "1.2.3")
        self.assertEqual(labels["tutti.contract"], "sha256:" + hashlib.sha256(contract).hexdigest())
        self.assertLess(image(self.name)["Size"], 16 * MEGABYTE)
        print(f"\na service with TLS as an image: {image(self.name)['Size'] / MEGABYTE:.2f} MB")

    def test_skopeo_reads_the_image_too(self):
        archive = self.temporary / "asker.tar"
        docker("save", "--output", archive, self.name)
        told = json.loads(run("skopeo", "inspect", f"docker-archive:{archive}"))

        self.assertEqual((told["Architecture"], told["Os"]), ("amd64", "linux"))
        self.assertEqual(told["Labels"], image(self.name)["Config"]["Labels"])

    def test_a_contract_that_is_not_the_one_named_fails_the_build(self):
        wrong = "sha256:" + 64 * "0"
        with self.assertRaisesRegex(AssertionError, "returned a non-zero code"):
            docker("build", "--build-arg", f"CONTRACT={wrong}", "--tag", "asker:wrong", self.folder)

    def test_a_failing_test_leaves_no_image(self):
        broken = self.temporary / "broken"
        shutil.copytree(self.folder, broken, ignore=shutil.ignore_patterns("build", ".git"))
        test = broken / "asker_test.cpp"
        test.write_text(test.read_text().replace('.sky, "blue"', '.sky, "green"'))
        for builder in ("0", "1"):
            with self.assertRaisesRegex(AssertionError, "asker_test"):
                docker("build", "--tag", "asker:broken", broken, env={"DOCKER_BUILDKIT": builder})
        self.assertEqual(docker("image", "ls", "--quiet", "asker:broken"), "")

    def test_calls_over_https_and_trusts_only_the_authorities_it_is_given(self):
        address = json.loads(docker("network", "inspect", "bridge"))[0]["IPAM"]["Config"][0]["Gateway"]
        run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=test", "-addext", f"subjectAltName=IP:{address}",
            "-keyout", self.temporary / "key.pem", "-out", self.temporary / "authority.pem")
        (self.temporary / "authority.pem").chmod(0o644)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.temporary / "authority.pem", self.temporary / "key.pem")
        server = http.server.ThreadingHTTPServer((address, 0), Weather)
        server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        target = ["--read-only", "--env", "TUTTI_TARGETS_WEATHER_TRANSPORT=http", "--env", f"TUTTI_TARGETS_WEATHER_ENDPOINTS=https://{address}:{server.server_port}"]
        trusted = ["--volume", f"{self.temporary}/authority.pem:/etc/ssl/certs/ca-certificates.crt:ro"]

        with Container(self.name, *target, *trusted) as c:
            status, body = ask(c.until_ready().url() + "/ask")
            self.assertEqual((status, json.loads(body)), (200, {"sky": "grey"}), c.logs())
        with Container(self.name, *target) as c:
            self.assertEqual(ask(c.until_ready().url() + "/ask")[0], 503, c.logs())


if __name__ == "__main__":
    unittest.main()
