"""The shop in containers behind HAProxy, by Debian's docker-compose and by Compose v2: one file for all, only the balancer's port
is open, and nothing is lost while services grow and shrink under load.
Usage: shop_test.py BUILD_FOLDER [unittest arguments]; the build is an optimised one."""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time
import unittest

from docker import ROOT, ask, docker, free_port, run, until
from load import Load

BUILD = pathlib.Path(sys.argv.pop(1)).resolve() if len(sys.argv) > 1 else None
SHOP = ROOT / "examples/shop"
KEPT = ROOT / "build/images"


def setUpModule():
    print(run(ROOT / "scripts/shop-images", env={"BUILD": str(BUILD)}))


def compose_v2():
    """Compose v2 is in the next Debian only: its package is unpacked, and kept. Skips where it cannot be reached."""
    program = KEPT / "compose-v2/usr/libexec/docker/cli-plugins/docker-compose"
    if not program.exists():
        mirror = run("bash", "-c", "sed -n 's/^URIs: *//p' /etc/apt/sources.list.d/debian.sources | head -1")
        with tempfile.TemporaryDirectory() as folder:
            pathlib.Path(folder, "lists/partial").mkdir(parents=True)
            pathlib.Path(folder, "list").write_text(f"deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] {mirror} trixie main\n")
            apt = ["apt-get", "-qq", "-o", f"Dir::Etc::sourcelist={folder}/list", "-o", "Dir::Etc::sourceparts=/nonexistent", "-o", f"Dir::State::Lists={folder}/lists", "-o", "APT::Sandbox::User=root"]
            for command in (apt + ["update"], apt + ["download", "docker-compose"]):
                done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120)
                if done.returncode != 0:
                    raise unittest.SkipTest(f"Compose v2 cannot be reached: {done.stderr.strip()[:300]}")
            run("dpkg-deb", "-x", next(pathlib.Path(folder).glob("*.deb")), KEPT / "compose-v2")
    if not program.exists():
        raise unittest.SkipTest(f"the package docker-compose has no {program.name} where it used to be")
    return str(program)


class Fleet:
    def __init__(self, compose):
        self.port = free_port()
        self.environment = {**os.environ, "SHOP_PORT": str(self.port), "COMPOSE_PROFILES": "containers", "COMPOSE_PROJECT_NAME": "tutti-test"}
        self.compose_program = compose

    def compose(self, *words, seconds=240):
        done = subprocess.run([self.compose_program, "--file", SHOP / "compose.yaml", *words], capture_output=True, text=True, env=self.environment, timeout=seconds)
        if done.returncode != 0:
            raise AssertionError(f"{self.compose_program} {' '.join(words)}: exit {done.returncode}\n{done.stderr[-3000:]}")
        return done

    def scale(self, service, count):
        began = time.monotonic()
        self.compose("up", "--detach", "--no-build", "--no-recreate", "--scale", f"{service}={count}")
        return time.monotonic() - began

    def __enter__(self):
        self.compose("up", "--detach", "--no-build")
        until(lambda: ask(f"http://127.0.0.1:{self.port}/api/products")[0] == 200, "the balancer to find the storefront")
        return self

    def __exit__(self, kind, *_):
        if kind:
            print(self.compose("logs", "--tail", "15").stdout[-8000:])
        self.compose("down", "--volumes")


class Shop(unittest.TestCase):
    def test_one_file_is_read_without_a_warning_by_all(self):
        for program in ("docker-compose", compose_v2()):
            done = Fleet(program).compose("config", "--quiet")
            self.assertEqual((done.stdout, done.stderr), ("", ""), program)
        done = subprocess.run([BUILD / "bin/tutti", "config", "-f", SHOP / "compose.yaml"], capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertNotIn("warn", done.stderr)

    def test_haproxys_file_is_what_haproxy_takes(self):
        run("haproxy", "-c", "-f", SHOP / "haproxy/haproxy.cfg")

    def test_nothing_is_unpinned_and_nothing_runs_as_root(self):
        files = [SHOP / "compose.yaml", *SHOP.glob("*/Dockerfile"), ROOT / "scripts/images/toolchain.Dockerfile"]
        self.assertEqual([f.name for f in files if "latest" in f.read_text()], [])
        for service in ("catalog", "payments", "orders", "thumbnails", "storefront", "balancer"):
            user = docker("image", "inspect", "--format", "{{.Config.User}}", docker("image", "ls", "--quiet", f"shop/{service}").split()[0])
            self.assertNotIn(user, ("", "0", "root"), service)

    def journey_and_scaling(self, program):
        with Fleet(program) as fleet:
            print(run(sys.executable, SHOP / "journey.py", f"http://127.0.0.1:{fleet.port}"))
            published = [line for line in docker("ps", "--format", "{{.Names}} {{.Ports}}").splitlines() if "->" in line]
            self.assertEqual([line.split()[0].replace("_", "-") for line in published], ["tutti-test-balancer-1"])
            self.assertNotIn("9090", published[0])

            with Load(fleet.port) as load:
                for service, count in (("thumbnails", 4), ("thumbnails", 1), ("storefront", 3), ("storefront", 1)):
                    before = load.done
                    seconds = fleet.scale(service, count)
                    print(f"{service} to {count}: {seconds:.1f} s, {load.done - before} requests, {len(load.lost)} lost so far, slowest {load.slowest:.1f} s")
            self.assertEqual(load.lost, [])
            self.assertGreater(load.done, 100)
        self.assertEqual(docker("ps", "--all", "--quiet"), "")

    def test_journey_and_scaling_under_load_by_docker_compose_of_debian(self):
        self.journey_and_scaling("docker-compose")

    def test_journey_and_scaling_under_load_by_compose_v2(self):
        self.journey_and_scaling(compose_v2())



if __name__ == "__main__":
    unittest.main()
