"""`tutti up`: starting in order, restarting, stopping, and what is left behind."""
import os
import re
import resource
import signal
import socket
import time
import unittest

from fleet_program import Fleet, alive, text_of, until

SLEEPER = "services:\n  a:\n    command: [sh, -c, 'sleep 1000 & echo $$! > grandchild; echo $$$$ > child; wait']\n"
DEAF = "[sh, -c, \"trap '' TERM; echo 1 > trapped; while :; do sleep 1; done\"]"


class Stopping(Fleet):
    def test_ctrl_c_stops_in_order_and_leaves_nothing(self):
        process = self.up("""
services:
  first:
    command: [sh, -c, "trap 'echo 1 > first-was-asked; exit 0' TERM; while :; do sleep 0.05; done"]
  second:
    command: [sh, -c, "trap 'sleep 0.3; test -e first-was-asked && echo early; exit 0' TERM; while :; do sleep 0.05; done"]
    depends_on: [first]
""")
        self.until_ready()

        process.send_signal(signal.SIGINT)

        self.assertEqual(self.ended(process), 0, self.printed())
        self.assertEqual(re.findall(r"(\w+) +\* stopped", self.printed()), ["second", "first"])
        self.assertNotIn("early", self.printed())
        self.assertIn("all services have stopped", self.printed())
        self.assertEqual(os.listdir(self.runtime), [])
        self.assertFalse(os.path.exists(self.path("ready")))
        self.assertFalse(os.path.exists(self.path("data/fleet.state")))

    def test_a_second_ctrl_c_kills_at_once(self):
        process = self.up("services:\n  a:\n    stop_grace_period: 10m\n    command: %s\n" % DEAF)
        self.until_written("trapped")

        process.send_signal(signal.SIGINT)
        self.until_printed("once more kills")
        time.sleep(0.2)  # what follows at once counts as the same Ctrl-C
        process.send_signal(signal.SIGINT)

        self.assertEqual(self.ended(process, 10), 75, self.printed())
        self.assertRegex(self.printed(), r"a +\* is killed")

    def test_kills_what_ignores_sigterm_after_its_grace_period(self):
        process = self.up("services:\n  a:\n    stop_grace_period: 300ms\n    command: %s\n" % DEAF)
        self.until_written("trapped")

        self.assertEqual(self.stopped(process), 75, self.printed())

        self.assertIn("does not stop within 300 ms", self.printed())
        self.assertIn("all services have stopped, but not all could finish", self.printed())

    def test_sends_the_signal_that_the_file_names(self):
        process = self.up("services:\n  a:\n    stop_signal: SIGINT\n    command: [sh, -c, \"trap 'echo interrupted; exit 0' INT; "
                          "echo 1 > trapped; while :; do sleep 0.05; done\"]\n")
        self.until_written("trapped")

        self.assertEqual(self.stopped(process), 0, self.printed())

        self.assertIn("| interrupted", self.printed())

    def test_a_closed_terminal_stops_the_fleet(self):
        process = self.up(SLEEPER)
        self.until_ready()

        process.send_signal(signal.SIGHUP)

        self.assertEqual(self.ended(process), 0, self.printed())

    def test_stops_at_once_what_waits_to_be_started(self):
        process = self.up("services:\n  dies: {command: ['false']}\n  never: {command: [sleep, '1000'], healthcheck: {test: 'false'}}\n"
                          "  waits: {command: [sleep, '1000'], depends_on: {never: {condition: service_healthy}}}\n")
        self.until_printed(r"dies +\* exited with 1; starts again in \d+ ms \(restart 4\)")  # 0.8 s or more from now

        self.assertEqual(self.stopped(process), 0, self.printed())

        self.assertNotRegex(self.printed(), r"waits +\* starts|restart 5")

    def test_tells_that_a_service_missed_its_drain_deadline(self):
        process = self.up("services:\n  a:\n    command: [sh, -c, \"trap 'exit 75' TERM; echo 1 > trapped; while :; do sleep 0.05; done\"]\n")
        self.until_written("trapped")

        self.assertEqual(self.stopped(process), 75, self.printed())

        self.assertIn("its drain deadline passed", self.printed())

    def test_kill_9_of_tutti_leaves_no_orphan_and_a_second_start_works(self):
        process = self.up(SLEEPER)
        self.until_ready()
        child, grandchild = int(self.until_written("child")), int(self.until_written("grandchild"))

        process.kill()
        process.wait()

        until(lambda: not alive(child) and not alive(grandchild), "all are gone")
        until(lambda: os.listdir(self.runtime) == [], "the runtime folder is gone")
        self.assertEqual(self.run_tutti("ps", "--data", "data").returncode, 1)  # the record that is left deceives nobody
        os.remove(self.path("ready"))
        again = self.up()
        self.until_ready()
        self.assertEqual(self.stopped(again), 0, self.printed())

    def guardians(self, process, child):
        children = text_of("/proc/%d/task/%d/children" % (process.pid, process.pid))
        return [int(pid) for pid in children.split() if int(pid) != child]

    def test_sweeps_up_what_a_killed_guardian_left(self):
        process = self.up(SLEEPER)
        self.until_ready()
        guardian, = self.guardians(process, int(self.until_written("child")))
        process.send_signal(signal.SIGSTOP)  # so that it cannot start another one
        os.kill(guardian, signal.SIGKILL)
        process.kill()
        process.wait()
        left, = os.listdir(self.runtime)
        os.kill(int(self.until_written("grandchild")), signal.SIGKILL)
        os.remove(self.path("ready"))

        again = self.up()
        self.until_ready()

        self.assertNotIn(left, os.listdir(self.runtime))
        self.assertEqual(self.stopped(again), 0, self.printed())

    def test_a_killed_guardian_is_replaced(self):
        process = self.up(SLEEPER)
        self.until_ready()
        child, grandchild = int(self.until_written("child")), int(self.until_written("grandchild"))

        killed, = self.guardians(process, child)
        os.kill(killed, signal.SIGKILL)
        until(lambda: self.guardians(process, child) not in ([], [killed]), "there is another one")
        process.kill()
        process.wait()

        until(lambda: not alive(child) and not alive(grandchild), "all are gone")

    def test_a_process_that_a_service_left_behind_goes_with_it(self):
        process = self.up("services:\n  a:\n    restart: 'no'\n    command: [sh, -c, 'sleep 1000 & echo $$! > grandchild']\n")
        self.assertEqual(self.ended(process), 0, self.printed())

        grandchild = int(self.until_written("grandchild"))
        until(lambda: not alive(grandchild), "the grandchild is gone")

    def test_refuses_a_second_fleet_over_the_same_data(self):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.up("services:\n  a:\n    command: [sleep, '1000']\n    ports: ['%d:80']\n" % port)
        self.until_ready()

        refused = self.run_tutti("up", "--data", "data")

        self.assertEqual(refused.returncode, 1)
        self.assertRegex(refused.stderr, r"^tutti: a fleet runs over .*/data already; stop it \(tutti ps shows it\)")


