#!/usr/bin/env bash
# Objects, strings, typed arrays, regular expressions, compression, workers.
# shellcheck disable=SC2016  # JavaScript's own ${}
node -e '
const crypto = require("crypto"), zlib = require("zlib");
const { Worker, isMainThread } = require("worker_threads");
const rounds = process.env.SHORT ? 20000 : 300000;
let state = 1;
const draw = (n) => (state = (state * 48271) % 2147483647) % n;
const sha = (data) => crypto.createHash("sha256").update(data).digest("hex");
const table = new Map();
for (let i = 0; i < rounds; ++i) {
  const key = "k" + draw(5000);
  if (draw(3) == 0) table.delete(key);
  else table.set(key, { i, text: "x".repeat(draw(50)), data: new Uint8Array(draw(200)).fill(i), list: [i, [i]] });
}
const json = JSON.stringify([...table.entries()].sort());
console.log(json.length, sha(json), sha(zlib.gunzipSync(zlib.gzipSync(json.replace(/"i":(\d+)/g, "$1")))));
const big = Array.from({ length: 200 }, (_, i) => Buffer.alloc(100000 + i * 1000, i));
console.log(sha(Buffer.concat(big)));
const source = `const { parentPort } = require("worker_threads");
  let list = []; for (let i = 0; i < ${rounds}; ++i) { list.push({ i, s: "" + i }); if (list.length > 1000) list = []; }
  parentPort.postMessage(list.length);`;
let waiting = 4;
for (let i = 0; i < 4; ++i) new Worker(source, { eval: true }).on("message", (m) => {
  if (--waiting == 0) console.log("workers", m);
});
'
