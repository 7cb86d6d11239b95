// Measures aws-kinesis-agg on an event of aggregates, including the envelope:
// JSON.parse of the event, then the user records of each record with their
// checksums, and their data as bytes, which the library returns as base64.
// To run it, see bench/README.md.
'use strict';
const fs = require('fs');
const agg = require('aws-kinesis-agg');
const event = fs.readFileSync(process.argv[2], 'utf8');

function read() {
  let records = 0;
  let bytes = 0;
  for (const { kinesis } of JSON.parse(event).Records) {
    agg.deaggregateSync(kinesis, true, (err, list) => {
      if (err) throw err;
      for (const r of list) {
        records++;
        bytes += Buffer.from(r.data, 'base64').length;
      }
    });
  }
  return [records, bytes];
}

const [records, bytes] = read();
for (let i = 0; i < 20; i++) read(); // until it is compiled
const times = [];
const before = process.cpuUsage();
for (let i = 0; i < 40; i++) {
  const start = process.hrtime.bigint();
  read();
  times.push(Number(process.hrtime.bigint() - start));
}
const cpu = process.cpuUsage(before); // of all threads, in microseconds
times.sort((a, b) => a - b);
const per = (t) => (t / records).toFixed(0);
console.log(`aws-kinesis-agg ${require('aws-kinesis-agg/package.json').version}, Node ${process.version}: ` +
  `${records} user records, ${bytes} bytes, ` +
  `${per(times[0])} ns a user record at best, ${per(times[times.length / 2])} in the middle of ${times.length}; ` +
  `${per((cpu.user + cpu.system) * 1000 / times.length)} ns of CPU`);