class Restarting(Fleet):
    def ends_after(self, restart, command):
        """What the fleet of one such service prints and how it ends by itself."""
        process = self.up("services:\n  a:\n    restart: %s\n    command: [sh, -c, '%s']\n" % (restart, command))
        code = self.ended(process)
        return code, self.printed().count("* starts (pid")

    def test_no_starts_once(self):
        self.assertEqual(self.ends_after("'no'", "exit 3"), (1, 1))
        self.assertIn("exited with 3; it is not started again: restart is no", self.printed())

    def test_no_with_success_ends_well(self):
        self.assertEqual(self.ends_after("no", "exit 0"), (0, 1))

    def test_on_failure_with_a_number_gives_up(self):
        self.assertEqual(self.ends_after("on-failure:2", "exit 3"), (1, 3))
        self.assertIn("it is not started again: restart is on-failure:2", self.printed())

    def test_on_failure_leaves_success_alone(self):
        self.assertEqual(self.ends_after("on-failure", "exit 0"), (0, 1))

    def test_always_and_unless_stopped_restart_success_too(self):
        process = self.up("services:\n  a: {restart: always, command: ['true']}\n  b: {restart: unless-stopped, command: ['true']}\n  c: {command: ['true']}\n")

        for name in "abc":
            self.until_printed(name + r" +\* exited with 0; starts again in \d+ ms \(restart 2\)")

        self.assertEqual(self.stopped(process), 0, self.printed())

    def test_waits_twice_as_long_each_time_and_says_why(self):
        self.up("services:\n  a:\n    command: [sh, -c, 'exit 78']\n")

        self.until_printed(r"\(restart 4\)")

        pauses = [int(p) for p in re.findall(r"exited with 78: bad settings; its last lines say which; starts again in (\d+) ms", self.printed())]
        for n, pause in enumerate(pauses):
            self.assertTrue(100 * 2 ** n <= pause <= 200 * 2 ** n, pauses)

    def test_a_working_folder_that_is_not_there_is_named(self):
        process = self.up("services:\n  a: {restart: 'no', command: ['true'], working_dir: nowhere}\n")

        self.assertEqual(self.ended(process), 1)

        self.assertIn("| the working folder " + self.path("nowhere") + " cannot be entered: No such file", self.printed())


