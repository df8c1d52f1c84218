"""A service as a container's first process: signals, zombies, exit codes, limits, and what it may not do. The images are the
shipped ones' last stage, filled with this build's binaries. Usage: container_test.py FOLDER_OF_BINARIES [unittest arguments]"""
import http.client
import json
import pathlib
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest

from docker import ROOT, Container, ask, docker, run, until
from load import PICTURE, journey

BINARIES = pathlib.Path(sys.argv.pop(1)).resolve() if len(sys.argv) > 1 else None
HARDENED = ["--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges:true", "--memory", "256m"]
# Under AddressSanitizer the leak check would need rights that these containers do not have.
PLAIN = ["--env", "ASAN_OPTIONS=detect_leaks=0"]


def make_image(service):
    with tempfile.TemporaryDirectory() as folder:
        run(ROOT / "cmake/image-root", BINARIES / f"shop-{service}", f"{folder}/image")
        pathlib.Path(folder, "image-data").mkdir()
        last = (ROOT / f"examples/shop/{service}/Dockerfile").read_text().split("FROM scratch")[1]
        last = last.replace("COPY --from=test /image-sbom /\n", "")  # made of what the build stage installed
        pathlib.Path(folder, "Dockerfile").write_text("FROM scratch" + last.replace("--from=test ", "").replace("/image", "image"))
        docker("build", "--quiet", "--tag", f"test/{service}", folder)


def setUpModule():
    for service in ("payments", "thumbnails"):
        make_image(service)


def metrics_of(container):
    return ask(container.url(9090) + "/metrics")[1].decode().splitlines()


class SlowUpload:
    """An upload that has begun and ends when it is told to: a request in the middle of its work."""

    def __init__(self, container):
        self.connection = http.client.HTTPConnection(container.url().split("//")[1], timeout=20)
        self.connection.putrequest("PUT", "/thumbnails/mug?width=16")
        self.connection.putheader("Content-Type", "application/octet-stream")
        self.connection.putheader("Content-Length", str(len(PICTURE)))
        self.connection.endheaders(PICTURE[:50])
        until(lambda: any(line.startswith("tutti_http_in_flight") and line.endswith(" 1") for line in metrics_of(container)), "the upload to run")

    def finish(self):
        self.connection.send(PICTURE[50:])
        status = self.connection.getresponse().status
        self.connection.close()
        return status


