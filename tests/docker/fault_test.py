"""The shop in containers while something goes wrong or is changed: new versions, a Docker daemon that ends, too little memory, a
full disk, a second start, a busy port. Customers shop meanwhile; what they lose is counted and has to be explained.
Usage: fault_test.py BUILD_FOLDER [unittest arguments]; the build is an optimised one."""
import collections
import contextlib
import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest

from docker import ROOT, ask, docker, run, until
from fleet import Fleet, state
from load import BROWSE, Load, Orders, journey

BUILD = pathlib.Path(sys.argv.pop(1)).resolve() if len(sys.argv) > 1 else None
BINARY = {"Content-Type": "application/octet-stream"}


def setUpModule():
    run(ROOT / "scripts/shop-images", env={"BUILD": str(BUILD)})


def other_version(service):
    """The same program as an image of another version."""
    name = f"shop/{service}:0.2.0"
    with tempfile.TemporaryDirectory() as folder:
        pathlib.Path(folder, "Dockerfile").write_text(f"FROM shop/{service}:0.1.0\nLABEL org.opencontainers.image.version=0.2.0\n")
        docker("build", "--quiet", "--tag", name, folder)
    return name


@contextlib.contextmanager
def wrk(url):
    """wrk beside what happens; what it counted is in the list when it has ended."""
    report = []
    process = subprocess.Popen(["wrk", "-t1", "-c4", "-d300", "--timeout", "20", url], stdout=subprocess.PIPE, text=True)
    try:
        yield report
    finally:
        process.send_signal(signal.SIGINT)
        report.append(process.communicate()[0])


class Daemon:
    """The Docker daemon of scripts/dockerd, which may be ended and started again."""

    def __init__(self):
        self.folder = pathlib.Path(os.environ["DOCKER_HOST"].removeprefix("unix://")).parent
        self.pid = int((self.folder / "pid").read_text())
        self.command = pathlib.Path(f"/proc/{self.pid}/cmdline").read_bytes().decode().split("\0")[:-1]

    def end(self, how):
        containerd = int((self.folder / "run/containerd/containerd.pid").read_text())
        os.kill(self.pid, how)
        until(lambda: not runs(self.pid) and not runs(containerd), "the daemon to end", 60)

    def start(self):
        # What one that was killed leaves behind would keep the next from starting.
        for left in ("pid", "run/containerd/containerd.pid"):
            (self.folder / left).unlink(missing_ok=True)
        with open(self.folder / "log", "ab") as log:
            subprocess.run(["setsid", "--fork", *self.command], stdout=log, stderr=log, check=True)
        until(lambda: subprocess.run(["docker", "version"], capture_output=True).returncode == 0, "the daemon to answer", 60)


def runs(pid):
    """False for a zombie too."""
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


class Versions(unittest.TestCase):
    def test_new_versions_of_the_storefront_and_the_catalog_lose_nothing(self):
        with Fleet() as fleet:
            ask(f"http://127.0.0.1:{fleet.port}/api/products/mug/image?width=32", "PUT", journey.png(64, 48), BINARY)
            with wrk(f"http://127.0.0.1:{fleet.port}/api/products") as report, Orders(fleet.port) as orders, Load(fleet.port, 1) as load:
                for service in ("storefront", "catalog"):
                    began = time.monotonic()
                    fleet.replace(service, other_version(service))
                    print(f"{service} to its next version: {time.monotonic() - began:.1f} s, {orders.done + load.done} requests so far, {len(orders.losses + load.losses)} lost")
            print(report[0])
            self.assertEqual(orders.lost + load.lost, [])
            self.assertEqual(re.findall("Socket errors.*|Non-2xx.*", report[0]), [])
            self.assertEqual(orders.missing(), [])
            self.assertGreater(len(orders.confirmed), 50)
            for service in ("storefront", "catalog"):
                self.assertEqual([docker("inspect", "--format", "{{.Config.Image}}", container) for container in fleet.containers(service)], [f"shop/{service}:0.2.0"])


