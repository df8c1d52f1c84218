"""A service's binary from a shell: its commands with good and bad input, its signals, its exit codes."""
import json, os, signal, socket, subprocess, sys, tempfile, time, unittest, urllib.request

ABACUS = sys.argv.pop(1)


def environment(**more):
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("TUTTI_", "ABACUS_"))}
    return dict(clean, **more)


def run(*arguments, **more):
    done = subprocess.run([ABACUS, *arguments], capture_output=True, text=True, timeout=60, env=environment(**more))
    return done.returncode, done.stdout, done.stderr


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Serving:
    """A running abacus; `flags` are for other commands that shall find it."""

    def __init__(self, *more, until='"ready"'):
        self.folder = tempfile.TemporaryDirectory()
        self.http, self.admin = free_port(), free_port()
        self.flags = ["--tutti.http.listen=127.0.0.1:%d" % self.http, "--tutti.admin.listen=127.0.0.1:%d" % self.admin, *more]
        self.process = subprocess.Popen([ABACUS, *self.flags, "--tutti.data=" + self.folder.name],
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment())
        self.lines = []
        self.read_until(until)

    def read_until(self, part):
        while True:
            line = self.process.stdout.readline()
            self.lines.append(line)
            if part in line:
                return line
            if not line:
                raise AssertionError("it ended: " + "".join(self.lines) + self.process.stderr.read())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()
        self.folder.cleanup()

    def end(self):
        self.process.communicate(timeout=60)
        return self.process.returncode


class Commands(unittest.TestCase):
    def expect(self, code, arguments, **more):
        got, out, err = run(*arguments, **more)
        self.assertEqual(got, code, "\n".join([" ".join(arguments), out, err]))
        return out + err

    def test_version(self):
        self.assertEqual(run("--version"), (0, "abacus 3.2.1 (contract 1.0)\n", ""))

    def test_help(self):
        code, out, err = run("--help")
        self.assertEqual((code, err), (0, ""))
        for command in ("settings", "contract", "contract diff", "call", "health", "--version"):
            self.assertIn("abacus " + command, out)

    def test_unknown_command(self):
        self.assertIn('"serv" is no command', self.expect(2, ["serv"]))
        self.assertIn("--help", self.expect(2, ["serv"]))

    def test_operands_that_do_not_belong(self):
        self.assertIn('"now"', self.expect(2, ["serve", "now"]))
        self.assertIn('"now"', self.expect(2, ["health", "now"]))

    # ---- settings

    def test_settings(self):
        table = self.expect(0, ["settings", "--abacus.limit=7"], ABACUS_KEY="very secret")
        self.assertRegex(table, r"abacus\.limit +7 +--abacus\.limit")
        self.assertRegex(table, r"abacus\.key +\*\*\* +ABACUS_KEY")
        self.assertRegex(table, r"tutti\.http\.listen +127\.0\.0\.1:8080 +default")

    def test_settings_as_json(self):
        settings = {s["key"]: s for s in json.loads(run("settings", "json")[1])}
        self.assertEqual(settings["abacus.limit"], {"key": "abacus.limit", "value": "1000", "source": "default"})

    def test_bad_settings(self):
        self.assertIn("expected a whole number", self.expect(78, ["settings", "--abacus.limit=many"]))
        self.assertIn("abacus.limit", self.expect(78, ["settings", "--abacus.limitt=1"]))
        self.assertIn("TUTTI_HTTP_LISTEN", self.expect(78, ["settings"], TUTTI_HTTP_LISTENS="127.0.0.1:1"))
        self.assertIn("/nowhere.yaml", self.expect(78, ["settings", "--settings", "/nowhere.yaml"]))
        self.assertIn("nothing or json", self.expect(2, ["settings", "xml"]))
        self.assertIn("expected a whole number", self.expect(78, ["--abacus.limit=many"]))
        self.assertIn("abakus", self.expect(78, [], TUTTI_SERVICES="abakus"))

    # ---- contract

    def test_contract(self):
        document = json.loads(run("contract")[1])
        self.assertEqual(document["openapi"], "3.1.0")
        self.assertEqual(json.loads(run("contract", "abacus")[1]), document)
        self.assertIn('"catalog"', self.expect(2, ["contract", "catalog"]))
        self.assertIn("one service", self.expect(2, ["contract", "a", "b"]))

    def test_contract_diff(self):
        document = json.loads(run("contract")[1])
        with tempfile.TemporaryDirectory() as folder:
            def written(name, value):
                with open(os.path.join(folder, name), "w") as f:
                    f.write(value)
                return f.name
            same = written("same.json", json.dumps(document))
            self.assertEqual(run("contract", "diff", same), (0, "", ""))
            document["paths"]["/gone"] = {"post": {"operationId": "abacus.gone", "responses": {}}}
            more = written("more.json", json.dumps(document))
            self.assertIn("breaking: abacus.gone is gone", self.expect(1, ["contract", "diff", more]))
            self.assertIn("no.json", self.expect(78, ["contract", "diff", written("no.json", "{")]))
            self.assertIn("No such file", self.expect(2, ["contract", "diff", os.path.join(folder, "nowhere.json")]))
        self.assertIn("one file", self.expect(2, ["contract", "diff"]))

    # ---- call and health

    def test_call_over_http(self):
        with Serving() as abacus:
            self.assertEqual(run("call", "add", '{"a":1,"b":2}', *abacus.flags), (0, '{"sum":3}\n', ""))
            self.assertEqual(run("call", "abacus.add", '{"a":1}', *abacus.flags)[1], '{"sum":2}\n')
            self.assertEqual(run("call", "wait", '{"milliseconds":1}', *abacus.flags), (0, "", ""))
            self.expect_calls(abacus)

    def test_call_over_rpc(self):
        with tempfile.TemporaryDirectory() as folder, Serving("--tutti.rpc.listen=unix:%s/rpc.sock" % folder) as abacus:
            self.assertEqual(run("call", "add", '{"a":1,"b":2}', *abacus.flags), (0, '{"sum":3}\n', ""))
            self.expect_calls(abacus)

    def expect_calls(self, abacus):
        self.assertIn('abacus.TooLarge {"limit":1000}', self.expect(1, ["call", "add", '{"a":1000}', *abacus.flags]))
        self.assertIn("a: expected", self.expect(2, ["call", "add", "{}", *abacus.flags]))
        self.assertIn("add", self.expect(2, ["call", "add", "{", *abacus.flags]))
        self.assertIn('"subtract"', self.expect(2, ["call", "subtract", "{}", *abacus.flags]))
        self.assertIn("METHOD", self.expect(2, ["call", *abacus.flags]))
        self.assertIn("stream", self.expect(2, ["call", "total", "{}", *abacus.flags]))

    def test_call_and_health_say_what_to_do_when_nobody_is_there(self):
        port = free_port()
        for command, setting in ((["call", "add", '{"a":1}'], "tutti.http.listen"), (["health"], "tutti.admin.listen")):
            said = self.expect(1, [*command, "--%s=127.0.0.1:%d" % (setting, port)])
            self.assertIn("127.0.0.1:%d" % port, said)
            self.assertIn(setting, said)
            self.assertIn("running", said)
        self.assertIn("tutti.http.listen", self.expect(2, ["call", "add", '{"a":1}', "--tutti.http.listen=off"]))
        self.assertIn("tutti.admin.listen", self.expect(2, ["health", "--tutti.admin.listen=off"]))
        self.assertIn("tutti.http.listen", self.expect(2, ["call", "add", '{"a":1}', "--tutti.http.listen=127.0.0.1:0"]))
        self.assertIn("tutti.admin.listen", self.expect(2, ["health", "--tutti.admin.listen=127.0.0.1:0"]))
        self.assertIn("curl", self.expect(2, ["health", "--tutti.admin.listen=unix:/tmp/nobody.sock"]))

    def test_health(self):
        with Serving() as abacus:
            self.assertEqual(run("health", *abacus.flags), (0, '{"status":"ready"}\n', ""))


