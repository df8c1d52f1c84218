"""HTTP/1.1 as a stranger would send it: well-formed, malformed, smuggled, too large and too slow requests, and what must
come back. Usage: http_conformance.py WIRE_SERVICE [unittest arguments]

Each row: a name, the bytes, and what is expected: the statuses in order and what becomes of the connection.
  "200 200 keep"   two answers, and the connection serves one more request: nothing of the bytes was taken for another
  "400 close"      one answer, then the server ends the connection. A request that is refused is followed by another one
                   (SMUGGLED) in the same write: an answer to that would be a request smuggled in
  "400|501 close"  either
"""
import socket
import sys
import threading
import unittest

from running_service import Service

BINARY = sys.argv.pop(1)
SETTINGS = {"http.request_line_bytes_max": 2000, "http.header_bytes_max": 4000, "http.header_count_max": 20, "http.body_bytes_max": 1000,
            "http.stream_bytes_max": 5000, "http.header_timeout": "1s", "http.body_timeout": "1s", "http.idle_timeout": "2s"}

JSON = b'{"text":"a","number":1}'
SMUGGLED = b"GET /greet/smuggled HTTP/1.1\r\nHost: a\r\n\r\n"


def get(target=b"/greet/a", *headers, version=b"HTTP/1.1", method=b"GET", host=b"a"):
    lines = [method + b" " + target + b" " + version] + ([b"Host: " + host] if host is not None else []) + list(headers)
    return b"\r\n".join(lines) + b"\r\n\r\n"


def post(*headers, body=JSON, target=b"/echo", length=True, version=b"HTTP/1.1"):
    sized = [b"Content-Length: %d" % len(body)] if length else []
    return get(target, b"Content-Type: application/json", *sized, *headers, method=b"POST", version=version) + body


def chunked(*chunks, coding=b"Transfer-Encoding: chunked", end=b"0\r\n\r\n", headers=(), target=b"/echo", version=b"HTTP/1.1"):
    body = b"".join(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks) + end
    return post(coding, *headers, body=b"", length=False, target=target, version=version) + body


def raw_chunks(body):
    return post(b"Transfer-Encoding: chunked", body=b"", length=False) + body