class Restarts(unittest.TestCase):
    def daemon_ends(self, how):
        daemon = Daemon()
        with Fleet() as fleet:
            with Orders(fleet.port) as orders:
                until(lambda: len(orders.confirmed) > 100, "a hundred orders")
                ended = time.monotonic()
                daemon.end(how)
                down = time.monotonic()
                daemon.start()
                until(fleet.answers, "the shop to answer again", 60)
                before = len(orders.confirmed)
                until(lambda: len(orders.confirmed) > before + 100, "orders to be taken again", 60)
                back = time.monotonic()
                until(lambda: not orders.losses or time.monotonic() - orders.losses[-1][0] > 2, "losses to end", 30)
            print(f"{how.name}: {down - ended:.1f} s to its end, {back - down:.1f} s until orders are taken again; {len(orders.confirmed)} orders confirmed, {orders.done} requests, {len(orders.losses)} lost:")
            print(*(f"{count:5} {why[:150]}" for why, count in collections.Counter(text.split(" ", 1)[1] for text in orders.lost).most_common()), sep="\n")
            self.assertEqual([text for at, text in orders.losses if not ended <= at <= back], [])
            self.assertEqual(orders.missing(), [])

    def test_a_daemon_that_is_stopped_brings_the_shop_back_and_no_confirmed_order_is_lost(self):
        self.daemon_ends(signal.SIGTERM)

    def test_a_daemon_that_is_killed_brings_the_shop_back_and_no_confirmed_order_is_lost(self):
        self.daemon_ends(signal.SIGKILL)


class Limits(unittest.TestCase):
    def test_a_service_without_enough_memory_is_killed_and_restarted_and_the_rest_goes_on(self):
        with Fleet() as fleet:
            url = f"http://127.0.0.1:{fleet.port}/api/products/mug/image?width=32"
            began = time.time()
            thumbnails = fleet.containers("thumbnails")
            docker("update", "--memory", "40m", "--memory-swap", "40m", *thumbnails)
            self.assertEqual(ask(url, "PUT", journey.png(64, 48), BINARY)[0], 200)

            with Load(fleet.port, 2, [BROWSE]) as load:
                status, told = ask(url, "PUT", journey.png(6000, 5000), BINARY)
                restarted = until(lambda: [c for c in thumbnails if state(c)["StartedAt"] and int(docker("inspect", "--format", "{{.RestartCount}}", c)) > 0], "a restart")
                until(lambda: all(state(c)["Health"]["Status"] == "healthy" for c in thumbnails), "both to be healthy", 60)
                events = docker("events", "--since", str(int(began)), "--until", str(int(time.time()) + 1), "--filter", f"container={restarted[0]}", "--format", "{{.Action}} {{.Actor.Attributes.exitCode}}")
                self.assertEqual(ask(url, "PUT", journey.png(64, 48), BINARY)[0], 200)
            print(f"the upload that was too much: {status} {told.decode()}")
            self.assertIn(status, (502, 503))
            self.assertIn("oom", events)
            self.assertIn("die 137", events)
            self.assertEqual(load.lost, [])

    def test_a_full_disk_is_told_to_the_caller_and_works_again_when_there_is_room(self):
        with tempfile.TemporaryDirectory() as folder:
            small = pathlib.Path(folder, "small.yaml")
            small.write_text('volumes:\n  orders: {driver_opts: {type: tmpfs, device: tmpfs, o: "size=16m,uid=65534,gid=65534"}}\n')
            with Fleet(overlays=[small]) as fleet:
                volume = pathlib.Path(docker("volume", "inspect", "--format", "{{.Mountpoint}}", "tutti-test_orders"))
                with Orders(fleet.port, 1) as orders:
                    until(lambda: len(orders.confirmed) > 20, "orders")
                    with open(volume / "filler", "wb", buffering=0) as filler, contextlib.suppress(OSError):
                        while True:
                            filler.write(bytes(4096))
                    until(lambda: len(orders.losses) > 5, "orders to be refused")
                    refused = orders.lost
                    (volume / "filler").unlink()
                    before = len(orders.confirmed)
                    until(lambda: len(orders.confirmed) > before + 20, "orders to be taken again")
                print(refused[0])
                self.assertIn("the disk is full", refused[0])
                self.assertEqual(orders.missing(), [])
                self.assertEqual([text for text in orders.lost if "POST /api/orders: 429" not in text], [])
                self.assertEqual([docker("inspect", "--format", "{{.RestartCount}}", c) for c in fleet.containers("orders")], ["0"])


class Starts(unittest.TestCase):
    def test_a_second_start_changes_nothing(self):
        with Fleet() as fleet:
            running = docker("ps", "--quiet", "--no-trunc")
            with Load(fleet.port, 2, [BROWSE]) as load:
                fleet.compose("up", "--detach", "--no-build")
            self.assertEqual(docker("ps", "--quiet", "--no-trunc"), running)
            self.assertEqual(load.lost, [])

    def test_a_busy_port_is_named_and_the_start_is_repeated_when_it_is_free(self):
        fleet = Fleet()
        self.addCleanup(fleet.attempt, "down", "--volumes")
        with socket.create_server(("127.0.0.1", fleet.port)):
            done = fleet.attempt("up", "--detach", "--no-build")
            self.assertNotEqual(done.returncode, 0)
            self.assertRegex(done.stderr, rf"{fleet.port}.*(already in use|already allocated)")
        with fleet:
            self.assertTrue(fleet.answers())


if __name__ == "__main__":
    unittest.main()
