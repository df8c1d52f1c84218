"""HTTPS met by curl, openssl and Python's ssl, with certificates made on the spot. Usage: tls.py WIRE_SERVICE [unittest arguments]"""
import json
import pathlib
import socket
import ssl
import subprocess
import sys
import tempfile
import unittest

from running_service import Service

BINARY = sys.argv.pop(1)
FOLDER = tempfile.TemporaryDirectory()
HERE = pathlib.Path(FOLDER.name)


def openssl(*arguments):
    subprocess.run(["openssl", *arguments], check=True, capture_output=True, cwd=HERE, timeout=60)


def make_certificates():
    for name in ("authority", "stranger"):
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", f"/CN={name}",
                "-keyout", f"{name}.key", "-out", f"{name}.pem")
    for name, names in (("server", "DNS:localhost,IP:127.0.0.1"), ("other", "DNS:other.test")):
        openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={name}", "-addext", f"subjectAltName={names}",
                "-keyout", f"{name}.key", "-out", f"{name}.csr")
        openssl("x509", "-req", "-in", f"{name}.csr", "-CA", "authority.pem", "-CAkey", "authority.key", "-CAcreateserial", "-days", "2",
                "-copy_extensions", "copy", "-out", f"{name}.pem")
    (HERE / "nonsense.pem").write_text("-----BEGIN CERTIFICATE-----\nnonsense\n-----END CERTIFICATE-----\n")


def trusting(**more):
    context = ssl.create_default_context(cafile=HERE / "authority.pem")
    for name, value in more.items():
        setattr(context, name, value)
    return context


def tls_settings(certificate="server", key="server"):
    return {"http.tls_certificate": HERE / f"{certificate}.pem", "http.tls_key": HERE / f"{key}.key"}


