"""The shop in containers behind HAProxy, by Debian's docker-compose and by Compose v2: one file for all, only the balancer's port
is open, and nothing is lost while services grow and shrink under load.
Usage: shop_test.py BUILD_FOLDER [unittest arguments]; the build is an optimised one."""
import json
import pathlib
import subprocess
import sys
import unittest

from docker import ROOT, ask, docker, run, until
from fleet import SHOP, Fleet, compose_v2
from load import Load

BUILD = pathlib.Path(sys.argv.pop(1)).resolve() if len(sys.argv) > 1 else None
MEGABYTE = 1_000_000
POLYGLOT = (SHOP / "receipts/node_modules").exists()  # make setup
# payments has TLS.
LIMITS = {"catalog": 10, "orders": 10, "notifications": 10, "storefront": 10, "payments": 16, "broker": 10, "thumbnails": 10}


def setUpModule():
    print(run(ROOT / "scripts/shop-images", *(["polyglot"] if POLYGLOT else []), env={"BUILD": str(BUILD)}))


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
        for service in ("catalog", "payments", "orders", "thumbnails", "notifications", "storefront", "balancer", "broker"):
            user = docker("image", "inspect", "--format", "{{.Config.User}}", docker("image", "ls", "--quiet", f"shop/{service}").split()[0])
            self.assertNotIn(user, ("", "0", "root"), service)

    def test_images_are_small(self):
        sizes = {service: int(docker("image", "inspect", "--format", "{{.Size}}", f"shop/{service}:0.1.0")) / MEGABYTE for service in LIMITS}
        print(", ".join(f"{service} {size:.2f} MB" for service, size in sizes.items()))
        self.assertEqual([service for service, size in sizes.items() if size >= LIMITS[service]], [])

    @unittest.skipUnless(POLYGLOT, "nobody called `npm ci` in examples/shop/receipts")
    def test_services_in_python_and_javascript_join_the_fleet(self):
        for service in ("loyalty", "receipts"):
            self.assertEqual(docker("image", "inspect", "--format", "{{.Config.User}}", f"shop/{service}:0.1.0").strip(), "65534:65534")
        with Fleet("docker-compose", COMPOSE_PROFILES="containers,polyglot") as fleet:
            shop = f"http://127.0.0.1:{fleet.port}/api/orders"
            order = json.dumps({"customer": "Ada", "lines": [{"sku": "mug", "quantity": 1}], "card": "4242424242424242"}).encode()
            status, body = ask(shop, "POST", order, {"Content-Type": "application/json", "Idempotency-Key": "k"})[:2]
            self.assertEqual(status, 201)
            receipt = f"{shop}/{json.loads(body)['id']}/receipt"  # C++ asks JavaScript, which has asked Python
            until(lambda: ask(receipt)[0] == 200, "the receipt", 60)
            self.assertRegex(json.loads(ask(receipt)[1])["text"], r"^Receipt for Ada\n1 x mug\nPaid EUR [0-9.]+\nPoints [0-9]+$")

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
