/**
 * V8's optimizing compiler, TurboFan. Over one file of a megabyte it takes a fifth of the time of all cores, and what it makes is hardly used before
 * the end: V8's other compilers do. Over more work it pays.
 * @module
 */
const IDLE_BYTES = 64 * 1024 // nothing runs often enough to be optimized, and asking for node:v8 would be all that is felt
const MUCH_BYTES = 6 * 1024 * 1024

/** To be told of the bytes that the process is going to work on, as they come. */
export function createOptimizerSwitch(setFlag = (flag: string) => process.getBuiltinModule('node:v8').setFlagsFromString(flag)): (bytes: number) => void {
  let total = 0
  let optimizes = true
  return (bytes) => {
    total += bytes
    const pays = total <= IDLE_BYTES || total > MUCH_BYTES
    if (pays !== optimizes) setFlag(pays ? '--turbofan' : '--no-turbofan')
    optimizes = pays
  }
}
