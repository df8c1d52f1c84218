"""Conditional requests, ranges, gzip and the headers for browsers, by curl and by hand. Usage: http_content.py WIRE_SERVICE [unittest arguments]"""
import email
import gzip
import http.client
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

from running_service import Service

BINARY = sys.argv.pop(1)
WHOLE = bytes(ord("a") + i % 26 for i in range(10_000))
PUBLISHED = "Sun, 01 Jan 1995 00:00:00 GMT"


class Asking(unittest.TestCase):
    SETTINGS = {}

    @classmethod
    def setUpClass(cls):
        cls.service = cls.enterClassContext(Service(BINARY, **cls.SETTINGS))

    def ask(self, path, method="GET", **fields):
        connection = http.client.HTTPConnection("127.0.0.1", self.service.port, timeout=10)
        connection.request(method, path, headers={name.replace("_", "-"): value for name, value in fields.items()})
        answer = connection.getresponse()
        answer.content = answer.read()
        connection.close()
        return answer

    def curl(self, *arguments, path):
        return subprocess.run(["curl", "-sS", *arguments, f"http://127.0.0.1:{self.service.port}{path}"], capture_output=True, timeout=30, check=True).stdout


class Conditions(Asking):
    def test_who_has_it_is_told_so(self):
        for fields in ({"If-None-Match": '"v1"'}, {"If-None-Match": 'W/"v1"'}, {"If-None-Match": '"v0", "v1"'}, {"If-None-Match": "*"}, {"If-Modified-Since": PUBLISHED}):
            for method in ("GET", "HEAD"):
                with self.subTest(fields, method=method):
                    answer = self.ask("/document/10000", method, **fields)
                    self.assertEqual((answer.status, answer.content), (304, b""))
                    self.assertEqual((answer.headers["etag"], answer.headers["cache-control"]), ('"v1"', "max-age=60"))

    def test_who_has_another_one_gets_it(self):
        for fields in ({"If-None-Match": '"v2"'}, {"If-Modified-Since": "Sat, 31 Dec 1994 23:59:59 GMT"}, {"If-Modified-Since": "soon"},
                       {"If-None-Match": '"v2"', "If-Modified-Since": PUBLISHED}, {"If-Match": '"v1"'}):
            with self.subTest(fields):
                answer = self.ask("/document/10000", **fields)
                self.assertEqual((answer.status, answer.content), (200, WHOLE))
                self.assertEqual((answer.headers["last-modified"], answer.headers["accept-ranges"]), (PUBLISHED, "bytes"))

    def test_a_condition_that_fails(self):
        for fields in ({"If-Match": '"v2"'}, {"If-Match": 'W/"v1"'}, {"If-Unmodified-Since": "Sat, 31 Dec 1994 23:59:59 GMT"}):
            with self.subTest(fields):
                self.assertEqual(self.ask("/document/10000", **fields).status, 412)

    def test_curl_keeps_the_tag(self):
        with tempfile.TemporaryDirectory() as folder:
            tag = f"{folder}/tag"
            self.curl("--etag-save", tag, "-o", f"{folder}/page", path="/static/page.txt")
            self.assertEqual(self.curl("--etag-compare", tag, "-w", "%{http_code}", path="/static/page.txt"), b"304")


class Ranges(Asking):
    def test_one_range(self):
        for asked, told, content in (("bytes=0-499", "bytes 0-499/10000", WHOLE[:500]), ("bytes=-500", "bytes 9500-9999/10000", WHOLE[-500:]),
                                     ("bytes=9990-", "bytes 9990-9999/10000", WHOLE[9990:]), ("bytes=0-99999", "bytes 0-9999/10000", WHOLE)):
            with self.subTest(asked):
                answer = self.ask("/document/10000", Range=asked)
                self.assertEqual((answer.status, answer.headers["content-range"], answer.content), (206, told, content))
                self.assertEqual(answer.headers["content-length"], str(len(content)))

    def test_several_ranges(self):
        answer = self.ask("/document/10000", Range="bytes=0-9, 26-30,-3")
        self.assertEqual(answer.status, 206)
        parts = email.message_from_bytes(b"content-type: " + answer.headers["content-type"].encode() + b"\r\n\r\n" + answer.content).get_payload()
        self.assertEqual([(part["content-range"], part["content-type"], part.get_payload().encode()) for part in parts],
                         [("bytes 0-9/10000", "text/plain", WHOLE[:10]), ("bytes 26-30/10000", "text/plain", WHOLE[26:31]), ("bytes 9997-9999/10000", "text/plain", WHOLE[-3:])])

    def test_behind_the_end(self):
        answer = self.ask("/document/10000", Range="bytes=10000-")
        self.assertEqual((answer.status, answer.headers["content-range"]), (416, "bytes */10000"))

    def test_what_is_no_range_gets_everything(self):
        for asked in ("bytes=5-4", "pages=1-2", "bytes=0-,0-", "bytes=" + ",".join(f"{i}-{i}" for i in range(17)), "nonsense"):
            with self.subTest(asked):
                self.assertEqual(self.ask("/document/10000", Range=asked).status, 200)
        self.assertEqual(self.ask("/document/10000", "HEAD", Range="bytes=0-1").status, 200)

    def test_if_range(self):
        for validator, status in (('"v1"', 206), (PUBLISHED, 206), ('"v2"', 200), ('W/"v1"', 200), ("Sun, 01 Jan 1995 00:00:01 GMT", 200)):
            with self.subTest(validator):
                self.assertEqual(self.ask("/document/10000", Range="bytes=0-9", If_Range=validator).status, status)

    def test_an_embedded_file(self):
        answer = self.ask("/static/page.txt", Range="bytes=2-4")
        self.assertEqual((answer.status, answer.content), (206, b"234"))