class FirstProcess(unittest.TestCase):
    def test_runs_as_nobody_without_capabilities_on_a_read_only_root(self):
        with Container("test/thumbnails", *PLAIN, *HARDENED) as c:
            c.until_ready()
            pid = c.state()["Pid"]
            status = pathlib.Path(f"/proc/{pid}/status").read_text()

            self.assertEqual(ask(c.url() + "/thumbnails/mug?width=16", "PUT", PICTURE, {"Content-Type": "application/octet-stream"})[0], 200)
            self.assertIn("Uid:\t65534\t65534\t65534\t65534", status)
            self.assertIn("CapEff:\t0000000000000000", status)

    def test_writes_nothing_outside_of_its_volume(self):
        with Container("test/thumbnails", *PLAIN) as c:
            c.until_ready()
            ask(c.url() + "/thumbnails/mug?width=16", "PUT", PICTURE, {"Content-Type": "application/octet-stream"})
            written = [line for line in docker("diff", c.id).splitlines() if not line.endswith(("/data", " /etc", " /run", " /run/secrets"))]

            self.assertEqual(written, [])

    def test_becomes_healthy_by_its_own_health_command(self):
        with Container("test/payments", *PLAIN, "--health-interval", "200ms") as c:
            until(lambda: c.state()["Health"]["Status"] == "healthy", "Docker to call it healthy")

    def test_stop_lets_a_running_request_finish_and_exits_0(self):
        with Container("test/thumbnails", *PLAIN, *HARDENED) as c:
            upload = SlowUpload(c.until_ready())
            stopping = threading.Thread(target=docker, args=("stop", c.id))
            stopping.start()
            until(lambda: "draining" in c.logs(), "the drain to begin")
            status = upload.finish()
            stopping.join()

            self.assertEqual(status, 200)
            self.assertEqual(c.state()["ExitCode"], 0)
            self.assertFalse(c.state()["OOMKilled"])

    def test_is_not_ready_before_it_takes_no_more_connections(self):
        with Container("test/payments", *PLAIN, "--env", "TUTTI_DRAIN_DELAY=3s") as c:
            c.until_ready()
            docker("kill", "--signal", "TERM", c.id)
            until(lambda: ask(c.url(9090) + "/readyz")[0] == 503, "readiness to turn")

            self.assertEqual(ask(c.url() + "/no-such-path")[0], 404)
            self.assertEqual(c.wait(), 0)

    def test_exits_75_when_the_drain_deadline_passes(self):
        with Container("test/thumbnails", *PLAIN, "--env", "TUTTI_DRAIN_DEADLINE=300ms") as c:
            upload = SlowUpload(c.until_ready())
            docker("kill", "--signal", "TERM", c.id)

            self.assertEqual(c.wait(), 75)
            upload.connection.close()

    def test_a_second_signal_ends_it_at_once(self):
        with Container("test/thumbnails", *PLAIN) as c:
            upload = SlowUpload(c.until_ready())
            docker("kill", "--signal", "TERM", c.id)
            until(lambda: "draining" in c.logs(), "the drain to begin")
            time.sleep(0.2)  # what follows at once counts as the same signal
            docker("kill", "--signal", "TERM", c.id)

            self.assertEqual(c.wait(), 128 + signal.SIGTERM)
            upload.connection.close()

    def test_exits_78_for_a_bad_setting_and_77_for_an_address_that_is_not_its_own(self):
        with Container("test/payments", *PLAIN, "--env", "PAYMENTS_LIMT_MINOR=5") as c:
            self.assertEqual(c.wait(), 78)
            self.assertIn("PAYMENTS_LIMIT_MINOR", c.logs().upper().replace(".", "_"))
        with Container("test/payments", *PLAIN, "--env", "TUTTI_HTTP_LISTEN=192.0.2.1:8080") as c:
            self.assertEqual(c.wait(), 77)

    def test_leaves_no_zombies(self):
        with Container("test/payments", *PLAIN) as c:
            pid = c.until_ready().state()["Pid"]

            def children():
                return pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()

            # A process that joins the container leaves a child behind, which ends.
            subprocess.run(["nsenter", "--target", str(pid), "--pid", "sh", "-c", "sleep 0.1 & exit 0"], check=True)
            self.assertNotEqual(children(), [])
            until(lambda: children() == [], "the orphan's exit code to be taken", 20)

    def test_reads_settings_from_the_environment_secrets_and_a_mounted_file(self):
        with tempfile.TemporaryDirectory() as folder:
            pathlib.Path(folder, "limit").write_text("777\n")
            pathlib.Path(folder, "settings.yaml").write_text("tutti:\n  log: {level: debug}\n")
            pathlib.Path(folder).chmod(0o755)
            settings = json.loads(docker("run", "--rm", *PLAIN, *HARDENED, "--env", "TUTTI_THREADS=2", "--volume", f"{folder}/limit:/run/secrets/payments.limit_minor:ro",
                                         "--volume", f"{folder}/settings.yaml:/etc/tutti/settings.yaml:ro", "test/payments", "settings", "json"))
        text = json.dumps(settings)

        for expected in ("777", "/run/secrets/payments.limit_minor", "debug", "/etc/tutti/settings.yaml", "TUTTI_THREADS", "0.0.0.0:9090"):
            self.assertIn(expected, text)

    def test_writes_its_log_to_stdout_as_one_object_a_line(self):
        with Container("test/payments", *PLAIN) as c:
            c.until_ready()
            docker("stop", c.id)
            messages = [json.loads(line)["message"] for line in docker("logs", c.id).splitlines()]

            self.assertEqual(messages[:1] + messages[-1:], ["ready", "stopped"])

    def test_threads_follow_the_cpu_quota(self):
        def threads_at_work(*limits):
            with Container("test/thumbnails", *PLAIN, *limits) as c:
                c.until_ready()
                big = journey.png(1600, 1200)
                uploads = [threading.Thread(target=ask, args=(c.url() + f"/thumbnails/mug-{i}", "PUT", big, {"Content-Type": "application/octet-stream"})) for i in range(6)]
                for upload in uploads:
                    upload.start()
                for upload in uploads:
                    upload.join()
                return len(list(pathlib.Path(f"/proc/{c.state()['Pid']}/task").iterdir()))

        self.assertEqual(threads_at_work("--cpus", "1") + 1, threads_at_work("--cpus", "2"))

    def test_connections_follow_the_memory_limit(self):
        with Container("test/payments", *PLAIN, "--memory", "64m") as c:
            host, port = c.until_ready().url().split("//")[1].split(":")
            open_ones = [socket.create_connection((host, int(port)), 5) for _ in range(1100)]
            # Half of 64 MiB at 32 KiB each is 1024.
            until(lambda: f"tutti_http_connections_refused_total {1100 - 1024}" in metrics_of(c), "76 connections to be refused")
            for connection in open_ones:
                connection.close()
            self.assertTrue(c.state()["Running"])

    def test_over_its_memory_limit_it_is_killed_and_docker_says_so(self):
        with Container("test/thumbnails", *PLAIN, "--memory", "48m", "--memory-swap", "48m") as c:
            c.until_ready()
            ask(c.url() + "/thumbnails/mug", "PUT", journey.png(6000, 5000), {"Content-Type": "application/octet-stream"})

            self.assertEqual(c.wait(), 137)
            self.assertTrue(c.state()["OOMKilled"])

    def test_a_full_disk_fails_what_writes_and_nothing_else(self):
        with Container("test/thumbnails", *PLAIN, "--tmpfs", "/data:size=1m,uid=65534,gid=65534") as c:
            c.until_ready()
            picture = journey.png(900, 900)

            def upload(name):
                return ask(c.url() + f"/thumbnails/{name}?width=900", "PUT", picture, {"Content-Type": "application/octet-stream"})[0]

            self.assertEqual(upload("first"), 200)
            statuses = [upload(f"more-{i}") for i in range(60)]
            self.assertIn(statuses[-1], (429, 500, 503), statuses)
            self.assertEqual(ask(c.url() + "/thumbnails/first")[0], 200)
            self.assertEqual(ask(c.url(9090) + "/livez")[0], 200)


if __name__ == "__main__":
    unittest.main()
