// A Kinesis server on the loopback interface, and nowhere else: kinesalite's own command listens on all of them. It keeps all in
// memory, prints the port that it listens on, and ends with its standard input, so that it does not outlive who has started it.
'use strict'

const kinesalite = require('kinesalite')

const port = Number(process.argv[2] || 0) // 0: one that is free
const server = kinesalite({createStreamMs: 1, deleteStreamMs: 1, updateStreamMs: 1, shardLimit: 100})

server.on('error', (err) => {
  console.error(err.message)
  process.exit(1)
})
server.listen(port, '127.0.0.1', () => console.log(server.address().port))

process.on('SIGINT', () => {}) // meant for who has started it, who comes to that
process.stdin.on('end', () => process.exit())
process.stdin.resume()
