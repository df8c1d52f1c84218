"""RFC 6455 as a stranger would speak it, byte by byte over a real socket: a table of cases in the manner of the Autobahn
suite. Usage: websocket_conformance.py WEBSOCKET_SERVICE [unittest arguments]

Each row: a name, the bytes behind the handshake, and what must come back:
  "Said:a Said:b"  these messages, in order, and the connection serves on
  "pong:x"         this control frame
  "close:1002"     a close frame with this code, and the end of the connection
  ["Said:a b"]     a list, where a text has spaces
"""
import json
import os
import socket
import struct
import sys
import unittest
import zlib

from running_service import Service

BINARY = sys.argv.pop(1)
SETTINGS = {"websocket.message_bytes_max": 70000, "websocket.close_timeout": "500ms"}
KEY = b"dGhlIHNhbXBsZSBub25jZQ=="
TEXT, BINARY_FRAME, CLOSE, PING, PONG, MORE = 1, 2, 8, 9, 10, 0


def frame(opcode, payload=b"", fin=1, rsv=0, mask=b"\x37\xfa\x21\x3d", length=None):
    head = bytes([fin << 7 | rsv << 4 | opcode])
    size = len(payload) if length is None else length
    bit = 0x80 if mask else 0
    if size < 126:
        head += bytes([bit | size])
    elif size < 65536:
        head += bytes([bit | 126]) + struct.pack(">H", size)
    else:
        head += bytes([bit | 127]) + struct.pack(">Q", size)
    if not mask:
        return head + payload
    return head + mask + bytes(byte ^ mask[i % 4] for i, byte in enumerate(payload))


def say(text):
    return json.dumps({"type": "Say", "text": text}, ensure_ascii=False).encode()


def closing(code, reason=b""):
    return frame(CLOSE, struct.pack(">H", code) + reason)


def deflated(data):
    packer = zlib.compressobj(6, zlib.DEFLATED, -15)
    return (packer.compress(data) + packer.flush(zlib.Z_SYNC_FLUSH))[:-4]


A = say("a")
EURO = say("\u20ac \U0001f600")
BIG = say("x" * 60000)
SPLIT = EURO.index(b"\xe2\x82\xac") + 1  # within a character