class Depending(Fleet):
    def test_waits_for_completion_and_health(self):
        process = self.up("""
services:
  job: {command: [sh, -c, 'sleep 0.2; echo 1 > done']}
  b:
    command: [sh, -c, 'test -e done && sleep 0.2 && touch up && sleep 1000']
    restart: 'no'
    healthcheck: {test: [CMD, test, -e, up], start_interval: 50ms}
    depends_on: {job: {condition: service_completed_successfully}}
  c:
    command: [sh, -c, 'test -e up && sleep 1000']
    restart: 'no'
    depends_on: {b: {condition: service_healthy}}
  d:
    command: [sh, -c, 'sleep 1000']
    depends_on: {c: {condition: service_started}}
""")
        self.until_ready()

        self.assertEqual(re.findall(r"(\w+) +\* starts", self.printed()), ["job", "b", "c", "d"])
        self.assertEqual(self.stopped(process), 0, self.printed())

    def test_what_waits_for_a_failed_job_is_not_started(self):
        process = self.up("services:\n  job: {restart: 'no', command: ['false']}\n"
                          "  a: {command: [sleep, '1000'], depends_on: {job: {condition: service_completed_successfully}}}\n")

        self.assertEqual(self.ended(process), 1)

        self.assertRegex(self.printed(), r"a +\* is not started: job failed")

    def test_what_waits_for_the_health_of_one_that_ended_is_not_started(self):
        process = self.up("services:\n  dep: {restart: 'no', command: ['true'], healthcheck: {test: 'false'}}\n"
                          "  a: {command: [sleep, '1000'], depends_on: {dep: {condition: service_healthy}}}\n")

        self.assertEqual(self.ended(process), 1)

        self.assertRegex(self.printed(), r"a +\* is not started: dep failed")

    def test_a_failed_job_that_is_not_required_holds_up_nobody(self):
        process = self.up("services:\n  job: {restart: 'no', command: ['false']}\n"
                          "  a: {command: [sleep, '1000'], depends_on: {job: {condition: service_completed_successfully, required: false}}}\n")

        self.until_printed(r"a +\* is ready")

        self.assertEqual(self.stopped(process), 1)

    def test_tells_who_waits_for_one_that_does_not_become_healthy(self):
        process = self.up("services:\n  dep: {command: [sleep, '1000'], healthcheck: {test: [CMD-SHELL, exit 7], start_interval: 100ms}}\n"
                          "  a: {command: [sleep, '1000'], depends_on: {dep: {condition: service_healthy}}}\n")

        self.until_printed(r"dep +\* is not ready after 10.0 s: its healthcheck ended with 7; it is waited for by a\n")

        self.assertNotRegex(self.printed(), r"a +\* starts")
        self.assertEqual(self.stopped(process), 0, self.printed())

    def test_reads_every_form_of_a_healthcheck(self):
        process = self.up("""
services:
  cmd: {command: [sleep, '1000'], healthcheck: {test: [CMD, test, -e, compose.yaml], start_interval: 50ms}}
  shell: {command: [sleep, '1000'], healthcheck: {test: [CMD-SHELL, 'test "$$MARK" = x'], start_interval: 50ms}, environment: {MARK: x}}
  line: {command: [sleep, '1000'], healthcheck: {test: test -e compose.yaml && true, start_interval: 50ms}}
  none: {command: [sleep, '1000'], healthcheck: {test: [NONE]}}
  disabled: {command: [sleep, '1000'], healthcheck: {test: 'false', disable: true}}
""")
        self.until_ready()
        self.assertEqual(self.stopped(process), 0, self.printed())

    def test_one_that_is_not_healthy_any_more_gets_no_calls_until_it_is(self):
        self.write("up", "")
        self.up("services:\n  a: {command: [sleep, '1000'], healthcheck: {test: [CMD, test, -e, up], interval: 50ms, retries: 2}}\n")
        self.until_ready()
        self.assertEqual(len(self.targets("a", "http")), 1)

        os.remove(self.path("up"))
        self.until_printed(r"a +\* is not ready any more, 2 looks in a row failed: its healthcheck ended with 1")
        self.assertEqual(self.targets("a", "http"), [])

        self.write("up", "")
        until(lambda: len(self.targets("a", "http")) == 1, "it is called again")

    def test_a_healthcheck_that_hangs_is_killed(self):
        self.up("services:\n  a: {command: [sleep, '1000'], healthcheck: {test: sleep 1000, timeout: 100ms, start_interval: 10ms}}\n")

        self.until_printed("its healthcheck was killed; it may take 100 ms")


