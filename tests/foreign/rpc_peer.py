"""The RPC entry point met by python3-msgpack, over TCP and a Unix socket, with nothing of ours in between.
Usage: rpc_peer.py WIRE_SERVICE [unittest arguments]"""
import pathlib
import socket
import subprocess
import sys
import tempfile
import time
import unittest

import msgpack

from running_service import Service, free_port

BINARY = sys.argv.pop(1)
MESSAGE_BYTES_MAX = 100_000


class Peer:
    def __init__(self, address):
        self.socket = socket.socket(socket.AF_UNIX if isinstance(address, str) else socket.AF_INET)
        self.socket.settimeout(5)
        self.socket.connect(address)
        self.unpacker = msgpack.Unpacker(raw=False)
        self.last_id = 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, *message):
        self.socket.sendall(msgpack.packb(list(message)))

    def ask(self, method, *params, metadata=None):
        self.last_id += 1
        self.send(0, self.last_id, method, list(params), *([] if metadata is None else [metadata]))
        return self.last_id

    def next(self):
        """The next message; None at the end."""
        while True:
            try:
                return next(self.unpacker)
            except StopIteration:
                got = self.socket.recv(65536)
                if not got:
                    return None
                self.unpacker.feed(got)

    def call(self, method, *params, metadata=None):
        number = self.ask(method, *params, metadata=metadata)
        kind, answered, error, result = self.next()
        assert (kind, answered) == (1, number)
        return error, result

    def hello(self):
        return self.call("tutti.hello", {"version": 1, "service": "python"})