CASES = [
    # texts and lengths
    ("a text", frame(TEXT, A), "Said:a"),
    ("an empty mask", frame(TEXT, A, mask=b"\0\0\0\0"), "Said:a"),
    ("two at once", frame(TEXT, A) + frame(TEXT, say("b")), "Said:a Said:b"),
    ("a length of two bytes", frame(TEXT, say("x" * 200)), "Said:" + "x" * 200),
    ("a length of eight bytes", frame(TEXT, BIG + b" " * 9000), "Said:" + "x" * 60000),
    ("beyond ASCII", frame(TEXT, EURO), ["Said:\u20ac \U0001f600"]),
    # pings and pongs
    ("a ping", frame(PING, b"here?"), "pong:here?"),
    ("an empty ping", frame(PING), "pong:"),
    ("a ping of 125 bytes", frame(PING, b"x" * 125), "pong:" + "x" * 125),
    ("a ping of 126 bytes", frame(PING, b"x" * 126), "close:1002"),
    ("of several pings the last is answered", b"".join(frame(PING, b"%d" % i) for i in range(10)), "pong:9"),
    ("a pong that nobody asked for", frame(PONG, b"x") + frame(TEXT, A), "Said:a"),
    ("a fragmented ping", frame(PING, b"x", fin=0), "close:1002"),
    # fragments
    ("two fragments", frame(TEXT, A[:5], fin=0) + frame(MORE, A[5:]), "Said:a"),
    ("empty fragments", frame(TEXT, b"", fin=0) + frame(MORE, A, fin=0) + frame(MORE), "Said:a"),
    ("a ping between fragments", frame(TEXT, A[:5], fin=0) + frame(PING, b"p") + frame(MORE, A[5:]), "pong:p Said:a"),
    ("cut within a character", frame(TEXT, EURO[:SPLIT], fin=0) + frame(MORE, EURO[SPLIT:]), ["Said:\u20ac \U0001f600"]),
    ("a fragment that continues nothing", frame(MORE, A), "close:1002"),
    ("a fragment that continues nothing, not the last", frame(MORE, A, fin=0), "close:1002"),
    ("a message inside of another", frame(TEXT, A[:5], fin=0) + frame(TEXT, A), "close:1002"),
    ("a fragment behind the last one", frame(TEXT, A) + frame(MORE, A), "Said:a close:1002"),
    ("a hundred fragments", frame(TEXT, b"", fin=0) + b"".join(frame(MORE, bytes([b]), fin=0) for b in A) + frame(MORE), "Said:a"),
    # reserved bits and opcodes
    ("RSV1 without an extension", frame(TEXT, A, rsv=4), "close:1002"),
    ("RSV2", frame(TEXT, A, rsv=2), "close:1002"),
    ("RSV3", frame(TEXT, A, rsv=1), "close:1002"),
    ("RSV on a ping", frame(PING, rsv=4), "close:1002"),
    ("RSV on a close", frame(CLOSE, rsv=1), "close:1002"),
    *[(f"opcode {code}", frame(code), "close:1002") for code in (3, 4, 5, 6, 7, 11, 12, 13, 14, 15)],
    # masks and lengths
    ("not masked", frame(TEXT, A, mask=None), "close:1002"),
    ("a ping not masked", frame(PING, mask=None), "close:1002"),
    ("a short length in two bytes", b"\x81\xfe\x00\x05" + b"\0" * 9, "close:1002"),
    ("a length with the highest bit", b"\x81\xff\xff" + b"\xff" * 7 + b"\0" * 4, "close:1002"),
    ("over the limit", frame(TEXT, b"x", length=70001), "close:1009"),
    ("over the limit in fragments", frame(TEXT, b"x" * 60000, fin=0) + frame(MORE, b"x", length=10001), "close:1009"),
    # UTF-8
    ("a byte that is none", frame(TEXT, b"\xff"), "close:1007"),
    ("it ends within a character", frame(TEXT, b"\xe2\x82"), "close:1007"),
    ("an overlong form", frame(TEXT, b"\xc0\xaf"), "close:1007"),
    ("a surrogate", frame(TEXT, b"\xed\xa0\x80"), "close:1007"),
    ("beyond the last character", frame(TEXT, b"\xf4\x90\x80\x80"), "close:1007"),
    ("wrong already in its first fragment", frame(TEXT, b"\xf4\x90", fin=0), "close:1007"),
    ("wrong already in half of a frame", frame(TEXT, b"\xce\xba\xff" + b"x" * 100)[:12], "close:1007"),
    # closes
    ("a close", closing(1000), "close:1000"),
    ("a close without a code", frame(CLOSE), "close:1005"),
    ("a close with a reason", closing(1001, b"bye"), "close:1001"),
    ("a close of 125 bytes", closing(1000, b"x" * 123), "close:1000"),
    ("a close of 126 bytes", closing(1000, b"x" * 124), "close:1002"),
    ("a close of one byte", frame(CLOSE, b"\x03"), "close:1002"),
    ("a reason that is no text", closing(1000, b"\xff"), "close:1007"),
    ("nothing behind a close counts", closing(1000) + frame(TEXT, A) + frame(PING), "close:1000"),
    ("what came before a close counts", frame(TEXT, A) + closing(1000), "Said:a close:1000"),
    ("a close inside of a message", frame(TEXT, A[:5], fin=0) + closing(1000), "close:1000"),
    *[(f"the code {code}", closing(code), f"close:{code}") for code in (1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999)],
    *[(f"the code {code}", closing(code), "close:1002") for code in (0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535)],
    # the channel's own
    ("a binary message", frame(BINARY_FRAME, A), "close:1003"),
    ("no JSON", frame(TEXT, b"{"), "close:1008"),
    ("another type", frame(TEXT, b'{"type":"Nothing"}'), "close:1008"),
    ("a field is missing", frame(TEXT, b'{"type":"Say"}'), "close:1008"),
    ("the handler closes", frame(TEXT, b'{"type":"Leave","code":4001,"reason":"so be it"}') + frame(TEXT, A), ["close:4001:so be it"]),
    ("the handler fails", frame(TEXT, b'{"type":"Fail"}'), ["close:1008:not for you"]),
]
COMPRESSED = [
    ("compressed", frame(TEXT, deflated(A), rsv=4), "Said:a"),
    ("compressed and plain", frame(TEXT, deflated(A), rsv=4) + frame(TEXT, say("b")), "Said:a Said:b"),
    ("compressed in fragments", frame(TEXT, deflated(A)[:7], fin=0, rsv=4) + frame(PING, b"p") + frame(MORE, deflated(A)[7:]), "pong:p Said:a"),
    ("compressed, not at all", frame(TEXT, zlib.compress(A, 0)[2:-4], rsv=4), "Said:a"),
    ("what is long comes back compressed", frame(TEXT, deflated(say("y" * 5000)), rsv=4), "Said:" + "y" * 5000),
    ("RSV1 on a fragment that continues", frame(TEXT, deflated(A)[:7], fin=0, rsv=4) + frame(MORE, deflated(A)[7:], rsv=4), "close:1002"),
    ("RSV1 on a ping", frame(PING, rsv=4), "close:1002"),
    ("no deflate", frame(TEXT, b"\xff\xff\xff", rsv=4), "close:1007"),
    ("compressed, and no UTF-8", frame(TEXT, deflated(b"\xff"), rsv=4), "close:1007"),
    ("a bomb", frame(TEXT, deflated(b" " * 10_000_000), rsv=4), "close:1009"),
]


