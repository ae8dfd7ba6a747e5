// Times Segment's mapping kit on the mapping and event that standard input has, in
// JSON, and prints the microseconds that each call took, in JSON too.
//
// `transform` is what Segment calls for one event; it checks the mapping every time.
// `transformBatch` checks it once for many events.
'use strict'

const { readFileSync } = require('node:fs')
const { transform, transformBatch } = require('@segment/actions-core/mapping-kit')

const BATCH = 100

function microseconds(work, seconds) {
  const started = process.hrtime.bigint()
  let rounds = 0
  let nanoseconds = 0
  while (nanoseconds < seconds * 1e9) {
    for (let count = 0; count < 10; count += 1) work()
    rounds += 10
    nanoseconds = Number(process.hrtime.bigint() - started)
  }
  return nanoseconds / rounds / 1000
}

function measure(work, repeats, seconds) {
  microseconds(work, 1) // until the compiler has nothing left to do
  return Array.from({ length: repeats }, () => microseconds(work, seconds))
}

const { mapping, context, repeats, seconds } = JSON.parse(readFileSync(0, 'utf8'))
const batch = Array.from({ length: BATCH }, () => context)

console.log(
  JSON.stringify({
    node: process.version,
    single: measure(() => transform(mapping, context), repeats, seconds),
    batch: measure(() => transformBatch(mapping, batch), repeats, seconds),
    batchOf: BATCH,
    result: transform(mapping, context)
  })
)
