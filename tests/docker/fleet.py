"""The shop in containers, as compose.yaml of the example describes it, by Debian's docker-compose or by Compose v2."""
import json
import os
import pathlib
import subprocess
import tempfile
import time
import unittest

from docker import ROOT, ask, docker, free_port, run, until

SHOP = ROOT / "examples/shop"
KEPT = ROOT / "build/images"


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
    """The shop, from `up` until it is down again. `overlays` are more compose files, for this fleet only."""

    def __init__(self, compose="docker-compose", overlays=(), **environment):
        self.port = free_port()
        self.environment = {**os.environ, "SHOP_PORT": str(self.port), "COMPOSE_PROFILES": "containers", "COMPOSE_PROJECT_NAME": "tutti-test", **environment}
        self.program = compose
        self.files = [word for file in (SHOP / "compose.yaml", *overlays) for word in ("--file", str(file))]

    def attempt(self, *words, seconds=240):
        return subprocess.run([self.program, *self.files, *words], capture_output=True, text=True, env=self.environment, timeout=seconds)

    def compose(self, *words, **rules):
        done = self.attempt(*words, **rules)
        if done.returncode != 0:
            raise AssertionError(f"{self.program} {' '.join(words)}: exit {done.returncode}\n{done.stderr[-3000:]}")
        return done

    def scale(self, service, count):
        """How many seconds it took. Fails if compose has something to complain about."""
        began = time.monotonic()
        said = self.compose("up", "--detach", "--no-build", "--no-recreate", "--scale", f"{service}={count}").stderr
        if "warn" in said.lower():
            raise AssertionError(f"{self.program} warns: {said}")
        return time.monotonic() - began

    def containers(self, service):
        return self.compose("ps", "--quiet", service).stdout.split()

    def replace(self, service, image):
        """As the guide says it: the new version beside the old one, which is stopped when the new one is healthy."""
        old = self.containers(service)
        self.environment[f"SHOP_{service.upper()}"] = image
        self.compose("up", "--detach", "--no-build", "--no-deps", "--no-recreate", "--scale", f"{service}={2 * len(old)}", service)
        new = [container for container in self.containers(service) if container not in old]
        until(lambda: all(state(container)["Health"]["Status"] == "healthy" for container in new), f"the new {service} to be healthy", 60)
        docker("stop", *old)
        docker("rm", *old)

    def answers(self):
        return ask(f"http://127.0.0.1:{self.port}/api/products")[0] == 200

    def __enter__(self):
        self.compose("up", "--detach", "--no-build")
        until(self.answers, "the balancer to find the storefront")
        return self

    def __exit__(self, kind, *_):
        if kind:
            print(self.attempt("logs", "--tail", "15").stdout[-8000:])
        self.compose("down", "--volumes")


def state(container):
    return json.loads(docker("inspect", container))[0]["State"]