def request(target, *headers, method="GET", body=b""):
    lines = [f"{method} {target} HTTP/1.1", "Host: localhost", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


class Https(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.service = cls.enterClassContext(Service(BINARY, **tls_settings(), **{"http.body_bytes_max": 4_000_000, "http.header_timeout": "1s"}))

    def connect(self, context=None, name="localhost"):
        return (context or trusting()).wrap_socket(self.service.connect(), server_hostname=name, suppress_ragged_eofs=False)

    def curl(self, *arguments, path="/greet/a", authority="authority.pem"):
        return subprocess.run(["curl", "-sS", "--cacert", HERE / authority, *arguments, f"https://localhost:{self.service.port}{path}"], capture_output=True, text=True,
                              timeout=30)

    def to_the_end(self, connection, at_once=65536):
        got = b""
        while piece := connection.recv(at_once):  # an end without close_notify would raise
            got += piece
        return got

    def test_curl_speaks_1_2_and_1_3(self):
        for version in ("1.2", "1.3"):
            with self.subTest(version):
                done = self.curl(f"--tlsv{version}", "--tls-max", version, "-w", "%{http_version}")
                self.assertEqual((done.returncode, done.stdout), (0, '{"text":"Hello, a"}1.1'), done.stderr)

    def test_curl_reuses_a_connection(self):
        url = f"https://localhost:{self.service.port}/greet/a"
        done = self.curl("-w", "%{num_connects}", url)
        self.assertEqual(done.stdout, '{"text":"Hello, a"}1{"text":"Hello, a"}0', done.stderr)

    def test_1_1_is_refused(self):
        done = self.curl("--tlsv1.0", "--tls-max", "1.1", "--ciphers", "DEFAULT@SECLEVEL=0")
        self.assertEqual(done.returncode, 35)
        self.assertIn("protocol version", done.stderr)

    def test_1_2_without_forward_secrecy_is_refused(self):
        done = self.curl("--tls-max", "1.2", "--ciphers", "AES128-GCM-SHA256")
        self.assertEqual(done.returncode, 35)
        self.assertIn("handshake failure", done.stderr)

    def test_the_application_protocol_is_http_1_1(self):
        context = trusting()
        context.set_alpn_protocols(["h2", "http/1.1"])
        with self.connect(context) as connection:
            self.assertEqual(connection.selected_alpn_protocol(), "http/1.1")

    def test_a_stranger_is_not_trusted(self):
        self.assertEqual(self.curl(authority="stranger.pem").returncode, 60)

    def test_a_megabyte_goes_both_ways(self):
        text = "x" * 1_000_000
        for maximum in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            with self.subTest(maximum), self.connect(trusting(maximum_version=maximum)) as connection:
                body = json.dumps({"text": text}).encode()
                connection.sendall(request("/echo", "Content-Type: application/json", "Connection: close", method="POST", body=body))
                head, reply = self.to_the_end(connection).split(b"\r\n\r\n", 1)
                self.assertEqual(json.loads(reply)["text"], text)

    def test_an_upload_that_is_streamed(self):
        with self.connect() as connection:
            connection.sendall(request("/upload", "Connection: close", method="POST", body=b"u" * 5_000_000))
            self.assertIn(b'{"bytes":5000000}', self.to_the_end(connection))

    def test_a_slow_reader_gets_all_of_it_and_the_end(self):
        plain = socket.socket()
        plain.settimeout(20)
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        plain.connect(("127.0.0.1", self.service.port))
        with trusting().wrap_socket(plain, server_hostname="localhost", suppress_ragged_eofs=False) as connection:
            connection.sendall(b"GET /count/50000 HTTP/1.0\r\n\r\n")
            lines = self.to_the_end(connection, 1500).split(b"\r\n\r\n", 1)[1].splitlines()
            self.assertEqual((len(lines), lines[-1]), (50_000, b'{"number":49999}'))

    def test_pipelined_requests(self):
        with self.connect() as connection:
            connection.sendall(request("/greet/a") * 20 + request("/greet/b", "Connection: close"))
            self.assertEqual(self.to_the_end(connection).count(b"HTTP/1.1 200 OK"), 21)

    def test_who_speaks_plain_http_is_told(self):
        with self.service.connect() as connection:
            connection.sendall(request("/greet/a"))
            answer = self.to_the_end(connection)
            self.assertTrue(answer.startswith(b"HTTP/1.1 400 "), answer)
            self.assertTrue(answer.endswith(b"this port speaks https, not plain http\n"), answer)

    def test_who_speaks_nonsense_is_sent_away(self):
        for nonsense in (b"\x00" * 100, b"SSH-2.0-x\r\n", b"\x16\x03\x01\xff\xff"):
            with self.subTest(nonsense), self.service.connect() as connection:
                connection.sendall(nonsense)
                connection.shutdown(socket.SHUT_WR)
                try:
                    self.to_the_end(connection)
                except ConnectionResetError:
                    pass

    def test_who_says_nothing_is_sent_away(self):
        with self.service.connect() as connection:
            self.assertEqual(self.to_the_end(connection), b"")

    def test_who_leaves_within_the_handshake_harms_nobody(self):
        for _ in range(20):
            with self.service.connect() as connection:
                connection.sendall(b"\x16\x03\x01\x00\xa5\x01")
        self.assertEqual(self.curl().returncode, 0)


class Settings(unittest.TestCase):
    def refused(self, settings):
        flags = {"http.listen": "127.0.0.1:0", "admin.listen": "off", **settings}
        done = subprocess.run([BINARY] + [f"--tutti.{key}={value}" for key, value in flags.items()], capture_output=True, text=True, timeout=30)
        self.assertEqual(done.returncode, 78, done.stderr)
        return done.stderr

    def test_files_that_are_wrong_are_named(self):
        for settings, words in (
            (tls_settings("missing"), f'"{HERE}/missing.pem" does not exist'),
            (tls_settings(key="missing"), f'"{HERE}/missing.key" does not exist'),
            (tls_settings("nonsense"), f'"{HERE}/nonsense.pem" is no certificate in PEM format'),
            ({**tls_settings(), "http.tls_key": HERE / "nonsense.pem"}, f'"{HERE}/nonsense.pem" is no private key in PEM format'),
            (tls_settings(key="other"), f'"{HERE}/server.pem"'),
        ):
            with self.subTest(words):
                self.assertIn(words, self.refused(settings))

    def test_one_without_the_other_is_refused(self):
        for given in ("http.tls_certificate", "http.tls_key"):
            with self.subTest(given):
                said = self.refused({given: tls_settings()[given]})
                self.assertIn("tutti.http.tls_certificate", said)
                self.assertIn("tutti.http.tls_key", said)


if __name__ == "__main__":
    with FOLDER:
        make_certificates()
        unittest.main()
