// Writes ../aggregates.json: aggregates as aws-kinesis-agg makes them, together
// with the records that went in.
// Run: npm install --ignore-scripts && node aggregates.js
'use strict';
const fs = require('fs');
const path = require('path');
const agg = require('aws-kinesis-agg');

// Pseudo-random bytes, the same in every run.
let seed = 1;
function bytes(n) {
  const b = Buffer.alloc(n);
  for (let i = 0; i < n; i++) {
    seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
    b[i] = seed >>> 16;
  }
  return b;
}

const record = (partitionKey, data, explicitHashKey) => ({ partitionKey, data: Buffer.from(data), explicitHashKey });
const hash = (n) => (BigInt(n) * 340282366920938463463374607431768211455n / 7n).toString();
const many = (n, f) => Array.from({ length: n }, (_, i) => f(i));

// No key of either kind may be the text of a small number. The library lists the
// keys of a JavaScript object, which puts such keys first, so its own indices
// would point to wrong keys.
const cases = {
  'one record': [record('user-1', 'hello')],
  'several of one key': many(3, (i) => record('user-1', `message ${i}`)),
  'several keys': many(6, (i) => record(`user-${i % 4}`, `message ${i}`)),
  'explicit hash keys': many(4, (i) => record(`user-${i}`, `message ${i}`, hash(1 + i))),
  'explicit hash keys on some': many(6, (i) =>
    record(`user-${i % 2}`, `message ${i}`, i % 3 === 1 ? hash(1 + i % 2) : undefined)),
  'empty data': [record('user-1', ''), record('user-2', 'not empty'), record('user-1', '')],
  'binary data': many(5, (i) => record(`user-${i}`, bytes(1 << (2 * i)))),
  'keys of several scripts': ['ключ', '鍵', 'κλειδί', '🔑', 'a'.repeat(256)].map((k) => record(k, k)),
  'more keys than one byte counts': many(300, (i) => record(`user-${i}`, `message ${i}`)),
  'a large record among small ones': [record('small', 'a'), record('large', bytes(20000)), record('small', 'b')],
};

const out = Object.entries(cases).map(([name, records]) => {
  const aggregator = new agg.RecordAggregator();
  records.forEach((r) => aggregator.addUserRecord(r));
  const data = aggregator.build().data.toString('base64');
  const userRecords = records.map((r) => ({
    partitionKey: r.partitionKey, explicitHashKey: r.explicitHashKey, data: r.data.toString('base64'),
  }));
  // What went in must come out, except for explicit hash keys: if a record has
  // none, the library returns the first one of the table.
  agg.deaggregateSync({ data, sequenceNumber: '1' }, true, (err, list) => {
    if (err) throw err;
    const same = (r, i) => r.partitionKey === records[i].partitionKey && r.data === userRecords[i].data;
    if (list.length !== records.length || !list.every(same)) throw new Error(`${name}: not what went in`);
  });
  return { name, data, userRecords };
});
fs.writeFileSync(path.join(__dirname, '..', 'aggregates.json'), JSON.stringify(out, null, 1) + '\n');
