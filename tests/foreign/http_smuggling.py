"""Requests that two servers might read differently, that are malformed, too large or look for a way out of a folder, and the answer
that each gets over a real socket. Usage: http_smuggling.py WIRE_SERVICE [unittest arguments]

Each group names what it is about and the sections of RFC 9112, 9110 and 3986 that decide; each row says in a few words what is
odd (with its own section where the group's is not the one), the bytes, and the answer as http_wire.check reads it.
"""
import sys
import unittest

from http_wire import JSON, SMUGGLED, check, chunked, get, post, raw_chunks
from running_service import Service

BINARY = sys.argv.pop(1)
SETTINGS = {"http.request_line_bytes_max": 2000, "http.header_bytes_max": 4000, "http.header_count_max": 20, "http.body_bytes_max": 1000,
            "http.stream_bytes_max": 5000}

# RFC 9112 3: the request line, its target and its version
REQUEST_LINES = [
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
    ("two empty lines before", b"\r\n\r\n" + get(), "400 close"),
    ("bare LF before", b"\n" + get(), "400 close"),
    ("a space before the method", b" " + get(), "400 close"),
    ("http/0.9 as it was sent", b"GET /greet/a\r\n", "400 close"),
    ("two versions", b"GET /greet/a HTTP/1.1 HTTP/1.1\r\nHost: a\r\n\r\n", "400 close"),
    ("another request in the target", b"GET /greet/a HTTP/1.1/../b HTTP/1.1\r\nHost: a\r\n\r\n", "400 close"),
    ("http/1.2 counts as 1.1 (9110 2.5)", get(version=b"HTTP/1.2"), "200 keep"),
    ("http/3.0", get(version=b"HTTP/3.0"), "505 close"),
    ("another protocol's name", get(version=b"ICAP/1.0"), "400 close"),
    ("a method of lower case is another method (9110 9.1)", get(method=b"get"), "405 keep"),
    ("a method that nobody knows", get(method=b"BREW"), "405|501 keep"),
    ("a long method", get(method=b"A" * 3000), "414 close"),
    ("a method in a header does not count", get(b"/greet/a", b"X-HTTP-Method-Override: DELETE"), "200 keep"),
    ("connect without a port", b"CONNECT a HTTP/1.1\r\nHost: a\r\n\r\n", "400 close"),
    ("authority form with get (3.2.3)", get(b"a:80"), "400 close"),
    ("origin form with connect (3.2.3)", get(method=b"CONNECT"), "400 close"),
    ("absolute form wins over host (3.2.2)", get(b"http://b/greet/a", host=b"a"), "200 keep"),
    ("absolute form with a bad host header", get(b"http://a/greet/a", host=b"a/b"), "400 close"),
    ("absolute form without a host header", get(b"http://a/greet/a", host=None), "400 close"),
    ("absolute form of another scheme", get(b"ftp://a/greet/a"), "400 close"),
    ("absolute form without a host", get(b"http:///greet/a"), "400 close"),
    ("absolute form with a user (9110 4.2.4)", get(b"http://user@a/greet/a"), "400 close"),
    ("absolute form with a backslash", get(b"http://a\\@b/greet/a"), "400 close"),
]
# RFC 9112 2.2, 5: line ends and field lines
FIELD_LINES = [
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
]
# RFC 9112 3.2: Host: exactly one, a host with an optional port
HOSTS = [
    ("no host", get(host=None), "400 close"),
    ("two hosts", get(b"/greet/a", b"Host: a"), "400 close"),
    ("two hosts in one field", get(host=b"a, b"), "400 close"),
    ("a host with a path", get(host=b"a/b"), "400 close"),
    ("a host with a user", get(host=b"user@a"), "400 close"),
    ("a host with a bad port", get(host=b"a:x"), "400 close"),
    ("a host with a space", get(host=b"a b"), "400 close"),
    ("an empty host names nothing here", get(host=b""), "400 close"),
    ("a host with a port over 65535", get(host=b"a:65536"), "400 close"),
    ("a host with half a bracket", get(host=b"[::1"), "400 close"),
    ("a host with a scheme", get(host=b"http://a"), "400 close"),
    ("a host with a NUL", get(host=b"a\x00.b"), "400 close"),
    ("a host with a comma is one name (3986 3.2.2)", get(host=b"a,b"), "200 keep"),
    ("a folded host", b"GET /greet/a HTTP/1.1\r\nHost:\r\n a\r\n\r\n", "400 close"),
]
# RFC 9112 6: where the body ends
FRAMING = [
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
    ("three lengths", post(b"Content-Length: 0", b"Content-Length: 0"), "400 close"),
    ("a length in two scripts of its name", post(b"content-length: 3", b"CONTENT-LENGTH: 23", length=False), "400 close"),
    ("a list of lengths that agree", post(b"Content-Length: 23, 23", length=False), "400 close"),
    ("a length with a comma", post(b"Content-Length: 23,", length=False), "400 close"),
    ("a folded length", post(b"Content-Length:\r\n 23", length=False), "400 close"),
    ("a length in quotes", post(b'Content-Length: "23"', length=False), "400 close"),
    ("a length with an exponent", post(b"Content-Length: 2e1", length=False), "400 close"),
    ("a length of twenty digits", post(b"Content-Length: 00000000000000000023", length=False), "200 keep"),
    ("a length of 2^63", post(b"Content-Length: 9223372036854775808", length=False), "413 close"),
    ("a length of 2^64", post(b"Content-Length: 18446744073709551616", length=False), "400 close"),
    ("an underscore in the name is another field", post(b"Content_Length: 3", b"Transfer_Encoding: chunked"), "200 keep"),
    ("a length that a connection option names", post(b"Connection: content-length"), "200 keep"),
    ("a request as the body of a get", get(b"/greet/a", b"Content-Length: %d" % len(SMUGGLED)) + SMUGGLED, "200 keep"),
    ("a request as the body of what is not there", get(b"/nothing", b"Content-Length: %d" % len(SMUGGLED), method=b"POST") + SMUGGLED, "404 keep"),
    ("a request as the body of options", get(b"*", b"Content-Length: %d" % len(SMUGGLED), method=b"OPTIONS") + SMUGGLED, "200|204 keep"),
    ("a request as the body of head", get(b"/greet/a", b"Content-Length: %d" % len(SMUGGLED), method=b"HEAD") + SMUGGLED, "200 keep"),
    ("a request behind a body of length 0", post(b"Content-Length: 0", body=b"", length=False) + SMUGGLED.replace(b"smuggled", b"next"), "400 200 keep"),
    ("chunked with a tab before it (9110 5.5)", chunked(JSON, coding=b"Transfer-Encoding:\tchunked\t"), "200 keep"),
    ("a folded coding", chunked(JSON, coding=b"Transfer-Encoding:\r\n chunked"), "400 close"),
    ("a folded second coding", chunked(JSON, coding=b"Transfer-Encoding: chunked\r\n , identity"), "400 close"),
    ("chunked with a parameter", chunked(JSON, coding=b"Transfer-Encoding: chunked;q=1"), "400|501 close"),
    ("chunked behind a NUL", chunked(JSON, coding=b"Transfer-Encoding: \x00chunked"), "400 close"),
    ("chunked behind a no-break space", chunked(JSON, coding=b"Transfer-Encoding: \xa0chunked"), "400|501 close"),
    ("chunked with a dot", chunked(JSON, coding=b"Transfer-Encoding: chunked."), "400|501 close"),
    ("chunked behind a bare CR", chunked(JSON, coding=b"Transfer-Encoding: \rchunked"), "400 close"),
    ("chunked, and identity in a second field", chunked(JSON, headers=(b"Transfer-Encoding: identity",)), "400|501 close"),
    ("identity, and chunked in a second field", chunked(JSON, coding=b"Transfer-Encoding: identity", headers=(b"Transfer-Encoding: chunked",)), "400|501 close"),
    ("identity and length", post(b"Transfer-Encoding: identity"), "400 close"),
    ("a coding of another case and length", post(b"tRANSFER-ENCODING: cHUNKED"), "400 close"),
    ("chunked behind a line that is none", post(b"X: y\nTransfer-Encoding: chunked"), "400 close"),
    ("length and chunked with http/1.0", post(b"Transfer-Encoding: chunked", version=b"HTTP/1.0"), "400 close"),
    ("length and chunked of what streams", chunked(JSON, headers=(b"Content-Length: 5",), target=b"/upload"), "400 close"),
    ("chunked that a connection option names", chunked(JSON, headers=(b"Connection: transfer-encoding",)), "200 keep"),
]
# RFC 9112 7.1: chunks and trailers
CHUNKS = [
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
    ("a size with a digit group", raw_chunks(b"1_7\r\n" + JSON + b"\r\n0\r\n\r\n"), "400 close"),
    ("a size with h", raw_chunks(b"17h\r\n" + JSON + b"\r\n0\r\n\r\n"), "400 close"),
    ("a size behind an extension", raw_chunks(b";a=b17\r\n" + JSON + b"\r\n0\r\n\r\n"), "400 close"),
    ("a size of 2^64 - 1", raw_chunks(b"ffffffffffffffff\r\n" + JSON + b"\r\n0\r\n\r\n"), "413 close"),
    ("a size that wraps at 32 bits", raw_chunks(b"100000017\r\n" + JSON + b"\r\n0\r\n\r\n"), "413 close"),
    ("a size in another script", raw_chunks("１７".encode() + b"\r\n" + JSON + b"\r\n0\r\n\r\n"), "400 close"),
    ("a NUL in an extension", raw_chunks(b"17;a\x00\r\n" + JSON + b"\r\n0\r\n\r\n"), "400 close"),
    ("bare CR behind the size", raw_chunks(b"17\r" + JSON + b"\r\n0\r\n\r\n"), "400 close"),
    ("bare LF behind the last chunk", raw_chunks(b"17\r\n" + JSON + b"\r\n0\n\r\n"), "400 close"),
    ("bare LF at the end of the trailers", raw_chunks(b"17\r\n" + JSON + b"\r\n0\r\n\n"), "400 close"),
    ("two bytes that are no line end behind a chunk", raw_chunks(b"17\r\n" + JSON + b"XX0\r\n\r\n"), "400 close"),
    ("a second last chunk is the next request", raw_chunks(b"17\r\n" + JSON + b"\r\n0\r\n\r\n0\r\n\r\n"), "200 400 close"),
    ("a coding among the trailers", chunked(JSON, end=b"0\r\nTransfer-Encoding: chunked\r\n\r\n"), "400 close"),
    ("a host among the trailers", chunked(JSON, end=b"0\r\nHost: b\r\n\r\n"), "400 close"),
    ("credentials among the trailers", chunked(JSON, end=b"0\r\nAuthorization: Bearer x\r\n\r\n"), "400 close"),
    ("a trailer with a space before the colon", chunked(JSON, end=b"0\r\nX-A : b\r\n\r\n"), "400 close"),
    ("a NUL among the trailers", chunked(JSON, end=b"0\r\nX-A: \x00\r\n\r\n"), "400 close"),
    ("a request among the trailers", chunked(JSON, end=b"0\r\n" + SMUGGLED), "400 close"),
    ("a bad chunk of what streams", chunked(JSON, end=b"x\r\n", target=b"/upload"), "400 close"),
]
# RFC 9110 15.5: too much of something
LIMITS = [
    ("a long target", get(b"/greet/" + b"a" * 3000), "414 close"),
    ("a long field", get(b"/greet/a", b"X-A: " + b"a" * 5000), "431 close"),
    ("many fields", get(b"/greet/a", *[b"X-%d: a" % i for i in range(30)]), "431 close"),
    ("a long body", post(body=b"x" * 1001), "413 close"),
    ("a long chunked body", chunked(b"x" * 600, b"x" * 600), "413 close"),
    ("a long upload", post(body=b"x" * 5001, target=b"/upload"), "413 close"),
    ("many trailers", chunked(JSON, end=b"0\r\n" + b"".join(b"X-%d: a\r\n" % i for i in range(200)) + b"\r\n"), "400|431 close"),
    ("many small fields", get(b"/greet/a", *[b"a:" for _ in range(3000)]), "431 close"),
    ("a long name", get(b"/greet/a", b"a" * 5000 + b": b"), "431 close"),
    ("many extensions", raw_chunks(b"1;" + b"a" * 200 + b"\r\nx\r\n") + (b"1;" + b"a" * 200 + b"\r\nx\r\n") * 30 + b"0\r\n\r\n", "400 close"),
    ("a long trailer", chunked(JSON, end=b"0\r\nX-A: " + b"a" * 9000 + b"\r\n\r\n"), "431 close"),
    ("a long query", get(b"/greet/a?" + b"a=b&" * 1000), "414 close"),
]
# RFC 9112 2.1: no HTTP at all
OTHER_PROTOCOLS = [
    ("a TLS client's hello", b"\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03" + bytes(range(160)), "400 close"),
    ("zeros", bytes(64), "400 close"),
    ("an expectation that nobody knows", post(b"Expect: a-miracle"), "417 any"),
    ("an SSH client's hello", b"SSH-2.0-OpenSSH_9.2\r\n", "400 close"),
    ("an answer", b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "400 close"),
    ("a proxy's line", b"PROXY TCP4 10.0.0.1 10.0.0.2 1 2\r\n" + get(), "400 close"),
    ("an RPC call in MessagePack", b"\x94\x00\x01\xa5greet\x90", "400 close"),
]
# RFC 9110 10.1.1, 7.8: expectations and upgrades
EXPECTATIONS = [
    ("continue without a body", get(b"/greet/a", b"Expect: 100-continue"), "200 keep"),
    ("continue with http/1.0 is not heard", post(b"Expect: 100-continue", version=b"HTTP/1.0"), "200 close"),
    ("continue twice", post(b"Expect: 100-continue", b"Expect: 100-continue"), "417 close"),
    ("continue and something", post(b"Expect: 100-continue, x"), "417 close"),
    ("h2c with a request behind it", get(b"/greet/a", b"Connection: upgrade", b"Upgrade: h2c") + get(b"/greet/b"), "200 200 keep"),
    ("h2c with a body", post(b"Connection: upgrade, http2-settings", b"Upgrade: h2c", b"HTTP2-Settings: AAMAAABkAAQAAP__"), "200 keep"),
    ("a websocket where there is none", get(b"/greet/a", b"Connection: upgrade", b"Upgrade: websocket", b"Sec-WebSocket-Version: 13", b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA=="), "200 keep"),
    ("an upgrade that connection does not name", get(b"/greet/a", b"Upgrade: websocket"), "200 keep"),
    ("close of another case", get(b"/greet/a", b"cOnNeCtIoN: cLoSe"), "200 close"),
]
# RFC 9110 4.2.3; 3986 2.1, 5.2.4: paths
PATHS = [
    ("half an escape", get(b"/greet/%4"), "400 keep"),
    ("an escape of no digits", get(b"/greet/%zz"), "400 keep"),
    ("an escaped NUL", get(b"/greet/a%00"), "400 keep"),
    ("a backslash", get(b"/greet\\a"), "400 keep"),
    ("dots", get(b"/greet/../greet/a"), "400 keep"),
    ("escaped dots", get(b"/greet/%2e%2E/greet/a"), "400 keep"),
    ("one dot", get(b"/./greet/a"), "400 keep"),
    ("dots in absolute form", get(b"http://a/../greet/a"), "400 keep"),
    ("an overlong slash is no text", get(b"/greet/%c0%af"), "400 keep"),
    ("an escaped slash stays in its segment", get(b"/greet/a%2fb"), "200 keep"),
    ("an escaped slash finds no other route", get(b"/greet%2fa"), "404 keep"),
    ("two slashes", get(b"//greet/a"), "404 keep"),
    ("a path parameter is part of the segment", get(b"/greet/a;b=c"), "200 keep"),
    ("an escaped line end stays text", get(b"/greet/a%0d%0aX-A:%20b"), "200 keep"),
    ("a served file", get(b"/static/page.txt"), "200 keep"),
    ("a served folder's way out", get(b"/static/../page.txt"), "400 keep"),
    ("a served folder's way out, escaped", get(b"/static/%2e%2e/page.txt"), "400 keep"),
    ("a served folder's way out, escaped whole", get(b"/static/..%2fpage.txt"), "404 keep"),
    ("a served folder's way out, escaped twice", get(b"/static/%252e%252e/page.txt"), "404 keep"),
    ("a served folder's way out by a backslash", get(b"/static/..%5cpage.txt"), "404 keep"),
    ("a served file of another case", get(b"/static/PAGE.TXT"), "404 keep"),
    ("a served file and a slash", get(b"/static/page.txt/"), "404 keep"),
    ("a served file and a NUL", get(b"/static/page.txt%00.html"), "400 keep"),
    ("a file of the machine", get(b"/static//etc/passwd"), "404 keep"),
    ("a served file is not written", get(b"/static/page.txt", b"Content-Length: 1", method=b"PUT") + b"x", "405 keep"),
]


class Smuggling(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.service = cls.enterClassContext(Service(BINARY, **SETTINGS))

    def check_all(self, rows):
        for name, request, expected in rows:
            with self.subTest(name), self.service.connect() as connection:
                check(self, connection, request, expected)

    def test_request_lines(self):
        self.check_all(REQUEST_LINES)

    def test_field_lines(self):
        self.check_all(FIELD_LINES)

    def test_hosts(self):
        self.check_all(HOSTS)

    def test_framing(self):
        self.check_all(FRAMING)

    def test_chunks(self):
        self.check_all(CHUNKS)

    def test_limits(self):
        self.check_all(LIMITS)

    def test_other_protocols(self):
        self.check_all(OTHER_PROTOCOLS)

    def test_expectations(self):
        self.check_all(EXPECTATIONS)

    def test_paths(self):
        self.check_all(PATHS)


if __name__ == "__main__":
    unittest.main()
