"""The steps of the shop's delivery where something is wrong: a registry that is down or refuses, an image without a bill of
materials, a host that does not answer. Needs docker-registry, htpasswd and jq (scripts/setup delivery)."""
import base64
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

from docker import ROOT, ask, docker, free_port, until

STEPS = ROOT / "examples/shop/delivery/steps"
IMAGE = "shop/catalog:0.1.0-abc"


class Steps(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="tutti-delivery-test-"))
        self.addCleanup(shutil.rmtree, self.folder)
        self.out = self.folder / "out"
        self.out.mkdir()
        (self.folder / "docker").mkdir()
        (self.out / "images").write_text(f"catalog {IMAGE}\n")
        self.registry = f"127.0.0.1:{free_port()}"

    def image(self, sbom):
        context = self.folder / "context"
        context.mkdir(exist_ok=True)
        (context / "sbom").write_text(sbom)
        for service in ("catalog", "payments", "orders", "thumbnails", "notifications", "storefront"):
            (context / "Dockerfile").write_text(f'FROM scratch\nCOPY sbom /usr/share/sbom/shop-{service}.cdx.json\nCMD ["/none"]\n')
            docker("build", "--quiet", "--tag", f"shop/{service}:0.1.0-abc", context)
        (self.out / "images").write_text("".join(f"{s} shop/{s}:0.1.0-abc\n" for s in ("catalog", "payments", "orders", "thumbnails", "notifications", "storefront")))

    def step(self, name, **environment):
        settings = {"OUT": self.out, "REGISTRY": self.registry, "DOCKER_CONFIG": self.folder / "docker", "HOSTS": self.folder / "hosts", "SITE": self.folder / "site", **environment}
        done = subprocess.run([STEPS / name], capture_output=True, text=True, env={**os.environ, **{k: str(v) for k, v in settings.items()}}, timeout=300)
        self.assertEqual((self.out / f"{name}.log").read_text(), done.stdout)
        return done.returncode, done.stdout

    def start_registry(self):
        (self.folder / "htpasswd").write_text(subprocess.run(["htpasswd", "-nBb", "ci", "right"], capture_output=True, text=True, check=True).stdout)
        (self.folder / "registry.yaml").write_text(json.dumps({
            "version": 0.1, "log": {"level": "error"}, "storage": {"filesystem": {"rootdirectory": str(self.folder / "registry")}},
            "http": {"addr": self.registry, "secret": "x"}, "auth": {"htpasswd": {"realm": "shop", "path": str(self.folder / "htpasswd")}}}))
        server = subprocess.Popen(["docker-registry", "serve", self.folder / "registry.yaml"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(lambda: (server.terminate(), server.wait()))
        until(lambda: ask(f"http://{self.registry}/v2/")[0] == 401, "the registry")

    def log_in(self, password):
        login = base64.b64encode(f"ci:{password}".encode()).decode()
        (self.folder / "docker/config.json").write_text(json.dumps({"auths": {self.registry: {"auth": login}}}))

    def test_a_push_needs_a_registry_and_its_password(self):
        self.image('{"components": [{}]}')
        status, said = self.step("push")
        self.assertNotEqual(status, 0)
        self.assertIn("connection refused", said)

        self.start_registry()
        self.log_in("wrong")
        status, said = self.step("push")
        self.assertNotEqual(status, 0)
        self.assertRegex(said, "unauthorized|no basic auth")
        self.assertEqual((self.out / "release").read_text(), "")

        self.log_in("right")
        status, said = self.step("push")
        self.assertEqual(status, 0, said)
        self.assertRegex((self.out / "release").read_text(), rf"^SHOP_CATALOG={self.registry}/shop/catalog@sha256:[0-9a-f]{{64}}\nSHOP_PAYMENTS=")
        self.assertEqual([line.split()[2] for line in (self.out / "times").read_text().splitlines()][-1], "0")

    def test_an_image_needs_a_bill_of_materials(self):
        self.image('{"components": []}')
        status, said = self.step("sbom")
        self.assertEqual((status, said.splitlines()[-1]), (1, f"sbom: the bill of materials of {IMAGE} names no component"))
        self.image("this is no JSON")
        self.assertNotEqual(self.step("sbom")[0], 0)
        self.image('{"components": [{"name": "libc6"}]}')
        status, said = self.step("sbom")
        self.assertEqual(status, 0, said)
        self.assertIn("catalog: 1 components\n", said)

    def test_a_host_that_does_not_answer_ends_it_before_the_next(self):
        (self.out / "release").write_text(f"SHOP_CATALOG={IMAGE}\n")
        (self.folder / "hosts").write_text(f"one unix://{self.folder}/nobody http://127.0.0.1:1\ntwo {os.environ['DOCKER_HOST']} http://127.0.0.1:2\n")
        status, said = self.step("deploy")
        self.assertNotEqual(status, 0)
        self.assertIn("Cannot connect to the Docker daemon", said)
        self.assertNotIn("== two", said)
        self.assertEqual(docker("ps", "--all", "--quiet"), "")

    def test_what_is_not_set_is_said(self):
        done = subprocess.run([STEPS / "test"], capture_output=True, text=True, env={"PATH": os.environ["PATH"]})
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("OUT: is the folder for the logs of this build", done.stderr)
        status, said = self.step("push", REGISTRY="")
        self.assertNotEqual(status, 0)
        self.assertIn("REGISTRY: is HOST:PORT of the registry", said)


if __name__ == "__main__":
    missing = [program for program in ("docker-registry", "htpasswd", "jq") if not shutil.which(program)]
    if missing:
        print(f"skipped: {', '.join(missing)} is missing; scripts/setup delivery installs it")
        sys.exit(77)
    unittest.main()
