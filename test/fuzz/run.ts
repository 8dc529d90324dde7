/**
 * Fuzzes for as long as wanted: `node test/fuzz/run.ts [--minutes 10] [--inputs 100000] [--only yaml,ini] [--seed N]`, all parsers in turn.
 * `--only yaml --seed N --input M` runs one input again, and prints it as JSON.
 * @module
 */
import { parseArgs } from 'node:util'
import { fuzz } from './fuzz.ts'
import { TARGETS } from './targets.ts'
import { inputNumber, verdict } from './worker.ts'

const { values } = parseArgs({ options: { minutes: { type: 'string' }, inputs: { type: 'string' }, only: { type: 'string' }, seed: { type: 'string', default: String(Date.now() % 1_000_000_007) }, input: { type: 'string' } } })
const seed = Number(values.seed)
const minutes = Number(values.minutes ?? (values.inputs === undefined ? 1 : Infinity))
const targets = TARGETS.filter(({ name }) => values.only === undefined || values.only.split(',').includes(name))

/* oxlint-disable no-console -- what a command line is for */
if (values.input !== undefined) {
  for (const target of targets) {
    const input = inputNumber(target, seed, Number(values.input))
    console.log(JSON.stringify(input.toString('latin1')))
    const outcome = await verdict(target, input)
    console.log(outcome ?? (outcome === null ? 'accepted' : 'refused'))
  }
} else {
  console.log(`seed ${seed}`)
  for (const { name } of targets) {
    const { inputs, accepted, failure } = await fuzz({ target: name, seed, milliseconds: Math.min(minutes * 60_000, Number.MAX_SAFE_INTEGER), inputs: values.inputs === undefined ? undefined : Number(values.inputs) })
    console.log(`${name}: ${inputs} inputs, ${accepted} accepted${failure ? `; FAILED at --input ${failure.input}: ${failure.what}` : ''}`)
    if (failure) process.exitCode = 1
  }
}
