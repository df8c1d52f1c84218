"""What services say of themselves, judged by programs that are not ours: /openapi.json and /asyncapi.json by
validators from npm, /metrics by promtool. Usage: documents_test.py FOLDER_OF_BINARIES. Exit 77 (skipped) where the judges are not installed."""
import json
import pathlib
import shutil
import subprocess
import sys
import unittest
import urllib.request

from running_service import Service, free_port

HERE = pathlib.Path(__file__).parent
WITH_DATA = ("shop-catalog", "shop-orders", "shop-payments", "shop-thumbnails", "shop-backoffice", "example_database", "example_events")
SERVICES = (*WITH_DATA, "hello", "shop-storefront", "shop-notifications", "example_contracts", "example_settings", "example_errors", "example_waiting", "example_files", "example_events")

if __name__ == "__main__":
    BINARIES = pathlib.Path(sys.argv.pop(1)).resolve()
    for judge, there in (("node", shutil.which("node")), ("promtool (Debian: prometheus)", shutil.which("promtool")),
                         ("@readme/openapi-parser (make setup)", (HERE / "node_modules/@readme/openapi-parser").exists()),
                         ("@asyncapi/parser (make setup)", (HERE / "node_modules/@asyncapi/parser").exists())):
        if not there:
            print(f"skipped: no {judge}")
            sys.exit(77)


def judged(command, text):
    done = subprocess.run(command, input=text, capture_output=True, text=True, timeout=60)
    return done.returncode, done.stdout + done.stderr


def openapi_complaints(text):
    return judged(["node", HERE / "openapi_check.cjs"], text)


def asyncapi_complaints(text):
    return judged(["node", HERE / "asyncapi_check.cjs"], text)


class Documents(unittest.TestCase):
    def test_every_service_says_what_the_judges_accept(self):
        for name in SERVICES:
            admin = free_port()
            data = {"data": "."} if name in WITH_DATA else {}
            with self.subTest(service=name), Service(BINARIES / name, **{"admin.listen": f"127.0.0.1:{admin}"}, **data) as service:
                answers = {}
                for path in ("openapi.json", "asyncapi.json", "metrics"):
                    with urllib.request.urlopen(f"http://127.0.0.1:{admin}/{path}", timeout=10) as reply:
                        answers[path] = reply.read().decode()
                self.assertEqual(openapi_complaints(answers["openapi.json"]), (0, ""))
                self.assertEqual(asyncapi_complaints(answers["asyncapi.json"]), (0, ""))
                code, complaints = judged(["promtool", "check", "metrics"], answers["metrics"])
                self.assertEqual((code, complaints), (0, ""))
                told = subprocess.run([service.binary, "contract"], capture_output=True, text=True, check=True).stdout
                self.assertEqual(json.loads(told), json.loads(answers["openapi.json"]))
                told = subprocess.run([service.binary, "contract", "--asyncapi"], capture_output=True, text=True, check=True).stdout
                self.assertEqual(json.loads(told), json.loads(answers["asyncapi.json"]))

    def test_the_judge_finds_what_is_wrong(self):
        def document():
            return json.loads(subprocess.run([BINARIES / "shop-payments", "contract"], capture_output=True, text=True, check=True).stdout)

        missing = document()
        missing["components"]["schemas"].pop("payments.Receipt")
        wrong_type = document()
        wrong_type["components"]["schemas"]["payments.Charge"]["properties"]["card"]["type"] = "text"
        wrong_example = document()
        wrong_example["components"]["schemas"]["payments.Charge"]["properties"]["card"]["examples"] = ["none"]
        nameless = document()
        nameless["paths"]["/charges/{id}"] = nameless["paths"].pop("/charges")
        for broken in (missing, wrong_type, wrong_example, nameless):
            self.assertEqual(openapi_complaints(json.dumps(broken))[0], 1)

    def test_the_judge_finds_what_is_wrong_with_events(self):
        def document():
            return json.loads(subprocess.run([BINARIES / "example_events", "contract", "--asyncapi"], capture_output=True, text=True, check=True).stdout)

        self.assertIn("announce.orders.placed", document()["operations"])
        missing = document()
        missing["components"]["messages"].pop("orders.placed")
        wrong_type = document()
        wrong_type["components"]["schemas"]["orders.Placed"]["type"] = "record"
        wrong_binding = document()
        wrong_binding["channels"]["orders.placed"]["bindings"]["amqp"]["exchange"]["type"] = "mail"
        wrong_action = document()
        wrong_action["operations"]["announce.orders.placed"]["action"] = "shout"
        for broken in (missing, wrong_type, wrong_binding, wrong_action):
            self.assertEqual(asyncapi_complaints(json.dumps(broken))[0], 1)


if __name__ == "__main__":
    unittest.main()
