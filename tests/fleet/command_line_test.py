"""The commands of `tutti`, what it says about a wrong command line or fleet file, and its exit codes."""
import json
import os
import signal
import subprocess
import unittest

from fleet_program import TUTTI, Fleet, until

SLEEPER = "services:\n  a:\n    command: [sleep, '1000']\n"


class CommandLine(Fleet):
    def refused(self, code, *words, **others):
        """The message of a refused command; stdout stays empty for whoever reads it."""
        run = self.run_tutti(*words, **others)
        self.assertEqual((run.returncode, run.stdout), (code, ""), run)
        self.assertTrue(run.stderr.startswith("tutti: "), run.stderr)
        return run.stderr[len("tutti: "):].rstrip("\n").replace(self.folder, "FOLDER")

    def test_names_the_nearest_command(self):
        self.assertEqual(self.refused(2, "upp"), 'unknown command "upp"; expected one of up, ps, config, broker; did you mean "up"')
        self.assertEqual(self.refused(2), "a command is missing; expected one of up, ps, config, broker; see tutti --help")

    def test_refuses_options_that_it_does_not_know_or_the_command_does_not_have(self):
        self.assertEqual(self.refused(2, "up", "--fil", "x"), 'unknown option "--fil"; did you mean "--file"; see tutti --help')
        self.assertEqual(self.refused(2, "up", "--json"), 'tutti up has no option "--json"; see tutti up --help')
        self.assertEqual(self.refused(2, "--ready-file", "x", "config"), 'tutti config has no option "--ready-file"; see tutti config --help')
        self.assertEqual(self.refused(2, "up", "-f"), "-f needs a value; see tutti --help")
        self.assertEqual(self.refused(2, "up", "--data="), "--data needs a value; see tutti --help")
        self.assertEqual(self.refused(2, "ps", "a"), 'tutti ps takes no operand; remove "a"')

    def test_helps_with_each_command(self):
        overview = self.run_tutti("--help")
        self.assertEqual((overview.returncode, overview.stderr), (0, ""))
        for command in ("up", "ps", "config"):
            self.assertIn("tutti " + command, overview.stdout)
            help = self.run_tutti(command, "--help")
            self.assertEqual((help.returncode, help.stderr), (0, ""))
            self.assertTrue(help.stdout.startswith("tutti " + command), help.stdout)
            self.assertEqual(self.run_tutti("help", command).stdout, help.stdout)
        for line in overview.stdout.splitlines():
            self.assertLessEqual(len(line), 120)

    def test_tells_its_version(self):
        self.assertRegex(self.run_tutti("--version").stdout, r"^tutti \d+\.\d+\.\d+\n$")

    def test_says_that_there_is_no_fleet_file(self):
        self.assertEqual(self.refused(78, "up"), "there is no fleet file in FOLDER; looked for compose.yaml, compose.yml, docker-compose.yaml and "
                         "docker-compose.yml; name one with -f")
        self.assertEqual(self.refused(78, "up", "-f", "other.yaml"), "other.yaml cannot be read: No such file or directory")
        self.assertEqual(self.refused(78, "up", "-f", "."), ". cannot be read: Is a directory")

    def test_points_at_mistakes(self):
        for text, message in (
                ("services:\n  a:\n\tcommand: x\n", r"compose\.yaml:3:\d+: .*"),
                ("services:\n  a: {command: x\n", r"compose\.yaml:\d+:\d+: .*"),
                ("services:\n  a: {command: x}\n  a: {command: y}\n", r'compose\.yaml:3:3: key "a" is written twice \(first in line 2\); remove one of them'),
                ("services:\n  a:\n    comand: x\n", r'compose\.yaml:3:5: service "a": key "comand" is not known; did you mean "command"'),
                ("service:\n  a: {command: x}\n", r'compose\.yaml:1:1: key "service" is not known; did you mean "services"'),
                ("services:\n  a: {command: x, x-tutti: {bin: y}}\n", r'compose\.yaml:2:\d+: service "a": x-tutti\.key "bin" is not known'),
                ("services: [a]\n", r"compose\.yaml:1:1: services is no mapping; expected keys with values"),
                ("services: {}\n", r"compose\.yaml: there is no service in it; expected services: with at least one"),
                ("", r"compose\.yaml: there is no service in it.*"),
                ("services:\n  a: {image: x}\n", r'compose\.yaml:2:3: service "a": nothing says what to run; .*'),
                ("services:\n  a: {command: x, restart: sometimes}\n", r'compose\.yaml:2:\d+: service "a": restart is "sometimes"; expected no, always, .*'),
                ("services:\n  a: {command: x, stop_grace_period: 10}\n", r'.*stop_grace_period is "10"; expected a duration such as 10s or 1m30s'),
                ("services:\n  a: {command: x, ports: ['70000:80']}\n", r'.*: service "a": ports is "70000"; expected a port from 1 to 65535'),
                ("services:\n  a: {command: x, ports: ['web:80:80']}\n", r'.*: service "a": ports: the host is "web"; expected an IP address such as 127\.0\.0\.1'),
                ("services:\n  a: {command: x, ports: ['53:53/udp']}\n", r'.*only tcp is supported'),
                ("services:\n  a: {command: x, ports: ['80:80']}\n  b: {command: x, scale: 2, ports: ['0.0.0.0:79-81:1']}\n",
                 r'compose\.yaml:3:\d+: service "b": port 80 is published by "a" \(compose\.yaml:2:\d+\) too; choose another one'),
                ("services:\n  a: {command: x, depends_on: [cattalog]}\n  catalog: {command: x}\n",
                 r'compose\.yaml:2:\d+: service "a": depends_on names "cattalog", which is not defined; did you mean "catalog"'),
                ("services:\n  a: {command: x, depends_on: [b]}\n  b: {command: x, profiles: [p]}\n",
                 r'.*depends_on names "b", which is in no active profile; give --profile or write required: false'),
                ("services:\n  a: {command: x, depends_on: [a]}\n", r'.*service "a": depends on itself through depends_on.*'),
                ("services:\n  a: {command: x, depends_on: {b: {condition: service_completed_successfully}}}\n  b: {command: x, restart: always}\n",
                 r'compose\.yaml:3:\d+: service "b": is always started again, but "a" \(compose\.yaml:2:\d+\) waits for its end; write restart: on-failure or no'),
                ("services:\n  a: {command: x, secrets: [s]}\n", r'.*secret "s" is not defined; add it under secrets: at the top level'),
                ("services:\n  a: {command: x, secrets: [s]}\nsecrets: {s: {file: none}}\n", r"compose\.yaml:3:\d+: FOLDER/none cannot be read: No such file or directory"),
                ("services:\n  a: {command: x, env_file: none.env}\n", r'.*env_file: FOLDER/none\.env is not there; create it, or write .*'),
                ("services:\n  a: {command: 'x \"y'}\n", r'.*command: the quote " is not closed'),
                ("services:\n  a: {command: x, deploy: {replicas: 257}}\n", r'.*deploy\.replicas is "257"; expected a whole number from 0 to 256'),
                ("services:\n  a: {command: x, ports: ['80:80'], scale: 2}\n", r'.*port 80 can be listened on by one instance only and there are 2 replicas; .*"80-81:80".*'),
                ("services:\n  a: {command: '${NEEDED:?say where}'}\n", r'compose\.yaml:2:\d+: variable "NEEDED" is required but not set: say where'),
                ("services:\n  a: {command: '$5'}\n", r'compose\.yaml:2:\d+: "\$" is followed by no variable; write "\$\$" for a dollar'),
                ("services:\n  a: {command: !reset x}\n", r"compose\.yaml:2:\d+: .*"),
        ):
            with self.subTest(text):
                self.write("compose.yaml", text)
                self.assertRegex(self.refused(78, "config"), "^" + message + "$")

    def test_points_into_files_of_variables(self):
        self.write("compose.yaml", "services:\n  a: {command: x, env_file: a.env}\n")
        for text, message in (("A=1\nB C=2\n", '2: "B C" is no variable\'s name; expected NAME=value'),
                              ("A='1\n2\n'\nB C=2\n", '4: "B C" is no variable\'s name; expected NAME=value'),
                              ("A=1\nB='x\n", "2: the quote is not closed"),
                              ("A=1\nB=\"x\" y\n", '2: "y" stands behind the closing quote; remove it')):
            self.write("a.env", text)
            self.assertEqual(self.refused(78, "config"), "FOLDER/a.env:" + message)

    def test_refuses_a_service_that_is_not_there(self):
        self.write("compose.yaml", SLEEPER)
        self.assertEqual(self.refused(2, "up", "aa"), 'there is no service "aa" in the fleet file; did you mean "a"')

    def test_refuses_a_fleet_without_an_active_service(self):
        self.write("compose.yaml", "services:\n  a: {command: x, profiles: [p]}\n")
        self.assertEqual(self.refused(78, "up"), "no service is in an active profile; give --profile")