class Peer:
    """A client that says exactly the bytes it is told to."""

    def __init__(self, service, headers=(), path="/live"):
        self.socket = service.connect(timeout=10)
        lines = [f"GET {path} HTTP/1.1", "Host: a", "Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Key: " + KEY.decode(), "Sec-WebSocket-Version: 13", *headers]
        self.socket.sendall("\r\n".join(lines).encode() + b"\r\n\r\n")
        self.read = b""
        while b"\r\n\r\n" not in self.read:
            self.read += self.receive()
        head, self.read = self.read.split(b"\r\n\r\n", 1)
        self.head = head.decode()
        self.status = int(self.head.split(" ")[1])

    def receive(self):
        got = self.socket.recv(65536)
        if not got:
            raise EOFError
        return got

    def take(self, count):
        while len(self.read) < count:
            self.read += self.receive()
        taken, self.read = self.read[:count], self.read[count:]
        return taken

    def next(self):
        """The next frame: "Said:a", "pong:x", "close:1000", "end"."""
        try:
            first, second = self.take(2)
            size = second & 0x7f
            assert second & 0x80 == 0, "a server masks nothing"
            if size == 126:
                size, = struct.unpack(">H", self.take(2))
            elif size == 127:
                size, = struct.unpack(">Q", self.take(8))
            payload = self.take(size)
        except (EOFError, ConnectionResetError) as end:
            return "end" if isinstance(end, EOFError) else "reset"
        opcode, rsv = first & 15, first >> 4 & 7
        assert first & 0x80, "nothing is fragmented"
        self.was_compressed = rsv == 4
        if opcode == TEXT:
            if self.was_compressed:
                payload = zlib.decompressobj(-15).decompress(payload + b"\0\0\xff\xff")
            message = json.loads(payload)
            return message["type"] + ":" + message.get("text", "")
        if opcode == CLOSE:
            code = struct.unpack(">H", payload[:2])[0] if payload else 1005
            return f"close:{code}:{payload[2:].decode()}"
        return {PING: "ping", PONG: "pong"}[opcode] + ":" + payload.decode()


