/**
 * Entry of the controller. Node opens its debugger on SIGUSR1, in a process that holds private keys, unless there is a
 * handler; so the handler comes first, and everything else is imported after it.
 * @module
 */
import { setFlagsFromString } from 'node:v8'

const renewals = { wake: (): void => {} }
process.on('SIGUSR1', () => renewals.wake())

// Nearly all that is read is dropped at once. V8 would let both parts of its heap grow to twice of what is held, and more.
setFlagsFromString('--heap-growing-percent=30')
setFlagsFromString('--semi-space-growth-factor=1')

const { main } = await import('./program.ts')
process.exitCode = await main({ args: process.argv.slice(2), env: process.env, renewals })