class Config(Fleet):
    def lines(self, *words):
        run = self.run_tutti("config", *words)
        self.assertEqual(run.returncode, 0, run.stderr)
        return [" ".join(line.split()) for line in run.stdout.splitlines()]

    def test_interpolates_values(self):
        self.environment.update(SET="s", EMPTY="")
        self.write(".env", "FROM_FILE=f\nSET=not-this\n")
        self.write("compose.yaml", "services:\n  a:\n    command: [x, '${UNSET:-d}', '${EMPTY:-d}', '${EMPTY-d}', '$SET', '${SET:+there}', '$$SET', "
                                   "'${FROM_FILE}', '${UNSET:-${SET}}', '${SET:?why}']\n    deploy: {replicas: '${N:-2}'}\n")

        self.assertIn("command x d d s there $SET f s s", self.lines())
        self.assertIn("replicas 2", self.lines())

    def test_notes_what_is_not_set_and_what_is_ignored(self):
        self.write("compose.yaml", "services:\n  a: {command: x, image: y, environment: {A: $NOBODY}}\n")

        run = self.run_tutti("config")

        self.assertIn('note: compose.yaml:2:46: variable "NOBODY" is not set and counts as empty\n', run.stderr)
        self.assertIn('note: compose.yaml:2:19: service "a": image is ignored: the process engine runs x-tutti.binary or command\n', run.stderr)

    def test_merges_files_by_the_rules_of_compose(self):
        self.write("a.yaml", "name: shop\nservices:\n  a:\n    command: [one, two]\n    environment: [A=1, B=1]\n    ports: ['8001:80']\n    depends_on: [b]\n"
                             "    healthcheck: {test: [CMD, x], retries: 5}\n    secrets: [s]\n  b: {command: x}\nsecrets: {s: {environment: S}}\n")
        self.write("b.yaml", "services:\n  a:\n    command: [three]\n    environment: {B: '2', C: '3'}\n    ports: ['8001:80', '8002:81']\n"
                             "    depends_on: {b: {condition: service_healthy}}\n    healthcheck: {test: [CMD, y]}\n    secrets: [s]\n")
        self.environment["S"] = "value"

        lines = self.lines("-f", "a.yaml", "--file=b.yaml")

        for line in ("fleet shop (" + self.folder + ")", "command three", "environment A=1", "environment B=2", "environment C=3",
                     "depends on b (healthy)", "health y", "secret s"):
            self.assertEqual(lines.count(line), 1, (line, lines))
        self.assertEqual([line for line in lines if line.startswith("port ")], ["port 127.0.0.1:8001 -> 80", "port 127.0.0.1:8002 -> 81"])

    def test_takes_the_override_beside_the_file(self):
        self.write("docker-compose.yml", "services:\n  a: {command: one}\n")
        self.write("docker-compose.override.yml", "services:\n  a: {command: two}\n")

        self.assertIn("command two", self.lines())

    def test_reads_a_file_from_a_pipe(self):
        run = self.run_tutti("config", "-f", "/dev/stdin", input=SLEEPER)

        self.assertEqual(run.returncode, 0, run.stderr)
        self.assertIn("sleep 1000", run.stdout)

    def test_takes_active_profiles_and_named_services(self):
        self.write("compose.yaml", "services:\n  a: {command: x, depends_on: [b]}\n  b: {command: x}\n  c: {command: x}\n  d: {command: x, profiles: [debug, more]}\n")

        def services(*words):
            return [line for line in self.lines(*words) if line in ("a", "b", "c", "d")]
        self.assertEqual(services(), ["b", "a", "c"])
        self.assertEqual(services("--profile", "debug"), ["b", "a", "c", "d"])
        self.assertEqual(services("--profile", "*"), ["b", "a", "c", "d"])
        self.assertEqual(services("a"), ["b", "a"])
        self.assertEqual(services("d"), ["d"])
        self.environment["COMPOSE_PROFILES"] = "other,more"
        self.assertEqual(services(), ["b", "a", "c", "d"])

    def test_fails_when_nobody_takes_its_output(self):
        self.write("compose.yaml", SLEEPER)
        with open("/dev/full", "w") as full:
            run = subprocess.run([TUTTI, "config"], cwd=self.folder, env=self.environment, stdout=full, stderr=subprocess.PIPE, text=True)
        self.assertEqual((run.returncode, run.stderr), (1, "tutti: the output cannot be written\n"))