class Addresses(Fleet):
    def test_every_replica_is_in_the_watched_file_as_long_as_it_lives(self):
        self.up("services:\n  a:\n    x-tutti: {binary: sh}\n    command: [-c, 'echo $$$$ >> pids; exec sleep 1000']\n"
                "    healthcheck: {disable: true}\n    deploy: {replicas: 3}\n")
        self.until_ready()
        before = self.targets("a", "http")
        self.assertEqual(len(set(before)), 3)
        self.assertEqual(len(set(self.targets("a", "rpc"))), 3)

        pids = [int(pid) for pid in self.until_written("pids").split()]
        os.kill(pids[0], signal.SIGKILL)

        self.until_printed(r"a-\d +\* killed by SIGKILL; starts again")
        until(lambda: len(self.targets("a", "http")) == 3, "three again")
        self.assertEqual(len(set(self.targets("a", "http")) & set(before)), 2)  # the new one has a port of its own

    def test_replicas_take_the_ports_of_a_range(self):
        first = 20000 + os.getpid() % 10000
        self.up("services:\n  a: {command: [sh, -c, 'echo \"port $$PORT\"; sleep 1000'], ports: ['%d-%d:80'], deploy: {replicas: 2}}\n" % (first, first + 1))

        self.until_printed(r"a-1 +\| port %d\n" % first)
        self.until_printed(r"a-2 +\| port %d\n" % (first + 1))
        self.until_printed(r"tutti +\* open http://127.0.0.1:%d \(a-2\)" % (first + 1))

    def test_gives_a_binary_its_addresses_and_the_others_endpoints(self):
        self.environment["TUTTI_SURROUNDINGS"] = "1"
        self.up("services:\n  web:\n    x-tutti: {binary: env, with: [pay]}\n    restart: 'no'\n    environment: {TUTTI_ADMIN_LISTEN: '0.0.0.0:9090'}\n"
                "  pay:\n    x-tutti: {binary: env}\n  cat-log:\n    command: [sleep, '1000']\n")
        self.until_printed(r"web +\* exited")

        for expected in ("TUTTI_SERVICES=web,pay", "TUTTI_TARGETS_CAT_LOG_TRANSPORT=http", "TUTTI_RPC_LISTEN=unix:",
                         "TUTTI_HTTP_LISTEN=127.0.0.1:", "TUTTI_ADMIN_LISTEN=127.0.0.1:"):
            self.assertIn("| " + expected, self.printed())
        self.assertNotIn("TUTTI_TARGETS_PAY_", self.printed())
        self.assertNotIn("TUTTI_SURROUNDINGS", self.printed())
        self.assertIn('service "web": TUTTI_ADMIN_LISTEN of environment is not used', self.printed())

    def test_a_port_that_the_environment_gives_is_the_endpoint(self):
        self.up("services:\n  a: {command: [sh, -c, 'echo \"port $$PORT\"; sleep 1000'], environment: {PORT: '12345'}}\n")
        self.until_ready()

        self.until_printed(r"\| port 12345\n")
        self.assertEqual(self.targets("a", "http"), ["127.0.0.1:12345"])

    def test_says_who_has_a_taken_port_and_where_it_is_published(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            port = taken.getsockname()[1]

            process = self.up("services:\n  web:\n    command: [sleep, '1']\n    ports: ['%d:80']\n" % port)

            self.assertEqual(self.ended(process), 77, self.printed())
        self.assertRegex(self.printed(), r'tutti: compose.yaml:4:13: service "web": port %d of 127.0.0.1 is taken by "python3?[.0-9]*" '
                         r"\(pid %d\); stop it or change ports" % (port, os.getpid()))

    def test_says_where_it_looked_for_a_program(self):
        process = self.up("services:\n  web:\n    x-tutti: {binary: not-there}\n")

        self.assertEqual(self.ended(process), 78, self.printed())

        self.assertRegex(self.printed(), r'tutti: compose.yaml:3:15: service "web": the program "not-there" is not there; .*looked at\n  .*/not-there\n')

    def test_says_that_a_file_is_no_program(self):
        process = self.up("services:\n  web:\n    command: ./compose.yaml\n")

        self.assertEqual(self.ended(process), 78, self.printed())

        self.assertRegex(self.printed(), r'compose.yaml:3:5: service "web": the program "./compose.yaml" is no program; .*\n  .*compose.yaml \(cannot be executed\)')


class Given(Fleet):
    def test_secrets_are_files_that_nobody_else_can_reach(self):
        self.environment["KEY"] = "from a variable"
        self.write("token.txt", "from a file")
        self.up("""
services:
  a:
    command: [sh, -c, 'cd $$TUTTI_SETTINGS_DIR; ls; cat a.key; echo; cat a.token; echo; stat -c %a .; sleep 1000']
    secrets: [a.key, {source: token, target: a.token}]
secrets:
  a.key: {environment: KEY}
  token: {file: token.txt}
""")
        self.until_printed(r"a +\| 700\n")
        self.assertEqual(re.findall(r"\| (.*)", self.printed()), ["a.key", "a.token", "from a variable", "from a file", "700"])

    def test_reads_files_of_variables_as_compose_does(self):
        self.write("a.env", "# a comment\nPLAIN=a b # behind\nexport EXPORTED=1\nSINGLE='$NOT \\n'\nDOUBLE=\"x\\ty $PLAIN\"\n"
                            "EMPTY=\nWINDOWS=1\r\nHASH=a#b\nDOLLAR=\"\\$PLAIN\"\nOVER=file\n")
        self.up("services:\n  a:\n    restart: 'no'\n    command: [env]\n    env_file: [a.env, {path: missing.env, required: false}]\n"
                "    environment: {OVER: key, ODD: 'a=b', PRICE: '5$$'}\n  b: {command: [sleep, '1000']}\n")
        self.until_printed(r"a +\* exited")

        for expected in ("PLAIN=a b", "EXPORTED=1", "SINGLE=$NOT \\n", "DOUBLE=x\ty a b", "EMPTY=", "WINDOWS=1", "HASH=a#b",
                         "DOLLAR=$PLAIN", "OVER=key", "ODD=a=b", "PRICE=5$"):
            self.assertIn("| " + expected + "\n", self.printed())


class FullDisk(Fleet):
    def test_says_that_its_files_cannot_be_written_and_goes_on(self):
        read, write = os.pipe()

        def no_file_may_grow():
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))

        process = self.up("services:\n  a: {command: [sleep, '1000']}\n", stdout=write, stderr=write, preexec_fn=no_file_may_grow)
        os.close(write)
        with os.fdopen(read) as out:
            lines = []
            while not lines or "ready file cannot" not in lines[-1]:
                lines.append(out.readline())
                self.assertNotEqual(lines[-1], "", lines)
            process.send_signal(signal.SIGTERM)
            lines += out.readlines()
        self.assertEqual(self.ended(process), 0)

        said = "".join(lines)
        self.assertEqual(said.count("the fleet's files cannot be written and stay as they were"), 1, said)
        self.assertRegex(said, "endpoints.json: File too large")
        self.assertRegex(said, "the ready file cannot be written: ready: File too large")

    def test_refuses_a_ready_file_that_cannot_be(self):
        self.write("compose.yaml", "services:\n  a: {command: [sleep, '1000']}\n")

        refused = self.run_tutti("up", "--ready-file", "nowhere/ready")

        self.assertEqual(refused.returncode, 1)
        self.assertEqual(refused.stderr, "tutti: the ready file cannot be written: nowhere/ready: No such file or directory\n")

    def test_refuses_a_data_folder_that_cannot_be(self):
        self.write("compose.yaml", "services:\n  a: {command: [sleep, '1000']}\n")

        refused = self.run_tutti("up", "--data", "compose.yaml/data")

        self.assertEqual(refused.returncode, 1)
        self.assertRegex(refused.stderr, "^tutti: the data folder .*/compose.yaml/data cannot be written: Not a directory; give another --data")


unittest.main()
