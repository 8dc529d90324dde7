/**
 * The signals that end a program: by the user, by the system, with the terminal.
 * @module
 */

export const ENDING_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/** From now on they end the program between steps, never in one: a file that is being written would be left beside the one that it replaces. */
export function finishStepBeforeSignals(): void {
  for (const signal of ENDING_SIGNALS) {
    // Called when the step is over; by then the signal has its usual effect again.
    if (process.listenerCount(signal) === 0) process.once(signal, () => process.kill(process.pid, signal))
  }
}