class Ps(Fleet):
    def test_shows_a_running_fleet(self):
        process = self.up("services:\n  a: {command: [sleep, '1000']}\n  job: {restart: 'no', command: ['true']}\n"
                          "  a-very-long-name-of-a-service: {command: [sleep, '1000'], scale: 2}\n")
        self.until_ready()
        self.until_printed(r"job +\* exited")

        rows = self.run_tutti("ps", "--data", "data").stdout.splitlines()
        self.assertEqual(rows[0].split(), ["INSTANCE", "STATE", "PID", "RESTARTS", "HTTP", "AMQP", "ADMIN"])
        for column in ("STATE", "PID"):  # aligned, however long a name is
            at = rows[0].index(column)
            self.assertTrue(all(row[at - 1] == " " and row[at] != " " for row in rows), rows)
        found = {i["instance"]: i for i in json.loads(self.run_tutti("ps", "--data", "data", "--json").stdout)}

        self.assertEqual(sorted(found), ["a", "a-very-long-name-of-a-service-1", "a-very-long-name-of-a-service-2", "job"])
        self.assertEqual((found["a"]["state"], found["job"]["state"], found["job"]["pid"]), ("ready", "ended", 0))
        os.kill(found["a"]["pid"], signal.SIGKILL)
        until(lambda: '"restarts": 1' in self.run_tutti("ps", "--data", "data", "--json").stdout, "the restart is counted")
        self.assertEqual(self.stopped(process), 0, self.printed())

    def test_says_that_no_fleet_runs(self):
        self.write("compose.yaml", SLEEPER)

        run = self.run_tutti("ps")

        self.assertEqual((run.returncode, run.stdout), (1, ""))
        self.assertEqual(run.stderr, "tutti: no fleet runs over %s/.tutti/data; start it with tutti up\n" % self.folder)

    def test_needs_no_variable_of_the_fleet_file(self):
        self.environment["NEEDED"] = "1000"
        process = self.up("services:\n  a: {command: [sleep, '${NEEDED:?}']}\n")
        self.until_ready()
        del self.environment["NEEDED"]

        self.assertEqual(self.run_tutti("ps", "--data", "data").returncode, 0)
        self.assertEqual(self.stopped(process), 0)


unittest.main()
