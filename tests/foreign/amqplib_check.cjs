// Node's amqplib against a broker: what its users count on. Argument: the URI. Also run with RabbitMQ, so that what is expected
// here is what RabbitMQ does.
"use strict";
const assert = require("node:assert/strict");
const { after, before, test } = require("node:test");
const { once } = require("node:events");
const amqplib = require("amqplib");

const uri = process.argv[2];
let connection;
before(async () => { connection = await amqplib.connect(uri); });
after(async () => { await connection.close(); });

// A channel for one test. Its error is expected where a test asks for it.
async function channelOf(t, kind = "createChannel") {
  const channel = await connection[kind]();
  channel.on("error", () => {});
  t.after(() => channel.close().catch(() => {}));
  return channel;
}
// What consume() is given, one after the other.
function inbox() {
  const kept = [], waiting = [];
  return {
    take: (message) => (waiting.length ? waiting.shift()(message) : kept.push(message)),
    next: () => new Promise((resolve) => (kept.length ? resolve(kept.shift()) : waiting.push(resolve))),
    size: () => kept.length,
  };
}
async function failsWith(code, channel, action) {
  const failed = once(channel, "error");
  await assert.rejects(action, (error) => error.code === code);
  assert.equal((await failed)[0].code, code);
}

test("publishes with confirms and gets what was published", async (t) => {
  const channel = await channelOf(t, "createConfirmChannel");
  const { queue } = await channel.assertQueue("", { exclusive: true });
  const headers = { text: "ä", number: 5, real: 1.5, yes: true, list: [1, "b"], deep: { a: null } };
  for (let i = 0; i < 100; ++i) {
    channel.sendToQueue(queue, Buffer.from(String(i)),
      { persistent: true, contentType: "text/plain", messageId: "m" + i, correlationId: "c", headers, timestamp: 1700000000, type: "t", appId: "a" });
  }
  await channel.waitForConfirms();
  for (let i = 0; i < 100; ++i) {
    const message = await channel.get(queue, { noAck: true });
    assert.equal(message.content.toString(), String(i));
    assert.deepEqual(message.properties.headers, headers);
    assert.equal(message.properties.messageId, "m" + i);
    assert.equal(message.properties.deliveryMode, 2);
  }
  assert.equal(await channel.get(queue), false);
});

test("carries a message of many frames", async (t) => {
  const channel = await channelOf(t, "createConfirmChannel");
  const { queue } = await channel.assertQueue("", { exclusive: true });
  const body = Buffer.alloc(3_000_001, "x");
  channel.sendToQueue(queue, body);
  await channel.waitForConfirms();
  assert.ok((await channel.get(queue, { noAck: true })).content.equals(body));
});

test("routes by direct, topic, fanout and headers exchanges, and from one to another", async (t) => {
  const channel = await channelOf(t, "createConfirmChannel");
  for (const kind of ["direct", "topic", "fanout", "headers"]) await channel.assertExchange("js." + kind, kind, { autoDelete: true });
  const { queue } = await channel.assertQueue("", { exclusive: true });
  await channel.bindQueue(queue, "js.direct", "exact");
  await channel.bindQueue(queue, "js.topic", "orders.*.paid");
  await channel.bindQueue(queue, "js.headers", "", { "x-match": "all", a: 1, b: "x" });
  await channel.bindExchange("js.topic", "js.fanout", "");
  const sent = [
    ["js.direct", "exact", {}, true], ["js.direct", "other", {}, false],
    ["js.topic", "orders.7.paid", {}, true], ["js.topic", "orders.paid", {}, false],
    ["js.headers", "", { a: 1, b: "x", c: 2 }, true], ["js.headers", "", { a: 1 }, false],
    ["js.fanout", "orders.8.paid", {}, true],
  ];
  sent.forEach(([exchange, key, headers], i) => channel.publish(exchange, key, Buffer.from(String(i)), { headers }));
  await channel.waitForConfirms();
  const got = [];
  for (let m; (m = await channel.get(queue, { noAck: true })); ) got.push(Number(m.content));
  assert.deepEqual(got, sent.flatMap(([, , , comes], i) => (comes ? [i] : [])));
});

test("returns what is mandatory and reaches nobody", async (t) => {
  const channel = await channelOf(t, "createConfirmChannel");
  const returned = once(channel, "return");
  channel.publish("", "there.is.no.such.queue", Buffer.from("back"), { mandatory: true });
  const [message] = await returned;
  assert.equal(message.fields.replyCode, 312);
  assert.equal(message.fields.routingKey, "there.is.no.such.queue");
  assert.equal(message.content.toString(), "back");
  await channel.waitForConfirms();
});