VALID = [
    ("get", get(), "200 keep"),
    ("an empty line before the request", b"\r\n" + get(), "200 keep"),
    ("http/1.0 ends the connection", get(version=b"HTTP/1.0"), "200 close"),
    ("http/1.0 without host", get(version=b"HTTP/1.0", host=None), "200 close"),
    ("http/1.0 with keep-alive", get(b"/greet/a", b"Connection: keep-alive", version=b"HTTP/1.0"), "200 keep"),
    ("http/1.0 with a body", post(version=b"HTTP/1.0"), "200 close"),
    ("connection: close", get(b"/greet/a", b"Connection: close"), "200 close"),
    ("close wins over keep-alive", get(b"/greet/a", b"Connection: keep-alive, Close"), "200 close"),
    ("other connection options", get(b"/greet/a", b"Connection: te, x-a", b"TE: trailers"), "200 keep"),
    ("an upgrade is not taken", get(b"/greet/a", b"Connection: upgrade, http2-settings", b"Upgrade: h2c", b"HTTP2-Settings: AAA"), "200 keep"),
    ("names of any case", get(b"/greet/a", b"hOsT2: x", b"ACCEPT: */*"), "200 keep"),
    ("spaces and tabs around a value", get(b"/greet/a", b"X-A: \t v \t "), "200 keep"),
    ("an empty value", get(b"/greet/a", b"X-A:"), "200 keep"),
    ("bytes above 127 in a value", get(b"/greet/a", b"X-A: \xc3\xa9\xff"), "200 keep"),
    ("host with a port", get(host=b"example.com:8080"), "200 keep"),
    ("host in brackets", get(host=b"[::1]:8080"), "200 keep"),
    ("absolute form", get(b"http://example.com/greet/a?x=1", host=b"example.com"), "200 keep"),
    ("absolute form of another host", get(b"http://example.com/greet/a", host=b"other"), "200|400 any"),
    ("options of everything", get(b"*", method=b"OPTIONS"), "200|204 keep"),
    ("an encoded path", get(b"/greet/%41%2Fb"), "200 keep"),
    ("head", get(method=b"HEAD"), "200 keep"),
    ("three pipelined", get() + get(b"/greet/b") + post(), "200 200 200 keep"),
    ("head among others", get() + get(method=b"HEAD") + get(), "200 200 200 keep"),
    ("a body with get", get(b"/greet/a", b"Content-Length: 5") + b"abcde", "200 keep"),
    ("post", post(), "200 keep"),
    ("post without a body", get(b"/echo", method=b"POST"), "400 keep"),
    ("post of length 0", post(body=b""), "400 keep"),
    ("length with spaces", get(b"/echo", b"Content-Type: application/json", b"Content-Length:   %d  " % len(JSON), method=b"POST") + JSON, "200 keep"),
    ("chunked", chunked(JSON[:5], JSON[5:]), "200 keep"),
    ("chunked in capitals", chunked(JSON, coding=b"TRANSFER-ENCODING: Chunked"), "200 keep"),
    ("capital hexadecimal digits and zeros before them", raw_chunks(b"00017\r\n" + JSON + b"\r\n000\r\n\r\n"), "200 keep"),
    ("chunk extensions", raw_chunks(b"17;a=b;c=\"d e\"\r\n" + JSON + b"\r\n0;last\r\n\r\n"), "200 keep"),
    ("trailers", chunked(JSON, end=b"0\r\nX-Sum: 1\r\nX-More: 2\r\n\r\n"), "200 keep"),
    ("chunked, then another", chunked(JSON) + get(), "200 200 keep"),
    ("a streamed upload", post(body=b"x" * 3000, target=b"/upload"), "200 keep"),
    ("a streamed upload in chunks", chunked(b"x" * 1000, b"y" * 1000, target=b"/upload"), "200 keep"),
    ("a body that the handler leaves unread", post(target=b"/unread") + get(), "403 200 keep"),
    ("no such path", get(b"/nothing"), "404 keep"),
    ("no such method there", get(method=b"DELETE"), "405 keep"),
    ("a wrong content type", get(b"/echo", b"Content-Type: text/csv", b"Content-Length: 1", method=b"POST") + b"a", "415 keep"),
    ("malformed json", post(body=b"{"), "400 keep"),
]
REFUSED = [
    # the request line
    ("two spaces", get(b" /greet/a"), "400 close"),
    ("a tab for a space", b"GET\t/greet/a\tHTTP/1.1\r\nHost: a\r\n\r\n", "400 close"),
    ("a space at the end of the line", b"GET /greet/a HTTP/1.1 \r\nHost: a\r\n\r\n", "400 close"),
    ("a space in the target", get(b"/greet/a b"), "400 close"),
    ("no version", b"GET /greet/a\r\nHost: a\r\n\r\n", "400 close"),
    ("no target", b"GET HTTP/1.1\r\nHost: a\r\n\r\n", "400 close"),
    ("a version of lower case", get(version=b"http/1.1"), "400 close"),
    ("a version of three digits", get(version=b"HTTP/1.10"), "400|505 close"),
    ("a version without a point", get(version=b"HTTP/11"), "400 close"),
    ("http/2.0", get(version=b"HTTP/2.0"), "505 close"),
    ("http/0.9", get(version=b"HTTP/0.9"), "400|505 close"),
    ("the preface of http/2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "400|505 close"),
    ("a target without a slash", get(b"greet/a"), "400 close"),
    ("a fragment", get(b"/greet/a#b"), "400 close"),
    ("bytes above 127 in the target", get(b"/greet/\xc3\xa9"), "400 close"),
    ("a control character in the target", get(b"/greet/\x01"), "400 close"),
    ("NUL in the target", get(b"/greet/\x00"), "400 close"),
    ("asterisk for another method than options", get(b"*"), "400 close"),
    ("a method with a bad character", get(method=b"GE(T"), "400 close"),
    ("an empty method", get(method=b""), "400 close"),
    ("connect", b"CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\n\r\n", "400|501 close"),
    ("trace", get(method=b"TRACE"), "501 close"),
    ("a carriage return in the line", b"GET /greet/a\r HTTP/1.1\r\nHost: a\r\n\r\n", "400 close"),
    # line ends and header fields
    ("bare LF behind the request line", b"GET /greet/a HTTP/1.1\nHost: a\r\n\r\n", "400 close"),
    ("bare LF behind a field", b"GET /greet/a HTTP/1.1\r\nHost: a\nX-A: b\r\n\r\n", "400 close"),
    ("bare LF at the end of the head", b"GET /greet/a HTTP/1.1\r\nHost: a\r\n\n", "400 close"),
    ("bare CR in a value", get(b"/greet/a", b"X-A: b\rc"), "400 close"),
    ("a folded field", get(b"/greet/a", b"X-A: b\r\n c"), "400 close"),
    ("a folded field by a tab", get(b"/greet/a", b"X-A: b\r\n\tTransfer-Encoding: chunked"), "400 close"),
    ("a space before the first field", b"GET /greet/a HTTP/1.1\r\n Host: a\r\n\r\n", "400 close"),
    ("a space before the colon", get(b"/greet/a", b"X-A : b"), "400 close"),
    ("a tab before the colon", get(b"/greet/a", b"Content-Length\t: 3"), "400 close"),
    ("no colon", get(b"/greet/a", b"X-A"), "400 close"),
    ("no name", get(b"/greet/a", b": b"), "400 close"),
    ("a space in a name", get(b"/greet/a", b"X A: b"), "400 close"),
    ("NUL in a name", get(b"/greet/a", b"X\x00A: b"), "400 close"),
    ("NUL in a value", get(b"/greet/a", b"X-A: b\x00c"), "400 close"),
    ("a control character in a value", get(b"/greet/a", b"X-A: \x0b"), "400 close"),
    ("DEL in a value", get(b"/greet/a", b"X-A: \x7f"), "400 close"),
    ("bytes above 127 in a name", get(b"/greet/a", b"X-\xff: b"), "400 close"),
    # host
    ("no host", get(host=None), "400 close"),
    ("two hosts", get(b"/greet/a", b"Host: a"), "400 close"),
    ("two hosts in one field", get(host=b"a, b"), "400 close"),
    ("a host with a path", get(host=b"a/b"), "400 close"),
    ("a host with a user", get(host=b"user@a"), "400 close"),
    ("a host with a bad port", get(host=b"a:x"), "400 close"),
    ("a host with a space", get(host=b"a b"), "400 close"),
    # framing
    ("two lengths that differ", post(b"Content-Length: 3"), "400 close"),
    ("two lengths that agree", post(b"Content-Length: %d" % len(JSON)), "400 close"),
    ("a list of lengths", post(b"Content-Length: 3, 3", length=False), "400 close"),
    ("a length with a sign", post(b"Content-Length: +23", length=False), "400 close"),
    ("a negative length", post(b"Content-Length: -1", length=False), "400 close"),
    ("a length in hexadecimal", post(b"Content-Length: 0x17", length=False), "400 close"),
    ("a length with a space within", post(b"Content-Length: 2 3", length=False), "400 close"),
    ("a length that is empty", post(b"Content-Length:", length=False), "400 close"),
    ("a length with a point", post(b"Content-Length: 23.0", length=False), "400 close"),
    ("a length over 64 bits", post(b"Content-Length: 18446744073709551639", length=False), "400|413 close"),
    ("a length in another script", post("Content-Length: ٢٣".encode(), length=False), "400 close"),
    ("length and chunked", post(b"Transfer-Encoding: chunked"), "400 close"),
    ("chunked and length", chunked(JSON, headers=(b"Content-Length: 5",)), "400 close"),
    ("chunked twice", chunked(JSON, coding=b"Transfer-Encoding: chunked, chunked"), "400 close"),
    ("chunked in two fields", chunked(JSON, headers=(b"Transfer-Encoding: chunked",)), "400 close"),
    ("chunked that is not the last", chunked(JSON, coding=b"Transfer-Encoding: chunked, identity"), "400|501 close"),
    ("gzip", chunked(JSON, coding=b"Transfer-Encoding: gzip, chunked"), "400|501 close"),
    ("identity", chunked(JSON, coding=b"Transfer-Encoding: identity"), "400|501 close"),
    ("a name like chunked", chunked(JSON, coding=b"Transfer-Encoding: xchunked"), "400|501 close"),
    ("chunked behind a vertical tab", chunked(JSON, coding=b"Transfer-Encoding: \x0bchunked"), "400 close"),
    ("chunked in quotes", chunked(JSON, coding=b'Transfer-Encoding: "chunked"'), "400|501 close"),
    ("an empty coding", chunked(JSON, coding=b"Transfer-Encoding:"), "400|501 close"),
    ("chunked with http/1.0", chunked(JSON, version=b"HTTP/1.0"), "400 close"),
    ("chunked with a space before the colon", chunked(JSON, coding=b"Transfer-Encoding : chunked"), "400 close"),
    # chunks
    ("a size that is no number", raw_chunks(b"x\r\n" + JSON + b"\r\n0\r\n\r\n"), "400 close"),
    ("no size", raw_chunks(b"\r\n" + JSON + b"\r\n0\r\n\r\n"), "400 close"),
    ("a size with 0x", raw_chunks(b"0x17\r\n" + JSON + b"\r\n0\r\n\r\n"), "400 close"),
    ("a negative size", raw_chunks(b"-1\r\n" + JSON + b"\r\n0\r\n\r\n"), "400 close"),
    ("a size with a sign", raw_chunks(b"+17\r\n" + JSON + b"\r\n0\r\n\r\n"), "400 close"),
    ("a space before the size", raw_chunks(b" 17\r\n" + JSON + b"\r\n0\r\n\r\n"), "400 close"),
    ("a space behind the size", raw_chunks(b"17 \r\n" + JSON + b"\r\n0\r\n\r\n"), "400 close"),
    ("a size over 64 bits", raw_chunks(b"10000000000000017\r\n" + JSON + b"\r\n0\r\n\r\n"), "400|413 close"),
    ("bare LF behind the size", raw_chunks(b"17\n" + JSON + b"\r\n0\r\n\r\n"), "400 close"),
    ("bare LF in an extension", raw_chunks(b"17;a\nb\r\n" + JSON + b"\r\n0\r\n\r\n"), "400 close"),
    ("bare CR in an extension", raw_chunks(b"17;a\rb\r\n" + JSON + b"\r\n0\r\n\r\n"), "400 close"),
    ("a chunk longer than its size", raw_chunks(b"16\r\n" + JSON + b"\r\n0\r\n\r\n"), "400 close"),
    ("no line end behind a chunk", raw_chunks(b"17\r\n" + JSON + b"0\r\n\r\n"), "400 close"),
    ("bare LF behind a chunk", raw_chunks(b"17\r\n" + JSON + b"\n0\r\n\r\n"), "400 close"),
    ("a folded trailer", chunked(JSON, end=b"0\r\nX-A: b\r\n c\r\n\r\n"), "400 close"),
    ("a length among the trailers", chunked(JSON, end=b"0\r\nContent-Length: 5\r\n\r\n"), "400 close"),
    ("a trailer without a colon", chunked(JSON, end=b"0\r\nnonsense\r\n\r\n"), "400 close"),
    ("a long extension", raw_chunks(b"17;" + b"a" * 20000 + b"\r\n" + JSON + b"\r\n0\r\n\r\n"), "400 close"),
    # limits
    ("a long target", get(b"/greet/" + b"a" * 3000), "414 close"),
    ("a long field", get(b"/greet/a", b"X-A: " + b"a" * 5000), "431 close"),
    ("many fields", get(b"/greet/a", *[b"X-%d: a" % i for i in range(30)]), "431 close"),
    ("a long body", post(body=b"x" * 1001), "413 close"),
    ("a long chunked body", chunked(b"x" * 600, b"x" * 600), "413 close"),
    ("a long upload", post(body=b"x" * 5001, target=b"/upload"), "413 close"),
    ("many trailers", chunked(JSON, end=b"0\r\n" + b"".join(b"X-%d: a\r\n" % i for i in range(200)) + b"\r\n"), "400|431 close"),
    # something else entirely
    ("a TLS client's hello", b"\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03" + bytes(range(160)), "400 close"),
    ("zeros", bytes(64), "400 close"),
    ("an expectation that nobody knows", post(b"Expect: a-miracle"), "417 any"),
]


class Answers:
    """Reads answers off a socket as RFC 9112 frames them."""

    def __init__(self, connection):
        self.connection = connection
        self.bytes = b""

    def more(self):
        got = self.connection.recv(65536)
        self.bytes += got
        return bool(got)

    def next(self, method=b"GET"):
        """(status, headers, body), or None at the end."""
        while b"\r\n\r\n" not in self.bytes:
            if not self.more():
                assert not self.bytes, f"an answer broke off: {self.bytes!r}"
                return None
        head, self.bytes = self.bytes.split(b"\r\n\r\n", 1)
        first, *fields = head.split(b"\r\n")
        version, status = first.split(b" ", 2)[:2]
        assert version == b"HTTP/1.1", first
        headers = {}
        for field in fields:
            name, value = field.split(b":", 1)
            assert name.lower() not in headers or name.lower() == b"set-cookie", f"{name} comes twice: {head!r}"
            headers[name.lower()] = value.strip()
        status = int(status)
        body = b""
        if status >= 200:
            assert b"date" in headers, head
            if method != b"HEAD" and status not in (204, 304):
                body = self.body(headers)
        return status, headers, body

    def body(self, headers):
        if headers.get(b"transfer-encoding") == b"chunked":
            body = b""
            while True:
                size = int(self.line(), 16)
                body += self.take(size)
                assert self.line() == b""
                if size == 0:
                    return body
        return self.take(int(headers[b"content-length"]))

    def line(self):
        while b"\r\n" not in self.bytes:
            assert self.more()
        line, self.bytes = self.bytes.split(b"\r\n", 1)
        return line

    def take(self, size):
        while len(self.bytes) < size:
            assert self.more()
        taken, self.bytes = self.bytes[:size], self.bytes[size:]
        return taken


def methods_in(request):
    return [line.split(b" ")[0] for line in request.split(b"\r\n") if line.endswith(b" HTTP/1.1")]


class Conformance(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.service = cls.enterClassContext(Service(BINARY, **SETTINGS))

    def check(self, name, request, expected, refused):
        *statuses, fate = expected.split(" ")
        with self.subTest(name), self.service.connect() as connection:
            connection.sendall(request + (SMUGGLED if refused else b""))
            answers = Answers(connection)
            methods = methods_in(request)
            for i, status in enumerate(statuses):
                method = methods[i] if i < len(methods) else b"GET"
                answer = answers.next(method)
                self.assertIsNotNone(answer, f"no answer, expected {status}")
                self.assertIn(str(answer[0]), status.split("|"), answer)
                if fate == "close" and i + 1 == len(statuses):
                    self.assertEqual(answer[1].get(b"connection"), b"close", answer)
            if fate == "close":
                self.assertIsNone(answers.next(), "the connection goes on")
            if fate == "keep":
                connection.sendall(get(b"/greet/still-here"))
                self.assertIn(b"still-here", answers.next()[2])

    def test_valid_requests_are_served(self):
        for name, request, expected in VALID:
            self.check(name, request, expected, refused=False)

    def test_what_is_refused_smuggles_nothing_in(self):
        for name, request, expected in REFUSED:
            self.check(name, request, expected, refused=True)

    def test_requests_cut_anywhere_are_understood_alike(self):
        request = chunked(JSON[:5], JSON[5:], end=b"0\r\nX-Sum: 1\r\n\r\n") + get()
        for at in range(1, len(request), 3):
            with self.subTest(at=at), self.service.connect() as connection:
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                connection.sendall(request[:at])
                connection.sendall(request[at:])
                answers = Answers(connection)
                self.assertEqual([answers.next()[0], answers.next()[0]], [200, 200])

    def test_the_answers_of_head_and_get_have_the_same_fields(self):
        with self.service.connect() as connection:
            answers = Answers(connection)
            connection.sendall(get())
            whole = answers.next()
            connection.sendall(get(method=b"HEAD"))
            head = answers.next(b"HEAD")
        self.assertEqual(whole[1][b"content-length"], head[1][b"content-length"])
        self.assertEqual(set(whole[1]), set(head[1]))

    def test_what_is_not_allowed_names_what_is(self):
        with self.service.connect() as connection:
            connection.sendall(get(method=b"DELETE"))
            self.assertIn(b"GET", Answers(connection).next()[1][b"allow"])

    def test_http_1_0_is_told_that_the_connection_stays(self):
        with self.service.connect() as connection:
            connection.sendall(get(b"/greet/a", b"Connection: keep-alive", version=b"HTTP/1.0"))
            self.assertEqual(Answers(connection).next()[1][b"connection"].lower(), b"keep-alive")

    def test_a_stream_is_chunked_for_1_1_and_ends_with_the_connection_for_1_0(self):
        with self.service.connect() as connection:
            connection.sendall(get(b"/count/3"))
            status, headers, body = Answers(connection).next()
            self.assertEqual((status, headers[b"transfer-encoding"], body.count(b"\n")), (200, b"chunked", 3))
        with self.service.connect() as connection:
            connection.sendall(get(b"/count/3", version=b"HTTP/1.0"))
            got = b""
            while piece := connection.recv(65536):
                got += piece
            head, body = got.split(b"\r\n\r\n", 1)
            self.assertNotIn(b"transfer-encoding", head.lower())
            self.assertEqual(body.count(b"\n"), 3)

    def test_continue_is_sent_to_who_waits_for_it(self):
        for target, body in ((b"/echo", JSON), (b"/upload", b"abc")):
            with self.subTest(target), self.service.connect() as connection:
                connection.sendall(get(target, b"Content-Type: application/json", b"Content-Length: %d" % len(body), b"Expect: 100-continue", method=b"POST"))
                answers = Answers(connection)
                self.assertEqual(answers.next()[0], 100)
                connection.sendall(body + get())
                self.assertEqual([answers.next()[0], answers.next()[0]], [200, 200])

    def test_who_waits_for_continue_is_refused_without_it(self):
        for target, length, status in ((b"/echo", 2000, 413), (b"/unread", 5, 403)):
            with self.subTest(target), self.service.connect() as connection:
                connection.sendall(get(target, b"Content-Length: %d" % length, b"Expect: 100-continue", method=b"POST"))
                answers = Answers(connection)
                answer = answers.next()
                self.assertEqual((answer[0], answer[1].get(b"connection")), (status, b"close"), answer)
                self.assertIsNone(answers.next())

    def test_a_body_left_unread_on_its_way_ends_the_connection(self):
        with self.service.connect() as connection:
            connection.sendall(get(b"/unread", b"Content-Length: 4000", method=b"POST") + b"begin")
            answers = Answers(connection)
            answer = answers.next()
            self.assertEqual((answer[0], answer[1].get(b"connection")), (403, b"close"), answer)
            self.assertIsNone(answers.next())

    def test_the_end_of_one_half_does_not_lose_the_answers(self):
        with self.service.connect() as connection:
            connection.sendall(get() + post())
            connection.shutdown(socket.SHUT_WR)
            answers = Answers(connection)
            self.assertEqual([answers.next()[0], answers.next()[0], answers.next()], [200, 200, None])

    def test_half_a_request_at_the_end_is_answered_by_the_end(self):
        for request in (b"GET /greet/a HT", get()[:-2], post()[:-1], chunked(JSON, end=b"0\r\n")):
            with self.subTest(request), self.service.connect() as connection:
                connection.sendall(request)
                connection.shutdown(socket.SHUT_WR)
                answer = Answers(connection).next()
                self.assertTrue(answer is None or answer[0] == 400, answer)

    def test_time_outs(self):
        slow = {"a slow head": (b"GET /greet/a HTTP/1.1\r\nHo", 408), "a slow body": (post()[:-3], 408), "a slow chunk": (chunked(JSON)[:-8], 408),
                "an idle connection": (b"", None), "idle behind a request": (get(), 200)}
        seen = {}

        def wait(name, request):
            with self.service.connect(timeout=8) as connection:
                connection.sendall(request)
                answers = Answers(connection)
                first = answers.next()
                seen[name] = (first and first[0], first and answers.next())

        threads = [threading.Thread(target=wait, args=(name, request)) for name, (request, _) in slow.items()]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(seen, {name: (status, None) for name, (_, status) in slow.items()})


if __name__ == "__main__":
    unittest.main()