class Files(Asking):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        folder = pathlib.Path(cls.service.folder.name)
        (folder / "files" / "below").mkdir(parents=True)
        cls.long = bytes(i * 31 % 251 for i in range(3_000_000))
        (folder / "files" / "long").write_bytes(cls.long)
        (folder / "files" / "empty").write_bytes(b"")
        (folder / "files" / "below" / "short").write_bytes(b"short")
        (folder / "files" / ".hidden").write_bytes(b"hidden")
        (folder / "secret").write_bytes(b"secret\n")
        os.mkfifo(folder / "files" / "fifo")
        for name, target in {"inside": "below/short", "below/up": "../empty", "out": "../secret", "absolute": "/etc/passwd", "folder-out": "..",
                             "proc": "/proc/self/cwd/secret", "again": "out", "dangling": "nowhere"}.items():
            (folder / "files" / name).symlink_to(target)

    def test_whole_files(self):
        for name, content in (("long", self.long), ("empty", b""), ("below/short", b"short")):
            with self.subTest(name):
                answer = self.ask(f"/files/{name}")
                self.assertEqual((answer.status, answer.content == content, answer.headers["content-length"]), (200, True, str(len(content))))

    def test_curl_goes_on_with_a_download(self):
        with tempfile.TemporaryDirectory() as folder:
            begun = pathlib.Path(folder) / "begun"
            begun.write_bytes(self.long[:1_000_003])
            self.curl("-C", "-", "-o", str(begun), path="/files/long")
            self.assertEqual(begun.read_bytes(), self.long)

    def test_a_file_that_has_changed_has_another_tag(self):
        path = pathlib.Path(self.service.folder.name) / "files" / "changing"
        path.write_bytes(b"one")
        tag = self.ask("/files/changing").headers["etag"]
        self.assertEqual(self.ask("/files/changing", If_None_Match=tag).status, 304)
        path.write_bytes(b"other")
        answer = self.ask("/files/changing", If_None_Match=tag)
        self.assertEqual((answer.status, answer.content), (200, b"other"))

    def test_head_of_a_file(self):
        answer = self.ask("/files/long", "HEAD")
        self.assertEqual((answer.status, answer.headers["content-length"], answer.content), (200, "3000000", b""))

    def test_nothing_else_is_served(self):
        for path in ("/files/missing", "/files/below", "/files/.hidden", "/files/..%2fsecret", "/files/below%2f..%2f..%2fsecret", "/files/%2e%2e/secret",
                     "/files/..%5csecret", "/files//etc/passwd", "/files/%2fetc%2fpasswd", "/files/below/", "/files/below//short", "/files/short%00"):
            with self.subTest(path):
                answer = self.ask(path)
                self.assertIn(answer.status, (400, 404))
                self.assertNotIn(b"secret\n", answer.content)


    def test_links_are_followed_as_long_as_they_stay_below(self):
        self.assertEqual([self.ask("/files/inside").content, self.ask("/files/below/up").content], [b"short", b""])
        for name in ("out", "absolute", "folder-out/secret", "proc", "again", "dangling", "fifo", "folder-out"):
            with self.subTest(name):
                answer = self.ask(f"/files/{name}")
                self.assertEqual(answer.status, 404)
                self.assertNotIn(b"secret\n", answer.content)


