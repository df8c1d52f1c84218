"""HTTPS met by curl, openssl and Python's ssl, with certificates made on the spot. Usage: tls.py WIRE_SERVICE [unittest arguments]"""
import json
import pathlib
import socket
import ssl
import subprocess
import sys
import tempfile
import time
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
    for name, authority in (("client", "authority"), ("unknown", "authority"), ("intruder", "stranger")):
        openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/O=test/CN={name}", "-keyout", f"{name}.key", "-out", f"{name}.csr")
        openssl("x509", "-req", "-in", f"{name}.csr", "-CA", f"{authority}.pem", "-CAkey", f"{authority}.key", "-CAcreateserial", "-days", "2", "-out", f"{name}.pem")
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


class WhatAScannerLooksFor(unittest.TestCase):
    """What testssl.sh asks a server, asked by openssl s_client; each row: its arguments, what it must say."""
    REFUSED = [
        ("ssl 3 and tls 1.0 (RFC 8996)", ["-tls1", "-cipher", "ALL:@SECLEVEL=0"], "alert protocol version"),
        ("tls 1.1 (RFC 8996)", ["-tls1_1", "-cipher", "ALL:@SECLEVEL=0"], "alert protocol version"),
        ("no encryption", ["-tls1_2", "-cipher", "NULL:@SECLEVEL=0"], "alert handshake failure"),
        ("no authentication", ["-tls1_2", "-cipher", "aNULL:@SECLEVEL=0"], "alert handshake failure"),
        ("no forward secrecy", ["-tls1_2", "-cipher", "kRSA"], "alert handshake failure"),
        ("finite-field key exchange", ["-tls1_2", "-cipher", "kDHE"], "alert handshake failure"),
        ("CBC (Lucky 13)", ["-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-SHA256:ECDHE-ECDSA-AES256-SHA384:ECDHE-ECDSA-AES128-SHA"], "alert handshake failure"),
        ("CCM with a short tag", ["-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-CCM8"], "alert handshake failure"),
        ("Camellia and ARIA", ["-tls1_2", "-cipher", "CAMELLIA:ARIA"], "alert handshake failure"),
        ("a pre-shared key", ["-tls1_2", "-cipher", "PSK", "-psk", "abcd"], "alert handshake failure"),
        ("a group that nobody shares", ["-tls1_2", "-groups", "brainpoolP256r1"], "alert handshake failure"),
        ("a signature with SHA-1", ["-tls1_2", "-sigalgs", "ECDSA+SHA1", "-cipher", "ALL:@SECLEVEL=0"], "alert"),
    ]
    ACCEPTED = [
        ("tls 1.3", ["-tls1_3"], "TLSv1.3"),
        ("AES-GCM with 1.2", ["-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-GCM-SHA256"], "ECDHE-ECDSA-AES128-GCM-SHA256"),
        ("ChaCha20 with 1.2", ["-tls1_2", "-cipher", "ECDHE-ECDSA-CHACHA20-POLY1305"], "ECDHE-ECDSA-CHACHA20-POLY1305"),
        ("X25519", ["-groups", "X25519"], "X25519"),
        ("P-256", ["-groups", "P-256"], "prime256v1"),
        ("no compression (CRIME)", ["-tls1_2", "-comp"], "Compression: NONE"),
        ("secure renegotiation is known (RFC 5746)", ["-tls1_2"], "Secure Renegotiation IS supported"),
        ("the extended master secret (RFC 7627)", ["-tls1_2"], "Extended master secret: yes"),
    ]

    @classmethod
    def setUpClass(cls):
        cls.service = cls.enterClassContext(Service(BINARY, **tls_settings()))

    def ask(self, *arguments, say=b"Q\n"):
        done = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{self.service.port}", "-servername", "localhost", *arguments], input=say, capture_output=True, timeout=30)
        return (done.stdout + done.stderr).decode(errors="replace")

    def test_what_is_refused(self):
        for name, arguments, word in self.REFUSED:
            with self.subTest(name):
                said = self.ask(*arguments)
                self.assertIn(word, said)
                self.assertIn("Cipher is (NONE)", said)

    def test_what_is_accepted(self):
        for name, arguments, word in self.ACCEPTED:
            with self.subTest(name):
                self.assertIn(word, self.ask(*arguments))

    def test_no_renegotiation(self):
        said = self.ask("-tls1_2", say=b"R\n")
        self.assertIn("RENEGOTIATING", said)
        self.assertIn("no renegotiation", said)

    def test_a_heartbeat_is_not_answered(self):  # CVE-2014-0160
        with self.service.connect() as connection:
            connection.sendall(b"\x18\x03\x02\x00\x03\x01\x40\x00")
            try:
                self.assertNotIn(b"\x18\x03", connection.recv(100))
            except ConnectionResetError:
                pass