class Tests:
    """Over one kind of address; see the classes below."""

    def peer(self):
        return Peer(self.address)

    def seen(self, key):
        with self.peer() as peer:
            error, result = peer.call("wire.seen", {"name": key})
            assert error is None, error
            return result

    def until_seen(self, key, **expected):
        until = time.monotonic() + 5
        while (seen := self.seen(key)) != expected and time.monotonic() < until:
            time.sleep(0.01)
        self.assertEqual(seen, expected)

    def test_a_plain_call(self):
        with self.peer() as peer:
            self.assertEqual(peer.call("wire.echo", {"text": "é", "number": -(2**63)}), (None, {"text": "é", "number": -(2**63)}))

    def test_absent_and_unknown_fields(self):
        with self.peer() as peer:
            self.assertEqual(peer.call("wire.echo", {"text": "a", "new": [1, {"b": None}]}), (None, {"text": "a", "number": 0}))

    def test_a_contract_error_has_its_type_and_value(self):
        with self.peer() as peer:
            error, result = peer.call("wire.refuse", {"text": "because"})
            self.assertIsNone(result)
            self.assertEqual((error["code"], error["type"], error["value"]), ("failed_precondition", "wire.Refused", {"reason": "because"}))

    def test_what_is_wrong_is_said(self):
        with self.peer() as peer:
            for method, params, code, words in (
                ("wire.nothing", [{}], "unimplemented", 'no service here has the method "wire.nothing"'),
                ("wire.echo", [], "invalid_argument", "text"),
                ("wire.echo", [{}], "invalid_argument", "text"),
                ("wire.echo", [{"text": 7}], "invalid_argument", "text"),
                ("wire.echo", [{"text": "a", "number": 2**64 - 1}], "invalid_argument", "number"),
                ("wire.echo", ["a"], "invalid_argument", ""),
                ("wire.echo", [{"text": "a"}, {}], "invalid_argument", ""),
                ("wire.count", [{"upto": 1}], "unimplemented", "use HTTP"),
                ("wire.upload", [], "unimplemented", "use HTTP"),
            ):
                with self.subTest(method=method, params=params):
                    error, _ = peer.call(method, *params)
                    self.assertEqual(error["code"], code)
                    self.assertIn(words, error["message"])
            self.assertEqual(peer.call("wire.greet", {"name": "b"})[1], {"text": "Hello, b"})

    def test_a_notification_is_served_and_not_answered(self):
        with self.peer() as peer:
            key = f"notified {self.id()}"
            peer.send(2, "wire.wait", [{"key": key, "ms": 0}])
            self.assertEqual(peer.call("wire.greet", {"name": "a"})[1], {"text": "Hello, a"})
            self.until_seen(key, started=1, finished=1, cancelled=0)

    def test_answers_come_as_they_are_ready(self):
        with self.peer() as peer:
            slow = peer.ask("wire.wait", {"key": "interleaved", "ms": 300})
            fast = [peer.ask("wire.greet", {"name": str(i)}) for i in range(100)]
            answers = [peer.next() for _ in range(101)]
            self.assertEqual([answer[1] for answer in answers], fast + [slow])
            self.assertEqual([answer[3] for answer in answers[:3]], [{"text": f"Hello, {i}"} for i in range(3)])

    def test_messages_cut_anywhere(self):
        with self.peer() as peer:
            bytes = msgpack.packb([0, 1, "wire.echo", [{"text": "x" * 300, "number": 5}]])
            for at in range(1, len(bytes), 7):
                peer.socket.sendall(bytes[:at])
                peer.socket.sendall(bytes[at:])
                self.assertEqual(peer.next(), [1, 1, None, {"text": "x" * 300, "number": 5}])

    def test_a_large_message_within_the_limit(self):
        with self.peer() as peer:
            self.assertEqual(peer.call("wire.echo", {"text": "x" * 90_000})[1]["text"], "x" * 90_000)

    def test_a_message_over_the_limit_is_answered_and_ends_the_connection(self):
        with self.peer() as peer:
            number = peer.ask("wire.echo", {"text": "x" * MESSAGE_BYTES_MAX})
            kind, answered, error, _ = peer.next()
            self.assertEqual((kind, answered, error["code"]), (1, number, "invalid_argument"))
            self.assertIsNone(peer.next())

    def test_an_announced_size_is_refused_before_its_bytes(self):
        with self.peer() as peer:
            peer.socket.sendall(b"\x94\x00\x07\xdb\xff\xff\xff\xff")
            self.assertEqual(peer.next()[1], 7)
            self.assertIsNone(peer.next())

    def test_bytes_that_are_no_rpc_end_the_connection(self):
        for garbage in (b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", b"\xc1" * 20, b"\x16\x03\x01\x00\xa5", msgpack.packb({"a": 1}), msgpack.packb([7, 1, "a", []]),
                        msgpack.packb([1, 1, None, "an answer to nothing"]), b"\x91" * 200):
            with self.subTest(garbage), self.peer() as peer:
                peer.socket.sendall(garbage)
                last = peer.next()
                if last is not None:
                    self.assertEqual((last[0], last[2]["code"]), (1, "invalid_argument"))
                    self.assertIsNone(peer.next())

    def test_metadata_only_after_hello(self):
        with self.peer() as peer:
            error, _ = peer.call("wire.about", {"name": "a"}, metadata={"request_id": "r"})
            self.assertEqual(error["code"], "invalid_argument")
            self.assertEqual(peer.hello(), (None, {"version": 1}))
            trace = "0af7651916cd43dd8448eb211c80319c"
            metadata = {"deadline_ms": 1500, "traceparent": f"00-{trace}-b7ad6b7169203331-01", "request_id": "r-7", "idempotency_key": "k-7", "identity": "orders",
                        "unknown": [1]}
            error, about = peer.call("wire.about", {"name": "a"}, metadata=metadata)
            self.assertIsNone(error)
            self.assertEqual((about["trace"], about["request_id"], about["idempotency_key"]), (trace, "r-7", "k-7"))
            self.assertEqual(about["identity"], self.believed)
            self.assertTrue(1000 < about["remaining_ms"] <= 1500, about)

    def test_metadata_that_is_wrong_is_refused(self):
        with self.peer() as peer:
            peer.hello()
            for metadata in (7, {"deadline_ms": "soon"}, {"deadline_ms": -1}, {"request_id": 7}, {1: 2}, {"request_id": "x" * 9000}):
                with self.subTest(metadata):
                    error, _ = peer.call("wire.about", {"name": "a"}, metadata=metadata)
                    self.assertEqual(error["code"], "invalid_argument")
            self.assertIsNone(peer.call("wire.about", {"name": "a"}, metadata={})[0])

    def test_hello_that_is_wrong_leaves_the_connection_plain(self):
        with self.peer() as peer:
            for params in ([], [{}], [{"version": 0}], ["1"]):
                with self.subTest(params):
                    self.assertEqual(peer.call("tutti.hello", *params)[0]["code"], "invalid_argument")
            self.assertEqual(peer.call("wire.about", {"name": "a"}, metadata={})[0]["code"], "invalid_argument")
            self.assertEqual(peer.call("tutti.hello", {"version": 99})[1], {"version": 1})

    def test_a_deadline_is_kept(self):
        with self.peer() as peer:
            peer.hello()
            started = time.monotonic()
            error, _ = peer.call("wire.wait", {"key": "late", "ms": 4000}, metadata={"deadline_ms": 50})
            self.assertEqual(error["code"], "deadline_exceeded")
            self.assertLess(time.monotonic() - started, 2)

    def test_a_cancelled_call_is_told_to_its_handler(self):
        with self.peer() as peer:
            peer.hello()
            key = f"cancelled {self.id()}"
            number = peer.ask("wire.wait", {"key": key, "ms": 20_000}, metadata={"deadline_ms": 30_000})
            self.until_seen(key, started=1, finished=0, cancelled=0)
            peer.send(2, "tutti.cancel", [number])
            self.until_seen(key, started=1, finished=0, cancelled=1)
            for nonsense in ([], ["a"], [4711]):
                peer.send(2, "tutti.cancel", nonsense)
            self.assertEqual(peer.call("wire.greet", {"name": "a"})[1], {"text": "Hello, a"})

    def test_an_abandoned_connection_cancels_its_calls(self):
        key = f"abandoned {self.id()}"
        with self.peer() as peer:
            peer.hello()
            peer.ask("wire.wait", {"key": key, "ms": 20_000}, metadata={"deadline_ms": 30_000})
            self.until_seen(key, started=1, finished=0, cancelled=0)
        self.until_seen(key, started=1, finished=0, cancelled=1)

    def test_who_has_finished_writing_gets_his_answers(self):
        with self.peer() as peer:
            peer.ask("wire.wait", {"key": "half", "ms": 200})
            peer.ask("wire.greet", {"name": "a"})
            peer.socket.shutdown(socket.SHUT_WR)
            self.assertEqual([peer.next()[1], peer.next()[1], peer.next()], [2, 1, None])

    def test_many_peers(self):
        peers = [self.peer() for _ in range(50)]
        for i, peer in enumerate(peers):
            peer.ask("wire.greet", {"name": str(i)})
        for i, peer in enumerate(peers):
            self.assertEqual(peer.next()[3], {"text": f"Hello, {i}"})
            peer.socket.close()


