"""The channel of websocket_service through WebSocket clients that are not ours: Debian's python3-websockets and
python3-websocket, Node's `ws`, and Chromium. A client that is not there is skipped.
Usage: websocket_peers_test.py WEBSOCKET_SERVICE [unittest arguments]"""
import asyncio
import json
import pathlib
import shutil
import ssl
import subprocess
import sys
import tempfile
import unittest

from running_service import Service

HERE = pathlib.Path(__file__).resolve().parent
BINARY = sys.argv.pop(1)
sys.path.insert(0, str(HERE.parent / "e2e"))
import browser  # noqa: E402


def found(module):
    try:
        return __import__(module)
    except ImportError:
        return None


websockets, websocket = found("websockets"), found("websocket")
TEXTS = ["", "a", "\u20ac \U0001f600", "x" * 50000]


class WebSocketPeers(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.service = Service(BINARY, **{"websocket.close_timeout": "500ms"}).__enter__()
        cls.url = f"ws://127.0.0.1:{cls.service.port}/live"

    @classmethod
    def tearDownClass(cls):
        cls.service.__exit__()

    @unittest.skipUnless(websockets, "python3-websockets is not installed")
    def test_python_websockets(self):
        async def talk(**options):
            async with websockets.connect(self.url, **options) as peer, websockets.connect(self.url, **options) as other:
                self.assertEqual(json.loads(await peer.recv())["type"], "Welcome")
                await other.recv()
                for text in TEXTS:
                    await peer.send(json.dumps({"type": "Say", "text": text}))
                    self.assertEqual(json.loads(await peer.recv()), {"type": "Said", "text": text})
                await peer.send(['{"type":"Say",', '"text":"in pieces"}'])  # fragments
                self.assertEqual(json.loads(await peer.recv())["text"], "in pieces")
                await asyncio.wait_for(await peer.ping("here?"), 5)
                await other.send('{"type":"Subscribe","topic":"t"}')
                await other.recv()
                await peer.send(json.dumps({"type": "Publish", "topic": "t", "text": "y" * 2000}))
                self.assertEqual(json.loads(await other.recv())["text"], "y" * 2000)
                await peer.send('{"type":"Leave","code":4001,"reason":"so be it"}')
                with self.assertRaises(websockets.exceptions.ConnectionClosed) as closed:
                    await peer.recv()
                self.assertEqual((closed.exception.code, closed.exception.reason), (4001, "so be it"))
            self.assertEqual(other.close_code, 1000)

        asyncio.run(talk())
        asyncio.run(talk(compression=None))

    @unittest.skipUnless(websockets, "python3-websockets is not installed")
    def test_python_websockets_over_tls(self):
        async def talk(url, context):
            async with websockets.connect(url, ssl=context) as peer:
                await peer.recv()
                for text in TEXTS:
                    await peer.send(json.dumps({"type": "Say", "text": text}))
                    self.assertEqual(json.loads(await peer.recv())["text"], text)
                await peer.send('{"type":"Burst","count":200,"bytes":20000}')
                for i in range(200):
                    self.assertTrue(json.loads(await peer.recv())["text"].startswith(f"{i}x"))
            self.assertEqual(peer.close_code, 1000)

        with tempfile.TemporaryDirectory() as folder:
            key, certificate = f"{folder}/key.pem", f"{folder}/certificate.pem"
            subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", "/CN=localhost",
                            "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", certificate], check=True, capture_output=True, timeout=60)
            with Service(BINARY, **{"http.tls_key": key, "http.tls_certificate": certificate, "websocket.queue_bytes_max": 10_000_000}) as service:
                asyncio.run(talk(f"wss://127.0.0.1:{service.port}/live", ssl.create_default_context(cafile=certificate)))

    @unittest.skipUnless(websocket, "python3-websocket is not installed")
    def test_python_websocket(self):
        peer = websocket.create_connection(self.url, timeout=10, suppress_origin=True)
        self.assertEqual(json.loads(peer.recv())["type"], "Welcome")
        for text in TEXTS:
            peer.send(json.dumps({"type": "Say", "text": text}))
            self.assertEqual(json.loads(peer.recv()), {"type": "Said", "text": text})
        peer.ping("here?")
        self.assertEqual(peer.recv_data(control_frame=True), (websocket.ABNF.OPCODE_PONG, b"here?"))
        peer.send_binary(b"x")
        opcode, data = peer.recv_data(control_frame=True)
        self.assertEqual((opcode, data[:2]), (websocket.ABNF.OPCODE_CLOSE, b"\x03\xeb"))
        peer.close()

    @unittest.skipUnless(shutil.which("node") and (HERE / "node_modules/ws").exists(), "node or its package ws is not installed")
    def test_node_ws(self):
        done = subprocess.run(["node", HERE / "websocket_peer.cjs", self.url], timeout=60, capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    @unittest.skipUnless(browser.PROGRAM, "chromium is not installed")
    def test_chromium(self):
        script = """new Promise((done) => {
          const socket = new WebSocket(URL_HERE);
          const said = [socket.extensions];
          const texts = ["a", "\\u20ac \\u{1f600}", "x".repeat(50000)];
          socket.onmessage = (event) => {
            const message = JSON.parse(event.data);
            if (message.type === "Welcome") said[0] = socket.extensions; else said.push(message.text === texts[said.length - 1]);
            if (said.length <= texts.length) socket.send(JSON.stringify({type: "Say", text: texts[said.length - 1]}));
            else socket.send(JSON.stringify({type: "Leave", code: 4002, reason: "gr\\u00fc\\u00df"}));
          };
          socket.onclose = (event) => done([...said, event.code, event.reason, event.wasClean]);
        })"""
        with browser.Browser() as chromium:
            # A page of the service itself, so that the origin is its own; that it is a 404 does not matter.
            page = chromium.open(f"http://127.0.0.1:{self.service.port}/")
            said = page.value(script.replace("URL_HERE", json.dumps(self.url)))
            self.assertEqual(said, ["permessage-deflate; server_no_context_takeover; client_no_context_takeover", True, True, True, 4002, "gr\u00fc\u00df", True])
            stranger = chromium.open("data:text/html,a stranger")
            refused = stranger.value(f"new Promise((done) => {{ new WebSocket({json.dumps(self.url)}).onclose = (event) => done(event.code); }})")
            self.assertEqual(refused, 1006)


if __name__ == "__main__":
    unittest.main()
