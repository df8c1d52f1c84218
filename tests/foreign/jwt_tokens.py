"""Tokens made by PyJWT, checked by jwt_tokens. Usage: jwt_tokens.py WIRE_SERVICE [unittest arguments]"""
import base64
import http.client
import http.server
import json
import pathlib
import sys
import tempfile
import threading
import time
import unittest

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

from running_service import Service

BINARY = sys.argv.pop(1)
FOLDER = tempfile.TemporaryDirectory()

RSA, OTHER_RSA, WEAK_RSA = (rsa.generate_private_key(65537, bits) for bits in (2048, 2048, 1024))
EC, OTHER_EC = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
ED = ed25519.Ed25519PrivateKey.generate()
SECRET = b"a secret of more than 32 bytes, which both sides know"


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def public(key, algorithm, kid, **more):
    return {**json.loads(algorithm.to_jwk(key.public_key())), "kid": kid, **more}


KEYS = [public(RSA, RSAAlgorithm, "rsa", use="sig", alg="RS256"), public(EC, ECAlgorithm, "ec"), public(ED, OKPAlgorithm, "ed"), public(WEAK_RSA, RSAAlgorithm, "weak"),
        public(OTHER_RSA, RSAAlgorithm, "encrypts", use="enc"), {"kty": "oct", "kid": "secret", "k": b64(SECRET)}, {"kty": "of-tomorrow", "kid": "x"}]


def claims(**more):
    now = int(time.time())
    made = {"iss": "https://login.test", "aud": "wire", "sub": "ada", "iat": now, "nbf": now, "exp": now + 300, "realm": {"roles": ["reader"]}, **more}
    return {name: value for name, value in made.items() if value is not None}


def token(key=RSA, algorithm="RS256", kid="rsa", **more):
    return jwt.encode(claims(**more), key, algorithm=algorithm, headers={"kid": kid} if kid else {})


def by_hand(header, payload=None, signature=b""):
    return f"{b64(json.dumps(header).encode())}.{b64(payload or json.dumps(claims()).encode())}.{b64(signature)}"


def pem(key):
    return key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


class Asking(unittest.TestCase):
    def ask(self, given, path="/who/x"):
        connection = http.client.HTTPConnection("127.0.0.1", self.service.port, timeout=20)
        connection.request("GET", path, headers={"Authorization": given} if given else {})
        answer = connection.getresponse()
        body = json.loads(answer.read())
        connection.close()
        return answer.status, body

    def refused(self, given):
        status, body = self.ask(f"Bearer {given}")
        self.assertEqual(status, 401, body)
        return body["detail"]