test("gives no more than the prefetch, and again what is not acknowledged", async (t) => {
  const channel = await channelOf(t, "createConfirmChannel");
  const { queue } = await channel.assertQueue("", { exclusive: true });
  for (const body of "abcd") channel.sendToQueue(queue, Buffer.from(body));
  await channel.waitForConfirms();
  await channel.prefetch(2);
  const box = inbox();
  const { consumerTag } = await channel.consume(queue, box.take);
  const a = await box.next(), b = await box.next();
  assert.deepEqual([a, b].map((m) => m.content.toString()), ["a", "b"]);
  assert.equal((await channel.checkQueue(queue)).messageCount, 2);  // also: nothing more has come before this answer
  assert.equal(box.size(), 0);
  channel.nack(a, false, true);  // back to its place: it comes next
  const again = await box.next();
  assert.equal(again.content.toString(), "a");
  assert.equal(again.fields.redelivered, true);
  channel.ack(b);
  channel.reject(again, false);  // gone
  assert.deepEqual([await box.next(), await box.next()].map((m) => m.content.toString()), ["c", "d"]);
  await channel.cancel(consumerTag);
  channel.nackAll(true);
  assert.equal((await channel.purgeQueue(queue)).messageCount, 2);
});

test("dead letters carry where they come from", async (t) => {
  const channel = await channelOf(t, "createConfirmChannel");
  const dead = (await channel.assertQueue("", { exclusive: true })).queue;
  const { queue } = await channel.assertQueue("", { exclusive: true, deadLetterExchange: "", deadLetterRoutingKey: dead, messageTtl: 60000 });
  const box = inbox();
  await channel.consume(dead, box.take, { noAck: true });
  channel.sendToQueue(queue, Buffer.from("late"), { expiration: "1" });
  const late = await box.next();
  assert.equal(late.properties.headers["x-death"][0].reason, "expired");
  channel.sendToQueue(queue, Buffer.from("bad"));
  await channel.waitForConfirms();
  channel.nack(await channel.get(queue), false, false);
  const bad = await box.next();
  assert.equal(bad.content.toString(), "bad");
  assert.equal(bad.properties.headers["x-first-death-reason"], "rejected");
  assert.equal(bad.properties.headers["x-death"][0].queue, queue);
});

test("answers by direct reply-to", async (t) => {
  const server = await channelOf(t), client = await channelOf(t);
  const { queue } = await server.assertQueue("", { exclusive: true });
  await server.consume(queue, (m) => server.sendToQueue(m.properties.replyTo, Buffer.from("re: " + m.content), { correlationId: m.properties.correlationId }),
    { noAck: true });
  const box = inbox();
  await client.consume("amq.rabbitmq.reply-to", box.take, { noAck: true });
  client.sendToQueue(queue, Buffer.from("question"), { replyTo: "amq.rabbitmq.reply-to", correlationId: "7" });
  const reply = await box.next();
  assert.equal(reply.content.toString(), "re: question");
  assert.equal(reply.properties.correlationId, "7");
});

test("tells a consumer that its queue is gone", async (t) => {
  const channel = await channelOf(t), other = await channelOf(t);
  const { queue } = await channel.assertQueue("", { autoDelete: true });
  const box = inbox();
  await channel.consume(queue, box.take);
  await other.deleteQueue(queue);
  assert.equal(await box.next(), null);
});

test("one of several takes over where one consumer is active", async (t) => {
  const channel = await channelOf(t, "createConfirmChannel");
  const { queue } = await channel.assertQueue("", { exclusive: true, arguments: { "x-single-active-consumer": true } });
  const first = inbox(), second = inbox();
  const { consumerTag } = await channel.consume(queue, first.take, { noAck: true });
  await channel.consume(queue, second.take, { noAck: true });
  for (const body of "ab") channel.sendToQueue(queue, Buffer.from(body));
  await channel.waitForConfirms();
  assert.deepEqual([(await first.next()).content.toString(), (await first.next()).content.toString()], ["a", "b"]);
  await channel.cancel(consumerTag);
  channel.sendToQueue(queue, Buffer.from("c"));
  assert.equal((await second.next()).content.toString(), "c");
});

test("takes the higher priority first", async (t) => {
  const channel = await channelOf(t, "createConfirmChannel");
  const { queue } = await channel.assertQueue("", { exclusive: true, maxPriority: 5 });
  for (const priority of [1, 5, 3, 9]) channel.sendToQueue(queue, Buffer.from(String(priority)), { priority });
  await channel.waitForConfirms();
  const got = [];
  for (let m; (m = await channel.get(queue, { noAck: true })); ) got.push(Number(m.content));
  assert.deepEqual(got, [5, 9, 3, 1]);  // over the queue's own highest counts as that
});

