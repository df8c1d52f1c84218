// The channel of websocket_service through Node's `ws`: messages, compression, fragments, pings, closes.
// Usage: node websocket_peer.cjs ws://127.0.0.1:PORT/live
const assert = require("node:assert");
const WebSocket = require("ws");

const url = process.argv[2];

// A connection whose messages are awaited one after the other.
function connect(options) {
  const socket = new WebSocket(url, options);
  const came = [];
  const awaited = [];
  const give = (what) => (awaited.length ? awaited.shift()(what) : came.push(what));
  socket.on("message", (data, binary) => give(binary ? "binary" : JSON.parse(data)));
  socket.on("close", (code, reason) => give({ code, reason: reason.toString() }));
  socket.on("error", (error) => give({ error: error.message }));
  socket.on("pong", (data) => give({ pong: data.toString() }));
  return { socket, next: () => (came.length ? Promise.resolve(came.shift()) : new Promise((done) => awaited.push(done))), say: (message) => socket.send(JSON.stringify(message)) };
}

async function messages(options, extension) {
  const peer = connect(options);
  assert.equal((await peer.next()).type, "Welcome");
  assert.equal(peer.socket.extensions, extension);
  for (const text of ["", "a", "\u20ac \u{1f600}", "x".repeat(50000)]) {
    peer.say({ type: "Say", text });
    assert.deepEqual(await peer.next(), { type: "Said", text });
  }
  for (let i = 0; i < 500; ++i) peer.say({ type: "Say", text: String(i).repeat(100) });
  for (let i = 0; i < 500; ++i) assert.equal((await peer.next()).text, String(i).repeat(100));
  const text = JSON.stringify({ type: "Say", text: "in pieces ".repeat(100) });
  peer.socket.send(text.slice(0, 300), { fin: false });
  peer.socket.ping("here?");
  peer.socket.send(text.slice(300, 301), { fin: false });
  peer.socket.send(text.slice(301), { fin: true });
  assert.deepEqual(await peer.next(), { pong: "here?" });
  assert.equal((await peer.next()).text.length, 1000);
  peer.socket.close(4000, "enough");
  assert.deepEqual(await peer.next(), { code: 4000, reason: "enough" });
}

async function closes() {
  for (const [message, code, reason] of [
    [{ type: "Leave", code: 4321, reason: "so be it" }, 4321, "so be it"],
    [{ type: "Fail" }, 1008, "not for you"],
    [{ type: "Nothing" }, 1008, null],
  ]) {
    const peer = connect({});
    await peer.next();
    peer.say(message);
    const closed = await peer.next();
    assert.equal(closed.code, code);
    if (reason !== null) assert.equal(closed.reason, reason);
  }
  const peer = connect({});
  await peer.next();
  peer.socket.send(Buffer.from("x"));
  assert.equal((await peer.next()).code, 1003);
}

async function topics() {
  const peers = [connect({}), connect({ perMessageDeflate: false }), connect({})];
  for (const peer of peers) await peer.next();
  for (const peer of peers.slice(0, 2)) {
    peer.say({ type: "Subscribe", topic: "t" });
    await peer.next();
  }
  peers[2].say({ type: "Publish", topic: "t", text: "y".repeat(2000) });
  for (const peer of peers.slice(0, 2)) assert.deepEqual(await peer.next(), { type: "Published", topic: "t", text: "y".repeat(2000) });
  for (const peer of peers) peer.socket.close();
}

(async () => {
  await messages({ perMessageDeflate: false }, "");
  await messages({}, "permessage-deflate");
  await messages({ perMessageDeflate: { serverMaxWindowBits: 10, clientMaxWindowBits: 10, threshold: 0 } }, "permessage-deflate");
  await messages({ perMessageDeflate: { serverNoContextTakeover: true, clientNoContextTakeover: true, threshold: 0 } }, "permessage-deflate");
  await closes();
  await topics();
  const refused = connect({ origin: "https://evil.example" });
  assert.match((await refused.next()).error, /403/);
})();