class ClientCertificates(unittest.TestCase):
    def curl(self, service, *arguments, path="/who/a"):
        done = subprocess.run(["curl", "-sS", "--cacert", HERE / "authority.pem", *arguments, f"https://localhost:{service.port}{path}"], capture_output=True, text=True, timeout=30)
        return done.returncode, done.stdout

    def shown(self, name):
        return "--cert", HERE / f"{name}.pem", "--key", HERE / f"{name}.key"

    def test_required(self):
        with Service(BINARY, settings={"wire.certificate": "client"}, **tls_settings(), **{"http.tls_client_ca": HERE / "authority.pem"}) as service:
            for version in ("1.2", "1.3"):
                with self.subTest(version):
                    self.assertEqual(self.curl(service, *self.shown("client"), "--tls-max", version), (0, '{"name":"by-certificate","permissions":["wire:read"]}'))
                    self.assertEqual(self.curl(service, *self.shown("client"), "--tls-max", version, path="/guarded/a"), (0, '{"text":"Hello, a"}'))
                    self.assertIn('"status":401', self.curl(service, *self.shown("unknown"), "--tls-max", version)[1])
                    for arguments in ((), self.shown("intruder")):
                        code, said = self.curl(service, *arguments, "--tls-max", version)
                        self.assertNotEqual(code, 0)
                        self.assertEqual(said, "")

    def test_optional(self):
        with Service(BINARY, settings={"wire.certificate": "client"}, **tls_settings(),
                     **{"http.tls_client_ca": HERE / "authority.pem", "http.tls_client_certificates": "optional"}) as service:
            self.assertIn('"name":"by-certificate"', self.curl(service, *self.shown("client"))[1])
            self.assertEqual(self.curl(service), (0, '{"name":"anonymous","permissions":[]}'))
            self.assertIn('"status":401', self.curl(service, path="/guarded/a")[1])
            self.assertNotEqual(self.curl(service, *self.shown("intruder"))[0], 0)

    def test_a_resumed_session_is_still_of_its_client(self):
        with Service(BINARY, settings={"wire.certificate": "client"}, **tls_settings(), **{"http.tls_client_ca": HERE / "authority.pem"}) as service:
            context = trusting(maximum_version=ssl.TLSVersion.TLSv1_2)
            context.load_cert_chain(HERE / "client.pem", HERE / "client.key")
            session = None
            for resumed in (False, True):
                with context.wrap_socket(service.connect(), server_hostname="localhost", session=session) as connection:
                    connection.sendall(request("/who/a", "Connection: close"))
                    said = b""
                    while piece := connection.recv(65536):
                        said += piece
                    session = connection.session
                    self.assertEqual((connection.session_reused, b"by-certificate" in said), (resumed, True))


class Renewal(unittest.TestCase):
    """A certificate that is replaced by rename while clients are there."""

    def test_new_connections_get_the_new_one_and_old_ones_go_on(self):
        def install(name):
            for ending in ("key", "pem"):
                beside = HERE / f"live.{ending}.next"
                beside.write_bytes((HERE / f"{name}.{ending}").read_bytes())
                beside.rename(HERE / f"live.{ending}")

        def subject(service):
            context = trusting()
            context.check_hostname = False
            with context.wrap_socket(service.connect()) as connection:
                return dict(pair[0] for pair in connection.getpeercert()["subject"])["commonName"]

        def until(done, service):
            end = time.monotonic() + 20
            while not done():
                self.assertLess(time.monotonic(), end, service.text())
                time.sleep(0.05)

        install("server")
        with Service(BINARY, **tls_settings("live", "live")) as service:
            with trusting().wrap_socket(service.connect(), server_hostname="localhost") as old:
                old.sendall(request("/greet/before"))
                self.assertIn(b"before", old.recv(65536))
                install("other")
                until(lambda: subject(service) == "other", service)
                old.sendall(request("/greet/behind"))
                self.assertIn(b"behind", old.recv(65536))
            (HERE / "live.pem").write_text("nonsense")
            until(lambda: "the TLS certificate stays as it was" in service.text(), service)
            self.assertEqual(subject(service), "other")
            install("server")
            until(lambda: subject(service) == "server", service)


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
            ({**tls_settings(), "http.tls_client_ca": HERE / "missing.pem"}, f'"{HERE}/missing.pem" holds no certificates of authorities'),
            ({"http.tls_client_ca": HERE / "authority.pem"}, "TLS needs a certificate and its key"),
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
