// The channel of websocket_service through Node's `ws`: messages, compression, fragments, pings, closes.
// Usage: node websocket_peer.cjs ws://127.0.0.1:PORT/live
const assert = require("node:assert");
const WebSocket = require("ws");

const url = process.argv[2];

// A connection whose messages are awaited one after the other.
function connect(options, path = "/live", protocols = []) {
  const socket = new WebSocket(url.replace("/live", path), protocols, options);
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

async function rooms() {
  const peer = connect({ headers: { cookie: "session=7; other=8" } }, "/rooms/t%65a?limit=3", ["mqtt", "chat.v1", "chat.v2"]);
  assert.deepEqual(await peer.next(), { type: "Joined", room: "tea", limit: 3, cookie: "session=7; other=8", protocol: "chat.v1" });
  assert.equal(peer.socket.protocol, "chat.v1");
  peer.say({ text: "hello " });
  assert.deepEqual(await peer.next(), { type: "Said", text: "hello tea" });
  peer.socket.close();

  const plain = connect({}, "/rooms/tea");
  assert.equal((await plain.next()).protocol, "");
  plain.socket.close();
  assert.match((await connect({}, "/rooms/tea", ["mqtt"]).next()).error, /400/);
  for (const path of ["/rooms/much-too-long", "/rooms/tea?limit=many"]) assert.match((await connect({}, path).next()).error, /400/);
}

// As a page that was written for a Nameko service.
async function nameko() {
  const peers = [connect({}, "/ws"), connect({}, "/ws")];
  const ids = [];
  for (const peer of peers) {
    const { type, event, data } = await peer.next();
    assert.deepEqual([type, event, Object.keys(data)], ["event", "connected", ["socket_id"]]);
    ids.push(data.socket_id);
  }
  assert.notEqual(ids[0], ids[1]);
  const [peer, other] = peers;
  const call = async (method, data, correlation_id) => {
    peer.say({ type: "request", method, data, correlation_id });
    const { type, ...answer } = await peer.next();
    assert.equal(type, "result");
    return answer;
  };
  assert.deepEqual(await call("say", { text: "\u20ac" }, { any: [1] }), { success: true, data: { text: "\u20ac" }, correlation_id: { any: [1] } });
  assert.deepEqual(await call("subscribe", { topic: "t" }, 1), { success: true, data: null, correlation_id: 1 });
  other.say({ method: "publish", data: { topic: "t", text: "new" }, correlation_id: "p" });
  assert.deepEqual(await peer.next(), { type: "event", event: "published", data: { topic: "t", text: "new" } });
  assert.deepEqual(await other.next(), { type: "result", success: true, data: null, correlation_id: "p" });
  const failures = [
    ["nothing", {}, "nameko.exceptions.MethodNotFound", [], ""],
    ["say", {}, "nameko.exceptions.IncorrectSignature", ["say() missing 1 required positional argument: 'text'"]],
    ["say", { text: "a", more: 1 }, "nameko.exceptions.IncorrectSignature", ["say() got an unexpected keyword argument 'more'"]],
    ["fail", null, "tutti.permission_denied", ["not for you"]],
    ["say", { text: 7 }, "tutti.invalid_argument"],
  ];
  for (const [method, data, path, args, value] of failures) {
    const { success, error, correlation_id } = await call(method, data, 2);
    assert.deepEqual([success, correlation_id, error.exc_path], [false, 2, path]);
    assert.equal(error.exc_type.length > 0, true);
    if (args) assert.deepEqual(error.exc_args, args);
    assert.equal(error.value, value ?? error.exc_args[0]);
  }
  for (const text of ["no json", "[]", '{"data":{},"correlation_id":3}']) {
    peer.socket.send(text);
    const { error, correlation_id } = await peer.next();
    assert.deepEqual([error.exc_path, error.exc_args, correlation_id], ["nameko.exceptions.MalformedRequest", ["Invalid JSON data"], null]);
  }
  assert.equal((await call("say", { text: "still here" }, 4)).data.text, "still here");
  for (const each of peers) each.socket.close();
}

(async () => {
  await messages({ perMessageDeflate: false }, "");
  await messages({}, "permessage-deflate");
  await messages({ perMessageDeflate: { serverMaxWindowBits: 10, clientMaxWindowBits: 10, threshold: 0 } }, "permessage-deflate");
  await messages({ perMessageDeflate: { serverNoContextTakeover: true, clientNoContextTakeover: true, threshold: 0 } }, "permessage-deflate");
  await closes();
  await topics();
  await rooms();
  await nameko();
  const refused = connect({ origin: "https://evil.example" });
  assert.match((await refused.next()).error, /403/);
})();