class Compression(Asking):
    SETTINGS = {"http.compression": "true", "http.compressed_bytes_min": 100, "http.compressed_bytes_max": 2_000_000, "http.body_bytes_max": 4_000_000}

    def echoed(self, bytes, **fields):
        connection = http.client.HTTPConnection("127.0.0.1", self.service.port, timeout=10)
        body = b'{"text":"%s","number":1}' % (b"x" * bytes)
        connection.request("POST", "/echo", body=body, headers={"Content-Type": "application/json", **{name.replace("_", "-"): value for name, value in fields.items()}})
        answer = connection.getresponse()
        answer.content = answer.read()
        connection.close()
        return answer, body

    def test_json_by_length_and_by_what_the_client_takes(self):
        for bytes, accept, coded in ((1000, "gzip", True), (1000, "br, gzip;q=0.5", True), (1000, "*", True), (100_000, "gzip", True), (10, "gzip", False),
                                     (2_500_000, "gzip", False), (1000, "br", False), (1000, "gzip;q=0", False), (1000, "identity, gzip;q=0.5", False), (1000, "", False)):
            with self.subTest((bytes, accept)):
                answer, body = self.echoed(bytes, Accept_Encoding=accept)
                self.assertEqual(answer.headers.get("content-encoding"), "gzip" if coded else None)
                self.assertEqual(gzip.decompress(answer.content) if coded else answer.content, body)
                self.assertEqual(answer.headers.get("vary"), "accept-encoding" if 100 <= len(body) <= 2_000_000 else None)

    def test_curl_decodes_it(self):
        self.assertEqual(self.curl("--compressed", path="/document/10000"), WHOLE)
        self.assertEqual(self.curl("--compressed", path="/document/10000"), WHOLE)

    def test_the_tag_of_a_coded_answer_is_weak_and_is_known_again(self):
        answer = self.ask("/document/10000", Accept_Encoding="gzip")
        self.assertEqual((answer.headers["content-encoding"], answer.headers["etag"], answer.headers["vary"]), ("gzip", 'W/"v1"', "accept-encoding"))
        again = self.ask("/document/10000", Accept_Encoding="gzip", If_None_Match=answer.headers["etag"])
        self.assertEqual((again.status, again.headers["etag"], again.headers["vary"]), (304, 'W/"v1"', "accept-encoding"))

    def test_a_range_is_of_the_plain_bytes(self):
        answer = self.ask("/document/10000", Accept_Encoding="gzip", Range="bytes=0-9")
        self.assertEqual((answer.status, answer.headers.get("content-encoding"), answer.headers["etag"], answer.content), (206, None, '"v1"', WHOLE[:10]))

    def test_head_tells_what_get_would(self):
        fields = ("content-encoding", "etag", "vary", "content-length")
        get, head = (self.ask("/document/10000", method, Accept_Encoding="gzip") for method in ("GET", "HEAD"))
        self.assertEqual([head.headers[name] for name in fields], [get.headers[name] for name in fields])

    def test_streams_and_who_wants_none_stay_as_they_are(self):
        for path in ("/count/1000", "/plain", "/static/page.txt"):
            with self.subTest(path):
                answer = self.ask(path, Accept_Encoding="gzip")
                self.assertEqual((answer.headers.get("content-encoding"), answer.headers.get("vary")), (None, None))


class ForBrowsers(Asking):
    def test_no_answer_is_to_be_guessed_at(self):
        for path in ("/greet/a", "/static/page.txt", "/document/10", "/nothing", "/count/1"):
            with self.subTest(path):
                self.assertEqual(self.ask(path).headers.get_all("x-content-type-options"), ["nosniff"])

    def test_refusals_before_a_handler_are_not_to_be_guessed_at_either(self):
        for request in (b"nonsense\r\n\r\n", b"GET /greet/a HTTP/1.1\r\nHost: a\r\nx: " + b"y" * 40000 + b"\r\n\r\n", b"GET /" + b"y" * 10000 + b" HTTP/1.1\r\n\r\n"):
            with self.subTest(request[:20]), self.service.connect() as connection:
                connection.sendall(request)
                answer = connection.makefile("rb").read().lower()
                self.assertRegex(answer, rb"^http/1.1 4\d\d ")
                self.assertEqual(answer.count(b"x-content-type-options: nosniff\r\n"), 1)

    def test_a_handler_s_own_word_counts(self):
        self.assertEqual(self.ask("/plain").headers.get_all("x-content-type-options"), ["as-you-like"])

    def test_pages_are_not_framed_by_others(self):
        self.assertEqual(self.ask("/static/page.html").headers["content-security-policy"], "frame-ancestors 'self'; object-src 'none'; base-uri 'self'")
        self.assertIsNone(self.ask("/static/page.txt").headers["content-security-policy"])

    def test_without_compression_nothing_varies(self):
        answer = self.ask("/document/10000", Accept_Encoding="gzip")
        self.assertEqual((answer.headers.get("vary"), answer.headers.get("content-encoding"), answer.content), (None, None, WHOLE))


if __name__ == "__main__":
    unittest.main()
