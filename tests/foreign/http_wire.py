"""Requests as bytes and answers read off a socket, for the scripts of this folder that speak HTTP/1.1 by hand."""

JSON = b'{"text":"a","number":1}'
# Follows a request that is refused, in the same write: an answer to it would be a request smuggled in.
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


def check(test, connection, request, expected):
    """Sends `request` and holds what comes back against `expected`: the statuses in order and what becomes of the connection.

    "200 200 keep"   two answers, and the connection serves one more request that came in the same write: nothing of the bytes was taken
                     for another request
    "400 close"      one answer, then the server ends the connection; what came behind the request is not answered
    "400|501 close"  either
    "200 any"        the connection may go on or not
    """
    *statuses, fate = expected.split(" ")
    connection.sendall(request + (get(b"/greet/still-here") if fate == "keep" else SMUGGLED))
    answers = Answers(connection)
    methods = methods_in(request)
    for i, status in enumerate(statuses):
        answer = answers.next(methods[i] if i < len(methods) else b"GET")
        test.assertIsNotNone(answer, f"no answer, expected {status}")
        test.assertIn(str(answer[0]), status.split("|"), answer)
        test.assertNotIn(b"smuggled", answer[2])
        if fate == "close" and i + 1 == len(statuses):
            test.assertEqual(answer[1].get(b"connection"), b"close", answer)
    if fate == "close":
        test.assertIsNone(answers.next(), "the connection goes on")
    if fate == "keep":
        test.assertIn(b"still-here", answers.next()[2])
