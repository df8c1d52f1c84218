"""Starts every example and asks it what its guide page says it answers. Usage: examples_test.py FOLDER_OF_BINARIES"""
import json
import pathlib
import subprocess
import sys
import time
import unittest
import urllib.error
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tests/foreign"))
from running_service import Service, free_port

BINARIES = pathlib.Path(sys.argv.pop(1)).resolve()


class KeepRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


def ask(service, method, path, body=None, **headers):
    """(status, body, headers); a dict travels as JSON."""
    if isinstance(body, dict):
        body, headers = json.dumps(body).encode(), {"content-type": "application/json", **headers}
    request = urllib.request.Request(f"http://127.0.0.1:{service.port}{path}", method=method, data=body,
                                     headers={name.replace("_", "-"): value for name, value in headers.items()})
    try:
        with urllib.request.build_opener(KeepRedirect).open(request, timeout=20) as reply:
            return reply.status, reply.read().decode(), reply.headers
    except urllib.error.HTTPError as reply:
        return reply.code, reply.read().decode(), reply.headers


def example(name, **settings):
    return Service(BINARIES / f"example_{name}", **settings)


class Examples(unittest.TestCase):
    def answers(self, service, method, path, expected, body=None, status=200, **headers):
        got, text, _ = ask(service, method, path, body, **headers)
        self.assertEqual((got, json.loads(text)), (status, expected))

    def test_contracts(self):
        with example("contracts") as service:
            self.answers(service, "POST", "/v2/charges", {"id": "DE1", "note": "by transfer"},
                         {"with": {"type": "Transfer", "iban": "DE1"}}, status=201)
            self.answers(service, "POST", "/charges", {"id": "o17"}, {"order_id": "o17", "amount_minor": 5}, status=201)

    def test_settings(self):
        with example("settings") as service:
            self.answers(service, "GET", "/limits", {"attempts": 3, "pause": "PT0.2S", "limit_minor": 50000, "has_key": False})
        wrong = subprocess.run([BINARIES / "example_settings", "--limits.attempts=0", "--limits.limt_minor=5"],
                               capture_output=True, text=True, timeout=20)
        self.assertEqual(wrong.returncode, 78)
        self.assertIn('did you mean "limits.limit_minor"', wrong.stderr)

    def test_caching(self):
        with example("caching") as service:
            for town, asked in ("rome", 1), ("rome", 1), ("oslo", 2), ("rome", 1):
                self.answers(service, "GET", f"/weather/{town}", {"town": town, "asked": asked})

    def test_calling(self):
        with example("calling") as service:  # nobody answers for prices
            self.answers(service, "GET", "/offers/mug", {"sku": "mug", "price_minor": 900})

    def test_errors(self):
        with example("errors") as service:
            self.answers(service, "POST", "/sales", {"said": "not paid: the bank refuses this card"}, {"card": "4000000000000002"})
            status, text, _ = ask(service, "POST", "/payments/charge", {"card": "4000000000000002"})
            self.assertEqual((status, json.loads(text)["value"]), (402, {"reason": "the bank refuses this card"}))

    def test_waiting(self):
        with example("waiting") as service:
            self.answers(service, "GET", "/home/7", {"user": "user 7", "first": "an answer", "quick": "user 7", "reserved": 2, "sum": 1000})

    def test_database(self):
        with example("database", data=".") as service:
            order = {"customer": "Ada", "lines": [{"sku": "mug"}]}
            _, first, _ = ask(service, "POST", "/orders", order, Idempotency_Key="k")
            _, again, _ = ask(service, "POST", "/orders", order, Idempotency_Key="k")
            self.assertEqual(first, again)
            placed = json.loads(first)
            self.answers(service, "POST", f"/orders/{placed['id']}/payment", {**placed, "state": "paid"})
            self.answers(service, "GET", "/orders?customer=Ada", {"orders": [{**placed, "state": "paid"}]})
            self.assertEqual(ask(service, "DELETE", f"/orders/{placed['id']}")[0], 204)
            self.assertEqual(ask(service, "POST", f"/orders/{placed['id']}/payment")[0], 404)
            self.assertEqual(ask(service, "PUT", "/orders/old", placed)[0], 204)
            self.answers(service, "GET", "/orders/old", {**placed, "id": "old"})

    def test_events(self):
        with example("events", data=".") as service:
            self.assertEqual(ask(service, "POST", "/orders", {"customer": "Ada"})[0], 201)
            until = time.monotonic() + 20
            while json.loads(ask(service, "GET", "/mails")[1])["to"] != ["Ada"]:
                self.assertLess(time.monotonic(), until)
                time.sleep(0.01)

    def test_files(self):
        with example("files") as service:
            self.answers(service, "PUT", "/files/a.bin", {"bytes": 70000}, b"x" * 70000)
            self.assertEqual(ask(service, "GET", "/files/a.bin")[1], "x" * 70000)
            self.assertEqual(ask(service, "GET", "/files/b.bin")[0], 404)
            lines = ask(service, "GET", "/jobs/1/progress")[1].splitlines()
            self.assertEqual([json.loads(line)["percent"] for line in lines], list(range(0, 101, 10)))
            self.answers(service, "POST", "/copies/c", {"percent": 100})
            form = b'--b\r\ncontent-disposition: form-data; name="f"; filename="n.txt"\r\n\r\nfour\r\n--b--\r\n'
            self.assertEqual(ask(service, "POST", "/uploads", form, content_type="multipart/form-data; boundary=b")[0], 204)
            self.assertEqual(ask(service, "GET", "/files/n.txt")[1], "four")
            status, _, headers = ask(service, "GET", "/enter")
            self.assertEqual((status, headers["location"]), (303, "/"))
            self.assertRegex(headers["set-cookie"], "^session=[a-z0-9]+; .*Secure.*HttpOnly")

    def test_overload(self):
        with example("overload") as service:
            self.answers(service, "POST", "/charges", {"order": "o-17"}, {"order": "o-17", "cents": 1250})
            self.answers(service, "GET", "/report", {"cents": 1250})
            self.assertEqual(ask(service, "GET", "/up")[:2], (200, "up\n"))

    def test_rooms_and_pages_of_nameko_answer_what_is_no_handshake(self):
        for name, path in (("rooms", "/rooms/tea"), ("nameko_page", "/ws")):
            with example(name) as service:
                self.assertEqual(ask(service, "GET", path)[0], 426)

    def test_websockets(self):
        with example("websockets") as service:
            self.assertIn("new WebSocket", ask(service, "GET", "/")[1])
            self.assertEqual(ask(service, "PUT", "/orders/o-17", {"state": "paid"})[0], 204)
            self.assertEqual(ask(service, "GET", "/live")[0], 426)

    def test_a_program_that_only_calls(self):
        rpc = f"127.0.0.1:{free_port()}"
        with Service(BINARIES / "shop-payments", data=".", **{"rpc.listen": rpc}):
            done = subprocess.run([BINARIES / "example_script"], capture_output=True, text=True, timeout=20,
                                  env={"TUTTI_TARGETS_PAYMENTS_ENDPOINTS": rpc})
        self.assertEqual((done.returncode, done.stdout[:19]), (0, "charged 1999 under "), done.stderr)
        alone = subprocess.run([BINARIES / "example_script"], capture_output=True, text=True, timeout=20, env={})
        self.assertEqual(alone.returncode, 1)

    def test_several_services_in_one_process(self):
        with Service(BINARIES / "shop-backoffice", data=".") as service:
            charge = {"order_id": "o17", "amount_minor": 5, "card": "4242424242424242"}
            self.assertEqual(ask(service, "POST", "/charges", charge)[0], 201)
            self.assertEqual(ask(service, "GET", "/orders/o17")[0], 404)

    def test_the_first_service(self):
        with example("first_service") as service:
            self.answers(service, "POST", "/counts/a", {"name": "a", "value": 4}, {"by": 4})
            status, text, _ = ask(service, "POST", "/counts/a", {"by": 0})
            self.assertEqual((status, json.loads(text)["violations"][0]["path"]), (400, "by"))


if __name__ == "__main__":
    unittest.main()
