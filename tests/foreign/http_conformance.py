"""HTTP/1.1 as a stranger would send it: well-formed requests, cut anywhere, too slow, half closed, and what must come back; what
must be refused is in http_smuggling.py. Usage: http_conformance.py WIRE_SERVICE [unittest arguments]

Each row: a name, the bytes, and what is expected (http_wire.check).
"""
import socket
import sys
import threading
import unittest

from http_wire import JSON, Answers, check, chunked, get, post, raw_chunks
from running_service import Service

BINARY = sys.argv.pop(1)
SETTINGS = {"http.request_line_bytes_max": 2000, "http.header_bytes_max": 4000, "http.header_count_max": 20, "http.body_bytes_max": 1000,
            "http.stream_bytes_max": 5000, "http.header_timeout": "1s", "http.body_timeout": "1s", "http.idle_timeout": "2s"}

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


class Conformance(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.service = cls.enterClassContext(Service(BINARY, **SETTINGS))

    def test_valid_requests_are_served(self):
        for name, request, expected in VALID:
            with self.subTest(name), self.service.connect() as connection:
                check(self, connection, request, expected)

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