test("what no queue takes goes to the alternate exchange", async (t) => {
  const channel = await channelOf(t, "createConfirmChannel");
  await channel.assertExchange("js.rest", "fanout", { autoDelete: true });
  await channel.assertExchange("js.front", "direct", { autoDelete: true, alternateExchange: "js.rest" });
  const { queue } = await channel.assertQueue("", { exclusive: true });
  await channel.bindQueue(queue, "js.rest", "");
  channel.publish("js.front", "nowhere", Buffer.from("m"));
  await channel.waitForConfirms();
  assert.equal((await channel.get(queue, { noAck: true })).fields.exchange, "js.front");
  await channel.deleteExchange("js.front");
});

test("404 for what is not there", async (t) => {
  for (const action of [(c) => c.checkQueue("js.none"), (c) => c.checkExchange("js.none"), (c) => c.consume("js.none", () => {}),
    (c) => c.bindQueue("js.none", "amq.topic", "#"), (c) => c.get("js.none")]) {
    const channel = await channelOf(t);
    await failsWith(404, channel, () => action(channel));
  }
  const channel = await channelOf(t);
  const failed = once(channel, "error");
  channel.publish("js.none", "", Buffer.from("m"));
  assert.equal((await failed)[0].code, 404);
});

test("406 for a declaration that differs, and for what is in use or not empty", async (t) => {
  const keeper = await channelOf(t, "createConfirmChannel");
  const { queue } = await keeper.assertQueue("js.queue", { exclusive: true });
  await keeper.assertExchange("js.kind", "direct", { autoDelete: true });
  await keeper.bindQueue(queue, "js.kind", "k");
  keeper.sendToQueue(queue, Buffer.from("m"));
  await keeper.waitForConfirms();
  for (const action of [(c) => c.assertQueue(queue, { exclusive: true, messageTtl: 5 }), (c) => c.assertExchange("js.kind", "topic", { autoDelete: true }),
    (c) => c.deleteQueue(queue, { ifEmpty: true }), (c) => c.deleteExchange("js.kind", { ifUnused: true }),
    (c) => c.assertQueue("", { exclusive: true, arguments: { "x-message-ttl": "soon" } })]) {
    const channel = await channelOf(t);
    await failsWith(406, channel, () => action(channel));
  }
  await keeper.consume(queue, () => {}, { noAck: true });
  const channel = await channelOf(t);
  await failsWith(406, channel, () => channel.deleteQueue(queue, { ifUnused: true }));
  const acking = await channelOf(t);
  const failed = once(acking, "error");
  acking.ack({ fields: { deliveryTag: 99 } });
  assert.equal((await failed)[0].code, 406);
});

test("403 for what is not for clients", async (t) => {
  const keeper = await channelOf(t);
  const { queue } = await keeper.assertQueue("", { exclusive: true });
  await keeper.consume(queue, () => {}, { exclusive: true });
  for (const action of [(c) => c.assertQueue("amq.mine"), (c) => c.assertExchange("amq.mine", "topic"), (c) => c.deleteExchange(""),
    (c) => c.bindQueue(queue, "", "k"), (c) => c.consume(queue, () => {})]) {
    const channel = await channelOf(t);
    await failsWith(403, channel, () => action(channel));
  }
});

test("405 for the exclusive queue of another connection", async (t) => {
  const other = await amqplib.connect(uri);
  t.after(() => other.close());
  const { queue } = await (await other.createChannel()).assertQueue("js.exclusive", { exclusive: true });
  for (const action of [(c) => c.checkQueue(queue), (c) => c.assertQueue(queue), (c) => c.consume(queue, () => {}), (c) => c.deleteQueue(queue)]) {
    const channel = await channelOf(t);
    await failsWith(405, channel, () => action(channel));
  }
});

test("an unused queue expires", async (t) => {
  const channel = await channelOf(t);
  const { queue } = await channel.assertQueue("", { expires: 100 });
  const until = Date.now() + 20_000;
  for (;;) {
    const asking = await channelOf(t);
    try {
      await asking.checkQueue(queue);
      if (Date.now() > until) throw new Error("the queue is still there");
    } catch (error) {
      if (error.code === 404) return;
      throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, 300));  // asking uses it: longer than it lives
  }
});

test("a wrong password and an unknown virtual host are refused", async () => {
  const wrong = new URL(uri);
  wrong.password = "wrong";
  await assert.rejects(amqplib.connect(wrong.href), /403|ACCESS_REFUSED|ACCESS-REFUSED|closed/);
  const nowhere = new URL(uri);
  nowhere.pathname = "/nowhere";
  await assert.rejects(amqplib.connect(nowhere.href), /ConnectionOpenOk; got <ConnectionClose/);
});
