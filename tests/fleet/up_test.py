"""The program `tutti` over small fleets of shell scripts: started, killed, interrupted."""
import os, re, shutil, signal, socket, subprocess, sys, tempfile, time, unittest

TUTTI = os.path.abspath(sys.argv.pop(1))


def until(condition, what, seconds=20):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise AssertionError("not within %d s: %s" % (seconds, what))
        time.sleep(0.02)


def text_of(path):
    with open(path) as f:
        return f.read()


def alive(pid):
    try:
        with open("/proc/%d/stat" % pid) as f:
            return f.read().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


class Up(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp()
        self.runtime = os.path.join(self.folder, "run")
        os.mkdir(self.runtime)
        self.running = []

    def tearDown(self):
        for process in self.running:
            if process.poll() is None:
                process.kill()
            process.wait()
            process.stdout.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def up(self, text):
        with open(os.path.join(self.folder, "compose.yaml"), "w") as f:
            f.write(text)
        self.log = open(os.path.join(self.folder, "log"), "ab")
        process = subprocess.Popen(
            [TUTTI, "up", "-f", "compose.yaml", "--data", "data", "--ready-file", "ready"], cwd=self.folder,
            stdout=self.log, stderr=self.log, env=dict(os.environ, XDG_RUNTIME_DIR=self.runtime))
        process.stdout = self.log
        self.running.append(process)
        return process

    def printed(self):
        with open(os.path.join(self.folder, "log")) as f:
            return f.read()

    def number(self, name):
        path = os.path.join(self.folder, name)
        until(lambda: os.path.exists(path) and text_of(path).endswith("\n"), name + " is written")
        return int(text_of(path))

    def ready(self):
        until(lambda: os.path.exists(os.path.join(self.folder, "ready")), "ready; " + self.printed())

    SLEEPER = "services:\n  a:\n    command: [sh, -c, 'sleep 1000 & echo $$! > grandchild; echo $$$$ > child; wait']\n"

    def test_ctrl_c_stops_in_order_and_leaves_nothing(self):
        process = self.up("services:\n  first:\n    command: [sleep, '1000']\n  second:\n    command: [sleep, '1000']\n    depends_on: [first]\n")
        self.ready()

        process.send_signal(signal.SIGINT)

        self.assertEqual(process.wait(10), 0, self.printed())
        stops = re.findall(r"(\w+) +\* stopped", self.printed())
        self.assertEqual(stops, ["second", "first"])
        self.assertEqual(os.listdir(self.runtime), [])

    def test_kill_9_of_tutti_leaves_no_orphan_and_a_second_start_works(self):
        process = self.up(self.SLEEPER)
        self.ready()
        refused = subprocess.run([TUTTI, "up", "-f", "compose.yaml", "--data", "data"], cwd=self.folder, capture_output=True, text=True)
        self.assertEqual(refused.returncode, 1)
        self.assertIn("a fleet runs over", refused.stderr)
        child, grandchild = self.number("child"), self.number("grandchild")

        process.kill()
        process.wait()

        until(lambda: not alive(child) and not alive(grandchild), "all are gone")
        until(lambda: os.listdir(self.runtime) == [], "the runtime folder is gone")
        os.remove(os.path.join(self.folder, "ready"))
        again = self.up(self.SLEEPER)
        self.ready()
        again.send_signal(signal.SIGTERM)
        self.assertEqual(again.wait(10), 0, self.printed())

    def test_restarts_what_dies_and_says_why(self):
        self.up("services:\n  a:\n    command: [sh, -c, 'exit 78']\n")

        until(lambda: "(restart 3)" in self.printed(), "three restarts")

        self.assertIn("exited with 78: bad settings", self.printed())

    def test_kills_what_ignores_sigterm_after_its_grace_period(self):
        process = self.up("services:\n  a:\n    stop_grace_period: 300ms\n    command: [sh, -c, \"trap '' TERM; echo 1 > trapped; while :; do sleep 1; done\"]\n")
        self.number("trapped")

        process.send_signal(signal.SIGTERM)

        self.assertEqual(process.wait(10), 75, self.printed())
        self.assertIn("does not stop within 300 ms", self.printed())

    def test_waits_for_completion_and_health(self):
        process = self.up(
            "services:\n  job:\n    restart: 'no'\n    command: [sh, -c, 'echo 1 > done']\n"
            "  b:\n    command: [sh, -c, 'test -e done && touch up && sleep 1000']\n    restart: 'no'\n"
            "    healthcheck: {test: [CMD, test, -e, up], start_interval: 50ms}\n    depends_on: {job: {condition: service_completed_successfully}}\n"
            "  c:\n    command: [sh, -c, 'test -e up && sleep 1000']\n    restart: 'no'\n    depends_on: {b: {condition: service_healthy}}\n")
        self.ready()
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(10), 0, self.printed())

    def test_says_that_a_port_is_taken(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            port = taken.getsockname()[1]
            process = self.up("services:\n  web:\n    command: [sleep, '1']\n    ports: ['%d:80']\n" % port)

            self.assertEqual(process.wait(10), 77, self.printed())
            self.assertIn('service "web": port %d of 127.0.0.1 is taken' % port, self.printed())

    def test_says_where_it_looked_for_a_program(self):
        process = self.up("services:\n  web:\n    x-tutti: {binary: not-there}\n")
        self.assertEqual(process.wait(10), 78, self.printed())
        self.assertIn(os.path.join(os.path.dirname(TUTTI), "not-there"), self.printed())

    def test_gives_a_binary_its_addresses_and_the_others_endpoints(self):
        self.up("services:\n  web:\n    x-tutti: {binary: env, with: [pay]}\n    restart: 'no'\n  pay:\n    x-tutti: {binary: env}\n  cat-log:\n    command: [sleep, '1000']\n")
        until(lambda: re.search(r"web +\* exited", self.printed()), "env has ended")
        for expected in ("TUTTI_SERVICES=web,pay", "TUTTI_TARGETS_CAT_LOG_TRANSPORT=http", "TUTTI_RPC_LISTEN=unix:", "TUTTI_HTTP_LISTEN=127.0.0.1:"):
            self.assertIn(expected, self.printed())
        self.assertNotIn("TUTTI_TARGETS_PAY_", self.printed())


unittest.main()