class WebSocketConformance(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.service = Service(BINARY, **SETTINGS).__enter__()

    @classmethod
    def tearDownClass(cls):
        cls.service.__exit__()

    def check(self, cases, headers=()):
        for name, data, expected in cases:
            for pieces in ("at once", "byte by byte") if len(data) < 300 else ("at once",):
                with self.subTest(name, pieces=pieces):
                    peer = Peer(self.service, headers)
                    self.assertEqual(peer.next().split(":")[0], "Welcome")
                    self.send(peer, data, pieces)
                    self.expect(peer, expected)

    def send(self, peer, data, pieces):
        try:
            if pieces == "at once":
                return peer.socket.sendall(data)
            peer.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for byte in data:
                peer.socket.sendall(bytes([byte]))
        except (BrokenPipeError, ConnectionResetError):
            pass  # refused before its end: what came back is looked at

    def expect(self, peer, expected):
        for word in expected if isinstance(expected, list) else expected.split(" "):
            got = peer.next()
            while word.startswith("pong:") and got.startswith("pong:") and got != word:
                got = peer.next()  # an earlier ping was answered too
            self.assertEqual(got if word.count(":") == 2 else ":".join(got.split(":")[:2]), word)
        if word.startswith("close:"):
            self.send(peer, closing(1000), "at once")  # which ends a closing handshake that the service began
            self.assertEqual(peer.next(), "end")
        else:
            peer.socket.sendall(frame(TEXT, say("still here")))
            self.assertEqual(peer.next(), "Said:still here")
        peer.socket.close()

    def test_cases(self):
        self.check(CASES)

    def test_compressed_cases(self):
        self.check(COMPRESSED, ["Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits"])

    def test_says_what_was_agreed_on(self):
        self.assertIn("sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", Peer(self.service).head)
        self.assertNotIn("extensions", Peer(self.service).head)
        peer = Peer(self.service, ["Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=10"])
        self.assertIn("permessage-deflate; server_no_context_takeover; client_no_context_takeover; server_max_window_bits=10", peer.head)
        peer.next()
        self.send(peer, frame(TEXT, say("z" * 3000)), "at once")
        self.assertEqual(peer.next(), "Said:" + "z" * 3000)
        self.assertTrue(peer.was_compressed)

    def test_reads_what_came_with_the_handshake(self):
        with self.service.connect(timeout=10) as s:
            s.sendall(b"GET /live HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: " + KEY +
                      b"\r\nSec-WebSocket-Version: 13\r\n\r\n" + frame(TEXT, say("early")))
            got = b""
            while b"early" not in got:
                got += s.recv(65536)
            self.assertTrue(got.startswith(b"HTTP/1.1 101 "))

    def test_refuses_what_is_no_handshake(self):
        with self.service.connect() as s:
            s.sendall(b"GET /live HTTP/1.1\r\nHost: a\r\n\r\n")
            answer = s.recv(65536)
            self.assertIn(b" 426 ", answer)
            self.assertIn(b"sec-websocket-version: 13", answer)
            s.sendall(b"GET /nothing HTTP/1.1\r\nHost: a\r\n\r\n")  # the connection goes on
            self.assertIn(b" 404 ", s.recv(65536))

    def test_lets_only_pages_of_its_own_host_in(self):
        self.assertEqual(Peer(self.service, ["Origin: http://a"]).status, 101)
        self.assertEqual(Peer(self.service, ["Origin: https://A"]).status, 101)
        for origin in ("http://evil.example", "http://a:8080", "http://a.evil.example", "null"):
            self.assertEqual(Peer(self.service, ["Origin: " + origin]).status, 403, origin)

    def test_lets_named_pages_in(self):
        with Service(BINARY, **SETTINGS | {"websocket.origins": "https://shop.example,http://b"}) as service:
            self.assertEqual(Peer(service, ["Origin: https://shop.example"]).status, 101)
            self.assertEqual(Peer(service, ["Origin: http://a"]).status, 403)
            self.assertEqual(Peer(service).status, 101)

    def test_a_slow_client_is_closed_or_loses_the_oldest(self):
        with Service(BINARY, **SETTINGS | {"websocket.queue_bytes_max": 100000, "websocket.close_timeout": "20s"}) as service:
            burst = frame(TEXT, json.dumps({"type": "Burst", "count": 2000, "bytes": 10000}).encode())
            witness = Peer(service)
            witness.next()

            def send_and_read_nothing_meanwhile(peer, data):
                peer.next()
                peer.socket.sendall(data)
                witness.socket.sendall(frame(TEXT, A))
                self.assertEqual(witness.next(), "Said:a")  # the burst's handler, which never waits, has ended

            peer = Peer(service)
            send_and_read_nothing_meanwhile(peer, burst)
            got = [peer.next().split("x")[0]]
            while got[-1].startswith("Said:"):
                got.append(peer.next().split("x")[0])
            self.assertEqual(got[-1].split(":")[:2], ["close", "1008"])
            self.assertIn(len(got), range(2, 2000))  # a client is slow once its socket is full
            peer.socket.close()

            peer = Peer(service, path="/last")
            send_and_read_nothing_meanwhile(peer, burst + frame(TEXT, say("then")))
            got = [peer.next().split("x")[0]]
            while got[-1] != "Said:then":
                got.append(peer.next().split("x")[0])
            self.assertEqual(got[-2], "Said:1999")
            self.assertLess(len(got), 2000)
            peer.socket.close()
            witness.socket.close()

    def test_a_handler_that_waits_holds_up_only_its_own_client(self):
        slow, quick = Peer(self.service), Peer(self.service)
        slow.next(), quick.next()
        slow.socket.sendall(frame(TEXT, b'{"type":"Wait","ms":700}') + frame(PING, b"p") + frame(TEXT, A))
        self.assertEqual(slow.next(), "pong:p")
        quick.socket.sendall(frame(TEXT, A))
        self.assertEqual(quick.next(), "Said:a")
        self.assertEqual([slow.next(), slow.next()], ["Said:waited", "Said:a"])

    def test_more_than_is_read_ahead_waits_and_is_not_lost(self):
        peer = Peer(self.service)
        peer.next()
        peer.socket.sendall(frame(TEXT, b'{"type":"Wait","ms":300}') + b"".join(frame(TEXT, say(str(i))) for i in range(500)))
        self.assertEqual([peer.next() for _ in range(501)], ["Said:waited"] + [f"Said:{i}" for i in range(500)])

    def test_pings_a_silent_client_and_gives_it_up(self):
        with Service(BINARY, **SETTINGS | {"websocket.ping_interval": "300ms", "websocket.pong_timeout": "300ms"}) as service:
            dead, alive = Peer(service), Peer(service)
            dead.next(), alive.next()
            self.assertEqual(dead.next(), "ping:")
            for _ in range(3):
                self.assertEqual(alive.next(), "ping:")
                alive.socket.sendall(frame(PONG))
            self.assertIn(dead.next(), ("end", "reset"))

    def test_closes_a_client_that_says_nothing_for_too_long(self):
        with Service(BINARY, **SETTINGS | {"websocket.idle_timeout": "300ms"}) as service:
            peer = Peer(service)
            peer.next()
            self.assertEqual(peer.next(), "close:1001:nothing was said for too long")

    def test_says_that_it_goes_once_what_has_come_is_handled(self):
        with Service(BINARY, **SETTINGS) as service:
            peer, idle = Peer(service), Peer(service)
            peer.next(), idle.next()
            peer.socket.sendall(frame(TEXT, b'{"type":"Wait","ms":500}') + frame(PING, b"p"))
            self.assertEqual(peer.next(), "pong:p")  # the handler is at work
            service.process.terminate()
            self.assertEqual(idle.next(), "close:1001:the service stops")
            idle.socket.sendall(closing(1001))
            self.assertEqual([peer.next(), peer.next()], ["Said:waited", "close:1001:the service stops"])
            peer.socket.sendall(closing(1001))
            self.assertEqual([peer.next(), idle.next()], ["end", "end"])
            self.assertEqual(service.process.wait(10), 0)

    def test_takes_no_more_than_its_limit(self):
        with Service(BINARY, **SETTINGS | {"websocket.connections_max": 2}) as service:
            peers = [Peer(service) for _ in range(3)]
            self.assertEqual([peer.status for peer in peers], [101, 101, 503])

    def test_broadcasts_reach_the_clients_of_every_shard(self):
        with Service(BINARY, **SETTINGS, threads=2) as service:
            peers = [Peer(service) for _ in range(16)]
            for peer in peers:
                peer.next()
                peer.socket.sendall(frame(TEXT, b'{"type":"Subscribe","topic":"t"}'))
                self.assertEqual(peer.next(), "Said:subscribed")
            peers[0].socket.sendall(frame(TEXT, b'{"type":"Publish","topic":"t","text":"to all"}') + frame(TEXT, b'{"type":"Publish","topic":"u","text":"to nobody"}') +
                                    frame(TEXT, b'{"type":"Publish","topic":"t","text":"again"}'))
            for peer in peers:
                self.assertEqual([peer.next(), peer.next()], ["Published:to all", "Published:again"])


if __name__ == "__main__":
    unittest.main(warnings="ignore")  # sockets that a test leaves open