class Life(unittest.TestCase):
    def post(self, abacus, milliseconds):
        client = socket.create_connection(("127.0.0.1", abacus.http))
        body = '{"milliseconds":%d}' % milliseconds
        client.sendall(("POST /wait HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)).encode())
        abacus.read_until('"waiting"')
        return client

    def test_drains_on_sigterm_and_sigint(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            with Serving() as abacus:
                client = self.post(abacus, 200)
                abacus.process.send_signal(number)
                self.assertIn(b"HTTP/1.1 204", client.recv(1000))
                client.close()
                self.assertEqual(abacus.end(), 0)

    def test_misses_the_drain_deadline(self):
        with Serving("--tutti.drain_deadline=PT0.1S") as abacus:
            client = self.post(abacus, 30000)
            abacus.process.send_signal(signal.SIGTERM)
            self.assertEqual(abacus.end(), 75)
            client.close()

    def test_ends_at_once_on_the_second_signal(self):
        with Serving() as abacus:
            client = self.post(abacus, 30000)
            abacus.process.send_signal(signal.SIGTERM)
            abacus.read_until('"draining"')
            time.sleep(0.2)  # what follows at once counts as the same signal
            abacus.process.send_signal(signal.SIGTERM)
            begin = time.monotonic()
            code = abacus.end()
            self.assertLess(time.monotonic() - begin, 8)
            self.assertIn(code, (-signal.SIGTERM, 128 + signal.SIGTERM))
            client.close()

    def test_drains_although_timeout_sends_its_signal_twice(self):
        with Serving() as abacus:
            abacus.process.send_signal(signal.SIGTERM)
            abacus.process.send_signal(signal.SIGTERM)
            self.assertEqual(abacus.end(), 0)

    def test_stops_while_it_starts(self):
        with Serving("--abacus.warm_up=PT1M", until='"warming up"') as abacus:
            abacus.process.send_signal(signal.SIGTERM)
            self.assertEqual(abacus.end(), 0)

    def test_an_address_that_is_taken(self):
        with Serving() as abacus:
            for setting, port in (("tutti.http.listen", abacus.http), ("tutti.admin.listen", abacus.admin)):
                free = "tutti.admin.listen" if setting == "tutti.http.listen" else "tutti.http.listen"
                code, _, err = run("--%s=127.0.0.1:%d" % (setting, port), "--%s=127.0.0.1:0" % free)
                self.assertEqual(code, 77)
                self.assertIn("127.0.0.1:%d" % port, err)
                self.assertIn(setting, err)

    def test_an_address_that_is_none(self):
        code, _, err = run("--tutti.http.listen=here", "--tutti.admin.listen=off")
        self.assertEqual(code, 78)
        self.assertIn("tutti.http.listen", err)

    def test_public_documents(self):
        with Serving("--tutti.http.documents=everybody") as abacus:
            with urllib.request.urlopen("http://127.0.0.1:%d/openapi.json" % abacus.http) as reply:
                self.assertEqual(json.load(reply)["info"]["title"], "abacus")


if __name__ == "__main__":
    unittest.main()