class OfAFile(Asking):
    @classmethod
    def setUpClass(cls):
        cls.keys = pathlib.Path(FOLDER.name) / "keys.json"
        cls.keys.write_text(json.dumps({"keys": KEYS}))
        cls.service = cls.enterClassContext(Service(BINARY, **{"http.compression": "false"}, settings={"wire.keys": cls.keys}))

    def test_each_algorithm(self):
        for key, algorithm, kid in ((RSA, "RS256", "rsa"), (EC, "ES256", "ec"), (ED, "EdDSA", "ed"), (RSA, "RS256", None), (EC, "ES256", None)):
            with self.subTest(algorithm, kid=kid):
                self.assertEqual(self.ask(f"Bearer {token(key, algorithm, kid)}"), (200, {"name": "ada", "permissions": ["wire:read"]}))

    def test_many_signatures_of_ecdsa(self):  # r and s have leading zeros and high bits by chance
        for i in range(200):
            self.assertEqual(self.ask(f"bearer {token(EC, 'ES256', 'ec', sub=f's{i}')}")[0], 200)

    def test_who_gives_nothing_is_anonymous(self):
        self.assertEqual(self.ask(None)[1]["name"], "anonymous")
        self.assertEqual(self.ask("Basic YTpi")[1]["name"], "anonymous")

    def test_permissions_are_mapped(self):
        for roles, status in ((["reader"], 200), (["guest"], 403), (["guest", "reader"], 200), (["wire:read"], 403), (["*"], 403), ("reader guest", 200), (7, 403), (None, 403)):
            with self.subTest(roles):
                self.assertEqual(self.ask(f"Bearer {token(realm={'roles': roles})}", "/guarded/a")[0], status)
        self.assertEqual(self.ask(None, "/guarded/a")[0], 401)

    def test_none_is_no_algorithm(self):
        for name in ("none", "None", "NONE", "nOnE", ""):
            with self.subTest(name):
                self.assertIn("algorithm", self.refused(by_hand({"alg": name})))
                self.assertIn("algorithm", self.refused(by_hand({"alg": name, "kid": "rsa"}, signature=b"x")))

    def test_a_public_key_is_no_secret(self):
        import hashlib
        import hmac
        for secret in (pem(RSA), pem(RSA).strip(), json.dumps(KEYS[0]).encode()):
            signed = f"{b64(json.dumps({'alg': 'HS256', 'kid': 'rsa'}).encode())}.{b64(json.dumps(claims()).encode())}"
            mac = hmac.new(secret, signed.encode(), hashlib.sha256).digest()
            self.assertIn("algorithm", self.refused(f"{signed}.{b64(mac)}"))

    def test_secrets_are_off_unless_named(self):
        self.assertIn("algorithm", self.refused(token(SECRET, "HS256", "secret")))

    def test_algorithms_that_are_not_named(self):
        for algorithm in ("RS384", "RS512", "PS256"):
            self.assertIn("algorithm", self.refused(token(RSA, algorithm)))

    def test_a_key_of_another_kind(self):
        self.assertIn("not known", self.refused(token(EC, "ES256", "rsa")))
        self.assertIn("not known", self.refused(token(RSA, "RS256", "ec")))

    def test_keys_that_are_too_short_or_for_another_use(self):
        self.assertIn("not known", self.refused(token(WEAK_RSA, "RS256", "weak")))
        self.assertIn("not known", self.refused(token(OTHER_RSA, "RS256", "encrypts")))

    def test_another_s_signature(self):
        self.assertIn("signature", self.refused(token(OTHER_RSA, "RS256", "rsa")))
        self.assertIn("signature", self.refused(token(OTHER_EC, "ES256", "ec")))
        self.assertIn("signature", self.refused(token(OTHER_RSA, "RS256", None)))

    def test_a_changed_token(self):
        header, payload, signature = token().split(".")
        other = b64(json.dumps(claims(sub="eve")).encode())
        for changed in (f"{header}.{other}.{signature}", f"{header}.{payload}.", f"{header}.{payload}.{b64(bytes(256))}", f"{header}.{payload}.{b64(base64.urlsafe_b64decode(signature + '==')[:-1])}"):
            with self.subTest(changed[-20:]):
                self.assertIn("signature", self.refused(changed))
        zeros = b64(bytes(64))  # r = s = 0, which some have taken
        self.assertIn("signature", self.refused(".".join(token(EC, "ES256", "ec").split(".")[:2]) + "." + zeros))

    def test_times(self):
        now = int(time.time())
        for more, word in (({"exp": now - 70}, "expired"), ({"exp": None}, "exp"), ({"exp": 0}, "expired"), ({"nbf": now + 120}, "nbf"), ({"iat": now + 120}, "iat")):
            with self.subTest(more):
                self.assertIn(word, self.refused(token(**more)))
        for more in ({"exp": now - 30}, {"exp": now + 300.5}, {"nbf": now + 30}, {"nbf": None, "iat": None}):
            with self.subTest(more):
                self.assertEqual(self.ask(f"Bearer {token(**more)}")[0], 200)

    def test_times_of_another_type(self):
        for name in ("exp", "nbf"):
            payload = json.dumps(claims(**{name: str(int(time.time()) + 300)})).encode()
            signed = jwt.api_jws.encode(payload, RSA, algorithm="RS256", headers={"kid": "rsa"})
            self.assertIn(name, self.refused(signed))

    def test_issuer_and_audience(self):
        for more, word in (({"iss": "https://login.test/"}, "issuer"), ({"iss": None}, "issuer"), ({"aud": "other"}, "audience"), ({"aud": None}, "audience"),
                           ({"aud": ["a", "b"]}, "audience"), ({"aud": []}, "audience")):
            with self.subTest(more):
                self.assertIn(word, self.refused(token(**more)))
        self.assertEqual(self.ask(f"Bearer {token(aud=['other', 'wire'])}")[0], 200)

    def test_who_is_needed(self):
        for sub in (None, "", "anonymous"):
            with self.subTest(sub):
                self.assertIn("sub", self.refused(token(sub=sub)))

    def test_what_is_no_token(self):
        good = token()
        header, payload, signature = good.split(".")
        twice = b64(b'{"iss":"https://login.test","sub":"a","sub":"b"}')
        for wrong in ("", "x", "a.b", "a.b.c.d", "..", good + "=", good + ".", f"{header}=.{payload}.{signature}", f"{header}.{payload}+.{signature}", f"{header}.{twice}.{signature}",
                      f"{b64(b'[]')}.{payload}.{signature}", f"{b64(b'{}')}.{payload}.{signature}", f"{header}.{b64(b'nonsense')}.{signature}", "a" * 20000,
                      by_hand({"alg": "RS256", "crit": ["exp"], "exp": 1}), by_hand({"alg": 7}), by_hand({"alg": ["RS256"]}), by_hand({"alg": "RS256", "alg ": "none"}, b"\xff\xfe")):
            with self.subTest(wrong[:60]):
                self.refused(wrong)

    def test_a_path_in_the_key_s_name_is_only_a_name(self):
        self.assertIn("not known", self.refused(token(kid="../../../../dev/null")))
        self.assertIn("not known", self.refused(jwt.encode(claims(), OTHER_RSA, algorithm="RS256", headers={"kid": "own", "jku": "http://127.0.0.1:1/keys", "jwk": KEYS[0]})))


