// receipts, a service in JavaScript: hears of paid orders, asks loyalty for the customer's points, keeps a receipt for each order,
// and answers `get(order)`; of an order without one it asks orders how it stands. It speaks to the others over the broker, with the names and bytes that Nameko uses, by amqplib alone.
//
//   TUTTI_BROKER_URI=amqp://127.0.0.1 DATA=/tmp node receipts.js
"use strict";

const fs = require("fs");
const path = require("path");
const {randomUUID} = require("crypto");
const amqplib = require("amqplib");

// With `tutti up` the fleet's broker; in containers the one that compose.yaml names, or its own.
const uri = process.env.TUTTI_BROKER_URI || process.env.SHOP_BROKER_URI || "amqp://shop:shop@broker";
const file = path.join(process.env.DATA || ".", "receipts.jsonl");
const rpc = "nameko-rpc";
const callMs = 5000;
const pauseMs = 1000;  // between two attempts to connect

const euros = (minor) => `EUR ${(minor / 100).toFixed(2)}`;
const receipts = new Map();  // order -> text
if (fs.existsSync(file)) {
  for (const line of fs.readFileSync(file, "utf8").split("\n").filter(Boolean)) {
    const {order, text} = JSON.parse(line);
    receipts.set(order, text);
  }
}

function keep(order, text) {
  const to = fs.openSync(file, "a");
  fs.writeSync(to, JSON.stringify({order, text}) + "\n");
  fs.fsyncSync(to);  // what is acknowledged is kept
  fs.closeSync(to);
  receipts.set(order, text);
}

// Errors with these paths are known to Nameko's clients by name.
const failure = (kind, text, where = "nameko.exceptions") =>
  ({result: null, error: {exc_type: kind, exc_path: `${where}.${kind}`, exc_args: [text], value: text}});

async function answered(method, body, call) {
  if (!body || !Array.isArray(body.args) || typeof body.kwargs !== "object") {
    return failure("MalformedRequest", "Message missing `args` or `kwargs`");
  }
  if (method !== "get") return failure("MethodNotFound", method);
  const order = body.args[0] ?? body.kwargs?.order;
  if (typeof order !== "string") return failure("IncorrectSignature", "get() takes one text, the order");
  if (receipts.has(order)) return {result: receipts.get(order), error: null};
  const found = await call("orders", "get", order);
  const why = found ? `the order is ${found.state}` : found === null ? "there is no such order" : "orders does not answer";
  return failure("NoReceipt", why, "receipts");
}

// One connection's life: what it declares, whom it asks, what it answers.
class Life {
  constructor(channel) {
    this.channel = channel;
    this.identity = randomUUID();
    this.asked = new Map();  // correlation id -> how its answer is taken
  }

  async begin() {
    const {channel} = this;
    await channel.prefetch(10);
    for (const exchange of ["orders.events", rpc]) await channel.assertExchange(exchange, "topic", {durable: true});
    await this.listen("rpc.reply-receipts-" + this.identity, rpc, this.identity, (message) => this.answer(message), {"x-expires": 300000});
    await this.listen("rpc-receipts", rpc, "receipts.*", (message) => this.request(message));
    await this.listen("evt-orders-paid--receipts.on_paid", "orders.events", "paid", (message) => this.paid(message));
  }

  async listen(queue, exchange, key, handle, more = {}) {
    await this.channel.assertQueue(queue, {durable: true, arguments: more});
    await this.channel.bindQueue(queue, exchange, key);
    await this.channel.consume(queue, async (message) => {
      if (!message) throw new Error(`the broker ended the consumer of ${queue}`);
      try {
        await handle(message);
      } catch (error) {
        console.log(`dropped a message of ${queue}: ${error.message}`);  // it would fail for ever
      }
      this.channel.ack(message);
    });
  }

  publish(key, body, more) {
    return this.channel.publish(rpc, key, Buffer.from(JSON.stringify(body)),
      {contentType: "application/json", contentEncoding: "utf-8", persistent: true, priority: 0, headers: {}, ...more});
  }

  // Nothing if there is no answer in time.
  call(service, method, ...args) {
    const correlationId = randomUUID();
    return new Promise((take) => {
      const late = setTimeout(take, callMs);
      this.asked.set(correlationId, (reply) => (clearTimeout(late), take(reply.result)));
      this.publish(`${service}.${method}`, {args, kwargs: {}}, {correlationId, replyTo: this.identity});
    }).finally(() => this.asked.delete(correlationId));
  }

  answer({properties, content}) {
    this.asked.get(properties.correlationId)?.(JSON.parse(content));
  }

  async request({fields, properties, content}) {
    const reply = await answered(fields.routingKey.split(".")[1], JSON.parse(content), this.call.bind(this));
    if (properties.replyTo) this.publish(properties.replyTo, reply, {correlationId: properties.correlationId});
  }

  async paid({content}) {
    const order = JSON.parse(content);
    if (receipts.has(order.id)) return;  // told twice
    const points = await this.call("loyalty", "points", order.customer);
    const lines = order.lines.map(({sku, quantity}) => `${quantity} x ${sku}`);
    keep(order.id, [`Receipt for ${order.customer}`, ...lines, `Paid ${euros(order.total_minor)}`,
      ...(points === undefined ? [] : [`Points ${points}`])].join("\n"));
  }
}

async function live() {
  const connection = await amqplib.connect(uri);
  const ended = new Promise((resolve) => connection.once("close", resolve));
  connection.on("error", (error) => console.log(`the connection failed: ${error.message}`));
  const channel = await connection.createChannel();
  channel.on("error", () => connection.close().catch(() => {}));  // begun again as a whole
  await new Life(channel).begin();
  console.log("receipts is connected");
  await ended;
}

for (const signal of ["SIGTERM", "SIGINT"]) process.on(signal, () => process.exit(0));  // what is not acknowledged comes again
(async () => {
  for (;;) {
    await live().catch((error) => console.log(`the broker cannot be reached: ${error.message}`));
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
})();