class OverTcp(Tests, unittest.TestCase):
    believed = "anonymous"  # anybody could say that he is somebody

    @classmethod
    def setUpClass(cls):
        cls.address = ("127.0.0.1", free_port())
        cls.enterClassContext(Service(BINARY, **{"rpc.listen": f"127.0.0.1:{cls.address[1]}", "rpc.message_bytes_max": MESSAGE_BYTES_MAX}))


class OverAUnixSocket(Tests, unittest.TestCase):
    believed = "orders"  # the kernel says that it is our own user

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.folder.cleanup)
        cls.address = f"{cls.folder.name}/wire.sock"
        cls.enterClassContext(Service(BINARY, **{"rpc.listen": f"unix:{cls.address}", "rpc.message_bytes_max": MESSAGE_BYTES_MAX}))

    def test_a_closed_half_that_breaks_cancels_also_plain_calls(self):
        key = f"broken {self.id()}"
        with self.peer() as peer:
            peer.ask("wire.wait", {"key": key, "ms": 20_000})
            self.until_seen(key, started=1, finished=0, cancelled=0)
        self.until_seen(key, started=1, finished=0, cancelled=1)


class TheSocketsFile(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = pathlib.Path(folder.name) / "wire.sock"
        self.settings = {"rpc.listen": f"unix:{self.path}"}

    def test_is_gone_after_a_stop(self):
        with Service(BINARY, **self.settings) as service:
            self.assertTrue(self.path.is_socket())
            self.assertEqual(service.stop(), 0)
            self.assertFalse(self.path.exists())

    def test_of_a_dead_process_is_replaced(self):
        with Service(BINARY, **self.settings) as service:
            service.process.kill()
            service.process.wait()
            service.process.returncode = 0
        self.assertTrue(self.path.is_socket())
        with Service(BINARY, **self.settings), Peer(str(self.path)) as peer:
            self.assertEqual(peer.call("wire.greet", {"name": "a"})[1], {"text": "Hello, a"})

    def test_of_a_living_process_is_not_taken_away(self):
        with Service(BINARY, **self.settings):
            second = subprocess.run([BINARY, "--tutti.http.listen=off", "--tutti.admin.listen=off", f"--tutti.rpc.listen=unix:{self.path}"], capture_output=True,
                                    text=True, timeout=30)
            self.assertEqual(second.returncode, 77, second.stderr)
            self.assertIn(str(self.path), second.stderr)
            with Peer(str(self.path)) as peer:
                self.assertEqual(peer.call("wire.greet", {"name": "a"})[1], {"text": "Hello, a"})

    def test_that_is_no_socket_is_left_alone(self):
        self.path.write_text("mine")
        started = subprocess.run([BINARY, "--tutti.http.listen=off", "--tutti.admin.listen=off", f"--tutti.rpc.listen=unix:{self.path}"], capture_output=True,
                                 text=True, timeout=30)
        self.assertNotEqual(started.returncode, 0)
        self.assertEqual(self.path.read_text(), "mine")


if __name__ == "__main__":
    unittest.main()
