/**
 * Entry of the controller. Node opens its debugger on SIGUSR1, in a process that holds private keys, unless there is a
 * handler; so the handler comes first, and everything else is imported after it.
 * @module
 */
const renewals = { wanted: 0, wake: (): void => {} }
process.on('SIGUSR1', () => {
  renewals.wanted++
  renewals.wake()
})

const { main } = await import('./program.ts')
process.exitCode = await main({ args: process.argv.slice(2), env: process.env, renewals })