class OfSecrets(Asking):
    @classmethod
    def setUpClass(cls):
        path = pathlib.Path(FOLDER.name) / "secrets.json"
        path.write_text(json.dumps({"keys": KEYS}))
        cls.service = cls.enterClassContext(Service(BINARY, settings={"wire.keys": path, "wire.algorithms": "HS256"}))

    def test_hs256_when_named(self):
        self.assertEqual(self.ask(f"Bearer {token(SECRET, 'HS256', 'secret')}")[0], 200)
        self.assertIn("signature", self.refused(token(SECRET + b"x", "HS256", "secret")))
        self.assertIn("algorithm", self.refused(token()))
        self.assertIn("not known", self.refused(token(SECRET, "HS256", "rsa")))


class Rotation(Asking):
    def until(self, given, status):
        end = time.monotonic() + 20
        while (answer := self.ask(f"Bearer {given}"))[0] != status:
            self.assertLess(time.monotonic(), end, answer)
            time.sleep(0.05)

    def test_a_file_that_is_replaced(self):
        path = pathlib.Path(FOLDER.name) / "rotating.json"
        old, new = public(RSA, RSAAlgorithm, "old"), public(OTHER_RSA, RSAAlgorithm, "new")

        def write(*keys, text=None):
            beside = path.with_suffix(".next")
            beside.write_text(text or json.dumps({"keys": keys}))
            beside.rename(path)

        write(old)
        with Service(BINARY, settings={"wire.keys": path}) as self.service:
            self.until(token(RSA, kid="old"), 200)
            self.assertEqual(self.ask(f"Bearer {token(OTHER_RSA, kid='new')}")[0], 401)
            write(old, new)
            self.until(token(OTHER_RSA, kid="new"), 200)
            self.assertEqual(self.ask(f"Bearer {token(RSA, kid='old')}")[0], 200)
            write(text="half a fi")  # is told, and changes nothing
            end = time.monotonic() + 20
            while "the keys of tokens stay as they were" not in self.service.text():
                self.assertEqual(self.ask(f"Bearer {token(OTHER_RSA, kid='new')}")[0], 200)
                self.assertLess(time.monotonic(), end)
            write(new)
            self.until(token(RSA, kid="old"), 401)
            self.assertEqual(self.ask(f"Bearer {token(OTHER_RSA, kid='new')}")[0], 200)

    def test_an_address(self):
        class Provider(http.server.BaseHTTPRequestHandler):
            keys, asked, status = [], 0, 200

            def do_GET(self):
                Provider.asked += 1
                body = json.dumps({"keys": Provider.keys}).encode()
                self.send_response(Provider.status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        Provider.keys = [public(RSA, RSAAlgorithm, "old")]
        Provider.status = 503
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Provider)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        with Service(BINARY, settings={"wire.keys": f"http://127.0.0.1:{server.server_port}/keys.json"}) as self.service:
            self.assertEqual(self.ask(f"Bearer {token(RSA, kid='old')}")[0], 503)  # there are no keys yet
            Provider.status = 200
            self.until(token(RSA, kid="old"), 200)
            Provider.keys = [public(OTHER_RSA, RSAAlgorithm, "new")]
            self.until(token(OTHER_RSA, kid="new"), 200)
            self.assertEqual(self.ask(f"Bearer {token(RSA, kid='old')}")[0], 401)
            asked, began = Provider.asked, time.monotonic()
            for i in range(300):  # keys that nobody has: the provider is not flooded
                self.refused(token(RSA, kid=f"unknown-{i}"))
            self.assertLessEqual(Provider.asked - asked, 1 + (time.monotonic() - began) / 2)
            Provider.status = 500  # an outage: the known keys hold on
            self.until(token(RSA, kid="more"), 401)
            self.assertEqual(self.ask(f"Bearer {token(OTHER_RSA, kid='new')}")[0], 200)
        server.shutdown()


class WrongRules(unittest.TestCase):
    def refused(self, keys, **more):
        with self.assertRaises(AssertionError) as raised:
            with Service(BINARY, settings={"wire.keys": keys, **more}):
                pass
        return str(raised.exception)

    def test_they_are_told_at_start_up(self):
        empty = pathlib.Path(FOLDER.name) / "empty.json"
        empty.write_text('{"keys":[]}')
        nonsense = pathlib.Path(FOLDER.name) / "nonsense.json"
        nonsense.write_text("-----BEGIN PUBLIC KEY-----")
        for keys, word in ((f"{FOLDER.name}/missing.json", "No such file"), (empty, "no key for RS256"), (nonsense, "no JSON object"), ("http://login.test/keys", "https://")):
            with self.subTest(word):
                self.assertIn(word, self.refused(keys))
        good = pathlib.Path(FOLDER.name) / "good.json"
        good.write_text(json.dumps({"keys": KEYS}))
        self.assertIn("none", self.refused(good, **{"wire.algorithms": "none"}))


if __name__ == "__main__":
    with FOLDER:
        unittest.main()
